//! From an event to a streamed answer: asks the candidates one after the other and writes their output in the wire format that the caller wants.

mod failure;
mod log;

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
use serde_json::json;
use signet_stream::stock::{DONE, ERROR_PREFIX, Line};
use signet_stream::typed::{Event, KEEP_ALIVE, StopReason, Usage};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout_at},
};

use crate::{
    config::Config,
    events::{self, Wire},
    model::{
        Model, Pieces,
        error::ModelError,
        exchange::{Piece, Question},
    },
    request::{FunctionUrlEvent, Limits, RequestError},
    strategies::Strategies,
};
use failure::Failure;
use log::Log;

/// The longest silence of a model: before its first piece, and between pieces, including those with nothing to show.
const SILENCE: Duration = Duration::from_mins(1);

/// How long before the function's deadline an answer is ended, so that its last line can still be sent.
const BEFORE_DEADLINE: Duration = Duration::from_secs(1);

/// How long typed events wait for an answer to begin, so that a failure can still set the status. After that the head is sent regardless.
const HEAD_WITHIN: Duration = Duration::from_secs(5);

/// How long typed events are silent before a keep-alive is sent.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(10);

/// The function, ready to answer.
pub struct Backend {
    model: Model,
    strategies: Strategies,
    limits: Limits,
}

/// What Lambda says about an invocation besides its event.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Lambda's request ID, for an event without one.
    pub request_id: String,
    /// When Lambda stops the function.
    pub deadline: Instant,
}

/// A response: its head is complete, its body is streamed.
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers, without those of CORS, which the function URL adds.
    pub headers: HeaderMap,
    /// The body. Dropping it stops the request to the model.
    pub body: Body,
}

/// A streamed response body.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

/// The future that writes a response.
type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A response's status and headers.
struct Head {
    status: StatusCode,
    headers: HeaderMap,
}

/// An answer that has begun, with its first piece.
struct Started {
    model: String,
    first: Piece,
    pieces: Pieces,
}

/// A request being answered.
struct Call {
    wire: Wire,
    /// Where the response's head goes; `None` once it is sent.
    head: Option<oneshot::Sender<Head>>,
    /// When typed events send their head, whether or not anything has arrived.
    head_at: Instant,
    /// Where the response's body goes.
    body: mpsc::Sender<Bytes>,
    /// When the answer has to end.
    deadline: Instant,
    context_bytes: usize,
    log: Log,
}

impl Backend {
    /// Sets the function up.
    ///
    /// # Errors
    /// An OpenAI-compatible endpoint is configured, and the machine has no root certificates.
    pub fn new(config: Config) -> std::io::Result<Self> {
        let model = Model::new(config.model_backend, config.max_tokens)?;
        let strategies = Strategies::new(config.models);
        let limits = Limits { prompt: config.max_prompt_bytes, context: config.max_context_bytes };
        Ok(Self { model, strategies, limits })
    }

    /// Answers one event. Returns once the answer has begun or has failed; with typed events, after 5 seconds at the latest.
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
            deadline: invocation.deadline.checked_sub(BEFORE_DEADLINE).unwrap_or(invocation.deadline),
            context_bytes: self.limits.context,
            log: Log::new(request_id, wire),
        };
        let mut work: Option<Work> = Some(Box::pin(Arc::clone(self).work(event, call)));
        let Head { status, headers } = head_of(&mut work, head_sent).await;
        Reply { status, headers, body: body_of(work, sent, wire) }
    }

    /// Does the whole call. It advances only while the body is read.
    async fn work(self: Arc<Self>, event: FunctionUrlEvent, mut call: Call) {
        match self.start(&event, &mut call).await {
            Ok(started) => call.stream(started).await,
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
        let mut failed: Option<ModelError> = None;
        // The first candidate that stopped before its first text.
        let mut stopped: Option<Started> = None;
        for candidate in &question.candidates {
            let attempt = self.first_piece(candidate, &question, call.wire, call.deadline);
            let error = match call.with_head_in_time(attempt).await {
                Ok(started) => {
                    let Piece::Stop(reason) = started.first else { return Ok(started) };
                    stopped = stopped.or(Some(started));
                    ModelError::from_stop(reason).unwrap_or(ModelError::Empty)
                }
                Err(error) => error,
            };
            call.log.failed.push((candidate.clone(), error.code().to_owned()));
            failed = Some(match failed {
                Some(first) if first.rank() <= error.rank() => first,
                _ => error,
            });
        }
        let failed = failed.unwrap_or(ModelError::Empty);
        stopped.filter(|_| failed.rank() == ModelError::Empty.rank()).ok_or(Failure::Model(failed))
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
            // Typed events can report these two, if no other candidate does better.
            Piece::Stop(StopReason::MaxTokens | StopReason::ContentFiltered) if wire == Wire::Events => {}
            Piece::Stop(reason) => return Err(ModelError::from_stop(reason).unwrap_or(ModelError::Empty)),
            _ => {}
        }
        Ok(Started { model, first, pieces })
    }
}

impl Call {
    /// Waits for `work`. If that takes too long, typed events send their head in the meantime.
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

    /// Sends the head, unless it has been sent.
    fn send_head(&mut self, status: StatusCode, headers: HeaderMap) {
        if let Some(head) = self.head.take() {
            self.log.status = status.as_u16();
            // The receiver is gone only if this call is about to be dropped too.
            let _ = head.send(Head { status, headers });
        }
    }

    async fn send(&self, bytes: Bytes) {
        // The receiver is gone only if this call is about to be dropped too.
        let _ = self.body.send(bytes).await;
    }

    /// Streams an answer: the model's name with the first piece, then one piece at a time.
    async fn stream(mut self, Started { model, first, mut pieces }: Started) {
        self.send_head(StatusCode::OK, answer_headers(self.wire));
        let mut bytes = match self.wire {
            Wire::Stock => line(&Line::Model { model_used: model.clone() }),
            Wire::Events => events::write([&Event::Start { model: &model, context_bytes: self.context_bytes }]),
        };
        self.log.model = Some(model);
        let mut next = Ok(first);
        loop {
            let is_last = !matches!(next, Ok(Piece::Text(_) | Piece::Reasoning(_)));
            bytes += &self.write(next, pieces.usage());
            self.send(std::mem::take(&mut bytes).into()).await;
            if is_last {
                return;
            }
            next = next_piece(&mut pieces, self.wire, self.deadline).await;
        }
    }

    /// The next piece, or the failure, in the wire format. Records it in the log.
    fn write(&mut self, next: Result<Piece, ModelError>, usage: Option<Usage>) -> String {
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
                let failure = ModelError::from_stop(reason);
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

    /// Reports why there is no answer: by a status and JSON, or by an event if the head has been sent.
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

/// Runs `work` until it sends the head.
async fn head_of(work: &mut Option<Work>, mut sent: oneshot::Receiver<Head>) -> Head {
    let head = poll_fn(|context| {
        if work.as_mut().is_some_and(|work| work.as_mut().poll(context).is_ready()) {
            *work = None;
        }
        Pin::new(&mut sent).poll(context)
    });
    head.await.expect("work ends with an answer or a refusal, and both send a head")
}

/// The body, as it is sent. Typed events get a keep-alive after a silence.
fn body_of(mut work: Option<Work>, mut sent: mpsc::Receiver<Bytes>, wire: Wire) -> Body {
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

/// The next piece that the wire can show. Pieces that it cannot show still count as signs of life.
async fn next_piece(pieces: &mut Pieces, wire: Wire, deadline: Instant) -> Result<Piece, ModelError> {
    loop {
        match within(deadline, pieces.next()).await? {
            None => {}
            Some(Piece::Reasoning(_)) if wire == Wire::Stock => {}
            Some(piece) => return Ok(piece),
        }
    }
}

/// The headers of an answer on this wire.
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
    serde_json::to_string(line).expect("a line holds only strings") + "\n\n"
}

/// A failure as a line of the stock wire.
fn error_line(error: &ModelError) -> String {
    let error = json!({"error": {"message": error.to_string(), "code": error.code()}});
    format!("{ERROR_PREFIX}{error}\n\n")
}

/// Waits for the model, but no longer than its silence or the deadline allows.
async fn within<T>(deadline: Instant, work: impl Future<Output = Result<T, ModelError>>) -> Result<T, ModelError> {
    let silence = Instant::now() + SILENCE;
    match timeout_at(silence.min(deadline), work).await {
        Ok(done) => done,
        Err(_) if deadline < silence => Err(ModelError::DeadlineReached),
        Err(_) => Err(ModelError::TimedOut),
    }
}

#[cfg(all(test, feature = "aws"))]
mod tests;
