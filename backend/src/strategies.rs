//! Where the model-selection strategy comes from.

use std::sync::Arc;

#[cfg(feature = "aws")]
use crate::app_config::AppConfig;
use crate::config::Models;
use crate::strategy::{Strategy, StrategyError};

/// A fixed strategy, or the one that AWS `AppConfig` holds.
pub(crate) enum Strategies {
    Fixed(Arc<Strategy>),
    #[cfg(feature = "aws")]
    AppConfig(Box<AppConfig>),
}

impl Strategies {
    /// The source that the configuration names.
    pub(crate) fn new(models: Models) -> Self {
        match models {
            Models::Bundled => Self::Fixed(Arc::new(Strategy::bundled())),
            Models::One(model) => Self::Fixed(Arc::new(Strategy::one_model(model))),
            #[cfg(feature = "aws")]
            Models::AppConfig { aws, application, environment, profile } => {
                Self::AppConfig(Box::new(AppConfig::new(aws, application, environment, profile)))
            }
        }
    }

    /// The strategy in force. If a poll of `AppConfig` fails, the last good one stays in force; without one, that failure is the error.
    #[cfg_attr(not(feature = "aws"), expect(clippy::unused_async, reason = "only AppConfig has to be waited for"))]
    pub(crate) async fn current(&self) -> Result<Arc<Strategy>, StrategyError> {
        match self {
            Self::Fixed(strategy) => Ok(strategy.clone()),
            #[cfg(feature = "aws")]
            Self::AppConfig(app_config) => app_config.current().await,
        }
    }
}
