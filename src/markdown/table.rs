//! A table's row, cell by cell, while it grows; and how a leaf's content is closed.

use super::{
    Align, Element, Step,
    inline::{Context, Inline, Work},
    out::Out,
    scan::{cut, trim_start},
};

/// Closes a leaf whose content ends at `end`. If it has labels that nothing defines yet, its source is kept.
pub(super) fn close_inline(
    mut inline: Inline,
    end: usize,
    out: &mut Out,
    context: Context,
    kept: &mut Vec<(String, Vec<String>)>,
    work: &mut Work,
) {
    let end = end.min(inline.source.len());
    inline.end(end, out, context);
    work.add(inline.work);
    if !inline.wanted.is_empty() {
        out.push(Step::Keep);
        inline.source.truncate(end);
        kept.push((inline.source, inline.wanted));
    }
    out.close();
}

/// How many cells a row has.
pub(super) fn count(row: &str) -> usize {
    let mut cells = Cells::default();
    cells.read(row);
    cells.count()
}

/// The cells of a row that grows.
#[derive(Debug, Default)]
pub(super) struct Cells {
    closed: usize,
    begun: bool,
    filled: bool,
    escaped: bool,
}

impl Cells {
    pub(super) fn read(&mut self, more: &str) {
        for byte in more.bytes() {
            if byte == b'|' && !self.escaped {
                self.closed += usize::from(self.begun);
                self.begun = true;
                self.filled = false;
            } else if !matches!(byte, b' ' | b'\t') {
                self.begun = true;
                self.filled = true;
            }
            self.escaped = byte == b'\\';
        }
    }

    pub(super) fn count(&self) -> usize {
        self.closed + usize::from(self.filled)
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
    pub(super) fn feed(
        &mut self,
        text: &str,
        aligns: &[Align],
        out: &mut Out,
        context: Context,
        kept: &mut Vec<(String, Vec<String>)>,
        work: &mut Work,
    ) -> usize {
        let (mut from, mut end) = (0, text.len());
        for (at, byte) in text.bytes().enumerate() {
            if matches!(byte, b'\n' | b'\r' | 0) {
                end = at;
                break;
            }
            let escaped = std::mem::take(&mut self.escaped);
            if escaped && byte != b'|' {
                self.text("\\", aligns, out);
            }
            match byte {
                b'\\' => {
                    self.text(cut(text, from, at), aligns, out);
                    self.escaped = true;
                    from = at + 1;
                }
                b'|' if escaped => {}
                b'|' => {
                    self.text(cut(text, from, at), aligns, out);
                    from = at + 1;
                    if self.begun {
                        self.close_cell(aligns, out, context, kept, work);
                    }
                    self.begun = true;
                }
                _ => {}
            }
        }
        self.text(cut(text, from, end), aligns, out);
        self.read += end;
        work.saw(end);
        end
    }

    fn close_cell(
        &mut self,
        aligns: &[Align],
        out: &mut Out,
        context: Context,
        kept: &mut Vec<(String, Vec<String>)>,
        work: &mut Work,
    ) {
        if let Some(cell) = self.cell.take() {
            close_inline(*cell, usize::MAX, out, context, kept, work);
        } else if let Some(&align) = aligns.get(self.column) {
            out.open(Element::Cell(align));
            out.close();
        }
        self.column += 1;
    }

    /// The row's end: cells that lack are empty.
    pub(super) fn end(
        &mut self,
        aligns: &[Align],
        out: &mut Out,
        context: Context,
        kept: &mut Vec<(String, Vec<String>)>,
        work: &mut Work,
    ) {
        if std::mem::take(&mut self.escaped) {
            self.text("\\", aligns, out);
        }
        while self.cell.is_some() || self.column < aligns.len() && self.added < 1000 + 4 * self.read {
            self.added += usize::from(self.cell.is_none());
            self.close_cell(aligns, out, context, kept, work);
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
