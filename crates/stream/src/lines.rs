//! Text in lines: server-sent events, lines of JSON, and the stock back end's own lines.
//!
//! Servers mix them, so each line is read by itself: as a line of server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>), as a JSON object, as `[DONE]` or as
//! `Error: …`. Lines end with LF, CR or CRLF.

use crate::answer::{Answer, LONGEST};
use crate::event::Event;
use crate::wires::ai_sdk_4;
use crate::wires::stock::{DONE, ERROR_PREFIX};
use crate::{failure, json, object};

/// How much of an answer is held, in bytes, because it may still be plain text.
const LONGEST_UNRECOGNISED: usize = 64 << 10;

/// What a line that needs no field name starts with.
const STANDALONE: [&[u8]; 3] = [b"{", DONE.as_bytes(), ERROR_START];

const ERROR_START: &[u8] = ERROR_PREFIX.trim_ascii_end().as_bytes();

/// What a line of server-sent events starts with: a comment or a field.
const FIELDS: [&[u8]; 5] = [b":", b"data:", b"event:", b"id:", b"retry:"];

/// Starts each text of a JSON text sequence (RFC 7464).
const RECORD_SEPARATOR: u8 = 0x1e;

/// Whether a line starts with an emoji's name, such as `:warning:`, and is no comment of server-sent events; `None` if more of it must come.
pub(crate) fn is_emoji_name(line: &[u8]) -> Option<bool> {
    let Some(name) = line.strip_prefix(b":") else { return Some(false) };
    let length =
        name.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'+')).count();
    match name.get(length) {
        Some(byte) => Some(*byte == b':' && length > 0),
        None if length > LONGEST_EMOJI_NAME => Some(false),
        None => None,
    }
}

const LONGEST_EMOJI_NAME: usize = 60;

/// Everything that the first line may start with. Text that starts otherwise is not in lines.
pub(crate) fn starts() -> impl Iterator<Item = &'static [u8]> {
    STANDALONE.into_iter().chain(FIELDS).chain(ai_sdk_4::STARTS).chain([&[RECORD_SEPARATOR][..]])
}

/// Whether this line needs no field name.
fn stands_alone(line: &[u8]) -> bool {
    STANDALONE.iter().any(|start| line.starts_with(start))
}

/// Reads lines.
#[allow(clippy::struct_excessive_bools)] // None follows from the others.
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
    /// Whether one of them was more than a comment.
    has_data_fields: bool,
    /// The event that has not ended.
    data: Option<Data>,
    event_type: EventType,
    /// How far the object in `held` has been read.
    object: Option<Object>,
    /// Whether the rest of the line comes after an object.
    after_object: bool,
    /// An error in words that came first. It may be the start of a text.
    error: Option<Vec<u8>>,
    /// Whether there was anything but comments and fields without data.
    has_content: bool,
    /// Whether the data of an event was JSON, which no text has.
    has_json_events: bool,
    /// Whether a line belonged to no wire before anything was recognised.
    is_text: bool,
    /// How many bytes have been read.
    length: usize,
}

/// The place in a JSON object that need not end with its line.
#[derive(Debug, Default)]
struct Object {
    /// How many brackets are open.
    depth: usize,
    in_string: bool,
    /// Whether the last character was a backslash that escapes the next one.
    is_escaped: bool,
    at_line_start: bool,
}

impl Object {
    /// Takes the next byte. Returns whether the object ends with it.
    fn ends_with(&mut self, byte: u8) -> bool {
        self.at_line_start = matches!(byte, b'\n' | b'\r');
        if self.in_string {
            let is_escaped = std::mem::take(&mut self.is_escaped);
            match byte {
                _ if is_escaped => {}
                b'\\' => self.is_escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.depth == 0
    }

    /// Whether a line that starts like this goes on with the object. Otherwise the object is broken, and the line is read by itself.
    fn goes_on_with(byte: u8) -> bool {
        matches!(byte, b' ' | b'\t' | b'}' | b']' | b'"' | b',' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
    }
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
        while !bytes.is_empty() && !answer.has_ended() && !self.is_text {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            if self.object.is_some() {
                bytes = self.push_object(bytes, answer);
                continue;
            }
            if self.held.is_empty() && !self.is_too_long {
                match bytes[0] {
                    RECORD_SEPARATOR => {
                        bytes = &bytes[1..];
                        continue;
                    }
                    b' ' | b'\t' if self.after_object => {
                        bytes = &bytes[1..];
                        continue;
                    }
                    b'{' => {
                        self.end_error(answer);
                        self.end_whole_event(answer);
                        self.has_content = true;
                        self.after_object = false;
                        self.object = Some(Object::default());
                        continue;
                    }
                    _ => {}
                }
            }
            let end = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
            let room = LONGEST.saturating_sub(self.held.len());
            self.is_too_long |= line.len() > room;
            self.held.extend_from_slice(&line[..line.len().min(room)]);
            self.length = self.length.saturating_add(line.len());
            bytes = rest;
            if let Some((line_break, rest)) = rest.split_first() {
                self.length = self.length.saturating_add(1);
                bytes = rest;
                self.after_cr = *line_break == b'\r';
                self.end_line(answer);
            }
        }
    }

    /// Takes the end of the bytes. The last line needs no line break, and the last event no blank line, although the standard drops it: servers leave
    /// both out. But half a line means that the answer was cut off, not that a line is unreadable.
    pub fn finish(&mut self, answer: &mut Answer) {
        let is_half_error = self.held.starts_with(ERROR_START) && !is_whole(&self.held);
        if self.object.is_none() && !self.held.is_empty() && !is_half_error {
            self.end_line(answer);
        }
        self.end_error(answer);
        if self.data.as_ref().is_some_and(|data| is_whole(&data.text)) {
            self.end_event(answer);
        }
        answer.events().retain(|event| *event != Event::Unreadable);
    }

    /// Whether this can be no text any more: there is too much of it.
    pub fn is_no_text(&self) -> bool {
        self.length > LONGEST_UNRECOGNISED
    }

    /// Whether this is text after all: a line belonged to no wire before anything was recognised.
    pub fn is_text(&self) -> bool {
        self.is_text
    }

    /// Whether all of this may be text, if nothing of it was recognised. Comments alone keep a connection open, and half an object is half an answer.
    pub fn may_be_text(&self) -> bool {
        let is_half = |data: &Data| {
            let text = data.text.trim_ascii_start();
            DONE.as_bytes().starts_with(text) || text.starts_with(b"{") && !is_whole(text)
        };
        self.has_content
            && !self.is_no_text()
            && !self.has_json_events
            && self.object.is_none()
            && !self.data.as_ref().is_some_and(is_half)
    }

    /// Reports the error that may have been the start of a text.
    fn end_error(&mut self, answer: &mut Answer) {
        if let Some(error) = self.error.take() {
            message(&error, answer);
        }
    }

    /// Takes bytes of an object, which ends with its last bracket, wherever the lines break. Returns the bytes after it.
    fn push_object<'a>(&mut self, bytes: &'a [u8], answer: &mut Answer) -> &'a [u8] {
        let Some(object) = &mut self.object else { return bytes };
        for (at, byte) in bytes.iter().enumerate() {
            if object.at_line_start && !Object::goes_on_with(*byte) {
                self.end_object(answer);
                return &bytes[at..];
            }
            self.length = self.length.saturating_add(1);
            let is_end = object.ends_with(*byte);
            self.after_cr = *byte == b'\r';
            if self.held.len() < LONGEST {
                self.held.push(*byte);
            } else {
                self.is_too_long = true;
            }
            if is_end {
                self.end_object(answer);
                self.after_object = true;
                return &bytes[at + 1..];
            }
            if self.after_cr {
                return &bytes[at + 1..];
            }
        }
        &[]
    }

    /// Reads the object as far as it has come.
    fn end_object(&mut self, answer: &mut Answer) {
        self.object = None;
        let mut text = std::mem::take(&mut self.held);
        if std::mem::take(&mut self.is_too_long) {
            answer.emit(Event::Unreadable);
        } else {
            object::read(text.trim_ascii(), answer);
        }
        text.clear();
        self.held = text;
    }

    fn end_line(&mut self, answer: &mut Answer) {
        if std::mem::take(&mut self.after_object) && self.held.trim_ascii().is_empty() {
            return self.held.clear();
        }
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
        let is_field =
            matches!(name, b"" | b"data" | b"event" | b"id" | b"retry") && (colon.is_some() || self.has_fields);
        if !is_field {
            return self.line_without_field(line.trim_ascii(), colon.is_some(), answer);
        }
        self.end_error(answer);
        match name {
            b"data" => {
                self.has_content |= !value.trim_ascii().is_empty();
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
            _ => {}
        }
        self.has_fields = true;
        self.has_data_fields |= !name.is_empty();
    }

    /// Reads a line that is no field of server-sent events.
    fn line_without_field(&mut self, line: &[u8], has_colon: bool, answer: &mut Answer) {
        if line.is_empty() {
            return;
        }
        if stands_alone(line) {
            self.end_whole_event(answer);
        }
        let is_first = !answer.is_recognised() && !self.is_no_text();
        let is_in_words = |error: &[u8]| json::read(error.trim_ascii()).is_none();
        let is_part = ai_sdk_4::STARTS.iter().any(|start| line.starts_with(start));
        if is_part && self.error.is_some() {
            self.end_error(answer);
        }
        if !self.has_data_fields && (is_part || self.error.is_none()) && ai_sdk_4::read_part(line, answer) {
            self.has_content = true;
        } else if is_first && self.error.is_none() && line.strip_prefix(ERROR_START).is_some_and(is_in_words) {
            self.has_content = true;
            self.error = Some(line.to_vec());
        } else if stands_alone(line) {
            self.end_error(answer);
            self.has_content = true;
            message(line, answer);
        } else if is_first && (self.error.is_some() || !self.has_fields || !has_colon && self.data.is_none()) {
            self.is_text = true;
        } else if !self.has_fields {
            self.has_content = true;
            message(line, answer);
        }
        // Otherwise it is a field that the standard does not know.
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

    /// Ends the event if nothing is missing from its data.
    fn end_whole_event(&mut self, answer: &mut Answer) {
        if self.data.as_ref().is_some_and(|data| data.is_one_line && is_whole(&data.text)) {
            self.end_event(answer);
        }
    }

    /// A blank line ends an event.
    fn end_event(&mut self, answer: &mut Answer) {
        let event_type = std::mem::take(&mut self.event_type);
        let Some(Data { text, .. }) = self.data.take() else { return };
        let data = text.trim_ascii();
        self.has_json_events |= !answer.is_recognised() && data.starts_with(b"{") && json::read(data).is_some();
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
    let error = data.strip_prefix(ERROR_START).map(<[u8]>::trim_ascii);
    data == DONE.as_bytes()
        || json::read(error.filter(|error| error.starts_with(b"{")).unwrap_or(data)).is_some()
        || error.is_some_and(|error| !error.starts_with(b"{"))
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
