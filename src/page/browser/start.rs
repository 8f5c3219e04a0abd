//! Takes over from `public/start.js`, which has started the worker, and has kept the worker's views and whether the form was sent.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::Worker;

#[wasm_bindgen]
extern "C" {
    /// `globalThis.signet`.
    type Start;

    #[wasm_bindgen(thread_local_v2, js_name = signet)]
    static START: Start;

    #[wasm_bindgen(method, getter)]
    fn worker(this: &Start) -> Worker;

    #[wasm_bindgen(method, getter)]
    fn submitted(this: &Start) -> bool;

    #[wasm_bindgen(method, setter)]
    fn set_panic(this: &Start, message: &str);

    #[wasm_bindgen(method, js_name = takeOver)]
    fn take_over(this: &Start, take: &JsValue);
}

/// The worker, and whether the sign-in form has already been sent.
pub fn start() -> (Worker, bool) {
    START.with(|start| (start.worker(), start.submitted()))
}

/// From now on, passes the worker's views to `take`, starting with those so far. The page must listen to the sign-in form from now on.
pub fn take_over(mut take: impl FnMut(&[u8]) + 'static) {
    let take = Closure::<dyn FnMut(Uint8Array)>::new(move |views: Uint8Array| take(&views.to_vec()));
    START.with(|start| start.take_over(&take.into_js_value()));
}

/// Records a panic's message for the failure screen, because the trap that follows has none.
pub fn note_panic(message: &str) {
    START.with(|start| start.set_panic(message));
}
