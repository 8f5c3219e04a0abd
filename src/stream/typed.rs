//! The wire of this project's own back end when it is asked with `Accept: text/event-stream`: server-sent events (HTML standard §9.2), each one
//! `data:` line with one of these as JSON.
//!
//! The decoder reads them by their fields, as it reads every other wire. These types are for the side that writes.

use serde::{Deserialize, Serialize};

/// A comment, for when there is nothing to say: readers skip it, and it keeps the connection open.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// What one event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Event<'a> {
    /// Comes once, first.
    Start {
        /// The model's id.
        model: &'a str,
        /// How many bytes of earlier turns may be sent as `messages`.
        context_bytes: usize,
    },
    /// A piece of the answer's text.
    Text {
        /// The text.
        text: &'a str,
    },
    /// A piece of what the model says of its reasoning.
    Reasoning {
        /// The text.
        text: &'a str,
    },
    /// What the answer has cost so far.
    Usage(Usage),
    /// Why the model stopped.
    Stop {
        /// As a word.
        reason: StopReason,
    },
    /// The answer failed. It is the last event.
    Error {
        /// A name for programs, such as `ThrottlingException`.
        code: &'a str,
        /// A sentence about it.
        message: &'a str,
        /// Whether asking again may help.
        retryable: bool,
        /// After how many seconds, if the model takes no more requests.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u32>,
    },
    /// The answer is whole. It is the last event.
    End,
}

/// What an answer cost, as the model counts and as far as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Usage {
    /// Tokens of what was asked.
    #[serde(rename = "inputTokens", skip_serializing_if = "Option::is_none")]
    pub input: Option<i64>,
    /// Of those, read from a cache.
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
    /// It was done.
    EndTurn,
    /// The answer has as many tokens as it may have.
    MaxTokens,
    /// A sequence that ends answers came.
    StopSequence,
    /// A content filter.
    ContentFiltered,
    /// A guardrail, which puts its own text in the answer's place.
    GuardrailIntervened,
    /// It wants a tool.
    ToolUse,
}
