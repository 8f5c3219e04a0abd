//! Elements that are built by hand: there are many of them, and Leptos's types for each would cost more than the calls.

use wasm_bindgen::{JsCast, UnwrapThrowExt};
use web_sys::{Element, HtmlInputElement, HtmlTextAreaElement, MediaQueryList, Node};

use crate::page::dom::{document, set, window};

/// An element of this class, which is not in the document yet.
pub fn make(tag: &str, class: &str) -> Element {
    let made = document().create_element(tag).expect_throw("the names of elements are ours");
    if !class.is_empty() {
        made.set_class_name(class);
    }
    made
}

/// Adds a node at the end.
pub fn append(parent: &Element, child: &Node) {
    // Fails only for what cannot be in an element.
    let _ = parent.append_child(child);
}

/// Adds an element of this class, with a text.
pub fn add(parent: &Element, tag: &str, class: &str, text: &str) -> Element {
    let added = make(tag, class);
    if !text.is_empty() {
        added.set_text_content(Some(text));
    }
    append(parent, &added);
    added
}

/// Adds a button that does `act`, which says so in its `data-do`.
pub fn add_button(parent: &Element, class: &str, act: &str, label: &str) -> Element {
    let button = add(parent, "button", class, label);
    set(&button, "type", Some("button"));
    set(&button, "data-do", Some(act));
    button
}

/// Gives an element a name for those who do not see it.
pub fn label(element: &Element, label: &str) {
    set(element, "aria-label", Some(label));
}

/// The element itself or the nearest around it that the selector means.
pub fn closest(element: &Element, selector: &str) -> Option<Element> {
    element.closest(selector).ok().flatten()
}

/// Shows or hides.
pub fn show(element: &Element, is_shown: bool) {
    set(element, "hidden", if is_shown { None } else { Some("") });
}

/// What stands in a text field.
pub fn value(field: &Element) -> String {
    match field.dyn_ref::<HtmlTextAreaElement>() {
        Some(area) => area.value(),
        None => field.unchecked_ref::<HtmlInputElement>().value(),
    }
}

/// Whether the focus is in an element.
pub fn has_focus(place: Option<&Element>) -> bool {
    let at = document().active_element();
    place.is_some_and(|place| place.contains(at.as_deref()))
}

/// Gives the focus, or if the element cannot have it, such as one that is hidden now, begins in the composer.
pub fn focus(element: &Element) {
    crate::page::dom::focus(element);
    if !has_focus(Some(element)) {
        super::composer::focus();
    }
}

/// A media query, made once: the browser keeps each that is made.
pub struct Media(Option<MediaQueryList>);

impl Media {
    /// Of CSS's media queries.
    pub fn new(query: &str) -> Self {
        Self(window().match_media(query).ok().flatten())
    }

    /// Whether it holds now.
    pub fn matches(&self) -> bool {
        self.0.as_ref().is_some_and(MediaQueryList::matches)
    }
}
