//! Elements by hand: what is built once and changed by its id.

use js_sys::Reflect;
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

/// An element by its id.
pub fn element<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

/// Sets the text of an element.
pub fn say(id: &str, text: &str) {
    if let Some(place) = element::<HtmlElement>(id) {
        place.set_text_content(Some(text));
    }
}

/// Adds a copy of what the selector finds among the parts that index.html has for forms; `parent` itself if it finds nothing.
pub fn add_part(parent: &Element, selector: &str) -> Element {
    let parts = element::<Element>("parts").and_then(|parts| Reflect::get(&parts, &"content".into()).ok());
    let part = parts.and_then(|parts| find(parts.unchecked_ref(), selector));
    part.map_or_else(|| parent.clone(), |part| add_copy(parent, &part))
}

/// Adds a copy.
pub fn add_copy(parent: &Element, part: &Element) -> Element {
    let added = part.clone_node_with_deep(true).and_then(|copy| parent.append_child(&copy));
    // Fails for no element that is in a document, or will be.
    added.map_or_else(|_| parent.clone(), JsCast::unchecked_into)
}

/// Adds an element with a text.
pub fn add(parent: &Element, tag: &str, text: &str) -> Element {
    let Ok(added) = document().create_element(tag) else { return parent.clone() };
    added.set_text_content(Some(text));
    let _ = parent.append_child(&added);
    added
}

/// The first element in `place` that the selector means.
pub fn find(place: &Element, selector: &str) -> Option<Element> {
    place.query_selector(selector).ok().flatten()
}

/// Sets the text of an element in `place`.
pub fn put(place: &Element, selector: &str, text: &str) {
    if let Some(part) = find(place, selector) {
        part.set_text_content(Some(text));
    }
}

/// Sets an attribute, or takes it away.
pub fn set(element: &Element, name: &str, value: Option<&str>) {
    // Fails only for a name that is not one.
    let _ = match value {
        Some(value) => element.set_attribute(name, value),
        None => element.remove_attribute(name),
    };
}

/// Sets an attribute that says yes by being there, or takes it away.
pub fn flag(element: &Element, name: &str, is: bool) {
    set(element, name, is.then_some("true"));
}

/// Gives the focus.
pub fn focus(element: &Element) {
    // Fails for what is not in the document; then there is nothing to focus.
    let _ = element.unchecked_ref::<HtmlElement>().focus();
}
