//! Formats a day in the reader's language.

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

use signet_cognito::UnixMillis;

/// Formats a day in the reader's language. The worker does this because the first call takes the browser 40 ms, during which the page could not respond.
pub fn date(time: UnixMillis) -> String {
    // Kept here because the core takes a plain function, which cannot hold state, and creating the format takes that long.
    thread_local! {
        static FORMAT: Function = {
            let options = Object::new();
            // Cannot fail for a new object.
            let _ = Reflect::set(&options, &"dateStyle".into(), &"medium".into());
            Intl::DateTimeFormat::new(&Array::new(), &options).format()
        };
    }
    #[allow(clippy::cast_precision_loss)] // Far below 2⁵³.
    let date = Date::new(&(time.0 as f64).into());
    // Fails for a time out of range, which a file written by hand may contain.
    FORMAT
        .with(|format| format.call1(&JsValue::UNDEFINED, &date))
        .ok()
        .and_then(|day| day.as_string())
        .unwrap_or_default()
}
