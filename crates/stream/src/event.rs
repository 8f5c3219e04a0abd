//! What an answer consists of, whatever its wire format.

/// One event of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The id of the model that is answering.
    Model(String),
    /// The back end accepts earlier turns as `messages`, up to this many bytes of text.
    Context(u32),
    /// More of the answer's text. Never empty.
    Text(String),
    /// More of the model's reasoning. Never empty.
    Reasoning(String),
    /// The tokens used so far. Each of these replaces the one before it; they are never added up.
    Usage(Usage),
    /// Why the model stopped. Usage may still follow.
    Stopped(StopReason),
    /// The back end reports an error. This is the last event.
    Error(Failure),
    /// The answer is complete. This is the last event; an answer that ends without it was cut off.
    End,
    /// An object of a known kind with nothing in it to show, such as a keep-alive.
    Skipped,
    /// An object of a kind that this crate does not know.
    Unknown,
    /// A line, an event or a frame that could not be read. What comes after it is still read.
    Unreadable,
}

/// How many tokens an answer took, as far as the wire says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tokens of the prompt, including those read from a cache or written to one.
    pub input_tokens: Option<u32>,
    /// The part of the input tokens that was read from a cache.
    pub cached_tokens: Option<u32>,
    /// Tokens of the answer.
    pub output_tokens: Option<u32>,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StopReason {
    /// The answer was finished.
    EndTurn,
    /// The answer reached its limit of tokens.
    MaxTokens,
    /// The model wrote a stop sequence.
    StopSequence,
    /// A content filter or a guardrail stepped in, or the model refused.
    Filtered,
    /// The model wants to call a tool.
    ToolUse,
    /// Any other reason, in the wire's own word.
    Other(String),
}

impl StopReason {
    /// Reads a wire's word for the reason. Each wire has its own words; some write them in capitals.
    pub(crate) fn from_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "end_turn" | "stop" | "finish" | "finished" => Self::EndTurn,
            "max_tokens" | "max_output_tokens" | "length" | "model_context_window_exceeded" => Self::MaxTokens,
            "stop_sequence" | "stop_criteria_met" => Self::StopSequence,
            "content_filtered" | "guardrail_intervened" | "content_filter" | "content-filter" | "refusal" => {
                Self::Filtered
            }
            "tool_use" | "tool_calls" | "tool-calls" | "function_call" => Self::ToolUse,
            _ => Self::Other(word.to_owned()),
        }
    }
}

/// An error that the back end reports inside an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    /// The wire's name for the error, such as `throttlingException`, or an HTTP status; empty if there is none.
    pub code: String,
    /// The back end's own sentence; empty if there is none.
    pub message: String,
    /// Whether asking again may help; `None` if neither the wire nor the code says.
    pub retryable: Option<bool>,
    /// How many seconds to wait before asking again.
    pub retry_after: Option<u32>,
}
