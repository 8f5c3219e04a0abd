//! The demonstration: no AI and no network. Its answer describes the call that the function has just received.

use std::{fmt::Write as _, time::Duration};

use serde::Deserialize;
use serde_json::json;
use tokio::time::sleep;

use signet_stream::typed::{StopReason, Usage};

use super::{
    error::ModelError,
    exchange::{Piece, Question},
};

/// The name that its answers show.
pub(crate) const NAME: &str = "signet-demo (no AI)";

/// The time that the demonstration takes for a word, about the same as a model.
pub(crate) const PACE: Duration = Duration::from_millis(20);

/// How long `demo:slow` waits: longer than typed events wait before sending their head, shorter than the time a model gets.
const SLOW_SECONDS: u64 = 8;

/// How many lines of filler a longer answer has.
const FILLER_LINES: usize = 40;

/// The longest answer that `demo:size` gives, in kB.
const MAX_SIZE: u64 = 1000;

/// The answer to `demo:markdown`.
const TOUR: &str = include_str!("tour.md");

/// The reasoning that `demo:reasoning` sends before the answer.
const REASONING: &str =
    "Nobody reasons here: this is where the demonstration shows what a model says about its reasoning. ";

/// The built-in demonstration.
pub(crate) struct Demo {
    /// The time it takes for a word.
    pub(crate) pace: Duration,
}

/// An answer of the demonstration on its way, word by word.
pub(crate) struct Pieces {
    reasoning: Words,
    text: Words,
    fail_at: Option<usize>,
    stop: StopReason,
    pace: Duration,
    words_asked: usize,
}

/// A text that is sent word by word.
struct Words {
    text: String,
    sent: usize,
    count: usize,
}

impl Demo {
    /// Only the first candidate is slow: otherwise a failure would take that long once for each candidate.
    pub(crate) async fn ask(&self, candidate: &str, question: &Question) -> Result<Pieces, ModelError> {
        let prompt = &question.ask.prompt;
        if prompt.contains("demo:slow") && question.candidates.first().is_some_and(|first| first == candidate) {
            sleep(Duration::from_secs(number(prompt, "demo:slow").unwrap_or(SLOW_SECONDS))).await;
        }
        if prompt.contains("demo:throttle") {
            return Err(ModelError::Throttled { code: "DemoThrottle".to_owned(), retry_after_seconds: None });
        }
        let text = match number(prompt, "demo:size") {
            Some(kilobytes) => filler(kilobytes.clamp(1, MAX_SIZE)),
            None if prompt.contains("demo:markdown") => TOUR.to_owned(),
            None => describe(question),
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
        if self.fail_at.is_some_and(|at| self.text.sent >= at) {
            return Err(ModelError::DemoFailure);
        }
        let piece = match self.reasoning.next() {
            Some(word) => Piece::Reasoning(word),
            None => match self.text.next() {
                Some(word) => Piece::Text(word),
                None => return Ok(Piece::Stop(self.stop)),
            },
        };
        // Even a sleep of zero takes a tick of the timer.
        if !self.pace.is_zero() {
            sleep(self.pace).await;
        }
        Ok(piece)
    }

    /// The demonstration counts words, not tokens; its answer says so.
    pub(crate) fn usage(&self) -> Usage {
        let count = |words| i64::try_from(words).ok();
        Usage { input: count(self.words_asked), cached: None, output: count(self.reasoning.count + self.text.count) }
    }
}

impl Words {
    fn of(text: String) -> Self {
        Self { text, sent: 0, count: 0 }
    }

    /// The next word, with the punctuation before it and the white space after it.
    fn next(&mut self) -> Option<String> {
        let rest = &self.text[self.sent..];
        let mut length = 0;
        for word in rest.split_inclusive(char::is_whitespace) {
            length += word.len();
            if word.contains(char::is_alphanumeric) {
                self.count += 1;
                break;
            }
        }
        self.sent += length;
        (length > 0).then(|| rest[..length].to_owned())
    }
}

/// The word after `word` in a prompt, without punctuation at its end.
fn argument<'a>(prompt: &'a str, word: &str) -> Option<&'a str> {
    let word = prompt.split_once(word)?.1.split_whitespace().next()?;
    Some(word.trim_end_matches(|c: char| c.is_ascii_punctuation()))
}

/// The whole number after `word` in a prompt.
fn number(prompt: &str, word: &str) -> Option<u64> {
    argument(prompt, word)?.parse().ok()
}

/// Markdown of about this size.
fn filler(kilobytes: u64) -> String {
    let size = usize::try_from(kilobytes * 1000).unwrap_or(usize::MAX);
    let mut text = String::with_capacity(size + 1000);
    let mut part = 0;
    while text.len() < size {
        part += 1;
        let _ = write!(
            text,
            "## Part {part}\n\n\
             This is part {part} of about {kilobytes} kB, written by the **demonstration**, not by a model. It has `code`, *slanted* words, \
             a [link](https://docs.aws.amazon.com/) and Grüße an 世界 🦀.\n\n\
             - first item of part {part}\n- second item\n  - an item below it\n\n"
        );
        match part % 4 {
            1 => text.push_str("```rust\nfn part() -> Result<u32, Error> {\n    Ok(7) // a comment\n}\n```\n\n"),
            3 => text.push_str("| Left | Right |\n|:-----|------:|\n| a | 1 |\n| b | 2 |\n\n"),
            _ => text.push_str("> A quote, so that the parts differ.\n\n"),
        }
    }
    text
}

/// The whole answer, in Markdown.
fn describe(question: &Question) -> String {
    let Question { ask, earlier, caller, request_id, candidates } = question;
    let seen = |value: Option<&str>| value.map_or_else(|| "not in the event".to_owned(), code);
    let signed_headers: Vec<_> = caller.signed_headers.iter().map(|header| code(header)).collect();
    let use_case = ask.use_case.name();
    let earlier_bytes: usize = earlier.iter().map(|turn| turn.content.len()).sum();
    let rows = [
        ("Who called", seen(caller.user_arn.as_deref())),
        ("Role", seen(caller.role())),
        (
            "Access key",
            caller.access_key_ending.as_ref().map_or_else(|| seen(None), |ending| format!("…{}", code(ending))),
        ),
        ("Signed for service", seen(caller.service.as_deref())),
        ("Signed for region", seen(caller.region.as_deref())),
        ("Signed at", seen(caller.time.as_deref())),
        ("Signed headers", if signed_headers.is_empty() { seen(None) } else { signed_headers.join(", ") }),
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
    let then = if then.is_empty() { String::new() } else { format!(", and if that fails {}", then.join(", then ")) };
    let done = |is_done| if is_done { 'x' } else { ' ' };
    let has_token = caller.signed_headers.iter().any(|header| header == "x-amz-security-token");
    let (signed, known) = (done(has_token), done(caller.user_arn.is_some()));
    let plan = json!({"use_case": use_case, "candidates": candidates});
    let mut text = format!(
        "## This is a demonstration, not an AI\n\
         \n\
         **No model has read your prompt.** The function wrote this text itself, from the call that you have just made:\n\
         \n\
         | What | What the function saw |\n\
         |---|---|\n\
         {rows}\
         \n\
         - [{signed}] The request was signed with temporary keys\n\
         - [{known}] IAM told the function who was calling\n\
         - [ ] A model answered\n\
         \n\
         ### Which model would have answered\n\
         \n\
         For the use case {}, the strategy would ask {first}{then}.\n\
         \n\
         ```json\n\
         {plan:#}\n\
         ```\n\
         \n\
         > The demonstration answers instead, because the function runs with `MODEL_BACKEND=demo`. With `bedrock` it asks \
         [Amazon Bedrock](https://docs.aws.amazon.com/bedrock/).\n\
         \n\
         ### What a prompt can do here\n\
         \n\
         - The word `long` adds {FILLER_LINES} lines, enough to try **Stop** and scrolling.\n\
         - `demo:markdown` answers with a tour of Markdown, `demo:size 100` with about 100 kB of it.\n\
         - `demo:reasoning` sends some reasoning before the answer, as some models do.\n\
         - `demo:slow` waits {SLOW_SECONDS} seconds before the first word, `demo:slow 20` waits 20; `demo:pace 5` takes 5 ms per word.\n\
         - `demo:fail` breaks the answer off in the middle, `demo:stop max_tokens` ends it with that stop reason.\n\
         - `demo:throttle` refuses it with status 429.\n\
         \n\
         Anything else changes only the character count above. Where a model counts tokens, the demonstration counts words.\n",
        code(use_case)
    );
    let is_long = |word: &str| word.eq_ignore_ascii_case("long");
    if ask.prompt.split(|c: char| !c.is_alphanumeric()).any(is_long) {
        text.push_str(
            "\n### The longer answer\n\nYour prompt contains the word `long`, so here are some more lines:\n\n",
        );
        let filler =
            |line| format!("{line}. This is line {line} of {FILLER_LINES}, written by the function, not by a model.\n");
        text.extend((1..=FILLER_LINES).map(filler));
    }
    text
}

/// A value in a code span. Values come from the caller, so characters that could end the span are left out.
fn code(value: &str) -> String {
    let plain = |c: &char| c.is_ascii_graphic() && !"`|\\".contains(*c) || *c == ' ';
    format!("`{}`", value.chars().filter(plain).take(300).collect::<String>())
}

#[cfg(test)]
mod tests;
