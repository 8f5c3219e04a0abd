#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod blocks;
mod entities;
mod inline;
mod line;
mod out;
mod refs;
mod safe_link;
mod scan;
mod table;
#[cfg(test)]
mod tests;
mod work;

// The tests share a module with `examples/render`, which names this crate.
#[cfg(test)]
extern crate self as signet_markdown;

use blocks::Blocks;
pub use safe_link::{Link, safe_link};

/// One step of building a document. The code that carries out the steps keeps a stack of the open elements, the innermost last.
///
/// After each call of [`Markdown::push`] the document shows what the text so far means, as if everything still open were closed. A step that turns out
/// wrong is taken back by [`Step::Undo`]. [`Step::Settle`] makes all earlier steps final: only [`Step::Amend`] touches their elements again, and only
/// at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Step {
    /// Adds an element at the end of the innermost one, and makes it the innermost.
    Open(Element),
    /// Adds text at the end of the innermost element. It is never empty, and is plain text: escape it if you write HTML.
    Text(String),
    /// Closes the innermost element. The one around it becomes the innermost.
    Close,
    /// Turns the innermost element into another, which keeps its content: a paragraph that turns out to be a heading.
    Become(Element),
    /// Makes the innermost list loose, because a blank line separates its items. The list need not be the innermost element.
    Loose,
    /// Takes back the last so many steps. None of them is a [`Step::Settle`], or before one.
    Undo(u32),
    /// Makes all steps so far final.
    Settle,
    /// Marks the innermost element as one that [`Step::Amend`] may change at the end: its text may refer to a link reference definition that has not arrived
    /// yet. The element is a paragraph, heading or cell, and the elements in it are closed. Marked elements are numbered from 0, in order.
    Keep,
    /// Empties the marked element of this number and makes it the innermost. Its new content and a [`Step::Close`] follow. No element is open before.
    Amend(u32),
}

/// An element of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Element {
    /// A paragraph.
    Paragraph,
    /// A heading of level 1 to 6.
    Heading(u8),
    /// A block quote.
    Quote,
    /// A bullet list. It is tight until [`Step::Loose`]: its items' paragraphs are shown without space between them.
    Bullets,
    /// An ordered list that begins with this number, at most 999 999 999. It is tight until [`Step::Loose`].
    Numbers(u32),
    /// An item of a list.
    Item,
    /// An item of a list with a checkbox: whether it is ticked.
    Task(bool),
    /// A code block: its language, which may be empty. The content is text that ends with a line feed.
    Code(String),
    /// A thematic break. It has no content and is closed at once.
    Rule,
    /// A block of raw HTML. The content is its source, as text.
    Html,
    /// A table. Its children are rows.
    Table,
    /// A row of a table. The first one is the head. Its children are cells.
    Row,
    /// A cell of a row, aligned like its column.
    Cell(Align),
    /// Emphasis.
    Emphasis,
    /// Strong emphasis.
    Strong,
    /// Struck through.
    Strike,
    /// Code within a line.
    CodeSpan,
    /// A link.
    Link {
        /// Where it leads, with escapes and entities resolved, not percent-encoded. Empty until the target has arrived. It may be anything:
        /// [`safe_link`] says whether it is safe to follow.
        destination: String,
        /// The title, which may be empty.
        title: String,
    },
    /// An image. Its content is its description.
    Image {
        /// Where the image is; as [`Element::Link::destination`].
        destination: String,
        /// The title, which may be empty.
        title: String,
    },
    /// A hard line break. It has no content and is closed at once.
    Break,
    /// Raw HTML within a line. The content is its source, as text.
    InlineHtml,
}

/// How a table's column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Align {
    /// At the start, by the direction of writing: the delimiter row sets no alignment.
    Start,
    /// Left.
    Left,
    /// Center.
    Center,
    /// Right.
    Right,
}

/// A Markdown text that grows.
///
/// Calls never fail or panic, whatever the text is, and all of them together do work that is linear in the length of the text.
#[derive(Debug, Default)]
pub struct Markdown {
    blocks: Blocks,
}

impl Markdown {
    /// Begins an empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to the text and returns the steps that bring the document up to date. The text may be cut anywhere: after [`Markdown::finish`], the document
    /// is the same.
    pub fn push(&mut self, text: &str) -> Vec<Step> {
        self.blocks.push(text)
    }

    /// Ends the text and returns the last steps. After them no element is open and all steps are final.
    pub fn finish(&mut self) -> Vec<Step> {
        self.blocks.finish()
    }

    /// The work done so far, without that for an open leaf.
    #[cfg(test)]
    fn work(&self) -> work::Work {
        self.blocks.work()
    }
}
