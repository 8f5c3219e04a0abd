//! From an event to a streamed answer: checks, the candidates one after the other, what is written on either wire, and the log.

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER},
};
use serde::Serialize;
use serde_json::json;
use signet_stream::stock::{DONE, ERROR_PREFIX, Line};
use signet_stream::typed::{Event, KEEP_ALIVE, StopReason, Usage};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout_at},
};

use crate::{
    app_config::{AppConfig, Strategies},
    bedrock::Bedrock,
    config::{Config, ModelBackend, Models},
    demo::{self, Demo},
    events::{self, Wire},
    model::{Model, ModelError, Piece, Pieces, Question},
    openai::OpenAi,
    request::{FunctionUrlEvent, Limits, RequestError},
    strategy::{Strategy, StrategyError},
};

/// How long a model may take to say anything: to its answer's head, and from one piece to the next, also those that say nothing to the caller.
const SILENCE: Duration = Duration::from_mins(1);

/// How long before the function's end an answer is ended, so that its last line still gets out.
const BEFORE_DEADLINE: Duration = Duration::from_secs(1);

/// How long typed events wait for an answer to begin, so that a failure can still have its status. After that they begin with nothing.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// After how long without anything else typed events have a keep-alive.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(10);

/// After how many seconds a caller may try again when the model does not say: its quotas count by the minute.
const RETRY_AFTER_SECONDS: u32 = 10;

/// The function, ready to answer.
pub struct Backend {
    model: Model,
    strategies: Strategies,
    limits: Limits,
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

/// What makes a response's body.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A response's status and headers.
struct Head {
    status: StatusCode,
    headers: HeaderMap,
}

/// An answer that has begun, with a text or with the model's reasoning.
struct Started {
    model: String,
    first: Piece,
    pieces: Pieces,
}

/// A request that is being answered.
struct Call {
    wire: Wire,
    /// Where the response's head goes; none once it is sent.
    head: Option<oneshot::Sender<Head>>,
    /// When typed events send their head whatever has come.
    head_at: Instant,
    /// Where the response's body goes.
    body: mpsc::Sender<Bytes>,
    /// When the answer has to be at its end.
    deadline: Instant,
    context_bytes: usize,
    log: Log,
}

/// The request's line in the log; it is written when the request is done with, however that comes.
#[derive(Serialize)]
struct Log {
    level: &'static str,
    request_id: String,
    wire: Wire,
    use_case: Option<&'static str>,
    model: Option<String>,
    /// The candidates that failed, each with its error's name.
    failed: Vec<(String, String)>,
    status: u16,
    outcome: String,
    prompt_bytes: usize,
    earlier_turns: usize,
    answer_bytes: usize,
    chunks: usize,
    input_tokens: Option<i64>,
    cached_tokens: Option<i64>,
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
        let limits = Limits { prompt: config.max_prompt_bytes, context: config.max_context_bytes };
        Ok(Self { model, strategies, limits })
    }

    /// Answers one event. Comes back once the answer has begun or none will come; with typed events also when that takes too long.
    pub async fn answer(self: &Arc<Self>, event: FunctionUrlEvent, invocation: Invocation) -> Reply {
        let (head, head_sent) = oneshot::channel();
        let (body, sent) = mpsc::channel(1);
        let wire = event.wire();
        let request_id = event.request_id().unwrap_or(&invocation.request_id).to_owned();
        let call = Call {
            wire,
            head: Some(head),
            head_at: Instant::now() + HEAD_WITHIN,
            body,
            deadline: invocation.deadline - BEFORE_DEADLINE,
            context_bytes: self.limits.context,
            log: Log::new(request_id, wire),
        };
        let mut work: Option<Work> = Some(Box::pin(Arc::clone(self).work(event, call)));
        let Head { status, headers } = head_of(&mut work, head_sent).await;
        Reply { status, headers, body: streamed(work, sent, wire) }
    }

    /// All that a call takes. It goes on only while the body is read.
    async fn work(self: Arc<Self>, event: FunctionUrlEvent, mut call: Call) {
        match self.start(&event, &mut call).await {
            Ok(started) => call.tell(started).await,
            Err(failure) => call.refuse(&failure).await,
        }
    }

    async fn start(&self, event: &FunctionUrlEvent, call: &mut Call) -> Result<Started, Failure> {
        let (ask, earlier) = event.ask(self.limits)?;
        call.log.use_case = Some(ask.use_case.name());
        call.log.prompt_bytes = ask.prompt.len();
        call.log.earlier_turns = earlier.len();
        let strategy = call.with_head_in_time(self.strategies.current()).await?;
        let candidates = strategy.candidates(ask.use_case).into_iter().map(str::to_owned).collect();
        let question =
            Question { ask, earlier, caller: event.caller(), request_id: call.log.request_id.clone(), candidates };
        let mut told: Option<ModelError> = None;
        // The first that stopped before its first text.
        let mut stopped: Option<Started> = None;
        for candidate in &question.candidates {
            let attempt = self.first_piece(candidate, &question, call.wire, call.deadline);
            let error = match call.with_head_in_time(attempt).await {
                Ok(started) => {
                    let Piece::Stop(reason) = started.first else { return Ok(started) };
                    stopped = stopped.or(Some(started));
                    ModelError::of_stop(reason).unwrap_or(ModelError::Empty)
                }
                Err(error) => error,
            };
            call.log.failed.push((candidate.clone(), error.code().to_owned()));
            told = Some(match told {
                Some(first) if first.rank() <= error.rank() => first,
                _ => error,
            });
        }
        let told = told.unwrap_or(ModelError::Empty);
        stopped.filter(|_| told.rank() == ModelError::Empty.rank()).ok_or(Failure::Model(told))
    }

    async fn first_piece(
        &self,
        candidate: &str,
        question: &Question,
        wire: Wire,
        deadline: Instant,
    ) -> Result<Started, ModelError> {
        let (model, mut pieces) = within(deadline, self.model.ask(candidate, question)).await?;
        let first = next_piece(&mut pieces, wire, deadline).await?;
        match first {
            // Typed events have a word for these two, if no other candidate has more to say.
            Piece::Stop(StopReason::MaxTokens | StopReason::ContentFiltered) if wire == Wire::Events => {}
            Piece::Stop(reason) => return Err(ModelError::of_stop(reason).unwrap_or(ModelError::Empty)),
            _ => {}
        }
        Ok(Started { model, first, pieces })
    }
}

impl Call {
    /// Waits for `work`. If it takes too long, typed events send their head meanwhile.
    async fn with_head_in_time<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        if self.wire == Wire::Events && self.head.is_some() {
            if let Ok(done) = timeout_at(self.head_at, &mut work).await {
                return done;
            }
            self.send_head(StatusCode::OK, answer_headers(self.wire));
            self.send(KEEP_ALIVE.into()).await;
        }
        work.await
    }

    /// Sends the head, unless that is done.
    fn send_head(&mut self, status: StatusCode, headers: HeaderMap) {
        if let Some(head) = self.head.take() {
            self.log.status = status.as_u16();
            // Nobody is there to take it only when this call is dropped with it.
            let _ = head.send(Head { status, headers });
        }
    }

    async fn send(&self, bytes: Bytes) {
        let _ = self.body.send(bytes).await;
    }

    /// Streams an answer: the model's name with the first piece, then piece by piece.
    async fn tell(mut self, Started { model, first, mut pieces }: Started) {
        self.send_head(StatusCode::OK, answer_headers(self.wire));
        let mut bytes = match self.wire {
            Wire::Stock => line(&Line::Model { model_used: model.clone() }),
            Wire::Events => events::write([&Event::Start { model: &model, context_bytes: self.context_bytes }]),
        };
        self.log.model = Some(model);
        let mut next = Ok(first);
        loop {
            let is_last = !matches!(next, Ok(Piece::Text(_) | Piece::Reasoning(_)));
            bytes += &self.written(next, pieces.usage());
            self.send(std::mem::take(&mut bytes).into()).await;
            if is_last {
                return;
            }
            next = next_piece(&mut pieces, self.wire, self.deadline).await;
        }
    }

    /// What comes next as it is written; it is in the log as well.
    fn written(&mut self, next: Result<Piece, ModelError>, usage: Option<Usage>) -> String {
        let usage_event = usage.filter(|usage| *usage != Usage::default()).map(Event::Usage);
        match next {
            Ok(Piece::Text(text)) => {
                self.log.count(&text);
                match self.wire {
                    Wire::Stock => line(&Line::Chunk { chunk: text }),
                    Wire::Events => events::write([&Event::Text { text: &text }]),
                }
            }
            Ok(Piece::Reasoning(text)) => events::write([&Event::Reasoning { text: &text }]),
            Ok(Piece::Stop(reason)) => {
                let failure = ModelError::of_stop(reason);
                self.log.end(failure.as_ref().map_or("done", ModelError::code), usage);
                match (self.wire, failure) {
                    (Wire::Events, _) => {
                        events::write(usage_event.iter().chain([&Event::Stop { reason }, &Event::End]))
                    }
                    (Wire::Stock, None) => format!("{DONE}\n\n"),
                    (Wire::Stock, Some(failure)) => error_line(&failure),
                }
            }
            Err(error) => {
                self.log.end(error.code(), usage);
                match self.wire {
                    Wire::Stock => error_line(&error),
                    Wire::Events => {
                        let failure = Failure::Model(error);
                        events::write(usage_event.iter().chain([&failure.event(&failure.to_string())]))
                    }
                }
            }
        }
    }

    /// Says why there is no answer: by a status and in JSON, or after the head by an event.
    async fn refuse(mut self, failure: &Failure) {
        self.log.end(&failure.outcome(), None);
        let message = failure.to_string();
        if self.head.is_none() {
            return self.send(events::write([&failure.event(&message)]).into()).await;
        }
        let mut headers = headers("application/json");
        if let Failure::Request(RequestError::Method) = failure {
            headers.insert(ALLOW, HeaderValue::from_static("POST"));
        }
        if let Some(seconds) = failure.retry_after_seconds() {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        self.send_head(failure.status(), headers);
        let body = json!({"message": message, "requestId": self.log.request_id});
        self.send(body.to_string().into()).await;
    }
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::Request(RequestError::Method) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Request(RequestError::TooLong { .. } | RequestError::ContextTooLong { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::Strategy(StrategyError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Strategy(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Model(error) => error.status(),
        }
    }

    /// The event that tells it, with the failure's own sentence.
    fn event<'a>(&'a self, message: &'a str) -> Event<'a> {
        let (code, retryable) = match self {
            Self::Request(_) => ("InvalidRequest", false),
            Self::Strategy(error @ StrategyError::Unavailable(_)) => (error.code(), true),
            Self::Strategy(error) => (error.code(), false),
            Self::Model(error) => (error.code(), error.is_retryable()),
        };
        Event::Error { code, message, retryable, retry_after_seconds: self.retry_after_seconds() }
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::Model(ModelError::Throttled { retry_after_seconds, .. }) => {
                Some(retry_after_seconds.unwrap_or(RETRY_AFTER_SECONDS))
            }
            _ => None,
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
    fn new(request_id: String, wire: Wire) -> Self {
        Self {
            level: "INFO",
            request_id,
            wire,
            use_case: None,
            model: None,
            failed: Vec::new(),
            status: 0,
            outcome: "caller gone".to_owned(),
            prompt_bytes: 0,
            earlier_turns: 0,
            answer_bytes: 0,
            chunks: 0,
            input_tokens: None,
            cached_tokens: None,
            output_tokens: None,
            first_text_ms: None,
            duration_ms: 0,
            start: Instant::now(),
        }
    }

    fn count(&mut self, text: &str) {
        self.first_text_ms.get_or_insert(self.start.elapsed().as_millis());
        self.answer_bytes += text.len();
        self.chunks += 1;
    }

    fn end(&mut self, outcome: &str, usage: Option<Usage>) {
        self.level = if outcome == "done" { "INFO" } else { "WARN" };
        outcome.clone_into(&mut self.outcome);
        let usage = usage.unwrap_or_default();
        self.input_tokens = usage.input;
        self.cached_tokens = usage.cached;
        self.output_tokens = usage.output;
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

/// The head, once `work` has got so far.
async fn head_of(work: &mut Option<Work>, mut sent: oneshot::Receiver<Head>) -> Head {
    let head = poll_fn(|context| {
        if work.as_mut().is_some_and(|work| work.as_mut().poll(context).is_ready()) {
            *work = None;
        }
        Pin::new(&mut sent).poll(context)
    });
    head.await.expect("work ends with an answer or a refusal, and both send a head")
}

/// What is sent, as it comes. Typed events have a keep-alive where there is nothing for a while.
fn streamed(mut work: Option<Work>, mut sent: mpsc::Receiver<Bytes>, wire: Wire) -> Body {
    let mut quiet = (wire == Wire::Events).then(|| Box::pin(sleep(KEEP_ALIVE_AFTER)));
    Box::pin(stream::poll_fn(move |context| {
        if work.as_mut().is_some_and(|work| work.as_mut().poll(context).is_ready()) {
            work = None;
        }
        let next = match sent.poll_recv(context) {
            Poll::Ready(next) => next,
            Poll::Pending => match &mut quiet {
                Some(quiet) => {
                    ready!(quiet.as_mut().poll(context));
                    Some(KEEP_ALIVE.into())
                }
                None => return Poll::Pending,
            },
        };
        if let Some(quiet) = &mut quiet {
            quiet.as_mut().reset(Instant::now() + KEEP_ALIVE_AFTER);
        }
        Poll::Ready(next.map(Ok))
    }))
}

/// The next piece that the wire has a word for. Whatever comes before it breaks the silence.
async fn next_piece(pieces: &mut Pieces, wire: Wire, deadline: Instant) -> Result<Piece, ModelError> {
    loop {
        match within(deadline, pieces.next()).await? {
            None => {}
            Some(Piece::Reasoning(_)) if wire == Wire::Stock => {}
            Some(piece) => return Ok(piece),
        }
    }
}

/// The headers of an answer.
fn answer_headers(wire: Wire) -> HeaderMap {
    headers(match wire {
        Wire::Stock => "text/event-stream",
        Wire::Events => events::CONTENT_TYPE,
    })
}

fn headers(content_type: &'static str) -> HeaderMap {
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ])
}

fn line(line: &Line) -> String {
    serde_json::to_string(line).expect("a line is nothing but strings") + "\n\n"
}

/// The stock wire's line of a failure.
fn error_line(error: &ModelError) -> String {
    let error = json!({"error": {"message": error.to_string(), "code": error.code()}});
    format!("{ERROR_PREFIX}{error}\n\n")
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
        bedrock::tests::{bedrock, frame, metadata, reasoning, refusal, stop, stream as answer_of, text},
        fake::{self, Fake, Served},
        request::tests::{ACCESS_KEY, SESSION_TOKEN, SIGNATURE, accepting, event},
    };

    const ASK: &str = r#"{"prompt": "Hello", "use_case": "balanced"}"#;

    fn backend(model: Model, candidates: &str) -> Arc<Backend> {
        let strategy = Strategy::from_json(candidates.as_bytes()).unwrap();
        let limits = Limits { prompt: 100, context: 20 };
        Arc::new(Backend { model, strategies: Strategies::Fixed(Arc::new(strategy)), limits })
    }

    fn demo(pace: Duration) -> Arc<Backend> {
        backend(Model::Demo(Demo { pace }), r#"{"primary_model": "a"}"#)
    }

    fn invocation(seconds: u64) -> Invocation {
        Invocation { request_id: "lambda-id".to_owned(), deadline: Instant::now() + Duration::from_secs(seconds) }
    }

    async fn whole(reply: Reply) -> String {
        let parts: Vec<_> = reply.body.map(|part| part.unwrap()).collect().await;
        String::from_utf8(parts.concat()).unwrap()
    }

    /// A fake Bedrock with two models, and how the function answers on top of it on the stock wire.
    async fn with_bedrock(first: Served, second: Served) -> (Fake, Reply) {
        answered_by(first, second, event(ASK)).await
    }

    /// The same in typed events.
    async fn events_of(first: Served, second: Served) -> (Fake, Reply) {
        answered_by(first, second, accepting("text/event-stream", ASK)).await
    }

    async fn answered_by(first: Served, second: Served, event: FunctionUrlEvent) -> (Fake, Reply) {
        let fake =
            fake::serve(move |path| if path.starts_with("/model/first/") { first.clone() } else { second.clone() })
                .await;
        let backend = backend(
            Model::Bedrock(Box::new(bedrock(&fake))),
            r#"{"primary_model": "first", "fallback_models": ["second"]}"#,
        );
        let reply = backend.answer(event, invocation(900)).await;
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
        let turns =
            json!([{"role": "user", "content": "x".repeat(11)}, {"role": "assistant", "content": "y".repeat(10)}]);
        let too_much = json!({"prompt": "x", "use_case": "balanced", "messages": turns}).to_string();
        let cases = [
            (event(""), 400),
            (event("prompt"), 400),
            (event("{}"), 400),
            (event(r#"{"prompt": "x", "use_case": "best"}"#), 400),
            (event(&too_long), 413),
            (event(r#"{"prompt": "x", "use_case": "balanced", "messages": [{"role": "user", "content": "x"}]}"#), 400),
            (event(&too_much), 413),
            (accepting("text/event-stream", "{}"), 400),
            (accepting("text/event-stream", r#"{"prompt": "demo:throttle", "use_case": "balanced"}"#), 429),
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

    #[tokio::test(start_paused = true)]
    async fn a_model_that_says_what_the_wire_has_no_word_for_is_not_silent() {
        let start = Instant::now();
        let thinks = event(r#"{"prompt": "demo:reasoning demo:pace 20000", "use_case": "balanced"}"#);
        let reply = demo(Duration::ZERO).answer(thinks, invocation(900)).await;
        assert!(reply.status == 200 && start.elapsed() > SILENCE, "{} after {:?}", reply.status, start.elapsed());
    }

    /// An answer in typed events, each as its JSON.
    async fn events(reply: Reply) -> Vec<Value> {
        assert_eq!(reply.status, StatusCode::OK);
        let body = whole(reply).await;
        let frames = body.strip_suffix("\n\n").unwrap().split("\n\n");
        frames.map(|frame| serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap()).collect()
    }

    #[tokio::test]
    async fn an_answer_in_typed_events_says_all_that_the_model_says() {
        let frames =
            [reasoning("hm"), text("Hel"), reasoning("so"), text("lo\\n"), stop("end_turn"), metadata(12, 0, 34)];
        let (_fake, reply) = events_of(answer_of(&frames), refusal(500, "x", "x")).await;
        assert_eq!(reply.headers[CONTENT_TYPE], "text/event-stream; charset=utf-8");
        assert_eq!(reply.headers[CACHE_CONTROL], "no-store");
        let expected = [
            json!({"type": "start", "model": "first", "contextBytes": 20}),
            json!({"type": "reasoning", "text": "hm"}),
            json!({"type": "text", "text": "Hel"}),
            json!({"type": "reasoning", "text": "so"}),
            json!({"type": "text", "text": "lo\n"}),
            json!({"type": "usage", "inputTokens": 12, "cachedTokens": 0, "outputTokens": 34}),
            json!({"type": "stop", "reason": "end_turn"}),
            json!({"type": "end"}),
        ];
        assert_eq!(events(reply).await, expected);

        // The stock wire has no word for most of it.
        let (_fake, reply) = with_bedrock(answer_of(&frames), refusal(500, "x", "x")).await;
        assert_eq!(reply.headers[CONTENT_TYPE], "text/event-stream");
        let stock = "{\"model_used\":\"first\"}\n\n{\"chunk\":\"Hel\"}\n\n{\"chunk\":\"lo\\n\"}\n\n[DONE]\n\n";
        assert_eq!(whole(reply).await, stock);
    }

    #[tokio::test]
    async fn a_limit_or_a_filter_is_a_stop_in_typed_events_and_a_failure_on_the_stock_wire() {
        for (reason, code) in
            [("max_tokens", "MaxTokens"), ("content_filtered", "ContentFiltered"), ("tool_use", "tool_use")]
        {
            let (_fake, reply) = events_of(answer_of(&[text("x"), stop(reason)]), refusal(500, "x", "x")).await;
            let expected = [
                json!({"type": "start", "model": "first", "contextBytes": 20}),
                json!({"type": "text", "text": "x"}),
                json!({"type": "stop", "reason": reason}),
                json!({"type": "end"}),
            ];
            assert_eq!(events(reply).await, expected);
            let (_fake, reply) = with_bedrock(answer_of(&[text("x"), stop(reason)]), refusal(500, "x", "x")).await;
            let body = whole(reply).await;
            assert!(body.contains("\n\nError: {") && body.contains(&format!("\"code\":\"{code}\"")), "{body}");
            assert!(!body.contains(DONE));
        }
        // A guardrail has put its own text there, which is whole.
        let guarded = || answer_of(&[text("x"), stop("guardrail_intervened")]);
        let (_fake, reply) = events_of(guarded(), guarded()).await;
        let end = [json!({"type": "stop", "reason": "guardrail_intervened"}), json!({"type": "end"})];
        assert_eq!(events(reply).await[2..], end);
        let (_fake, reply) = with_bedrock(guarded(), guarded()).await;
        assert!(whole(reply).await.ends_with("{\"chunk\":\"x\"}\n\n[DONE]\n\n"));
    }

    #[test]
    fn a_failure_of_any_kind_can_be_an_event() {
        let denied = || "AccessDeniedException".to_owned();
        for (failure, code, retryable) in [
            (Failure::from(RequestError::NoBody), "InvalidRequest", false),
            (StrategyError::Unavailable(denied()).into(), "StrategyUnavailable", true),
            (StrategyError::Refused(denied()).into(), "StrategyRefused", false),
            (ModelError::BrokeOff.into(), "AnswerBrokeOff", true),
            (ModelError::Denied { code: denied() }.into(), "AccessDeniedException", false),
        ] {
            let event = serde_json::to_value(failure.event("why")).unwrap();
            assert_eq!(event, json!({"type": "error", "code": code, "message": "why", "retryable": retryable}));
        }
        let throttled = ModelError::Throttled { code: denied(), retry_after_seconds: Some(7) };
        assert_eq!(serde_json::to_value(Failure::from(throttled).event("why")).unwrap()["retryAfterSeconds"], 7);
    }

    #[tokio::test]
    async fn a_stop_before_the_first_text_hands_over_and_is_told_when_nothing_helps_more() {
        let filtered = || answer_of(&[stop("content_filtered"), metadata(3, 0, 0)]);
        let (_fake, reply) = events_of(filtered(), answer_of(&[text("x"), stop("end_turn")])).await;
        assert_eq!(events(reply).await[0]["model"], "second");

        let (_fake, reply) = events_of(refusal(403, "AccessDeniedException", "no"), filtered()).await;
        let expected = [
            json!({"type": "start", "model": "second", "contextBytes": 20}),
            json!({"type": "usage", "inputTokens": 3, "cachedTokens": 0, "outputTokens": 0}),
            json!({"type": "stop", "reason": "content_filtered"}),
            json!({"type": "end"}),
        ];
        assert_eq!(events(reply).await, expected);

        let (_fake, reply) = events_of(filtered(), refusal(429, "ThrottlingException", "slow")).await;
        assert_eq!(reply.status, 429);
        let (_fake, reply) = with_bedrock(filtered(), filtered()).await;
        assert_eq!(reply.status, 502);
        // An answer that has ended and has no text is nobody's limit.
        let empty = || answer_of(&[stop("end_turn")]);
        let (_fake, reply) = events_of(empty(), empty()).await;
        assert_eq!(reply.status, 502);
    }

    #[tokio::test]
    async fn a_failure_after_the_first_piece_is_an_error_event_and_there_is_no_end() {
        let throttled = frame("exception", "throttlingException", r#"{"message":"slow"}"#);
        let invalid = frame("exception", "validationException", r#"{"message":"too long"}"#);
        for (first, failure, error) in [
            (text("x"), throttled, json!({"code": "ThrottlingException", "retryable": true, "retryAfterSeconds": 10})),
            (reasoning("x"), invalid, json!({"code": "ValidationException", "retryable": false})),
        ] {
            let (fake, reply) = events_of(answer_of(&[first, failure]), answer_of(&[text("y")])).await;
            let events = events(reply).await;
            let [_, _, told] = &events[..] else { panic!("{events:?}") };
            assert_eq!(told["type"], "error");
            assert!(told["message"].as_str().is_some_and(|message| message.contains(' ')));
            for field in ["code", "retryable", "retryAfterSeconds"] {
                assert_eq!(told.get(field), error.get(field), "{told}");
            }
            assert_eq!(fake.requests().len(), 1, "no other model goes on where one has begun");
        }
    }

    /// What comes, each with the seconds that have passed since `start`.
    async fn times(mut reply: Reply, start: Instant) -> Vec<(u64, String)> {
        let mut times = Vec::new();
        while let Some(Ok(part)) = reply.body.next().await {
            let part = String::from_utf8(part.to_vec()).unwrap();
            times.push((start.elapsed().as_secs(), part));
        }
        times
    }

    fn asking(prompt: &str) -> FunctionUrlEvent {
        accepting("text/event-stream", &json!({"prompt": prompt, "use_case": "balanced"}).to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn typed_events_begin_after_five_seconds_and_are_kept_alive() {
        let start = Instant::now();
        let backend = demo(Duration::from_secs(21));
        let reply = backend.answer(asking("demo:slow 38 demo:stop max_tokens"), invocation(900)).await;
        assert_eq!((reply.status, start.elapsed()), (StatusCode::OK, HEAD_WITHIN));
        let times = times(reply, start).await;
        let alive: Vec<_> = times.iter().filter(|(_, part)| part == KEEP_ALIVE).map(|(seconds, _)| *seconds).collect();
        // The first text is there at 38 + 21 seconds, the next ones 21 seconds later each.
        assert_eq!(alive[..9], [5, 15, 25, 35, 45, 55, 69, 79, 90]);
        let (seconds, first) = times.iter().find(|(_, part)| part.starts_with("data: ")).unwrap();
        assert_eq!(*seconds, 59);
        let head = "data: {\"type\":\"start\",\"model\":\"signet-demo (no AI)\",\"contextBytes\":20}\n\n";
        assert_eq!(first.strip_prefix(head), Some("data: {\"type\":\"text\",\"text\":\"## This \"}\n\n"));
    }

    #[tokio::test(start_paused = true)]
    async fn typed_events_that_begin_in_time_have_no_keep_alive() {
        let start = Instant::now();
        let reply = demo(Duration::from_secs(4)).answer(asking("demo:pace 0 demo:slow 4"), invocation(900)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(4));
        let events = events(reply).await;
        assert_eq!(events[0]["type"], "start");
        let words = |of: &str| of.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
        let said: String = events.iter().filter_map(|event| event["text"].as_str()).collect();
        let usage = json!({"type": "usage", "inputTokens": 4, "outputTokens": words(&said)});
        let end = [usage, json!({"type": "stop", "reason": "end_turn"}), json!({"type": "end"})];
        assert_eq!(events[events.len() - 3..], end);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_after_the_head_is_an_error_event() {
        let start = Instant::now();
        let reply = demo(Duration::ZERO).answer(asking("demo:slow demo:throttle"), invocation(900)).await;
        assert_eq!(reply.status, StatusCode::OK);
        let times = times(reply, start).await;
        let error = json!({
            "type": "error",
            "code": "DemoThrottle",
            "message": "The model is taking no more requests just now. Wait a moment, then send the prompt again.",
            "retryable": true,
            "retryAfterSeconds": 10,
        });
        assert_eq!(times[0], (5, KEEP_ALIVE.to_owned()));
        let [_, (8, told)] = &times[..] else { panic!("{times:?}") };
        assert_eq!(serde_json::from_str::<Value>(told.strip_prefix("data: ").unwrap()).unwrap(), error);

        // The stock wire waits with its head, and has the status.
        let start = Instant::now();
        let slow = event(r#"{"prompt": "demo:slow demo:throttle", "use_case": "balanced"}"#);
        let reply = demo(Duration::ZERO).answer(slow, invocation(900)).await;
        assert_eq!((reply.status.as_u16(), start.elapsed()), (429, Duration::from_secs(8)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_stock_wire_is_silent_until_the_first_text() {
        let start = Instant::now();
        let slow = event(r#"{"prompt": "demo:slow 30 demo:reasoning", "use_case": "balanced"}"#);
        let reply = demo(Duration::from_millis(1)).answer(slow, invocation(900)).await;
        assert!(start.elapsed() > Duration::from_secs(30));
        let body = whole(reply).await;
        assert!(body.starts_with("{\"model_used\":\"signet-demo (no AI)\"}\n\n{\"chunk\":\"## This \"}\n\n"));
        assert!(body.ends_with("\n\n[DONE]\n\n") && !body.contains("keep-alive") && !body.contains("reasons here"));
    }

    #[tokio::test]
    async fn earlier_turns_are_asked_on_either_wire() {
        let body = json!({
            "prompt": "And you?",
            "use_case": "balanced",
            "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
        });
        for event in [event(&body.to_string()), accepting("text/event-stream", &body.to_string())] {
            let answer = answer_of(&[text("x"), stop("end_turn")]);
            let (fake, reply) = answered_by(answer.clone(), answer, event).await;
            whole(reply).await;
            let asked: Value = serde_json::from_str(&fake.requests()[0].1).unwrap();
            let texts: Vec<_> =
                asked["messages"].as_array().unwrap().iter().map(|turn| &turn["content"][0]["text"]).collect();
            assert_eq!(texts, ["Hi", "Ho", "And you?"]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_drops_the_body_stops_the_answer() {
        let backend = demo(Duration::from_secs(1));
        let mut reply = backend.answer(asking("demo:slow 30"), invocation(900)).await;
        assert_eq!(Arc::strong_count(&backend), 2);
        assert_eq!(reply.body.next().await.unwrap().unwrap(), KEEP_ALIVE);
        drop(reply);
        assert_eq!(Arc::strong_count(&backend), 1);
    }
}
