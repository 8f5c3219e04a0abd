//! The state of one answer that is being read.

use crate::event::Event;
use crate::json;
use crate::plain::Plain;
use crate::wire::Field;

/// The longest line, event or frame that is read, in bytes. Longer ones are skipped.
pub(crate) const LONGEST: usize = 4 << 20;

/// Collects the events of one answer.
#[allow(clippy::struct_excessive_bools)] // None follows from the others.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    events: Vec<Event>,
    stage: Stage,
    /// The model named last: many wires name it in every object.
    model: String,
    /// Whether anything has arrived that some wire knows.
    is_recognised: bool,
    has_text: bool,
    has_reasoning: bool,
    /// Whether text has arrived since the last step began.
    step_has_text: bool,
    /// Whether a blank line goes between the next text and the text before it.
    parts_text: bool,
    pub counts: Counts,
    /// Whether a character of the object that is being read may stand in for half of a surrogate pair.
    pub may_have_halves: bool,
    /// The first half of a surrogate pair at the end of the text, or of the reasoning. Writers that cut a text between two UTF-16 units send the second
    /// half with the next piece.
    half: Option<(Field, u16)>,
}

/// Token counts, in the order of the enum `Count`. One object may hold only some of them.
pub(crate) type Counts = [Option<u32>; 5];

/// How far the answer has come.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Stage {
    #[default]
    UnderWay,
    /// The reason for stopping has arrived.
    Stopped,
    /// The model was interrupted: no end marker makes this answer complete.
    Interrupted,
    /// The last event has arrived. Whatever follows is ignored.
    Ended,
}

impl Answer {
    /// Adds an event, unless the last event has arrived.
    pub fn emit(&mut self, event: Event) {
        if self.has_ended() {
            return;
        }
        if matches!(event, Event::Stopped(_) | Event::End | Event::Error(_)) {
            self.end_half();
        }
        self.is_recognised |= !matches!(event, Event::Unknown | Event::Unreadable);
        match event {
            Event::Text(_) => (self.has_text, self.step_has_text) = (true, true),
            Event::Reasoning(_) => self.has_reasoning = true,
            Event::Stopped(_) => self.stage = Stage::Stopped,
            Event::End | Event::Error(_) => self.stage = Stage::Ended,
            _ => {}
        }
        self.events.push(event);
    }

    /// Adds reasoning that is not empty.
    pub fn reasoning(&mut self, text: &str) {
        let text = self.join_halves(Field::Reasoning, text);
        if !text.is_empty() {
            self.emit(Event::Reasoning(text));
        }
    }

    /// The text with halves of surrogate pairs joined. A half that stays alone becomes U+FFFD; one at the end is kept for the next text.
    fn join_halves(&mut self, field: Field, text: &str) -> String {
        if self.half.is_some_and(|(of, _)| of != field) {
            self.end_half();
        }
        if !self.may_have_halves && self.half.is_none() {
            return text.to_owned();
        }
        let mut joined = String::new();
        for char in text.chars() {
            let before = self.half.take();
            let half = json::half(char).filter(|_| self.may_have_halves);
            let pair = before.zip(half).and_then(|((_, high), low)| char::decode_utf16([high, low]).next()?.ok());
            match (pair, half) {
                (Some(pair), _) => joined.push(pair),
                (None, half) => {
                    joined.extend(before.map(|_| char::REPLACEMENT_CHARACTER));
                    match half {
                        Some(0xd800..=0xdbff) => self.half = half.map(|half| (field, half)),
                        Some(_) => joined.push(char::REPLACEMENT_CHARACTER),
                        None => joined.push(char),
                    }
                }
            }
        }
        joined
    }

    /// No second half comes for the first half of a surrogate pair.
    pub fn end_half(&mut self) {
        let lost = char::REPLACEMENT_CHARACTER.to_string();
        match self.half.take() {
            Some((Field::Reasoning, _)) => self.emit(Event::Reasoning(lost)),
            Some(_) => self.emit(Event::Text(lost)),
            None => {}
        }
    }

    /// Adds text that is not empty.
    pub fn text(&mut self, text: &str) {
        let text = self.join_halves(Field::Text, text);
        if text.is_empty() {
            return;
        }
        let gap = if std::mem::take(&mut self.parts_text) { "\n\n" } else { "" };
        self.emit(Event::Text([gap, &text].concat()));
    }

    /// Adds the model's name, unless it is known.
    pub fn model(&mut self, model: &str) {
        if self.model != model {
            model.clone_into(&mut self.model);
            self.emit(Event::Model(model.to_owned()));
        }
    }

    /// Ends the answer, unless the model was interrupted.
    pub fn end(&mut self) {
        if self.stage != Stage::Interrupted {
            self.emit(Event::End);
        }
    }

    /// The model was interrupted before it stopped by itself.
    pub fn interrupt(&mut self) {
        if self.stage == Stage::UnderWay {
            self.stage = Stage::Interrupted;
        }
    }

    /// Another part begins: a blank line separates its text from any text before it.
    pub fn start_part(&mut self) {
        self.parts_text = self.has_text;
    }

    /// Another step begins. Returns whether the step before it had text.
    pub fn start_step(&mut self) -> bool {
        std::mem::take(&mut self.step_has_text)
    }

    /// Whether any text has arrived.
    pub fn has_text(&self) -> bool {
        self.has_text
    }

    /// Whether anything has arrived that some wire knows.
    pub fn is_recognised(&self) -> bool {
        self.is_recognised
    }

    /// Whether any of the text, or of the reasoning, has arrived.
    pub fn has(&self, field: Field) -> bool {
        match field {
            Field::Text => self.has_text,
            Field::Reasoning => self.has_reasoning,
            Field::Model | Field::Context | Field::Stop => false,
        }
    }

    /// Whether the model has said why it stopped, and no last event has arrived.
    pub fn has_stopped(&self) -> bool {
        self.stage == Stage::Stopped
    }

    /// Whether the last event has arrived.
    pub fn has_ended(&self) -> bool {
        self.stage == Stage::Ended
    }

    /// Shows these bytes as plain text, in place of what was read from them. Returns the reader of the bytes that follow.
    pub fn replace_by_text(&mut self, text: &[u8]) -> Plain {
        self.events.clear();
        let mut plain = Plain::default();
        plain.push(text, self);
        plain
    }

    /// The events that have not been taken yet.
    pub fn events(&mut self) -> &mut Vec<Event> {
        &mut self.events
    }
}
