//! The wire of the stock back end: what a prompt is sent as, and the lines an answer comes back as.
//!
//! An answer is UTF-8 text whose lines are parted by a blank line: `{"model_used":"…"}`, then `{"chunk":"…"}` many times, then `[DONE]`.
//! A failure in mid-stream is a line `Error: {…}`, which need not end with a line break. Its content type claims `text/event-stream`, but it
//! is not SSE.

use crate::json::Value;
use serde::{Deserialize, Serialize};

use super::{Event, Failure};

/// The line that ends a whole answer.
pub const DONE: &str = "[DONE]";

/// What the line of a failure in mid-stream starts with; the rest is JSON, as a rule `{"error": …}`.
pub const ERROR_PREFIX: &str = "Error: ";

/// What the person wants of the model. The back end's model-selection strategy turns it into a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UseCase {
    /// The quickest answer.
    PerformanceOptimized,
    /// The best answer.
    AccuracyOptimized,
    /// A good answer in a short time.
    #[default]
    Balanced,
    /// The cheapest answer.
    CostOptimized,
}

impl UseCase {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] =
        [Self::PerformanceOptimized, Self::AccuracyOptimized, Self::Balanced, Self::CostOptimized];

    /// The name on the wire, and in the model-selection strategy's `use_case_models`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerformanceOptimized => "performance_optimized",
            Self::AccuracyOptimized => "accuracy_optimized",
            Self::Balanced => "balanced",
            Self::CostOptimized => "cost_optimized",
        }
    }
}

/// The body of a POST that asks for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// What the person wrote.
    pub prompt: String,
    /// What the model is chosen by.
    pub use_case: UseCase,
}

/// One line of an answer that is JSON. Other fields are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// Which model answers; comes once, first.
    Model {
        /// The model's id, such as `eu.amazon.nova-2-lite-v1:0`.
        model_used: String,
    },
    /// A piece of the answer's text, possibly empty.
    Chunk {
        /// The text.
        chunk: String,
    },
}

/// The longest line that is read, in bytes; of a longer one the rest is skipped.
const LONGEST_LINE: usize = 4 << 20;

/// Turns bytes into events, however they are split. Each byte is looked at once.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The bytes since the last line break.
    line: Vec<u8>,
    /// Whether the line grew longer than [`LONGEST_LINE`].
    overlong: bool,
    /// Whether the end marker or an error has come; what follows is left alone.
    ended: bool,
}

impl Decoder {
    /// Takes the next bytes; the events that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        // A CRLF gives an empty line more, which says nothing.
        let mut lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r'));
        self.keep(lines.next().unwrap_or_default());
        for next in lines {
            self.end_line(&mut events);
            self.keep(next);
        }
        events
    }

    /// Takes the end of the bytes. The last line needs no line break: an `Error: …` comes without one.
    pub fn finish(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        self.end_line(&mut events);
        // Half a line is what a cut leaves, not a line that cannot be read.
        events.retain(|event| *event != Event::Unreadable);
        events
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(self.line.len());
        self.overlong |= bytes.len() > room;
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self, events: &mut Vec<Event>) {
        let overlong = std::mem::take(&mut self.overlong);
        let event = if self.ended { None } else { read_line(self.line.trim_ascii(), overlong) };
        self.line.clear();
        if let Some(event) = event {
            self.ended = matches!(event, Event::End | Event::Error(_));
            events.push(event);
        }
    }
}

/// `None` for a line that says nothing: blank, or JSON of no known kind.
fn read_line(line: &[u8], overlong: bool) -> Option<Event> {
    if line.is_empty() {
        return None;
    }
    if overlong {
        return Some(Event::Unreadable);
    }
    if line == DONE.as_bytes() {
        return Some(Event::End);
    }
    if let Some(error) = line.strip_prefix(ERROR_PREFIX.trim_end().as_bytes()) {
        return Some(failure(error.trim_ascii()));
    }
    let Ok(fields @ Value::Object(_)) = Value::read(line) else { return Some(Event::Unreadable) };
    match (fields.get("model_used"), fields.get("chunk")) {
        (Some(Value::Text(model)), _) => Some(Event::Model(model.clone())),
        (_, Some(Value::Text(chunk))) if chunk.is_empty() => None,
        (_, Some(Value::Text(chunk))) => Some(Event::Text(chunk.clone())),
        (None, None) if fields.get("error").is_some() => Some(failure(line)),
        (None, None) => None,
        _ => Some(Event::Unreadable),
    }
}

fn failure(text: &[u8]) -> Event {
    Event::Error(Failure { message: error_message(text), ..Failure::default() })
}

/// The sentence in `{"error": "…"}`, `{"error": {"message": "…"}}` or `{"message": "…"}`; the text itself where it is no JSON; empty where the
/// JSON holds none, as `{"error":{}}`, which is what JavaScript makes of an `Error`.
fn error_message(text: &[u8]) -> String {
    let Ok(value) = Value::read(text) else { return String::from_utf8_lossy(text).into_owned() };
    ["/error/message", "/error", "/message", "/Message", ""]
        .iter()
        .find_map(|path| value.pointer(path).and_then(Value::as_str))
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WHOLE: &str = "{\"model_used\":\"eu.amazon.nova-2-lite-v1:0\"}\n\n{\"chunk\":\"Grüße, 世界 🦀\"}\n\n{\"chunk\":\"\"}\n\n\
                         {\"chunk\":\"\\u0000 \\ud83e\\udd80 line\\nbreak\"}\n\n[DONE]\n\n";

    fn text(text: &str) -> Event {
        Event::Text(text.into())
    }

    fn decode(parts: &[&[u8]]) -> Vec<Event> {
        let mut decoder = Decoder::default();
        let mut events: Vec<Event> = parts.iter().flat_map(|part| decoder.push(part)).collect();
        events.extend(decoder.finish());
        events
    }

    /// Answers of every kind: whole, cut, broken, with errors, with other line breaks.
    fn fixtures() -> Vec<Vec<u8>> {
        let mut fixtures = vec![
            WHOLE.as_bytes().to_vec(),
            WHOLE.replace('\n', "\r\n").into_bytes(),
            WHOLE.replace('\n', "\r").into_bytes(),
            b"{\"chunk\":\"a\"}\n\nError: {\"error\":{}}".to_vec(),
            b"{\"chunk\":\"a\"}\n\nError: {\"error\":{\"message\":\"no\"}}\n\n{\"chunk\":\"late\"}".to_vec(),
            b"{\"chunk\":\"a\"}\nhello\n{\"chunk\":7}\n{\"usage\":{}}\n\xff\xfe\n{\"chunk\":\"b\"}\n[DONE]".to_vec(),
        ];
        fixtures.push(WHOLE.as_bytes()[..WHOLE.len() / 2].to_vec());
        fixtures
    }

    #[test]
    fn a_whole_answer_is_model_text_and_end() {
        let model = Event::Model("eu.amazon.nova-2-lite-v1:0".into());
        assert_eq!(
            decode(&[WHOLE.as_bytes()]),
            [model, text("Grüße, 世界 🦀"), text("\u{0} 🦀 line\nbreak"), Event::End]
        );
    }

    #[test]
    fn an_error_ends_it_and_keeps_what_came() {
        for (line, message) in [
            ("Error: {\"error\":{}}", ""),
            ("Error: {\"error\":\"too busy\"}\n", "too busy"),
            ("Error: {\"error\":{\"message\":\"too busy\",\"code\":\"x\"}}", "too busy"),
            ("Error: out of luck", "out of luck"),
            ("Error:", ""),
            ("{\"error\":{\"message\":\"too busy\"}}", "too busy"),
        ] {
            let answer = format!("{{\"chunk\":\"a\"}}\n\n{line}");
            assert_eq!(
                decode(&[answer.as_bytes()]),
                [text("a"), Event::Error(Failure { message: message.into(), ..Failure::default() })],
                "{line}"
            );
        }
    }

    #[test]
    fn a_broken_line_does_not_lose_the_others() {
        let answer = b"{\"chunk\":\"a\"}\n{\"chunk\":\n{\"chunk\":7}\n{\"later\":true}\n{\"chunk\":\"b\"}\n[DONE]";
        assert_eq!(decode(&[answer]), [text("a"), Event::Unreadable, Event::Unreadable, text("b"), Event::End]);
    }

    #[test]
    fn an_overlong_line_is_skipped_and_takes_no_more_room() {
        let mut decoder = Decoder::default();
        let piece = vec![b'x'; LONGEST_LINE / 2 + 1];
        for _ in 0..4 {
            assert_eq!(decoder.push(&piece), []);
        }
        assert_eq!(decoder.line.len(), LONGEST_LINE);
        assert_eq!(decoder.push(b"\n{\"chunk\":\"a\"}\n"), [Event::Unreadable, text("a")]);
    }

    #[test]
    fn every_split_of_every_fixture_gives_the_same_events() {
        for fixture in fixtures() {
            let whole = decode(&[&fixture]);
            for at in 0..=fixture.len() {
                let (head, tail) = fixture.split_at(at);
                assert_eq!(decode(&[head, tail]), whole, "split at {at}");
            }
            let bytes: Vec<&[u8]> = fixture.chunks(1).collect();
            assert_eq!(decode(&bytes), whole, "byte by byte");
        }
    }

    #[test]
    fn an_answer_truncated_anywhere_is_never_taken_for_whole() {
        let end = WHOLE.find(DONE).unwrap() + DONE.len();
        for at in 0..end {
            assert!(!decode(&[&WHOLE.as_bytes()[..at]]).contains(&Event::End), "cut at {at}");
        }
    }

    #[test]
    fn what_the_back_end_writes_is_read() {
        let lines = [Line::Model { model_used: "m".into() }, Line::Chunk { chunk: "\"\n".into() }];
        let mut answer: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n\n").collect();
        answer += DONE;
        assert_eq!(decode(&[answer.as_bytes()]), [Event::Model("m".into()), text("\"\n"), Event::End]);
        for use_case in UseCase::ALL {
            assert_eq!(serde_json::to_string(&use_case).unwrap(), format!("\"{}\"", use_case.name()));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_events_of_the_whole(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}\"\n\r:,[]DONE".to_vec())], 0..300),
            cuts in prop::collection::vec(0_usize..300, 0..8),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let parts: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            prop_assert_eq!(decode(&parts), decode(&[&bytes]));
        }
    }
}
