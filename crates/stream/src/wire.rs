//! How a wire format is described.

use serde_json::Value;

use crate::answer::Answer;

/// Where a wire's JSON objects hold their data.
///
/// These are paths into an open [`Value`] (see [`crate::json::find`]) rather than structs: many servers mix the names of several wires, and a
/// value of the wrong type must cost itself, not the object around it. So every object is read by the tables of all wires at once.
pub(crate) struct Wire {
    /// What is read: its meaning, the `type` of the object (empty for an object without one), and its path in the object.
    pub fields: &'static [(Field, &'static str, &'static str)],
    /// Arrays whose first element is read like the object itself.
    pub lists: &'static [&'static str],
    /// The paths of the objects with token counts.
    pub usage: &'static [&'static str],
    /// The token counts in these objects.
    pub counts: &'static [(Count, &'static str)],
    /// What is known but never shown: how an object's `type` begins or, in an object without one, the name of a member.
    pub silent: &'static [&'static str],
    /// The types of objects that report an error.
    pub errors: &'static [&'static str],
    /// The types of objects that end an answer.
    pub ends: &'static [&'static str],
    /// The characters that texts are padded with at their end.
    pub padding: &'static [char],
    /// Reads what no table describes. Its arguments are the object's `type` and the object.
    pub read: fn(&str, &Value, &mut Answer),
}

impl Wire {
    /// A wire without any entries.
    pub const NONE: Self = Self {
        fields: &[],
        lists: &[],
        usage: &[],
        counts: &[],
        silent: &[],
        errors: &[],
        ends: &[],
        padding: &[],
        read: |_, _, _| {},
    };
}

/// What a member of an object means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Field {
    Model,
    /// How many bytes of earlier turns are accepted.
    Context,
    Reasoning,
    Text,
    /// Why the model stopped.
    Stop,
}

impl Field {
    /// All of them, in the order of the events that one object gives.
    pub const ALL: [Self; 5] = [Self::Model, Self::Context, Self::Reasoning, Self::Text, Self::Stop];
}

/// What a token count counts. As a number it is the index in [`crate::answer::Counts`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Count {
    /// Tokens of the prompt.
    Input,
    /// The part of `Input` that was read from a cache.
    Cached,
    /// Tokens of the answer.
    Output,
    /// Tokens read from a cache, on a wire whose `Input` does not include them.
    CacheRead,
    /// Tokens written to a cache, on a wire whose `Input` does not include them.
    CacheWrite,
}
