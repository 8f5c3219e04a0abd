//! The model-selection strategy: which models may answer a request, and in which order.

use std::collections::BTreeMap;

use serde::Deserialize;
use signet_stream::stock::UseCase;

/// The strategy that applies when none is configured.
const BUNDLED: &str = include_str!("../model_selection.json");

/// A validated model-selection strategy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Strategy {
    primary_model: String,
    #[serde(default)]
    fallback_models: Vec<String>,
    #[serde(default)]
    use_case_models: BTreeMap<String, String>,
}

/// Why there is no strategy.
#[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "only AppConfig can refuse, or be out of reach"))]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StrategyError {
    /// The document is not a strategy.
    #[error("The model-selection strategy is not valid: {0}. Ask the function's operator to correct it.")]
    Invalid(String),
    /// `AppConfig` refused, or has no such configuration. Holds AWS's name for the error.
    #[error("The model-selection strategy could not be read from AppConfig ({0}). Tell the function's operator.")]
    Refused(String),
    /// `AppConfig` could not be reached, or asked us to wait. Holds AWS's name for the error.
    #[error("The model-selection strategy cannot be read from AppConfig just now ({0}). Try again in a few minutes.")]
    Unavailable(String),
}

impl StrategyError {
    /// A name for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "StrategyInvalid",
            Self::Refused(_) => "StrategyRefused",
            Self::Unavailable(_) => "StrategyUnavailable",
        }
    }
}

impl Strategy {
    /// Reads and checks a strategy's JSON.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, StrategyError> {
        let strategy: Self = serde_json::from_slice(json).map_err(|error| StrategyError::Invalid(error.to_string()))?;
        for name in strategy.use_case_models.keys() {
            if !UseCase::ALL.iter().any(|use_case| use_case.name() == name) {
                return Err(StrategyError::Invalid(format!(
                    "`use_case_models` has `{name}`, which is not one of {}",
                    use_case_names()
                )));
            }
        }
        for model in strategy.all_models() {
            // AWS's limit on a modelId is 2048 characters.
            if model.is_empty() || model.len() > 2048 || model.contains(|c: char| c.is_whitespace() || c.is_control()) {
                return Err(StrategyError::Invalid(format!("`{}` is not a model id", model.escape_debug())));
            }
        }
        Ok(strategy)
    }

    /// The strategy built into the function.
    pub(crate) fn bundled() -> Self {
        Self::from_json(BUNDLED.as_bytes()).expect("a test reads the bundled strategy")
    }

    /// A strategy that always asks the same model.
    pub(crate) fn one_model(model: impl Into<String>) -> Self {
        Self { primary_model: model.into(), fallback_models: Vec::new(), use_case_models: BTreeMap::new() }
    }

    /// The models to ask, in order and each once: the use case's, the primary, then the fallbacks.
    pub(crate) fn candidates(&self, use_case: UseCase) -> Vec<&str> {
        let mut candidates = Vec::new();
        let of_use_case = self.use_case_models.get(use_case.name());
        for model in of_use_case.into_iter().chain([&self.primary_model]).chain(&self.fallback_models) {
            if !candidates.contains(&model.as_str()) {
                candidates.push(model);
            }
        }
        candidates
    }

    fn all_models(&self) -> impl Iterator<Item = &String> {
        [&self.primary_model].into_iter().chain(&self.fallback_models).chain(self.use_case_models.values())
    }
}

/// The four use cases, for messages.
pub(crate) fn use_case_names() -> String {
    UseCase::ALL.map(|use_case| format!("`{}`", use_case.name())).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_the_use_cases_model_then_the_primary_then_the_fallbacks_each_once() {
        let strategy = Strategy::from_json(
            br#"{"primary_model": "p", "fallback_models": ["a", "p", "b", "a"], "use_case_models": {"balanced": "b"}}"#,
        )
        .unwrap();
        assert_eq!(strategy.candidates(UseCase::Balanced), ["b", "p", "a"]);
        assert_eq!(strategy.candidates(UseCase::CostOptimized), ["p", "a", "b"]);
    }

    #[test]
    fn the_bundled_strategy_has_a_model_of_its_own_for_each_use_case() {
        let strategy = Strategy::bundled();
        let mut first: Vec<_> = UseCase::ALL.iter().map(|use_case| strategy.candidates(*use_case)[0]).collect();
        first.sort_unstable();
        first.dedup();
        assert_eq!(first.len(), 4);
    }

    #[test]
    fn an_invalid_strategy_is_refused_with_the_reason() {
        let cases: [(&[u8], &str); 7] = [
            (b"", "EOF"),
            (b"not json", "expected"),
            (b"{}", "primary_model"),
            (br#"{"primary_model": ""}"#, "`` is not a model id"),
            (br#"{"primary_model": "p", "fallback_models": ["a b"]}"#, "`a b` is not a model id"),
            (br#"{"primary_model": "p", "use_case_models": {"ballanced": "b"}}"#, "`ballanced`"),
            (br#"{"primary_model": "p", "use_case_models": {"balanced": 3}}"#, "expected a string"),
        ];
        for (json, reason) in cases {
            let error = Strategy::from_json(json).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
