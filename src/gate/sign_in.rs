//! The form of index.html, taken over with what was typed.
//!
//! While another form is shown or somebody is signed in it is out of the document, which is how password managers learn that the sign-in worked.

use web_sys::{Element, HtmlInputElement};

use crate::page::dom::{document, element, flag, say, set};
use crate::protocol::{Field, FieldKind, Form, FormId};

/// The names of its fields, and the ids.
const FIELDS: [&str; 2] = ["username", "password"];

/// The form as it stands in index.html, until the worker says more of it.
pub fn unknown() -> Form {
    let field = |name: &'static str, kind| Field {
        name: name.into(),
        label: "".into(),
        hint: "".into(),
        autocomplete: "".into(),
        value: String::new(),
        kind,
    };
    Form {
        id: FormId(0),
        is_sign_in: true,
        title: "".into(),
        text: "".into(),
        fields: vec![field(FIELDS[0], FieldKind::Text("".into())), field(FIELDS[1], FieldKind::Password)],
        submit: "".into(),
        buttons: vec![],
        error: None,
    }
}

/// Shows of the form what `form` names. What is typed stays, but not from before somebody was signed in: `is_new`.
pub fn adopt(form: &Form, is_new: bool) {
    for name in FIELDS {
        let Some(input) = element::<Element>(name) else { continue };
        let field = form.fields.iter().find(|field| field.name == name);
        if let Ok(Some(wrap)) = input.closest(".field") {
            flag(&wrap, "hidden", field.is_none());
        }
        // What is not shown must not hold the form back.
        flag(&input, "disabled", field.is_none());
        let Some(field) = field else { continue };
        set(&input, "autocomplete", Some(&field.autocomplete));
        say(&[name, "-hint"].concat(), &field.hint);
        if let FieldKind::Text(kind) = &field.kind {
            // Not its `type`: somebody may be typing in it.
            set(&input, "inputmode", Some(kind));
            if let Some(input) = element::<HtmlInputElement>(name).filter(|input| is_new || input.value().is_empty()) {
                input.set_value(&field.value);
            }
        }
        if let Ok(Some(label)) = document().query_selector(&["label[for=", name, "]"].concat()) {
            label.set_text_content(Some(&field.label));
        }
    }
}
