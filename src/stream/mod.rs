//! Bytes in, answer events out; one file a wire format.

pub mod stock;

/// Something of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Which model answers.
    Model(String),
    /// A piece of the text, never empty.
    Text(String),
    /// The back end reports an error, in its own words, possibly none. It is the last event.
    Error(String),
    /// The end marker. It is the last event; an answer without it was cut off.
    End,
    /// A line that could not be read. The others are not lost.
    Unreadable,
}
