//! Events out of the JSON that an answer is made of, whatever carries it.
//!
//! An object's fields decide what it says, and its `type` where it has one; so one table reads all of these:
//! - the stock back end (`stock.rs`) and this project's own (`typed.rs`);
//! - OpenAI's chat completions: <https://platform.openai.com/docs/api-reference/chat-streaming>;
//! - Anthropic's messages: <https://docs.anthropic.com/en/docs/build-with-claude/streaming>;
//! - the AI SDK's UI message stream: <https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol>;
//! - Bedrock's `ConverseStream`: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html>;
//! - Bedrock's `InvokeModelWithResponseStream`, whose chunks hold a model's own JSON in Base64: Nova, Claude, Titan, Llama, Mistral;
//! - Ollama: <https://github.com/ollama/ollama/blob/main/docs/api.md>, and Hugging Face's chat-ui.

use super::{Event, Failure, StopReason, Usage};
use crate::base64;
use crate::json::{NotJson, Value};

/// What has been read of an answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// What nobody has taken yet.
    pub events: Vec<Event>,
    pub course: Course,
    said: Said,
    /// Another part of the AI SDK's has begun: its text stands apart from what came before.
    stands_apart: bool,
    /// The last one told: many wires name it in each object.
    model: String,
    /// By the columns of [`COUNTS`]; a later object may hold only some.
    counts: [Option<u32>; 5],
}

/// How far the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) enum Course {
    #[default]
    UnderWay,
    /// Why the model stopped has been told.
    Stopped,
    /// chat-ui's model was stopped before it was done.
    Interrupted,
    /// The last event has come; what follows is left alone.
    Ended,
}

/// When text came.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
enum Said {
    #[default]
    Nothing,
    /// Before the AI SDK's last step began.
    Before,
    /// Since then.
    Since,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Field {
    Model,
    Context,
    Reasoning,
    Text,
    Stop,
}

/// The `type` of an object, empty for one without; where something stands in it; what that is. Of a kind, the first that says something counts.
pub(super) static FIELDS: [(&str, &str, Field); 43] = [
    ("", "/model_used", Field::Model),
    ("", "/model", Field::Model),
    ("start", "/model", Field::Model),
    ("start", "/messageMetadata/model", Field::Model),
    ("message-metadata", "/messageMetadata/model", Field::Model),
    ("message_start", "/message/model", Field::Model),
    ("routerMetadata", "/model", Field::Model),
    ("start", "/contextBytes", Field::Context),
    ("", "/delta/reasoning_content", Field::Reasoning),
    ("", "/delta/reasoning", Field::Reasoning),
    ("", "/delta/reasoningContent/text", Field::Reasoning),
    ("", "/contentBlockDelta/delta/reasoningContent/text", Field::Reasoning),
    ("", "/message/thinking", Field::Reasoning),
    ("", "/thinking", Field::Reasoning),
    ("reasoning", "/text", Field::Reasoning),
    ("reasoning", "/token", Field::Reasoning),
    ("reasoning-delta", "/delta", Field::Reasoning),
    ("content_block_start", "/content_block/thinking", Field::Reasoning),
    ("content_block_delta", "/delta/thinking", Field::Reasoning),
    ("", "/chunk", Field::Text),
    ("", "/delta/content", Field::Text),
    ("", "/delta/refusal", Field::Text),
    ("", "/delta/text", Field::Text),
    ("", "/contentBlockDelta/delta/text", Field::Text),
    ("", "/response", Field::Text),
    ("", "/message/content", Field::Text),
    ("", "/generation", Field::Text),
    ("", "/outputText", Field::Text),
    ("", "/text", Field::Text),
    ("text", "/text", Field::Text),
    ("stream", "/token", Field::Text),
    ("text-delta", "/delta", Field::Text),
    ("content_block_start", "/content_block/text", Field::Text),
    ("content_block_delta", "/delta/text", Field::Text),
    ("", "/finish_reason", Field::Stop),
    ("", "/stop_reason", Field::Stop),
    ("", "/done_reason", Field::Stop),
    ("", "/completionReason", Field::Stop),
    ("", "/stopReason", Field::Stop),
    ("", "/messageStop/stopReason", Field::Stop),
    ("message_delta", "/delta/stop_reason", Field::Stop),
    ("finish", "/finishReason", Field::Stop),
    ("stop", "/reason", Field::Stop),
];

/// The objects that hold counts of tokens.
pub(super) const COUNTED: [&str; 7] = [
    "",
    "/usage",
    "/message/usage",
    "/metadata/usage",
    "/messageMetadata",
    "/messageMetadata/usage",
    "/amazon-bedrock-invocationMetrics",
];

/// What is counted under which name: 0 input, 1 of that from a cache, 2 output, 3 input from a cache and 4 input into a cache that 0 is without.
pub(super) static COUNTS: [(usize, &str); 24] = [
    (0, "/inputTokens"),
    (0, "/input_tokens"),
    (0, "/prompt_tokens"),
    (0, "/inputTokenCount"),
    (0, "/prompt_eval_count"),
    (0, "/prompt_token_count"),
    (0, "/inputTextTokenCount"),
    (1, "/cachedTokens"),
    (1, "/cachedInputTokens"),
    (1, "/prompt_tokens_details/cached_tokens"),
    (2, "/outputTokens"),
    (2, "/output_tokens"),
    (2, "/completion_tokens"),
    (2, "/outputTokenCount"),
    (2, "/eval_count"),
    (2, "/generation_token_count"),
    (2, "/totalOutputTextTokenCount"),
    (3, "/cacheReadInputTokens"),
    (3, "/cache_read_input_tokens"),
    (3, "/cacheReadInputTokenCount"),
    (4, "/cacheWriteInputTokens"),
    (4, "/cache_creation_input_tokens"),
    (4, "/cacheWriteInputTokenCount"),
    (4, "/cacheCreationInputTokens"),
];

/// What says nothing that is shown, beside the above: what a `type` begins with, or a field of an object without one.
const SILENT: &str = "ping status title tool file data- source- start-step finish-step reset-step text-start text-end reasoning-start reasoning-end \
                      content_block_stop finalAnswer role choices done error contentBlockIndex contentBlockStart contentBlockStop messageStart";

/// The words of all wires for why a model stopped, some of which write them in capitals.
static REASONS: [(StopReason, &[&str]); 5] = [
    (StopReason::EndTurn, &["end_turn", "stop", "finish", "finished"]),
    (StopReason::MaxTokens, &["max_tokens", "length", "model_context_window_exceeded"]),
    (StopReason::StopSequence, &["stop_sequence", "stop_criteria_met"]),
    (
        StopReason::Filtered,
        &["content_filtered", "guardrail_intervened", "content_filter", "content-filter", "refusal"],
    ),
    (StopReason::ToolUse, &["tool_use", "tool_calls", "tool-calls", "function_call"]),
];

/// Failures that may pass, as AWS, Anthropic and OpenAI name them.
const PASSING: [&str; 12] = [
    "internalServerException",
    "modelNotReadyException",
    "modelStreamErrorException",
    "modelTimeoutException",
    "serviceUnavailableException",
    "throttlingException",
    "api_error",
    "overloaded_error",
    "rate_limit_error",
    "rate_limit_exceeded",
    "server_error",
    "timeout_error",
];

/// Failures that stay.
const STAYING: [&str; 6] = [
    "accessDeniedException",
    "validationException",
    "authentication_error",
    "invalid_request_error",
    "not_found_error",
    "permission_error",
];

/// An object of these types ends an answer.
const ENDS: [&str; 3] = ["message_stop", "end", "finalAnswer"];

impl Answer {
    /// Says `event`, unless the last one has come.
    pub fn emit(&mut self, event: Event) {
        if self.course != Course::Ended {
            match event {
                Event::Text(_) => self.said = Said::Since,
                Event::Stopped(_) => self.course = Course::Stopped,
                Event::End | Event::Error(_) => self.course = Course::Ended,
                _ => {}
            }
            self.events.push(event);
        }
    }

    /// Reads one object.
    pub fn json(&mut self, text: &[u8]) {
        match read(text) {
            Ok(object @ Value::Object(_)) => self.object(&object),
            _ => self.emit(Event::Unreadable),
        }
    }

    fn object(&mut self, object: &Value) {
        let before = self.events.len();
        let word = |name| object.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, status) = (word("type"), word("status"));
        if kind.is_empty() && !word("bytes").is_empty() {
            return self.json(&base64::decode(word("bytes")).unwrap_or_default());
        }
        match kind {
            "text-start" => self.stands_apart = self.said != Said::Nothing,
            "start-step" | "reset-step" if self.said == Said::Since => {
                self.said = Said::Before;
                // The text since the step began counts no more. Nothing that was shown is taken back, so the answer is not as it should be.
                if kind == "reset-step" {
                    self.emit(Event::Unreadable);
                }
            }
            _ => {}
        }
        let mut known = SILENT.split(' ').any(|name| match kind {
            "" => object.get(name).is_some(),
            _ => kind.starts_with(name),
        });
        known |= self.fields(kind, object);
        for list in ["choices", "outputs"] {
            // Of several answers at once, which nobody here asks for, the first.
            let first = object.get(list).and_then(Value::as_list).and_then(<[_]>::first);
            if let Some(part) = first.filter(|part| part.get("index").and_then(Value::as_i64).unwrap_or(0) == 0) {
                known |= self.fields(kind, part);
            }
        }
        known |= self.count(object);
        // The whole text once more.
        if kind == "finalAnswer" && self.said == Said::Nothing && !word("text").is_empty() {
            self.emit(Event::Text(word("text").to_owned()));
        }
        let has_error = object.get("error").is_some_and(|error| !error.is_null());
        if kind == "error" || kind == "abort" || kind.is_empty() && has_error || kind == "status" && status == "error" {
            self.emit(Event::Error(failure(object)));
        }
        let is = |name| object.get(name).and_then(Value::as_bool) == Some(true);
        if is("interrupted") && self.course == Course::UnderWay {
            self.course = Course::Interrupted;
        }
        let done = kind.is_empty() && is("done");
        if self.course != Course::Interrupted
            && (done || kind == "status" && status == "finished" || ENDS.contains(&kind))
        {
            self.emit(Event::End);
        }
        if self.events.len() == before {
            self.emit(if known { Event::Skipped } else { Event::Unknown });
        }
    }

    /// Whether it has any that are known, if only with nothing in them.
    fn fields(&mut self, kind: &str, part: &Value) -> bool {
        let (mut said, mut known) = (None, false);
        for &(of, path, field) in &FIELDS {
            if of != kind || said == Some(field) {
                continue;
            }
            let found = part.pointer(path);
            known |= !kind.is_empty() || found.is_some();
            match (field, found) {
                (Field::Context, Some(bytes)) => {
                    if let Some(bytes) = number(bytes) {
                        self.emit(Event::Context(bytes));
                    }
                }
                // chat-ui fills its tokens up with zeros.
                (_, Some(Value::Text(text))) => {
                    let text = if kind == "stream" { text.trim_end_matches('\0') } else { text };
                    if !text.is_empty() {
                        said = Some(field);
                        self.say(field, text);
                    }
                }
                (_, None | Some(Value::Null)) => {}
                // A piece of the text cannot be shown.
                (Field::Text, _) => self.emit(Event::Unreadable),
                _ => {}
            }
        }
        known
    }

    fn say(&mut self, field: Field, text: &str) {
        let owned = text.to_owned();
        match field {
            Field::Text => {
                let apart = if std::mem::take(&mut self.stands_apart) { "\n\n" } else { "" };
                self.emit(Event::Text([apart, text].concat()));
            }
            Field::Reasoning => self.emit(Event::Reasoning(owned)),
            Field::Stop => {
                let known = REASONS.iter().find(|(_, words)| words.iter().any(|word| word.eq_ignore_ascii_case(text)));
                self.emit(Event::Stopped(known.map_or(StopReason::Other(owned), |(reason, _)| reason.clone())));
            }
            Field::Model if self.model != text => {
                self.model.clone_from(&owned);
                self.emit(Event::Model(owned));
            }
            Field::Model | Field::Context => {}
        }
    }

    /// Whether it has any.
    fn count(&mut self, object: &Value) -> bool {
        let (before, mut known) = (self.counts, false);
        for counted in COUNTED.into_iter().filter_map(|path| object.pointer(path)) {
            for &(column, path) in &COUNTS {
                if let Some(count) = counted.pointer(path).and_then(number) {
                    self.counts[column] = Some(count);
                    known = true;
                }
            }
        }
        if self.counts != before {
            let [input, cached, output, read, written] = self.counts;
            let besides = read.unwrap_or(0).saturating_add(written.unwrap_or(0));
            self.emit(Event::Usage(Usage {
                input_tokens: input.map(|input| input.saturating_add(besides)),
                cached_tokens: cached.or(read),
                output_tokens: output,
            }));
        }
        known
    }
}

/// JSON, in which a byte that is not of UTF-8 costs a character and not the piece of the answer around it.
fn read(text: &[u8]) -> Result<Value, NotJson> {
    Value::read(String::from_utf8_lossy(text).as_bytes())
}

/// A failure in text that is JSON or none.
pub(super) fn failure_in(text: &[u8]) -> Failure {
    match read(text) {
        Ok(value) => failure(&value),
        Err(_) => Failure { message: String::from_utf8_lossy(text).into_owned(), ..Failure::default() },
    }
}

/// A failure of a known name.
pub(super) fn named(failure: Failure, code: &[u8]) -> Failure {
    let code = String::from_utf8_lossy(code).into_owned();
    Failure { retryable: passing(&code), code, ..failure }
}

/// Where the wires put the sentence and the name. JavaScript makes `{"error":{}}` of an `Error`, so there may be none.
fn failure(value: &Value) -> Failure {
    let find = |paths: &[&str]| {
        paths.iter().find_map(|path| match value.pointer(path)? {
            Value::Text(word) | Value::Number(word) => Some(word.clone()),
            _ => None,
        })
    };
    let code = find(&["/error/code", "/error/name", "/error/type", "/code", "/statusCode"]).unwrap_or_default();
    Failure {
        message: find(&["/error/message", "/error", "/errorText", "/message", "/Message", "/reason", ""])
            .unwrap_or_default(),
        retryable: value.get("retryable").and_then(Value::as_bool).or_else(|| passing(&code)),
        retry_after: value.get("retryAfterSeconds").and_then(number),
        code,
    }
}

/// Whether a failure may pass; some wires have the HTTP status for its name.
fn passing(code: &str) -> Option<bool> {
    let known = |codes: &[&str]| codes.iter().any(|known| known.eq_ignore_ascii_case(code));
    match code.parse::<i64>() {
        Ok(408 | 429 | 500..=599) => Some(true),
        Ok(400..=404 | 413 | 422) => Some(false),
        _ if known(&PASSING) => Some(true),
        _ => known(&STAYING).then_some(false),
    }
}

fn number(value: &Value) -> Option<u32> {
    u32::try_from(value.as_i64()?).ok()
}
