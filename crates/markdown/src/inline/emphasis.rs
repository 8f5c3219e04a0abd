//! Emphasis, strong emphasis and strikethrough: delimiter runs, matched as the source grows.
//! <https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis>

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::{DEPTH, GUESSES, Inline, Kind, Token};
use crate::Element;

/// An element that a delimiter run opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Emphasis,
    Strong,
    Strike,
}

impl From<Mark> for Element {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Emphasis => Self::Emphasis,
            Mark::Strong => Self::Strong,
            Mark::Strike => Self::Strike,
        }
    }
}

/// A run of `*`, `_` or `~`.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // Four independent facts.
pub(super) struct Run {
    pub(super) byte: u8,
    pub(super) length: usize,
    opens: bool,
    closes: bool,
    /// How many of its bytes are not matched yet.
    pub(super) left: usize,
    /// Whether it may still open an element.
    pub(super) live: bool,
    /// Whether it is shown as if what is left opened elements.
    pub(super) guess: bool,
    /// How many elements it closes.
    pub(super) closed: usize,
    /// The elements it opens, the innermost first.
    pub(super) opened: Vec<Mark>,
}

impl Run {
    /// The elements it is shown to open, the outermost first.
    pub(super) fn shown(&self) -> Vec<Mark> {
        let mut shown = vec![];
        if self.guess && self.live {
            if self.byte == b'~' {
                shown.push(Mark::Strike);
            } else {
                if self.left % 2 == 1 {
                    shown.push(Mark::Emphasis);
                }
                shown.resize(shown.len() + self.left / 2, Mark::Strong);
            }
        }
        shown.extend(self.opened.iter().rev());
        shown
    }

    /// Makes it unmatched again.
    pub(super) fn reset(&mut self) {
        self.left = self.length;
        self.closed = 0;
        self.opened.clear();
    }
}

/// A run that may still open an element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opener {
    token: usize,
    /// How deep elements are nested between it and the next opener.
    pub(super) depth: usize,
}

/// For each kind of closing run, a range of openers of which none matches it. A search skips them, so that runs that never match stay cheap.
pub(super) type Barren = [(usize, usize); 18];

/// Unicode white space as `CommonMark` defines it: category Zs, tab, line feed, form feed, carriage return.
fn is_white_space(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{c}' | '\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// Unicode punctuation as `CommonMark` defines it: categories P and S.
fn is_punctuation(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_punctuation();
    }
    matches!(c.general_category_group(), GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Symbol)
}

impl Inline {
    /// Makes a token of the delimiter run up to `to` and matches it: <https://spec.commonmark.org/0.31.2/#delimiter-run>.
    pub(super) fn delimiters(&mut self, to: usize, end: usize) {
        let at = self.at;
        let byte = self.byte(at).unwrap_or_default();
        let length = to - at;
        if byte == b'~' && length > 2 {
            return self.text_to(to);
        }
        // The beginning and the end of the leaf count as white space.
        let class = |c: Option<char>| c.map_or((true, false), |c| (is_white_space(c), is_punctuation(c)));
        let (space_before, punctuation_before) = class(self.slice(0, at).chars().next_back());
        let (space_after, punctuation_after) = class(self.slice(to, end).chars().next());
        let left_flanking = !space_after && (!punctuation_after || space_before || punctuation_before);
        let right_flanking = !space_before && (!punctuation_before || space_after || punctuation_after);
        let (opens, closes) = if byte == b'_' {
            (
                left_flanking && (!right_flanking || punctuation_before),
                right_flanking && (!left_flanking || punctuation_after),
            )
        } else {
            (left_flanking, right_flanking)
        };
        if !opens && !closes {
            return self.text_to(to);
        }
        self.push(Kind::Run(Box::new(Run { byte, length, opens, closes, left: length, ..Run::default() })));
        self.advance(to);
        self.resolve(self.tokens.len() - 1);
    }

    fn run_at(&mut self, token: usize) -> Option<&mut Run> {
        match self.tokens.get_mut(token) {
            Some(Token { kind: Kind::Run(run), .. }) => Some(run),
            _ => None,
        }
    }

    /// The openers from this index on are inside the innermost bracket.
    pub(super) fn bottom(&self) -> usize {
        self.brackets.last().map_or(0, |bracket| bracket.bottom)
    }

    /// A run opens no more elements.
    fn kill(&mut self, token: usize) {
        self.work.visited();
        let Some(run) = self.run_at(token) else { return };
        run.live = false;
        if run.guess {
            run.guess = false;
            self.guesses -= 1;
            self.mark(token);
        }
    }

    /// Drops the openers from an index on.
    pub(super) fn kill_above(&mut self, index: usize) {
        while self.openers.len() > index {
            if let Some(opener) = self.openers.pop() {
                self.kill(opener.token);
            }
        }
        self.forget_barren(index);
    }

    /// Only so many openers are left.
    fn forget_barren(&mut self, count: usize) {
        for range in &mut self.barren {
            range.1 = range.1.min(count);
            range.0 = range.0.min(count);
        }
    }

    /// Elements nested so deep end here, inside the innermost opener or bracket.
    pub(super) fn deepen(&mut self, depth: usize) {
        let bottom = self.bottom();
        if self.openers.len() > bottom {
            if let Some(opener) = self.openers.last_mut() {
                opener.depth = opener.depth.max(depth);
            }
        } else if let Some(bracket) = self.brackets.last_mut() {
            bracket.depth = bracket.depth.max(depth);
        }
    }

    /// Matches a run with the openers before it, and makes an opener of what is left.
    pub(super) fn resolve(&mut self, token: usize) {
        let bottom = self.bottom();
        let Some(run) = self.run_at(token) else { return };
        let (byte, length, opens, closes) = (run.byte, run.length, run.opens, run.closes);
        let kind = match byte {
            b'*' => 0,
            b'_' => 6,
            _ => 12,
        } + length % 3 * 2
            + usize::from(opens);
        let mut left = run.left;
        while closes && left > 0 {
            let mut index = self.openers.len();
            let (low, high) = self.barren.get(kind).map_or((0, 0), |&(low, high)| (low, high.min(index)));
            let mut found = None;
            while index > bottom {
                if index <= high && index > low {
                    index = low;
                    continue;
                }
                index -= 1;
                self.work.visited();
                let Some(opener) = self.openers.get(index).map(|opener| opener.token) else { break };
                let Some(other) = self.run_at(opener) else { continue };
                let fits = if byte == b'~' {
                    other.length == length
                } else {
                    !((other.closes || opens) && (other.length + length) % 3 == 0 && length % 3 != 0)
                };
                if other.byte == byte && fits {
                    found = Some((index, opener));
                    break;
                }
            }
            let depth = |index: usize| {
                1 + self.openers.get(index..).unwrap_or_default().iter().map(|o| o.depth).max().unwrap_or(0)
            };
            // If the match would nest too deep, any before it would too.
            let found = found.map(|(index, opener)| (index, opener, depth(index)));
            let Some((index, opener, depth)) = found.filter(|&(_, _, depth)| depth <= DEPTH) else {
                let top = self.openers.len();
                if let Some(range) = self.barren.get_mut(kind) {
                    let joins = range.0 <= bottom && bottom <= range.1;
                    *range = (if joins { range.0 } else { bottom }, top);
                }
                if let Some(bracket) = self.brackets.last_mut() {
                    bracket.unmatched = true;
                }
                break;
            };
            self.kill_above(index + 1);
            let Some(other) = self.run_at(opener) else { break };
            let before = other.shown();
            let used = match byte {
                b'~' => length,
                _ if other.left >= 2 && left >= 2 => 2,
                _ => 1,
            };
            other.opened.push(match (byte, used) {
                (b'~', _) => Mark::Strike,
                (_, 2) => Mark::Strong,
                _ => Mark::Emphasis,
            });
            other.left -= used;
            let empty = other.left == 0;
            let changed = other.shown() != before;
            let guess = other.guess;
            if empty {
                other.live = false;
                other.guess = false;
                self.guesses -= usize::from(guess);
                self.openers.truncate(index);
                self.forget_barren(index);
                self.deepen(depth);
            } else if let Some(entry) = self.openers.get_mut(index) {
                entry.depth = depth;
            }
            if changed {
                self.mark(opener);
            }
            left -= used;
            if let Some(run) = self.run_at(token) {
                run.left = left;
                run.closed += 1;
            }
        }
        if opens && left > 0 {
            let guess = self.guesses < GUESSES && left <= 3;
            self.guesses += usize::from(guess);
            if let Some(run) = self.run_at(token) {
                run.live = true;
                run.guess = guess;
            }
            self.openers.push(Opener { token, depth: 0 });
        }
    }
}
