//! The block structure, line by line. A line is held only until its first character of content; what follows flows into the open leaf.

use super::{
    Align, Element, Step,
    entities::unescape,
    inline::{Context, Inline, Work},
    line::{self, Cursor},
    out::Out,
    refs::References,
    scan::{Scan, Tag, Target, cut, tail, trim_end, trim_start},
    table::{self, Bars, Delimiters, Kept, Row, Sink},
};

/// How many containers may be open at once.
const DEPTH: usize = 100;

#[derive(Debug)]
enum Container {
    Quote,
    /// The byte of its markers; whether it is known to be loose.
    List {
        byte: u8,
        loose: bool,
    },
    /// How far its content is indented; whether it has any.
    Item {
        indent: usize,
        filled: bool,
    },
}

#[derive(Debug, Default)]
enum Leaf {
    #[default]
    None,
    Paragraph(Box<Paragraph>),
    /// Its content; from where on it may be the closing sequence.
    Heading(Box<Inline>, Option<usize>),
    Fence {
        byte: u8,
        length: usize,
        indent: usize,
    },
    /// Blank lines that belong to it if more code follows.
    Indented(String),
    Html(u8),
    Table(Vec<Align>, Row),
}

#[derive(Debug)]
struct Paragraph {
    inline: Inline,
    /// The definition that it may begin with, and how much of the source was looked at for it.
    definition: Option<(Target, usize)>,
    /// Where its steps begin.
    shown: usize,
    /// Where its last line begins.
    line: usize,
    /// Where that has its bars.
    bars: Bars,
}

/// A paragraph that is shown as a table's head.
#[derive(Debug)]
struct Guess {
    /// The steps of the paragraph.
    steps: Vec<Step>,
    /// The head.
    row: Row,
    /// How many sources were kept before its cells'.
    kept: usize,
}

/// What a held line waits for.
#[derive(Debug, Default)]
enum Hold {
    /// Its first character that is neither white space nor `>`.
    #[default]
    Margin,
    /// Anything that cannot be part of a closing fence.
    Fence,
    /// Its end.
    Line,
    /// What begins at this place; whether a list marker came before it.
    Start(usize, bool),
    /// The same, of a tag; whether that is whole.
    Tag(usize, Tag, bool),
}

#[derive(Debug, Default)]
pub(super) struct Blocks {
    out: Out,
    references: References,
    containers: Vec<Container>,
    leaf: Leaf,
    /// The line so far, while it is held.
    line: String,
    hold: Hold,
    /// Where the line has its bars.
    bars: Bars,
    /// What a held line has of a delimiter row.
    delimiters: Delimiters,
    /// The rest of the line goes to the leaf.
    flows: bool,
    /// A carriage return came last.
    returned: bool,
    /// The line before was blank.
    gap: bool,
    guess: Option<Guess>,
    kept: Kept,
    work: Work,
}

impl Blocks {
    /// The work done for leaves that are closed, and for lines.
    #[cfg(test)]
    pub(super) fn work(&self) -> Work {
        self.work
    }

    pub(super) fn push(&mut self, text: &str) -> Vec<Step> {
        let bytes = text.as_bytes();
        let mut from = usize::from(self.returned && bytes.first() == Some(&b'\n'));
        if !text.is_empty() {
            self.returned = false;
        }
        while from < bytes.len() {
            // A row is looked at for its cells and its end at once.
            let is_fed = self.flows && matches!(self.leaf, Leaf::Table(..));
            let rest = tail(text, from);
            let to = if is_fed {
                from + self.feed(rest)
            } else {
                let length = self.bars.read(rest);
                self.work.saw(length);
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
        self.out.flush()
    }

    pub(super) fn finish(&mut self) -> Vec<Step> {
        if self.flows || !self.line.is_empty() {
            self.take("", true);
        }
        self.close_to(0);
        let kept = std::mem::take(&mut self.kept);
        for (index, (source, wanted)) in kept.into_iter().enumerate() {
            // Of a text and a label, the label was added last.
            if wanted.iter().rev().any(|label| self.references.find(label, &mut self.work).is_some()) {
                self.out.push(Step::Amend(u32::try_from(index).unwrap_or(u32::MAX)));
                let mut inline = Inline::new(&self.out);
                inline.source = source;
                let context = Context { references: &self.references };
                inline.end(inline.source.len(), &mut self.out, context);
                self.work.add(inline.work);
                self.out.close();
            }
        }
        self.out.settle();
        self.out.flush()
    }

    /// Takes more of a line, or the rest of it.
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
                self.work.saw(1);
                if !self.holds(c) {
                    self.start(false);
                    self.feed(text.get(at + c.len_utf8()..).unwrap_or_default());
                    break;
                }
            }
        }
    }

    /// Whether the line, which this character was added to, must be held still.
    fn holds(&mut self, c: char) -> bool {
        let last = self.line.len() - c.len_utf8();
        match &mut self.hold {
            Hold::Margin => {
                if matches!(c, ' ' | '\t' | '>') {
                    return true;
                }
                match self.leaf {
                    Leaf::Fence { byte, .. } if self.all_match() => {
                        self.hold = Hold::Fence;
                        c == char::from(byte)
                    }
                    Leaf::Html(_) if self.all_match() => {
                        self.hold = Hold::Line;
                        true
                    }
                    _ => {
                        self.hold = Hold::Start(last, false);
                        self.holds_start(c)
                    }
                }
            }
            Hold::Fence => match self.leaf {
                Leaf::Fence { byte, .. } => matches!(c, ' ' | '\t') || c == char::from(byte),
                _ => false,
            },
            Hold::Line => true,
            Hold::Start(..) => self.holds_start(c),
            Hold::Tag(from, tag, whole) => {
                let from = *from;
                let scan = match u8::try_from(c) {
                    Ok(byte @ (b' ' | b'\t')) if *whole => return byte > 0,
                    Ok(byte) if !*whole => tag.step(byte),
                    // What is not ASCII is content where a tag may have any, and else its end.
                    _ if !*whole => tag.step(0xff),
                    _ => Scan::Fail,
                };
                match scan {
                    Scan::More => return true,
                    Scan::Done => *whole = true,
                    Scan::Fail => {}
                }
                let begun = tail(&self.line, from);
                self.work.saw(begun.len());
                if line::html(begun).is_some_and(|kind| kind < 7) {
                    self.hold = Hold::Line;
                    return true;
                }
                scan == Scan::Done
            }
        }
    }

    fn holds_start(&mut self, c: char) -> bool {
        let Hold::Start(from, marked) = &mut self.hold else { return false };
        let at = *from;
        let rest = tail(&self.line, at);
        let space = matches!(c, ' ' | '\t');
        let Some(&first) = rest.as_bytes().first() else { return true };
        if matches!(first, b' ' | b'\t' | b'>') {
            *from += 1;
            return true;
        }
        match first {
            b'#' => c == '#' && rest.len() <= 6,
            b'`' | b'~' => {
                let run = line::run(rest.get(..3).unwrap_or(rest), first);
                // A fence's info string has no backtick in it.
                let ends = first == b'`' && c == '`' && !rest.ends_with("``");
                run == rest.len() || run >= 3 && !ends
            }
            b'0'..=b'9' | b'-' | b'+' | b'*' if space => {
                if line::marker(rest).is_some() {
                    *from = self.line.len();
                    *marked = true;
                    return true;
                }
                !first.is_ascii_digit()
            }
            b'0'..=b'9' => {
                let before = rest.as_bytes().get(rest.len().wrapping_sub(2));
                rest.len() <= 10
                    && (c.is_ascii_digit() || matches!(c, '.' | ')') && before.is_some_and(u8::is_ascii_digit))
            }
            b'-' | b'+' | b'*' | b'_' | b'=' | b'|' | b':' => {
                matches!(c, '-' | '+' | '*' | '_' | '=' | '|' | ':' | ' ' | '\t')
            }
            b'<' => {
                self.hold = Hold::Tag(at, Tag::new(0), false);
                true
            }
            b'[' if *marked => match rest.len() {
                1 => true,
                2 => matches!(c, ' ' | 'x' | 'X'),
                3 => c == ']',
                _ => space,
            },
            _ => false,
        }
    }

    /// Whether the held line continues all open containers.
    fn all_match(&self) -> bool {
        self.matched(&mut Cursor::new(&self.line)) == self.containers.len()
    }

    /// How many containers the line continues; the cursor goes past their markers.
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

    /// The line is known as far as it decides the structure, or `whole`.
    #[allow(clippy::too_many_lines)] // One case a kind of block, in the order in which they are tried.
    fn start(&mut self, whole: bool) {
        let line = std::mem::take(&mut self.line);
        self.hold = Hold::Margin;
        let mut delimiters = std::mem::take(&mut self.delimiters);
        let mut cursor = Cursor::new(&line);
        let mut matched = self.matched(&mut cursor);
        self.work.saw(cursor.at);
        let all = matched == self.containers.len();
        let (at, indent) = cursor.next();
        let blank = cursor.byte(at).is_none();
        let gap = std::mem::take(&mut self.gap);
        let quoted =
            matches!(matched.checked_sub(1).and_then(|last| self.containers.get(last)), Some(Container::Quote));

        // The open leaf takes the line, or is closed by it.
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
                pad(blanks, spaces);
                blanks.push_str(text);
                blanks.push('\n');
                self.gap = !quoted;
                return;
            }
            Leaf::Indented(blanks) if all && indent >= 4 => {
                let blanks = std::mem::take(blanks);
                self.out.text(&blanks);
                cursor.skip(4);
                self.code(cursor, whole);
                return;
            }
            Leaf::Table(..) if all && !blank => {}
            Leaf::Paragraph(_) if !blank => {}
            Leaf::None if all => {}
            _ => {
                self.close_to(matched);
            }
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
                    self.out.open(Element::Code(String::new()));
                    self.leaf = Leaf::Indented(String::new());
                    cursor.skip(4);
                    self.code(cursor, whole);
                    return;
                }
                break;
            }
            if first == b'>' && self.containers.len() < DEPTH {
                self.prepare(matched);
                self.out.open(Element::Quote);
                self.containers.push(Container::Quote);
                cursor.skip_marker(indent + 1);
            } else if let Some((level, from)) = line::heading(rest) {
                self.prepare(matched);
                self.out.open(Element::Heading(level));
                self.leaf = Leaf::Heading(Box::new(Inline::new(&self.out)), None);
                self.flow(tail(rest, from), whole);
                return;
            } else if whole && let Some((byte, length, info)) = line::fence(rest) {
                self.work.saw(rest.len());
                self.prepare(matched);
                let length_of_language = info.bytes().take_while(|b| !matches!(b, b' ' | b'\t')).count();
                let language = cut(info, 0, length_of_language);
                self.out.open(Element::Code(unescape(language)));
                self.leaf = Leaf::Fence { byte, length, indent };
                self.gap = false;
                return;
            } else if whole && let Some(kind) = line::html(rest).filter(|&kind| kind < 7 || !paragraph) {
                self.work.saw(rest.len());
                self.prepare(matched);
                self.out.open(Element::Html);
                self.leaf = Leaf::Html(kind);
                self.html(kind, cursor.rest());
                return;
            } else if whole
                && continues
                && let Some(level) = line::underline(rest).filter(|_| self.has_content())
            {
                self.work.saw(rest.len());
                self.out_heading(level);
                return;
            } else if whole && line::rule(rest) {
                self.work.saw(rest.len());
                self.prepare(matched);
                self.out.open(Element::Rule);
                self.out.close();
                self.gap = false;
                return;
            } else if self.containers.len() < DEPTH
                && let Some((byte, number, length)) = line::marker(rest)
                && !(matches!(self.leaf, Leaf::Paragraph(_))
                    && continues
                    && (line::trim(tail(rest, length)).is_empty() || length > 1 && number != 1))
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
                    self.out.open(if ordered { Element::Numbers(number) } else { Element::Bullets });
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
                self.out.open(Element::Item);
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

        // What is left is text.
        let (at, _) = cursor.next();
        let mut rest = tail(&line, at);
        match &mut self.leaf {
            Leaf::Paragraph(_) => self.continue_paragraph(),
            Leaf::Table(_, row) => {
                self.out.settle();
                self.out.open(Element::Row);
                row.begin();
            }
            _ => {
                self.prepare(matched);
                if item && let Some(ticked) = line::task(rest) {
                    self.out.replace(Element::Task(ticked));
                    rest = trim_start(tail(rest, 3));
                    if rest.is_empty() {
                        self.gap = false;
                        return;
                    }
                }
                self.leaf = Leaf::Paragraph(Box::new(Paragraph {
                    inline: Inline::new(&self.out),
                    definition: Some((Target::definition(1), 0)),
                    shown: 0,
                    line: 0,
                    bars: Bars::default(),
                }));
            }
        }
        self.bars.begin(line.len() - rest.len());
        self.flow(rest, whole);
    }

    /// Takes the rest of a line, or what is there of it.
    fn flow(&mut self, text: &str, whole: bool) {
        self.gap = false;
        match &mut self.leaf {
            // Where a whole row has its bars is known already.
            Leaf::Table(aligns, row) if whole => {
                let context = Context { references: &self.references };
                let mut sink = Sink { out: &mut self.out, context, kept: &mut self.kept, work: &mut self.work };
                row.whole(text, &self.bars, aligns, &mut sink);
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

    fn code(&mut self, cursor: Cursor, whole: bool) {
        let (spaces, text) = cursor.rest();
        let mut margin = String::new();
        pad(&mut margin, spaces);
        self.out.text(&margin);
        self.flow(text, whole);
    }

    fn html(&mut self, kind: u8, (spaces, text): (usize, &str)) {
        let mut margin = String::new();
        pad(&mut margin, spaces);
        self.out.text(&margin);
        self.out.text(text);
        self.out.text("\n");
        self.work.saw(if kind < 6 { 2 * text.len() } else { text.len() });
        if line::html_ends(kind, text) {
            self.close_leaf();
        }
    }

    /// Text for the open leaf; how much of it was taken. Only of a table's row may the line's end follow.
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
                self.work.saw(text.len());
                inline.source.push_str(text);
            }
            Leaf::Fence { .. } | Leaf::Indented(_) | Leaf::Html(_) => self.out.text(text),
            Leaf::Table(aligns, row) => {
                let context = Context { references: &self.references };
                let mut sink = Sink { out: &mut self.out, context, kept: &mut self.kept, work: &mut self.work };
                return row.feed(text, aligns, &mut sink);
            }
        }
        text.len()
    }

    fn end_line(&mut self) {
        match &mut self.leaf {
            Leaf::Paragraph(paragraph) => {
                paragraph.bars = std::mem::take(&mut self.bars);
                paragraph.bars.end(tail(&paragraph.inline.source, paragraph.line));
            }
            Leaf::Heading(..) => self.close_leaf(),
            Leaf::Fence { .. } | Leaf::Indented(_) => self.out.text("\n"),
            Leaf::Table(aligns, row) => {
                let context = Context { references: &self.references };
                let mut sink = Sink { out: &mut self.out, context, kept: &mut self.kept, work: &mut self.work };
                row.end(aligns, &mut sink);
                self.out.close();
                self.out.settle();
            }
            _ => {}
        }
    }

    /// Makes room for a new child of the innermost of so many containers.
    fn prepare(&mut self, matched: usize) {
        let list =
            matches!(matched.checked_sub(1).and_then(|last| self.containers.get(last)), Some(Container::List { .. }));
        self.close_to(matched - usize::from(list));
        self.note_gap();
        self.out.settle();
    }

    /// Something is added to the innermost container; if a blank line stands before it, its list may be loose.
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
                        self.out.push(Step::Loose);
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
            self.out.close();
        }
        self.out.settle();
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
                    self.close_inline(paragraph.inline, usize::MAX);
                }
            }
            Leaf::Heading(inline, _) => {
                let end = heading_end(&inline.source);
                self.close_inline(*inline, end);
            }
            Leaf::Fence { .. } | Leaf::Indented(_) | Leaf::Html(_) | Leaf::Table(..) => self.out.close(),
        }
        self.out.settle();
    }

    fn close_inline(&mut self, inline: Inline, end: usize) {
        let context = Context { references: &self.references };
        let mut sink = Sink { out: &mut self.out, context, kept: &mut self.kept, work: &mut self.work };
        table::close_inline(inline, end, &mut sink);
    }

    // Paragraphs

    fn continue_paragraph(&mut self) {
        self.undo_guess();
        let Leaf::Paragraph(paragraph) = &mut self.leaf else { return };
        let inline = &mut paragraph.inline;
        if paragraph.definition.is_none() {
            let context = Context { references: &self.references };
            inline.run(inline.source.len(), false, context);
            inline.render(&mut self.out, false);
            inline.settle(&mut self.out);
        }
        if !inline.source.is_empty() {
            inline.source.push('\n');
        }
        self.define(false);
        if let Leaf::Paragraph(paragraph) = &mut self.leaf {
            paragraph.line = paragraph.inline.source.len();
        }
    }

    /// Takes definitions off the beginning of the paragraph; at the end of it, all of it.
    fn define(&mut self, last: bool) {
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
                self.work.saw(1);
            }
            if scan == Scan::More && !last {
                return;
            }
            let titled = scan == Scan::Done || scan == Scan::More && *read > 0 && target.end(*read);
            let Some(end) = target.whole else {
                // No definition. What is nothing at all is no paragraph either.
                if !bytes.is_empty() {
                    paragraph.definition = None;
                    paragraph.shown = self.out.at();
                    self.out.open(Element::Paragraph);
                    paragraph.inline.begin(&self.out);
                }
                return;
            };
            let slice = |(from, to): (usize, usize)| cut(&paragraph.inline.source, from, to);
            let label = References::normal(slice(target.label));
            let title = if titled { unescape(slice(target.title)) } else { String::new() };
            self.references.add(label, unescape(slice(target.destination)), title);
            let end = (end + 1).min(bytes.len());
            paragraph.inline.source.drain(..end);
            paragraph.line = paragraph.line.saturating_sub(end);
            paragraph.definition = Some((Target::definition(1), 0));
            if paragraph.inline.source.is_empty() {
                return;
            }
        }
    }

    /// Whether the open paragraph is more than definitions.
    fn has_content(&mut self) -> bool {
        self.define(true);
        matches!(&self.leaf, Leaf::Paragraph(paragraph) if paragraph.definition.is_none())
    }

    fn out_heading(&mut self, level: u8) {
        self.undo_guess();
        if let Leaf::Paragraph(paragraph) = std::mem::take(&mut self.leaf) {
            let mut inline = paragraph.inline;
            let context = Context { references: &self.references };
            inline.end(inline.source.len(), &mut self.out, context);
            self.out.push(Step::Become(Element::Heading(level)));
            self.close_inline(inline, usize::MAX);
            self.out.settle();
        }
        self.gap = false;
    }

    // Tables

    /// If the line is the delimiter row of a table whose head is the paragraph's last line, begins the table.
    fn table_begins(&mut self, delimiters: &mut Delimiters, line: &str, at: usize) -> bool {
        let Leaf::Paragraph(paragraph) = &self.leaf else { return false };
        self.work.saw(delimiters.read(line, at));
        let Some(aligns) = delimiters.end().filter(|aligns| aligns.len() == paragraph.bars.cells()) else {
            return false;
        };
        if !self.has_content() {
            return false;
        }
        let guess = self.guess.take();
        let Leaf::Paragraph(mut paragraph) = std::mem::take(&mut self.leaf) else { return false };
        let row = if let Some(guess) = guess {
            self.work.add(paragraph.inline.work);
            self.out.align(paragraph.shown, &aligns);
            guess.row
        } else {
            let head = tail(&paragraph.inline.source, paragraph.line).to_owned();
            if paragraph.line == 0 {
                self.out.back_to(paragraph.shown);
                self.work.add(paragraph.inline.work);
            } else {
                paragraph.inline.rewind(paragraph.line - 1, &mut self.out);
                self.close_inline(paragraph.inline, usize::MAX);
            }
            self.out.settle();
            self.head(&head, &paragraph.bars, &aligns)
        };
        self.out.settle();
        self.leaf = Leaf::Table(aligns, row);
        self.gap = false;
        true
    }

    /// Opens a table with this head.
    fn head(&mut self, head: &str, bars: &Bars, aligns: &[Align]) -> Row {
        self.out.open(Element::Table);
        self.out.open(Element::Row);
        let mut row = Row::default();
        let context = Context { references: &self.references };
        let mut sink = Sink { out: &mut self.out, context, kept: &mut self.kept, work: &mut self.work };
        row.whole(head, bars, aligns, &mut sink);
        row.end(aligns, &mut sink);
        self.out.close();
        row
    }

    /// Shows the paragraph as a table's head as long as the held line looks like a delimiter row.
    fn guess_table(&mut self) {
        let Leaf::Paragraph(paragraph) = &mut self.leaf else { return };
        if paragraph.definition.is_some() || paragraph.line > 0 || paragraph.inline.source.len() > 2000 {
            return;
        }
        let Hold::Start(from, false) = self.hold else { return self.undo_guess() };
        self.work.saw(self.delimiters.read(&self.line, from));
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
        let (steps, kept) = (self.out.take_from(shown), self.kept.len());
        let row = self.head(&head, &bars, &vec![Align::Start; bars.cells()]);
        self.guess = Some(Guess { steps, row, kept });
    }

    fn undo_guess(&mut self) {
        if let Some(guess) = self.guess.take()
            && let Leaf::Paragraph(paragraph) = &self.leaf
        {
            self.out.back_to(paragraph.shown);
            self.out.put_back(guess.steps);
            self.kept.truncate(guess.kept);
        }
    }

    /// Brings what is shown up to date.
    fn show(&mut self) {
        let context = Context { references: &self.references };
        match &mut self.leaf {
            Leaf::Paragraph(paragraph) if paragraph.definition.is_none() && self.guess.is_none() => {
                let inline = &mut paragraph.inline;
                inline.run(inline.source.len(), false, context);
                inline.render(&mut self.out, false);
            }
            Leaf::Heading(inline, cut) => {
                inline.run(cut.unwrap_or(inline.source.len()), false, context);
                inline.render(&mut self.out, false);
            }
            Leaf::Fence { .. } | Leaf::Indented(_) | Leaf::Html(_) | Leaf::None => self.out.settle(),
            Leaf::Table(_, row) => row.show(&mut self.out, context),
            Leaf::Paragraph(_) => {}
        }
        if !self.flows && !self.line.is_empty() {
            self.guess_table();
        }
    }
}

fn pad(text: &mut String, spaces: usize) {
    for _ in 0..spaces {
        text.push(' ');
    }
}

/// Where a heading's content ends, its closing sequence left out.
fn heading_end(source: &str) -> usize {
    let content = trim_end(source);
    let open = cut(content, 0, content.len() - content.bytes().rev().take_while(|&b| b == b'#').count());
    let closed = open.is_empty() || trim_end(open).len() < open.len();
    if closed { trim_end(open).len() } else { content.len() }
}
