//! What only a browser can do, as typed functions over web-sys.

pub mod address;
pub mod clipboard;
pub mod file;
pub mod media;
pub mod passkey;
pub mod shell;
mod start;
pub mod storage;

pub use start::{note_panic, start, take_over};

use wasm_bindgen::{JsCast, UnwrapThrowExt};
use web_sys::{Document, Element, HtmlElement, Window};

/// The window.
pub fn window() -> Window {
    web_sys::window().expect_throw("a page has a window")
}

/// The document.
pub fn document() -> Document {
    window().document().expect_throw("a window has a document")
}

/// Sets an attribute of the root element, or removes it. The style sheet reads these.
pub fn set_root_attribute(name: &str, value: Option<&str>) {
    if let Some(root) = document().document_element() {
        set_attribute(&root, name, value);
    }
}

/// Sets an attribute, or removes it.
pub fn set_attribute(element: &Element, name: &str, value: Option<&str>) {
    // Fails only for an invalid name, and all names are constants of ours.
    let _ = match value {
        Some(value) => element.set_attribute(name, value),
        None => element.remove_attribute(name),
    };
}

/// Gives the focus to an element.
pub fn focus(element: &Element) {
    // Fails for an element outside the document, which cannot have the focus.
    let _ = element.unchecked_ref::<HtmlElement>().focus();
}

/// The element that has the focus; the body if no other has.
pub fn focused() -> Option<Element> {
    document().active_element()
}

/// Whether no element has the focus.
pub fn focus_is_nowhere() -> bool {
    document().query_selector(":focus").is_ok_and(|focused| focused.is_none())
}

/// Whether the focus is in an element.
pub fn has_focus(place: &Element) -> bool {
    place.contains(document().active_element().as_deref())
}
