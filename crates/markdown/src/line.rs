//! One line: its columns, and which block begins on it.

use crate::scan::{Scan, Tag, is_blank, tail, trim};

/// A place in a line. Tab stops are four columns apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    line: &'a str,
    pub(crate) at: usize,
    column: usize,
    /// The column is inside the tab at `at`.
    in_tab: bool,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(line: &'a str) -> Self {
        Self { line, at: 0, column: 0, in_tab: false }
    }

    /// The place of the next character that is not white space, and how many columns away it is.
    pub(crate) fn next(&self) -> (usize, usize) {
        let mut column = self.column;
        let mut at = self.at;
        loop {
            match self.line.as_bytes().get(at) {
                Some(b' ') => column += 1,
                Some(b'\t') => column += 4 - column % 4,
                _ => return (at, column - self.column),
            }
            at += 1;
        }
    }

    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        self.line.as_bytes().get(at).copied()
    }

    /// Advances by so many columns.
    pub(crate) fn skip(&mut self, mut columns: usize) {
        while columns > 0 {
            let width = match self.line.as_bytes().get(self.at) {
                Some(b'\t') => 4 - self.column % 4,
                Some(_) => 1,
                None => return,
            };
            self.in_tab = width > columns;
            if self.in_tab {
                self.column += columns;
                return;
            }
            self.column += width;
            self.at += 1;
            columns -= width;
        }
    }

    /// Advances past a marker of so many columns and the one column of white space that belongs to it.
    pub(crate) fn skip_marker(&mut self, columns: usize) {
        self.skip(columns);
        if matches!(self.line.as_bytes().get(self.at), Some(b' ' | b'\t')) {
            self.skip(1);
        }
    }

    /// The rest of the line: the columns left of a tab, and the text after it.
    pub(crate) fn rest(&self) -> (usize, &'a str) {
        if self.in_tab { (4 - self.column % 4, tail(self.line, self.at + 1)) } else { (0, tail(self.line, self.at)) }
    }
}

/// How often a byte is repeated at the beginning of a text.
pub(crate) fn run(text: &str, byte: u8) -> usize {
    text.bytes().take_while(|&b| b == byte).count()
}

/// The level of an ATX heading, and where its content begins.
pub(crate) fn heading(rest: &str) -> Option<(u8, usize)> {
    let level = run(rest, b'#');
    let spaced = matches!(rest.as_bytes().get(level), None | Some(b' ' | b'\t'));
    if !(1..=6).contains(&level) || !spaced {
        return None;
    }
    Some((u8::try_from(level).ok()?, level))
}

/// The byte, length and info string of an opening code fence.
pub(crate) fn fence(rest: &str) -> Option<(u8, usize, &str)> {
    let byte = *rest.as_bytes().first()?;
    let length = run(rest, byte);
    let info = rest.get(length..)?;
    let opens = match byte {
        b'`' => length >= 3 && !info.contains('`'),
        b'~' => length >= 3,
        _ => false,
    };
    opens.then_some((byte, length, trim(info)))
}

/// Whether a line closes a code fence of this byte and length.
pub(crate) fn closes_fence(rest: &str, byte: u8, length: usize) -> bool {
    let run = run(rest, byte);
    run >= length && is_blank(tail(rest, run))
}

/// Whether a line is a thematic break.
pub(crate) fn rule(rest: &str) -> bool {
    let Some(&byte) = rest.as_bytes().first() else { return false };
    let mut count = 0;
    matches!(byte, b'*' | b'-' | b'_')
        && rest.bytes().all(|b| {
            count += usize::from(b == byte);
            b == byte || b == b' ' || b == b'\t'
        })
        && count >= 3
}

/// The level of the setext heading that a line underlines.
pub(crate) fn underline(rest: &str) -> Option<u8> {
    let byte = *rest.as_bytes().first()?;
    let level = match byte {
        b'=' => 1,
        b'-' => 2,
        _ => return None,
    };
    is_blank(rest.get(run(rest, byte)..)?).then_some(level)
}

/// A list item's marker: the byte that identifies its kind, its number, its length.
pub(crate) fn marker(rest: &str) -> Option<(u8, u32, usize)> {
    let bytes = rest.as_bytes();
    let mut number = 0;
    let mut length = 0;
    while let Some(digit @ b'0'..=b'9') = bytes.get(length) {
        if length == 9 {
            return None;
        }
        number = number * 10 + u32::from(digit - b'0');
        length += 1;
    }
    let kind = *bytes.get(length)?;
    let fits = if length == 0 { matches!(kind, b'-' | b'+' | b'*') } else { matches!(kind, b'.' | b')') };
    let spaced = matches!(bytes.get(length + 1), None | Some(b' ' | b'\t'));
    (fits && spaced).then_some((kind, number, length + 1))
}

/// Whether a task's box is ticked; `None` if there is no box.
pub(crate) fn task(rest: &str) -> Option<bool> {
    match rest.as_bytes() {
        [b'[', tick, b']', b' ' | b'\t', ..] => match tick {
            b' ' => Some(false),
            b'x' | b'X' => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// Which kind of HTML block begins here, numbered as in <https://spec.commonmark.org/0.31.2/#html-blocks>.
pub(crate) fn html(rest: &str) -> Option<u8> {
    const VERBATIM: [&str; 4] = ["pre", "script", "style", "textarea"];
    #[rustfmt::skip]
    const BLOCKS: [&str; 62] = [
        "address", "article", "aside", "base", "basefont", "blockquote", "body", "caption", "center", "col", "colgroup",
        "dd", "details", "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form",
        "frame", "frameset", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html", "iframe", "legend",
        "li", "link", "main", "menu", "menuitem", "nav", "noframes", "ol", "optgroup", "option", "p", "param", "search",
        "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "track", "ul",
    ];
    let bytes = rest.as_bytes();
    let after = bytes.get(1..)?;
    if bytes.first() != Some(&b'<') {
        return None;
    }
    match after.first()? {
        b'?' => return Some(3),
        b'!' => {
            return if after.starts_with(b"!--") {
                Some(2)
            } else if after.starts_with(b"![CDATA[") {
                Some(5)
            } else {
                after.get(1)?.is_ascii_alphabetic().then_some(4)
            };
        }
        _ => {}
    }
    let closing = after.first() == Some(&b'/');
    let name = after.get(usize::from(closing)..)?;
    let length = name.iter().take(12).take_while(|b| b.is_ascii_alphanumeric()).count();
    let after_name = name.get(length..).unwrap_or_default();
    let ends = matches!(after_name.first(), None | Some(b' ' | b'\t' | b'>'));
    let name = name.get(..length)?.to_ascii_lowercase();
    let is_any_of = |known: &[&str]| known.iter().any(|known| known.as_bytes() == name);
    if !closing && ends && is_any_of(&VERBATIM) {
        return Some(1);
    }
    if (ends || after_name.starts_with(b"/>")) && is_any_of(&BLOCKS) {
        return Some(6);
    }
    let mut tag = Tag::new(0);
    for (index, &byte) in after.iter().enumerate() {
        match tag.step(byte) {
            Scan::More => {}
            Scan::Fail => return None,
            Scan::Done => return is_blank(rest.get(index + 2..)?).then_some(7),
        }
    }
    None
}

/// Whether an HTML block of this kind ends with this line. Kinds 6 and 7 end before a blank line instead.
pub(crate) fn html_ends(kind: u8, line: &str) -> bool {
    let ends: &[&str] = match kind {
        1 => &["</pre>", "</script>", "</style>", "</textarea>"],
        2 => &["-->"],
        3 => &["?>"],
        4 => &[">"],
        5 => &["]]>"],
        _ => return false,
    };
    let line = line.to_ascii_lowercase();
    ends.iter().any(|end| line.contains(end))
}
