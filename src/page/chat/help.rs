//! The sheet of keyboard shortcuts, with a setting for reading answers.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::super::app::Page;
use super::super::browser::storage;
use crate::core::words::page as words;

/// The help sheet. A handle, as cheap to copy as a signal.
#[derive(Debug, Clone, Copy)]
pub struct Help(NodeRef<Dialog>);

impl Help {
    /// A closed sheet.
    pub fn new() -> Self {
        Self(NodeRef::new())
    }

    /// Whether it is open.
    pub fn is_open(self) -> bool {
        self.0.get_untracked().is_some_and(|sheet| sheet.open())
    }

    /// Opens or closes it.
    pub fn toggle(self) {
        match self.0.get_untracked() {
            Some(sheet) if sheet.open() => sheet.close(),
            // Fails only for a sheet that is open already.
            Some(sheet) => drop(sheet.show_modal()),
            None => {}
        }
    }
}

/// The help sheet.
#[component]
pub fn HelpSheet(help: Help) -> impl IntoView {
    let Page { state, .. } = expect_context();
    let choose = move |event| {
        let keep = event_target_checked(&event);
        storage::keep_start_in_view(keep);
        state.start_in_view.set(keep);
    };
    view! {
        <dialog id="help" aria-labelledby="help-title" node_ref={help.0}>
            <h2 id="help-title">{words::KEYS}</h2>
            <dl>
                {words::SHORTCUTS
                    .map(|(key, what)| view! { <div><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div> })}
            </dl>
            <label class="check">
                <input
                    type="checkbox"
                    id="start-in-view"
                    prop:checked={state.start_in_view}
                    on:change={choose}
                />
                <span>{words::START_IN_VIEW}<span class="hint">{words::START_IN_VIEW_HINT}</span></span>
            </label>
            <button class="quiet" type="button" on:click={move |_| help.toggle()}>{words::CLOSE}</button>
        </dialog>
    }
}
