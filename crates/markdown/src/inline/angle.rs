//! What begins with `<`: raw HTML and autolinks.
//! <https://spec.commonmark.org/0.31.2/#raw-html>, <https://spec.commonmark.org/0.31.2/#autolinks>

use super::{Inline, Kind, Mode};
use crate::{
    Element,
    scan::{self, Address, Scan, cut},
};

impl Inline {
    /// Looks for the end of a tag or an autolink. Returns false if more of the source is needed.
    pub(super) fn angle(&mut self, end: usize, last: bool) -> bool {
        let (at, look) = (self.at, self.look);
        let Mode::Angle(tag) = &mut self.mode else { return true };
        let bytes = self.source.as_bytes();
        let mut to = look;
        while to < end {
            let byte = bytes.get(to).copied().unwrap_or_default();
            let scan = tag.step(byte);
            if scan == Scan::Fail {
                // It can still be an autolink, which has no white space.
                self.saw(look, to);
                return self.autolink_end(end, last, to);
            }
            to += 1;
            if byte == b'>' && scan == Scan::More && !tag.spaced {
                // A tag, such as a comment, would continue, but an autolink ends at its first `>`.
                tag.spaced = true;
                if let Some(address) = address(cut(&self.source, at + 1, to - 1)) {
                    self.saw(look, to);
                    self.autolink(address, to);
                    return true;
                }
            }
            if scan == Scan::Done {
                self.saw(look, to);
                let inner = self.slice(at + 1, to - 1);
                if let Some(address) = address(inner) {
                    self.autolink(address, to);
                } else {
                    let text = self.slice(at, to).to_owned();
                    self.push(Kind::Whole(Element::InlineHtml, text, at));
                    self.advance(to);
                }
                return true;
            }
        }
        self.look = to;
        let waits_for = tag.waits_for();
        self.saw(look, to);
        if last {
            self.never |= waits_for;
            self.text_to(at + 1);
        }
        last
    }

    /// Looks for the end of an autolink. `to` is where it proved not to be a tag.
    fn autolink_end(&mut self, end: usize, last: bool, mut to: usize) -> bool {
        let at = self.at;
        // The failed tag fails again at once when more of the source comes; `peek` is where the scan continues.
        if self.peek > at && self.look == to {
            to = self.peek.max(to);
        } else if self.source.as_bytes().get(at + 1..to).unwrap_or_default().iter().any(|&b| b <= b' ' || b == b'<') {
            self.look = to;
            self.text_to(at + 1);
            return true;
        } else {
            self.saw(at, to);
            self.look = to;
        }
        while to < end {
            self.work.saw(1);
            match self.byte(to) {
                Some(b'>') => {
                    match scan::autolink(self.slice(at + 1, to).as_bytes()) {
                        Some(address) => self.autolink(address, to + 1),
                        None => self.text_to(at + 1),
                    }
                    return true;
                }
                Some(0..=b' ' | b'<') | None => {
                    self.text_to(at + 1);
                    return true;
                }
                _ => to += 1,
            }
        }
        self.peek = to;
        if last {
            self.text_to(at + 1);
        }
        last
    }

    fn autolink(&mut self, address: Address, to: usize) {
        let text = self.slice(self.at + 1, to - 1).to_owned();
        let destination = match address {
            Address::Email => format!("mailto:{text}"),
            Address::Uri => text.clone(),
        };
        self.push(Kind::Whole(Element::Link { destination, title: String::new() }, text, usize::MAX));
        self.advance(to);
    }
}

/// The address of an autolink; `None` if it is not one, for example because it has white space.
fn address(inner: &str) -> Option<Address> {
    let bytes = inner.as_bytes();
    if bytes.iter().any(|&b| b <= b' ' || b == b'<') { None } else { scan::autolink(bytes) }
}
