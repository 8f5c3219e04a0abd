//! Text in lines: server-sent events, lines of JSON, and the stock back end's own lines.
//!
//! Servers mix them, so each line is read by itself: as a line of server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>), as a JSON object, as `[DONE]` or as
//! `Error: …`. Lines end with LF, CR or CRLF.

use crate::answer::{Answer, LONGEST};
use crate::event::Event;
use crate::wires::stock::{DONE, ERROR_PREFIX};
use crate::{failure, json, object};

/// What a line that needs no field name starts with.
const STANDALONE: [&[u8]; 3] = [b"{", DONE.as_bytes(), ERROR_START];

const ERROR_START: &[u8] = ERROR_PREFIX.trim_ascii_end().as_bytes();

/// What a line of server-sent events starts with: a comment or a field.
const FIELDS: [&[u8]; 5] = [b":", b"data:", b"event:", b"id:", b"retry:"];

/// Everything that the first line may start with. Text that starts otherwise is not in lines.
pub(crate) fn starts() -> impl Iterator<Item = &'static [u8]> {
    STANDALONE.into_iter().chain(FIELDS)
}

/// Whether this line needs no field name.
fn stands_alone(line: &[u8]) -> bool {
    STANDALONE.iter().any(|start| line.starts_with(start))
}

/// Reads lines.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The start of a line whose end has not arrived.
    held: Vec<u8>,
    /// Whether this line is longer than [`LONGEST`].
    is_too_long: bool,
    /// Whether the line before ended with CR, so that an LF belongs to the same line break.
    after_cr: bool,
    /// Whether a line of server-sent events has arrived. From then on, lines with unknown fields are ignored, as the standard says.
    has_fields: bool,
    /// The event that has not ended.
    data: Option<Data>,
    event_type: EventType,
}

/// The data of an event.
#[derive(Debug)]
struct Data {
    text: Vec<u8>,
    /// Whether it is a single line so far.
    is_one_line: bool,
    /// The event's type when the data began.
    event_type: EventType,
}

/// What the `event` field says about the data.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum EventType {
    /// The field is missing, or names the default.
    #[default]
    Message,
    Error,
    /// The data need not be part of the answer.
    Other,
}

impl Lines {
    /// Takes the next bytes.
    pub fn push(&mut self, mut bytes: &[u8], answer: &mut Answer) {
        while !bytes.is_empty() && !answer.has_ended() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            let room = LONGEST.saturating_sub(self.held.len());
            self.is_too_long |= line.len() > room;
            self.held.extend_from_slice(&line[..line.len().min(room)]);
            bytes = rest;
            if let Some((line_break, rest)) = rest.split_first() {
                bytes = rest;
                self.after_cr = *line_break == b'\r';
                self.end_line(answer);
            }
        }
    }

    /// Takes the end of the bytes. The last line needs no line break, and the last event no blank line, although the standard drops it: servers leave
    /// both out. But half a line means that the answer was cut off, not that a line is unreadable.
    pub fn finish(&mut self, answer: &mut Answer) {
        self.end_line(answer);
        if self.data.as_ref().is_some_and(|data| is_whole(&data.text)) {
            self.end_event(answer);
        }
        answer.events().retain(|event| *event != Event::Unreadable);
    }

    fn end_line(&mut self, answer: &mut Answer) {
        let mut line = std::mem::take(&mut self.held);
        if std::mem::take(&mut self.is_too_long) {
            answer.emit(Event::Unreadable);
        } else {
            self.line(&line, answer);
        }
        line.clear();
        self.held = line;
    }

    fn line(&mut self, line: &[u8], answer: &mut Answer) {
        if line.is_empty() {
            return self.end_event(answer);
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.get(1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            _ if colon.is_none() && !self.has_fields => return message(line.trim_ascii(), answer),
            b"data" => {
                self.end_event_before(value, answer);
                match &mut self.data {
                    None => {
                        let event_type = self.event_type;
                        self.data = Some(Data { text: value.to_vec(), is_one_line: true, event_type });
                    }
                    // Without this line the data is not JSON, so the event becomes unreadable.
                    Some(data) if data.text.len() + value.len() > LONGEST => {}
                    Some(data) => {
                        data.text.push(b'\n');
                        data.text.extend_from_slice(value);
                        data.is_one_line = false;
                    }
                }
            }
            b"event" => {
                self.event_type = match value {
                    b"error" => EventType::Error,
                    b"" | b"message" => EventType::Message,
                    _ => EventType::Other,
                }
            }
            b"" | b"id" | b"retry" => {}
            _ => {
                let line = line.trim_ascii();
                if !self.has_fields || stands_alone(line) {
                    message(line, answer);
                }
                return;
            }
        }
        self.has_fields = true;
    }

    /// Ends the event if its data and this value are two events: some servers put one line break between events instead of two.
    fn end_event_before(&mut self, value: &[u8], answer: &mut Answer) {
        if let Some(data) = &self.data
            && data.is_one_line
            && stands_alone(value.trim_ascii())
            && is_whole(&data.text)
        {
            // A type that came after the data is the next event's.
            let next = std::mem::replace(&mut self.event_type, data.event_type);
            let next = if next == data.event_type { EventType::Message } else { next };
            self.end_event(answer);
            self.event_type = next;
        }
    }

    /// A blank line ends an event.
    fn end_event(&mut self, answer: &mut Answer) {
        let event_type = std::mem::take(&mut self.event_type);
        let Some(Data { text, .. }) = self.data.take() else { return };
        let data = text.trim_ascii();
        match event_type {
            EventType::Error => answer.emit(Event::Error(failure::read(data))),
            EventType::Other if !data.is_empty() && !stands_alone(data) => answer.emit(Event::Unknown),
            _ => message(data, answer),
        }
    }
}

/// Whether nothing is missing from this data: it is `[DONE]`, an error or JSON.
fn is_whole(data: &[u8]) -> bool {
    let data = data.trim_ascii();
    data == DONE.as_bytes() || data.starts_with(ERROR_START) || json::read(data).is_some()
}

/// Reads a line that needs no field name, or the data of an event.
fn message(text: &[u8], answer: &mut Answer) {
    if text == DONE.as_bytes() {
        answer.emit(Event::End);
    } else if let Some(error) = text.strip_prefix(ERROR_START) {
        answer.emit(Event::Error(failure::read(error.trim_ascii())));
    } else if !text.is_empty() {
        object::read(text, answer);
    }
}
