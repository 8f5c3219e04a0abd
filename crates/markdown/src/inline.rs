//! What is inside a paragraph, heading or cell, while its text grows.
//!
//! Every byte becomes part of a token once. Tokens of delimiters are matched as soon as what follows them is known, and shown as if they were matched
//! before that. A construct that may still fail (code, a tag, a link's target) is scanned by a machine that goes on where it stopped; when it fails, its
//! first characters are text and scanning goes on right after them.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

use super::{
    Element, Step,
    entities::{entity, unescape},
    out::Out,
    refs::References,
    scan::{self, LABEL, Scan, Tag, Target, cut},
};

/// How deep elements within a line may be nested.
const DEPTH: usize = 100;
/// How many elements may be shown before they are certain.
const GUESSES: usize = 8;

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
    /// Text, and how much of it is shown.
    Text(String, usize),
    Run(Box<Run>),
    /// A bracket that may become a link or an image: whether it is an image, whether it is shown as one.
    Bracket {
        image: bool,
        guess: bool,
    },
    Open(Element),
    /// A link's end; how deep elements are nested in it.
    Close(usize),
    /// An element, the text in it, and where that stands in the source if it was perhaps shown before it was whole.
    Whole(Element, String, usize),
}

/// A run of `*`, `_` or `~`.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools)] // Four things that are so or not.
struct Run {
    byte: u8,
    length: usize,
    opens: bool,
    closes: bool,
    /// How many are not used yet.
    left: usize,
    /// May still open something.
    live: bool,
    guess: bool,
    /// How many elements it closes.
    closed: usize,
    /// The elements it opens, the innermost first: 1 emphasis, 2 strong, 3 struck through.
    opened: Vec<u8>,
}

impl Run {
    /// The elements it is shown to open, the outermost first.
    fn shown(&self) -> Vec<u8> {
        let mut shown = vec![];
        if self.guess && self.live {
            if self.byte == b'~' {
                shown.push(3);
            } else {
                if self.left % 2 == 1 {
                    shown.push(1);
                }
                shown.resize(shown.len() + self.left / 2, 2);
            }
        }
        shown.extend(self.opened.iter().rev());
        shown
    }
}

#[derive(Debug, Clone, Copy)]
struct Opener {
    token: usize,
    /// How deep elements are nested after it, up to the next opener.
    depth: usize,
}

#[derive(Debug)]
struct Bracket {
    token: usize,
    /// Where its content begins.
    from: usize,
    /// How many openers stood before it.
    bottom: usize,
    /// Another bracket came after it.
    nested: bool,
    /// A run in it found no opener here, but might have one before the bracket.
    unmatched: bool,
    depth: usize,
    /// What was known of the openers before it.
    barren: Barren,
}

/// For each kind of closing run: no opener for it is at these indices.
type Barren = [(usize, usize); 18];

#[derive(Debug, Default)]
enum Mode {
    #[default]
    Plain,
    /// A code span from a run of so many backticks, which begins at `at`.
    Code(usize),
    Angle(Tag),
    Target(Box<Target>),
    /// A link's second label; whether a backslash came last; how long it is; whether it is blank.
    Label(bool, u16, bool),
}

/// An unfinished code span or tag that is shown.
#[derive(Debug, Clone, Copy)]
struct Tail {
    /// Where it begins in the source.
    source: usize,
    /// Where its steps begin.
    shown: usize,
    /// The part of the source that is its text.
    from: usize,
    to: usize,
}

/// What a leaf needs to know of the rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) references: &'a References,
}

/// Work done, in bytes looked at and tokens visited.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    pub(super) bytes: u64,
    pub(super) tokens: u64,
}

/// Counted for the tests only.
impl Work {
    pub(super) fn saw(&mut self, bytes: usize) {
        if cfg!(test) {
            self.bytes += bytes as u64;
        }
    }

    fn visited(&mut self) {
        if cfg!(test) {
            self.tokens += 1;
        }
    }

    pub(super) fn add(&mut self, more: Work) {
        if cfg!(test) {
            self.bytes += more.bytes;
            self.tokens += more.tokens;
        }
    }
}

/// The content of one leaf.
#[derive(Debug, Default)]
pub(super) struct Inline {
    pub(super) source: String,
    /// Up to here the source is in tokens.
    at: usize,
    /// Up to here it was looked at, and in a run of backticks up to `peek`.
    look: usize,
    peek: usize,
    mode: Mode,
    tokens: Vec<Token>,
    openers: Vec<Opener>,
    brackets: Vec<Bracket>,
    /// Below this index brackets cannot be links, as a link came after them.
    dead: usize,
    barren: Barren,
    /// Of runs of so many backticks, where the last one is. Known once a code span has found no end.
    ticks: Vec<(usize, usize)>,
    ticks_known: bool,
    /// The ends of tags that are known not to come any more.
    never: u8,
    guesses: usize,
    /// From this token on what is shown is not right any more.
    dirty: usize,
    /// So many tokens are shown.
    rendered: usize,
    tail: Option<Tail>,
    /// How many bytes may be shown again.
    credit: usize,
    credited: usize,
    /// Where the source and the steps were certain.
    clean: (usize, usize),
    /// Labels that no definition was known for.
    pub(super) wanted: Vec<String>,
    pub(super) work: Work,
}

fn special(byte: u8) -> bool {
    matches!(byte, b'\\' | b'\n' | b' ' | b'\t' | b'|' | b'`' | b'*' | b'_' | b'~' | b'[' | b']' | b'!' | b'<' | b'&')
}

/// What Unicode calls punctuation or a symbol, which is what CommonMark calls punctuation.
fn is_punctuation(c: char) -> bool {
    matches!(c.general_category_group(), GeneralCategoryGroup::Punctuation | GeneralCategoryGroup::Symbol)
}

fn white(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\u{c}' | '\r' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

impl Inline {
    /// A leaf whose steps begin here.
    pub(super) fn new(out: &Out) -> Self {
        Self { dirty: usize::MAX, credit: 512, clean: (0, out.at()), ..Self::default() }
    }

    /// Its steps begin here only now.
    pub(super) fn begin(&mut self, out: &Out) {
        self.clean = (0, out.at());
    }

    fn slice(&self, from: usize, to: usize) -> &str {
        cut(&self.source, from, to)
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.source.as_bytes().get(at).copied()
    }

    /// Makes tokens of the source up to `end`; if it is the last of it, all of them.
    pub(super) fn run(&mut self, end: usize, last: bool, context: Context) {
        while !matches!(self.mode, Mode::Plain) || self.at < end {
            let go_on = match self.mode {
                Mode::Plain => self.plain(end, last, context),
                Mode::Code(_) => self.code(end, last),
                Mode::Angle(_) => self.angle(end, last),
                Mode::Target(_) => self.target(end, last, context),
                Mode::Label(..) => self.label(end, last, context),
            };
            if !go_on {
                return;
            }
        }
    }

    /// The end of the run of bytes like the one at `at`; `None` if more may come.
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

    #[inline(never)]
    fn advance(&mut self, to: usize) {
        self.at = to;
        self.look = 0;
        self.peek = 0;
        self.mode = Mode::Plain;
    }

    #[inline(never)]
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

    #[allow(clippy::too_many_lines)] // One case a character.
    fn plain(&mut self, end: usize, last: bool, context: Context) -> bool {
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
                if self.ticks_known && !self.ticks.iter().any(|&(run, position)| run == length && position >= to) {
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
                    // Where nothing is defined, no label needs to be read.
                    Some(b'[') if !context.references.is_empty() => {
                        self.look = at + 2;
                        self.mode = Mode::Label(false, 0, true);
                    }
                    _ => self.shortcut(at + 1, context),
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
                while to < end && self.byte(to).is_some_and(|byte| !special(byte)) {
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

    // Code spans

    fn code(&mut self, end: usize, last: bool) -> bool {
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
                match self.ticks.iter_mut().find(|(known, _)| *known == run) {
                    Some((_, position)) => *position = self.look,
                    None => self.ticks.push((run, self.look)),
                }
            }
            self.look = to;
        }
        if last {
            self.ticks_known = true;
            self.text_to(body);
        }
        last
    }

    // Tags and addresses

    fn angle(&mut self, end: usize, last: bool) -> bool {
        let (at, look) = (self.at, self.look);
        let Mode::Angle(tag) = &mut self.mode else { return true };
        let bytes = self.source.as_bytes();
        // An address has no space in it: it is over when a tag is, or at the first `>`.
        let mut to = look;
        while to < end {
            let byte = bytes.get(to).copied().unwrap_or_default();
            let scan = tag.step(byte);
            if scan == Scan::Fail {
                // From here on it can only be an address, and that only if no space came before.
                self.saw(look, to);
                return self.address(end, last, to);
            }
            to += 1;
            if byte == b'>' && scan == Scan::More && !tag.spaced {
                // A comment, say, that is not over; but an address may be.
                tag.spaced = true;
                if let Some(mail) = address_kind(self.source.get(at + 1..to - 1).unwrap_or_default()) {
                    self.saw(look, to);
                    self.autolink(mail, to);
                    return true;
                }
            }
            if scan == Scan::Done {
                self.saw(look, to);
                let inner = self.slice(at + 1, to - 1);
                if let Some(mail) = address_kind(inner) {
                    self.autolink(mail, to);
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

    /// What begins with `<` and is no tag: an address, or text.
    fn address(&mut self, end: usize, last: bool, mut to: usize) -> bool {
        let at = self.at;
        // The machine stays in its failed part; `peek` is where the search for the end goes on.
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
                        Some(mail) => self.autolink(mail, to + 1),
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

    fn autolink(&mut self, mail: bool, to: usize) {
        let text = self.slice(self.at + 1, to - 1).to_owned();
        let destination = if mail { ["mailto:", &text].concat() } else { text.clone() };
        self.push(Kind::Whole(Element::Link { destination, title: String::new() }, text, usize::MAX));
        self.advance(to);
    }

    // Emphasis

    fn delimiters(&mut self, to: usize, end: usize) {
        let at = self.at;
        let byte = self.byte(at).unwrap_or_default();
        let length = to - at;
        if byte == b'~' && length > 2 {
            return self.text_to(to);
        }
        let class = |c: Option<char>| match c {
            None => (true, false),
            Some(c) if white(c) => (true, false),
            Some(c) if c.is_ascii() => (false, c.is_ascii_punctuation()),
            Some(c) => (false, is_punctuation(c)),
        };
        let (white_before, mark_before) = class(self.slice(0, at).chars().next_back());
        let (white_after, mark_after) = class(self.slice(to, end).chars().next());
        let left = !white_after && (!mark_after || white_before || mark_before);
        let right = !white_before && (!mark_before || white_after || mark_after);
        let (opens, closes) = if byte == b'_' {
            (left && (!right || mark_before), right && (!left || mark_after))
        } else {
            (left, right)
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

    fn bottom(&self) -> usize {
        self.brackets.last().map_or(0, |bracket| bracket.bottom)
    }

    fn mark(&mut self, token: usize) {
        self.dirty = self.dirty.min(token);
    }

    /// It opens nothing any more.
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

    fn kill_above(&mut self, index: usize) -> usize {
        let mut depth = 0;
        while self.openers.len() > index {
            if let Some(opener) = self.openers.pop() {
                depth = depth.max(opener.depth);
                self.kill(opener.token);
            }
        }
        self.forget_barren(index);
        depth
    }

    /// There are only so many openers any more.
    fn forget_barren(&mut self, count: usize) {
        for range in &mut self.barren {
            range.1 = range.1.min(count);
            range.0 = range.0.min(count);
        }
    }

    /// Elements nested so deep ended here.
    fn deepen(&mut self, depth: usize) {
        let bottom = self.bottom();
        if self.openers.len() > bottom {
            if let Some(opener) = self.openers.last_mut() {
                opener.depth = opener.depth.max(depth);
            }
        } else if let Some(bracket) = self.brackets.last_mut() {
            bracket.depth = bracket.depth.max(depth);
        }
    }

    /// Matches a run with the openers before it, and makes it one.
    fn resolve(&mut self, token: usize) {
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
            // Before one that is too far out, all are.
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
            other.opened.push(if byte == b'~' { 3 } else { u8::from(used == 2) + 1 });
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

    // Links

    fn bracket(&mut self, to: usize) {
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

    fn is_dead(&self, bracket: &Bracket) -> bool {
        self.brackets.len() <= self.dead
            && matches!(self.tokens.get(bracket.token), Some(Token { kind: Kind::Bracket { image: false, .. }, .. }))
    }

    /// The bracket's `]` makes no link: both are text.
    fn no_link(&mut self) {
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

    fn as_text(&mut self, token: usize) {
        if let Some(Token { kind, .. }) = self.tokens.get_mut(token)
            && let Kind::Bracket { image, guess } = *kind
        {
            *kind = Kind::Text(if image { "![" } else { "[" }.to_owned(), 0);
            self.guesses -= usize::from(guess);
            self.mark(token);
        }
    }

    /// A bracket turned out to be text: what is in it may be matched with what stands before it.
    fn match_again(&mut self, bracket: &Bracket) {
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
                    run.left = run.length;
                    run.closed = 0;
                    run.opened.clear();
                    self.resolve(token);
                }
                _ => {}
            }
            token += 1;
        }
    }

    fn target(&mut self, end: usize, last: bool, context: Context) -> bool {
        let mut to = self.look;
        let Mode::Target(target) = &mut self.mode else { return true };
        while to < end {
            self.work.saw(1);
            let byte = self.source.as_bytes().get(to).copied().unwrap_or_default();
            match target.step(byte, to) {
                Scan::More => to += 1,
                Scan::Fail => {
                    self.look = to;
                    self.shortcut(self.at + 1, context);
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
            self.shortcut(self.at + 1, context);
        }
        last
    }

    fn label(&mut self, end: usize, last: bool, context: Context) -> bool {
        let from = self.at + 2;
        let mut to = self.look;
        let Mode::Label(escaped, length, blank) = &mut self.mode else { return true };
        let mut valid = true;
        while to < end && valid {
            self.work.saw(1);
            let byte = self.source.as_bytes().get(to).copied().unwrap_or_default();
            if byte == b']' && !*escaped {
                if to == from {
                    self.shortcut(to + 1, context);
                } else if *blank {
                    self.shortcut(self.at + 1, context);
                } else {
                    self.reference(from, to, to + 1, context);
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
            self.shortcut(self.at + 1, context);
        }
        !valid || last
    }

    /// The bracket's own content is the label.
    fn shortcut(&mut self, to: usize, context: Context) {
        match self.brackets.last() {
            Some(bracket) if !bracket.nested => self.reference(bracket.from, self.at, to, context),
            _ => self.no_link(),
        }
    }

    fn reference(&mut self, from: usize, label_end: usize, to: usize, context: Context) {
        let label = self.slice(from, label_end);
        if label.len() > 4 * usize::from(LABEL) || label.bytes().all(scan::is_space) {
            return self.no_link();
        }
        let label = label.to_owned();
        if let Some((destination, title)) = context.references.find(&label, &mut self.work) {
            let (destination, title) = (destination.to_owned(), title.to_owned());
            self.link(destination, title, to);
        } else {
            self.wanted.push(label);
            self.no_link();
        }
    }

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

    // Showing

    /// Brings the steps up to what the tokens are.
    pub(super) fn render(&mut self, out: &mut Out, last: bool) {
        self.credit += self.source.len() - self.credited;
        self.credited = self.source.len();
        if self.dirty < self.rendered {
            let (source, shown) = self.tokens.get(self.dirty).map_or((0, 0), |token| (token.source, token.shown));
            let cost = self.at - source;
            if cost > self.credit && !last {
                return;
            }
            self.credit = self.credit.saturating_sub(cost);
            self.hide_tail(out);
            out.back_to(shown);
            self.rendered = self.dirty;
        }
        self.dirty = usize::MAX;
        let guess = if last { None } else { self.guess() };
        self.finish_tail(out, guess.as_ref().map(|&(_, from, _)| from));
        let count = self.tokens.len();
        let follows = last || guess.is_some() || self.rendered < count;
        if let Some(Token { kind: Kind::Text(text, shown), .. }) = self.tokens.get_mut(self.rendered.wrapping_sub(1)) {
            show_text(out, text, shown, follows);
        }
        for index in self.rendered..count {
            self.work.visited();
            let Some(token) = self.tokens.get_mut(index) else { break };
            token.shown = out.at();
            match &mut token.kind {
                Kind::Text(text, shown) => {
                    *shown = 0;
                    show_text(out, text, shown, last || guess.is_some() || index + 1 < count);
                }
                Kind::Run(run) => show_run(out, run),
                Kind::Bracket { image, guess: true } => {
                    let (destination, title) = (String::new(), String::new());
                    out.open(if *image {
                        Element::Image { destination, title }
                    } else {
                        Element::Link { destination, title }
                    });
                }
                Kind::Bracket { image, guess: false } => {
                    out.push(Step::Text(if *image { "![" } else { "[" }.to_owned()));
                }
                Kind::Open(element) => out.open(element.clone()),
                Kind::Close(_) => out.close(),
                Kind::Whole(element, text, _) => {
                    out.open(element.clone());
                    if !text.is_empty() {
                        out.push(Step::Text(text.clone()));
                    }
                    out.close();
                }
            }
        }
        self.rendered = count;
        if let Some((code, from, to)) = guess {
            let mut tail = self.tail.unwrap_or(Tail { source: self.at, shown: out.at(), from, to: from });
            if self.tail.is_none() {
                out.open(if code { Element::CodeSpan } else { Element::InlineHtml });
            }
            if to > tail.to {
                let more = self.slice(tail.to, to);
                out.push(Step::Text(if code { in_one_line(more) } else { more.to_owned() }));
                tail.to = to;
            }
            self.tail = Some(tail);
        }
    }

    /// Whether an unfinished code span is shown, or an unfinished tag; and which part of the source.
    fn guess(&self) -> Option<(bool, usize, usize)> {
        match &self.mode {
            Mode::Code(length) => {
                let body = self.at + length;
                let space = |at: usize| usize::from(self.byte(at).is_some_and(scan::is_space));
                let from = (body + space(body)).min(self.look);
                let to = self.look - space(self.look.saturating_sub(1));
                Some((true, from, to.max(from)))
            }
            Mode::Angle(tag) if tag.spaced => Some((false, self.at, self.look)),
            _ => None,
        }
    }

    fn hide_tail(&mut self, out: &mut Out) {
        if let Some(tail) = self.tail.take() {
            out.back_to(tail.shown);
        }
    }

    /// The guessed element is whole now, or goes on, or was none.
    fn finish_tail(&mut self, out: &mut Out, guess: Option<usize>) {
        let Some(tail) = self.tail else { return };
        if guess == Some(tail.from) && self.at == tail.source {
            return;
        }
        if let Some(Token { kind: Kind::Whole(_, text, from), source, shown }) = self.tokens.get_mut(self.rendered)
            && *source == tail.source
            && *from == tail.from
            && let Some(more) = text.get(tail.to - tail.from..)
        {
            if !more.is_empty() {
                out.push(Step::Text(more.to_owned()));
            }
            out.close();
            *shown = tail.shown;
            self.rendered += 1;
            self.tail = None;
            return;
        }
        self.hide_tail(out);
    }

    /// The end of the leaf's source: everything is certain, shown, and its element can be closed.
    pub(super) fn end(&mut self, end: usize, out: &mut Out, context: Context) {
        self.run(end, true, context);
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

    /// If nothing can change any more, forgets the tokens.
    pub(super) fn settle(&mut self, out: &mut Out) {
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

    /// Goes back to where everything was certain, with the source up to `to`.
    pub(super) fn rewind(&mut self, to: usize, out: &mut Out) {
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

fn address_kind(inner: &str) -> Option<bool> {
    let bytes = inner.as_bytes();
    if bytes.iter().any(|&b| b <= b' ' || b == b'<') { None } else { scan::autolink(bytes) }
}

/// Shows what of a text is not shown yet; a little white space at its end only if something follows.
fn show_text(out: &mut Out, text: &str, shown: &mut usize, all: bool) {
    let mut to = text.len();
    while !all
        && to > *shown
        && text.len() - to < 4
        && matches!(text.as_bytes().get(to - 1), Some(b' ' | b'\n' | b'\t'))
    {
        to -= 1;
    }
    if let Some(more) = text.get(*shown..to).filter(|more| !more.is_empty()) {
        out.push(Step::Text(more.to_owned()));
        *shown = to;
    }
}

fn show_run(out: &mut Out, run: &Run) {
    for _ in 0..run.closed {
        out.close();
    }
    if run.left > 0 && !(run.live && run.guess) {
        let mut text = String::new();
        for _ in 0..run.left {
            text.push(char::from(run.byte));
        }
        out.push(Step::Text(text));
    }
    for kind in run.shown() {
        out.open(match kind {
            1 => Element::Emphasis,
            2 => Element::Strong,
            _ => Element::Strike,
        });
    }
}

/// A code span's text: line ends are spaces, one space at both ends is left out.
fn code_text(source: &str) -> String {
    let mut text = in_one_line(source);
    let blank = text.bytes().all(|b| b == b' ');
    if !blank && text.starts_with(' ') && text.ends_with(' ') {
        text.pop();
        text.remove(0);
    }
    text
}

fn in_one_line(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    for c in source.chars() {
        text.push(if c == '\n' { ' ' } else { c });
    }
    text
}
