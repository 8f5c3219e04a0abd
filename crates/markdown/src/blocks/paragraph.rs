//! The open paragraph, and the link reference definitions at its beginning.

use super::{Blocks, Leaf};
use crate::{
    Element, Step,
    entities::unescape,
    inline::Inline,
    out::Out,
    scan::{Scan, Target, cut},
    table::Bars,
};

#[derive(Debug)]
pub(super) struct Paragraph {
    pub(super) inline: Inline,
    /// The definition that it may begin with, and how many bytes of the source were scanned for it. Nothing is shown until it has failed.
    pub(super) definition: Option<(Target, usize)>,
    /// Where its steps begin.
    pub(super) shown: usize,
    /// Where its last line begins in the source.
    pub(super) line: usize,
    /// The bars of that line.
    pub(super) bars: Bars,
}

impl Paragraph {
    pub(super) fn new(out: &Out) -> Self {
        Self {
            inline: Inline::new(out),
            definition: Some((Target::definition(1), 0)),
            shown: 0,
            line: 0,
            bars: Bars::default(),
        }
    }
}

impl Blocks {
    /// Begins the next line of the open paragraph.
    pub(super) fn continue_paragraph(&mut self) {
        self.undo_guess();
        let Leaf::Paragraph(paragraph) = &mut self.leaf else { return };
        let inline = &mut paragraph.inline;
        if paragraph.definition.is_none() {
            inline.run(inline.source.len(), false, &self.sink.references);
            inline.render(&mut self.sink.out, false);
            inline.settle(&mut self.sink.out);
        }
        if !inline.source.is_empty() {
            inline.source.push('\n');
        }
        self.define(false);
        if let Leaf::Paragraph(paragraph) = &mut self.leaf {
            paragraph.line = paragraph.inline.source.len();
        }
    }

    /// Takes the link reference definitions off the beginning of the open paragraph. If the text is the `last` of it, decides about all of it.
    pub(super) fn define(&mut self, last: bool) {
        let Leaf::Paragraph(paragraph) = &mut self.leaf else { return };
        while let Some((target, read)) = &mut paragraph.definition {
            let bytes = paragraph.inline.source.as_bytes();
            let mut scan = Scan::More;
            while scan == Scan::More && *read < bytes.len() {
                let byte = bytes.get(*read).copied().unwrap_or_default();
                scan = match (*read, byte) {
                    (0, b'[') => Scan::More,
                    (0, _) => Scan::Fail,
                    _ => target.step(byte, *read),
                };
                *read += 1;
                self.sink.work.saw(1);
            }
            if scan == Scan::More && !last {
                return;
            }
            let titled = scan == Scan::Done || scan == Scan::More && *read > 0 && target.end(*read);
            let Some(end) = target.whole else {
                // It is not a definition, so the paragraph begins here, unless nothing is left for one.
                if !bytes.is_empty() {
                    paragraph.definition = None;
                    paragraph.shown = self.sink.out.at();
                    self.sink.out.open(Element::Paragraph);
                    paragraph.inline.begin(&self.sink.out);
                }
                return;
            };
            let slice = |(from, to): (usize, usize)| cut(&paragraph.inline.source, from, to);
            let title = if titled { unescape(slice(target.title)) } else { String::new() };
            self.sink.references.add(slice(target.label), unescape(slice(target.destination)), title);
            let end = (end + 1).min(bytes.len());
            paragraph.inline.source.drain(..end);
            paragraph.line = paragraph.line.saturating_sub(end);
            paragraph.definition = Some((Target::definition(1), 0));
            if paragraph.inline.source.is_empty() {
                return;
            }
        }
    }

    /// Whether the open paragraph has more than link reference definitions.
    pub(super) fn has_content(&mut self) -> bool {
        self.define(true);
        matches!(&self.leaf, Leaf::Paragraph(paragraph) if paragraph.definition.is_none())
    }

    /// Turns the open paragraph into a setext heading and closes it.
    pub(super) fn close_setext_heading(&mut self, level: u8) {
        self.undo_guess();
        if let Leaf::Paragraph(paragraph) = std::mem::take(&mut self.leaf) {
            let mut inline = paragraph.inline;
            inline.end(inline.source.len(), &mut self.sink.out, &self.sink.references);
            self.sink.out.push(Step::Become(Element::Heading(level)));
            self.sink.close(inline, usize::MAX);
            self.sink.out.settle();
        }
        self.gap = false;
    }
}
