//! The typed events of an answer, as Server-Sent Events:
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html>. The crate's documentation lists them.

use serde::Serialize;
use signet_stream::typed::Event;

/// The content type of an answer in typed events.
pub(crate) const CONTENT_TYPE: &str = "text/event-stream; charset=utf-8";

/// The wire format of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wire {
    /// Lines, [`signet_stream::stock`].
    Stock,
    /// Typed events, [`signet_stream::typed`].
    Events,
}

/// Writes events one after the other.
pub(crate) fn write<'a>(events: impl IntoIterator<Item = &'a Event<'a>>) -> String {
    let json = |event| serde_json::to_string(event).expect("an event is text, numbers and plain words");
    events.into_iter().flat_map(|event| ["data: ".to_owned(), json(event), "\n\n".to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use signet_stream::typed::{StopReason, Usage};

    use super::*;

    #[test]
    fn events_are_written_as_documented() {
        let usage = Usage { input: Some(12), cached: Some(0), output: Some(34) };
        let events = [
            Event::Start { model: "eu.model", context_bytes: 32768 },
            Event::Text { text: "Grü\n\"ezi\"" },
            Event::Reasoning { text: "hm" },
            Event::Usage(usage),
            Event::Usage(Usage { output: Some(1), ..Usage::default() }),
            Event::Stop { reason: StopReason::EndTurn },
            Event::Error { code: "Busy", message: "Wait.", retryable: true, retry_after_seconds: Some(10) },
            Event::Error { code: "Denied", message: "No.", retryable: false, retry_after_seconds: None },
            Event::End,
        ];
        let expected = [
            r#"{"type":"start","model":"eu.model","contextBytes":32768}"#,
            r#"{"type":"text","text":"Grü\n\"ezi\""}"#,
            r#"{"type":"reasoning","text":"hm"}"#,
            r#"{"type":"usage","inputTokens":12,"cachedTokens":0,"outputTokens":34}"#,
            r#"{"type":"usage","outputTokens":1}"#,
            r#"{"type":"stop","reason":"end_turn"}"#,
            r#"{"type":"error","code":"Busy","message":"Wait.","retryable":true,"retryAfterSeconds":10}"#,
            r#"{"type":"error","code":"Denied","message":"No.","retryable":false}"#,
            r#"{"type":"end"}"#,
        ];
        let expected: String = expected.iter().flat_map(|json| ["data: ", json, "\n\n"]).collect();
        assert_eq!(write(&events), expected);
    }

    #[test]
    fn stop_reasons_have_bedrocks_names() {
        use StopReason::{ContentFiltered, EndTurn, GuardrailIntervened, MaxTokens, StopSequence, ToolUse};
        let names = ["end_turn", "max_tokens", "stop_sequence", "content_filtered", "guardrail_intervened", "tool_use"];
        let reasons = [EndTurn, MaxTokens, StopSequence, ContentFiltered, GuardrailIntervened, ToolUse];
        assert_eq!(serde_json::to_value(reasons).unwrap(), serde_json::json!(names));
    }
}
