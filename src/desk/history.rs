//! The conversations that are kept: beside the one that is shown where there is room, else in a drawer above it.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};

use super::composer;
use super::parts::{Media, add, add_button, append, closest, focus, has_focus, label, make, show, value};
use crate::core::words::page as say;
use crate::page::dom::{document, element, find, put, set};
use crate::protocol::{Entry, HistoryView};

/// How many conversations are shown at first, and how many more each time that the person asks for more: each change of the list goes through all
/// that are shown.
const PART: usize = 50;

/// How the panel is shown: `drawer` or [`BESIDE`].
const SHOWN: &str = "data-history";
const BESIDE: &str = "beside";

/// The panel.
#[derive(Debug, Default)]
pub struct History {
    /// Its element, once somebody is signed in.
    place: Option<Element>,
    view: HistoryView,
    /// How often more were asked for.
    more: usize,
    /// Whether it is shown, where the person has said so.
    is_open: Option<bool>,
    /// Whether there was anything in it when they came. It does not open by itself later: that would move what they read.
    was_filled: Option<bool>,
    /// The conversation that is shown.
    current: String,
}

/// Whether there is room for the panel beside the conversation.
fn is_wide() -> bool {
    thread_local! {
        static WIDE: Media = Media::new("(min-width: 64rem)");
    }
    WIDE.with(Media::matches)
}

impl History {
    /// Builds the panel in its place.
    pub fn build(&mut self) {
        let Some(place) = element::<Element>("history") else { return };
        let head = add(&place, "div", "head", "");
        add(&head, "h2", "", say::HISTORY);
        add_button(&head, "act", "conversations", say::CLOSE);
        set(&add_button(&place, "quiet", "new", say::NEW), "id", Some("new"));
        let search = add(&place, "input", "", "");
        for (name, text) in
            [("id", "search"), ("type", "search"), ("placeholder", say::SEARCH), ("aria-label", say::SEARCH)]
        {
            set(&search, name, Some(text));
        }
        search.unchecked_ref::<HtmlInputElement>().set_value(&self.view.query);
        add(&place, "p", "hint none", "");
        add(&place, "ul", "", "");
        add_button(&place, "act", "more-entries", say::MORE_ENTRIES);
        let foot = add(&place, "div", "foot", "");
        set(&add(&foot, "p", "hint notice", ""), "role", Some("status"));
        add(&foot, "p", "hint said", "");
        let keep = add(&foot, "label", "check", "");
        let tick = add(&keep, "input", "", "");
        set(&tick, "type", Some("checkbox"));
        set(&tick, "id", Some("keep"));
        add(&keep, "span", "", say::KEEP);
        let files = add(&foot, "div", "acts", "");
        add_button(&files, "act", "save-all", say::SAVE_ALL);
        let import = add(&files, "label", "act", say::IMPORT);
        let file = add(&import, "input", "unseen", "");
        for (name, text) in [("id", "import"), ("type", "file"), ("accept", ".json,application/json")] {
            set(&file, name, Some(text));
        }
        self.place = Some(place);
        self.show_all();
        self.lay_out();
    }

    /// The panel's element is gone.
    pub fn leave(&mut self) {
        self.place = None;
        tell(None);
    }

    /// Nothing is known any more.
    pub fn clear(&mut self) {
        self.view = HistoryView::default();
        self.more = 0;
        (self.is_open, self.was_filled) = (None, None);
        self.current.clear();
        self.show_all();
        self.lay_out();
    }

    /// What there is to say of the store.
    pub fn notice(&self) -> String {
        self.view.notice.to_string()
    }

    /// Other conversations are kept, or found. Whether the panel is shown.
    pub fn update(&mut self, view: HistoryView) -> bool {
        self.was_filled.get_or_insert(!view.entries.is_empty());
        if view.query != self.view.query {
            self.more = 0;
        }
        let found_none = |view: &HistoryView| !view.query.is_empty() && view.entries.is_empty();
        if found_none(&view) != found_none(&self.view) {
            super::speak(if found_none(&view) { say::NONE_FOUND } else { "" });
        }
        self.view = view;
        self.show_all();
        self.lay_out();
        self.is_open()
    }

    /// Repeats what is said below the conversation, which a drawer hides.
    pub fn say(&self, text: &str) {
        if let Some(place) = &self.place {
            put(place, ".said", text);
        }
    }

    /// Another conversation is shown.
    pub fn set_current(&mut self, id: &str) {
        id.clone_into(&mut self.current);
        self.mark();
    }

    fn mark(&self) {
        let Some(place) = &self.place else { return };
        let mut item = find(place, "li");
        while let Some(entry) = item {
            let is_current = entry.get_attribute("data-id").as_deref() == Some(&self.current);
            if let Some(link) = find(&entry, "a") {
                set(&link, "aria-current", is_current.then_some("page"));
                // The address stays the same, so nothing else tells that it was pressed.
                set(&link, "data-do", is_current.then_some("shown"));
            }
            item = entry.next_element_sibling();
        }
    }

    /// Brings the list up to date. What stays is not touched, so that a menu or a field in it stays too.
    fn show_all(&self) {
        let Some(place) = &self.place else { return };
        let (Some(list), Some(none)) = (find(place, "ul"), find(place, ".none")) else { return };
        let is_search = !self.view.query.is_empty();
        none.set_text_content(Some(if is_search { say::NONE_FOUND } else { say::NONE_KEPT }));
        show(&none, self.view.entries.is_empty());
        put(place, ".notice", &self.view.notice);
        if let Some(keep) = element::<HtmlInputElement>("keep") {
            keep.set_checked(self.view.keep);
        }
        let most = PART * (self.more + 1);
        if let Some(more) = find(place, "[data-do=more-entries]") {
            show(&more, most < self.view.entries.len());
        }
        let focused = document().active_element().filter(|_| has_focus(Some(&list)));
        let mut next = list.first_element_child();
        for entry in self.view.entries.iter().take(most) {
            let there = find(&list, &["li[data-id=\"", &entry.id, "\"]"].concat());
            let item = match there {
                Some(item) => item,
                None => new_item(&entry.id),
            };
            fill(&item, entry);
            if next.as_ref() == Some(&item) {
                next = item.next_element_sibling();
            } else {
                // Fails only for what is not in the list.
                let _ = list.insert_before(&item, next.as_deref());
            }
        }
        while let Some(gone) = next {
            next = gone.next_element_sibling();
            gone.remove();
        }
        self.mark();
        // What was moved or taken away has lost it.
        if let Some(focused) = focused.filter(|focused| !has_focus(Some(focused))) {
            let place = if focused.is_connected() { Some(focused) } else { element("search") };
            place.iter().for_each(focus);
        }
    }

    /// Shows more of the conversations; the focus goes to the first of them.
    pub fn show_more(&mut self) {
        let last = self.place.as_ref().and_then(|place| find(place, "li:last-child"));
        self.more += 1;
        self.show_all();
        if let Some(first) = last.and_then(|last| last.next_element_sibling()).and_then(|item| find(&item, "a")) {
            focus(&first);
        }
    }

    /// Opens or closes the panel; the focus goes along.
    pub fn toggle(&mut self) {
        let is_open = !self.is_open();
        self.is_open = Some(is_open);
        self.lay_out();
        if let Some(button) = element::<Element>(if is_open { "new" } else { "conversations" }) {
            focus(&button);
        }
    }

    /// Closes the drawer, if it is one; whether it was.
    pub fn close_drawer(&mut self) -> bool {
        let is_drawer = self.is_open() && !is_wide();
        if is_drawer {
            self.is_open = Some(false);
            self.lay_out();
        }
        is_drawer
    }

    fn is_open(&self) -> bool {
        self.is_open.unwrap_or_else(|| self.was_filled == Some(true) && is_wide())
    }

    /// The window has another width. A panel beside the conversation does not become a drawer over somebody who is not in it.
    pub fn resized(&mut self) {
        let had_focus = has_focus(self.place.as_ref());
        let was_beside =
            document().document_element().and_then(|root| root.get_attribute(SHOWN)).as_deref() == Some(BESIDE);
        if was_beside && !had_focus && !is_wide() {
            self.is_open = self.is_open.filter(|is_open| !is_open);
        }
        self.lay_out();
        if had_focus && !self.is_open() {
            composer::focus();
        }
    }

    /// Shows the panel as what it is for the width that there is. Below a drawer nothing can be reached.
    pub fn lay_out(&self) {
        let Some(place) = &self.place else { return };
        let is_open = self.is_open();
        let is_drawer = is_open && !is_wide();
        show(place, is_open);
        tell(is_open.then_some(if is_drawer { "drawer" } else { BESIDE }));
        // Not what is said of the answer, which is to be heard.
        for id in ["conversations", "account", "log", "ask"] {
            if let Some(other) = element::<Element>(id) {
                set(&other, "inert", is_drawer.then_some(""));
            }
        }
        if let Some(button) = element::<Element>("conversations") {
            set(&button, "aria-expanded", Some(if is_open { "true" } else { "false" }));
        }
    }
}

/// Tells the stylesheet how the panel is shown.
fn tell(how: Option<&str>) {
    if let Some(root) = document().document_element() {
        set(&root, SHOWN, how);
    }
}

/// An entry's element.
fn new_item(id: &str) -> Element {
    let item = make("li", "");
    set(&item, "data-id", Some(id));
    let link = add(&item, "a", "", "");
    set(&link, "href", Some(&["#c=", id].concat()));
    set(&add(&link, "span", "name", ""), "dir", Some("auto"));
    add(&link, "span", "hint", "");
    set(&add_button(&item, "act", "more", say::MORE), "aria-expanded", Some("false"));
    item
}

fn fill(item: &Element, entry: &Entry) {
    let title = if entry.title.is_empty() { say::UNTITLED } else { &entry.title };
    if find(item, ".name").and_then(|name| name.text_content()).as_deref() != Some(title) {
        put(item, ".name", title);
        if let Some(more) = find(item, "[data-do=more]") {
            label(&more, &[say::MORE, say::FOR, title].concat());
        }
    }
    put(item, ".hint", &entry.date);
}

/// The entry around an element, and its id.
pub fn entry_around(element: &Element) -> Option<(Element, String)> {
    let item = closest(element, "li[data-id]")?;
    let id = item.get_attribute("data-id")?;
    Some((item, id))
}

/// Takes away what an entry's button has opened, and returns the focus to it if it was there. Whether there was something.
pub fn leave_entry(item: &Element) -> bool {
    let Some(open) = find(item, ".open") else { return false };
    open.remove();
    if let Some(more) = find(item, "[data-do=more]") {
        set(&more, "aria-expanded", Some("false"));
        focus(&more);
    }
    true
}

/// What an entry's button opens.
pub fn open_entry(item: &Element) {
    let open = renew(item, "div");
    for (act, text) in [
        ("rename", say::RENAME),
        ("delete", say::DELETE),
        ("save-markdown", say::SAVE_MARKDOWN),
        ("save-json", say::SAVE_JSON),
    ] {
        add_button(&open, "act", act, text);
    }
}

/// Asks whether to delete.
pub fn ask_to_delete(item: &Element) {
    let open = renew(item, "div");
    set(&open, "role", Some("group"));
    label(&open, say::DELETE_ASK);
    add(&open, "span", "", say::DELETE_ASK);
    add_button(&open, "act danger", "delete-now", say::DELETE);
    focus(&add_button(&open, "act", "leave-entry", say::CANCEL));
}

/// Turns the title into a field.
pub fn ask_for_title(item: &Element) {
    let title = find(item, ".name").and_then(|name| name.text_content()).unwrap_or_default();
    let form = renew(item, "form");
    let field = add(&form, "input", "", "");
    label(&field, say::NEW_TITLE);
    field.unchecked_ref::<HtmlInputElement>().set_value(&title);
    add(&form, "button", "act", say::SAVE);
    add_button(&form, "act", "leave-entry", say::CANCEL);
    focus(&field);
    field.unchecked_ref::<HtmlInputElement>().select();
}

/// The title that was typed.
pub fn title_of(form: &Element) -> Option<String> {
    Some(value(&find(form, "input")?).trim().to_owned()).filter(|title| !title.is_empty())
}

fn renew(item: &Element, tag: &str) -> Element {
    if let Some(open) = find(item, ".open") {
        open.remove();
    }
    if let Some(more) = find(item, "[data-do=more]") {
        set(&more, "aria-expanded", Some("true"));
    }
    let open = make(tag, "open");
    append(item, &open);
    open
}
