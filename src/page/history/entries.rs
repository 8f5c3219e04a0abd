//! The list of conversations in the history panel.

use leptos::html::Ul;
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};

use super::super::app::Page;
use super::PanelState;
use super::entry::Entry;
use crate::core::words::page as words;
use crate::protocol::HistoryView;

/// How many conversations are shown at first, and how many more each time the person asks for more.
const PART: usize = 50;

/// The list.
#[component]
pub fn Entries(panel: PanelState) -> impl IntoView {
    let Page { state, focus, .. } = expect_context();
    let more = RwSignal::new(0);
    let query = Memo::new(move |_| state.history.with(|view| view.query.clone()));
    Effect::new(move |_| {
        query.track();
        more.set(0);
    });
    let most = move || PART * (more.get() + 1);
    let has_more = Memo::new(move |_| state.history.with(|view| view.entries.len()) > most());
    let list: NodeRef<Ul> = NodeRef::new();
    let ids = move || {
        panel.keep_focus(list);
        let most = most();
        state.history.with(|view| view.entries.iter().take(most).map(|entry| entry.id.clone()).collect::<Vec<_>>())
    };
    let found_none =
        Memo::new(move |_| state.history.with(|view: &HistoryView| !view.query.is_empty() && view.entries.is_empty()));
    Effect::new(move |before: Option<bool>| {
        let found_none = found_none.get();
        if before.is_some_and(|before| before != found_none) {
            state.speak(if found_none { words::NONE_FOUND.to_owned() } else { String::new() });
        }
        found_none
    });
    let is_empty = Memo::new(move |_| state.history.with(|view| view.entries.is_empty()));
    let none = move || if query.with(String::is_empty) { words::NONE_KEPT } else { words::NONE_FOUND };

    let show_more = move |_| {
        let shown = list.get_untracked().map_or(0, |list| list.child_element_count());
        more.update(|more| *more += 1);
        // The focus goes to the first new one.
        spawn_local(async move {
            tick().await;
            let first = list.try_get_untracked().flatten().and_then(|list| list.children().item(shown));
            if let Some(link) = first.and_then(|item| item.first_element_child()) {
                focus.to(&link);
            }
        });
    };
    view! {
        <p class="hint none" hidden={move || !is_empty.get()}>{none}</p>
        <ul node_ref={list}>
            <For each={ids} key={String::clone} let:id>
                <Entry id panel/>
            </For>
        </ul>
        <button
            type="button"
            class="act more-entries"
            hidden={move || !has_more.get()}
            on:click={show_more}
        >
            {words::MORE_ENTRIES}
        </button>
    }
}
