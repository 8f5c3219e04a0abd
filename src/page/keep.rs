//! What the tab keeps in sessionStorage. None of it is a token or a key: see `worker/store.rs` for what the tab's half is good for.

use std::fmt::Write;

use web_sys::Storage;

use crate::protocol::TabHalf;

/// The tab's half of the session record's key, in hexadecimal.
const TAB: &str = "signet.tab";
/// There while somebody is signed in, so that a reload shows no form that would vanish again; `boot.js` reads it.
const SIGNED_IN: &str = "signet.signed-in";
/// Who is typing, and below what; `boot.js` writes it too, when the app stops.
pub const PROMPT: &str = "signet.prompt";
/// Which question is being edited, and below into what.
pub const EDITED: &str = "signet.edited";
/// There in localStorage if the start of an answer stays in view. It says nothing of anybody.
const START_IN_VIEW: &str = "signet.start-in-view";

/// `None` where the browser refuses storage.
fn storage() -> Option<Storage> {
    web_sys::window()?.session_storage().ok()?
}

/// The tab's 32 bytes, made when they are first asked for.
pub fn tab_half() -> Option<TabHalf> {
    let storage = storage()?;
    if let Some(half) = storage.get_item(TAB).ok()?.and_then(|hex| from_hex(&hex)) {
        return Some(TabHalf(half));
    }
    let mut half = [0; 32];
    web_sys::window()?.crypto().ok()?.get_random_values_with_u8_array(&mut half).ok()?;
    let mut hex = String::new();
    for byte in half {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    storage.set_item(TAB, &hex).ok()?;
    Some(TabHalf(half))
}

fn from_hex(hex: &str) -> Option<[u8; 32]> {
    let bytes: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect();
    bytes?.try_into().ok()
}

/// For `boot.js` at the next load.
pub fn note_signed_in(signed_in: bool) {
    if let Some(storage) = storage() {
        // A full storage costs a flash of the form at the next load, nothing else.
        let _ = if signed_in { storage.set_item(SIGNED_IN, "1") } else { storage.remove_item(SIGNED_IN) };
    }
}

/// What was typed into one of the two fields, if it was for this.
pub fn kept_text(field: &str, of: &str) -> Option<String> {
    let kept = storage()?.get_item(field).ok()??;
    Some(kept.strip_prefix(of)?.strip_prefix('\n')?.to_owned())
}

/// Keeps what is typed into one of them over a reload or a sign-in; nothing of an empty text.
pub fn keep_text(field: &str, of: &str, text: &str) {
    if let Some(storage) = storage() {
        // A full storage costs what is typed at a reload, nothing else.
        let _ = if text.is_empty() {
            storage.remove_item(field)
        } else {
            storage.set_item(field, &[of, "\n", text].concat())
        };
    }
}

/// Whether the start of an answer stays in view, in this browser.
pub fn keeps_start_in_view() -> bool {
    let storage = web_sys::window().and_then(|window| window.local_storage().ok()?);
    storage.is_some_and(|storage| matches!(storage.get_item(START_IN_VIEW), Ok(Some(_))))
}

/// Whether it is to.
pub fn keep_start_in_view(keep: bool) {
    if let Some(storage) = web_sys::window().and_then(|window| window.local_storage().ok()?) {
        // A full storage costs the choice at a reload, nothing else.
        let _ = if keep { storage.set_item(START_IN_VIEW, "1") } else { storage.remove_item(START_IN_VIEW) };
    }
}
