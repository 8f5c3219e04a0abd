//! The block structure, line by line. A line is held back only until its first characters show what it is; the rest goes to the open leaf as it arrives.

mod hold;
mod paragraph;
mod start;
mod tables;

use crate::{
    Align, Step,
    inline::{Inline, Kept, Sink},
    line::{self, Cursor},
    scan::{cut, tail, trim_end, trim_start},
    table::{Bars, Delimiters, Row},
};
use hold::Hold;
use paragraph::Paragraph;
use tables::Guess;

/// The limit on how deep containers are nested.
const DEPTH: usize = 100;

#[derive(Debug)]
enum Container {
    Quote,
    List {
        /// The byte of its markers that identifies its kind.
        byte: u8,
        /// Whether it is known to be loose.
        loose: bool,
    },
    Item {
        /// How many columns its content is indented.
        indent: usize,
        /// Whether it has any content.
        filled: bool,
    },
}

#[derive(Debug, Default)]
enum Leaf {
    #[default]
    None,
    Paragraph(Box<Paragraph>),
    /// An ATX heading: its content, and where that ends if what follows is the closing sequence.
    Heading(Box<Inline>, Option<usize>),
    Fence {
        byte: u8,
        length: usize,
        indent: usize,
    },
    /// An indented code block, and blank lines that belong to it if more code follows.
    Indented(String),
    /// An HTML block of this kind.
    Html(u8),
    /// A table: its columns, and the row that is open.
    Table(Vec<Align>, Row),
}

/// The text so far.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    sink: Sink,
    containers: Vec<Container>,
    leaf: Leaf,
    /// The line so far, while it is held back.
    line: String,
    hold: Hold,
    /// The bars of the line.
    bars: Bars,
    /// The held line, read as a delimiter row.
    delimiters: Delimiters,
    /// The rest of the line goes to the leaf.
    flows: bool,
    /// The last byte was a carriage return.
    returned: bool,
    /// The line before was blank.
    gap: bool,
    guess: Option<Guess>,
}

impl Blocks {
    /// The work done for lines and closed leaves.
    #[cfg(test)]
    pub(crate) fn work(&self) -> crate::work::Work {
        self.sink.work
    }

    pub(crate) fn push(&mut self, text: &str) -> Vec<Step> {
        let bytes = text.as_bytes();
        let mut from = usize::from(self.returned && bytes.first() == Some(&b'\n'));
        if !text.is_empty() {
            self.returned = false;
        }
        while from < bytes.len() {
            // A row is scanned for its cells and its end at the same time.
            let is_fed = self.flows && matches!(self.leaf, Leaf::Table(..));
            let rest = tail(text, from);
            let to = if is_fed {
                from + self.feed(rest)
            } else {
                let length = self.bars.read(rest);
                self.sink.work.saw(length);
                from + length
            };
            let end = bytes.get(to).copied();
            let ends = matches!(end, Some(b'\n' | b'\r'));
            self.take(if is_fed { "" } else { cut(text, from, to) }, ends);
            if ends {
                self.bars = Bars::default();
            }
            from = to + 1;
            match end {
                Some(0) => {
                    self.bars.read("\u{fffd}");
                    self.take("\u{fffd}", false);
                }
                Some(b'\r') if bytes.get(from) == Some(&b'\n') => from += 1,
                Some(b'\r') => self.returned = from >= bytes.len(),
                _ => {}
            }
        }
        self.show();
        self.sink.out.flush()
    }

    pub(crate) fn finish(&mut self) -> Vec<Step> {
        if self.flows || !self.line.is_empty() {
            self.take("", true);
        }
        self.close_to(0);
        let kept = std::mem::take(&mut self.sink.kept);
        for (index, Kept { source, wanted }) in kept.into_iter().enumerate() {
            // For `[text][label]` both were added. The label, which is more likely to be defined, came last.
            if wanted.iter().rev().any(|label| self.sink.references.find(label, &mut self.sink.work).is_some()) {
                self.sink.out.push(Step::Amend(u32::try_from(index).unwrap_or(u32::MAX)));
                let mut inline = Inline::new(&self.sink.out);
                inline.source = source;
                inline.end(inline.source.len(), &mut self.sink.out, &self.sink.references);
                self.sink.work.add(inline.work);
                self.sink.out.close();
            }
        }
        self.sink.out.settle();
        self.sink.out.flush()
    }

    /// Takes more of a line; `ends` if it is the rest.
    fn take(&mut self, text: &str, ends: bool) {
        if self.flows {
            self.feed(text);
            if ends {
                self.flows = false;
                self.end_line();
            }
        } else if ends {
            self.line.push_str(text);
            self.start(true);
        } else {
            for (at, c) in text.char_indices() {
                self.line.push(c);
                self.sink.work.saw(1);
                if !self.holds(c) {
                    self.start(false);
                    self.feed(text.get(at + c.len_utf8()..).unwrap_or_default());
                    break;
                }
            }
        }
    }

    /// Whether the held line continues all open containers.
    fn all_match(&self) -> bool {
        self.matched(&mut Cursor::new(&self.line)) == self.containers.len()
    }

    /// How many containers the line continues. Advances the cursor past their markers.
    fn matched(&self, cursor: &mut Cursor) -> usize {
        for (index, container) in self.containers.iter().enumerate() {
            let (at, indent) = cursor.next();
            match *container {
                Container::Quote if indent < 4 && cursor.byte(at) == Some(b'>') => cursor.skip_marker(indent + 1),
                Container::List { .. } => {}
                Container::Item { indent: needed, filled }
                    if indent >= needed || filled && cursor.byte(at).is_none() =>
                {
                    cursor.skip(needed.min(indent));
                }
                _ => return index,
            }
        }
        self.containers.len()
    }

    /// Gives the rest of a line to the open leaf; `whole` if it is complete, otherwise more follows.
    fn flow(&mut self, text: &str, whole: bool) {
        self.gap = false;
        match &mut self.leaf {
            // The bars of a complete row are known already.
            Leaf::Table(aligns, row) if whole => {
                row.whole(text, &self.bars, aligns, &mut self.sink);
            }
            _ => {
                self.feed(text);
            }
        }
        self.flows = !whole;
        if whole {
            self.end_line();
        }
    }

    /// Gives the rest of a line to the open code block.
    fn code(&mut self, cursor: Cursor, whole: bool) {
        let (spaces, text) = cursor.rest();
        self.sink.out.text(&" ".repeat(spaces));
        self.flow(text, whole);
    }

    /// Gives a line to the open HTML block.
    fn html(&mut self, kind: u8, (spaces, text): (usize, &str)) {
        self.sink.out.text(&" ".repeat(spaces));
        self.sink.out.text(text);
        self.sink.out.text("\n");
        self.sink.work.saw(if kind < 6 { 2 * text.len() } else { text.len() });
        if line::html_ends(kind, text) {
            self.close_leaf();
        }
    }

    /// Gives text to the open leaf. Returns how much it took: only a table's row stops, at the end of the line.
    fn feed(&mut self, text: &str) -> usize {
        match &mut self.leaf {
            Leaf::None => {}
            Leaf::Paragraph(paragraph) => {
                paragraph.inline.source.push_str(text);
                self.define(false);
            }
            Leaf::Heading(inline, cut) => {
                let text = if inline.source.is_empty() { trim_start(text) } else { text };
                for (at, byte) in (inline.source.len()..).zip(text.bytes()) {
                    match byte {
                        b' ' | b'\t' => *cut = cut.or(Some(at)),
                        b'#' if cut.is_some() || at == 0 => *cut = cut.or(Some(at)),
                        _ => *cut = None,
                    }
                }
                self.sink.work.saw(text.len());
                inline.source.push_str(text);
            }
            Leaf::Fence { .. } | Leaf::Indented(_) | Leaf::Html(_) => self.sink.out.text(text),
            Leaf::Table(aligns, row) => {
                return row.feed(text, aligns, &mut self.sink);
            }
        }
        text.len()
    }

    /// Ends a line whose rest went to the open leaf.
    fn end_line(&mut self) {
        match &mut self.leaf {
            Leaf::Paragraph(paragraph) => {
                paragraph.bars = std::mem::take(&mut self.bars);
                paragraph.bars.end(tail(&paragraph.inline.source, paragraph.line));
            }
            Leaf::Heading(..) => self.close_leaf(),
            Leaf::Fence { .. } | Leaf::Indented(_) => self.sink.out.text("\n"),
            Leaf::Table(aligns, row) => {
                row.end(aligns, &mut self.sink);
                self.sink.out.close();
                self.sink.out.settle();
            }
            _ => {}
        }
    }

    /// Closes what must be closed before a new child of the innermost of so many containers.
    fn prepare(&mut self, matched: usize) {
        let list =
            matches!(matched.checked_sub(1).and_then(|last| self.containers.get(last)), Some(Container::List { .. }));
        self.close_to(matched - usize::from(list));
        self.note_gap();
        self.sink.out.settle();
    }

    /// Notes that the innermost container gets a child. If there is a blank line before the child, its list may be loose.
    fn note_gap(&mut self) {
        let count = self.containers.len();
        let mut gap = std::mem::take(&mut self.gap);
        if let Some(Container::Item { filled, .. }) = self.containers.last_mut() {
            gap &= *filled;
            *filled = true;
        }
        if gap {
            for container in self.containers.iter_mut().skip(count.saturating_sub(2)).rev() {
                if let Container::List { loose, .. } = container {
                    if !*loose {
                        *loose = true;
                        self.sink.out.push(Step::Loose);
                    }
                    return;
                }
                if matches!(container, Container::Quote) {
                    return;
                }
            }
        }
    }

    /// Closes the leaf and all but so many containers.
    fn close_to(&mut self, count: usize) {
        self.close_leaf();
        while self.containers.len() > count {
            self.containers.pop();
            self.sink.out.close();
        }
        self.sink.out.settle();
    }

    fn close_leaf(&mut self) {
        self.undo_guess();
        let leaf = std::mem::take(&mut self.leaf);
        match leaf {
            Leaf::None => return,
            Leaf::Paragraph(_) => {
                self.leaf = leaf;
                self.define(true);
                let Leaf::Paragraph(paragraph) = std::mem::take(&mut self.leaf) else { return };
                if paragraph.definition.is_none() {
                    self.sink.close(paragraph.inline, usize::MAX);
                }
            }
            Leaf::Heading(inline, _) => {
                let end = heading_end(&inline.source);
                self.sink.close(*inline, end);
            }
            Leaf::Fence { .. } | Leaf::Indented(_) | Leaf::Html(_) | Leaf::Table(..) => self.sink.out.close(),
        }
        self.sink.out.settle();
    }

    /// Brings the steps up to date with the text so far.
    fn show(&mut self) {
        match &mut self.leaf {
            Leaf::Paragraph(paragraph) if paragraph.definition.is_none() && self.guess.is_none() => {
                let inline = &mut paragraph.inline;
                inline.run(inline.source.len(), false, &self.sink.references);
                inline.render(&mut self.sink.out, false);
            }
            Leaf::Heading(inline, cut) => {
                inline.run(cut.unwrap_or(inline.source.len()), false, &self.sink.references);
                inline.render(&mut self.sink.out, false);
            }
            Leaf::Fence { .. } | Leaf::Indented(_) | Leaf::Html(_) | Leaf::None => self.sink.out.settle(),
            Leaf::Table(_, row) => row.show(&mut self.sink.out, &self.sink.references),
            Leaf::Paragraph(_) => {}
        }
        if !self.flows && !self.line.is_empty() {
            self.guess_table();
        }
    }
}

/// Where the content of an ATX heading ends, before its closing sequence.
fn heading_end(source: &str) -> usize {
    let content = trim_end(source);
    let open = content.trim_end_matches('#');
    let closed = open.is_empty() || trim_end(open).len() < open.len();
    if closed { trim_end(open).len() } else { content.len() }
}
