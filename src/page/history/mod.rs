//! The stored conversations: in a panel beside the shown one if there is room, otherwise in a drawer over it.

mod entry;
mod panel;

pub use panel::Panel;

use gloo_timers::callback::Timeout;
use leptos::html::{Input, Ul};
use leptos::prelude::*;
use leptos::task::{spawn_local, tick};
use web_sys::HtmlInputElement;

use self::entry::Entry;
use super::app::Page;
use super::browser::file;
use super::chat::begin_new;
use crate::core::words::page as words;
use crate::protocol::{HistoryView, Intent};

/// How many conversations are shown at first, and how many more each time the person asks for more.
const PART: usize = 50;
/// A search begins this many milliseconds after the last key.
const SEARCH_AFTER: u32 = 150;

/// The panel.
#[component]
pub fn HistoryPanel(panel: Panel) -> impl IntoView {
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

/// The search field.
#[component]
fn Search(panel: Panel) -> impl IntoView {
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

/// The list.
#[component]
fn Entries(panel: Panel) -> impl IntoView {
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

/// Saves the conversations to a file, and imports a file.
#[component]
fn Files() -> impl IntoView {
    let Page { link, .. } = expect_context();
    let input: NodeRef<Input> = NodeRef::new();
    let import = move |_| {
        let Some(input) = input.get_untracked() else { return };
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        spawn_local(async move {
            let text = file::read(&file).await;
            link.send_with(&Intent::Import, [text]);
        });
        // Lets the person choose the same file again.
        HtmlInputElement::set_value(&input, "");
    };
    view! {
        <div class="acts">
            <button
                type="button"
                class="act save-all"
                on:click={move |_| link.send(&Intent::Export { id: None, markdown: false })}
            >
                {words::SAVE_ALL}
            </button>
            <label class="act">
                {words::IMPORT}
                <input
                    id="import"
                    type="file"
                    class="unseen"
                    accept=".json,application/json"
                    node_ref={input}
                    on:change={import}
                />
            </label>
        </div>
    }
}
