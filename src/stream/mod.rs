//! Bytes in, answer events out. Which format it is shows in the bytes, whatever the content type says.
//!
//! `decoder.rs` finds lines, server-sent events, frames and plain text; `answer.rs` makes events of the JSON that they carry.

mod answer;
mod decoder;
mod frame;
pub mod stock;
pub mod typed;

pub use decoder::Decoder;

/// The code of the error that ends an answer in frames when a checksum in them is wrong.
pub const CRC_MISMATCH: &str = "CrcMismatch";

/// Something of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Which model answers.
    Model(String),
    /// The back end takes earlier turns as `messages`, up to so many bytes of text.
    Context(u32),
    /// A piece of the text, never empty.
    Text(String),
    /// A piece of what the model says of its reasoning, never empty.
    Reasoning(String),
    /// What the answer has cost so far; the last one counts, they are never added up.
    Usage(Usage),
    /// Why the model stopped. It does not end the answer: usage may follow.
    Stopped(StopReason),
    /// The back end reports an error. It is the last event.
    Error(Failure),
    /// The answer is whole: its end marker has come, or after [`Event::Stopped`] its end. It is the last event; an answer without it was cut off.
    End,
    /// Something of a known kind that does not say anything that is shown.
    Skipped,
    /// Something of a kind that nobody here knows.
    Unknown,
    /// A frame that could not be read. The others are not lost.
    Unreadable,
}

/// What an answer cost, as far as the wire tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens of what was asked.
    pub input_tokens: Option<u32>,
    /// Of those, read from a cache.
    pub cached_tokens: Option<u32>,
    /// Tokens of the answer.
    pub output_tokens: Option<u32>,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// It was done.
    EndTurn,
    /// The answer has as many tokens as it may have.
    MaxTokens,
    /// A sequence that ends answers came.
    StopSequence,
    /// A content filter or a guardrail.
    Filtered,
    /// It wants a tool, which there is none of here.
    ToolUse,
    /// Something else, in the wire's own word.
    Other(String),
}

/// A failure that the back end reports in mid-stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    /// The wire's own word for it, such as `throttlingException`; possibly empty.
    pub code: String,
    /// In its own words, possibly none.
    pub message: String,
    /// Whether asking again may help, where the wire tells.
    pub retryable: Option<bool>,
    /// After how many seconds.
    pub retry_after: Option<u32>,
}

#[cfg(test)]
mod tests;
