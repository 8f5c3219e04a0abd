//! Anthropic's messages: <https://docs.anthropic.com/en/docs/build-with-claude/streaming>.
//!
//! Server-sent events, each with an object that has a `type`; `message_stop` ends the answer. Token counts are totals: each replaces the one
//! before it. Bedrock carries the same objects in the chunks of `InvokeModelWithResponseStream`.
//!
//! ```json
//! {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}
//! ```

use crate::wire::Count::{CacheRead, CacheWrite, Input, Output};
use crate::wire::Field::{Model, Reasoning, Stop, Text};
use crate::wire::Wire;

pub(crate) const WIRE: Wire = Wire {
    fields: &[
        (Model, "message_start", "/message/model"),
        (Model, "message", "/model"),
        (Text, "message", "/content"),
        (Stop, "message", "/stop_reason"),
        (Reasoning, "content_block_start", "/content_block/thinking"),
        (Reasoning, "content_block_delta", "/delta/thinking"),
        (Text, "content_block_start", "/content_block/text"),
        (Text, "content_block_delta", "/delta/text"),
        (Stop, "message_delta", "/delta/stop_reason"),
    ],
    usage: &["/usage", "/message/usage"],
    counts: &[
        (Input, "/input_tokens"),
        (Output, "/output_tokens"),
        (CacheRead, "/cache_read_input_tokens"),
        (CacheWrite, "/cache_creation_input_tokens"),
    ],
    silent: &["ping", "content_block_stop"],
    errors: &["error"],
    ends: &["message_stop"],
    ..Wire::NONE
};
