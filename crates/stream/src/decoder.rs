//! Finds out how an answer is framed, and decodes it.

use crate::answer::{Answer, LONGEST};
use crate::event::Event;
use crate::frames::Frames;
use crate::lines::{self, Lines};
use crate::plain::Plain;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Turns the bytes of one answer into events, however the bytes are split. It looks at each byte once.
///
/// The first bytes show how the answer is framed, whatever its content type says:
///
/// - A frame of `application/vnd.amazon.eventstream` has a zero among its first five bytes, because it and its headers are shorter than 16 MiB.
///   Text has none.
/// - Text is read line by line if its first line that is not blank starts like a line of server-sent events, like JSON, like `[DONE]` or like
///   `Error: …`. If nothing of it is recognised, it is plain text all the same.
/// - Anything else is plain text.
///
/// A JSON object ends with its last bracket, wherever the lines break.
///
/// Lines, events and frames longer than 4 MiB are skipped.
#[derive(Debug, Default)]
pub struct Decoder {
    framing: Framing,
    answer: Answer,
    /// The bytes of an answer in lines, as long as it may be plain text: until something of it is recognised.
    unrecognised: Option<Vec<u8>>,
}

#[derive(Debug)]
enum Framing {
    Undetected(Start),
    Lines(Lines),
    Frames(Frames),
    Plain(Plain),
}

impl Default for Framing {
    fn default() -> Self {
        Self::Undetected(Start::default())
    }
}

impl Decoder {
    /// Takes the next bytes. Returns the events that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        if let Framing::Undetected(start) = &mut self.framing {
            start.held.extend_from_slice(bytes);
            self.detect(false);
        } else {
            self.decode(bytes);
        }
        if self.unrecognised.is_some() { vec![] } else { std::mem::take(self.answer.events()) }
    }

    /// Takes the end of the bytes. `complete` says that the connection was closed properly and did not break off. Returns the last events.
    pub fn finish(&mut self, complete: bool) -> Vec<Event> {
        self.detect(true);
        let is_complete = match &mut self.framing {
            Framing::Undetected(start) => {
                // Half a line, or one word of plain text? We show it, but do not call it complete.
                if complete && !start.is_blank() {
                    Plain::default().push(&start.held, &mut self.answer);
                }
                false
            }
            Framing::Lines(lines) => {
                lines.finish(&mut self.answer);
                let text = self.unrecognised.take().filter(|_| complete && lines.may_be_text());
                match text.filter(|_| !self.answer.is_recognised()) {
                    Some(text) => self.answer.replace_by_text(&text).is_complete(),
                    None => self.answer.has_stopped(),
                }
            }
            Framing::Frames(_) => self.answer.has_stopped(),
            Framing::Plain(plain) => plain.is_complete(),
        };
        self.answer.end_half();
        if complete && is_complete {
            self.answer.emit(Event::End);
        }
        std::mem::take(self.answer.events())
    }

    /// Chooses the framing and decodes the bytes so far, if they are enough for that.
    fn detect(&mut self, at_end: bool) {
        if let Framing::Undetected(start) = &mut self.framing
            && let Some((framing, held)) = start.detect(at_end)
        {
            self.unrecognised = matches!(framing, Framing::Lines(_)).then(Vec::new);
            self.framing = framing;
            self.decode(&held);
        }
    }

    fn decode(&mut self, bytes: &[u8]) {
        let answer = &mut self.answer;
        match &mut self.framing {
            Framing::Undetected(_) => {}
            Framing::Lines(lines) => {
                lines.push(bytes, answer);
                let Some(text) = &mut self.unrecognised else { return };
                text.extend_from_slice(bytes);
                if lines.is_text() {
                    self.framing = Framing::Plain(answer.replace_by_text(text));
                    self.unrecognised = None;
                } else if answer.is_recognised() || lines.is_no_text() {
                    self.unrecognised = None;
                }
            }
            Framing::Frames(frames) => frames.push(bytes, answer),
            Framing::Plain(plain) => plain.push(bytes, answer),
        }
    }
}

/// The start of an answer, as long as nothing shows how it is framed.
#[derive(Debug, Default)]
struct Start {
    held: Vec<u8>,
    /// Whether this is text. Five bytes show it.
    is_text: bool,
    /// How many bytes of white space the text starts with.
    blank: usize,
}

impl Start {
    /// The framing, and the bytes to decode.
    fn detect(&mut self, at_end: bool) -> Option<(Framing, Vec<u8>)> {
        if !self.is_text {
            if self.held.first() == Some(&0) || self.held.get(4) == Some(&0) {
                return Some((Framing::Frames(Frames::default()), std::mem::take(&mut self.held)));
            }
            if self.held.len() < 5 && !at_end {
                return None;
            }
            self.is_text = true;
            if self.held.starts_with(BYTE_ORDER_MARK) {
                self.held.drain(..BYTE_ORDER_MARK.len());
            }
        }
        let line = self.held[self.blank..].trim_ascii_start();
        self.blank = self.held.len() - line.len();
        let is_emoji_name = lines::is_emoji_name(line);
        if is_emoji_name == Some(true) {
            return Some((Framing::Plain(Plain::default()), std::mem::take(&mut self.held)));
        }
        if is_emoji_name.is_none() && !at_end {
            return None;
        }
        if lines::starts().any(|start| line.starts_with(start)) {
            Some((Framing::Lines(Lines::default()), self.held.split_off(self.blank)))
        } else if lines::starts().any(|start| start.starts_with(line)) && self.blank < LONGEST {
            None
        } else {
            Some((Framing::Plain(Plain::default()), std::mem::take(&mut self.held)))
        }
    }

    fn is_blank(&self) -> bool {
        self.blank == self.held.len()
    }
}
