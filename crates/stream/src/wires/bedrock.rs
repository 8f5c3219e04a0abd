//! Amazon Bedrock's `ConverseStream`, and the chunks of `InvokeModelWithResponseStream`.
//!
//! Both come in frames (see `frame.rs`), and neither has an end marker: the answer is complete if it ends after `messageStop`.
//!
//! - The payload of a `ConverseStream` frame is the event itself, whose name is in a header:
//!   <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html>. Nova writes the same objects with the
//!   name around them, in chunks and as lines of JSON:
//!   <https://docs.aws.amazon.com/nova/latest/userguide/using-invoke-api.html>.
//! - A chunk holds an object of the model's own wire in Base64:
//!   <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_PayloadPart.html>.
//!
//! ```json
//! {"contentBlockIndex":0,"delta":{"text":"Hello"},"p":"abcdef"}
//! {"contentBlockDelta":{"delta":{"text":"Hello"},"contentBlockIndex":0}}
//! {"bytes":"eyJvdXRwdXRUZXh0IjoiSGVsbG8ifQ==","p":"abcdef"}
//! ```

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::wire::Count::{CacheRead, CacheWrite, Input, Output};
use crate::wire::Field::{Reasoning, Stop, Text};
use crate::wire::Wire;

pub(crate) const WIRE: Wire = Wire {
    fields: &[
        (Reasoning, "", "/delta/reasoningContent/text"),
        (Reasoning, "", "/contentBlockDelta/delta/reasoningContent/text"),
        (Text, "", "/delta/text"),
        (Text, "", "/contentBlockDelta/delta/text"),
        (Text, "", "/output/message/content"),
        (Stop, "", "/stopReason"),
        (Stop, "", "/messageStop/stopReason"),
    ],
    usage: &["/usage", "/metadata/usage", "/amazon-bedrock-invocationMetrics"],
    counts: &[
        (Input, "/inputTokens"),
        (Input, "/inputTokenCount"),
        (Output, "/outputTokens"),
        (Output, "/outputTokenCount"),
        (CacheRead, "/cacheReadInputTokens"),
        (CacheRead, "/cacheReadInputTokenCount"),
        (CacheWrite, "/cacheWriteInputTokens"),
        (CacheWrite, "/cacheWriteInputTokenCount"),
    ],
    silent: &["role", "contentBlockIndex", "contentBlockStart", "contentBlockStop", "messageStart"],
    ..Wire::NONE
};

/// The JSON in a chunk; `None` if the object is no chunk, empty if its Base64 cannot be read.
pub(crate) fn chunk(object: &Value) -> Option<Vec<u8>> {
    let bytes = object.get("bytes")?.as_str().filter(|bytes| !bytes.is_empty())?;
    Some(BASE64_STANDARD.decode(bytes).unwrap_or_default())
}
