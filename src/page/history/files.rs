//! Saves the conversations to a file, and imports a file.

use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::HtmlInputElement;

use super::super::app::Page;
use super::super::browser::file;
use crate::core::words::page as words;
use crate::protocol::Intent;

/// Saves the conversations to a file, and imports a file.
#[component]
pub fn Files() -> impl IntoView {
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
