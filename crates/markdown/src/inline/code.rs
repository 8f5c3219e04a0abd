//! Code spans: <https://spec.commonmark.org/0.31.2/#code-spans>.

use super::{Inline, Kind, Mode};
use crate::Element;

impl Inline {
    /// Looks for the end of a code span. Returns false if more of the source is needed.
    pub(super) fn code(&mut self, end: usize, last: bool) -> bool {
        let Mode::Code(length) = self.mode else { return true };
        let body = self.at + length;
        loop {
            let from = self.look;
            while self.look < end && self.byte(self.look) != Some(b'`') {
                self.look += 1;
            }
            self.saw(from, self.look);
            if self.look >= end {
                break;
            }
            let from = self.peek.max(self.look);
            let mut to = from;
            while to < end && self.byte(to) == Some(b'`') {
                to += 1;
            }
            self.saw(from, to);
            self.peek = to;
            if to >= end && !last {
                return false;
            }
            let run = to - self.look;
            if run == length {
                let text = code_text(self.slice(body, self.look));
                let from = body + usize::from(text.len() < self.look - body);
                self.push(Kind::Whole(Element::CodeSpan, text, from));
                if !self.ticks_known {
                    self.ticks.clear();
                }
                self.advance(to);
                return true;
            }
            if !self.ticks_known {
                self.ticks.insert(run, self.look);
            }
            self.look = to;
        }
        if last {
            self.ticks_known = true;
            self.text_to(body);
        }
        last
    }
}

/// A code span's text: line feeds become spaces, and one space at both ends is left out.
fn code_text(source: &str) -> String {
    let text = in_one_line(source);
    let is_blank = text.bytes().all(|b| b == b' ');
    match text.strip_prefix(' ').and_then(|text| text.strip_suffix(' ')) {
        Some(inner) if !is_blank => inner.to_owned(),
        _ => text,
    }
}

pub(super) fn in_one_line(source: &str) -> String {
    source.replace('\n', " ")
}
