//! Markdown while it streams: a growing text in, steps that build the document out.
//!
//! `CommonMark` 0.31 (<https://spec.commonmark.org/0.31.2/>) with GFM's tables, task lists and strikethrough (<https://github.github.com/gfm/>).

mod blocks;
mod entities;
mod inline;
mod line;
mod link;
mod out;
mod refs;
mod scan;
mod table;
#[cfg(test)]
mod tests;

use blocks::Blocks;
pub use link::{Link, safe_link};

/// One step of building an answer's document. Whoever carries the steps out keeps the elements that are open, the innermost last.
///
/// At any moment the document is what the text so far means, with what is still open closed. Steps that may turn out wrong are taken back by
/// [`Step::Undo`]; [`Step::Settle`] makes the ones before it final, so that what is settled is never touched again, but by
/// [`Step::Amend`] at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Step {
    /// A new element at the end of the innermost one, which it becomes.
    Open(Element),
    /// Text at the end of the innermost element, never empty.
    Text(String),
    /// The innermost element is whole; the one around it is the innermost again.
    Close,
    /// The innermost element becomes another and keeps what is in it: a paragraph that turns out to be a heading.
    Become(Element),
    /// The innermost list has blank lines between its items: it is loose. It may be one around the innermost element.
    Loose,
    /// The last so many steps are taken back. Only steps after the last [`Step::Settle`] are.
    Undo(u32),
    /// The steps so far stay.
    Settle,
    /// The innermost element, a paragraph, heading or cell whose inner elements are all closed, may be amended when the text has ended: it looks as if it
    /// refers to a definition that has not come yet. Such elements are counted from zero.
    Keep,
    /// All elements being closed, the kept element of this number is emptied and becomes the innermost.
    Amend(u32),
}

/// An element of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Element {
    /// A paragraph.
    Paragraph,
    /// A heading of level 1 to 6, as the text counts.
    Heading(u8),
    /// A block quote.
    Quote,
    /// A bullet list. A list is tight until [`Step::Loose`].
    Bullets,
    /// An ordered list that begins with this number.
    Numbers(u32),
    /// An item of a list.
    Item,
    /// An item of a list with a box, which is ticked or not.
    Task(bool),
    /// A code block; its language, possibly empty.
    Code(String),
    /// A thematic break, without content: it is closed at once.
    Rule,
    /// Raw HTML between blocks, as text.
    Html,
    /// A table.
    Table,
    /// A row of a table; the first one is its head.
    Row,
    /// A cell.
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
        /// Where to, escapes and entities resolved, not percent-encoded.
        destination: String,
        /// Its title, possibly empty.
        title: String,
    },
    /// An image, which is never loaded; its content is its description.
    Image {
        /// Where it lies.
        destination: String,
        /// Its title, possibly empty.
        title: String,
    },
    /// A hard line break, without content: it is closed at once.
    Break,
    /// Raw HTML within a line, as text.
    InlineHtml,
}

/// How a table's column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Align {
    /// As the language runs.
    Start,
    /// To the left.
    Left,
    /// In the middle.
    Center,
    /// To the right.
    Right,
}

/// A text that grows.
#[derive(Debug, Default)]
pub struct Markdown {
    blocks: Blocks,
}

impl Markdown {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes more of the text; the steps that show it.
    pub fn push(&mut self, text: &str) -> Vec<Step> {
        self.blocks.push(text)
    }

    /// The work done so far, in bytes looked at and tokens visited; that for an open leaf is missing.
    #[cfg(test)]
    fn work(&self) -> inline::Work {
        self.blocks.work()
    }

    /// Takes the end of the text; the last steps. All elements are closed then.
    pub fn finish(&mut self) -> Vec<Step> {
        self.blocks.finish()
    }
}
