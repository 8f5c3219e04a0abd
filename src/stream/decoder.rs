//! Bytes into lines, server-sent events, frames or plain text.

use super::answer::{Answer, Course, failure_in, named};
use super::stock::{DONE, ERROR_PREFIX};
use super::{Event, Failure, frame};

/// The longest line, event or frame that is read, in bytes; a longer one is skipped.
const LONGEST: usize = 4 << 20;

/// What the first line starts with, unless it is plain text. The lines that stand alone come first, then those of server-sent events.
const MARKS: [&[u8]; 8] =
    [b"{", DONE.as_bytes(), ERROR_PREFIX.trim_ascii_end().as_bytes(), b":", b"data:", b"event:", b"id:", b"retry:"];

/// Of [`MARKS`], those that stand alone.
const ALONE: usize = 3;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Turns bytes into events, however they are split. Each byte is looked at once.
///
/// - A frame of `application/vnd.amazon.eventstream` has a zero among its first five bytes, since it is shorter than 16 MiB and its headers are too.
///   Text has none.
/// - In text each line by itself is a line of server-sent events (HTML standard §9.2), JSON, `[DONE]` or the stock back end's `Error: …`.
/// - If the first line that is not blank is none of these, everything is plain text.
#[derive(Debug, Default)]
pub struct Decoder {
    wire: Wire,
    /// The bytes of a line, a frame or a character that is not whole yet.
    held: Vec<u8>,
    /// How many bytes of `held` are the white space that text starts with.
    blank: usize,
    /// Whether the line or frame is longer than [`LONGEST`].
    overlong: bool,
    /// Whether the last line ended with CR, so that LF ends no other.
    after_cr: bool,
    /// The data of the event that is coming in.
    data: Option<Vec<u8>>,
    kind: Kind,
    /// Bytes of a frame that are still to come after those that say how many.
    left: usize,
    answer: Answer,
}

/// What the bytes have turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Wire {
    /// There are fewer than five.
    #[default]
    Unknown,
    /// Text of either kind: there is no first line yet.
    Text,
    Lines,
    /// Lines, of which some were server-sent events: they may have fields that nobody knows.
    Events,
    Plain,
    Frames,
}

/// What the type of an event that is coming in says of its data.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Kind {
    /// It has none, or the one that goes without saying.
    #[default]
    Message,
    Error,
    /// The data may be anything.
    Other,
}

impl Decoder {
    /// Takes the next bytes; the events that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        match self.wire {
            Wire::Unknown | Wire::Text => {
                self.held.extend_from_slice(bytes);
                self.detect(false);
            }
            _ => self.take(bytes),
        }
        std::mem::take(&mut self.answer.events)
    }

    /// Takes the end of the bytes; `whole` says that the connection ended as it should, and did not break off.
    pub fn finish(&mut self, whole: bool) -> Vec<Event> {
        if matches!(self.wire, Wire::Unknown | Wire::Text) {
            self.detect(true);
        }
        if matches!(self.wire, Wire::Lines | Wire::Events) {
            // The last line needs no line break: an `Error: …` comes without one. Half a line is what a cut leaves, not a line that cannot be
            // read, and an event without its blank line is none.
            self.data = None;
            self.end_line();
            self.answer.events.retain(|event| *event != Event::Unreadable);
        }
        if whole && self.wire == Wire::Text && self.blank < self.held.len() {
            // Half a line, or a word of plain text? It is shown, but nobody can say that it is whole.
            self.plain(&[]);
        }
        let is_whole_text = self.wire == Wire::Plain && self.held.is_empty();
        if whole && (self.answer.course == Course::Stopped || is_whole_text) {
            self.answer.emit(Event::End);
        }
        std::mem::take(&mut self.answer.events)
    }

    /// Finds out what `held` is, if it is enough for that.
    fn detect(&mut self, at_end: bool) {
        if self.wire == Wire::Unknown {
            let has_zero = self.held.first() == Some(&0) || self.held.get(4) == Some(&0);
            if !has_zero && self.held.len() < 5 && !at_end {
                return;
            }
            self.wire = if has_zero { Wire::Frames } else { Wire::Text };
            if self.held.starts_with(BYTE_ORDER_MARK) {
                self.held.drain(..BYTE_ORDER_MARK.len());
            }
        }
        if self.wire == Wire::Text {
            let start = self.held[self.blank..].trim_ascii_start();
            self.blank = self.held.len() - start.len();
            let is_open = |mark: &&[u8]| mark.len() > start.len() && mark.starts_with(start);
            self.wire = if MARKS.iter().any(|mark| start.starts_with(mark)) {
                self.held.drain(..self.blank);
                Wire::Lines
            } else if MARKS.iter().any(is_open) && self.blank < LONGEST {
                return;
            } else {
                Wire::Plain
            };
        }
        let bytes = std::mem::take(&mut self.held);
        self.take(&bytes);
    }

    fn take(&mut self, bytes: &[u8]) {
        match self.wire {
            _ if self.answer.course == Course::Ended => {}
            Wire::Frames => self.frames(bytes),
            Wire::Plain => self.plain(bytes),
            _ => self.lines(bytes),
        }
    }

    /// Text as it is; a character whose bytes have not all come waits for them.
    fn plain(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        let (mut text, mut read) = (String::new(), 0);
        for chunk in self.held.utf8_chunks() {
            text.push_str(chunk.valid());
            read += chunk.valid().len() + chunk.invalid().len();
            if read == self.held.len() && std::str::from_utf8(chunk.invalid()).is_err_and(|e| e.error_len().is_none()) {
                read -= chunk.invalid().len();
            } else if !chunk.invalid().is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.held.drain(..read);
        if !text.is_empty() {
            self.answer.emit(Event::Text(text));
        }
    }

    fn lines(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.answer.course != Course::Ended {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            let room = LONGEST.saturating_sub(self.held.len());
            self.overlong |= line.len() > room;
            self.held.extend_from_slice(&line[..line.len().min(room)]);
            bytes = rest;
            if let Some((line_break, rest)) = rest.split_first() {
                bytes = rest;
                self.after_cr = *line_break == b'\r';
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let mut line = std::mem::take(&mut self.held);
        if std::mem::take(&mut self.overlong) {
            self.answer.emit(Event::Unreadable);
        } else {
            self.line(&line);
        }
        line.clear();
        self.held = line;
    }

    fn line(&mut self, line: &[u8]) {
        if line.is_empty() {
            return self.dispatch();
        }
        let has_fields = self.wire == Wire::Events;
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.get(1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            _ if colon.is_none() && !has_fields => return self.message(line.trim_ascii()),
            b"data" => match &mut self.data {
                None => self.data = Some(value.to_vec()),
                // Without this line the event cannot be read.
                Some(data) if data.len() + value.len() > LONGEST => {}
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
            },
            b"event" => {
                self.kind = match value {
                    b"error" => Kind::Error,
                    b"" | b"message" => Kind::Message,
                    _ => Kind::Other,
                }
            }
            b"" | b"id" | b"retry" => {}
            _ => {
                let line = line.trim_ascii();
                if !has_fields || stands_alone(line) {
                    self.message(line);
                }
                return;
            }
        }
        self.wire = Wire::Events;
    }

    /// A blank line ends an event.
    fn dispatch(&mut self) {
        let kind = std::mem::take(&mut self.kind);
        let Some(data) = self.data.take() else { return };
        let data = data.trim_ascii();
        match kind {
            Kind::Error => self.answer.emit(Event::Error(failure_in(data))),
            Kind::Other if !data.is_empty() && !stands_alone(data) => self.answer.emit(Event::Unknown),
            _ => self.message(data),
        }
    }

    /// A line that stands alone, or the data of an event.
    fn message(&mut self, text: &[u8]) {
        if text == DONE.as_bytes() {
            self.answer.emit(Event::End);
        } else if let Some(error) = text.strip_prefix(ERROR_PREFIX.trim_ascii_end().as_bytes()) {
            self.answer.emit(Event::Error(failure_in(error.trim_ascii())));
        } else if !text.is_empty() {
            self.answer.json(text);
        }
    }

    fn frames(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.answer.course != Course::Ended {
            let is_prelude = self.left == 0;
            let wanted = if is_prelude { frame::PRELUDE - self.held.len() } else { self.left };
            let (piece, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            if !self.overlong {
                self.held.extend_from_slice(piece);
            }
            if !is_prelude {
                self.left -= piece.len();
            }
            if piece.len() < wanted {
                return;
            }
            if is_prelude {
                match frame::length(&self.held) {
                    None => self.broken(),
                    Some(length) => {
                        self.left = length - frame::PRELUDE;
                        self.overlong = length > LONGEST;
                    }
                }
            } else {
                let frame = std::mem::take(&mut self.held);
                if std::mem::take(&mut self.overlong) {
                    self.answer.emit(Event::Unreadable);
                } else {
                    self.frame(&frame);
                }
            }
        }
    }

    fn frame(&mut self, bytes: &[u8]) {
        if !frame::is_sound(bytes) {
            return self.broken();
        }
        let Some(frame::Frame { headers, payload }) = frame::read(bytes) else {
            return self.answer.emit(Event::Unreadable);
        };
        match headers {
            [b"exception", code, ..] => self.answer.emit(Event::Error(named(failure_in(payload), code))),
            [b"error", _, code, message] => {
                let message = String::from_utf8_lossy(message).into_owned();
                self.answer.emit(Event::Error(named(Failure { message, ..Failure::default() }, code)));
            }
            _ if payload.is_empty() => self.answer.emit(Event::Skipped),
            _ => self.answer.json(payload),
        }
    }

    /// Where the next frame starts cannot be known, and the format's specification has the client end it here.
    fn broken(&mut self) {
        let failure = Failure { code: super::CRC_MISMATCH.into(), retryable: Some(true), ..Failure::default() };
        self.answer.emit(Event::Error(failure));
    }
}

/// Whether this is a line by itself, as far as its beginning tells.
fn stands_alone(line: &[u8]) -> bool {
    MARKS[..ALONE].iter().any(|mark| line.starts_with(mark))
}
