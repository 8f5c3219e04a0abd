//! The link to the worker that `boot.js` started.

use std::cell::{Cell, RefCell};

use js_sys::{Array, Function, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker};

use crate::protocol::{FormId, Intent, PasskeyOutcome, TabHalf, View, encode, views};

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
    /// What has come since the last frame.
    static PENDING: RefCell<Vec<View>> = const { RefCell::new(Vec::new()) };
    static SCHEDULED: Cell<bool> = const { Cell::new(false) };
}

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

/// Hands what the worker says to `apply`, at most once a frame, beginning with what it said before the page was ready. Whether the sign-in form
/// was sent before.
pub fn listen(apply: impl FnMut(Vec<View>) + 'static) -> bool {
    let Some(worker) = boot("worker").and_then(|worker| worker.dyn_into::<Worker>().ok()) else { return false };
    let on_frame = frame(apply);
    let take = move |data: &JsValue| {
        // Anything else than bytes is for `boot.js`.
        let Some(bytes) = data.dyn_ref::<Uint8Array>() else { return };
        let Some(said) = views(&bytes.to_vec()) else { return };
        // Who is signed in shows at once, also in a hidden tab, and in a task of its own: a frame has its layout to do.
        let at_once = said.iter().any(|view| matches!(view, View::Session(_)));
        PENDING.with_borrow_mut(|pending| pending.extend(said));
        if at_once {
            // Throws only what the closure throws, and that is a panic, which boot.js sees.
            let _ = on_frame.unchecked_ref::<Function>().call0(&JsValue::UNDEFINED);
            return;
        }
        if let Some(window) = web_sys::window().filter(|_| !SCHEDULED.replace(true)) {
            // Fails only in a page that is being left.
            let _ = window.request_animation_frame(on_frame.unchecked_ref());
        }
    };
    if let Some(early) = boot("messages").and_then(|messages| messages.dyn_into::<Array>().ok()) {
        early.iter().for_each(|data| take(&data));
    }
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| take(&event.data()));
    worker.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    WORKER.set(Some(worker));
    // It takes boot.js's listener off the form.
    call("ready", &Array::new());
    boot("submitted").is_some_and(|submitted| submitted.is_truthy())
}

fn frame(mut apply: impl FnMut(Vec<View>) + 'static) -> JsValue {
    Closure::<dyn FnMut()>::new(move || {
        SCHEDULED.set(false);
        let views = PENDING.take();
        if !views.is_empty() {
            apply(views);
        }
    })
    .into_js_value()
}

/// Tells the worker.
pub fn send(intent: &Intent) {
    send_form(intent, &[]);
}

/// Tells the worker, with what was filled in beside it. Each value goes from its field to the worker as a string of the browser's, so that no
/// password enters this half's memory.
pub fn send_form(intent: &Intent, values: &[JsString]) {
    let message = Array::of1(&Uint8Array::from(encode(intent).as_slice()));
    for value in values {
        message.push(value);
    }
    WORKER.with_borrow(|worker| {
        if let Some(worker) = worker {
            // Fails only for what cannot be cloned; bytes and strings can.
            let _ = worker.post_message(&message);
        }
    });
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
