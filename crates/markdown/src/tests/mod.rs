#![allow(clippy::unwrap_used)]

mod cuts;
mod entities;
mod random;
mod safe_html;
mod safe_link;
mod shown;
mod spec;
mod work;

#[path = "../../examples/render/document.rs"]
mod document;
#[path = "../../examples/render/html.rs"]
mod html;

use document::{Document, Node};
use html::{Mode, html};

use crate::{Markdown, Step};

/// The document of a text that comes in these pieces.
fn document<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Vec<Node> {
    let mut markdown = Markdown::new();
    let mut document = Document::default();
    for piece in pieces {
        document.carry_out(markdown.push(piece));
    }
    document.carry_out(markdown.finish());
    assert!(document.is_complete(), "something is open or not final at the end");
    document.nodes()
}

/// What is shown when these pieces of a text have come.
fn shown<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Vec<Node> {
    let mut markdown = Markdown::new();
    let mut document = Document::default();
    for piece in pieces {
        document.carry_out(markdown.push(piece));
    }
    document.nodes()
}

fn by_char(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()])
}
