//! What is shown: the forms of index.html, and Leptos components for what comes and goes. Components tell the worker what the person wants and
//! show what it says; they do no I/O.
//!
//! Components are written with Leptos's element functions, not with `view!`: the macro builds static parts through `innerHTML`, which Trusted
//! Types forbid. Texts that change are all one type, `Signal<String>`, so that Leptos's code for them is in the Wasm once.

mod chat;
mod sign_in;

use std::any::Any;

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::page;
use crate::protocol::{Intent, SessionView, View};
use chat::Turns;

/// Takes the page over.
pub fn start() {
    sign_in::take_over();
    let mut page = Page::default();
    let submitted = page::listen(move |views| {
        // The reader who is at the end stays there; one who reads further up is left alone.
        let follow = at_bottom() || views.iter().any(View::is_asked);
        for view in views {
            page.apply(view);
        }
        if follow {
            // By the next frame Leptos has shown what changed.
            request_animation_frame(to_bottom);
        }
    });
    page::send(&Intent::Start { tab: page::tab_half() });
    if submitted {
        sign_in::submit();
    }
}

/// What the page keeps of what the worker said.
#[derive(Default)]
struct Page {
    /// Whom to ask for access.
    contact: Option<String>,
    /// The conversation's component, while somebody is signed in; dropping it takes it out of the document.
    chat: Option<Box<dyn Any>>,
    turns: Option<Turns>,
    /// The turns' components, likewise.
    shown: Vec<Box<dyn Any>>,
    /// What was being typed when a session ended by itself.
    draft: String,
}

impl Page {
    fn apply(&mut self, view: View) {
        match view {
            View::Configured { name, contact } => {
                sign_in::name(name.as_deref());
                self.contact = contact;
            }
            View::Misconfigured { problem } => misconfigured(&problem),
            View::Session(SessionView::SigningIn) => sign_in::busy(),
            View::Session(SessionView::Asked(_) | SessionView::Busy { .. })
            | View::Leave { .. }
            | View::Passkey { .. } => {}
            View::Session(SessionView::SignedOut { fault }) => {
                if self.chat.is_some() {
                    self.draft = chat::typed();
                    self.shown.clear();
                    self.chat = None;
                }
                Self::opened(false);
                sign_in::signed_out(fault.as_ref(), self.contact.as_deref());
            }
            View::Session(SessionView::SignedIn { username, role }) => {
                Self::opened(true);
                sign_in::leave();
                let turns = *self.turns.get_or_insert_with(Turns::new);
                let draft = page::take_prompt()
                    .filter(|typed| !typed.is_empty())
                    .unwrap_or_else(|| std::mem::take(&mut self.draft));
                match element::<HtmlElement>("app").filter(|_| self.chat.is_none()) {
                    Some(root) => {
                        self.chat = Some(Box::new(mount_to(root, move || chat::chat(turns, username, role, draft))));
                        self.shown = chat::show(turns, 0);
                        // In a frame of its own: focus lays the page out at once.
                        request_animation_frame(chat::focus);
                    }
                    None => chat::account(&username, role.as_deref()),
                }
            }
            View::NoTurns => {
                self.turns.iter().for_each(|turns| turns.clear());
                self.shown.clear();
                self.draft.clear();
            }
            View::Turn { id, update } => {
                let turns = *self.turns.get_or_insert_with(Turns::new);
                if turns.update(id, update, self.contact.as_deref()) && self.chat.is_some() {
                    self.shown.extend(chat::show(turns, self.shown.len()));
                }
            }
        }
    }

    /// The session is known.
    fn opened(signed_in: bool) {
        page::note_signed_in(signed_in);
        document().set_title(if signed_in { "Signet" } else { "Sign in · Signet" });
        opened();
    }
}

/// Nothing is being opened any more.
fn opened() {
    if let Some(root) = document().document_element() {
        // Fails only for a name that is not one.
        let _ = root.remove_attribute("data-session");
    }
}

/// What the configuration lacks, in place of everything else.
fn misconfigured(problem: &str) {
    let Some(fatal) = element::<HtmlElement>("fatal") else { return };
    for (selector, text) in [("h1", "This app is not set up correctly"), ("p", problem)] {
        if let Ok(Some(part)) = fatal.query_selector(selector) {
            part.set_text_content(Some(text));
        }
    }
    if let Some(form) = element::<HtmlElement>("sign-in") {
        form.set_hidden(true);
    }
    opened();
    fatal.set_hidden(false);
    if let Some(reload) = element::<HtmlElement>("reload") {
        // Fails for what is not in the document; then there is nothing to focus.
        let _ = reload.focus();
    }
}

/// An element by its id.
fn element<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

fn say(id: &str, text: &str) {
    if let Some(place) = element::<HtmlElement>(id) {
        place.set_text_content(Some(text));
    }
}

/// Whether the reader is at the page's end, within a line or two.
fn at_bottom() -> bool {
    let Some(root) = document().document_element() else { return false };
    root.scroll_height() - root.scroll_top() - root.client_height() < 48
}

fn to_bottom() {
    if let Some(root) = document().document_element() {
        root.set_scroll_top(root.scroll_height());
    }
}
