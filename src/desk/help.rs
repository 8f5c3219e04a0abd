//! The sheet of keys, and how an answer is read.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDialogElement, HtmlInputElement};

use super::parts::{add, add_button, append, make};
use crate::core::words::page as say;
use crate::page;
use crate::page::dom::{element, set};

/// Opens it, or closes it.
pub fn toggle() {
    let sheet = element::<HtmlDialogElement>("help").or_else(build);
    match sheet {
        Some(sheet) if sheet.open() => sheet.close(),
        // Fails only for one that is open or nowhere.
        Some(sheet) => drop(sheet.show_modal()),
        None => {}
    }
}

/// Whether it is open.
pub fn is_open() -> bool {
    element::<HtmlDialogElement>("help").is_some_and(|sheet| sheet.open())
}

/// It is built when it is first asked for.
fn build() -> Option<HtmlDialogElement> {
    let chat = element::<Element>("chat")?;
    let sheet = make("dialog", "");
    set(&sheet, "id", Some("help"));
    set(&sheet, "aria-labelledby", Some("help-title"));
    set(&add(&sheet, "h2", "", say::KEYS), "id", Some("help-title"));
    let keys = add(&sheet, "dl", "", "");
    for (key, what) in say::SHORTCUTS {
        let row = add(&keys, "div", "", "");
        add(&add(&row, "dt", "", ""), "kbd", "", key);
        add(&row, "dd", "", what);
    }
    let option = add(&sheet, "label", "check", "");
    let tick = add(&option, "input", "", "");
    set(&tick, "type", Some("checkbox"));
    set(&tick, "id", Some("start-in-view"));
    tick.unchecked_ref::<HtmlInputElement>().set_checked(page::keeps_start_in_view());
    let text = add(&option, "span", "", say::START_IN_VIEW);
    add(&text, "span", "hint", say::START_IN_VIEW_HINT);
    add_button(&sheet, "quiet", "help", say::CLOSE);
    append(&chat, &sheet);
    sheet.dyn_into().ok()
}
