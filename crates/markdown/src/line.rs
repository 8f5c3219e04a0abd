//! One line: where its columns are, and what block may begin on it.

use super::scan::{Scan, Tag, tail, trim_end, trim_start};

/// A place in a line; tabs stop at every fourth column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    line: &'a str,
    pub(super) at: usize,
    column: usize,
    /// The tab at `at` is partly behind the column.
    in_tab: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self { line, at: 0, column: 0, in_tab: false }
    }

    /// Where the next character that is no white space is, and how many columns away.
    pub(super) fn next(&self) -> (usize, usize) {
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

    pub(super) fn byte(&self, at: usize) -> Option<u8> {
        self.line.as_bytes().get(at).copied()
    }

    /// Goes on by so many columns.
    pub(super) fn skip(&mut self, mut columns: usize) {
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

    /// Goes past a marker and the one column of white space that belongs to it.
    pub(super) fn skip_marker(&mut self, columns: usize) {
        self.skip(columns);
        if matches!(self.line.as_bytes().get(self.at), Some(b' ' | b'\t')) {
            self.skip(1);
        }
    }

    /// What is left: so many columns of a tab, and the text after it.
    pub(super) fn rest(&self) -> (usize, &'a str) {
        if self.in_tab { (4 - self.column % 4, tail(self.line, self.at + 1)) } else { (0, tail(self.line, self.at)) }
    }
}

pub(super) fn run(text: &str, byte: u8) -> usize {
    text.bytes().take_while(|&b| b == byte).count()
}

fn blank(text: &str) -> bool {
    text.bytes().all(|b| b == b' ' || b == b'\t')
}

pub(super) fn trim(text: &str) -> &str {
    trim_start(trim_end(text))
}

/// The level of an ATX heading and where its content begins.
pub(super) fn heading(rest: &str) -> Option<(u8, usize)> {
    let level = run(rest, b'#');
    let spaced = matches!(rest.as_bytes().get(level), None | Some(b' ' | b'\t'));
    if !(1..=6).contains(&level) || !spaced {
        return None;
    }
    Some((u8::try_from(level).ok()?, level))
}

/// The byte, length and info string of an opening code fence.
pub(super) fn fence(rest: &str) -> Option<(u8, usize, &str)> {
    let byte = *rest.as_bytes().first()?;
    let length = run(rest, byte);
    let info = rest.get(length..)?;
    (matches!(byte, b'`' | b'~') && length >= 3 && (byte == b'~' || !info.as_bytes().contains(&b'`'))).then_some((
        byte,
        length,
        trim(info),
    ))
}

pub(super) fn closes_fence(rest: &str, byte: u8, length: usize) -> bool {
    let run = run(rest, byte);
    run >= length && blank(tail(rest, run))
}

pub(super) fn rule(rest: &str) -> bool {
    let Some(&byte) = rest.as_bytes().first() else { return false };
    let mut count = 0;
    matches!(byte, b'*' | b'-' | b'_')
        && rest.bytes().all(|b| {
            count += usize::from(b == byte);
            b == byte || b == b' ' || b == b'\t'
        })
        && count >= 3
}

/// The level of a setext heading whose underline this is.
pub(super) fn underline(rest: &str) -> Option<u8> {
    let byte = *rest.as_bytes().first()?;
    let level = match byte {
        b'=' => 1,
        b'-' => 2,
        _ => return None,
    };
    blank(rest.get(run(rest, byte)..)?).then_some(level)
}

/// A list item's marker: its kind, its number, its length.
pub(super) fn marker(rest: &str) -> Option<(u8, u32, usize)> {
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

/// A task's box: whether it is ticked.
pub(super) fn task(rest: &str) -> Option<bool> {
    match rest.as_bytes() {
        [b'[', tick, b']', b' ' | b'\t', ..] => match tick {
            b' ' => Some(false),
            b'x' | b'X' => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// Which of the seven kinds of HTML block begins here.
pub(super) fn html(rest: &str) -> Option<u8> {
    const VERBATIM: &[&str] = &["pre", "script", "style", "textarea"];
    const BLOCKS: &str = " address article aside base basefont blockquote body caption center col colgroup dd details dialog dir div dl dt \
        fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6 head header hr html iframe legend li link main menu \
        menuitem nav noframes ol optgroup option p param search section summary table tbody td tfoot th thead title tr track ul ";
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
    if !closing && ends && VERBATIM.iter().any(|known| known.as_bytes() == name) {
        return Some(1);
    }
    if (ends || after_name.starts_with(b"/>")) && length > 0 {
        let mut known = BLOCKS.as_bytes().split(|&b| b == b' ');
        if known.any(|known| known == name) {
            return Some(6);
        }
    }
    let mut tag = Tag::new(0);
    for (index, &byte) in after.iter().enumerate() {
        match tag.step(byte) {
            Scan::More => {}
            Scan::Fail => return None,
            Scan::Done => return after.get(index + 1..)?.iter().all(|&b| b == b' ' || b == b'\t').then_some(7),
        }
    }
    None
}

/// Whether an HTML block of this kind ends with this line.
pub(super) fn html_ends(kind: u8, line: &str) -> bool {
    let ends: &[&str] = match kind {
        1 => &["</pre>", "</script>", "</style>", "</textarea>"],
        2 => &["-->"],
        3 => &["?>"],
        4 => &[">"],
        5 => &["]]>"],
        _ => return false,
    };
    let bytes = line.as_bytes();
    (0..bytes.len()).any(|at| {
        let rest = bytes.get(at..).unwrap_or_default();
        ends.iter().any(|end| rest.get(..end.len()).is_some_and(|part| part.eq_ignore_ascii_case(end.as_bytes())))
    })
}
