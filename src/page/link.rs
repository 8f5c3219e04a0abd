//! The link to the worker, typed.

use js_sys::{Array, JsString, Uint8Array};
use leptos::prelude::*;

use crate::protocol::{Intent, encode};

/// Sends a message to the worker.
type Post = Box<dyn Fn(&Array)>;

/// Sends intents to the worker. A handle, as cheap to copy as a signal.
#[derive(Debug, Clone, Copy)]
pub struct Link(StoredValue<Post, LocalStorage>);

impl Link {
    /// `post` sends a message to the worker: an array of the intent's bytes and the strings that go with it.
    pub fn new(post: impl Fn(&Array) + 'static) -> Self {
        Self(StoredValue::new_local(Box::new(post)))
    }

    /// Sends an intent.
    pub fn send(self, intent: &Intent) {
        self.send_with(intent, []);
    }

    /// Sends an intent with the values of a form. Each goes from its field to the worker as a browser string, so no password enters the memory of
    /// this WebAssembly.
    pub fn send_with(self, intent: &Intent, values: impl IntoIterator<Item = JsString>) {
        // Fails only for a text that does not fit into memory.
        let Ok(bytes) = encode(intent) else { return };
        let message = Array::of1(&Uint8Array::from(bytes.as_slice()));
        for value in values {
            message.push(&value);
        }
        self.0.with_value(|post| post(&message));
    }
}
