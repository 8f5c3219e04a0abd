//! The demonstration: no AI and no network, but an answer that tells what the function can see of the call that just happened.

use std::{fmt::Write as _, time::Duration};

use serde::Deserialize;
use serde_json::json;
use tokio::time::sleep;

use signet_stream::typed::{StopReason, Usage};

use crate::model::{ModelError, Piece, Question};

/// What it is called in an answer.
pub(crate) const NAME: &str = "signet-demo (no AI)";

/// How long the demonstration takes for a word: about as quick as a model.
pub(crate) const PACE: Duration = Duration::from_millis(20);

/// How long `demo:slow` waits: longer than typed events wait with their head, shorter than the patience with a model.
const SLOW_SECONDS: u64 = 8;

/// How many lines of filling a longer answer has.
const FILLING: usize = 40;

/// The longest answer that `demo:size` gives, in kB.
const MAX_SIZE: u64 = 1000;

/// What `demo:markdown` answers.
const TOUR: &str = include_str!("tour.md");

/// What `demo:reasoning` says before the answer.
const REASONING: &str =
    "Nobody reasons here: this is the demonstration's place for what a model says of its reasoning. ";

/// The built-in demonstration.
pub(crate) struct Demo {
    /// How long it takes for a word.
    pub(crate) pace: Duration,
}

/// A demonstration's answer on its way, word by word.
pub(crate) struct Pieces {
    reasoning: Words,
    text: Words,
    fail_at: Option<usize>,
    stop: StopReason,
    pace: Duration,
    words_asked: usize,
}

/// A text that is given word by word.
struct Words {
    text: String,
    given: usize,
    count: usize,
}

impl Demo {
    /// Only the first candidate is slow, so that a failure is not as many times as slow as there are candidates.
    pub(crate) async fn ask(&self, candidate: &str, question: &Question) -> Result<Pieces, ModelError> {
        let prompt = &question.ask.prompt;
        if prompt.contains("demo:slow") && question.candidates.first().is_some_and(|first| first == candidate) {
            sleep(Duration::from_secs(number(prompt, "demo:slow").unwrap_or(SLOW_SECONDS))).await;
        }
        if prompt.contains("demo:throttle") {
            return Err(ModelError::Throttled { code: "DemoThrottle".to_owned(), retry_after_seconds: None });
        }
        let text = match number(prompt, "demo:size") {
            Some(kilobytes) => filled(kilobytes.clamp(1, MAX_SIZE)),
            None if prompt.contains("demo:markdown") => TOUR.to_owned(),
            None => tell(question),
        };
        let reasoning = if prompt.contains("demo:reasoning") { REASONING } else { "" };
        let asked = question.earlier.iter().map(|turn| turn.content.as_str()).chain([prompt.as_str()]);
        Ok(Pieces {
            fail_at: prompt.contains("demo:fail").then_some(text.len() / 3),
            stop: argument(prompt, "demo:stop")
                .and_then(|reason| StopReason::deserialize(json!(reason)).ok())
                .unwrap_or(StopReason::EndTurn),
            pace: number(prompt, "demo:pace").map_or(self.pace, Duration::from_millis),
            words_asked: asked.map(|text| text.split_whitespace().count()).sum(),
            reasoning: Words::of(reasoning.to_owned()),
            text: Words::of(text),
        })
    }
}

impl Pieces {
    pub(crate) async fn next(&mut self) -> Result<Piece, ModelError> {
        if self.fail_at.is_some_and(|at| self.text.given >= at) {
            return Err(ModelError::DemoFailure);
        }
        let piece = match self.reasoning.next() {
            Some(word) => Piece::Reasoning(word),
            None => match self.text.next() {
                Some(word) => Piece::Text(word),
                None => return Ok(Piece::Stop(self.stop)),
            },
        };
        // Even a sleep of no time takes a tick of the timer.
        if !self.pace.is_zero() {
            sleep(self.pace).await;
        }
        Ok(piece)
    }

    /// Words, not tokens; the answer says so.
    pub(crate) fn usage(&self) -> Usage {
        let count = |words| i64::try_from(words).ok();
        Usage { input: count(self.words_asked), cached: None, output: count(self.reasoning.count + self.text.count) }
    }
}

impl Words {
    fn of(text: String) -> Self {
        Self { text, given: 0, count: 0 }
    }

    /// The next word, with the white space behind it and the marks before it that are no words.
    fn next(&mut self) -> Option<String> {
        let rest = &self.text[self.given..];
        let mut length = 0;
        for word in rest.split_inclusive(char::is_whitespace) {
            length += word.len();
            if word.contains(char::is_alphanumeric) {
                self.count += 1;
                break;
            }
        }
        self.given += length;
        (length > 0).then(|| rest[..length].to_owned())
    }
}

/// The word behind `word` in a prompt, without the end of a sentence.
fn argument<'a>(prompt: &'a str, word: &str) -> Option<&'a str> {
    let word = prompt.split_once(word)?.1.split_whitespace().next()?;
    Some(word.trim_end_matches(|c: char| c.is_ascii_punctuation()))
}

/// The whole number behind `word` in a prompt.
fn number(prompt: &str, word: &str) -> Option<u64> {
    argument(prompt, word)?.parse().ok()
}

/// About so many kB of Markdown.
fn filled(kilobytes: u64) -> String {
    let size = usize::try_from(kilobytes * 1000).unwrap_or(usize::MAX);
    let mut text = String::with_capacity(size + 1000);
    let mut part = 0;
    while text.len() < size {
        part += 1;
        let _ = write!(
            text,
            "## Part {part}\n\n\
             This is part {part} of about {kilobytes} kB, written by the **demonstration** and by no model. It has `code`, *slanted* words, \
             a [link](https://docs.aws.amazon.com/) and Grüße an 世界 🦀.\n\n\
             - first item of part {part}\n- second item\n  - an item below it\n\n"
        );
        match part % 4 {
            1 => text.push_str("```rust\nfn part() -> Result<u32, Error> {\n    Ok(7) // a comment\n}\n```\n\n"),
            3 => text.push_str("| Left | Right |\n|:-----|------:|\n| a | 1 |\n| b | 2 |\n\n"),
            _ => text.push_str("> A quote, so that parts are not all the same.\n\n"),
        }
    }
    text
}

/// The whole answer, in Markdown.
fn tell(question: &Question) -> String {
    let Question { ask, earlier, caller, request_id, candidates } = question;
    let seen = |value: Option<&str>| value.map_or_else(|| "not in the event".to_owned(), code);
    let signed_headers: Vec<_> = caller.signed_headers.iter().map(|header| code(header)).collect();
    let use_case = ask.use_case.name();
    let earlier_bytes: usize = earlier.iter().map(|turn| turn.content.len()).sum();
    let rows = [
        ("Who called", seen(caller.user_arn.as_deref())),
        ("With the role", seen(caller.role())),
        (
            "With the access key",
            caller.access_key_ending.as_ref().map_or_else(|| seen(None), |ending| format!("…{}", code(ending))),
        ),
        ("Signed for the service", seen(caller.service.as_deref())),
        ("In the region", seen(caller.region.as_deref())),
        ("At", seen(caller.time.as_deref())),
        ("Headers under the signature", if signed_headers.is_empty() { seen(None) } else { signed_headers.join(", ") }),
        ("Request id", code(request_id)),
        ("Prompt", format!("{} characters, {} bytes", ask.prompt.chars().count(), ask.prompt.len())),
        (
            "Earlier turns",
            if earlier.is_empty() { "none".to_owned() } else { format!("{}, {earlier_bytes} bytes", earlier.len()) },
        ),
        ("Use case", code(use_case)),
    ];
    let rows = rows.map(|(what, value)| format!("| {what} | {value} |\n")).concat();
    let models: Vec<_> = candidates.iter().map(|model| code(model)).collect();
    let (first, then) =
        models.split_first().map_or(("no model".to_owned(), &[][..]), |(first, then)| (first.clone(), then));
    let then = if then.is_empty() { String::new() } else { format!(", and if it failed {}", then.join(", then ")) };
    let done = |is_done| if is_done { 'x' } else { ' ' };
    let has_token = caller.signed_headers.iter().any(|header| header == "x-amz-security-token");
    let (signed, known) = (done(has_token), done(caller.user_arn.is_some()));
    let plan = json!({"use_case": use_case, "candidates": candidates});
    let mut text = format!(
        "## This is a demonstration, not an AI\n\
         \n\
         **No model has read your prompt.** The function wrote this text itself, out of the call that you just made:\n\
         \n\
         | What | As the function saw it |\n\
         |---|---|\n\
         {rows}\
         \n\
         - [{signed}] The request was signed with temporary keys\n\
         - [{known}] IAM told the function who called\n\
         - [ ] A model answered\n\
         \n\
         ### Which model it would have been\n\
         \n\
         The use case {} chose the model: the strategy would ask {first}{then}.\n\
         \n\
         ```json\n\
         {plan:#}\n\
         ```\n\
         \n\
         > The demonstration answers in its place because the function runs with `MODEL_BACKEND=demo`. With `bedrock` it asks \
         [Amazon Bedrock](https://docs.aws.amazon.com/bedrock/).\n\
         \n\
         ### What a prompt can do here\n\
         \n\
         - The word `long` adds {FILLING} lines, enough to try **Stop** and scrolling.\n\
         - `demo:markdown` answers with a tour of Markdown, `demo:size 100` with about 100 kB of it.\n\
         - `demo:reasoning` says something before the answer, as models do that reason.\n\
         - `demo:slow` waits {SLOW_SECONDS} seconds before the first word, `demo:slow 20` waits 20; `demo:pace 5` takes 5 ms for a word.\n\
         - `demo:fail` breaks the answer off in the middle, `demo:stop max_tokens` ends it for that reason.\n\
         - `demo:throttle` refuses it with status 429.\n\
         \n\
         Everything else changes only the count of characters above. Where a model counts tokens, the demonstration counts words.\n",
        code(use_case)
    );
    let is_long = |word: &str| word.eq_ignore_ascii_case("long");
    if ask.prompt.split(|c: char| !c.is_alphanumeric()).any(is_long) {
        text.push_str("\n### The longer answer\n\nYour prompt has the word `long` in it, so here is filling:\n\n");
        let filling =
            |line| format!("{line}. This is line {line} of {FILLING}, written by the function and by no model.\n");
        text.extend((1..=FILLING).map(filling));
    }
    text
}

/// A value in a code span. The values come from the caller, so whatever could end the span is left out.
fn code(value: &str) -> String {
    let plain = |c: &char| c.is_ascii_graphic() && !"`|\\".contains(*c) || *c == ' ';
    format!("`{}`", value.chars().filter(plain).take(300).collect::<String>())
}

#[cfg(test)]
pub(crate) mod tests {
    use signet_stream::stock::{Ask, UseCase};
    use tokio::time::Instant;

    use super::*;
    use crate::{
        model::{Message, Role},
        request::{
            Caller,
            tests::{ACCESS_KEY, SESSION_TOKEN, SIGNATURE, event},
        },
    };

    pub(crate) fn question(prompt: &str, caller: Caller) -> Question {
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
    fn it_tells_who_called_with_what_and_what_chose_the_model() {
        let text = tell(&question("Grüezi", event("{}").caller()));
        for told in [
            "a demonstration, not an AI",
            "| Who called | `arn:aws:sts::123456789012:assumed-role/signet-users/CognitoIdentityCredentials` |",
            "| With the role | `signet-users` |",
            "| With the access key | …`MPLE` |",
            "| Signed for the service | `lambda` |",
            "| In the region | `eu-central-1` |",
            "| At | `20261123T101500Z` |",
            "`content-type`, `host`, `x-amz-date`, `x-amz-security-token`",
            "| Request id | `e1506fd5` |",
            "| Prompt | 6 characters, 7 bytes |",
            "| Earlier turns | none |",
            "| Use case | `balanced` |",
            "- [x] The request was signed",
            "- [x] IAM told",
            "The use case `balanced` chose the model: the strategy would ask `eu.model-a`, and if it failed `eu.model-b`.",
            "\n```json\n{\n  \"candidates\": [\n    \"eu.model-a\",",
        ] {
            assert!(text.contains(told), "{told}\n{text}");
        }
        for secret in [SIGNATURE, SESSION_TOKEN, ACCESS_KEY, "Grüezi"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }

    #[test]
    fn it_says_how_many_earlier_turns_it_got_and_nothing_of_them() {
        let mut question = question("x", Caller::default());
        let turn = |role, content: &str| Message { role, content: content.to_owned() };
        question.earlier = vec![turn(Role::User, "Grüezi"), turn(Role::Assistant, "Hallo")];
        let text = tell(&question);
        assert!(text.contains("| Earlier turns | 2, 12 bytes |") && !text.contains("Hallo"), "{text}");
    }

    #[test]
    fn it_says_what_it_does_not_see_and_lets_no_markup_in() {
        let unknown = tell(&question("x", Caller::default()));
        assert!(unknown.contains("| Who called | not in the event |"));
        assert!(unknown.contains("- [ ] The request was signed") && unknown.contains("- [ ] IAM told"));
        let nasty = Caller { region: Some("a`|\n<b>\\".to_owned()), ..Caller::default() };
        assert!(tell(&question("x", nasty)).contains("| In the region | `a<b>` |"));
    }

    #[tokio::test(start_paused = true)]
    async fn it_comes_word_by_word_and_a_long_one_only_when_asked_for() {
        let (words, end) = read("So what belongs here?").await;
        assert_eq!(end, Ok(StopReason::EndTurn));
        assert_eq!(words.concat(), tell(&question("So what belongs here?", event("{}").caller())));
        let letters = |word: &&str| word.contains(char::is_alphanumeric);
        assert!(words.len() > 100);
        assert!(words.iter().all(|word| word.split_whitespace().filter(letters).count() <= 1), "{words:?}");
        let (long, _) = read("A Long answer, please").await;
        assert!(long.len() > words.len() + 10 * FILLING);
        assert!(long.concat().contains("Your prompt has the word `long` in it"));
    }

    #[tokio::test(start_paused = true)]
    async fn it_fails_and_stops_when_asked_to() {
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
    async fn it_keeps_the_pace_that_is_asked_for() {
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
    async fn it_is_slow_once_when_asked_to() {
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
    async fn it_reasons_before_its_answer_when_asked_to() {
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
        let mut said = String::new();
        while let Piece::Text(word) | Piece::Reasoning(word) = pieces.next().await.unwrap() {
            said.push_str(&word);
        }
        let words = said.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
        let usage = Usage { input: Some(5), cached: None, output: Some(i64::try_from(words).unwrap()) };
        assert_eq!(pieces.usage(), usage);
    }

    #[tokio::test(start_paused = true)]
    async fn a_size_is_about_what_is_asked_for_and_has_a_limit() {
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
    async fn the_tour_has_something_of_everything() {
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
}
