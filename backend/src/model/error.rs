//! Why a model gave no answer, or only part of one.

use http::StatusCode;
use signet_stream::typed::StopReason;

/// Why there is no answer, or no more of it. The caller reads these sentences, so they say nothing about the function's own account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ModelError {
    #[error("The model is taking no more requests just now. Wait a moment, then send the prompt again.")]
    Throttled { code: String, retry_after_seconds: Option<u32> },
    #[error("The model cannot be reached or is not ready. Try again in a few minutes.")]
    Unavailable { code: String },
    #[error("The model stopped responding. Send the prompt again, or choose another use case.")]
    TimedOut,
    #[error("The model refused the prompt: {message}")]
    Rejected { code: String, message: String },
    #[error("This function is not allowed to use the model. Contact its operator and give the request id.")]
    Denied { code: String },
    #[error(
        "The model's answer cannot be read. Send the prompt again; if that fails too, contact the function's operator."
    )]
    Broken { code: String },
    #[error("The model's answer has no text. Send the prompt again, or rephrase it.")]
    Empty,
    #[error("The answer broke off before its end. Send the prompt again.")]
    BrokeOff,
    #[error("The answer reached the limit on tokens and was cut off. Ask for a shorter answer, or for the rest.")]
    MaxTokens,
    #[error("The model's content filter cut the answer off.")]
    Filtered,
    #[error(
        "The function ran out of time before the answer was complete. Ask for a shorter answer, or choose another use case."
    )]
    DeadlineReached,
    #[error("This failure was requested: the prompt contains demo:fail.")]
    DemoFailure,
}

impl ModelError {
    /// How the stock wire reports a stop reason: it has no other way to say that an answer was cut off.
    pub(crate) fn from_stop(reason: StopReason) -> Option<Self> {
        match reason {
            StopReason::EndTurn | StopReason::StopSequence | StopReason::GuardrailIntervened => None,
            StopReason::MaxTokens => Some(Self::MaxTokens),
            StopReason::ContentFiltered => Some(Self::Filtered),
            StopReason::ToolUse => Some(Self::Broken { code: "tool_use".to_owned() }),
        }
    }

    /// A name for programs and logs: AWS's or the endpoint's own, if there is one.
    pub(crate) fn code(&self) -> &str {
        match self {
            Self::Throttled { code, .. }
            | Self::Unavailable { code }
            | Self::Rejected { code, .. }
            | Self::Denied { code }
            | Self::Broken { code } => code,
            Self::TimedOut => "ModelTimeout",
            Self::Empty => "EmptyAnswer",
            Self::BrokeOff => "AnswerBrokeOff",
            Self::MaxTokens => "MaxTokens",
            Self::Filtered => "ContentFiltered",
            Self::DeadlineReached => "DeadlineReached",
            Self::DemoFailure => "DemoFailure",
        }
    }

    /// The HTTP status, if nothing of the answer has been sent.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } | Self::TimedOut | Self::DeadlineReached => StatusCode::SERVICE_UNAVAILABLE,
            Self::Rejected { .. } => StatusCode::BAD_REQUEST,
            _ => StatusCode::BAD_GATEWAY,
        }
    }

    /// Whether sending the same prompt again may help.
    pub(crate) fn is_retryable(&self) -> bool {
        !matches!(self, Self::Rejected { .. } | Self::Denied { .. } | Self::MaxTokens | Self::Filtered)
    }

    /// Which failure to report when several candidates failed: the lowest rank, which is the one most likely to pass on a retry.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Throttled { .. } => 0,
            Self::Unavailable { .. } | Self::TimedOut | Self::DeadlineReached => 1,
            Self::Rejected { .. } => 2,
            _ => 3,
        }
    }
}

/// A server's own error name, reduced to what is safe in logs and answers.
pub(crate) fn plain_code(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).take(64).collect()
}
