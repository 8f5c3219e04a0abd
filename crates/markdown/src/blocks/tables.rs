//! Where a table begins: a paragraph whose last line turns out to be a head.

use super::{Blocks, Hold, Leaf};
use crate::{
    Align, Element, Step,
    line::Cursor,
    scan::tail,
    table::{Bars, Delimiters, Row},
};

/// The longest head that is shown as one before it is certain, in bytes.
const LONGEST_GUESS: usize = 2000;

/// A paragraph that is shown as the head of a table.
#[derive(Debug)]
pub(super) struct Guess {
    /// The steps of the paragraph.
    steps: Vec<Step>,
    /// The head.
    row: Row,
    /// How many leaves were kept before the head's cells.
    kept: usize,
}

impl Blocks {
    /// Begins a table if a line is the delimiter row to the paragraph's last line, its head. Returns whether it is.
    pub(super) fn table_begins(&mut self, delimiters: &mut Delimiters, line: &str, at: usize) -> bool {
        let Leaf::Paragraph(paragraph) = &self.leaf else { return false };
        self.sink.work.saw(delimiters.read(line, at));
        let Some(aligns) = delimiters.end().filter(|aligns| aligns.len() == paragraph.bars.cells()) else {
            return false;
        };
        if !self.has_content() {
            return false;
        }
        let guess = self.guess.take();
        let Leaf::Paragraph(mut paragraph) = std::mem::take(&mut self.leaf) else { return false };
        let row = if let Some(guess) = guess {
            self.sink.work.add(paragraph.inline.work);
            self.sink.out.align(paragraph.shown, &aligns);
            guess.row
        } else {
            let head = tail(&paragraph.inline.source, paragraph.line).to_owned();
            if paragraph.line == 0 {
                self.sink.out.back_to(paragraph.shown);
                self.sink.work.add(paragraph.inline.work);
            } else {
                paragraph.inline.rewind(paragraph.line - 1, &mut self.sink.out);
                self.sink.close(paragraph.inline, usize::MAX);
            }
            self.sink.out.settle();
            self.head(&head, &paragraph.bars, &aligns)
        };
        self.sink.out.settle();
        self.leaf = Leaf::Table(aligns, row);
        self.gap = false;
        true
    }

    /// Opens a table and adds its head.
    fn head(&mut self, head: &str, bars: &Bars, aligns: &[Align]) -> Row {
        self.sink.out.open(Element::Table);
        self.sink.out.open(Element::Row);
        let mut row = Row::default();
        row.whole(head, bars, aligns, &mut self.sink);
        row.end(aligns, &mut self.sink);
        self.sink.out.close();
        row
    }

    /// Shows the paragraph as the head of a table while the held line looks like a delimiter row.
    pub(super) fn guess_table(&mut self) {
        let Leaf::Paragraph(paragraph) = &mut self.leaf else { return };
        if paragraph.definition.is_some() || paragraph.line > 0 || paragraph.inline.source.len() > LONGEST_GUESS {
            return;
        }
        let Hold::Start { from, marked: false } = self.hold else { return self.undo_guess() };
        self.sink.work.saw(self.delimiters.read(&self.line, from));
        let columns = self.delimiters.columns();
        if columns == 0 || columns > paragraph.bars.cells() {
            return self.undo_guess();
        }
        if self.guess.is_some() {
            return;
        }
        let (head, bars, shown) = (paragraph.inline.source.clone(), paragraph.bars.clone(), paragraph.shown);
        let mut cursor = Cursor::new(&self.line);
        let all = self.matched(&mut cursor) == self.containers.len();
        let (at, indent) = cursor.next();
        if !all || at != from || indent >= 4 {
            self.delimiters.fail();
            return;
        }
        let (steps, kept) = (self.sink.out.take_from(shown), self.sink.kept.len());
        let row = self.head(&head, &bars, &vec![Align::Start; bars.cells()]);
        self.guess = Some(Guess { steps, row, kept });
    }

    /// Shows the paragraph again.
    pub(super) fn undo_guess(&mut self) {
        if let Some(guess) = self.guess.take()
            && let Leaf::Paragraph(paragraph) = &self.leaf
        {
            self.sink.out.back_to(paragraph.shown);
            self.sink.out.put_back(guess.steps);
            self.sink.kept.truncate(guess.kept);
        }
    }
}
