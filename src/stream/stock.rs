//! The wire of the stock back end: what a prompt is sent as, and the lines an answer comes back as.
//!
//! An answer is UTF-8 text whose lines are parted by a blank line: `{"model_used":"…"}`, then `{"chunk":"…"}` many times, then `[DONE]`.
//! A failure in mid-stream is a line `Error: {…}`, which need not end with a line break. Its content type claims `text/event-stream`, but it
//! is not SSE.

use serde::{Deserialize, Serialize};

/// The line that ends a whole answer.
pub const DONE: &str = "[DONE]";

/// What the line of a failure in mid-stream starts with; the rest is JSON, as a rule `{"error": …}`.
pub const ERROR_PREFIX: &str = "Error: ";

/// What the person wants of the model. The back end's model-selection strategy turns it into a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UseCase {
    /// The quickest answer.
    PerformanceOptimized,
    /// The best answer.
    AccuracyOptimized,
    /// A good answer in a short time.
    #[default]
    Balanced,
    /// The cheapest answer.
    CostOptimized,
}

impl UseCase {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] =
        [Self::PerformanceOptimized, Self::AccuracyOptimized, Self::Balanced, Self::CostOptimized];

    /// The name on the wire, and in the model-selection strategy's `use_case_models`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerformanceOptimized => "performance_optimized",
            Self::AccuracyOptimized => "accuracy_optimized",
            Self::Balanced => "balanced",
            Self::CostOptimized => "cost_optimized",
        }
    }
}

/// The body of a POST that asks for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// What the person wrote.
    pub prompt: String,
    /// What the model is chosen by.
    pub use_case: UseCase,
}

/// One line of an answer that is JSON. Other fields are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// Which model answers; comes once, first.
    Model {
        /// The model's id, such as `eu.amazon.nova-2-lite-v1:0`.
        model_used: String,
    },
    /// A piece of the answer's text, possibly empty.
    Chunk {
        /// The text.
        chunk: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_on_the_wire() {
        for use_case in UseCase::ALL {
            assert_eq!(serde_json::to_string(&use_case).unwrap(), format!("\"{}\"", use_case.name()));
        }
    }
}
