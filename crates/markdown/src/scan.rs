//! State machines that take one byte at a time and find where a link's target, a link reference definition or an HTML tag ends. Because they can
//! pause after any byte, no part of a growing text is scanned twice.

/// What a state machine says after a byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The construct may still come; more bytes are needed.
    More,
    /// The text is not this construct.
    Fail,
    /// The construct ends with this byte.
    Done,
}
use Scan::{Done, Fail, More};

/// Part of a text; empty where slicing would panic. A bug in the bookkeeping of places must not crash the caller.
pub(crate) fn cut(text: &str, from: usize, to: usize) -> &str {
    text.get(from..to).unwrap_or_default()
}

/// A text from a place on; empty where slicing would panic.
pub(crate) fn tail(text: &str, from: usize) -> &str {
    text.get(from..).unwrap_or_default()
}

/// The characters that Markdown trims from a line: `str::trim` would trim more.
const BLANKS: [char; 2] = [' ', '\t'];

pub(crate) fn trim_start(text: &str) -> &str {
    text.trim_start_matches(BLANKS)
}

pub(crate) fn trim_end(text: &str) -> &str {
    text.trim_end_matches(BLANKS)
}

pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(BLANKS)
}

pub(crate) fn is_blank(text: &str) -> bool {
    trim_start(text).is_empty()
}

pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// In a definition's label.
    Label,
    /// After the label's `]`.
    Colon,
    /// Before the destination.
    Before,
    /// In a destination between `<` and `>`.
    Angle,
    /// In a destination without them.
    Bare,
    /// After the destination's `>`, where white space must follow.
    After,
    /// After the destination, where a title may begin.
    Gap,
    Title,
    /// After the title.
    End,
}

/// Scans the target of an inline link, from after its `(` to its `)`; or a link reference definition, from after its `[` to the end of its last line.
///
/// Places are byte offsets in the leaf's source.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    stage: Stage,
    /// Whether it is a definition and not a link.
    definition: bool,
    /// The last byte was a backslash.
    escaped: bool,
    /// The label has only white space so far.
    blank: bool,
    /// Parentheses open in a bare destination.
    depth: u8,
    /// What closes the title.
    quote: u8,
    /// The label's length so far, in characters.
    length: u16,
    pub(crate) label: (usize, usize),
    pub(crate) destination: (usize, usize),
    pub(crate) title: (usize, usize),
    /// Where a definition ends if what follows is not its title.
    pub(crate) whole: Option<usize>,
}

/// The longest label, in characters.
pub(crate) const LABEL: u16 = 999;

impl Target {
    /// A link whose target begins at a place.
    pub(crate) fn link(at: usize) -> Self {
        Self {
            stage: Stage::Before,
            definition: false,
            escaped: false,
            blank: true,
            depth: 0,
            quote: 0,
            length: 0,
            label: (at, at),
            destination: (at, at),
            title: (at, at),
            whole: None,
        }
    }

    /// A definition whose label begins at a place.
    pub(crate) fn definition(at: usize) -> Self {
        Self { stage: Stage::Label, definition: true, ..Self::link(at) }
    }

    /// Takes the byte at a place.
    #[allow(clippy::too_many_lines)] // One case a stage.
    pub(crate) fn step(&mut self, byte: u8, at: usize) -> Scan {
        if self.escaped {
            self.escaped = false;
            if byte.is_ascii_punctuation() {
                return More;
            }
        }
        if byte == b'\\' && matches!(self.stage, Stage::Label | Stage::Angle | Stage::Bare | Stage::Title) {
            self.escaped = true;
            self.blank = false;
            return self.count(byte);
        }
        match self.stage {
            Stage::Label => match byte {
                b'[' => return Fail,
                b']' => {
                    self.label.1 = at;
                    self.stage = Stage::Colon;
                    return if self.blank { Fail } else { More };
                }
                _ => {
                    self.blank &= is_space(byte);
                    return self.count(byte);
                }
            },
            Stage::Colon => {
                self.stage = Stage::Before;
                return if byte == b':' { More } else { Fail };
            }
            Stage::Before => match byte {
                b' ' | b'\t' | b'\n' => return More,
                b'<' => {
                    self.destination = (at + 1, at + 1);
                    self.stage = Stage::Angle;
                    return More;
                }
                _ => {
                    self.destination = (at, at);
                    self.stage = Stage::Bare;
                    if byte == b'\\' {
                        self.escaped = true;
                        return More;
                    }
                }
            },
            _ => {}
        }
        match self.stage {
            Stage::Angle => match byte {
                b'>' => {
                    self.destination.1 = at;
                    self.stage = Stage::After;
                    More
                }
                b'<' | b'\n' => Fail,
                _ => More,
            },
            Stage::Bare => match byte {
                b'(' => {
                    self.depth += 1;
                    if self.depth > 32 { Fail } else { More }
                }
                b')' if self.depth > 0 => {
                    self.depth -= 1;
                    More
                }
                b')' if self.definition => Fail,
                b')' => {
                    self.destination.1 = at;
                    Done
                }
                b' ' | b'\t' | b'\n' if self.depth > 0 => Fail,
                b' ' | b'\t' | b'\n' => {
                    self.destination.1 = at;
                    self.stage = Stage::Gap;
                    self.gap(byte, at)
                }
                0..=0x20 | 0x7f => Fail,
                _ => More,
            },
            Stage::After if is_space(byte) => {
                self.stage = Stage::Gap;
                self.gap(byte, at)
            }
            Stage::After if byte != b')' => Fail,
            Stage::After | Stage::Gap => self.gap(byte, at),
            Stage::Title => {
                if byte == self.quote {
                    self.title.1 = at;
                    self.stage = Stage::End;
                } else if byte == b'(' && self.quote == b')' {
                    return Fail;
                }
                More
            }
            Stage::End => match byte {
                b'\n' if self.definition => {
                    self.whole = Some(at);
                    Done
                }
                b' ' | b'\t' | b'\n' => More,
                b')' if !self.definition => Done,
                _ => Fail,
            },
            Stage::Label | Stage::Colon | Stage::Before => Fail,
        }
    }

    /// Counts a character of the label.
    fn count(&mut self, byte: u8) -> Scan {
        if self.stage == Stage::Label && byte & 0xc0 != 0x80 {
            self.length += 1;
            if self.length > LABEL {
                return Fail;
            }
        }
        More
    }

    /// Takes a byte between destination and title.
    fn gap(&mut self, byte: u8, at: usize) -> Scan {
        match byte {
            b'\n' if self.definition => self.whole = Some(at),
            b' ' | b'\t' | b'\n' => {}
            b'"' | b'\'' | b'(' => {
                self.quote = if byte == b'(' { b')' } else { byte };
                self.title = (at + 1, at + 1);
                self.stage = Stage::Title;
            }
            b')' if !self.definition => return Done,
            _ => return Fail,
        }
        More
    }

    /// The text ends here: whether the definition is complete with its title. If not, `whole` says where it ends without one.
    pub(crate) fn end(&mut self, at: usize) -> bool {
        match self.stage {
            Stage::Bare if self.depth == 0 && at > self.destination.0 => self.destination.1 = at,
            Stage::After | Stage::Gap | Stage::End => {}
            _ => return false,
        }
        self.whole = Some(at);
        true
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Right after the `<`.
    Start,
    Name,
    /// After the `/` of a self-closing tag.
    Slash,
    /// After the `/` of a closing tag.
    CloseStart,
    CloseName,
    CloseGap,
    Gap,
    Attribute,
    AttributeGap,
    Equals,
    /// In a value without quotes.
    Bare,
    Double,
    Single,
    /// After a value's closing quote.
    Quoted,
    /// In a processing instruction.
    Question,
    QuestionMark,
    /// After `<!`.
    Bang,
    /// After `<!-`.
    Dash,
    /// After `<!--`, where `>` ends the comment.
    Comment,
    CommentDash,
    /// Inside a comment.
    Inside,
    InsideDash,
    InsideDashes,
    Declaration,
    /// After `<![` and so many bytes of `CDATA`.
    Cdata(u8),
    CdataText,
    CdataBracket,
    CdataBrackets,
}

/// Scans a tag, comment, processing instruction, declaration or CDATA section, from after its `<`.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    part: Part,
    /// The ends known not to come in the rest of the leaf, as [`Tag::waits_for`] numbers them. Without this, many openings with no end would each be
    /// scanned to the end of the leaf.
    never: u8,
    /// White space has arrived.
    pub(crate) spaced: bool,
}

impl Tag {
    pub(crate) fn new(never: u8) -> Self {
        Self { part: Part::Start, never, spaced: false }
    }

    /// Which end the tag waits for, as a bit; 0 for that of a plain tag, which cannot run on.
    pub(crate) fn waits_for(&self) -> u8 {
        match self.part {
            Part::Double => 1,
            Part::Single => 2,
            Part::Question | Part::QuestionMark => 4,
            Part::Inside | Part::InsideDash | Part::InsideDashes => 8,
            Part::Declaration => 16,
            Part::CdataText | Part::CdataBracket | Part::CdataBrackets => 32,
            _ => 0,
        }
    }

    /// Takes a byte.
    pub(crate) fn step(&mut self, byte: u8) -> Scan {
        let letter = byte.is_ascii_alphabetic();
        let space = is_space(byte);
        self.spaced |= space;
        let next = match (self.part, byte) {
            (Part::Start, b'/') => Part::CloseStart,
            (Part::Start, b'!') => Part::Bang,
            (Part::Start, b'?') => Part::Question,
            (Part::Start, _) if letter => Part::Name,
            (Part::Name, _) if letter || byte.is_ascii_digit() || byte == b'-' => Part::Name,
            (Part::CloseStart, _) if letter => Part::CloseName,
            (Part::CloseName, _) if letter || byte.is_ascii_digit() || byte == b'-' => Part::CloseName,
            (Part::CloseName | Part::CloseGap, _) if space => Part::CloseGap,
            (
                Part::Name
                | Part::Gap
                | Part::Attribute
                | Part::AttributeGap
                | Part::Quoted
                | Part::Bare
                | Part::Slash
                | Part::CloseName
                | Part::CloseGap
                | Part::Declaration
                | Part::Comment
                | Part::CommentDash
                | Part::InsideDashes
                | Part::QuestionMark
                | Part::CdataBrackets,
                b'>',
            ) => return Done,
            (Part::Name | Part::Gap | Part::Attribute | Part::AttributeGap | Part::Quoted, b'/') => Part::Slash,
            (Part::Name | Part::Gap | Part::Quoted | Part::Bare, _) if space => Part::Gap,
            (Part::Gap | Part::AttributeGap | Part::Attribute, b'_' | b':') | (Part::Attribute, b'.' | b'-') => {
                Part::Attribute
            }
            (Part::Gap | Part::AttributeGap, _) if letter => Part::Attribute,
            (Part::Attribute, _) if letter || byte.is_ascii_digit() => Part::Attribute,
            (Part::Attribute | Part::AttributeGap, _) if space => Part::AttributeGap,
            (Part::Attribute | Part::AttributeGap, b'=') => Part::Equals,
            (Part::Equals, _) if space => Part::Equals,
            (Part::Equals, b'"') => Part::Double,
            (Part::Equals, b'\'') => Part::Single,
            (Part::Equals | Part::Bare, b'<' | b'>' | b'=' | b'`' | b'"' | b'\'') => return Fail,
            (Part::Equals | Part::Bare, _) => Part::Bare,
            (Part::Double, b'"') | (Part::Single, b'\'') => Part::Quoted,
            (Part::Double | Part::Single | Part::Declaration | Part::CdataText | Part::Question, _)
                if byte != b'?' && byte != b']' =>
            {
                self.part
            }
            (Part::Double | Part::Single | Part::Declaration, _) => self.part,
            (Part::Question | Part::QuestionMark, b'?') => Part::QuestionMark,
            (Part::Question | Part::QuestionMark, _) => Part::Question,
            (Part::Bang, b'-') => Part::Dash,
            (Part::Bang, b'[') => Part::Cdata(0),
            (Part::Bang, _) if letter => Part::Declaration,
            (Part::Dash, b'-') => Part::Comment,
            (Part::Comment, b'-') => Part::CommentDash,
            (Part::CommentDash | Part::InsideDash | Part::InsideDashes, b'-') => Part::InsideDashes,
            (Part::Inside, b'-') => Part::InsideDash,
            (Part::Comment | Part::CommentDash | Part::Inside | Part::InsideDash | Part::InsideDashes, _) => {
                Part::Inside
            }
            (Part::Cdata(5), b'[') => Part::CdataText,
            (Part::Cdata(n), _) if b"CDATA".get(usize::from(n)) == Some(&byte) => Part::Cdata(n + 1),
            (Part::CdataText, b']') => Part::CdataBracket,
            (Part::CdataBracket | Part::CdataBrackets, b']') => Part::CdataBrackets,
            (Part::CdataText | Part::CdataBracket | Part::CdataBrackets, _) => Part::CdataText,
            _ => return Fail,
        };
        self.part = next;
        if self.never & self.waits_for() != 0 { Fail } else { More }
    }
}

/// The text between `<` and `>` in an autolink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Address {
    /// An absolute URI.
    Uri,
    /// A mailbox, which becomes a `mailto:` link.
    Email,
}

/// The kind of address between `<` and `>`; `None` if it is not one. The caller has made sure that it has no white space and no `<`.
pub(crate) fn autolink(text: &[u8]) -> Option<Address> {
    let scheme = text.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'.' | b'-')).count();
    if (2..=32).contains(&scheme)
        && text.get(scheme) == Some(&b':')
        && text.first().is_some_and(u8::is_ascii_alphabetic)
    {
        return Some(Address::Uri);
    }
    let at = text.iter().position(|&b| b == b'@')?;
    let (local, domain) = (text.get(..at)?, text.get(at + 1..)?);
    let local_ok =
        !local.is_empty() && local.iter().all(|b| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(b));
    let domain_ok = domain.split(|&b| b == b'.').all(|label| {
        (1..=63).contains(&label.len())
            && label.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
            && label.first() != Some(&b'-')
            && label.last() != Some(&b'-')
    });
    (local_ok && domain_ok).then_some(Address::Email)
}
