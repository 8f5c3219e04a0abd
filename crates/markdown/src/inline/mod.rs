//! The content of a paragraph, heading or cell while it grows.
//!
//! Each byte of the source becomes part of one token. A delimiter run is matched as soon as the character after it is known. A construct that may still
//! fail (a code span, a tag, a link's target) is scanned by a state machine that can pause. If it fails, its first characters become text and scanning
//! continues right after them. Until a construct is certain, it is shown as if it succeeded: see `show`.

mod angle;
mod code;
mod emphasis;
mod links;
mod show;

use std::collections::HashMap;

use crate::{
    Element, Step,
    entities::entity,
    out::Out,
    refs::References,
    scan::{Tag, Target, cut},
    work::Work,
};
use emphasis::{Barren, Opener, Run};
use links::Bracket;
use show::Tail;

/// The limit on how deep elements within a line are nested.
const DEPTH: usize = 100;
/// The limit on how many elements are shown before they are certain.
const GUESSES: usize = 8;
/// How many bytes a leaf may show again before its source has earned any.
const FIRST_CREDIT: usize = 512;

/// Shared by all leaves of a document: the place for their steps, and the data to remember about them.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    pub(crate) out: Out,
    pub(crate) references: References,
    pub(crate) kept: Vec<Kept>,
    pub(crate) work: Work,
}

/// A leaf that may refer to definitions that come later.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) source: String,
    /// Its labels that had no definition when the leaf was closed.
    pub(crate) wanted: Vec<String>,
}

impl Sink {
    /// Closes a leaf whose content ends at `end`.
    pub(crate) fn close(&mut self, mut inline: Inline, end: usize) {
        let end = end.min(inline.source.len());
        inline.end(end, &mut self.out, &self.references);
        self.work.add(inline.work);
        if !inline.wanted.is_empty() {
            self.out.push(Step::Keep);
            inline.source.truncate(end);
            self.kept.push(Kept { source: inline.source, wanted: inline.wanted });
        }
        self.out.close();
    }
}

#[derive(Debug)]
struct Token {
    kind: Kind,
    /// Where its source begins.
    source: usize,
    /// Where its steps begin, once it is shown.
    shown: usize,
}

#[derive(Debug)]
enum Kind {
    /// Text, and how many bytes of it are shown.
    Text(String, usize),
    /// A run of `*`, `_` or `~`.
    Run(Box<Run>),
    /// A `[` or `![` that may begin a link or an image.
    Bracket {
        image: bool,
        /// Whether it is shown as one.
        guess: bool,
    },
    /// A link or an image begins.
    Open(Element),
    /// A link or an image ends; how deep the elements in it are nested, itself included.
    Close(usize),
    /// A complete element and the text in it. The place is where that text begins in the source, if the element may have been shown before it was complete.
    Whole(Element, String, usize),
}

/// What the source at `Inline::at` is being scanned for.
#[derive(Debug, Default)]
enum Mode {
    #[default]
    Plain,
    /// The end of a code span that begins with so many backticks.
    Code(usize),
    /// The end of a tag or an autolink.
    Angle(Tag),
    /// The end of a link's target.
    Target(Box<Target>),
    /// The end of the second label of a reference link.
    Label {
        /// The last byte was a backslash.
        escaped: bool,
        /// In characters.
        length: u16,
        /// There is only white space so far.
        blank: bool,
    },
}

/// The content of one leaf.
#[derive(Debug, Default)]
pub(crate) struct Inline {
    pub(crate) source: String,
    /// The source before this place is in tokens.
    at: usize,
    /// The source before this place was scanned for the construct at `at`.
    look: usize,
    /// Where the scan for the end of a run of backticks, or of an autolink, continues.
    peek: usize,
    mode: Mode,
    tokens: Vec<Token>,
    /// The runs that may still open an element.
    openers: Vec<Opener>,
    /// The brackets that may still begin a link or an image.
    brackets: Vec<Bracket>,
    /// Brackets below this index cannot begin links, because links are not nested.
    dead: usize,
    barren: Barren,
    /// The lengths of runs of backticks, and where the last run of each length is. Complete once a code span has found no end.
    ticks: HashMap<usize, usize>,
    ticks_known: bool,
    /// The ends known not to come in the rest of the leaf: see [`Tag::waits_for`].
    never: u8,
    /// How many elements are shown before they are certain.
    guesses: usize,
    /// What is shown is out of date from this token on.
    dirty: usize,
    /// How many tokens are shown.
    rendered: usize,
    tail: Option<Tail>,
    /// How many bytes may be shown again. The source earns one for each of its bytes, so that showing stays linear.
    credit: usize,
    /// How many bytes of the source have earned theirs.
    credited: usize,
    /// The last places in the source and in the steps at which everything was certain.
    clean: (usize, usize),
    /// The labels that had no definition.
    wanted: Vec<String>,
    pub(crate) work: Work,
}

/// Whether a byte may begin anything but text.
fn is_special(byte: u8) -> bool {
    matches!(byte, b'\\' | b'\n' | b' ' | b'\t' | b'|' | b'`' | b'*' | b'_' | b'~' | b'[' | b']' | b'!' | b'<' | b'&')
}

impl Inline {
    /// A leaf whose steps begin here.
    pub(crate) fn new(out: &Out) -> Self {
        Self { dirty: usize::MAX, credit: FIRST_CREDIT, clean: (0, out.at()), ..Self::default() }
    }

    /// Moves the beginning of the leaf's steps here.
    pub(crate) fn begin(&mut self, out: &Out) {
        self.clean = (0, out.at());
    }

    fn slice(&self, from: usize, to: usize) -> &str {
        cut(&self.source, from, to)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.source.as_bytes().get(at).copied()
    }

    /// Makes tokens of the source up to `end`. If that is the `last` of it, everything becomes tokens.
    pub(crate) fn run(&mut self, end: usize, last: bool, references: &References) {
        while !matches!(self.mode, Mode::Plain) || self.at < end {
            let continues = match self.mode {
                Mode::Plain => self.plain(end, last, references),
                Mode::Code(_) => self.code(end, last),
                Mode::Angle(_) => self.angle(end, last),
                Mode::Target(_) => self.target(end, last, references),
                Mode::Label { .. } => self.label(end, last, references),
            };
            if !continues {
                return;
            }
        }
    }

    /// The end of the run of equal bytes at `at`; `None` if more of them may come.
    fn run_end(&mut self, end: usize, last: bool) -> Option<usize> {
        let byte = self.byte(self.at);
        let from = self.look.max(self.at + 1);
        let mut to = from;
        while to < end && self.byte(to) == byte {
            to += 1;
        }
        self.saw(from, to);
        self.look = to;
        (to < end || last).then_some(to)
    }

    fn saw(&mut self, from: usize, to: usize) {
        self.work.saw(to.saturating_sub(from));
    }

    /// The source up to `to` is in tokens.
    fn advance(&mut self, to: usize) {
        self.at = to;
        self.look = 0;
        self.peek = 0;
        self.mode = Mode::Plain;
    }

    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token { kind, source: self.at, shown: usize::MAX });
    }

    fn text(&mut self, text: &str) {
        if let Some(Token { kind: Kind::Text(before, _), .. }) = self.tokens.last_mut() {
            before.push_str(text);
        } else {
            self.push(Kind::Text(text.to_owned(), 0));
        }
    }

    /// The source up to `to` is text.
    fn text_to(&mut self, to: usize) {
        let text = cut(&self.source, self.at, to);
        if let Some(Token { kind: Kind::Text(before, _), .. }) = self.tokens.last_mut() {
            before.push_str(text);
        } else {
            let text = text.to_owned();
            self.push(Kind::Text(text, 0));
        }
        self.advance(to);
    }

    /// What is shown from this token on is out of date.
    fn mark(&mut self, token: usize) {
        self.dirty = self.dirty.min(token);
    }

    /// Makes the next token. Returns false if more of the source is needed.
    #[allow(clippy::too_many_lines)] // One case for each character.
    fn plain(&mut self, end: usize, last: bool, references: &References) -> bool {
        let at = self.at;
        let next = if at + 1 < end { self.byte(at + 1) } else { None };
        let known = next.is_some() || last;
        self.work.saw(usize::from(self.look <= at));
        match self.byte(at).unwrap_or_default() {
            b'\\' => match next {
                None if !last => return false,
                Some(b'\n') => self.line_break(at + 2),
                Some(byte) if byte.is_ascii_punctuation() => {
                    self.at += 1;
                    self.text_to(at + 2);
                }
                _ => self.text_to(at + 1),
            },
            b'\n' => self.text_to(at + 1),
            b' ' | b'\t' => {
                let from = self.look.max(at + 1);
                let mut to = from;
                while to < end && matches!(self.byte(to), Some(b' ' | b'\t')) {
                    to += 1;
                }
                self.saw(from, to);
                self.look = to;
                if to >= end {
                    if last {
                        self.advance(end);
                    }
                    return last;
                }
                if self.byte(to) != Some(b'\n') {
                    self.text_to(to);
                } else if self.slice(at, to).ends_with("  ") {
                    self.line_break(to + 1);
                } else {
                    self.advance(to);
                }
            }
            b'|' if known => self.text_to(at + 1),
            b'`' => {
                let Some(to) = self.run_end(end, last) else { return false };
                let length = to - at;
                if self.ticks_known && self.ticks.get(&length).is_none_or(|&last| last < to) {
                    self.text_to(to);
                } else {
                    self.look = to;
                    self.peek = to;
                    self.mode = Mode::Code(length);
                }
            }
            b'*' | b'_' | b'~' => {
                let Some(to) = self.run_end(end, last) else { return false };
                self.delimiters(to, end);
            }
            b'[' => self.bracket(at + 1),
            b'!' if known => {
                if next == Some(b'[') {
                    self.bracket(at + 2);
                } else {
                    self.text_to(at + 1);
                }
            }
            b']' => match self.brackets.last() {
                None => self.text_to(at + 1),
                Some(bracket) if self.is_dead(bracket) => self.no_link(),
                _ if !known => return false,
                _ => match next {
                    Some(b'(') => {
                        self.look = at + 2;
                        self.mode = Mode::Target(Box::new(Target::link(at + 2)));
                    }
                    // Without definitions no label needs to be read.
                    Some(b'[') if !references.is_empty() => {
                        self.look = at + 2;
                        self.mode = Mode::Label { escaped: false, length: 0, blank: true };
                    }
                    _ => self.shortcut(at + 1, references),
                },
            },
            b'<' => {
                self.look = at + 1;
                self.mode = Mode::Angle(Tag::new(self.never));
            }
            b'&' => {
                let from = self.look.max(at + 1);
                let mut to = from;
                while to < end && to - at < 40 && self.byte(to).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'#')
                {
                    to += 1;
                }
                self.saw(from, to);
                self.look = to;
                if to >= end && !last && to - at < 40 {
                    return false;
                }
                let resolved =
                    if to < end && self.byte(to) == Some(b';') { entity(self.slice(at + 1, to)) } else { None };
                match resolved {
                    Some(text) => {
                        self.text(&text);
                        self.advance(to + 1);
                    }
                    None => self.text_to(at + 1),
                }
            }
            b'!' | b'|' => return false,
            _ => {
                let mut to = at + 1;
                while to < end && self.byte(to).is_some_and(|byte| !is_special(byte)) {
                    to += 1;
                }
                self.saw(at + 1, to);
                self.text_to(to);
            }
        }
        true
    }

    fn line_break(&mut self, to: usize) {
        self.push(Kind::Whole(Element::Break, String::new(), usize::MAX));
        self.advance(to);
    }

    /// Ends the leaf at `end`: everything is certain and shown, and the leaf's element can be closed.
    pub(crate) fn end(&mut self, end: usize, out: &mut Out, references: &References) {
        self.run(end, true, references);
        let brackets = std::mem::take(&mut self.brackets);
        for bracket in &brackets {
            self.as_text(bracket.token);
        }
        if let Some(first) = brackets.first()
            && brackets.iter().any(|bracket| bracket.unmatched)
        {
            self.match_again(first);
        }
        self.kill_above(0);
        self.render(out, true);
    }

    /// Makes the steps final and forgets the tokens, if nothing can change them any more.
    pub(crate) fn settle(&mut self, out: &mut Out) {
        let read = self.at == self.source.len() || self.look >= self.source.len() && self.byte(self.at) == Some(b' ');
        let shown = match self.tokens.last() {
            Some(Token { kind: Kind::Text(text, shown), .. }) => text.len() == *shown,
            _ => true,
        };
        let plain = matches!(self.mode, Mode::Plain) && self.dirty == usize::MAX;
        if plain && read && shown && self.openers.is_empty() && self.brackets.is_empty() {
            self.tokens.clear();
            self.rendered = 0;
            self.barren = Default::default();
            self.dead = 0;
            self.clean = (self.at, out.at());
            out.settle();
        }
    }

    /// Undoes the steps back to where everything was certain, and keeps the source up to `to`.
    pub(crate) fn rewind(&mut self, to: usize, out: &mut Out) {
        let mut source = std::mem::take(&mut self.source);
        source.truncate(to);
        out.back_to(self.clean.1);
        *self = Self {
            source,
            at: self.clean.0,
            clean: self.clean,
            dirty: usize::MAX,
            wanted: std::mem::take(&mut self.wanted),
            work: self.work,
            ..Self::default()
        };
    }
}
