//! The wire of Signet's stock back end: the request it takes, and the lines in which it answers.
//!
//! An answer is UTF-8 text. Blank lines separate its lines: `{"model_used":"…"}` once, `{"chunk":"…"}` many times, then `[DONE]`. An
//! error in the middle is a line `Error: {…}`, which need not end with a line break. The content type claims `text/event-stream`, but these
//! are not server-sent events.

use serde::{Deserialize, Serialize};

use crate::wire::Field::{Model, Text};
use crate::wire::Wire;

/// The line that ends a complete answer.
pub const DONE: &str = "[DONE]";

/// The start of the line that reports an error; the rest is usually JSON such as `{"error": …}`.
pub const ERROR_PREFIX: &str = "Error: ";

pub(crate) const WIRE: Wire =
    Wire { fields: &[(Model, "", "/model_used"), (Text, "", "/chunk")], silent: &["error"], ..Wire::NONE };

/// What the answer is for. The back end's model-selection strategy chooses a model by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UseCase {
    /// A quick answer.
    PerformanceOptimized,
    /// The best possible answer.
    AccuracyOptimized,
    /// A good answer in reasonable time.
    #[default]
    Balanced,
    /// A cheap answer.
    CostOptimized,
}

impl UseCase {
    /// Every use case, in the order in which people choose from them.
    pub const ALL: [Self; 4] =
        [Self::PerformanceOptimized, Self::AccuracyOptimized, Self::Balanced, Self::CostOptimized];

    /// The name on the wire and in the strategy's `use_case_models`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PerformanceOptimized => "performance_optimized",
            Self::AccuracyOptimized => "accuracy_optimized",
            Self::Balanced => "balanced",
            Self::CostOptimized => "cost_optimized",
        }
    }
}

/// The body of the POST request that asks for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The person's text.
    pub prompt: String,
    /// Chooses the model.
    pub use_case: UseCase,
}

/// A line of JSON in an answer. Other members are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    /// The model that answers. This line comes once, first.
    Model {
        /// The model's id, such as `eu.amazon.nova-2-lite-v1:0`.
        model_used: String,
    },
    /// More of the answer's text, possibly empty.
    Chunk {
        /// The text.
        chunk: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_case_is_written_by_its_name() {
        for use_case in UseCase::ALL {
            assert_eq!(serde_json::to_string(&use_case).unwrap(), format!("\"{}\"", use_case.name()));
        }
    }
}
