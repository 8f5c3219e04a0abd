//! The address bar: a conversation's address is `#c=ID`.

use wasm_bindgen::JsValue;

use super::window;

/// How an address enters the browser's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// As a new entry: the back button leads to the previous address.
    New,
    /// In place of the previous address.
    Same,
}

/// The id of the conversation in the address.
pub fn conversation() -> Option<String> {
    let hash = window().location().hash().ok()?;
    let id = hash.strip_prefix("#c=")?;
    let is_id = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    Some(id.to_owned()).filter(|id| is_id && !id.is_empty())
}

/// Puts a conversation into the address; an empty id stands for a new conversation.
pub fn lead_to(id: &str, entry: Entry) {
    if conversation().unwrap_or_default() == id {
        return;
    }
    let Ok((history, path)) = window().history().and_then(|history| Ok((history, window().location().pathname()?)))
    else {
        return;
    };
    let url = if id.is_empty() { path } else { format!("{path}#c={id}") };
    // Fails if the browser allows no more changes for a while. Then the address stays.
    let _ = match entry {
        Entry::New => history.push_state_with_url(&JsValue::NULL, "", Some(&url)),
        Entry::Same => history.replace_state_with_url(&JsValue::NULL, "", Some(&url)),
    };
}

/// Leaves the page for an address that is `https`, or `http` on this machine. Ignores all others.
pub fn leave(url: &str) {
    let Ok(address) = web_sys::Url::new(url) else { return };
    let host = address.hostname();
    let is_this_machine = host == "127.0.0.1" || host == "localhost" || host.ends_with(".localhost");
    let is_safe = match address.protocol().as_str() {
        "https:" => true,
        "http:" => is_this_machine,
        _ => false,
    };
    if is_safe {
        // Fails only for an invalid address; this one has been parsed.
        let _ = window().location().assign(url);
    }
}
