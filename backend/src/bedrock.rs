//! Amazon Bedrock by `ConverseStream`: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>.

use std::time::Duration;

use aws_sdk_bedrockruntime::{
    Client, Config,
    config::{BehaviorVersion, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    primitives::event_stream::EventReceiver,
    types::{
        ContentBlock, ContentBlockDelta, ConversationRole, ConverseStreamOutput, InferenceConfiguration, Message,
        ReasoningContentBlockDelta, StopReason as BedrocksReason, TokenUsage, error::ConverseStreamOutputError,
    },
};

use signet_stream::typed::{StopReason, Usage};

use crate::{
    config::{Aws, https_client},
    model::{self, ModelError, Piece, Role, plain_code},
};

/// Bedrock in one region.
pub(crate) struct Bedrock {
    client: Client,
    max_tokens: i32,
}

/// An answer that Bedrock is giving.
pub(crate) struct Pieces {
    events: EventReceiver<ConverseStreamOutput, ConverseStreamOutputError>,
    stop: Option<BedrocksReason>,
    usage: Option<Usage>,
}

impl Bedrock {
    pub(crate) fn new(aws: Aws, max_tokens: i32) -> Self {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws.region)
            .credentials_provider(aws.credentials)
            .http_client(https_client())
            // One more attempt heals a connection that died while Lambda was frozen; a model that is busy hands over to the next instead.
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(100)))
            .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).build())
            // A model may think for long without sending a byte; `answer` has its own limits.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(aws.endpoint_url);
        Self { client: Client::from_conf(config.build()), max_tokens }
    }

    pub(crate) async fn ask(
        &self,
        model: &str,
        earlier: &[model::Message],
        prompt: &str,
    ) -> Result<Pieces, ModelError> {
        let earlier = earlier.iter().map(|turn| (turn.role, turn.content.as_str()));
        let messages = earlier.chain([(Role::User, prompt)]).map(|(role, text)| {
            let role = match role {
                Role::User => ConversationRole::User,
                Role::Assistant => ConversationRole::Assistant,
            };
            let message = Message::builder().role(role).content(ContentBlock::Text(text.to_owned()));
            message.build().expect("role and content are set")
        });
        let output = self
            .client
            .converse_stream()
            .model_id(model)
            .set_messages(Some(messages.collect()))
            .inference_config(InferenceConfiguration::builder().max_tokens(self.max_tokens).build())
            .send()
            .await
            .map_err(|error| model_error(&error, |error| (error.code(), error.message())))?;
        Ok(Pieces { events: output.stream, stop: None, usage: None })
    }
}

impl Pieces {
    pub(crate) async fn next(&mut self) -> Result<Option<Piece>, ModelError> {
        match self.events.recv().await {
            Ok(Some(ConverseStreamOutput::ContentBlockDelta(event))) => {
                return Ok(match event.delta {
                    Some(ContentBlockDelta::Text(text)) if !text.is_empty() => Some(Piece::Text(text)),
                    // What is encrypted, and the signature, are for Bedrock alone.
                    Some(ContentBlockDelta::ReasoningContent(ReasoningContentBlockDelta::Text(text)))
                        if !text.is_empty() =>
                    {
                        Some(Piece::Reasoning(text))
                    }
                    _ => None,
                });
            }
            Ok(Some(ConverseStreamOutput::MessageStop(event))) => self.stop = Some(event.stop_reason),
            Ok(Some(ConverseStreamOutput::Metadata(event))) => self.usage = event.usage.as_ref().map(counted),
            Ok(Some(_)) => {}
            Err(error) if self.stop.is_none() => return Err(model_error(&error, code_in_stream)),
            // After the stop only the count of tokens can be lost.
            Ok(None) | Err(_) => return self.end().map(Some),
        }
        Ok(None)
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn end(&self) -> Result<Piece, ModelError> {
        Ok(Piece::Stop(match &self.stop {
            Some(BedrocksReason::EndTurn) => StopReason::EndTurn,
            Some(BedrocksReason::StopSequence) => StopReason::StopSequence,
            Some(BedrocksReason::GuardrailIntervened) => StopReason::GuardrailIntervened,
            Some(BedrocksReason::MaxTokens | BedrocksReason::ModelContextWindowExceeded) => StopReason::MaxTokens,
            Some(BedrocksReason::ContentFiltered) => StopReason::ContentFiltered,
            Some(BedrocksReason::ToolUse) => StopReason::ToolUse,
            Some(other) => return Err(ModelError::Broken { code: plain_code(other.as_str()) }),
            None => return Err(ModelError::BrokeOff),
        }))
    }
}

/// Bedrock's `inputTokens` are without those that were read from a cache or written into one.
fn counted(usage: &TokenUsage) -> Usage {
    let cached = usage.cache_read_input_tokens.map(i64::from);
    let written = usage.cache_write_input_tokens.map_or(0, i64::from);
    Usage {
        input: Some(i64::from(usage.input_tokens) + cached.unwrap_or(0) + written),
        cached,
        output: Some(usage.output_tokens.into()),
    }
}

/// AWS's messages can name the role and the account, so only the one about the caller's own prompt is passed on.
fn model_error<E, R>(
    error: &SdkError<E, R>,
    code_and_message: impl Fn(&E) -> (Option<&str>, Option<&str>),
) -> ModelError {
    let (code, message) = match error {
        SdkError::TimeoutError(_) => return ModelError::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => return ModelError::TimedOut,
        SdkError::DispatchFailure(_) => return ModelError::Unavailable { code: "ConnectionFailed".to_owned() },
        SdkError::ServiceError(error) => code_and_message(error.err()),
        _ => (None, None),
    };
    let code = plain_code(code.unwrap_or("UnreadableResponse"));
    match code.as_str() {
        "ThrottlingException" | "TooManyRequestsException" | "ServiceQuotaExceededException" => {
            ModelError::Throttled { code, retry_after_seconds: None }
        }
        "InternalServerException"
        | "ModelErrorException"
        | "ModelNotReadyException"
        | "ModelStreamErrorException"
        | "ServiceUnavailableException" => ModelError::Unavailable { code },
        "ModelTimeoutException" => ModelError::TimedOut,
        "ValidationException" => {
            let message = message.unwrap_or("it says no more").chars().take(300).collect();
            ModelError::Rejected { code, message }
        }
        "AccessDeniedException"
        | "ExpiredTokenException"
        | "InvalidSignatureException"
        | "ResourceNotFoundException"
        | "UnrecognizedClientException" => ModelError::Denied { code },
        _ => ModelError::Broken { code },
    }
}

/// The name and message of an error that came as an event: the SDK knows its kind, but leaves its code empty.
fn code_in_stream(error: &ConverseStreamOutputError) -> (Option<&str>, Option<&str>) {
    let code = match error {
        ConverseStreamOutputError::InternalServerException(_) => Some("InternalServerException"),
        ConverseStreamOutputError::ModelStreamErrorException(_) => Some("ModelStreamErrorException"),
        ConverseStreamOutputError::ServiceUnavailableException(_) => Some("ServiceUnavailableException"),
        ConverseStreamOutputError::ThrottlingException(_) => Some("ThrottlingException"),
        ConverseStreamOutputError::ValidationException(error) => return (Some("ValidationException"), error.message()),
        other => other.code(),
    };
    (code, None)
}

#[cfg(test)]
pub(crate) mod tests {
    use aws_sdk_bedrockruntime::config::{Credentials, Region};
    use aws_smithy_eventstream::frame::write_message_to;
    use aws_smithy_types::event_stream::{Header, HeaderValue, Message as Frame};
    use bytes::Bytes;

    use super::*;
    use crate::fake::{self, Fake, Served};

    /// One frame of Bedrock's event stream.
    pub(crate) fn frame(message_type: &str, name: &str, payload: &str) -> Bytes {
        let name_header = if message_type == "event" { ":event-type" } else { ":exception-type" };
        let text = |value: &str| HeaderValue::String(value.to_owned().into());
        let frame = Frame::new(Bytes::copy_from_slice(payload.as_bytes()))
            .add_header(Header::new(":message-type", text(message_type)))
            .add_header(Header::new(name_header, text(name)))
            .add_header(Header::new(":content-type", text("application/json")));
        let mut bytes = Vec::new();
        write_message_to(&frame, &mut bytes).unwrap();
        bytes.into()
    }

    pub(crate) fn text(text: &str) -> Bytes {
        frame(
            "event",
            "contentBlockDelta",
            &format!(r#"{{"contentBlockIndex":0,"delta":{{"text":"{text}"}},"p":"ab"}}"#),
        )
    }

    pub(crate) fn stop(reason: &str) -> Bytes {
        frame("event", "messageStop", &format!(r#"{{"stopReason":"{reason}"}}"#))
    }

    pub(crate) fn stream(frames: &[Bytes]) -> Served {
        Served::ok("application/vnd.amazon.eventstream", frames.to_vec())
    }

    pub(crate) fn refusal(status: u16, code: &str, message: &str) -> Served {
        Served::ok("application/json", vec![format!(r#"{{"message":"{message}"}}"#).into()])
            .status(status)
            .header("x-amzn-errortype", code)
    }

    pub(crate) fn bedrock(fake: &Fake) -> Bedrock {
        let aws = Aws {
            region: Region::new("eu-central-1"),
            credentials: Credentials::new("ASIAEXAMPLEEXAMPLE12", "secret", None, None, "test"),
            endpoint_url: Some(fake.url()),
        };
        Bedrock::new(aws, 77)
    }

    pub(crate) fn reasoning(text: &str) -> Bytes {
        let delta = format!(r#"{{"contentBlockIndex":0,"delta":{{"reasoningContent":{{"text":"{text}"}}}}}}"#);
        frame("event", "contentBlockDelta", &delta)
    }

    pub(crate) fn metadata(input: u32, cached: u32, output: u32) -> Bytes {
        let usage = format!(
            r#"{{"inputTokens":{input},"outputTokens":{output},"totalTokens":12,"cacheReadInputTokens":{cached}}}"#
        );
        frame("event", "metadata", &format!(r#"{{"usage":{usage},"metrics":{{"latencyMs":9}}}}"#))
    }

    /// All pieces, and the count of tokens or the error after them.
    async fn read(served: Served) -> (Vec<Piece>, Result<Option<Usage>, ModelError>) {
        let fake = fake::serve(move |_| served.clone()).await;
        let mut all = Vec::new();
        let mut pieces = match bedrock(&fake).ask("eu.some-model:0", &[], "Hello").await {
            Ok(pieces) => pieces,
            Err(error) => return (all, Err(error)),
        };
        loop {
            match pieces.next().await {
                Ok(piece) => all.extend(piece),
                Err(error) => return (all, Err(error)),
            }
            if let Some(Piece::Stop(_)) = all.last() {
                return (all, Ok(pieces.usage()));
            }
        }
    }

    #[tokio::test]
    async fn an_answer_comes_in_pieces_with_its_count_of_tokens() {
        let served = stream(&[
            frame("event", "messageStart", r#"{"role":"assistant"}"#),
            reasoning(""),
            reasoning("hm"),
            frame(
                "event",
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"c2ln"}}}"#,
            ),
            text(""),
            text("Hel"),
            text("lo"),
            frame("event", "contentBlockStop", r#"{"contentBlockIndex":0}"#),
            stop("end_turn"),
            metadata(5, 3, 7),
        ]);
        let (pieces, end) = read(served).await;
        let expected = [
            Piece::Reasoning("hm".to_owned()),
            Piece::Text("Hel".to_owned()),
            Piece::Text("lo".to_owned()),
            Piece::Stop(StopReason::EndTurn),
        ];
        assert_eq!(pieces, expected);
        let usage = Usage { input: Some(8), cached: Some(3), output: Some(7) };
        assert_eq!(end, Ok(Some(usage)));
    }

    #[tokio::test]
    async fn the_request_names_the_model_the_turns_and_the_limit() {
        let fake = fake::serve(|_| stream(&[text("x"), stop("end_turn")])).await;
        let earlier = [
            model::Message { role: Role::User, content: "Hi".to_owned() },
            model::Message { role: Role::Assistant, content: "Ho".to_owned() },
        ];
        bedrock(&fake).ask("eu.some-model:0", &earlier, "Hello").await.unwrap();
        let (head, body) = fake.requests().remove(0);
        assert!(head.starts_with("POST /model/eu.some-model%3A0/converse-stream"), "{head}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let message = |role: &str, text: &str| serde_json::json!({"role": role, "content": [{"text": text}]});
        let messages = [message("user", "Hi"), message("assistant", "Ho"), message("user", "Hello")];
        assert_eq!(body["messages"], serde_json::json!(messages));
        assert_eq!(body["inferenceConfig"]["maxTokens"], 77);
    }

    #[tokio::test]
    async fn the_count_of_what_was_asked_has_what_a_cache_took_or_gave() {
        for (cached, counts, input) in [
            (Some(3), r#""cacheReadInputTokens":3,"cacheWriteInputTokens":4"#, 12),
            (None, r#""cacheWriteInputTokens":4"#, 9),
        ] {
            let usage = format!(r#"{{"usage":{{"inputTokens":5,"outputTokens":7,"totalTokens":19,{counts}}}}}"#);
            let (_, end) = read(stream(&[text("a"), stop("end_turn"), frame("event", "metadata", &usage)])).await;
            assert_eq!(end, Ok(Some(Usage { input: Some(input), cached, output: Some(7) })));
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_not_whole_says_so() {
        let cases = [
            (stream(&[text("a")]), ModelError::BrokeOff),
            (
                stream(&[text("a"), stop("malformed_tool_use")]),
                ModelError::Broken { code: "malformed_tool_use".to_owned() },
            ),
            (
                stream(&[text("a"), frame("exception", "throttlingException", r#"{"message":"slow"}"#)]),
                ModelError::Throttled { code: "ThrottlingException".to_owned(), retry_after_seconds: None },
            ),
        ];
        for (served, error) in cases {
            assert_eq!(read(served).await, (vec![Piece::Text("a".to_owned())], Err(error)));
        }
    }

    #[tokio::test]
    async fn why_it_stopped_is_told_in_bedrocks_word() {
        for (word, reason) in [
            ("end_turn", StopReason::EndTurn),
            ("max_tokens", StopReason::MaxTokens),
            ("model_context_window_exceeded", StopReason::MaxTokens),
            ("stop_sequence", StopReason::StopSequence),
            ("content_filtered", StopReason::ContentFiltered),
            ("guardrail_intervened", StopReason::GuardrailIntervened),
            ("tool_use", StopReason::ToolUse),
        ] {
            let (pieces, end) = read(stream(&[text("a"), stop(word)])).await;
            assert_eq!((pieces.last(), end), (Some(&Piece::Stop(reason)), Ok(None)), "{word}");
        }
    }

    #[tokio::test]
    async fn a_refusal_becomes_its_kind_and_keeps_the_account_to_itself() {
        let secret = "User: arn:aws:sts::123456789012:assumed-role/function/x is not authorized";
        let cases = [
            (429, "ThrottlingException", 429),
            (503, "ServiceUnavailableException", 503),
            (408, "ModelTimeoutException", 503),
            (403, "AccessDeniedException", 502),
            (404, "ResourceNotFoundException", 502),
            (418, "TeapotException", 502),
        ];
        for (status, code, told) in cases {
            let (_, end) = read(refusal(status, code, secret)).await;
            let error = end.unwrap_err();
            assert_eq!(error.status(), told, "{code}");
            assert!(!error.to_string().contains("123456789012"), "{error}");
        }
        let (_, end) = read(refusal(400, "ValidationException", "Input is too long")).await;
        let error = end.unwrap_err();
        assert_eq!((error.status().as_u16(), error.code()), (400, "ValidationException"));
        assert!(error.to_string().ends_with("Input is too long"));
    }
}
