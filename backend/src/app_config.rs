//! The model-selection strategy in AWS `AppConfig`, polled as often as `AppConfig` asks for:
//! <https://docs.aws.amazon.com/appconfig/latest/userguide/about-data-plane.html>.

use std::{sync::Arc, time::Duration};

use aws_sdk_appconfigdata::{
    Client, Config,
    config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    aws::{Aws, https_client},
    model::error::plain_code,
    strategy::{Strategy, StrategyError},
};

/// How long the last good strategy is used after a failed poll, before the next one.
const AFTER_FAILURE: Duration = Duration::from_mins(1);

/// How long a poll may take: somebody is waiting for the answer.
const POLL: Duration = Duration::from_secs(5);

/// One configuration profile in `AppConfig`.
pub(crate) struct AppConfig {
    client: Client,
    application: String,
    environment: String,
    profile: String,
    polled: Mutex<Polled>,
}

/// The state after the last poll.
#[derive(Default)]
struct Polled {
    /// Valid for one poll. Without it, the next poll starts a new session.
    token: Option<String>,
    /// When to poll again.
    next: Option<Instant>,
    last_good: Option<Arc<Strategy>>,
}

impl AppConfig {
    pub(crate) fn new(aws: Aws, application: String, environment: String, profile: String) -> Self {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws.region)
            .credentials_provider(aws.credentials)
            .http_client(https_client())
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(100)))
            .timeout_config(TimeoutConfig::builder().operation_timeout(POLL).build());
        config.set_endpoint_url(aws.endpoint_url);
        Self { client: Client::from_conf(config.build()), application, environment, profile, polled: Mutex::default() }
    }

    /// The strategy in force, polled for if it is time.
    pub(crate) async fn current(&self) -> Result<Arc<Strategy>, StrategyError> {
        let mut polled = self.polled.lock().await;
        if let Some(good) = &polled.last_good
            && polled.next.is_some_and(|next| Instant::now() < next)
        {
            return Ok(good.clone());
        }
        match (self.poll(&mut polled).await, &polled.last_good) {
            (Ok(strategy), _) => Ok(strategy),
            (Err(error), Some(good)) => {
                println!(
                    "{}",
                    serde_json::json!({"level": "WARN", "message": error.to_string(), "strategy": "the last good one stays in force"})
                );
                Ok(good.clone())
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn poll(&self, polled: &mut Polled) -> Result<Arc<Strategy>, StrategyError> {
        polled.next = Some(Instant::now() + AFTER_FAILURE);
        let token = match polled.token.take() {
            Some(token) => token,
            None => self.start_session().await?,
        };
        let latest = self
            .client
            .get_latest_configuration()
            .configuration_token(token)
            .send()
            .await
            .map_err(|error| strategy_error(&error))?;
        let json = latest.configuration.map(aws_sdk_appconfigdata::primitives::Blob::into_inner).unwrap_or_default();
        let strategy = match &polled.last_good {
            // An empty configuration means: nothing has changed.
            Some(good) if json.is_empty() => good.clone(),
            // On an error the token is not kept, so the next poll gets the same document and reports it again.
            _ => Arc::new(Strategy::from_json(&json)?),
        };
        let seconds = u64::try_from(latest.next_poll_interval_in_seconds).unwrap_or_default();
        polled.next = Some(Instant::now() + Duration::from_secs(seconds));
        polled.token = latest.next_poll_configuration_token;
        polled.last_good = Some(strategy.clone());
        Ok(strategy)
    }

    async fn start_session(&self) -> Result<String, StrategyError> {
        let session = self
            .client
            .start_configuration_session()
            .application_identifier(&self.application)
            .environment_identifier(&self.environment)
            .configuration_profile_identifier(&self.profile)
            .send()
            .await
            .map_err(|error| strategy_error(&error))?;
        session.initial_configuration_token.ok_or_else(|| StrategyError::Unavailable("NoToken".to_owned()))
    }
}

/// AWS's messages can name the role and the account, so only the error's name is passed on.
fn strategy_error<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> StrategyError {
    let SdkError::ServiceError(service_error) = error else {
        return StrategyError::Unavailable("ConnectionFailed".to_owned());
    };
    let code = plain_code(service_error.err().code().unwrap_or("UnreadableResponse"));
    match code.as_str() {
        "ThrottlingException" | "InternalServerException" => StrategyError::Unavailable(code),
        _ => StrategyError::Refused(code),
    }
}

#[cfg(test)]
mod tests;
