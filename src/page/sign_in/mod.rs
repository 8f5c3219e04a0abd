//! The forms of a sign-in: the one of index.html, and any other that the worker sends. The page knows none of the steps.

mod field;
mod other_buttons;
mod other_form;
mod passkeys;
mod sign_in_form;

pub use other_form::OtherForm;
pub use passkeys::Passkeys;
pub use sign_in_form::SignInForm;

use js_sys::{JsString, Reflect};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::app::Page;
use crate::protocol::{Form, Intent, Text};

/// The text typed into an input, as a browser string. It never enters the memory of this WebAssembly.
fn typed(input: &HtmlInputElement) -> JsString {
    // Every input has a value.
    Reflect::get(input, &"value".into()).unwrap_or_default().unchecked_into()
}

/// Sends the values of a form. Cancels an open request for a passkey.
fn send(page: Page, intent: &Intent, values: impl IntoIterator<Item = JsString>, status: Text) {
    page.passkeys.abort();
    page.link.send_with(intent, values);
    page.state.busy.set(Some(status));
}

/// The ids of a field's descriptions, and of the error if it is about the field; `None` for none.
fn described_by(parts: &[(bool, &str)]) -> Option<String> {
    let ids: Vec<&str> = parts.iter().filter(|(is_there, _)| *is_there).map(|(_, id)| *id).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// The index of the field that the form's error is about.
fn wrong_field(form: &Form) -> Option<usize> {
    form.error.as_ref()?.field.map(usize::from)
}
