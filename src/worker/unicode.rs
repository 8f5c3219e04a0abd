//! What the browser knows of characters and languages, so that no table of them is shipped.

use js_sys::{Array, Date, Function, Intl, JsString, Object, Reflect, RegExp};
use wasm_bindgen::JsValue;

use crate::markdown::Unicode;
use crate::time::UnixMillis;

/// JavaScript's knowledge.
pub const UNICODE: Unicode = Unicode { fold, is_punctuation };

fn fold(text: &str) -> String {
    JsString::from(text).to_lower_case().to_upper_case().into()
}

fn is_punctuation(c: char) -> bool {
    thread_local! {
        static PUNCTUATION: RegExp = RegExp::new(r"[\p{P}\p{S}]", "u");
    }
    PUNCTUATION.with(|punctuation| punctuation.test(c.encode_utf8(&mut [0; 4])))
}

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
