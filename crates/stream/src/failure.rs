//! The error inside an answer, wherever a wire puts its name and its sentence.

use serde_json::Value;

use crate::event::Failure;
use crate::json;

/// Where the code is, the best place first.
const CODES: [&str; 5] = ["/error/code", "/error/name", "/error/type", "/code", "/statusCode"];

/// Where the sentence is. The last place is the value itself.
const MESSAGES: [&str; 7] = ["/error/message", "/error", "/errorText", "/message", "/Message", "/reason", ""];

/// Errors after which asking again may help, as AWS, Anthropic and OpenAI name them:
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html#API_runtime_ConverseStream_Errors>,
/// <https://docs.anthropic.com/en/api/errors>, <https://platform.openai.com/docs/guides/error-codes>.
const RETRYABLE: [&str; 12] = [
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

/// Errors after which asking again does not help, from the same sources.
const PERMANENT: [&str; 6] = [
    "accessDeniedException",
    "validationException",
    "authentication_error",
    "invalid_request_error",
    "not_found_error",
    "permission_error",
];

/// Reads an error from text that may be JSON.
pub(crate) fn read(text: &[u8]) -> Failure {
    match json::read(text) {
        Some(value) => from_json(&value),
        None => Failure { message: String::from_utf8_lossy(text).into_owned(), ..Failure::default() },
    }
}

/// Adds the name that is given beside an error.
pub(crate) fn with_code(failure: Failure, code: &[u8]) -> Failure {
    let code = String::from_utf8_lossy(code).into_owned();
    Failure { retryable: is_retryable(&code), code, ..failure }
}

/// Reads an error. JavaScript writes `{"error":{}}` for an `Error`, so code and message may both be missing.
pub(crate) fn from_json(value: &Value) -> Failure {
    let find = |paths: &[&str]| {
        paths.iter().find_map(|path| match json::find(value, path)? {
            Value::String(text) => Some(json::without_halves(text)),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let code = find(&CODES).unwrap_or_default();
    Failure {
        message: find(&MESSAGES).unwrap_or_default(),
        retryable: value.get("retryable").and_then(Value::as_bool).or_else(|| is_retryable(&code)),
        retry_after: value.get("retryAfterSeconds").and_then(json::count),
        code,
    }
}

/// Whether asking again may help. On some wires the code is an HTTP status.
fn is_retryable(code: &str) -> Option<bool> {
    let is_one_of = |codes: &[&str]| codes.iter().any(|known| known.eq_ignore_ascii_case(code));
    match code.parse::<u32>() {
        Ok(408 | 429 | 500..=599) => Some(true),
        Ok(400..=404 | 413 | 422) => Some(false),
        _ if is_one_of(&RETRYABLE) => Some(true),
        _ => is_one_of(&PERMANENT).then_some(false),
    }
}
