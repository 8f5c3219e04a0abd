//! The first screen: the form of index.html, and any other that the worker sends. By hand, over web-sys: it is what everybody waits for.
//!
//! The conversation is a Wasm of its own ([`crate::desk`]), which is fetched while the person signs in.

mod field;
mod form;
mod sign_in;

use web_sys::HtmlElement;

use crate::core::words::{gate as words, page::IN_TITLE};
use crate::page::dom::{document, element, focus, put, set};
use crate::page::{self, opened};
use crate::protocol::{SessionView, View, decode};

/// Takes the page over.
pub fn start() {
    form::listen();
    page::listen(page::GATE, |bytes| decode::<Vec<View>>(bytes).into_iter().flatten().for_each(apply));
    let submitted = page::ready();
    page::start(page::tab_half());
    if submitted {
        form::submit();
    }
}

fn apply(view: View) {
    match view {
        View::Misconfigured { problem } => misconfigured(&problem),
        View::Leave { url } => page::leave(&url),
        View::Passkey { options, autofill, .. } => page::passkey(&options, autofill),
        View::Session(SessionView::Busy { text }) => form::busy(&text),
        View::Session(SessionView::Asked(form)) => {
            page::note_signed_in(false);
            document().set_title(&[&form.title, IN_TITLE].concat());
            opened();
            form::ask(form);
        }
        View::Session(SessionView::SignedIn(_)) => {
            page::note_signed_in(true);
            form::leave();
            // Until the conversation is there.
            page::opening();
        }
        // The conversation's.
        _ => {}
    }
}

/// What the configuration lacks, in place of everything else.
fn misconfigured(problem: &str) {
    let Some(fatal) = element::<HtmlElement>("fatal") else { return };
    put(&fatal, "h1", words::MISCONFIGURED);
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
