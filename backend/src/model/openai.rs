//! An endpoint that speaks `OpenAI`'s streaming Chat Completions: <https://platform.openai.com/docs/api-reference/chat/streaming>.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::Deserialize;
use serde_json::{Value, json};

use signet_stream::typed::{StopReason, Usage};

use super::{
    error::{ModelError, plain_code},
    exchange::{Message, Piece},
    sse::Sse,
};

/// How much of an error response's body is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// The endpoint.
pub(crate) struct OpenAi {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    authorization: Option<HeaderValue>,
    max_tokens: i32,
}

/// An answer that the endpoint is streaming.
pub(crate) struct Pieces {
    body: Incoming,
    sse: Sse,
    /// The text of an event that also had reasoning, which goes first.
    text: Option<String>,
    finish_reason: Option<String>,
    usage: Option<Usage>,
}

/// A `chat.completion.chunk`, or an error in its place. Servers omit what they do not know, or send null.
#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<ChunkUsage>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct ChunkUsage {
    prompt_tokens: Option<i64>,
    prompt_tokens_details: Option<PromptTokens>,
    completion_tokens: Option<i64>,
}

#[derive(Deserialize)]
struct PromptTokens {
    cached_tokens: Option<i64>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
    /// Not part of `OpenAI`'s API, but most servers with reasoning models send it: under this name or the next, some under both.
    reasoning_content: Option<String>,
    reasoning: Option<String>,
}

impl OpenAi {
    /// A client for the endpoint at `base_url`.
    ///
    /// # Errors
    /// The machine has no root certificates.
    pub(crate) fn new(base_url: &str, authorization: Option<HeaderValue>, max_tokens: i32) -> std::io::Result<Self> {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: format!("{base_url}/chat/completions"),
            authorization,
            max_tokens,
        })
    }

    pub(crate) async fn ask(&self, model: &str, earlier: &[Message], prompt: &str) -> Result<Pieces, ModelError> {
        let mut messages: Vec<_> = earlier.iter().map(|turn| json!(turn)).collect();
        messages.push(json!({"role": "user", "content": prompt}));
        let mut body = json!({
            "model": model,
            "messages": messages,
            "max_tokens": self.max_tokens,
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        let mut response = self.send(&body).await?;
        if matches!(response.status().as_u16(), 400 | 422) {
            // Most servers count tokens only if asked to, but some, such as Mistral's, reject that option.
            body.as_object_mut().map(|body| body.remove("stream_options"));
            response = self.send(&body).await?;
        }
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        Ok(Pieces { body: response.into_body(), sse: Sse::default(), text: None, finish_reason: None, usage: None })
    }

    async fn send(&self, body: &Value) -> Result<Response<Incoming>, ModelError> {
        let mut request = Request::post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream")
            .body(Full::from(body.to_string()))
            .map_err(|_| ModelError::Unavailable { code: "BadAddress".to_owned() })?;
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        let unavailable = |_| ModelError::Unavailable { code: "ConnectionFailed".to_owned() };
        self.client.request(request).await.map_err(unavailable)
    }
}

impl Pieces {
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>, ModelError> {
        if let Some(text) = self.text.take() {
            return Ok(Some(Piece::Text(text)));
        }
        while let Some(data) = self.sse.next() {
            if data == "[DONE]" {
                return self.end(true).map(Some);
            }
            if let Some(piece) = self.read(&data)? {
                return Ok(Some(piece));
            }
        }
        match self.body.frame().await {
            Some(Ok(frame)) => {
                let bytes = frame.into_data().unwrap_or_default();
                self.sse.push(&bytes).map_err(|_| ModelError::Broken { code: "EventTooLong".to_owned() })?;
                Ok(None)
            }
            Some(Err(_)) | None => self.end(false).map(Some),
        }
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn read(&mut self, data: &str) -> Result<Option<Piece>, ModelError> {
        let chunk: Chunk =
            serde_json::from_str(data).map_err(|_| ModelError::Broken { code: "UnreadableEvent".to_owned() })?;
        if let Some(error) = chunk.error {
            return Err(error_in_stream(&error));
        }
        if let Some(tokens) = chunk.usage {
            self.usage = Some(Usage {
                input: tokens.prompt_tokens,
                cached: tokens.prompt_tokens_details.and_then(|details| details.cached_tokens),
                output: tokens.completion_tokens,
            });
        }
        let Some(choice) = chunk.choices.into_iter().flatten().next() else { return Ok(None) };
        self.finish_reason = choice.finish_reason.or(self.finish_reason.take());
        let Some(delta) = choice.delta else { return Ok(None) };
        let not_empty = |text: &String| !text.is_empty();
        let text = delta.content.filter(not_empty);
        Ok(match delta.reasoning_content.filter(not_empty).or(delta.reasoning.filter(not_empty)) {
            Some(reasoning) => {
                self.text = text;
                Some(Piece::Reasoning(reasoning))
            }
            None => text.map(Piece::Text),
        })
    }

    /// Some servers end without `[DONE]`, some without a finish reason; a complete answer has at least one of them.
    fn end(&self, done: bool) -> Result<Piece, ModelError> {
        Ok(Piece::Stop(match self.finish_reason.as_deref() {
            Some("length") => StopReason::MaxTokens,
            Some("content_filter") => StopReason::ContentFiltered,
            None if !done => return Err(ModelError::BrokeOff),
            // No other reason is possible: this function offers no tools.
            _ => StopReason::EndTurn,
        }))
    }
}

/// An error in a stream that began with status 200. Some servers name it, others give the status it would have had.
fn error_in_stream(error: &Value) -> ModelError {
    let status = error.get("code").and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    let code = match status {
        Some(status) => format!("Http{status}"),
        None => plain_code(["code", "type"].iter().find_map(|name| error.get(name)?.as_str()).unwrap_or("StreamError")),
    };
    match status {
        Some(429 | 529) => ModelError::Throttled { code, retry_after_seconds: None },
        Some(400 | 413 | 422) => rejected(code, error.get("message")),
        Some(401..=404) => ModelError::Denied { code },
        _ if code.contains("rate_limit") => ModelError::Throttled { code, retry_after_seconds: None },
        _ => ModelError::Unavailable { code },
    }
}

fn rejected(code: String, message: Option<&Value>) -> ModelError {
    let message = message.and_then(Value::as_str).unwrap_or("it gives no reason");
    ModelError::Rejected { code, message: message.chars().take(300).collect() }
}

/// Only messages about the prompt itself are passed on: others can name the key or the account.
async fn refusal(response: Response<Incoming>) -> ModelError {
    let status = response.status();
    let code = format!("Http{}", status.as_u16());
    let retry_after_seconds = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse().ok());
    match status {
        StatusCode::TOO_MANY_REQUESTS => ModelError::Throttled { code, retry_after_seconds },
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => ModelError::TimedOut,
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            let body = Limited::new(response.into_body(), MAX_ERROR_BYTES).collect().await;
            let error: Option<Value> = body.ok().and_then(|body| serde_json::from_slice(&body.to_bytes()).ok());
            rejected(code, error.as_ref().and_then(|body| body.get("error")?.get("message")))
        }
        StatusCode::UNAUTHORIZED | StatusCode::PAYMENT_REQUIRED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
            ModelError::Denied { code }
        }
        status if status.is_server_error() => ModelError::Unavailable { code },
        _ => ModelError::Broken { code },
    }
}

#[cfg(test)]
mod tests;
