//! The question to a model, and its answer.

use serde::Serialize;
use signet_stream::stock::Ask;
use signet_stream::typed::StopReason;

use crate::caller::Caller;

/// The question to a model. The demonstration also describes the caller and the candidates.
pub(crate) struct Question {
    pub(crate) ask: Ask,
    /// The turns before the prompt, oldest first: `user` and `assistant` alternate, and the last one is `assistant`.
    pub(crate) earlier: Vec<Message>,
    pub(crate) caller: Caller,
    pub(crate) request_id: String,
    /// The models that the strategy names for this request, in the order in which they are asked.
    pub(crate) candidates: Vec<String>,
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

/// One piece of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text, never empty.
    Text(String),
    /// Text of the model's reasoning, never empty.
    Reasoning(String),
    /// The model has stopped; nothing follows.
    Stop(StopReason),
}
