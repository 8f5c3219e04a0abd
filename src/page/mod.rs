//! What only a page can do: the link to the worker, the document, and the tab's own storage.

pub mod dom;
mod keep;
mod link;

pub use keep::{
    EDITED, PROMPT, keep_start_in_view, keep_text, keeps_start_in_view, kept_text, note_signed_in, tab_half,
};
pub use link::{
    DESK, GATE, abort_passkey, copied, copy, leave, listen, passkey, ready, save, send, send_form, send_passkey, start,
    tick,
};

use dom::{document, element, set};
use web_sys::Element;

/// Something is being opened: it says so in place of everything else.
pub fn opening() {
    // The conversation is there already, or the page says that it is not yet.
    let there = element::<Element>("chat").is_some();
    if let Some(root) = document().document_element().filter(|_| !there) {
        set(&root, "data-session", Some("opening"));
    }
}

/// Nothing is being opened any more.
pub fn opened() {
    if let Some(root) = document().document_element() {
        set(&root, "data-session", None);
    }
}
