//! The model-selection strategy in force: a fixed one, or AWS `AppConfig`'s, which is asked again as often as it says:
//! <https://docs.aws.amazon.com/appconfig/latest/userguide/about-data-plane.html>.

use std::{sync::Arc, time::Duration};

use aws_sdk_appconfigdata::{
    Client, Config,
    config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    config::{Aws, https_client},
    model::plain_code,
    strategy::{Strategy, StrategyError},
};

/// How long the last good strategy is used before `AppConfig` is asked again after a failure.
const AFTER_FAILURE: Duration = Duration::from_mins(1);

/// How long a poll may take: the person waits for it.
const POLL: Duration = Duration::from_secs(5);

/// Where the strategy in force comes from.
pub(crate) enum Strategies {
    Fixed(Arc<Strategy>),
    AppConfig(Box<AppConfig>),
}

/// One configuration profile in `AppConfig`.
pub(crate) struct AppConfig {
    client: Client,
    application: String,
    environment: String,
    profile: String,
    polled: Mutex<Polled>,
}

/// What the last polls left.
#[derive(Default)]
struct Polled {
    /// Good for one poll. Without it a new session is started.
    token: Option<String>,
    next: Option<Instant>,
    last_good: Option<Arc<Strategy>>,
}

impl Strategies {
    /// The strategy in force. The last good one goes on when a poll fails; without one the failure is told.
    pub(crate) async fn current(&self) -> Result<Arc<Strategy>, StrategyError> {
        match self {
            Self::Fixed(strategy) => Ok(strategy.clone()),
            Self::AppConfig(app_config) => app_config.current().await,
        }
    }
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

    async fn current(&self) -> Result<Arc<Strategy>, StrategyError> {
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
                    serde_json::json!({"level": "WARN", "message": error.to_string(), "strategy": "the last good one goes on"})
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
            // An empty configuration says that nothing has changed.
            Some(good) if json.is_empty() => good.clone(),
            // Without the token a wrong document comes again with the next poll, and is told again.
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

/// AWS's messages can name the role and the account, so only the error's name goes on.
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
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_sdk_appconfigdata::config::{Credentials, Region};

    use super::*;
    use crate::fake::{self, Fake, Served};

    const GOOD: &str = r#"{"primary_model": "from-app-config"}"#;

    /// `AppConfig`, giving one configuration after the other, the last one again and again.
    async fn app_config(interval: u32, configurations: &'static [&'static str]) -> (Fake, AppConfig) {
        let polls = AtomicUsize::new(0);
        let fake = fake::serve(move |path| {
            if path == "/configurationsessions" {
                return Served::ok("application/json", vec![r#"{"InitialConfigurationToken":"first"}"#.into()]);
            }
            let poll = polls.fetch_add(1, Ordering::Relaxed).min(configurations.len() - 1);
            match configurations[poll] {
                "fails" => Served::ok("application/json", vec!["{}".into()])
                    .status(400)
                    .header("x-amzn-errortype", "BadRequestException"),
                configuration => Served::ok("application/json", vec![configuration.into()])
                    .header("next-poll-configuration-token", "next")
                    .header("next-poll-interval-in-seconds", &interval.to_string()),
            }
        })
        .await;
        let aws = Aws {
            region: Region::new("eu-central-1"),
            credentials: Credentials::new("ASIAEXAMPLEEXAMPLE12", "secret", None, None, "test"),
            endpoint_url: Some(fake.url()),
        };
        (fake, AppConfig::new(aws, "a".to_owned(), "e".to_owned(), "p".to_owned()))
    }

    fn paths(fake: &Fake) -> Vec<String> {
        fake.requests().iter().map(|(head, _)| head.split(' ').nth(1).unwrap().to_owned()).collect()
    }

    const SESSION: &str = "/configurationsessions";
    const FIRST: &str = "/configuration?configuration_token=first";
    const NEXT: &str = "/configuration?configuration_token=next";

    #[tokio::test]
    async fn it_is_asked_no_sooner_than_it_says() {
        let (fake, app_config) = app_config(60, &[GOOD]).await;
        let expected = Strategy::one_model("from-app-config");
        for _ in 0..3 {
            assert_eq!(*app_config.current().await.unwrap(), expected);
        }
        assert_eq!(paths(&fake), [SESSION, FIRST]);
        let (_, body) = fake.requests().remove(0);
        assert!(body.contains(r#""ApplicationIdentifier":"a""#), "{body}");
    }

    #[tokio::test]
    async fn the_token_is_kept_and_an_empty_configuration_changes_nothing() {
        let (fake, app_config) = app_config(0, &[GOOD, "", r#"{"primary_model": "newer"}"#]).await;
        for model in ["from-app-config", "from-app-config", "newer"] {
            assert_eq!(*app_config.current().await.unwrap(), Strategy::one_model(model));
        }
        assert_eq!(paths(&fake), [SESSION, FIRST, NEXT, NEXT]);
    }

    #[tokio::test]
    async fn the_last_good_one_goes_on_when_a_poll_fails_or_brings_a_wrong_one() {
        for bad in [&[GOOD, "fails", "{}"], &[GOOD, "{}", "fails"]] {
            let (fake, app_config) = app_config(0, bad).await;
            for _ in 0..2 {
                assert_eq!(*app_config.current().await.unwrap(), Strategy::one_model("from-app-config"));
            }
            assert_eq!(paths(&fake), [SESSION, FIRST, NEXT]);
        }
    }

    #[tokio::test]
    async fn a_first_load_that_fails_is_told_and_tried_again() {
        let (fake, app_config) = app_config(60, &["{}", "", "fails", GOOD]).await;
        assert!(app_config.current().await.unwrap_err().to_string().contains("primary_model"));
        assert!(matches!(app_config.current().await, Err(StrategyError::Invalid(_))));
        assert_eq!(app_config.current().await, Err(StrategyError::Refused("BadRequestException".to_owned())));
        assert_eq!(*app_config.current().await.unwrap(), Strategy::one_model("from-app-config"));
        assert_eq!(paths(&fake), [SESSION, FIRST].repeat(4));
    }
}
