//! Turns of a conversation and their answers.

use serde::{Deserialize, Serialize};
use signet_markdown::Step;

use signet_stream::stock::UseCase;

/// A turn's number within its conversation, counted from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TurnId(pub u32);

/// An answer's number within its turn, counted from zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AnswerId(pub u32);

/// A change of a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TurnUpdate {
    /// The turn begins with this question.
    Asked {
        /// As typed.
        prompt: String,
    },
    /// A change of one of its answers. A turn has one answer, and another each time it is asked again.
    Answer {
        /// Which.
        id: AnswerId,
        /// The change.
        update: AnswerUpdate,
    },
}

/// A change of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswerUpdate {
    /// It was requested, for the first time or again. Any earlier text of it is cleared.
    Begun {
        /// Chooses the model.
        use_case: UseCase,
        /// How many earlier turns were sent along.
        context: u32,
    },
    /// The model that is answering.
    Model(String),
    /// The next steps that build its document.
    Steps(Vec<Step>),
    /// The next piece of the model's reasoning.
    Reasoning(String),
    /// It ended. In a reopened conversation, the text follows.
    Ended {
        /// How it ended.
        end: End,
        /// Why it is not complete.
        notice: Option<Notice>,
        /// Times, tokens and cost, a few words each.
        facts: Vec<String>,
        /// Seconds until a retry makes sense, counted down; zero for at once, `None` for never.
        wait: Option<u32>,
    },
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// With its end marker.
    Done,
    /// The person stopped it.
    Stopped,
    /// The connection ended without the end marker.
    CutOff,
    /// It failed, before or after text arrived.
    Failed,
}

/// A failure, in words for people: what happened, what to do next, and the request id for support.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// One or two words.
    pub title: String,
    /// The sentences.
    pub text: String,
    /// AWS's id of the request, if one is known.
    pub request_id: Option<String>,
}
