//! Hugging Face's chat-ui: <https://github.com/huggingface/chat-ui/blob/main/src/lib/types/MessageUpdate.ts>.
//!
//! Lines of JSON, each with a `type`; `finalAnswer`, or the status `finished`, ends the answer. The server pads each token with zeros to a
//! fixed length. `"interrupted":true` says that the model was stopped before it was done.
//!
//! ```json
//! {"type":"stream","token":"Hello\u0000\u0000\u0000"}
//! ```

use serde_json::Value;

use crate::answer::Answer;
use crate::event::Event;
use crate::failure;
use crate::wire::Field::{Model, Reasoning, Text};
use crate::wire::Wire;

pub(crate) const WIRE: Wire = Wire {
    fields: &[(Model, "routerMetadata", "/model"), (Reasoning, "reasoning", "/token"), (Text, "stream", "/token")],
    silent: &["status", "title", "tool", "file", "finalAnswer"],
    ends: &["finalAnswer"],
    padding: &['\0'],
    read,
    ..Wire::NONE
};

fn read(kind: &str, object: &Value, answer: &mut Answer) {
    let word = |name| object.get(name).and_then(Value::as_str).unwrap_or_default();
    if object["interrupted"] == true {
        answer.interrupt();
    }
    match (kind, word("status")) {
        ("status", "error") => answer.emit(Event::Error(failure::from_json(object))),
        ("status", "finished") => answer.end(),
        // The whole text once more, or for the first time.
        ("finalAnswer", _) if !answer.has_text() && !word("text").is_empty() => answer.text(word("text")),
        _ => {}
    }
}
