//! GFM's tables while they grow: the bars of a line, the delimiter row, a row cell by cell.
//! <https://github.github.com/gfm/#tables-extension->

use crate::{
    Align, Element,
    inline::{Inline, Sink},
    out::Out,
    refs::References,
    scan::{cut, is_blank, tail, trim_start},
};

/// The missing cells that may be added to the rows of any table.
const FREE_CELLS: usize = 1000;
/// The missing cells that may be added for each byte of the rows.
const CELLS_PER_BYTE: usize = 4;

/// The places of the bars in a line that separate cells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bars {
    /// Byte offsets in the line.
    places: Vec<usize>,
    /// How much of the line was read.
    read: usize,
    /// Where the line's content begins, after the markers of its containers.
    from: usize,
    /// The last byte was a backslash.
    escaped: bool,
    /// A bar was escaped.
    escapes: bool,
    cells: usize,
}

impl Bars {
    /// Reads more of the line, up to its end. Returns how much that was.
    pub(crate) fn read(&mut self, text: &str) -> usize {
        let mut length = text.len();
        for (at, byte) in text.bytes().enumerate() {
            let escaped = std::mem::take(&mut self.escaped);
            match byte {
                b'\n' | b'\r' | 0 => {
                    length = at;
                    break;
                }
                b'|' if escaped => self.escapes = true,
                b'|' => self.places.push(self.read + at),
                b'\\' => self.escaped = true,
                _ => {}
            }
        }
        self.read += length;
        length
    }

    /// Notes where the line's content begins.
    pub(crate) fn begin(&mut self, from: usize) {
        self.from = from;
    }

    /// Counts the cells of the line, which is complete and has this content.
    pub(crate) fn end(&mut self, content: &str) {
        self.cells = self.places.len() + 1;
        if let (Some(first), Some(last)) = (self.places.first(), self.places.last()) {
            self.cells -= usize::from(is_blank(cut(content, 0, first.saturating_sub(self.from))));
            self.cells -= usize::from(is_blank(tail(content, (last + 1).saturating_sub(self.from))));
        }
    }

    /// How many cells the line has if it is a row.
    pub(crate) fn cells(&self) -> usize {
        self.cells
    }
}

/// The cell of a delimiter row that is being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Delimiter {
    #[default]
    Empty,
    Colon,
    Dashes(Align),
    /// Complete: only white space may follow.
    Whole(Align),
    Failed,
}
use Delimiter::{Colon, Dashes, Empty, Failed, Whole};

/// A delimiter row while it grows.
#[derive(Debug, Default)]
pub(crate) struct Delimiters {
    /// How much of the line was read.
    read: usize,
    /// Where the line's content begins.
    from: usize,
    /// The alignments of the complete cells.
    aligns: Vec<Align>,
    cell: Delimiter,
    /// A bar or colon has arrived. Without either, the line is a setext underline.
    marked: bool,
}

impl Delimiters {
    /// Reads the part of a line that was not read yet; its content begins at `from`. Returns how much that was.
    pub(crate) fn read(&mut self, line: &str, from: usize) -> usize {
        if self.read > 0 && self.from != from {
            // The line has a marker that may open a container, so it is not a delimiter row.
            self.fail();
        }
        let mut read = 0;
        for byte in tail(line, self.read.max(from)).bytes() {
            if self.cell == Failed {
                break;
            }
            read += 1;
            self.cell = match (self.cell, byte) {
                (Empty, b' ' | b'\t') => Empty,
                (Empty, b'|') if !self.marked => Empty,
                (Empty, b':') => Colon,
                (Empty, b'-') => Dashes(Align::Start),
                (Colon, b'-') => Dashes(Align::Left),
                (Dashes(align), b'-') => Dashes(align),
                (Dashes(Align::Start), b':') => Whole(Align::Right),
                (Dashes(_), b':') => Whole(Align::Center),
                (Dashes(align) | Whole(align), b' ' | b'\t') => Whole(align),
                (Dashes(align) | Whole(align), b'|') => {
                    self.aligns.push(align);
                    Empty
                }
                _ => Failed,
            };
            self.marked |= matches!(byte, b'|' | b':');
        }
        (self.read, self.from) = (line.len(), from);
        read
    }

    pub(crate) fn fail(&mut self) {
        self.cell = Failed;
    }

    /// How many columns there are so far; 0 while the line need not be a delimiter row, or if it cannot be one.
    pub(crate) fn columns(&self) -> usize {
        match self.cell {
            _ if !self.marked => 0,
            Failed => 0,
            Empty | Colon => self.aligns.len(),
            Dashes(_) | Whole(_) => self.aligns.len() + 1,
        }
    }

    /// The columns of the line, which is complete, if it is a delimiter row.
    pub(crate) fn end(&mut self) -> Option<Vec<Align>> {
        match self.cell {
            _ if !self.marked => return None,
            Empty if !self.aligns.is_empty() => {}
            Dashes(align) | Whole(align) => self.aligns.push(align),
            _ => return None,
        }
        Some(std::mem::take(&mut self.aligns))
    }
}

/// A row while it grows.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// How many cells are closed.
    column: usize,
    /// The open cell's content.
    cell: Option<Box<Inline>>,
    /// Something has arrived, if only the leading `|`.
    begun: bool,
    /// The last byte was a backslash.
    escaped: bool,
    /// How many missing cells were added to the table's rows. The bytes of those rows limit them, so that short rows of a wide table stay cheap.
    added: usize,
    /// How many bytes the table's rows have.
    read: usize,
}

impl Row {
    /// Begins the table's next row.
    pub(crate) fn begin(&mut self) {
        *self = Self { added: self.added, read: self.read, ..Self::default() };
    }

    /// Takes a complete row whose bars are known.
    pub(crate) fn whole(&mut self, row: &str, bars: &Bars, aligns: &[Align], sink: &mut Sink) {
        if bars.escapes {
            self.feed(row, aligns, sink);
            return;
        }
        let mut from = 0;
        for place in &bars.places {
            let to = place.saturating_sub(bars.from);
            self.text(cut(row, from, to), aligns, &mut sink.out);
            self.bar(aligns, sink);
            from = to + 1;
        }
        self.text(tail(row, from), aligns, &mut sink.out);
        self.read += row.len();
    }

    /// Takes a bar that separates cells.
    fn bar(&mut self, aligns: &[Align], sink: &mut Sink) {
        if self.begun {
            self.close_cell(aligns, sink);
        }
        self.begun = true;
    }

    /// Adds text to the open cell, or opens one.
    fn text(&mut self, text: &str, aligns: &[Align], out: &mut Out) {
        let Some(&align) = aligns.get(self.column) else {
            self.begun = true;
            return;
        };
        let text = if self.cell.is_some() { text } else { trim_start(text) };
        if text.is_empty() {
            return;
        }
        self.begun = true;
        let cell = self.cell.get_or_insert_with(|| {
            out.open(Element::Cell(align));
            Box::new(Inline::new(out))
        });
        cell.source.push_str(text);
    }

    /// Takes more of the row, up to its end. Returns how much that was.
    pub(crate) fn feed(&mut self, text: &str, aligns: &[Align], sink: &mut Sink) -> usize {
        let (mut from, mut end) = (0, text.len());
        for (at, byte) in text.bytes().enumerate() {
            if matches!(byte, b'\n' | b'\r' | 0) {
                end = at;
                break;
            }
            let escaped = std::mem::take(&mut self.escaped);
            if escaped && byte != b'|' {
                self.text("\\", aligns, &mut sink.out);
            }
            match byte {
                b'\\' => {
                    self.text(cut(text, from, at), aligns, &mut sink.out);
                    self.escaped = true;
                    from = at + 1;
                }
                b'|' if escaped => {}
                b'|' => {
                    self.text(cut(text, from, at), aligns, &mut sink.out);
                    from = at + 1;
                    self.bar(aligns, sink);
                }
                _ => {}
            }
        }
        self.text(cut(text, from, end), aligns, &mut sink.out);
        self.read += end;
        sink.work.saw(end);
        end
    }

    fn close_cell(&mut self, aligns: &[Align], sink: &mut Sink) {
        if let Some(cell) = self.cell.take() {
            sink.close(*cell, usize::MAX);
        } else if let Some(&align) = aligns.get(self.column) {
            sink.out.open(Element::Cell(align));
            sink.out.close();
        }
        self.column += 1;
    }

    /// Ends the row. Missing cells are added, empty.
    pub(crate) fn end(&mut self, aligns: &[Align], sink: &mut Sink) {
        if std::mem::take(&mut self.escaped) {
            self.text("\\", aligns, &mut sink.out);
        }
        while self.cell.is_some() || self.column < aligns.len() && self.added < FREE_CELLS + CELLS_PER_BYTE * self.read
        {
            self.added += usize::from(self.cell.is_none());
            self.close_cell(aligns, sink);
        }
    }

    /// Brings the steps of the open cell up to date.
    pub(crate) fn show(&mut self, out: &mut Out, references: &References) {
        match &mut self.cell {
            Some(cell) => {
                cell.run(cell.source.len(), false, references);
                cell.render(out, false);
            }
            None => out.settle(),
        }
    }
}
