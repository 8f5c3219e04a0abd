use signet_stream::stock::{Ask, UseCase};
use tokio::time::Instant;

use super::*;
use crate::{
    caller::Caller,
    model::exchange::{Message, Role},
    testing::event::{ACCESS_KEY, SESSION_TOKEN, SIGNATURE, event},
};

fn question(prompt: &str, caller: Caller) -> Question {
    Question {
        ask: Ask { prompt: prompt.to_owned(), use_case: UseCase::Balanced },
        earlier: Vec::new(),
        caller,
        request_id: "e1506fd5".to_owned(),
        candidates: vec!["eu.model-a".to_owned(), "eu.model-b".to_owned()],
    }
}

async fn pieces(prompt: &str) -> Result<Pieces, ModelError> {
    Demo { pace: PACE }.ask("eu.model-a", &question(prompt, event("{}").caller())).await
}

/// The words of an answer, and how it ended.
async fn read(prompt: &str) -> (Vec<String>, Result<StopReason, ModelError>) {
    let mut words = Vec::new();
    let mut pieces = match pieces(prompt).await {
        Ok(pieces) => pieces,
        Err(error) => return (words, Err(error)),
    };
    loop {
        match pieces.next().await {
            Ok(Piece::Text(word)) => words.push(word),
            Ok(Piece::Reasoning(_)) => {}
            Ok(Piece::Stop(reason)) => return (words, Ok(reason)),
            Err(error) => return (words, Err(error)),
        }
    }
}

#[test]
fn it_says_who_called_and_which_models_would_be_asked() {
    let text = describe(&question("Grüezi", event("{}").caller()));
    for expected in [
        "a demonstration, not an AI",
        "| Who called | `arn:aws:sts::123456789012:assumed-role/signet-users/CognitoIdentityCredentials` |",
        "| Role | `signet-users` |",
        "| Access key | …`MPLE` |",
        "| Signed for service | `lambda` |",
        "| Signed for region | `eu-central-1` |",
        "| Signed at | `20261123T101500Z` |",
        "`content-type`, `host`, `x-amz-date`, `x-amz-security-token`",
        "| Request id | `e1506fd5` |",
        "| Prompt | 6 characters, 7 bytes |",
        "| Earlier turns | none |",
        "| Use case | `balanced` |",
        "- [x] The request was signed",
        "- [x] IAM told",
        "For the use case `balanced`, the strategy would ask `eu.model-a`, and if that fails `eu.model-b`.",
        "\n```json\n{\n  \"candidates\": [\n    \"eu.model-a\",",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    for secret in [SIGNATURE, SESSION_TOKEN, ACCESS_KEY, "Grüezi"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn it_counts_the_earlier_turns_and_repeats_none_of_them() {
    let mut question = question("x", Caller::default());
    let turn = |role, content: &str| Message { role, content: content.to_owned() };
    question.earlier = vec![turn(Role::User, "Grüezi"), turn(Role::Assistant, "Hallo")];
    let text = describe(&question);
    assert!(text.contains("| Earlier turns | 2, 12 bytes |") && !text.contains("Hallo"), "{text}");
}

#[test]
fn it_says_what_is_missing_and_lets_no_markup_through() {
    let unknown = describe(&question("x", Caller::default()));
    assert!(unknown.contains("| Who called | not in the event |"));
    assert!(unknown.contains("- [ ] The request was signed") && unknown.contains("- [ ] IAM told"));
    let nasty = Caller { region: Some("a`|\n<b>\\".to_owned()), ..Caller::default() };
    assert!(describe(&question("x", nasty)).contains("| Signed for region | `a<b>` |"));
}

#[tokio::test(start_paused = true)]
async fn it_arrives_word_by_word_and_is_long_only_on_request() {
    let (words, end) = read("So what belongs here?").await;
    assert_eq!(end, Ok(StopReason::EndTurn));
    assert_eq!(words.concat(), describe(&question("So what belongs here?", event("{}").caller())));
    let letters = |word: &&str| word.contains(char::is_alphanumeric);
    assert!(words.len() > 100);
    assert!(words.iter().all(|word| word.split_whitespace().filter(letters).count() <= 1), "{words:?}");
    let (long, _) = read("A Long answer, please").await;
    assert!(long.len() > words.len() + 10 * FILLER_LINES);
    assert!(long.concat().contains("Your prompt contains the word `long`"));
}

#[tokio::test(start_paused = true)]
async fn it_fails_and_stops_on_request() {
    let (words, end) = read("demo:fail").await;
    assert!(!words.is_empty());
    assert_eq!(end, Err(ModelError::DemoFailure));
    let (words, end) = read("demo:throttle").await;
    assert!(words.is_empty());
    assert_eq!(end.unwrap_err().status(), 429);
    assert_eq!(read("demo:stop content_filtered").await.1, Ok(StopReason::ContentFiltered));
    assert_eq!(read("demo:stop it").await.1, Ok(StopReason::EndTurn));
}

#[tokio::test(start_paused = true)]
async fn it_keeps_the_requested_pace() {
    for (prompt, pace) in [("x", 20), ("demo:pace 7, please", 7), ("demo:pace\n0", 0), ("demo:pace x", 20)] {
        let mut pieces = pieces(prompt).await.unwrap();
        let start = Instant::now();
        for _ in 0..10 {
            pieces.next().await.unwrap();
        }
        assert_eq!(start.elapsed(), Duration::from_millis(10 * pace), "{prompt}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_slow_once_on_request() {
    for (prompt, seconds) in [("x", 0), ("demo:slow", SLOW_SECONDS), ("demo:slow 20.", 20)] {
        let start = Instant::now();
        pieces(prompt).await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(seconds), "{prompt}");
    }
    let start = Instant::now();
    let question = question("demo:slow", Caller::default());
    assert!(Demo { pace: PACE }.ask("eu.model-b", &question).await.is_ok());
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn it_reasons_before_its_answer_on_request() {
    let mut pieces = pieces("demo:reasoning").await.unwrap();
    let mut reasoning = String::new();
    let first = loop {
        match pieces.next().await.unwrap() {
            Piece::Reasoning(word) => reasoning.push_str(&word),
            piece => break piece,
        }
    };
    assert_eq!(reasoning, REASONING);
    assert_eq!(first, Piece::Text("## This ".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn it_counts_words() {
    let mut pieces = pieces("What do you see? demo:reasoning").await.unwrap();
    let mut sent = String::new();
    while let Piece::Text(word) | Piece::Reasoning(word) = pieces.next().await.unwrap() {
        sent.push_str(&word);
    }
    let words = sent.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    let usage = Usage { input: Some(5), cached: None, output: Some(i64::try_from(words).unwrap()) };
    assert_eq!(pieces.usage(), usage);
}

#[tokio::test(start_paused = true)]
async fn an_answer_has_about_the_requested_size_up_to_a_limit() {
    for (prompt, kilobytes) in
        [("demo:size 1", 1), ("demo:size 100", 100), ("demo:size 99999", 1000), ("demo:size 0", 1)]
    {
        let (words, end) = read(&format!("{prompt} demo:pace 0")).await;
        assert_eq!(end, Ok(StopReason::EndTurn));
        let (text, size) = (words.concat(), kilobytes * 1000);
        assert!((size..size + 1000).contains(&text.len()), "{prompt}: {}", text.len());
        assert!(text.ends_with("\n\n") && text.starts_with("## Part 1\n"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_tour_covers_every_construct() {
    let (words, _) = read("demo:markdown").await;
    let tour = words.concat();
    assert_eq!(tour, TOUR);
    for part in [
        "\n======",
        "\n------",
        "\n    1. ",
        "\n- [ ] ",
        "|:-----|:------:|------:|",
        "```rust\n",
        "```python\n",
        "\n~~~\n",
        "\n> > ",
        "$5 and $6",
        "![",
        "<img ",
        "\n<div ",
        "](javascript:",
        "~~struck out~~",
        "[lambda]: https://",
        "שלום",
        "مرحبا",
    ] {
        assert!(tour.contains(part), "{part}");
    }
}
