//! Bedrock's answers, as it would write them.

use aws_sdk_bedrockruntime::config::{Credentials, Region};
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message as Frame};
use bytes::Bytes;

use super::server::{Fake, Served};
use crate::{aws::Aws, model::bedrock::Bedrock};

/// One frame of the event stream.
pub(crate) fn frame(message_type: &str, name: &str, payload: &str) -> Bytes {
    let name_header = if message_type == "event" { ":event-type" } else { ":exception-type" };
    let text = |value: &str| HeaderValue::String(value.to_owned().into());
    let frame = Frame::new(Bytes::copy_from_slice(payload.as_bytes()))
        .add_header(Header::new(":message-type", text(message_type)))
        .add_header(Header::new(name_header, text(name)))
        .add_header(Header::new(":content-type", text("application/json")));
    let mut bytes = Vec::new();
    write_message_to(&frame, &mut bytes).unwrap();
    bytes.into()
}

pub(crate) fn text(text: &str) -> Bytes {
    frame("event", "contentBlockDelta", &format!(r#"{{"contentBlockIndex":0,"delta":{{"text":"{text}"}},"p":"ab"}}"#))
}

pub(crate) fn stop(reason: &str) -> Bytes {
    frame("event", "messageStop", &format!(r#"{{"stopReason":"{reason}"}}"#))
}

pub(crate) fn stream(frames: &[Bytes]) -> Served {
    Served::ok("application/vnd.amazon.eventstream", frames.to_vec())
}

pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Served {
    Served::ok("application/json", vec![format!(r#"{{"message":"{message}"}}"#).into()])
        .status(status)
        .header("x-amzn-errortype", code)
}

pub(crate) fn bedrock(fake: &Fake) -> Bedrock {
    let aws = Aws {
        region: Region::new("eu-central-1"),
        credentials: Credentials::new("ASIAEXAMPLEEXAMPLE12", "secret", None, None, "test"),
        endpoint_url: Some(fake.url()),
    };
    Bedrock::new(aws, 77)
}

pub(crate) fn reasoning(text: &str) -> Bytes {
    let delta = format!(r#"{{"contentBlockIndex":0,"delta":{{"reasoningContent":{{"text":"{text}"}}}}}}"#);
    frame("event", "contentBlockDelta", &delta)
}

pub(crate) fn metadata(input: u32, cached: u32, output: u32) -> Bytes {
    let usage = format!(
        r#"{{"inputTokens":{input},"outputTokens":{output},"totalTokens":12,"cacheReadInputTokens":{cached}}}"#
    );
    frame("event", "metadata", &format!(r#"{{"usage":{usage},"metrics":{{"latencyMs":9}}}}"#))
}
