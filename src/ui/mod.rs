//! What is shown: the forms of index.html, and Leptos components for what comes and goes. Components tell the worker what the person wants and
//! show what it says; they do no I/O.
//!
//! Components are written with Leptos's element functions, not with `view!`: the macro builds static parts through `innerHTML`, which Trusted
//! Types forbid. Texts that change are all one type, `Signal<String>`, so that Leptos's code for them is in the Wasm once.

mod chat;
mod dom;
mod field;
mod form;
mod sign_in;

use std::any::Any;

use leptos::prelude::*;
use web_sys::HtmlElement;

use crate::page;
use crate::protocol::{SessionView, View};
use chat::Turns;
use dom::{element, focus, put, set};

/// Takes the page over.
pub fn start() {
    form::listen();
    let mut page = Page::default();
    let submitted = page::listen(move |views| {
        // The reader who is at the end stays there; one who reads further up is left alone.
        let follow = at_bottom() || views.iter().any(View::is_asked);
        for view in views {
            page.apply(view);
        }
        // A form begins at its heading, however tall it is.
        if follow && page.chat.is_some() {
            // By the next frame Leptos has shown what changed.
            request_animation_frame(to_bottom);
        }
    });
    page::start(page::tab_half());
    if submitted {
        form::submit();
    }
}

/// What the page keeps of what the worker said.
#[derive(Default)]
struct Page {
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
            View::Misconfigured { problem } => misconfigured(&problem),
            View::Leave { url } => page::leave(&url),
            View::Passkey { options, autofill, .. } => page::passkey(&options, autofill),
            View::Session(SessionView::Busy { text }) => form::busy(&text),
            View::Session(SessionView::Asked(form)) => {
                if self.chat.is_some() {
                    self.draft = chat::typed();
                    self.shown.clear();
                    self.chat = None;
                }
                page::note_signed_in(false);
                document().set_title(&[&form.title, " · Signet"].concat());
                opened();
                form::ask(form);
            }
            View::Session(SessionView::SignedIn { username, role, sign_out }) => {
                page::note_signed_in(true);
                document().set_title("Signet");
                opened();
                form::leave();
                let turns = *self.turns.get_or_insert_with(Turns::new);
                let draft = page::take_prompt()
                    .filter(|typed| !typed.is_empty())
                    .unwrap_or_else(|| std::mem::take(&mut self.draft));
                match element::<HtmlElement>("app").filter(|_| self.chat.is_none()) {
                    Some(root) => {
                        self.chat = Some(Box::new(mount_to(root, move || {
                            chat::chat(turns, username, role, sign_out.into_owned(), draft)
                        })));
                        self.shown = chat::show(turns, 0);
                        // In a frame of its own: focus lays the page out at once.
                        request_animation_frame(chat::focus);
                    }
                    None => chat::account(&username, role.as_deref(), &sign_out),
                }
            }
            View::NoTurns => {
                self.turns.iter().for_each(|turns| turns.clear());
                self.shown.clear();
                self.draft.clear();
            }
            View::Turn { id, update } => {
                let turns = *self.turns.get_or_insert_with(Turns::new);
                if turns.update(id, update) && self.chat.is_some() {
                    self.shown.extend(chat::show(turns, self.shown.len()));
                }
            }
        }
    }
}

/// Nothing is being opened any more.
fn opened() {
    if let Some(root) = document().document_element() {
        set(&root, "data-session", None);
    }
}

/// What the configuration lacks, in place of everything else.
fn misconfigured(problem: &str) {
    let Some(fatal) = element::<HtmlElement>("fatal") else { return };
    put(&fatal, "h1", "This app is not set up correctly");
    put(&fatal, "p", problem);
    if let Some(form) = element::<HtmlElement>("sign-in") {
        set(&form, "hidden", Some(""));
    }
    opened();
    set(&fatal, "hidden", None);
    if let Some(reload) = element::<HtmlElement>("reload") {
        focus(&reload);
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
