//! Buttons that copy a text and briefly say so.

use std::time::Duration;

use gloo_timers::future::sleep;
use js_sys::{Function, Promise};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use super::super::app::Page;
use super::super::browser::clipboard;
use crate::core::words::page as words;
use crate::protocol::{AnswerId, Intent, TurnId};

/// How long a button shows that the text was copied.
const SAYS: Duration = Duration::from_secs(2);

/// A copy button that is waiting for the worker's text of an answer. A handle, as cheap to copy as a signal.
#[derive(Debug, Clone, Copy)]
pub struct Copying(StoredValue<Option<Function>, LocalStorage>);

impl Copying {
    /// No button is waiting.
    pub fn new() -> Self {
        Self(StoredValue::new_local(None))
    }

    /// The text that [`Self::bring`] will bring. A button that was already waiting gets none.
    fn wait(self) -> impl Future<Output = Option<String>> {
        let before = self.0.try_update_value(Option::take).flatten();
        let promise = Promise::new(&mut |resolve, _| self.0.set_value(Some(resolve)));
        if let Some(before) = before {
            // A promise's own function does not throw.
            let _ = before.call1(&JsValue::UNDEFINED, &JsValue::NULL);
        }
        async move { JsFuture::from(promise).await.ok()?.as_string() }
    }

    /// Brings the worker's text.
    pub fn bring(self, text: String) {
        if let Some(resolve) = self.0.try_update_value(Option::take).flatten() {
            // The resolve function of a promise does not throw.
            let _ = resolve.call1(&JsValue::UNDEFINED, &text.into());
        }
    }
}

/// What a button copies.
#[derive(Debug, Clone)]
pub enum Source {
    /// This text.
    Text(String),
    /// An answer in Markdown, as it arrived. The worker has it.
    Answer(TurnId, AnswerId),
}

/// Copies. `show` puts the outcome on the button, and later the button's own label. Call this while a button is being pressed.
pub fn copy(page: Page, source: Source, show: impl Fn(&'static str) + 'static) {
    let awaited = match source {
        Source::Text(text) => Ok(text),
        Source::Answer(turn, answer) => {
            let text = page.copying.wait();
            page.link.send(&Intent::Copy { turn, answer });
            Err(text)
        }
    };
    let written = clipboard::write(async {
        match awaited {
            Ok(text) => Some(text),
            Err(text) => text.await,
        }
    });
    spawn_local(async move {
        let outcome = if written.await.is_ok() { words::COPIED } else { words::NOT_COPIED };
        show(outcome);
        page.state.speak(outcome.to_owned());
        sleep(SAYS).await;
        show(words::COPY);
    });
}

/// A button that copies. `name` is its name for screen readers.
#[component]
pub fn CopyButton(class: &'static str, name: &'static str, source: impl Fn() -> Source + 'static) -> impl IntoView {
    let page: Page = expect_context();
    let label = RwSignal::new(words::COPY);
    let press = move |_| {
        copy(page, source(), move |words| {
            // The button may be gone by then.
            let _ = label.try_set(words);
        });
    };
    view! {
        <button type="button" class={class} aria-label={name} on:click={press}>{label}</button>
    }
}
