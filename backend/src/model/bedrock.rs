//! Amazon Bedrock by `ConverseStream`: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>.

use std::time::Duration;

use aws_sdk_bedrockruntime::{
    Client, Config,
    config::{BehaviorVersion, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig},
    error::{ProvideErrorMetadata, SdkError},
    primitives::event_stream::EventReceiver,
    types::{
        ContentBlock, ContentBlockDelta, ConversationRole, ConverseStreamOutput, InferenceConfiguration, Message,
        ReasoningContentBlockDelta, StopReason as BedrockReason, TokenUsage, error::ConverseStreamOutputError,
    },
};

use signet_stream::typed::{StopReason, Usage};

use super::{
    error::{ModelError, plain_code},
    exchange::{self, Piece, Role},
};
use crate::aws::{Aws, https_client};

/// Bedrock, in one region.
pub(crate) struct Bedrock {
    client: Client,
    max_tokens: i32,
}

/// An answer that Bedrock is streaming.
pub(crate) struct Pieces {
    events: EventReceiver<ConverseStreamOutput, ConverseStreamOutputError>,
    stop: Option<BedrockReason>,
    usage: Option<Usage>,
}

impl Bedrock {
    pub(crate) fn new(aws: Aws, max_tokens: i32) -> Self {
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(aws.region)
            .credentials_provider(aws.credentials)
            .http_client(https_client())
            // The second attempt is for a connection that died while Lambda was frozen. A busy model is not retried: the next candidate is asked instead.
            .retry_config(RetryConfig::standard().with_max_attempts(2).with_initial_backoff(Duration::from_millis(100)))
            .timeout_config(TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).build())
            // A model may think for a long time without sending a byte; `answer` has its own limits.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(aws.endpoint_url);
        Self { client: Client::from_conf(config.build()), max_tokens }
    }

    pub(crate) async fn ask(
        &self,
        model: &str,
        earlier: &[exchange::Message],
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
                    // Encrypted reasoning and its signature are useful only to Bedrock.
                    Some(ContentBlockDelta::ReasoningContent(ReasoningContentBlockDelta::Text(text)))
                        if !text.is_empty() =>
                    {
                        Some(Piece::Reasoning(text))
                    }
                    _ => None,
                });
            }
            Ok(Some(ConverseStreamOutput::MessageStop(event))) => self.stop = Some(event.stop_reason),
            Ok(Some(ConverseStreamOutput::Metadata(event))) => self.usage = event.usage.as_ref().map(usage_from),
            Ok(Some(_)) => {}
            Err(error) if self.stop.is_none() => return Err(model_error(&error, code_in_stream)),
            // After the stop, only the token count can be missing.
            Ok(None) | Err(_) => return self.end().map(Some),
        }
        Ok(None)
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn end(&self) -> Result<Piece, ModelError> {
        Ok(Piece::Stop(match &self.stop {
            Some(BedrockReason::EndTurn) => StopReason::EndTurn,
            Some(BedrockReason::StopSequence) => StopReason::StopSequence,
            Some(BedrockReason::GuardrailIntervened) => StopReason::GuardrailIntervened,
            Some(BedrockReason::MaxTokens | BedrockReason::ModelContextWindowExceeded) => StopReason::MaxTokens,
            Some(BedrockReason::ContentFiltered) => StopReason::ContentFiltered,
            Some(BedrockReason::ToolUse) => StopReason::ToolUse,
            Some(other) => return Err(ModelError::Broken { code: plain_code(other.as_str()) }),
            None => return Err(ModelError::BrokeOff),
        }))
    }
}

/// Bedrock's `inputTokens` leaves out the tokens read from a cache and those written to one.
fn usage_from(usage: &TokenUsage) -> Usage {
    let cached = usage.cache_read_input_tokens.map(i64::from);
    let written = usage.cache_write_input_tokens.map_or(0, i64::from);
    Usage {
        input: Some(i64::from(usage.input_tokens) + cached.unwrap_or(0) + written),
        cached,
        output: Some(usage.output_tokens.into()),
    }
}

/// AWS's messages can name the role and the account, so the only one passed on is about the caller's own prompt.
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
            let message = message.unwrap_or("it gives no reason").chars().take(300).collect();
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

/// The name and message of an error that arrived as an event: the SDK sets its kind, but leaves its code empty.
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
mod tests;
