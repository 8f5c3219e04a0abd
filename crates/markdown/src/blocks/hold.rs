//! How long a line is held back: until its characters decide which block it is part of.

use super::{Blocks, Leaf};
use crate::{
    line,
    scan::{Scan, Tag, tail},
};

/// What a held line waits for.
#[derive(Debug, Default)]
pub(super) enum Hold {
    /// Its first character that is neither white space nor `>`.
    #[default]
    Margin,
    /// A character that cannot be part of a closing fence.
    Fence,
    /// The end of the line.
    Line,
    /// What begins at a place.
    Start {
        from: usize,
        /// Whether a list marker came before it.
        marked: bool,
    },
    /// The end of the tag at a place, which may begin an HTML block.
    Tag {
        from: usize,
        tag: Tag,
        /// The tag is complete: only white space may follow.
        whole: bool,
    },
}

impl Blocks {
    /// Whether the line must still be held back. Its last character, `c`, is new.
    pub(super) fn holds(&mut self, c: char) -> bool {
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
                        self.hold = Hold::Start { from: last, marked: false };
                        self.holds_start(c)
                    }
                }
            }
            Hold::Fence => match self.leaf {
                Leaf::Fence { byte, .. } => matches!(c, ' ' | '\t') || c == char::from(byte),
                _ => false,
            },
            Hold::Line => true,
            Hold::Start { .. } => self.holds_start(c),
            Hold::Tag { from, tag, whole } => {
                let from = *from;
                let scan = match u8::try_from(c) {
                    Ok(b' ' | b'\t') if *whole => return true,
                    Ok(byte) if !*whole => tag.step(byte),
                    // A tag treats all non-ASCII characters alike.
                    _ if !*whole => tag.step(0xff),
                    _ => Scan::Fail,
                };
                match scan {
                    Scan::More => return true,
                    Scan::Done => *whole = true,
                    Scan::Fail => {}
                }
                let begun = tail(&self.line, from);
                self.sink.work.saw(begun.len());
                if line::html(begun).is_some_and(|kind| kind < 7) {
                    self.hold = Hold::Line;
                    return true;
                }
                scan == Scan::Done
            }
        }
    }

    /// The same, for the text after the markers of the containers.
    fn holds_start(&mut self, c: char) -> bool {
        let Hold::Start { from, marked } = &mut self.hold else { return false };
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
                // The info string of a backtick fence has no backtick.
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
                self.hold = Hold::Tag { from: at, tag: Tag::new(0), whole: false };
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
}
