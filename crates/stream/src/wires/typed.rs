//! The wire of Signet's own back end for a request with `Accept: text/event-stream`.
//!
//! Server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), each with one `data:` line of JSON. The types here
//! are for the side that writes; the decoder reads this wire like every other.
//!
//! ```json
//! {"type":"text","text":"Hello"}
//! ```

use serde::{Deserialize, Serialize};

use crate::wire::Count::{Cached, Input, Output};
use crate::wire::Field::{Context, Model, Reasoning, Stop, Text};
use crate::wire::Wire;

/// A comment that keeps the connection open. Readers skip it.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";

pub(crate) const WIRE: Wire = Wire {
    fields: &[
        (Model, "start", "/model"),
        (Context, "start", "/contextBytes"),
        (Reasoning, "reasoning", "/text"),
        (Text, "text", "/text"),
        (Stop, "stop", "/reason"),
    ],
    usage: &[""],
    counts: &[(Input, "/inputTokens"), (Cached, "/cachedTokens"), (Output, "/outputTokens")],
    errors: &["error"],
    ends: &["end"],
    ..Wire::NONE
};

/// The data of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Event<'a> {
    /// Comes once, first.
    Start {
        /// The model's id.
        model: &'a str,
        /// How many bytes of earlier turns a request may hold as `messages`.
        context_bytes: usize,
    },
    /// More of the answer's text.
    Text {
        /// The text.
        text: &'a str,
    },
    /// More of the model's reasoning.
    Reasoning {
        /// The text.
        text: &'a str,
    },
    /// The tokens used so far.
    Usage(Usage),
    /// Why the model stopped.
    Stop {
        /// The reason, in Bedrock's word.
        reason: StopReason,
    },
    /// The answer failed. This is the last event.
    Error {
        /// The error's name, such as `ThrottlingException`.
        code: &'a str,
        /// A sentence for people.
        message: &'a str,
        /// Whether asking again may help.
        retryable: bool,
        /// How many seconds to wait before asking again, where the model is throttled.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u32>,
    },
    /// The answer is complete. This is the last event.
    End,
}

/// How many tokens an answer took, as far as the model says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// Tokens of the prompt.
    #[serde(rename = "inputTokens", skip_serializing_if = "Option::is_none")]
    pub input: Option<i64>,
    /// The part of the input tokens that was read from a cache.
    #[serde(rename = "cachedTokens", skip_serializing_if = "Option::is_none")]
    pub cached: Option<i64>,
    /// Tokens of the answer.
    #[serde(rename = "outputTokens", skip_serializing_if = "Option::is_none")]
    pub output: Option<i64>,
}

/// Why a model stopped, in Bedrock's words:
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The answer was finished.
    EndTurn,
    /// The answer reached its limit of tokens.
    MaxTokens,
    /// The model wrote a stop sequence.
    StopSequence,
    /// A content filter removed content.
    ContentFiltered,
    /// A guardrail replaced the answer by its own text.
    GuardrailIntervened,
    /// The model wants to call a tool.
    ToolUse,
}
