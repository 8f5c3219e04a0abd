//! The link to the worker that `boot.js` started.

use js_sys::{Array, Function, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::Worker;

use crate::protocol::{FormId, Intent, PasskeyOutcome, TabHalf, encode};

/// What `boot.js` has put under `globalThis.signet`.
fn boot(name: &str) -> Option<JsValue> {
    let boot = Reflect::get(&js_sys::global(), &"signet".into()).ok()?;
    Reflect::get(&boot, &name.into()).ok()
}

/// Calls a function of `boot.js`.
fn call(name: &str, arguments: &Array) {
    if let Some(function) = boot(name).and_then(|function| function.dyn_into::<Function>().ok()) {
        // Throws only for an address that is none, which is not left for.
        let _ = function.apply(&JsValue::UNDEFINED, arguments);
    }
}

/// The first screen's place among `boot.js`'s listeners.
pub const GATE: u8 = 0;
/// The conversation's.
pub const DESK: u8 = 1;

/// Hands what the worker says to `take`, as bytes, beginning with what it said before this part of the page was there.
pub fn listen(part: u8, mut take: impl FnMut(&[u8]) + 'static) {
    let taker = Closure::<dyn FnMut(Uint8Array)>::new(move |bytes: Uint8Array| take(&bytes.to_vec())).into_js_value();
    call("listen", &Array::of2(&part.into(), &taker));
}

/// The first screen takes over from `boot.js`. Whether the sign-in form was sent before.
pub fn ready() -> bool {
    call("ready", &Array::new());
    boot("submitted").is_some_and(|submitted| submitted.is_truthy())
}

/// Tells the worker.
pub fn send(intent: &Intent) {
    send_form(intent, &[]);
}

/// Tells the worker, with what was filled in beside it. Each value goes from its field to the worker as a string of the browser's, so that no
/// password enters this half's memory.
pub fn send_form(intent: &Intent, values: &[JsString]) {
    // Fails only for a sequence of unknown length; an intent has none.
    let Ok(bytes) = encode(intent) else { return };
    let message = Array::of1(&Uint8Array::from(bytes.as_slice()));
    for value in values {
        message.push(value);
    }
    if let Some(worker) = boot("worker").and_then(|worker| worker.dyn_into::<Worker>().ok()) {
        // Fails only for what cannot be cloned; bytes and strings can.
        let _ = worker.post_message(&message);
    }
}

/// Tells the worker that the page is here, where it is, and with what a provider's page came back. That is said once.
pub fn start(tab: Option<TabHalf>) {
    let said = ["address", "callback"].map(|name| boot(name).unwrap_or_default().unchecked_into());
    send_form(&Intent::Start { tab }, &said);
    call("forget", &Array::new());
}

/// Asks the browser for a passkey; what comes of it is an event at the window. `boot.js` fetches the script for it.
pub fn passkey(options: &str, autofill: bool) {
    call("passkey", &Array::of2(&options.into(), &autofill.into()));
}

/// Tells the worker what came of it: `result` is the event's detail.
pub fn send_passkey(form: FormId, result: JsValue) {
    let intent = |outcome| Intent::Passkey { form, outcome };
    match result.dyn_into::<JsString>() {
        Ok(credential) => send_form(&intent(PasskeyOutcome::Done), &[credential]),
        Err(missing) if missing.is_truthy() => send(&intent(PasskeyOutcome::Unsupported)),
        Err(_) => send(&intent(PasskeyOutcome::Refused)),
    }
}

/// Ends the asking for a passkey, if there is one. Nothing is said of it then.
pub fn abort_passkey() {
    call("abort", &Array::new());
}

/// Leaves the page, for an address that is `https` or this machine's.
pub fn leave(url: &str) {
    call("leave", &Array::of1(&url.into()));
}

/// Asks for an event at the window in a second.
pub fn tick() {
    call("tick", &Array::new());
}

/// Puts a text on the clipboard; `button` says for a moment that it is there, or that it is not. Without a text, it is the one that
/// [`copied`] brings: some browsers open the clipboard only while a button is being pressed.
pub fn copy(text: Option<&str>, button: &JsValue, done: &str, failed: &str) {
    let text = text.map_or(JsValue::UNDEFINED, JsValue::from);
    call("copy", &Array::of4(&text, button, &done.into(), &failed.into()));
}

/// The text that [`copy`] waits for.
pub fn copied(text: &str) {
    call("copied", &Array::of1(&text.into()));
}

/// Saves a file.
pub fn save(name: &str, media_type: &str, text: &str) {
    call("save", &Array::of3(&name.into(), &media_type.into(), &text.into()));
}
