//! How the reader's language writes things.

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

use signet_cognito::UnixMillis;

/// A day as the reader's language writes it. Here, since the browser takes 40 ms to make the first one, in which the page could not answer.
pub fn date(time: UnixMillis) -> String {
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
    // Fails for a time that is none, as a file that was written by hand may have one.
    FORMAT
        .with(|format| format.call1(&JsValue::UNDEFINED, &date))
        .ok()
        .and_then(|day| day.as_string())
        .unwrap_or_default()
}
