//! From an event to a streamed answer: checks, the candidates one after the other, the lines of the wire, and the log.

use std::{convert::Infallible, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;
use serde_json::json;
use signet::stream::stock::{DONE, ERROR_PREFIX, Line};
use tokio::time::{Instant, timeout_at};

use crate::{
    app_config::{AppConfig, Strategies},
    bedrock::Bedrock,
    config::{Config, ModelBackend, Models},
    demo::{self, Demo},
    model::{Model, ModelError, Pieces, Question, Usage},
    openai::OpenAi,
    request::{FunctionUrlEvent, RequestError},
    strategy::{Strategy, StrategyError},
};

/// How long a model may take to its first text, and from one text to the next.
const SILENCE: Duration = Duration::from_mins(1);

/// How long before the function's end an answer is ended, so that its last line still gets out.
const BEFORE_DEADLINE: Duration = Duration::from_secs(1);

/// After how many seconds a caller may try again when the model does not say: its quotas count by the minute.
const RETRY_AFTER_SECONDS: u32 = 10;

/// The function, ready to answer.
pub struct Backend {
    model: Model,
    strategies: Strategies,
    max_prompt_bytes: usize,
}

/// What Lambda tells of an invocation beside its event.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's request id, for an event without one.
    pub request_id: String,
    /// When Lambda ends the function.
    pub deadline: Instant,
}

/// A response: its head is known at once, its body comes in time.
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers; the function URL adds those of CORS.
    pub headers: HeaderMap,
    /// The body. To drop it is to stop asking the model.
    pub body: Body,
}

/// A response's body as it comes.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Strategy(#[from] StrategyError),
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// An answer that has its first text.
struct Started {
    model: String,
    first_text: String,
    pieces: Pieces,
}

/// An answer on its way.
struct Answer {
    pieces: Pieces,
    deadline: Instant,
    log: Log,
}

/// The request's line in the log; it is written when the request is done with, however that comes.
#[derive(Serialize)]
struct Log {
    level: &'static str,
    request_id: String,
    use_case: Option<&'static str>,
    model: Option<String>,
    /// The candidates that failed, each with its error's name.
    failed: Vec<(String, String)>,
    status: u16,
    outcome: String,
    prompt_bytes: usize,
    answer_bytes: usize,
    chunks: usize,
    input_tokens: Option<i64>,
    output_tokens: Option<i64>,
    first_text_ms: Option<u128>,
    duration_ms: u128,
    #[serde(skip)]
    start: Instant,
}

impl Backend {
    /// Fails when an OpenAI-compatible endpoint is configured on a machine that has no certificates to trust.
    pub fn new(config: Config) -> std::io::Result<Self> {
        let model = match config.model_backend {
            ModelBackend::Bedrock(aws) => Model::Bedrock(Box::new(Bedrock::new(aws, config.max_tokens))),
            ModelBackend::OpenAi { base_url, authorization } => {
                Model::OpenAi(Box::new(OpenAi::new(&base_url, authorization, config.max_tokens)?))
            }
            ModelBackend::Demo => Model::Demo(Demo { pace: demo::PACE }),
        };
        let strategies = match config.models {
            Models::Bundled => Strategies::Fixed(Arc::new(Strategy::bundled())),
            Models::One(model) => Strategies::Fixed(Arc::new(Strategy::one_model(model))),
            Models::AppConfig { aws, application, environment, profile } => {
                Strategies::AppConfig(Box::new(AppConfig::new(aws, application, environment, profile)))
            }
        };
        Ok(Self { model, strategies, max_prompt_bytes: config.max_prompt_bytes })
    }

    /// Answers one event. Comes back once a model has given its first text, or none will.
    pub async fn answer(&self, event: FunctionUrlEvent, invocation: Invocation) -> Reply {
        let request_id = event.request_id().unwrap_or(&invocation.request_id).to_owned();
        let deadline = invocation.deadline - BEFORE_DEADLINE;
        let mut log = Log::new(request_id);
        match self.start(&event, deadline, &mut log).await {
            Ok(started) => streamed(started, deadline, log),
            Err(failure) => refused(&failure, log),
        }
    }

    async fn start(&self, event: &FunctionUrlEvent, deadline: Instant, log: &mut Log) -> Result<Started, Failure> {
        let ask = event.ask(self.max_prompt_bytes)?;
        log.use_case = Some(ask.use_case.name());
        log.prompt_bytes = ask.prompt.len();
        let strategy = self.strategies.current().await?;
        let candidates = strategy.candidates(ask.use_case).into_iter().map(str::to_owned).collect();
        let question = Question { ask, caller: event.caller(), request_id: log.request_id.clone(), candidates };
        let mut told: Option<ModelError> = None;
        for candidate in &question.candidates {
            match self.first_text(candidate, &question, deadline).await {
                Ok(started) => return Ok(started),
                Err(error) => {
                    log.failed.push((candidate.clone(), error.code().to_owned()));
                    told = Some(match told {
                        Some(first) if first.rank() <= error.rank() => first,
                        _ => error,
                    });
                }
            }
        }
        Err(told.unwrap_or(ModelError::Empty).into())
    }

    async fn first_text(&self, candidate: &str, question: &Question, deadline: Instant) -> Result<Started, ModelError> {
        within(deadline, async {
            let (model, mut pieces) = self.model.ask(candidate, question).await?;
            let first_text = pieces.next().await?.ok_or(ModelError::Empty)?;
            Ok(Started { model, first_text, pieces })
        })
        .await
    }
}

impl Answer {
    /// The next lines, and the answer if it goes on.
    async fn next(mut self) -> (Bytes, Option<Self>) {
        match within(self.deadline, self.pieces.next()).await {
            Ok(Some(text)) => (self.log.chunk(text), Some(self)),
            Ok(None) => {
                self.log.end("done", self.pieces.usage());
                (format!("{DONE}\n\n").into(), None)
            }
            Err(error) => {
                self.log.end(error.code(), self.pieces.usage());
                let error = json!({"error": {"message": error.to_string(), "code": error.code()}});
                (format!("{ERROR_PREFIX}{error}\n\n").into(), None)
            }
        }
    }
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::Request(RequestError::Method) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Request(RequestError::TooLong { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::Strategy(StrategyError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Strategy(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Model(error) => error.status(),
        }
    }

    fn outcome(&self) -> String {
        match self {
            Self::Request(error) => format!("{error:?}"),
            Self::Strategy(error) => error.to_string(),
            Self::Model(error) => error.code().to_owned(),
        }
    }
}

impl Log {
    fn new(request_id: String) -> Self {
        Self {
            level: "INFO",
            request_id,
            use_case: None,
            model: None,
            failed: Vec::new(),
            status: 0,
            outcome: "caller gone".to_owned(),
            prompt_bytes: 0,
            answer_bytes: 0,
            chunks: 0,
            input_tokens: None,
            output_tokens: None,
            first_text_ms: None,
            duration_ms: 0,
            start: Instant::now(),
        }
    }

    /// Counts a text and makes it a line.
    fn chunk(&mut self, text: String) -> Bytes {
        self.answer_bytes += text.len();
        self.chunks += 1;
        line(&Line::Chunk { chunk: text }).into()
    }

    fn end(&mut self, outcome: &str, usage: Option<Usage>) {
        self.level = if outcome == "done" { "INFO" } else { "WARN" };
        outcome.clone_into(&mut self.outcome);
        self.input_tokens = usage.map(|usage| usage.input_tokens);
        self.output_tokens = usage.map(|usage| usage.output_tokens);
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.duration_ms = self.start.elapsed().as_millis();
        if let Ok(line) = serde_json::to_string(self) {
            println!("{line}");
        }
    }
}

/// A response that streams: the model's name with the first text, then text by text.
fn streamed(started: Started, deadline: Instant, mut log: Log) -> Reply {
    log.status = StatusCode::OK.as_u16();
    log.first_text_ms = Some(log.start.elapsed().as_millis());
    log.model = Some(started.model.clone());
    let mut head = line(&Line::Model { model_used: started.model });
    head.push_str(&String::from_utf8_lossy(&log.chunk(started.first_text)));
    let answer = Answer { pieces: started.pieces, deadline, log };
    let rest = stream::unfold(Some(answer), |answer| async { Some(answer?.next().await) });
    // The stock back end claims this type too, though the body is not SSE.
    reply(
        StatusCode::OK,
        "text/event-stream",
        Box::pin(stream::StreamExt::map(
            stream::StreamExt::chain(stream::iter([Bytes::from(head)]), rest),
            Ok::<_, Infallible>,
        )),
    )
}

/// A response that says in JSON why there is no answer.
fn refused(failure: &Failure, mut log: Log) -> Reply {
    let status = failure.status();
    log.status = status.as_u16();
    log.end(&failure.outcome(), None);
    let body = json!({"message": failure.to_string(), "requestId": log.request_id}).to_string();
    let mut reply = reply(status, "application/json", Box::pin(stream::iter([Ok(Bytes::from(body))])));
    match failure {
        Failure::Request(RequestError::Method) => {
            reply.headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        Failure::Model(ModelError::Throttled { retry_after_seconds, .. }) => {
            reply.headers.insert(RETRY_AFTER, retry_after_seconds.unwrap_or(RETRY_AFTER_SECONDS).into());
        }
        _ => {}
    }
    reply
}

fn reply(status: StatusCode, content_type: &'static str, body: Body) -> Reply {
    let headers = HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ]);
    Reply { status, headers, body }
}

fn line(line: &Line) -> String {
    serde_json::to_string(line).expect("a line is nothing but strings") + "\n\n"
}

/// What the model does, unless it is silent for too long or the function has to end.
async fn within<T>(deadline: Instant, work: impl Future<Output = Result<T, ModelError>>) -> Result<T, ModelError> {
    let silence = Instant::now() + SILENCE;
    match timeout_at(silence.min(deadline), work).await {
        Ok(done) => done,
        Err(_) if deadline < silence => Err(ModelError::DeadlineReached),
        Err(_) => Err(ModelError::TimedOut),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use serde_json::Value;

    use super::*;
    use crate::{
        bedrock::tests::{bedrock, frame, refusal, stop, stream as answer_of, text},
        fake::{self, Fake, Served},
        request::tests::{ACCESS_KEY, SESSION_TOKEN, SIGNATURE, event},
    };

    const ASK: &str = r#"{"prompt": "Hello", "use_case": "balanced"}"#;

    fn backend(model: Model, candidates: &str) -> Backend {
        let strategy = Strategy::from_json(candidates.as_bytes()).unwrap();
        Backend { model, strategies: Strategies::Fixed(Arc::new(strategy)), max_prompt_bytes: 100 }
    }

    fn demo(pace: Duration) -> Backend {
        backend(Model::Demo(Demo { pace }), r#"{"primary_model": "a"}"#)
    }

    fn invocation(seconds: u64) -> Invocation {
        Invocation { request_id: "lambda-id".to_owned(), deadline: Instant::now() + Duration::from_secs(seconds) }
    }

    async fn whole(reply: Reply) -> String {
        let parts: Vec<_> = reply.body.map(|part| part.unwrap()).collect().await;
        String::from_utf8(parts.concat()).unwrap()
    }

    /// A fake Bedrock with two models, and how the function answers on top of it.
    async fn with_bedrock(first: Served, second: Served) -> (Fake, Reply) {
        let fake =
            fake::serve(move |path| if path.starts_with("/model/first/") { first.clone() } else { second.clone() })
                .await;
        let backend = backend(
            Model::Bedrock(Box::new(bedrock(&fake))),
            r#"{"primary_model": "first", "fallback_models": ["second"]}"#,
        );
        let reply = backend.answer(event(ASK), invocation(900)).await;
        (fake, reply)
    }

    #[tokio::test]
    async fn an_answer_is_the_models_name_then_chunks_then_done() {
        let (_fake, reply) =
            with_bedrock(answer_of(&[text("Hel"), text("lo\\n"), stop("end_turn")]), refusal(500, "x", "x")).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.headers[CONTENT_TYPE], "text/event-stream");
        assert_eq!(reply.headers[CACHE_CONTROL], "no-store");
        assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control")));
        let body = whole(reply).await;
        assert_eq!(body, "{\"model_used\":\"first\"}\n\n{\"chunk\":\"Hel\"}\n\n{\"chunk\":\"lo\\n\"}\n\n[DONE]\n\n");
        let lines: Vec<_> = body.split("\n\n").collect();
        let text = |line| Line::Chunk { chunk: String::from(line) };
        let read = |line| serde_json::from_str::<Line>(line).unwrap();
        assert_eq!(read(lines[0]), Line::Model { model_used: "first".to_owned() });
        assert_eq!([read(lines[1]), read(lines[2])], [text("Hel"), text("lo\n")]);
        assert_eq!(lines[3..], [DONE, ""]);
    }

    #[tokio::test]
    async fn what_fails_before_its_first_text_hands_over_to_the_next() {
        let good = answer_of(&[text("x"), stop("end_turn")]);
        let fails = [
            refusal(429, "ThrottlingException", "slow"),
            refusal(403, "AccessDeniedException", "no"),
            answer_of(&[]),
            answer_of(&[stop("end_turn")]),
            answer_of(&[frame("exception", "serviceUnavailableException", "{}")]),
        ];
        for fail in fails {
            let (_fake, reply) = with_bedrock(fail, good.clone()).await;
            assert!(whole(reply).await.starts_with("{\"model_used\":\"second\"}"));
        }
    }

    #[tokio::test]
    async fn when_all_candidates_fail_the_status_says_what_helps() {
        let throttled = || refusal(429, "ThrottlingException", "slow");
        let unavailable = || refusal(503, "ServiceUnavailableException", "down");
        let invalid = || refusal(400, "ValidationException", "too long");
        let denied = || refusal(403, "AccessDeniedException", "no");
        let empty = || answer_of(&[stop("end_turn")]);
        let cases = [
            (throttled(), unavailable(), 429),
            (denied(), throttled(), 429),
            (unavailable(), invalid(), 503),
            (denied(), invalid(), 400),
            (denied(), empty(), 502),
            (empty(), empty(), 502),
        ];
        for (first, second, status) in cases {
            let (_fake, reply) = with_bedrock(first, second).await;
            assert_eq!(reply.status, status);
            assert_eq!(reply.headers.contains_key(RETRY_AFTER), status == 429);
            let body: Value = serde_json::from_str(&whole(reply).await).unwrap();
            assert!(body["message"].as_str().is_some_and(|message| message.ends_with(['.', 'g'])), "{body}");
            assert_eq!(body["requestId"], "e1506fd5-9e7b-434f-bd42-4f8fa224b599");
        }
    }

    #[tokio::test]
    async fn a_failure_after_the_first_text_is_a_line_and_there_is_no_done() {
        let broken = answer_of(&[text("x"), frame("exception", "modelStreamErrorException", r#"{"message":"boo"}"#)]);
        let (fake, reply) = with_bedrock(broken, answer_of(&[text("y"), stop("end_turn")])).await;
        assert_eq!(reply.status, StatusCode::OK);
        let body = whole(reply).await;
        let error = body.split("\n\n").find_map(|line| line.strip_prefix(ERROR_PREFIX)).unwrap();
        let error: Value = serde_json::from_str(error).unwrap();
        assert!(error["error"]["message"].is_string() && error["error"]["code"].is_string(), "{error}");
        assert!(!body.contains(DONE) && !body.contains("second"));
        assert_eq!(fake.requests().len(), 1);
    }

    #[tokio::test]
    async fn a_bad_request_gets_a_status_and_a_sentence() {
        let too_long = format!(r#"{{"prompt": "{}", "use_case": "balanced"}}"#, "x".repeat(101));
        let cases = [
            (event(""), 400),
            (event("prompt"), 400),
            (event("{}"), 400),
            (event(r#"{"prompt": "x", "use_case": "best"}"#), 400),
            (event(&too_long), 413),
            (event(r#"{"prompt": "demo:throttle", "use_case": "balanced"}"#), 429),
        ];
        for (event, status) in cases {
            let reply = demo(Duration::ZERO).answer(event, invocation(900)).await;
            assert_eq!(reply.status, status);
            assert_eq!(reply.headers[CONTENT_TYPE], "application/json");
            assert!(whole(reply).await.contains("\"message\":"));
        }
        let reply = demo(Duration::ZERO).answer(FunctionUrlEvent::default(), invocation(900)).await;
        assert_eq!((reply.status.as_u16(), &reply.headers[ALLOW]), (405, &HeaderValue::from_static("POST")));
        assert!(whole(reply).await.contains("\"requestId\":\"lambda-id\""));
    }

    #[tokio::test]
    async fn the_demonstration_names_itself_and_leaks_nothing() {
        let body = whole(demo(Duration::ZERO).answer(event(ASK), invocation(900)).await).await;
        assert!(body.starts_with("{\"model_used\":\"signet-demo (no AI)\"}\n\n") && body.ends_with("\n\n[DONE]\n\n"));
        for secret in [SIGNATURE, SESSION_TOKEN, ACCESS_KEY] {
            assert!(!body.contains(secret));
        }
        let failed = event(r#"{"prompt": "demo:fail", "use_case": "balanced"}"#);
        let body = whole(demo(Duration::ZERO).answer(failed, invocation(900)).await).await;
        assert!(body.contains("Error: {\"error\":") && !body.contains(DONE));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_and_the_functions_end_are_told() {
        let slow = demo(2 * SILENCE).answer(event(ASK), invocation(900)).await;
        assert_eq!(slow.status, 503);
        let late = demo(SILENCE / 2).answer(event(ASK), invocation(100)).await;
        assert_eq!(late.status, 200);
        let body = whole(late).await;
        assert!(body.contains("\"code\":\"DeadlineReached\"") && !body.contains(DONE), "{body}");
    }
}
