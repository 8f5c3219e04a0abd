//! A conversation: turns, each with a prompt and one or more answers.

use crate::core::fault::Fault;
use crate::protocol::{AnswerId, End, Notice, TurnId};
use signet_cognito::UnixMillis;
use signet_stream::stock::UseCase;
use signet_stream::{StopReason, Usage};

/// Seconds to wait after throttling without `Retry-After`.
const WAIT: u32 = 10;
/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    /// Its id, which can be part of an address; empty until the first question.
    pub id: String,
    /// Its title; empty until the first question.
    pub title: String,
    /// When the latest question was asked.
    pub updated: UnixMillis,
    /// How many bytes of earlier turns the back end accepts; `None` if it accepts none or has not said.
    pub context_bytes: Option<u32>,
    /// The turns, oldest first.
    pub turns: Vec<Turn>,
}

/// A prompt and its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// As typed.
    pub prompt: String,
    /// At least one, in the order of the requests.
    pub answers: Vec<Answer>,
}

/// An answer, or the part of it that has arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The use case that chose the model.
    pub use_case: UseCase,
    /// When it was requested.
    pub asked: UnixMillis,
    /// How many earlier turns were sent along.
    pub context: u32,
    /// The model; empty until it is known.
    pub model: String,
    /// Markdown.
    pub text: String,
    /// The model's reasoning.
    pub reasoning: String,
    /// How it ended; `None` while it is under way.
    pub end: Option<End>,
    /// Why it is not complete.
    pub notice: Option<Notice>,
    /// Why the model stopped, if known.
    pub stop: Option<StopReason>,
    /// Its tokens, as far as known.
    pub usage: Usage,
    /// Milliseconds from the request to the first text.
    pub first_text: Option<u32>,
    /// Milliseconds from the request to the end. Zero for an answer that was stopped before the model was asked.
    pub duration: u32,
}

/// A part of an answer that grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// [`Answer::text`]
    Text,
    /// [`Answer::reasoning`]
    Reasoning,
}

impl Answer {
    /// One of its parts.
    pub fn part(&mut self, part: Part) -> &mut String {
        match part {
            Part::Text => &mut self.text,
            Part::Reasoning => &mut self.reasoning,
        }
    }
}

/// A change of the shown conversation, to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Store the whole conversation.
    Whole,
    /// Append to an answer.
    Text(Tail),
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// The turn.
    pub turn: TurnId,
    /// The answer within the turn.
    pub answer: AnswerId,
    /// The part that the text belongs to.
    pub part: Part,
    /// The text to append.
    pub text: String,
}

/// How an answer ended, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// With its end marker.
    Done,
    /// The person stopped it.
    Stopped,
    /// The connection ended without the end marker.
    CutOff,
    /// It failed, before or after text arrived.
    Failed(Fault),
}

impl Ending {
    /// The end without its reason.
    pub fn end(&self) -> End {
        match self {
            Self::Done => End::Done,
            Self::Stopped => End::Stopped,
            Self::CutOff => End::CutOff,
            Self::Failed(_) => End::Failed,
        }
    }

    /// Seconds until a retry makes sense; `None` if it never does.
    pub fn wait(&self) -> Option<u32> {
        match self {
            Self::Failed(Fault::Throttled { retry_after, .. }) => Some(retry_after.unwrap_or(WAIT)),
            Self::Failed(Fault::Answer { retryable: Some(false), .. }) => None,
            Self::Failed(Fault::Answer { retry_after, .. }) => Some(retry_after.unwrap_or_default()),
            _ => Some(0),
        }
    }
}
