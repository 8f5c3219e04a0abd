//! The link to the worker that `boot.js` started.

use std::cell::{Cell, RefCell};

use js_sys::{Array, JsString, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker};

use crate::protocol::{Intent, View, decode, encode};

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

/// Hands what the worker says to `apply`, at most once a frame, beginning with what it said before the page was ready. Whether the sign-in form
/// was sent before.
pub fn listen(apply: impl FnMut(Vec<View>) + 'static) -> bool {
    let Some(worker) = boot("worker").and_then(|worker| worker.dyn_into::<Worker>().ok()) else { return false };
    let on_frame = frame(apply);
    let take = move |data: &JsValue| {
        // Anything else than bytes is for `boot.js`.
        let Some(bytes) = data.dyn_ref::<Uint8Array>() else { return };
        let Some(views) = decode::<Vec<View>>(&bytes.to_vec()) else { return };
        // Who is signed in shows at once, also in a hidden tab, and in a task of its own: a frame has its layout to do.
        let at_once = views.iter().any(|view| matches!(view, View::Session(_)));
        PENDING.with_borrow_mut(|pending| pending.extend(views));
        if at_once {
            // Throws only what the closure throws, and that is a panic, which boot.js sees.
            let _ = on_frame.unchecked_ref::<js_sys::Function>().call0(&JsValue::UNDEFINED);
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
    if let Some(ready) = boot("ready").and_then(|ready| ready.dyn_into::<js_sys::Function>().ok()) {
        // It takes boot.js's listener off the form, and cannot fail.
        let _ = ready.call0(&JsValue::UNDEFINED);
    }
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
    post(&Array::of1(&Uint8Array::from(encode(intent).as_slice())));
}

/// Tells the worker to sign in. The password goes from the form to the worker as a string of the browser's: it never enters this half's memory.
pub fn sign_in(username: String, password: &JsString) {
    let intent = Uint8Array::from(encode(&Intent::SignIn { username }).as_slice());
    post(&Array::of2(&intent, password));
}

fn post(message: &Array) {
    WORKER.with_borrow(|worker| {
        if let Some(worker) = worker {
            // Fails only for what cannot be cloned; bytes and strings can.
            let _ = worker.post_message(message);
        }
    });
}
