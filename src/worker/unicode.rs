//! What the browser knows of characters, so that no table of them is shipped.

use js_sys::{JsString, RegExp};

use crate::markdown::Unicode;

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
