//! A conversation as it is kept: turns, each with a prompt and one or more answers.

use crate::protocol::{AnswerId, End, Notice, TurnId};
use signet_cognito::UnixMillis;
use signet_stream::stock::UseCase;
use signet_stream::{StopReason, Usage};

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conversation {
    /// Its id, good for an address; empty until something is asked in it.
    pub id: String,
    /// Its title; empty until something is asked in it.
    pub title: String,
    /// When something was last asked in it.
    pub updated: UnixMillis,
    /// How many bytes of earlier turns the back end takes; none if it takes none, or has not said.
    pub context_bytes: Option<u32>,
    /// What was asked, in order.
    pub turns: Vec<Turn>,
}

/// A prompt and its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// As typed.
    pub prompt: String,
    /// In the order in which they were asked for; at least one.
    pub answers: Vec<Answer>,
}

/// An answer, or as much of it as has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the model was chosen by.
    pub use_case: UseCase,
    /// When it was asked for.
    pub asked: UnixMillis,
    /// How many earlier turns went along.
    pub context: u32,
    /// Which model answered; empty until it says so.
    pub model: String,
    /// As it came, in Markdown.
    pub text: String,
    /// What the model said of its reasoning.
    pub reasoning: String,
    /// How it ended; none while it is under way.
    pub end: Option<End>,
    /// What there is to say of an end that was not good.
    pub notice: Option<Notice>,
    /// Why the model stopped, where the wire told.
    pub stop: Option<StopReason>,
    /// What it cost, where the wire told.
    pub usage: Usage,
    /// Milliseconds from the request to the first text, if text came.
    pub first_text: Option<u32>,
    /// Milliseconds from the request to the end, or as far as it is known. Zero for an answer that was stopped before the model was asked.
    pub duration: u32,
}

/// What comes of an answer bit by bit.
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

/// What is new of the conversation that is shown, for whoever keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Anything.
    Whole,
    /// More of an answer.
    Text(Tail),
}

/// More of an answer than was kept of it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    /// Which turn's.
    pub turn: TurnId,
    /// Which of its answers'.
    pub answer: AnswerId,
    /// Of which part.
    pub part: Part,
    /// To add at its end.
    pub text: String,
}
