//! The history panel.

use leptos::prelude::*;

use super::super::app::Page;
use super::super::chat::begin_new;
use super::PanelState;
use super::entries::Entries;
use super::files::Files;
use super::search::Search;
use crate::core::words::page as words;
use crate::protocol::Intent;

/// The panel.
#[component]
pub fn HistoryPanel(panel: PanelState) -> impl IntoView {
    let page: Page = expect_context();
    let Page { state, link, .. } = page;
    let is_open = panel.is_open;
    // A closed panel hides the notice about the store, so it also appears below the conversation while it applies.
    let notice = Memo::new(move |_| state.history.with(|view| view.notice.to_string()));
    Effect::new(move |_| {
        let new = notice.get();
        let old = state.notice.try_update_value(|old| std::mem::replace(old, new.clone())).unwrap_or_default();
        let stands = state.remark.with_untracked(|remark| *remark == old);
        if old != new && (stands || !is_open.get_untracked() && !new.is_empty()) {
            state.panel_remark.set(String::new());
            state.remark.set(new);
        }
    });
    view! {
        <nav id="history" aria-label={words::HISTORY} hidden={move || !is_open.get()} node_ref={panel.place}>
            <div class="head">
                <h2>{words::HISTORY}</h2>
                <button type="button" class="act close" on:click={move |_| panel.toggle()}>{words::CLOSE}</button>
            </div>
            <button
                id="new"
                type="button"
                class="quiet"
                node_ref={panel.new}
                on:click={move |_| begin_new(page, panel)}
            >
                {words::NEW}
            </button>
            <Search panel/>
            <Entries panel/>
            <div class="foot">
                <p class="hint notice" role="status">{notice}</p>
                <p class="hint said">{state.panel_remark}</p>
                <label class="check">
                    <input
                        type="checkbox"
                        id="keep"
                        prop:checked={move || state.history.with(|view| view.keep)}
                        on:change={move |event| link.send(&Intent::Keep { keep: event_target_checked(&event) })}
                    />
                    <span>{words::KEEP}</span>
                </label>
                <Files/>
            </div>
        </nav>
    }
}
