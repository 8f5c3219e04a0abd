//! `OpenAI`'s responses: <https://platform.openai.com/docs/api-reference/responses-streaming>.
//!
//! Server-sent events, each with an object that has a `type`; `response.completed`, `response.incomplete` or `response.failed` ends the answer and
//! holds the whole response. Without streaming, the response is the body.
//!
//! ```json
//! {"type":"response.output_text.delta","item_id":"msg_1","output_index":0,"content_index":0,"delta":"Hello"}
//! ```

use serde_json::Value;

use crate::answer::Answer;
use crate::event::{Event, StopReason};
use crate::wire::Count::{Cached, Input, Output};
use crate::wire::Field::{Model, Reasoning, Text};
use crate::wire::Wire;
use crate::{failure, object};

pub(crate) const WIRE: Wire = Wire {
    fields: &[
        (Model, "response.created", "/response/model"),
        (Reasoning, "response.reasoning_summary_text.delta", "/delta"),
        (Reasoning, "response.reasoning_text.delta", "/delta"),
        (Text, "response.output_text.delta", "/delta"),
        (Text, "response.refusal.delta", "/delta"),
    ],
    usage: &["/response/usage", "/usage"],
    counts: &[(Input, "/input_tokens"), (Cached, "/input_tokens_details/cached_tokens"), (Output, "/output_tokens")],
    silent: &["response."],
    read,
    ..Wire::NONE
};

fn read(kind: &str, event: &Value, answer: &mut Answer) {
    match kind {
        "response.content_part.added" => answer.start_part(),
        "response.failed" => answer.emit(Event::Error(failure::from_json(&event["response"]))),
        "response.completed" | "response.incomplete" => {
            read_response(&event["response"], answer);
            answer.end();
        }
        "" if event["object"] == "response" => read_response(event, answer),
        _ => {}
    }
}

/// Reads a whole response. Its text is new only if none of it was streamed.
fn read_response(response: &Value, answer: &mut Answer) {
    if !answer.has_text() {
        object::read_content(&response["output"], answer);
    }
    match response["status"].as_str() {
        Some("completed") => answer.emit(Event::Stopped(StopReason::EndTurn)),
        Some("incomplete") => {
            let reason = response["incomplete_details"]["reason"].as_str().unwrap_or_default();
            answer.emit(Event::Stopped(StopReason::from_word(reason)));
        }
        Some("failed") => answer.emit(Event::Error(failure::from_json(response))),
        _ => {}
    }
}
