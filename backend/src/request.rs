//! A request: the function URL's event, with the prompt, the earlier turns and the caller in it.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use signet_stream::stock::{Ask, UseCase};

use crate::{
    caller::{self, Caller},
    events::Wire,
    model::exchange::{Message, Role},
    strategy::use_case_names,
};

/// The parts of a function URL's event, payload format 2.0, that the function reads:
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>.
///
/// Every part may be missing, so that any event gets an answer that says what is wrong with it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FunctionUrlEvent {
    headers: HashMap<String, String>,
    request_context: RequestContext,
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    authorizer: Option<Authorizer>,
    http: Http,
    request_id: Option<String>,
    time: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Authorizer {
    iam: Option<Iam>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Iam {
    access_key: Option<String>,
    user_arn: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Http {
    method: String,
}

/// Why a request cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    /// It is not a POST.
    #[error("This endpoint answers POST only: send the prompt in the body of a POST.")]
    Method,
    /// There is no body.
    #[error("The request has no body: send JSON such as {{\"prompt\": \"…\", \"use_case\": \"balanced\"}}.")]
    NoBody,
    /// The body cannot be read as JSON.
    #[error("The body is not JSON: send an object such as {{\"prompt\": \"…\", \"use_case\": \"balanced\"}}.")]
    NotJson,
    /// `prompt` is missing, not a string, or blank.
    #[error("The prompt is missing or empty: `prompt` has to be a string that is not blank.")]
    NoPrompt,
    /// `use_case` is missing or unknown.
    #[error("The use case is missing or unknown: `use_case` has to be one of {}.", use_case_names())]
    UseCase,
    /// The prompt is longer than the limit.
    #[error("The prompt is too long: it has {bytes} bytes, and {limit} are allowed. Send a shorter one.")]
    TooLong {
        /// Its length, in UTF-8 bytes.
        bytes: usize,
        /// The limit, in UTF-8 bytes.
        limit: usize,
    },
    /// `messages` is not a list.
    #[error("The earlier turns cannot be read: `messages` has to be a list of the turns before the prompt.")]
    NoTurns,
    /// One of `messages` has the wrong role, or no text.
    #[error(
        "Earlier turn {number} cannot be used: the turns in `messages` have to alternate between `user` and `assistant`, \
         beginning with `user`, each with a `role` and a `content` that is not blank."
    )]
    Turn {
        /// Its number; the first is 1.
        number: usize,
    },
    /// The last one is the user's, so the prompt would be a second one in a row.
    #[error("The earlier turns end with the user's: the last of `messages` has to be the `assistant`'s.")]
    LastTurn,
    /// The earlier turns together are longer than the limit.
    #[error(
        "The earlier turns are too long: together they have {bytes} bytes, and {limit} are allowed. Leave out the oldest."
    )]
    ContextTooLong {
        /// Their length, in UTF-8 bytes.
        bytes: usize,
        /// The limit, in UTF-8 bytes.
        limit: usize,
    },
}

/// The longest texts that a request may have, in UTF-8 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The prompt.
    pub(crate) prompt: usize,
    /// All earlier turns together.
    pub(crate) context: usize,
}

impl FunctionUrlEvent {
    /// The wire format of the answer. Typed events go only to callers that name them: a browser sends `*/*` by itself.
    pub(crate) fn wire(&self) -> Wire {
        let names_events = |media_range: &str| {
            let mut parts = media_range.split(';').map(str::trim);
            let is_refused = |parameter: &str| {
                let (name, weight) = parameter.split_once('=').unwrap_or_default();
                name.eq_ignore_ascii_case("q") && weight.parse().is_ok_and(|weight: f32| weight <= 0.0)
            };
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case("text/event-stream")) && !parts.any(is_refused)
        };
        let accept = self.header("accept").unwrap_or_default();
        if accept.split(',').any(names_events) { Wire::Events } else { Wire::Stock }
    }

    /// The prompt with its use case, and the turns before it, all validated.
    pub(crate) fn ask(&self, limits: Limits) -> Result<(Ask, Vec<Message>), RequestError> {
        if self.request_context.http.method != "POST" {
            return Err(RequestError::Method);
        }
        let body = self.body.as_deref().filter(|body| !body.trim().is_empty()).ok_or(RequestError::NoBody)?;
        let body = if self.is_base64_encoded {
            BASE64_STANDARD.decode(body).map_err(|_| RequestError::NotJson)?
        } else {
            body.as_bytes().to_vec()
        };
        let mut body: Value = serde_json::from_slice(&body).map_err(|_| RequestError::NotJson)?;
        let Some(Value::String(prompt)) = body.get_mut("prompt").map(Value::take) else {
            return Err(if body.is_object() { RequestError::NoPrompt } else { RequestError::NotJson });
        };
        if prompt.trim().is_empty() {
            return Err(RequestError::NoPrompt);
        }
        if prompt.len() > limits.prompt {
            return Err(RequestError::TooLong { bytes: prompt.len(), limit: limits.prompt });
        }
        let use_case = body.get("use_case").and_then(|name| UseCase::deserialize(name).ok());
        let use_case = use_case.ok_or(RequestError::UseCase)?;
        let earlier = earlier_turns(body.get_mut("messages").map(Value::take), limits.context)?;
        Ok((Ask { prompt, use_case }, earlier))
    }

    /// The ID of the HTTP request, which the caller sees too.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_context.request_id.as_deref()
    }

    /// What the event says about the caller.
    pub(crate) fn caller(&self) -> Caller {
        let iam = self.request_context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
        let caller = Caller {
            user_arn: iam.and_then(|iam| iam.user_arn.clone()),
            access_key_ending: iam.and_then(|iam| caller::ending(iam.access_key.as_deref()?)),
            time: self.header("x-amz-date").map(str::to_owned).or_else(|| self.request_context.time.clone()),
            ..Caller::default()
        };
        caller.with_authorization(self.header("authorization").unwrap_or_default())
    }

    /// A header by its lower-case name. AWS sends lower-case names; others may not, and HTTP ignores case.
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The turns before the prompt. They follow Bedrock's rules: `user` is first, the two alternate, none is blank, and the last is `assistant`,
/// because the prompt is the user's next turn.
fn earlier_turns(messages: Option<Value>, limit: usize) -> Result<Vec<Message>, RequestError> {
    let messages = match messages {
        None => return Ok(Vec::new()),
        Some(Value::Array(messages)) => messages,
        Some(_) => return Err(RequestError::NoTurns),
    };
    let turns = messages.into_iter().zip([Role::User, Role::Assistant].into_iter().cycle());
    let turns = turns.enumerate().map(|(index, (mut message, role))| {
        let is_its_turn = message.get("role") == Some(&json!(role));
        match message.get_mut("content").map(Value::take) {
            Some(Value::String(content)) if is_its_turn && !content.trim().is_empty() => Ok(Message { role, content }),
            _ => Err(RequestError::Turn { number: index + 1 }),
        }
    });
    let turns: Vec<_> = turns.collect::<Result<_, _>>()?;
    let bytes = turns.iter().map(|turn| turn.content.len()).sum();
    if turns.last().is_some_and(|turn| turn.role == Role::User) {
        return Err(RequestError::LastTurn);
    }
    if bytes > limit {
        return Err(RequestError::ContextTooLong { bytes, limit });
    }
    Ok(turns)
}

#[cfg(test)]
mod tests;
