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

use crate::{
    model::{Message, ModelError, Piece, plain_code},
    sse::Sse,
};

/// How much of an error's body is read, in bytes.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// The endpoint.
pub(crate) struct OpenAi {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    authorization: Option<HeaderValue>,
    max_tokens: i32,
}

/// An answer that the endpoint is giving.
pub(crate) struct Pieces {
    body: Incoming,
    sse: Sse,
    /// The text of an event that had reasoning too.
    text: Option<String>,
    finish_reason: Option<String>,
    usage: Option<Usage>,
}

/// A `chat.completion.chunk`, or an error in its place. Servers leave out or null whatever they do not know.
#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Counted>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Counted {
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
    /// Not of `OpenAI`'s own, but of most servers whose models reason: under this name or the next, and some say the same under both.
    reasoning_content: Option<String>,
    reasoning: Option<String>,
}

impl OpenAi {
    /// Fails when the machine has no certificates to trust.
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
            // Most servers count tokens only where they are told to, and some, such as Mistral's, refuse to be told.
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
            return Err(in_stream(&error));
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
        let said = |text: &String| !text.is_empty();
        let text = delta.content.filter(said);
        Ok(match delta.reasoning_content.filter(said).or(delta.reasoning.filter(said)) {
            Some(reasoning) => {
                self.text = text;
                Some(Piece::Reasoning(reasoning))
            }
            None => text.map(Piece::Text),
        })
    }

    /// Some servers end without `[DONE]`, some without a reason; one of the two has to be there.
    fn end(&self, done: bool) -> Result<Piece, ModelError> {
        Ok(Piece::Stop(match self.finish_reason.as_deref() {
            Some("length") => StopReason::MaxTokens,
            Some("content_filter") => StopReason::ContentFiltered,
            None if !done => return Err(ModelError::BrokeOff),
            // Nothing else can be: this function offers no tools.
            _ => StopReason::EndTurn,
        }))
    }
}

/// An error in a stream whose status was 200 already. Some servers have a word for it, others the status that it would have had.
fn in_stream(error: &Value) -> ModelError {
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
    let message = message.and_then(Value::as_str).unwrap_or("it says no more");
    ModelError::Rejected { code, message: message.chars().take(300).collect() }
}

/// Only what the endpoint says of the prompt itself is passed on: other messages can name the key or the account.
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
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::{
        fake::{self, Served},
        model::Role,
    };

    const ANSWER: &str = concat!(
        "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\",\"content\":\"Grü\"},\"finish_reason\":null}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"ezi 🦀\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        "data: {\"choices\":null,\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7,",
        "\"prompt_tokens_details\":{\"cached_tokens\":2}}}\n\n",
        "data: [DONE]\n\n",
    );

    fn stream(parts: &[&[u8]]) -> Served {
        Served::ok("text/event-stream", parts.iter().map(|part| Bytes::copy_from_slice(part)).collect())
    }

    /// All text, and why it ended.
    async fn read(served: Served) -> (String, Result<(StopReason, Option<Usage>), ModelError>) {
        let fake = fake::serve(move |_| served.clone()).await;
        let mut all = String::new();
        let openai = OpenAi::new(&fake.url(), None, 9).unwrap();
        let mut pieces = match openai.ask("m", &[], "Hello").await {
            Ok(pieces) => pieces,
            Err(error) => return (all, Err(error)),
        };
        loop {
            match pieces.next().await {
                Ok(None) => {}
                Ok(Some(Piece::Text(text))) => all.push_str(&text),
                Ok(Some(Piece::Reasoning(text))) => all.extend(["(", &text, ")"]),
                Ok(Some(Piece::Stop(reason))) => return (all, Ok((reason, pieces.usage()))),
                Err(error) => return (all, Err(error)),
            }
        }
    }

    #[tokio::test]
    async fn an_answer_is_read_however_it_is_cut() {
        let usage = Usage { input: Some(3), cached: Some(2), output: Some(4) };
        let end = Ok((StopReason::EndTurn, Some(usage)));
        let one_byte_each: Vec<_> = ANSWER.as_bytes().chunks(1).collect();
        for parts in [&[ANSWER.as_bytes()][..], &one_byte_each] {
            assert_eq!(read(stream(parts)).await, ("(hm)Grüezi 🦀".to_owned(), end.clone()));
        }
    }

    #[tokio::test]
    async fn what_says_nothing_is_told_as_a_sign_of_life() {
        let silent = [
            ": processing\n\n",
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"tool_calls\":[]}}]}\n\n",
        ];
        for silent in silent {
            let served = stream(&[silent.as_bytes(), b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"]);
            let fake = fake::serve(move |_| served.clone()).await;
            let mut pieces = OpenAi::new(&fake.url(), None, 9).unwrap().ask("m", &[], "Hello").await.unwrap();
            assert_eq!(pieces.next().await, Ok(None), "{silent}");
        }
    }

    #[tokio::test]
    async fn reasoning_is_read_under_either_name_and_once() {
        for (fields, said) in [
            (r#""reasoning":"hm""#, "(hm)"),
            (r#""reasoning_content":"","reasoning":"hm""#, "(hm)"),
            (r#""reasoning_content":"hm","reasoning":"hm""#, "(hm)"),
            (r#""reasoning":"hm","content":"a""#, "(hm)a"),
        ] {
            let answer = format!("data: {{\"choices\":[{{\"delta\":{{{fields}}}}}]}}\n\ndata: [DONE]\n\n");
            assert_eq!(read(stream(&[answer.as_bytes()])).await.0, said, "{fields}");
        }
    }

    #[tokio::test]
    async fn the_request_has_the_key_the_model_the_turns_and_the_limit() {
        let fake = fake::serve(|_| stream(&[ANSWER.as_bytes()])).await;
        let key = HeaderValue::from_static("Bearer sk-12");
        let openai = OpenAi::new(&format!("{}/v1", fake.url()), Some(key), 9).unwrap();
        let earlier = [
            Message { role: Role::User, content: "Hi".to_owned() },
            Message { role: Role::Assistant, content: "Ho".to_owned() },
        ];
        openai.ask("llama3.2", &earlier, "Hello").await.unwrap();
        let (head, body) = fake.requests().remove(0);
        assert!(head.starts_with("POST /v1/chat/completions") && head.contains("Bearer sk-12"), "{head}");
        let body: Value = serde_json::from_str(&body).unwrap();
        let expected = json!({
            "model": "llama3.2",
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Ho"},
                {"role": "user", "content": "Hello"},
            ],
            "max_tokens": 9,
            "stream": true,
            "stream_options": {"include_usage": true},
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn a_server_that_refuses_to_be_told_to_count_is_asked_again_without() {
        let refused = AtomicBool::new(false);
        let respond = move |_: &str| {
            let served = stream(&[ANSWER.as_bytes()]);
            if refused.swap(true, Ordering::Relaxed) { served } else { served.status(422) }
        };
        let fake = fake::serve(respond).await;
        OpenAi::new(&fake.url(), None, 9).unwrap().ask("m", &[], "Hello").await.unwrap();
        let told: Vec<bool> = fake.requests().iter().map(|(_, body)| body.contains("stream_options")).collect();
        assert_eq!(told, [true, false]);
    }

    #[tokio::test]
    async fn an_answer_that_is_not_whole_says_so() {
        let text = r#"data: {"choices":[{"delta":{"content":"a"}}]}"#;
        let unavailable = ModelError::Unavailable { code: "server_error".to_owned() };
        let throttled = ModelError::Throttled { code: "rate_limit_exceeded".to_owned(), retry_after_seconds: None };
        let stops = |reason| Ok((reason, None));
        let cases = [
            ("", Err(ModelError::BrokeOff)),
            ("data: [DONE]\n\n", stops(StopReason::EndTurn)),
            ("data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n", stops(StopReason::EndTurn)),
            ("data: {\"choices\":[{\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n", stops(StopReason::MaxTokens)),
            ("data: {\"choices\":[{\"finish_reason\":\"content_filter\"}]}\n\n", stops(StopReason::ContentFiltered)),
            ("data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\",\"code\":null}}\n\n", Err(unavailable)),
            ("data: {\"error\":{\"code\":\"rate_limit_exceeded\"}}\n\n", Err(throttled)),
            (
                "data: {\"error\":{\"message\":\"x\",\"code\":429}}\n\n",
                Err(ModelError::Throttled { code: "Http429".to_owned(), retry_after_seconds: None }),
            ),
            (
                "data: {\"error\":{\"message\":\"x\",\"code\":400}}\n\n",
                Err(ModelError::Rejected { code: "Http400".to_owned(), message: "x".to_owned() }),
            ),
            (
                "data: {\"error\":{\"message\":\"x\",\"code\":401}}\n\n",
                Err(ModelError::Denied { code: "Http401".to_owned() }),
            ),
            (
                "data: {\"error\":{\"message\":\"x\",\"type\":\"y\",\"code\":502}}\n\n",
                Err(ModelError::Unavailable { code: "Http502".to_owned() }),
            ),
            ("data: <html>\n\n", Err(ModelError::Broken { code: "UnreadableEvent".to_owned() })),
        ];
        for (end, told) in cases {
            let served = stream(&[format!("{text}\n\n{end}").as_bytes()]);
            assert_eq!(read(served).await, ("a".to_owned(), told), "{end}");
        }
    }

    #[tokio::test]
    async fn a_refusal_becomes_its_kind_and_keeps_the_key_to_itself() {
        let body = r#"{"error":{"message":"sk-12 is wrong"}}"#.as_bytes();
        for (status, told) in [(401, 502), (404, 502), (429, 429), (500, 503), (504, 503), (302, 502)] {
            let (_, end) = read(stream(&[body]).status(status).header("retry-after", "7")).await;
            let error = end.unwrap_err();
            assert_eq!(error.status(), told, "{status}");
            assert!(!error.to_string().contains("sk-12"), "{error}");
            if let ModelError::Throttled { retry_after_seconds, .. } = error {
                assert_eq!(retry_after_seconds, Some(7));
            }
        }
        let (_, end) = read(stream(&[br#"{"error":{"message":"too long"}}"#]).status(400)).await;
        assert!(end.unwrap_err().to_string().ends_with("too long"));
    }

    #[tokio::test]
    async fn an_endpoint_that_is_not_there_is_unavailable() {
        // Port 1 of the loopback address: nothing listens there.
        let openai = OpenAi::new("http://127.0.0.1:1/v1", None, 9).unwrap();
        let error = openai.ask("m", &[], "Hello").await.err().unwrap();
        assert_eq!(error.code(), "ConnectionFailed");
    }
}
