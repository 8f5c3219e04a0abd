//! Which block a line begins or continues: <https://spec.commonmark.org/0.31.2/#phase-1-block-structure>.

use super::{Blocks, Container, DEPTH, Hold, Leaf, paragraph::Paragraph};
use crate::{
    Element,
    entities::unescape,
    inline::Inline,
    line::{self, Cursor},
    scan::{is_blank, tail, trim_start},
};

impl Blocks {
    /// Places the held line, which is `whole` or long enough to show what it is.
    #[allow(clippy::too_many_lines)] // One case for each kind of block, in the order in which they are tried.
    pub(super) fn start(&mut self, whole: bool) {
        let line = std::mem::take(&mut self.line);
        self.hold = Hold::Margin;
        let mut delimiters = std::mem::take(&mut self.delimiters);
        let mut cursor = Cursor::new(&line);
        let mut matched = self.matched(&mut cursor);
        self.sink.work.saw(cursor.at);
        let all = matched == self.containers.len();
        let (at, indent) = cursor.next();
        let blank = cursor.byte(at).is_none();
        let gap = std::mem::take(&mut self.gap);
        let quoted =
            matches!(matched.checked_sub(1).and_then(|last| self.containers.get(last)), Some(Container::Quote));

        // The open leaf takes the line, or the line closes it.
        match &mut self.leaf {
            Leaf::Fence { byte, length, indent: margin } if all => {
                if whole && indent < 4 && line::closes_fence(tail(&line, at), *byte, *length) {
                    self.close_leaf();
                } else {
                    cursor.skip((*margin).min(indent));
                    self.code(cursor, whole);
                }
                return;
            }
            Leaf::Html(kind) if all && !(*kind >= 6 && blank) => {
                let kind = *kind;
                self.html(kind, cursor.rest());
                return;
            }
            Leaf::Indented(blanks) if all && blank => {
                cursor.skip(4);
                let (spaces, text) = cursor.rest();
                blanks.push_str(&" ".repeat(spaces));
                blanks.push_str(text);
                blanks.push('\n');
                self.gap = !quoted;
                return;
            }
            Leaf::Indented(blanks) if all && indent >= 4 => {
                let blanks = std::mem::take(blanks);
                self.sink.out.text(&blanks);
                cursor.skip(4);
                self.code(cursor, whole);
                return;
            }
            Leaf::Table(..) if all && !blank => {}
            Leaf::Paragraph(_) if !blank => {}
            Leaf::None if all => {}
            _ => self.close_to(matched),
        }
        if blank {
            self.gap = !quoted;
            return;
        }

        self.gap = gap;
        let mut item = false;
        let mut begun = false;
        loop {
            let (at, indent) = cursor.next();
            let rest = tail(&line, at);
            let Some(&first) = rest.as_bytes().first() else {
                // A marker without content.
                self.gap = false;
                return;
            };
            let paragraph = matches!(self.leaf, Leaf::Paragraph(_));
            let continues = paragraph && !begun && matched == self.containers.len();
            if indent >= 4 {
                if !paragraph {
                    self.prepare(matched);
                    self.sink.out.open(Element::Code(String::new()));
                    self.leaf = Leaf::Indented(String::new());
                    cursor.skip(4);
                    self.code(cursor, whole);
                    return;
                }
                break;
            }
            if first == b'>' && self.containers.len() < DEPTH {
                self.prepare(matched);
                self.sink.out.open(Element::Quote);
                self.containers.push(Container::Quote);
                cursor.skip_marker(indent + 1);
            } else if let Some((level, from)) = line::heading(rest) {
                self.prepare(matched);
                self.sink.out.open(Element::Heading(level));
                self.leaf = Leaf::Heading(Box::new(Inline::new(&self.sink.out)), None);
                self.flow(tail(rest, from), whole);
                return;
            } else if whole && let Some((byte, length, info)) = line::fence(rest) {
                self.sink.work.saw(rest.len());
                self.prepare(matched);
                let language = info.split([' ', '\t']).next().unwrap_or_default();
                self.sink.out.open(Element::Code(unescape(language)));
                self.leaf = Leaf::Fence { byte, length, indent };
                self.gap = false;
                return;
            } else if whole && let Some(kind) = line::html(rest).filter(|&kind| kind < 7 || !paragraph) {
                self.sink.work.saw(rest.len());
                self.prepare(matched);
                self.sink.out.open(Element::Html);
                self.leaf = Leaf::Html(kind);
                self.html(kind, cursor.rest());
                return;
            } else if whole
                && continues
                && let Some(level) = line::underline(rest).filter(|_| self.has_content())
            {
                self.sink.work.saw(rest.len());
                self.close_setext_heading(level);
                return;
            } else if whole && line::rule(rest) {
                self.sink.work.saw(rest.len());
                self.prepare(matched);
                self.sink.out.open(Element::Rule);
                self.sink.out.close();
                self.gap = false;
                return;
            } else if self.containers.len() < DEPTH
                && let Some((byte, number, length)) = line::marker(rest)
                && !(matches!(self.leaf, Leaf::Paragraph(_))
                    && continues
                    && (is_blank(tail(rest, length)) || length > 1 && number != 1))
            {
                let ordered = length > 1;
                let same = matches!(
                    matched.checked_sub(1).and_then(|last| self.containers.get(last)),
                    Some(Container::List { byte: other, .. }) if *other == byte
                );
                if same {
                    self.close_to(matched);
                    self.note_gap();
                } else {
                    self.prepare(matched);
                    self.sink.out.open(if ordered { Element::Numbers(number) } else { Element::Bullets });
                    self.containers.push(Container::List { byte, loose: false });
                }
                cursor.skip(indent + length);
                let (content, spaces) = cursor.next();
                let mut width = indent + length + 1;
                if (1..5).contains(&spaces) && cursor.byte(content).is_some() {
                    width += spaces - 1;
                    cursor.skip(spaces);
                } else if spaces > 0 {
                    cursor.skip(1);
                }
                self.sink.out.open(Element::Item);
                self.containers.push(Container::Item { indent: width, filled: false });
                item = true;
                self.gap = false;
                begun = true;
                matched = self.containers.len();
                continue;
            } else if whole && continues && self.table_begins(&mut delimiters, &line, at) {
                return;
            } else {
                break;
            }
            item = false;
            self.gap = false;
            begun = true;
            matched = self.containers.len();
        }

        // The rest is text.
        let (at, _) = cursor.next();
        let mut rest = tail(&line, at);
        match &mut self.leaf {
            Leaf::Paragraph(_) => self.continue_paragraph(),
            Leaf::Table(_, row) => {
                self.sink.out.settle();
                self.sink.out.open(Element::Row);
                row.begin();
            }
            _ => {
                self.prepare(matched);
                if item && let Some(ticked) = line::task(rest) {
                    self.sink.out.replace(Element::Task(ticked));
                    rest = trim_start(tail(rest, 3));
                    if rest.is_empty() {
                        self.gap = false;
                        return;
                    }
                }
                self.leaf = Leaf::Paragraph(Box::new(Paragraph::new(&self.sink.out)));
            }
        }
        self.bars.begin(line.len() - rest.len());
        self.flow(rest, whole);
    }
}
