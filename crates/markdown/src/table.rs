//! A table while it grows: where a line has bars, the delimiter row, a row cell by cell; and how a leaf's content is closed.

use super::{
    Align, Element, Step,
    inline::{Context, Inline, Work},
    out::Out,
    scan::{cut, tail, trim_start},
};

/// Sources of leaves with labels that nothing defined, and those labels.
pub(super) type Kept = Vec<(String, Vec<String>)>;

/// Where a leaf's steps go, and what is noted of it.
pub(super) struct Sink<'a> {
    pub(super) out: &'a mut Out,
    pub(super) context: Context<'a>,
    pub(super) kept: &'a mut Kept,
    pub(super) work: &'a mut Work,
}

/// Closes a leaf whose content ends at `end`. If it has labels that nothing defines yet, its source is kept.
pub(super) fn close_inline(mut inline: Inline, end: usize, sink: &mut Sink) {
    let end = end.min(inline.source.len());
    inline.end(end, sink.out, sink.context);
    sink.work.add(inline.work);
    if !inline.wanted.is_empty() {
        sink.out.push(Step::Keep);
        inline.source.truncate(end);
        sink.kept.push((inline.source, inline.wanted));
    }
    sink.out.close();
}

/// Where a line has bars that part cells.
#[derive(Debug, Clone, Default)]
pub(super) struct Bars {
    /// Their places in the line.
    places: Vec<usize>,
    /// How much of the line was read, and where its content begins.
    read: usize,
    from: usize,
    /// A backslash came last; one came before a bar.
    escaped: bool,
    escapes: bool,
    cells: usize,
}

impl Bars {
    /// Reads more of the line, up to its end; how much that was.
    pub(super) fn read(&mut self, text: &str) -> usize {
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

    /// The line's content begins here.
    pub(super) fn begin(&mut self, from: usize) {
        self.from = from;
    }

    /// The line, which has this content, is read.
    pub(super) fn end(&mut self, content: &str) {
        self.cells = self.places.len() + 1;
        if let (Some(first), Some(last)) = (self.places.first(), self.places.last()) {
            self.cells -= usize::from(trim_start(cut(content, 0, first.saturating_sub(self.from))).is_empty());
            self.cells -= usize::from(trim_start(tail(content, (last + 1).saturating_sub(self.from))).is_empty());
        }
    }

    /// How many cells the line has as a table's row.
    pub(super) fn cells(&self) -> usize {
        self.cells
    }
}

/// A cell of a delimiter row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Delimiter {
    #[default]
    Empty,
    Colon,
    Dashes(Align),
    /// Only white space may follow.
    Whole(Align),
    Failed,
}
use Delimiter::{Colon, Dashes, Empty, Failed, Whole};

/// A delimiter row that grows.
#[derive(Debug, Default)]
pub(super) struct Delimiters {
    /// How much of the line was read, and where its content begins.
    read: usize,
    from: usize,
    aligns: Vec<Align>,
    cell: Delimiter,
    /// There is a bar or a colon, without which it is no table's.
    marked: bool,
}

impl Delimiters {
    /// Reads what of a line is not read yet, whose content begins at `from`; how much that was.
    pub(super) fn read(&mut self, line: &str, from: usize) -> usize {
        if self.read > 0 && self.from != from {
            // There is a marker in it that may not open anything any more.
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

    pub(super) fn fail(&mut self) {
        self.cell = Failed;
    }

    /// How many columns there are so far; none if it cannot be a delimiter row, or need not be one.
    pub(super) fn columns(&self) -> usize {
        match self.cell {
            _ if !self.marked => 0,
            Failed => 0,
            Empty | Colon => self.aligns.len(),
            Dashes(_) | Whole(_) => self.aligns.len() + 1,
        }
    }

    /// The columns of the row, if it is one.
    pub(super) fn end(&mut self) -> Option<Vec<Align>> {
        match self.cell {
            _ if !self.marked => return None,
            Empty if !self.aligns.is_empty() => {}
            Dashes(align) | Whole(align) => self.aligns.push(align),
            _ => return None,
        }
        Some(std::mem::take(&mut self.aligns))
    }
}

/// A row that is being read.
#[derive(Debug, Default)]
pub(super) struct Row {
    /// How many cells are closed.
    column: usize,
    cell: Option<Box<Inline>>,
    /// Something came, be it only the leading `|`.
    begun: bool,
    escaped: bool,
    /// How many cells were added to the table's rows, and how many bytes those rows have. A short row in a wide table may not cost much.
    added: usize,
    read: usize,
}

impl Row {
    pub(super) fn begin(&mut self) {
        *self = Self { added: self.added, read: self.read, ..Self::default() };
    }

    /// Takes a whole row whose bars are known.
    pub(super) fn whole(&mut self, row: &str, bars: &Bars, aligns: &[Align], sink: &mut Sink) {
        if bars.escapes {
            self.feed(row, aligns, sink);
            return;
        }
        let mut from = 0;
        for place in &bars.places {
            let to = place.saturating_sub(bars.from);
            self.text(cut(row, from, to), aligns, sink.out);
            self.bar(aligns, sink);
            from = to + 1;
        }
        self.text(tail(row, from), aligns, sink.out);
        self.read += row.len();
    }

    fn bar(&mut self, aligns: &[Align], sink: &mut Sink) {
        if self.begun {
            self.close_cell(aligns, sink);
        }
        self.begun = true;
    }

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

    /// Takes more of the row, up to its end; how much that was.
    pub(super) fn feed(&mut self, text: &str, aligns: &[Align], sink: &mut Sink) -> usize {
        let (mut from, mut end) = (0, text.len());
        for (at, byte) in text.bytes().enumerate() {
            if matches!(byte, b'\n' | b'\r' | 0) {
                end = at;
                break;
            }
            let escaped = std::mem::take(&mut self.escaped);
            if escaped && byte != b'|' {
                self.text("\\", aligns, sink.out);
            }
            match byte {
                b'\\' => {
                    self.text(cut(text, from, at), aligns, sink.out);
                    self.escaped = true;
                    from = at + 1;
                }
                b'|' if escaped => {}
                b'|' => {
                    self.text(cut(text, from, at), aligns, sink.out);
                    from = at + 1;
                    self.bar(aligns, sink);
                }
                _ => {}
            }
        }
        self.text(cut(text, from, end), aligns, sink.out);
        self.read += end;
        sink.work.saw(end);
        end
    }

    fn close_cell(&mut self, aligns: &[Align], sink: &mut Sink) {
        if let Some(cell) = self.cell.take() {
            close_inline(*cell, usize::MAX, sink);
        } else if let Some(&align) = aligns.get(self.column) {
            sink.out.open(Element::Cell(align));
            sink.out.close();
        }
        self.column += 1;
    }

    /// The row's end: cells that lack are empty.
    pub(super) fn end(&mut self, aligns: &[Align], sink: &mut Sink) {
        if std::mem::take(&mut self.escaped) {
            self.text("\\", aligns, sink.out);
        }
        while self.cell.is_some() || self.column < aligns.len() && self.added < 1000 + 4 * self.read {
            self.added += usize::from(self.cell.is_none());
            self.close_cell(aligns, sink);
        }
    }

    pub(super) fn show(&mut self, out: &mut Out, context: Context) {
        match &mut self.cell {
            Some(cell) => {
                cell.run(cell.source.len(), false, context);
                cell.render(out, false);
            }
            None => out.settle(),
        }
    }
}
