//! A model that is asked and answers in pieces: Bedrock's, another endpoint's, or the demonstration.

use serde::Serialize;
use signet_stream::stock::Ask;
use signet_stream::typed::{StopReason, Usage};

use crate::{bedrock, demo, openai, request::Caller};

/// Who is asked.
pub(crate) enum Model {
    Bedrock(Box<bedrock::Bedrock>),
    OpenAi(Box<openai::OpenAi>),
    Demo(demo::Demo),
}

/// What a model is asked, and what the demonstration tells of.
pub(crate) struct Question {
    pub(crate) ask: Ask,
    /// The turns before the prompt, the oldest first: `user` and `assistant` take turns, and `assistant` has the last word.
    pub(crate) earlier: Vec<Message>,
    pub(crate) caller: Caller,
    pub(crate) request_id: String,
    /// The models that the strategy names for this request, the first one first.
    pub(crate) candidates: Vec<String>,
}

/// An answer that is being given.
pub(crate) enum Pieces {
    Bedrock(Box<bedrock::Pieces>),
    OpenAi(openai::Pieces),
    Demo(demo::Pieces),
}

/// An earlier turn of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Message {
    pub(crate) role: Role,
    /// Never blank.
    pub(crate) content: String,
}

/// Whose turn it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    User,
    Assistant,
}

/// What comes of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text, never empty.
    Text(String),
    /// What the model says of its reasoning, never empty.
    Reasoning(String),
    /// The model has stopped; nothing comes after it.
    Stop(StopReason),
}

/// Why there is no answer, or no more of it. The sentences are for the caller, so they hold nothing of the function's own account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ModelError {
    #[error("The model is taking no more requests just now. Wait a moment, then send the prompt again.")]
    Throttled { code: String, retry_after_seconds: Option<u32> },
    #[error("The model cannot be reached or is not ready. Send the prompt again in a while.")]
    Unavailable { code: String },
    #[error("The model did not go on in time. Send the prompt again, or choose another use case.")]
    TimedOut,
    #[error("The model refused the prompt: {message}")]
    Rejected { code: String, message: String },
    #[error("This function may not use the model. Tell whoever runs it, with the request id.")]
    Denied { code: String },
    #[error(
        "The model gave an answer that cannot be read. Send the prompt again; if it stays, tell whoever runs this function."
    )]
    Broken { code: String },
    #[error("The model's answer has no text. Send the prompt again, or word it otherwise.")]
    Empty,
    #[error("The answer broke off before its end. Send the prompt again.")]
    BrokeOff,
    #[error(
        "The answer is cut: it reached the most tokens that an answer may have. Ask for a shorter one, or for the rest."
    )]
    MaxTokens,
    #[error("The answer is cut: the model's content filter stopped it.")]
    Filtered,
    #[error("The function's time is up before the answer is whole. Ask for a shorter one, or choose another use case.")]
    DeadlineReached,
    #[error("This failure was asked for: the prompt contains demo:fail.")]
    DemoFailure,
}

impl Model {
    /// Asks the model of that name. What it is called in the answer comes back with the pieces.
    pub(crate) async fn ask(&self, model: &str, question: &Question) -> Result<(String, Pieces), ModelError> {
        match self {
            Self::Bedrock(bedrock) => {
                // The SDK's future is large, and would be so in each future around it.
                let pieces = Box::pin(bedrock.ask(model, &question.earlier, &question.ask.prompt)).await?;
                Ok((model.to_owned(), Pieces::Bedrock(Box::new(pieces))))
            }
            Self::OpenAi(openai) => {
                let pieces = openai.ask(model, &question.earlier, &question.ask.prompt).await?;
                Ok((model.to_owned(), Pieces::OpenAi(pieces)))
            }
            Self::Demo(demo) => Ok((demo::NAME.to_owned(), Pieces::Demo(demo.ask(model, question).await?))),
        }
    }
}

impl Pieces {
    /// What comes next; `None` if what has come says nothing yet, which still shows that the model is at work. To drop the pieces is to stop asking.
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>, ModelError> {
        match self {
            Self::Bedrock(pieces) => pieces.next().await,
            Self::OpenAi(pieces) => pieces.next().await,
            Self::Demo(pieces) => pieces.next().await.map(Some),
        }
    }

    /// What the answer cost, known at its end if at all.
    pub(crate) fn usage(&self) -> Option<Usage> {
        match self {
            Self::Bedrock(pieces) => pieces.usage(),
            Self::OpenAi(pieces) => pieces.usage(),
            Self::Demo(pieces) => Some(pieces.usage()),
        }
    }
}

impl ModelError {
    /// What the stock wire makes of a reason to stop, which has no other word for an answer that is cut.
    pub(crate) fn of_stop(reason: StopReason) -> Option<Self> {
        match reason {
            StopReason::EndTurn | StopReason::StopSequence | StopReason::GuardrailIntervened => None,
            StopReason::MaxTokens => Some(Self::MaxTokens),
            StopReason::ContentFiltered => Some(Self::Filtered),
            StopReason::ToolUse => Some(Self::Broken { code: "tool_use".to_owned() }),
        }
    }

    /// A name for programs and logs: AWS's or the endpoint's own where there is one.
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

    /// The status when nothing of the answer has been sent.
    pub(crate) fn status(&self) -> http::StatusCode {
        match self {
            Self::Throttled { .. } => http::StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable { .. } | Self::TimedOut | Self::DeadlineReached => http::StatusCode::SERVICE_UNAVAILABLE,
            Self::Rejected { .. } => http::StatusCode::BAD_REQUEST,
            _ => http::StatusCode::BAD_GATEWAY,
        }
    }

    /// Whether sending the same prompt again may help.
    pub(crate) fn is_retryable(&self) -> bool {
        !matches!(self, Self::Rejected { .. } | Self::Denied { .. } | Self::MaxTokens | Self::Filtered)
    }

    /// Which of several candidates' failures is told: the lowest, which is the one that sending again helps most.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::Throttled { .. } => 0,
            Self::Unavailable { .. } | Self::TimedOut | Self::DeadlineReached => 1,
            Self::Rejected { .. } => 2,
            _ => 3,
        }
    }
}

/// An error's name as a server gave it, safe for logs and answers.
pub(crate) fn plain_code(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || "._-".contains(*c)).take(64).collect()
}
