use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_appconfigdata::config::{Credentials, Region};

use super::*;
use crate::testing::server::{self, Fake, Served};

const GOOD: &str = r#"{"primary_model": "from-app-config"}"#;

/// An `AppConfig` that serves these configurations in turn, then the last one again and again.
async fn app_config(interval: u32, configurations: &'static [&'static str]) -> (Fake, AppConfig) {
    let polls = AtomicUsize::new(0);
    let fake = server::serve(move |path| {
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
async fn app_config_is_polled_no_sooner_than_it_asks_for() {
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
async fn the_last_good_strategy_stays_in_force_when_a_poll_fails_or_returns_an_invalid_one() {
    for bad in [&[GOOD, "fails", "{}"], &[GOOD, "{}", "fails"]] {
        let (fake, app_config) = app_config(0, bad).await;
        for _ in 0..2 {
            assert_eq!(*app_config.current().await.unwrap(), Strategy::one_model("from-app-config"));
        }
        assert_eq!(paths(&fake), [SESSION, FIRST, NEXT]);
    }
}

#[tokio::test]
async fn a_failed_first_load_is_an_error_and_is_tried_again() {
    let (fake, app_config) = app_config(60, &["{}", "", "fails", GOOD]).await;
    assert!(app_config.current().await.unwrap_err().to_string().contains("primary_model"));
    assert!(matches!(app_config.current().await, Err(StrategyError::Invalid(_))));
    assert_eq!(app_config.current().await, Err(StrategyError::Refused("BadRequestException".to_owned())));
    assert_eq!(*app_config.current().await.unwrap(), Strategy::one_model("from-app-config"));
    assert_eq!(paths(&fake), [SESSION, FIRST].repeat(4));
}
