//! Links and images: <https://spec.commonmark.org/0.31.2/#links>.

use super::{Barren, DEPTH, GUESSES, Inline, Kind, Mode, Token};
use crate::{
    Element,
    entities::unescape,
    refs::References,
    scan::{self, LABEL, Scan},
};

/// A `[` or `![` that may begin a link or an image.
#[derive(Debug)]
pub(super) struct Bracket {
    pub(super) token: usize,
    /// Where its content begins.
    from: usize,
    /// How many openers there were before it.
    pub(super) bottom: usize,
    /// Another bracket came after it, so its content is not a label.
    nested: bool,
    /// A run in it found no opener inside, but might find one before the bracket.
    pub(super) unmatched: bool,
    /// How deep elements are nested in it, up to its first opener.
    pub(super) depth: usize,
    /// What was known of the openers before it.
    barren: Barren,
}

impl Inline {
    /// Makes a token of the `[` or `![` up to `to`.
    pub(super) fn bracket(&mut self, to: usize) {
        if self.brackets.len() >= DEPTH {
            return self.text_to(to);
        }
        if let Some(outer) = self.brackets.last_mut() {
            outer.nested = true;
        }
        let guess = self.guesses < GUESSES;
        self.guesses += usize::from(guess);
        self.push(Kind::Bracket { image: to - self.at == 2, guess });
        self.brackets.push(Bracket {
            token: self.tokens.len() - 1,
            from: to,
            bottom: self.openers.len(),
            nested: false,
            unmatched: false,
            depth: 0,
            barren: self.barren,
        });
        self.advance(to);
    }

    /// Whether a bracket cannot begin a link, because a link came after it.
    pub(super) fn is_dead(&self, bracket: &Bracket) -> bool {
        self.brackets.len() <= self.dead
            && matches!(self.tokens.get(bracket.token), Some(Token { kind: Kind::Bracket { image: false, .. }, .. }))
    }

    /// The `]` does not end a link: it is text, and so is the innermost bracket.
    pub(super) fn no_link(&mut self) {
        if let Some(bracket) = self.brackets.pop() {
            self.dead = self.dead.min(self.brackets.len());
            self.as_text(bracket.token);
            self.deepen(bracket.depth);
            if bracket.unmatched {
                self.match_again(&bracket);
            }
        }
        let to = self.at + 1;
        self.text_to(to);
    }

    /// Turns a bracket into text.
    pub(super) fn as_text(&mut self, token: usize) {
        if let Some(Token { kind, .. }) = self.tokens.get_mut(token)
            && let Kind::Bracket { image, guess } = *kind
        {
            *kind = Kind::Text(if image { "![" } else { "[" }.to_owned(), 0);
            self.guesses -= usize::from(guess);
            self.mark(token);
        }
    }

    /// A bracket turned out to be text: matches the runs in it again, now with those before it too.
    pub(super) fn match_again(&mut self, bracket: &Bracket) {
        self.kill_above(bracket.bottom);
        self.barren = bracket.barren;
        self.mark(bracket.token);
        let mut links = 0usize;
        let mut token = bracket.token;
        while token < self.tokens.len() {
            self.work.visited();
            let inside = links > 0;
            match self.tokens.get_mut(token).map(|token| &mut token.kind) {
                Some(Kind::Open(_)) => links += 1,
                Some(&mut Kind::Close(depth)) => {
                    links = links.saturating_sub(1);
                    self.deepen(depth);
                }
                Some(Kind::Run(run)) if !inside => {
                    run.reset();
                    self.resolve(token);
                }
                _ => {}
            }
            token += 1;
        }
    }

    /// Looks for the end of a link's target. Returns false if more of the source is needed.
    pub(super) fn target(&mut self, end: usize, last: bool, references: &References) -> bool {
        let mut to = self.look;
        let Mode::Target(target) = &mut self.mode else { return true };
        while to < end {
            self.work.saw(1);
            let byte = self.source.as_bytes().get(to).copied().unwrap_or_default();
            match target.step(byte, to) {
                Scan::More => to += 1,
                Scan::Fail => {
                    self.look = to;
                    self.shortcut(self.at + 1, references);
                    return true;
                }
                Scan::Done => {
                    let (destination, title) = (target.destination, target.title);
                    let destination = unescape(self.slice(destination.0, destination.1));
                    let title = unescape(self.slice(title.0, title.1));
                    self.link(destination, title, to + 1);
                    return true;
                }
            }
        }
        self.look = to;
        if last {
            self.shortcut(self.at + 1, references);
        }
        last
    }

    /// Looks for the end of the second label of a reference link. Returns false if more of the source is needed.
    pub(super) fn label(&mut self, end: usize, last: bool, references: &References) -> bool {
        let from = self.at + 2;
        let mut to = self.look;
        let Mode::Label { escaped, length, blank } = &mut self.mode else { return true };
        let mut valid = true;
        while to < end && valid {
            self.work.saw(1);
            let byte = self.source.as_bytes().get(to).copied().unwrap_or_default();
            if byte == b']' && !*escaped {
                if to == from {
                    self.shortcut(to + 1, references);
                } else if *blank {
                    self.shortcut(self.at + 1, references);
                } else {
                    self.reference(from, to, to + 1, references);
                }
                return true;
            }
            *length += u16::from(byte & 0xc0 != 0x80);
            valid = (byte != b'[' || *escaped) && *length <= LABEL;
            *escaped = byte == b'\\' && !*escaped;
            *blank &= scan::is_space(byte);
            to += 1;
        }
        self.look = to;
        if !valid || last {
            self.shortcut(self.at + 1, references);
        }
        !valid || last
    }

    /// The bracket's content is the label. A link would end at `to`.
    pub(super) fn shortcut(&mut self, to: usize, references: &References) {
        match self.brackets.last() {
            Some(bracket) if !bracket.nested => self.reference(bracket.from, self.at, to, references),
            _ => self.no_link(),
        }
    }

    /// Ends the innermost bracket at `to` as a reference link with this label, or as text.
    fn reference(&mut self, from: usize, label_end: usize, to: usize, references: &References) {
        let label = self.slice(from, label_end);
        if label.len() > 4 * usize::from(LABEL) || label.bytes().all(scan::is_space) {
            return self.no_link();
        }
        let label = label.to_owned();
        if let Some((destination, title)) = references.find(&label, &mut self.work) {
            let (destination, title) = (destination.to_owned(), title.to_owned());
            self.link(destination, title, to);
        } else {
            self.wanted.push(label);
            self.no_link();
        }
    }

    /// Ends the innermost bracket at `to` as a link or an image.
    fn link(&mut self, destination: String, title: String, to: usize) {
        let Some(bracket) = self.brackets.last() else { return };
        let (token, bottom, mut depth, barren) = (bracket.token, bracket.bottom, bracket.depth, bracket.barren);
        let depths = self.openers.get(bottom..).unwrap_or_default().iter().map(|o| o.depth);
        depth = depths.max().unwrap_or(0).max(depth) + 1;
        if depth > DEPTH {
            return self.no_link();
        }
        self.kill_above(bottom);
        self.barren = barren;
        self.brackets.pop();
        self.dead = self.dead.min(self.brackets.len());
        if let Some(Token { kind, .. }) = self.tokens.get_mut(token) {
            let Kind::Bracket { image, guess } = *kind else { return };
            self.guesses -= usize::from(guess);
            if image {
                *kind = Kind::Open(Element::Image { destination, title });
            } else {
                *kind = Kind::Open(Element::Link { destination, title });
                self.dead = self.brackets.len();
            }
        }
        self.mark(token);
        self.deepen(depth);
        self.push(Kind::Close(depth));
        self.advance(to);
    }
}
