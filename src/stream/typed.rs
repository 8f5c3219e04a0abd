//! The wire of this project's own back end when it is asked with `Accept: text/event-stream`: server-sent events (HTML standard §9.2), each one
//! `data:` line with one of these as JSON.
//!
//! The decoder reads them by their fields, as it reads every other wire. These types are for the side that writes.

use serde::Serialize;

/// A comment, for when there has been nothing to say for a while.
pub const KEEP_ALIVE: &str = ": keep-alive\n\n";

/// What one event says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Data {
    /// Comes once, first.
    Start {
        /// The model's id.
        model: String,
        /// How many bytes of earlier turns may be sent as `messages`; none where the back end takes none.
        #[serde(skip_serializing_if = "Option::is_none")]
        context_bytes: Option<u32>,
    },
    /// A piece of the answer.
    Text {
        /// The text.
        text: String,
    },
    /// A piece of what the model says of its reasoning.
    Reasoning {
        /// The text.
        text: String,
    },
    /// What the answer has cost so far.
    Usage {
        /// Tokens of what was asked.
        input_tokens: u32,
        /// Of those, read from a cache.
        cached_tokens: u32,
        /// Tokens of the answer.
        output_tokens: u32,
    },
    /// Why the model stopped.
    Stop {
        /// In Bedrock's words, such as `end_turn` or `max_tokens`.
        reason: String,
    },
    /// It failed; the last event.
    Error {
        /// A name for what happened, such as `ThrottlingException`.
        code: String,
        /// A sentence about it.
        message: String,
        /// Whether asking again may help.
        retryable: bool,
        /// After how many seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_seconds: Option<u32>,
    },
    /// The answer is whole; the last event.
    End,
}
