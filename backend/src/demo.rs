//! The demonstration: no AI and no network, but an answer that tells what the function can see of the call that just happened.

use std::time::Duration;

use tokio::time::sleep;

use crate::model::{ModelError, Question};

/// What it is called in an answer.
pub(crate) const NAME: &str = "signet-demo (no AI)";

/// How long the demonstration takes for a word: about as quick as a model.
pub(crate) const PACE: Duration = Duration::from_millis(30);

/// How many lines of filling a longer answer has.
const FILLING: usize = 40;

/// The built-in demonstration.
pub(crate) struct Demo {
    /// How long it takes for a word.
    pub(crate) pace: Duration,
}

/// A demonstration's answer on its way, word by word.
pub(crate) struct Pieces {
    text: String,
    given: usize,
    fail_at: Option<usize>,
    pace: Duration,
}

impl Demo {
    pub(crate) fn ask(&self, question: &Question) -> Result<Pieces, ModelError> {
        let prompt = &question.ask.prompt;
        if prompt.contains("demo:throttle") {
            return Err(ModelError::Throttled { code: "DemoThrottle".to_owned(), retry_after_seconds: None });
        }
        let text = tell(question);
        let fail_at = prompt.contains("demo:fail").then_some(text.len() / 3);
        Ok(Pieces { text, given: 0, fail_at, pace: self.pace })
    }
}

impl Pieces {
    pub(crate) async fn next(&mut self) -> Result<Option<String>, ModelError> {
        if self.fail_at.is_some_and(|at| self.given >= at) {
            return Err(ModelError::DemoFailure);
        }
        let Some(word) = self.text[self.given..].split_inclusive(char::is_whitespace).next() else { return Ok(None) };
        sleep(self.pace).await;
        self.given += word.len();
        Ok(Some(word.to_owned()))
    }
}

/// The whole answer, in Markdown.
fn tell(question: &Question) -> String {
    let Question { ask, caller, request_id, candidates } = question;
    let seen = |value: Option<&str>| value.map_or_else(|| "not in the event".to_owned(), code);
    let signed_headers: Vec<_> = caller.signed_headers.iter().map(|header| code(header)).collect();
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
        ("Use case", code(ask.use_case.name())),
    ];
    let rows = rows.map(|(what, value)| format!("- {what}: {value}\n")).concat();
    let models: Vec<_> = candidates.iter().map(|model| code(model)).collect();
    let (first, then) =
        models.split_first().map_or(("no model".to_owned(), &[][..]), |(first, then)| (first.clone(), then));
    let then = if then.is_empty() { String::new() } else { format!(", and if it failed {}", then.join(", then ")) };
    let use_case = code(ask.use_case.name());
    let mut text = format!(
        "## This is a demonstration, not an AI\n\
         \n\
         No model has read your prompt. The function wrote this text itself, out of the call that you just made:\n\
         \n\
         {rows}\
         \n\
         The use case {use_case} chose the model: the strategy would ask {first}{then}. \
         The demonstration answers in its place because the function runs with `MODEL_BACKEND=demo`.\n\
         \n\
         ### What a prompt can do here\n\
         \n\
         - The word `long` adds {FILLING} lines, enough to try **Stop** and scrolling.\n\
         - `demo:fail` breaks the answer off in the middle.\n\
         - `demo:throttle` refuses it with status 429.\n\
         \n\
         Everything else changes only the count of characters above.\n"
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
    use signet::stream::stock::{Ask, UseCase};
    use tokio::time::Instant;

    use super::*;
    use crate::request::{
        Caller,
        tests::{ACCESS_KEY, SESSION_TOKEN, SIGNATURE, event},
    };

    pub(crate) fn question(prompt: &str, caller: Caller) -> Question {
        Question {
            ask: Ask { prompt: prompt.to_owned(), use_case: UseCase::Balanced },
            caller,
            request_id: "e1506fd5".to_owned(),
            candidates: vec!["eu.model-a".to_owned(), "eu.model-b".to_owned()],
        }
    }

    async fn read(prompt: &str) -> (Vec<String>, Result<(), ModelError>) {
        let mut words = Vec::new();
        let demo = Demo { pace: Duration::ZERO };
        let mut pieces = match demo.ask(&question(prompt, event("{}").caller())) {
            Ok(pieces) => pieces,
            Err(error) => return (words, Err(error)),
        };
        loop {
            match pieces.next().await {
                Ok(Some(word)) => words.push(word),
                Ok(None) => return (words, Ok(())),
                Err(error) => return (words, Err(error)),
            }
        }
    }

    #[test]
    fn it_tells_who_called_with_what_and_what_chose_the_model() {
        let text = tell(&question("Grüezi", event("{}").caller()));
        for told in [
            "a demonstration, not an AI",
            "- Who called: `arn:aws:sts::123456789012:assumed-role/signet-users/CognitoIdentityCredentials`",
            "- With the role: `signet-users`",
            "- With the access key: …`MPLE`",
            "- Signed for the service: `lambda`",
            "- In the region: `eu-central-1`",
            "- At: `20261123T101500Z`",
            "`content-type`, `host`, `x-amz-date`, `x-amz-security-token`",
            "- Request id: `e1506fd5`",
            "- Prompt: 6 characters, 7 bytes",
            "The use case `balanced` chose the model: the strategy would ask `eu.model-a`, and if it failed `eu.model-b`.",
        ] {
            assert!(text.contains(told), "{told}\n{text}");
        }
        for secret in [SIGNATURE, SESSION_TOKEN, ACCESS_KEY, "Grüezi"] {
            assert!(!text.contains(secret), "{secret}");
        }
    }

    #[test]
    fn it_says_what_it_does_not_see_and_lets_no_markup_in() {
        let unknown = tell(&question("x", Caller::default()));
        assert!(unknown.contains("- Who called: not in the event"));
        let nasty = Caller { region: Some("a`|\n<b>\\".to_owned()), ..Caller::default() };
        assert!(tell(&question("x", nasty)).contains("- In the region: `a<b>`"));
    }

    #[tokio::test]
    async fn it_comes_word_by_word_and_a_long_one_only_when_asked_for() {
        let (words, end) = read("So what belongs here?").await;
        assert_eq!(end, Ok(()));
        assert!(words.len() > 100 && words.iter().all(|word| word.split_whitespace().count() <= 1));
        let (long, _) = read("A Long answer, please").await;
        assert!(long.len() > words.len() + 10 * FILLING);
        assert!(long.concat().contains("Your prompt has the word `long` in it"));
    }

    #[tokio::test]
    async fn it_fails_when_asked_to() {
        let (words, end) = read("demo:fail").await;
        assert!(!words.is_empty());
        assert_eq!(end, Err(ModelError::DemoFailure));
        let (words, end) = read("demo:throttle").await;
        assert!(words.is_empty());
        assert_eq!(end.unwrap_err().status(), 429);
    }

    #[tokio::test(start_paused = true)]
    async fn it_keeps_its_pace() {
        let mut pieces = Demo { pace: PACE }.ask(&question("x", Caller::default())).unwrap();
        let start = Instant::now();
        for _ in 0..10 {
            pieces.next().await.unwrap();
        }
        assert_eq!(start.elapsed(), 10 * PACE);
    }
}
