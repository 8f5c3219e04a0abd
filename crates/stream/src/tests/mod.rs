//! What several of the tests need. The vectors are in `tests/vectors/`.

mod endings;
mod failures;
mod fixtures;
mod frames;
mod lines;
mod random;
mod texts;
mod whole_answers;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::{Decoder, Event, Failure, StopReason, Usage};

/// The decoder's limit, repeated here so that a change of it is noticed.
const LONGEST: usize = 4 << 20;

fn text(text: &str) -> Event {
    Event::Text(text.into())
}

fn reasoning(text: &str) -> Event {
    Event::Reasoning(text.into())
}

fn model(id: &str) -> Event {
    Event::Model(id.into())
}

fn usage(input: u32, cached: impl Into<Option<u32>>, output: u32) -> Event {
    Event::Usage(Usage { input_tokens: Some(input), cached_tokens: cached.into(), output_tokens: Some(output) })
}

fn error(code: &str, message: &str, retryable: impl Into<Option<bool>>) -> Event {
    let retryable = retryable.into();
    Event::Error(Failure { code: code.into(), message: message.into(), retryable, retry_after: None })
}

fn stopped(reason: StopReason) -> Event {
    Event::Stopped(reason)
}

/// The events of an answer that comes in these parts. Neighbouring texts are joined, since plain text comes as it is split.
fn decode_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>, complete: bool) -> Vec<Event> {
    let mut decoder = Decoder::default();
    let mut events: Vec<Event> = parts.into_iter().flat_map(|part| decoder.push(part)).collect();
    events.extend(decoder.finish(complete));
    join(events)
}

fn join(events: Vec<Event>) -> Vec<Event> {
    let mut joined = vec![];
    for event in events {
        match (joined.last_mut(), event) {
            (Some(Event::Text(text)), Event::Text(more)) => text.push_str(&more),
            (_, event) => joined.push(event),
        }
    }
    joined
}

fn decode(bytes: &[u8]) -> Vec<Event> {
    decode_parts([bytes], true)
}

/// The events that matter to people: all but [`Event::Skipped`] and [`Event::Unknown`].
fn shown(bytes: &[u8]) -> Vec<Event> {
    decode(bytes).into_iter().filter(|event| !matches!(event, Event::Skipped | Event::Unknown)).collect()
}

/// A frame, written by AWS's own crate.
fn frame(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut message = Message::new(payload.as_bytes().to_vec());
    for (name, value) in headers {
        message = message.add_header(Header::new((*name).to_owned(), HeaderValue::String((*value).to_owned().into())));
    }
    written(&message)
}

fn written(message: &Message) -> Vec<u8> {
    let mut bytes = vec![];
    write_message_to(message, &mut bytes).unwrap();
    bytes
}

fn event(kind: &str, payload: &str) -> Vec<u8> {
    frame(&[(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")], payload)
}

fn exception(kind: &str, payload: &str) -> Vec<u8> {
    frame(&[(":exception-type", kind), (":content-type", "application/json"), (":message-type", "exception")], payload)
}

/// A chunk of `InvokeModelWithResponseStream`.
fn chunk(json: &str) -> Vec<u8> {
    event("chunk", &format!(r#"{{"bytes":"{}","p":"abcdefgh"}}"#, BASE64_STANDARD.encode(json)))
}

fn converse() -> [Vec<u8>; 7] {
    [
        event("messageStart", r#"{"p":"abcd","role":"assistant"}"#),
        event(
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm."}},"p":"abcdefghij"}"#,
        ),
        event("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"Grüße"},"p":"a"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":" 🦀"},"p":"abc"}"#),
        event("contentBlockStop", r#"{"contentBlockIndex":1,"p":"ab"}"#),
        event("messageStop", r#"{"p":"abcdefghijklmn","stopReason":"guardrail_intervened"}"#),
        event(
            "metadata",
            r#"{"metrics":{"latencyMs":1275},"p":"ab","usage":{"inputTokens":11,"outputTokens":5,"totalTokens":20,
                "cacheReadInputTokens":3,"cacheWriteInputTokens":1}}"#,
        ),
    ]
}
