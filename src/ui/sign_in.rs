//! The sign-in form of index.html, taken over with what was typed.
//!
//! While somebody is signed in it is out of the document, which is how password managers learn that the sign-in worked.

use std::cell::RefCell;

use js_sys::{JsString, Reflect};
use leptos::wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Event, HtmlElement, HtmlFormElement, HtmlInputElement};

use super::{element, say};
use crate::messages::notice;
use crate::page;
use crate::protocol::Fault;

thread_local! {
    /// The form's element while it is out of the document.
    static AWAY: RefCell<Option<HtmlElement>> = const { RefCell::new(None) };
}

/// Listens to the form.
pub fn take_over() {
    let Some(form) = element::<HtmlFormElement>("sign-in-form") else { return };
    let on_submit = Closure::<dyn FnMut(Event)>::new(|event: Event| {
        event.prevent_default();
        submit();
    });
    form.set_onsubmit(Some(on_submit.into_js_value().unchecked_ref()));
}

/// Sends what stands in the form, unless a sign-in is under way.
pub fn submit() {
    let (Some(username), Some(password)) =
        (element::<HtmlInputElement>("username"), element::<HtmlInputElement>("password"))
    else {
        return;
    };
    // Through Reflect, so that the password stays a string of the browser's.
    let Ok(secret) = Reflect::get(&password, &"value".into()).map(JsCast::unchecked_into::<JsString>) else { return };
    let name = username.value();
    if element::<HtmlElement>("sign-in-button").is_some_and(|button| button.has_attribute("aria-disabled")) {
        return;
    }
    if name.trim().is_empty() || secret.length() == 0 {
        say("sign-in-status", "");
        return say("sign-in-error", "Type your username and your password.");
    }
    page::sign_in(name.trim().to_owned(), &secret);
    password.set_value("");
    busy();
}

/// What the person signs in to.
pub fn name(name: Option<&str>) {
    say("sign-in-to", &name.map_or_else(String::new, |name| format!("to {name}")));
}

/// A sign-in is under way.
pub fn busy() {
    say("sign-in-error", "");
    say("sign-in-status", "Signing in…");
    if let Some(button) = element::<HtmlElement>("sign-in-button") {
        // Fails only for a name that is not one; so below.
        let _ = button.set_attribute("aria-disabled", "true");
    }
}

/// Somebody is signed in.
pub fn leave() {
    if let Some(main) = element::<HtmlElement>("sign-in") {
        main.remove();
        AWAY.set(Some(main));
    }
}

/// Nobody is signed in: the form is back, with the reason if there is one, and the username kept.
pub fn signed_out(fault: Option<&Fault>, contact: Option<&str>) {
    let away = AWAY.take();
    if let (Some(main), Some(app)) = (&away, element::<HtmlElement>("app")) {
        // Fails only if #app were in no document.
        let _ = app.before_with_node_1(main);
    }
    if let Some(button) = element::<HtmlElement>("sign-in-button") {
        let _ = button.remove_attribute("aria-disabled");
    }
    say("sign-in-status", "");
    let text = fault.map_or_else(String::new, |fault| {
        let notice = notice(fault, contact);
        notice.request_id.map_or_else(|| notice.text.clone(), |id| format!("{} Request {id}.", notice.text))
    });
    say("sign-in-error", &text);
    let Some(password) = element::<HtmlInputElement>("password") else { return };
    let _ = password.set_attribute("aria-invalid", if fault == Some(&Fault::WrongPassword) { "true" } else { "false" });
    if fault.is_some() || away.is_some() {
        let empty = element::<HtmlInputElement>("username").filter(|username| username.value().is_empty());
        // Fails for what is not in the document; then there is nothing to focus.
        let _ = empty.unwrap_or(password).focus();
    }
}
