//! The fields of a form: how each kind is built and read.

use js_sys::{JsString, Reflect};
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::core::words::gate as words;
use crate::page::dom::{add, add_copy, add_part, document, element, find, flag, put, set};
use crate::protocol::{Field, FieldKind};

impl Field {
    /// Whether it is cleared as it is sent, and sent with its form only.
    fn is_secret(&self) -> bool {
        matches!(self.kind, FieldKind::Password | FieldKind::NewPassword(_) | FieldKind::Code)
    }

    fn part(&self, part: &str) -> String {
        [&self.name, part].concat()
    }
}

/// Builds a field at the end of a form.
pub fn build(place: &Element, field: &Field) {
    let name = &*field.name;
    let wrap = add_part(
        place,
        match field.kind {
            FieldKind::Choice(_) => "fieldset",
            FieldKind::Copy { .. } => ".copy",
            _ => ".field",
        },
    );
    put(&wrap, "label, legend", &field.label);
    if let Some(hint) = find(&wrap, ".hint") {
        hint.set_text_content(Some(&field.hint));
        set(&hint, "id", Some(&field.part("-hint")));
    }
    let entry = match &field.kind {
        FieldKind::Choice(choices) => {
            let Some(pattern) = find(&wrap, ".choice") else { return };
            for (value, text) in choices {
                let choice = add_copy(&wrap, &pattern);
                put(&choice, "span", text);
                let Some(input) = find(&choice, "input") else { return };
                set(&input, "name", Some(name));
                set(&input, "value", Some(value));
            }
            pattern.remove();
            if let Some(first) = find(&wrap, "input") {
                flag(&first, "checked", true);
            }
            wrap
        }
        FieldKind::Copy { side, path } => {
            if let Some((code, modules)) = find(&wrap, "svg").zip(find(&wrap, "path")).filter(|_| !path.is_empty()) {
                let side = side.to_string();
                set(&code, "viewBox", Some(&["0 0 ", &side, " ", &side].concat()));
                set(&modules, "d", Some(path));
            }
            let (Some(key), Some(button)) = (find(&wrap, "output"), find(&wrap, "button")) else { return };
            // In fours for the eye; what is copied has no gaps.
            for group in field.value.as_bytes().chunks(4) {
                add(&key, "span", str::from_utf8(group).unwrap_or_default());
            }
            set(&button, "value", Some(&field.value));
            key
        }
        kind => {
            let (Some(input), Some(button)) = (find(&wrap, "input"), find(&wrap, "button")) else { return };
            let kind = match kind {
                FieldKind::Text(kind) => kind,
                FieldKind::Password | FieldKind::NewPassword(_) => "password",
                _ => "text",
            };
            for (attribute, value) in
                [("name", name), ("type", kind), ("autocomplete", &field.autocomplete), ("value", &field.value)]
            {
                set(&input, attribute, Some(value));
            }
            if kind != "password" {
                button.remove();
            }
            match &field.kind {
                // A person's name has capitals.
                FieldKind::Text(_) if !field.autocomplete.starts_with("username") => {
                    set(&input, "autocapitalize", None);
                }
                FieldKind::Code => {
                    set(&input, "inputmode", Some("numeric"));
                    set(&input, "autocomplete", Some("one-time-code"));
                }
                FieldKind::Fixed => flag(&input, "readonly", true),
                FieldKind::NewPassword(rules) => {
                    let Some(list) = find(&wrap, "ul") else { return };
                    set(&list, "id", Some(&field.part("-rules")));
                    for rule in rules {
                        add(&add(&list, "li", &rule.label), "span", "");
                    }
                }
                _ => {}
            }
            input
        }
    };
    set(&entry, "id", Some(name));
    if let Some(label) = find(place, "label:not([for]):not(.choice)") {
        set(&label, "for", Some(name));
    }
    tick_off(field);
}

/// Marks which rules for a new password are met; whether one is broken.
pub fn tick_off(field: &Field) -> bool {
    let FieldKind::NewPassword(rules) = &field.kind else { return false };
    let typed = value(field);
    let mut item = element::<Element>(&field.part("-rules")).and_then(|list| list.first_element_child());
    let mut is_broken = false;
    for rule in rules {
        let Some(shown) = item else { break };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A UTF-16 unit.
        let met = rule.check.is_met(typed.length(), |at| typed.char_code_at(at) as u32);
        flag(&shown, "data-met", met);
        put(&shown, "span", if met { words::MET } else { words::NOT_MET });
        item = shown.next_element_sibling();
        is_broken |= !met;
    }
    is_broken
}

/// What stands in a field, as a string of the browser's.
fn value(field: &Field) -> JsString {
    let place = match field.kind {
        FieldKind::Choice(_) => {
            document().query_selector(&["[name=\"", &field.name, "\"]:checked"].concat()).ok().flatten()
        }
        FieldKind::Copy { .. } => None,
        _ => element(&field.name),
    };
    place.and_then(|place| Reflect::get(&place, &"value".into()).ok()).map_or_else(|| "".into(), JsCast::unchecked_into)
}

/// What is sent of a field: all of it with the form, and no secret with another button.
pub fn sent(field: &Field, with_form: bool) -> JsString {
    if field.is_secret() && !with_form { "".into() } else { value(field) }
}

/// Forgets a secret that was sent.
pub fn clear(field: &Field) {
    let Some(input) = element::<Element>(&field.name).filter(|_| field.is_secret()) else { return };
    // Cannot fail for an input.
    let _ = Reflect::set(&input, &"value".into(), &"".into());
    if let Some(button) = input.next_element_sibling() {
        set(&input, "type", Some("password"));
        set(&button, "aria-pressed", Some("false"));
    }
    tick_off(field);
}

/// Ties a field to its hint, its rules and, if it is about the field, to the error with this id.
pub fn describe(field: &Field, error: Option<&str>) {
    let Some(input) = element::<Element>(&field.name) else { return };
    let mut by = String::new();
    for (there, id) in [
        (!field.hint.is_empty(), &*field.part("-hint")),
        (matches!(field.kind, FieldKind::NewPassword(_)), &field.part("-rules")),
        (error.is_some(), error.unwrap_or_default()),
    ] {
        if there {
            by.push_str(id);
            by.push(' ');
        }
    }
    set(&input, "aria-describedby", Some(by.trim_ascii_end()).filter(|by| !by.is_empty()));
    flag(&input, "aria-invalid", error.is_some());
}
