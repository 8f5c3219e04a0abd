//! Why a request has no answer, for the caller and for the log.

use http::StatusCode;
use signet_stream::typed::Event;

use crate::{model::error::ModelError, request::RequestError, strategy::StrategyError};

/// When a caller may try again if the model does not say, in seconds: its quotas count by the minute.
const RETRY_AFTER_SECONDS: u32 = 10;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl Failure {
    /// The HTTP status, if the head has not been sent.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Request(RequestError::Method) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Request(RequestError::TooLong { .. } | RequestError::ContextTooLong { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::Strategy(StrategyError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Strategy(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Model(error) => error.status(),
        }
    }

    /// The failure as a typed event; `message` is its own sentence.
    pub(super) fn event<'a>(&'a self, message: &'a str) -> Event<'a> {
        let (code, retryable) = match self {
            Self::Request(_) => ("InvalidRequest", false),
            Self::Strategy(error @ StrategyError::Unavailable(_)) => (error.code(), true),
            Self::Strategy(error) => (error.code(), false),
            Self::Model(error) => (error.code(), error.is_retryable()),
        };
        Event::Error { code, message, retryable, retry_after_seconds: self.retry_after_seconds() }
    }

    /// When to try again, for a model that takes no more requests.
    pub(super) fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::Model(ModelError::Throttled { retry_after_seconds, .. }) => {
                Some(retry_after_seconds.unwrap_or(RETRY_AFTER_SECONDS))
            }
            _ => None,
        }
    }

    /// The outcome for the log.
    pub(super) fn outcome(&self) -> String {
        match self {
            Self::Request(error) => format!("{error:?}"),
            Self::Strategy(error) => error.to_string(),
            Self::Model(error) => error.code().to_owned(),
        }
    }
}
