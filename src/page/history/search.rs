//! The search field of the history panel. The worker does the search.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use super::super::app::Page;
use super::PanelState;
use crate::core::words::page as words;
use crate::protocol::Intent;

/// A search begins this many milliseconds after the last key.
const SEARCH_AFTER: u32 = 150;

/// The search field.
#[component]
pub fn Search(panel: PanelState) -> impl IntoView {
    let Page { state, link, .. } = expect_context();
    let waiting: StoredValue<Option<Timeout>, LocalStorage> = StoredValue::new_local(None);
    let type_in = move |event| {
        let query = event_target_value(&event).trim().to_owned();
        // Replacing the timer cancels the previous search.
        waiting.set_value(Some(Timeout::new(SEARCH_AFTER, move || link.send(&Intent::Search { query }))));
    };
    view! {
        <input
            id="search"
            type="search"
            placeholder={words::SEARCH}
            aria-label={words::SEARCH}
            value={state.history.with_untracked(|view| view.query.clone())}
            node_ref={panel.search}
            on:input={type_in}
        />
    }
}
