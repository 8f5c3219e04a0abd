//! What comes in: a function URL's event, the prompt and the earlier turns in it, and what it tells of the caller.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};
use signet_stream::stock::{Ask, UseCase};

use crate::{
    events::Wire,
    model::{Message, Role},
    strategy::use_case_names,
};

/// A function URL's event, payload format 2.0, as far as it is read here:
/// <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads>.
///
/// Every part may be missing, so that whatever arrives gets an answer that says what is wrong with it.
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

/// Why a request has no prompt to answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestError {
    /// It is no POST.
    #[error("This endpoint answers POST only: send the prompt in the body of a POST.")]
    Method,
    /// There is no body.
    #[error("The request has no body: send JSON such as {{\"prompt\": \"…\", \"use_case\": \"balanced\"}}.")]
    NoBody,
    /// The body cannot be read as JSON.
    #[error("The body is not JSON: send an object such as {{\"prompt\": \"…\", \"use_case\": \"balanced\"}}.")]
    NotJson,
    /// `prompt` is missing, no string, or blank.
    #[error("The prompt is missing or empty: `prompt` has to be a string with text in it.")]
    NoPrompt,
    /// `use_case` is missing or unknown.
    #[error("The use case is missing or unknown: `use_case` has to be one of {}.", use_case_names())]
    UseCase,
    /// The prompt is over the limit.
    #[error("The prompt is too long: it has {bytes} bytes, and {limit} are allowed. Send a shorter one.")]
    TooLong {
        /// What it has, in UTF-8 bytes.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// `messages` is no list.
    #[error("The earlier turns cannot be read: `messages` has to be a list, of the turns before the prompt.")]
    NoTurns,
    /// One of `messages` is not what has to stand there.
    #[error(
        "Earlier turn {number} cannot be used: the turns in `messages` have to be `user` and `assistant` one after the other, \
         beginning with `user`, each with a `role` and a `content` with text in it."
    )]
    Turn {
        /// Which one; the first is 1.
        number: usize,
    },
    /// The last one is of the user, and the prompt would be a second one in a row.
    #[error("The earlier turns end with the user's: the last of `messages` has to be of the `assistant`.")]
    LastTurn,
    /// The earlier turns together are over the limit.
    #[error(
        "The earlier turns are too long: they have {bytes} bytes together, and {limit} are allowed. Leave out the oldest."
    )]
    ContextTooLong {
        /// What they have, in UTF-8 bytes.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
}

/// The most that a request may ask with, in UTF-8 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The prompt.
    pub(crate) prompt: usize,
    /// All earlier turns together.
    pub(crate) context: usize,
}

impl FunctionUrlEvent {
    /// How the answer is to be written. Typed events are for those who name them: `*/*` is what a browser sends by itself.
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

    /// The prompt with its use case, and the turns before it, checked.
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

    /// The HTTP request's id, which the caller can tell us.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_context.request_id.as_deref()
    }

    /// What the event tells of the caller.
    pub(crate) fn caller(&self) -> Caller {
        let iam = self.request_context.authorizer.as_ref().and_then(|authorizer| authorizer.iam.as_ref());
        let authorization = self.header("authorization").unwrap_or_default();
        let credential = part(authorization, "Credential=").unwrap_or_default();
        let mut scope = credential.split('/').map(str::to_owned);
        let key_of_header = scope.next().filter(|key| !key.is_empty());
        let access_key = iam.and_then(|iam| iam.access_key.clone()).or(key_of_header);
        let (_date, region, service) = (scope.next(), scope.next(), scope.next());
        Caller {
            user_arn: iam.and_then(|iam| iam.user_arn.clone()),
            access_key_ending: access_key.and_then(|key| ending(&key)),
            region,
            service,
            signed_headers: part(authorization, "SignedHeaders=")
                .map_or_else(Vec::new, |headers| headers.split(';').map(str::to_owned).collect()),
            time: self.header("x-amz-date").map(str::to_owned).or_else(|| self.request_context.time.clone()),
        }
    }

    /// A header by its lower-case name; HTTP's names have no case, and only AWS promises to send them in lower case.
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The turns before the prompt. Bedrock takes no others than these: `user` first, the two by turns, none of them blank; and the prompt is
/// the next one of the user.
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

/// Who signed the request, as far as it may be shown: no signature, no session token, no whole key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The ARN that IAM found, of an assumed role as a rule.
    pub(crate) user_arn: Option<String>,
    /// The last four characters of the access key id.
    pub(crate) access_key_ending: Option<String>,
    /// The region that was signed for.
    pub(crate) region: Option<String>,
    /// The service that was signed for, such as `lambda`.
    pub(crate) service: Option<String>,
    /// The names of the headers under the signature.
    pub(crate) signed_headers: Vec<String>,
    /// When it was signed, as `x-amz-date` says it; or when AWS received it.
    pub(crate) time: Option<String>,
}

impl Caller {
    /// The role's name, from an ARN such as `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`.
    pub(crate) fn role(&self) -> Option<&str> {
        let (_, role) = self.user_arn.as_deref()?.split_once(":assumed-role/")?;
        role.split('/').next().filter(|role| !role.is_empty())
    }
}

/// A part of an `Authorization` header such as `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
fn part<'a>(authorization: &'a str, name: &str) -> Option<&'a str> {
    let parts = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
    parts.split(',').find_map(|part| part.trim().strip_prefix(name))
}

/// The last four characters, of something that is far longer.
fn ending(key: &str) -> Option<String> {
    let start = key.len().checked_sub(4).filter(|start| *start >= 12)?;
    key.get(start..).map(str::to_owned)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    pub(crate) const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";
    pub(crate) const ACCESS_KEY: &str = "ASIAIOSFODNN7EXAMPLE";

    /// The same event from somebody who names these media types.
    pub(crate) fn accepting(media_types: &str, body: &str) -> FunctionUrlEvent {
        let mut event = event(body);
        event.headers.insert("accept".to_owned(), media_types.to_owned());
        event
    }

    fn limits(prompt: usize) -> Limits {
        Limits { prompt, context: 9 }
    }

    /// An event as AWS sends it for a POST with that body.
    pub(crate) fn event(body: &str) -> FunctionUrlEvent {
        serde_json::from_value(json!({
            "version": "2.0",
            "rawPath": "/",
            "headers": {
                "authorization": format!(
                    "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20261123/eu-central-1/lambda/aws4_request, \
                     SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature={SIGNATURE}"
                ),
                "x-amz-date": "20261123T101500Z",
                "x-amz-security-token": SESSION_TOKEN,
            },
            "requestContext": {
                "accountId": "123456789012",
                "authentication": null,
                "authorizer": {"iam": {
                    "accessKey": ACCESS_KEY,
                    "callerId": "AROAEXAMPLEEXAMPLE:CognitoIdentityCredentials",
                    "cognitoIdentity": null,
                    "userArn": "arn:aws:sts::123456789012:assumed-role/signet-users/CognitoIdentityCredentials",
                }},
                "http": {"method": "POST", "path": "/"},
                "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
                "time": "23/Nov/2026:10:15:01 +0000",
            },
            "body": body,
            "isBase64Encoded": false,
        }))
        .unwrap()
    }

    #[test]
    fn a_prompt_is_read_plain_and_in_base64() {
        let body = r#"{"prompt": "Grüezi", "use_case": "cost_optimized", "later": 1}"#;
        let ask = Ask { prompt: "Grüezi".to_owned(), use_case: UseCase::CostOptimized };
        assert_eq!(event(body).ask(limits(7)).as_ref(), Ok(&(ask.clone(), Vec::new())));
        let mut in_base64 = event(&BASE64_STANDARD.encode(body));
        in_base64.is_base64_encoded = true;
        assert_eq!(in_base64.ask(limits(7)), Ok((ask, Vec::new())));
    }

    #[test]
    fn what_is_wrong_with_a_request_is_told() {
        let cases = [
            ("", RequestError::NoBody),
            (" \n", RequestError::NoBody),
            ("prompt=hello", RequestError::NotJson),
            ("[1]", RequestError::NotJson),
            ("\"prompt\"", RequestError::NotJson),
            ("{}", RequestError::NoPrompt),
            (r#"{"prompt": 1}"#, RequestError::NoPrompt),
            (r#"{"prompt": " ", "use_case": "balanced"}"#, RequestError::NoPrompt),
            (r#"{"prompt": "x"}"#, RequestError::UseCase),
            (r#"{"prompt": "x", "use_case": "Balanced"}"#, RequestError::UseCase),
            (r#"{"prompt": "x", "use_case": {"balanced": null, "x": 1}}"#, RequestError::UseCase),
            (r#"{"prompt": "äöü1", "use_case": "balanced"}"#, RequestError::TooLong { bytes: 7, limit: 6 }),
        ];
        for (body, error) in cases {
            assert_eq!(event(body).ask(limits(6)), Err(error), "{body}");
        }
        let mut bad_base64 = event("{");
        bad_base64.is_base64_encoded = true;
        assert_eq!(bad_base64.ask(limits(6)), Err(RequestError::NotJson));
        assert_eq!(FunctionUrlEvent::default().ask(limits(6)), Err(RequestError::Method));
        assert!(
            RequestError::UseCase
                .to_string()
                .contains("`performance_optimized`, `accuracy_optimized`, `balanced`, `cost_optimized`")
        );
    }

    /// What is said to `messages`.
    fn turns(messages: &Value) -> Result<Vec<Message>, RequestError> {
        let body = json!({"prompt": "x", "use_case": "balanced", "messages": messages});
        event(&body.to_string()).ask(limits(6)).map(|(_, earlier)| earlier)
    }

    #[test]
    fn earlier_turns_are_read_in_their_order() {
        let user = |content: &str| json!({"role": "user", "content": content});
        let assistant = |content: &str| json!({"role": "assistant", "content": content, "model": "m"});
        assert_eq!(turns(&json!([])), Ok(Vec::new()));
        let four = turns(&json!([user("äö"), assistant(" b"), user("c"), assistant("de")])).unwrap();
        assert_eq!(four.iter().map(|turn| turn.content.as_str()).collect::<Vec<_>>(), ["äö", " b", "c", "de"]);
        assert_eq!(four.iter().map(|turn| turn.role == Role::User).collect::<Vec<_>>(), [true, false, true, false]);
    }

    #[test]
    fn what_is_wrong_with_earlier_turns_is_told() {
        let user = |content: &str| json!({"role": "user", "content": content});
        let assistant = |content: &str| json!({"role": "assistant", "content": content});
        for no_list in [json!(null), json!({"0": user("a")}), json!("a")] {
            assert_eq!(turns(&no_list), Err(RequestError::NoTurns), "{no_list}");
        }
        let cases = [
            (json!([assistant("a")]), 1),
            (json!(["a", assistant("b")]), 1),
            (json!([{"content": "a"}, assistant("b")]), 1),
            (json!([{"role": "system", "content": "a"}, assistant("b")]), 1),
            (json!([{"role": {"user": null}, "content": "a"}, assistant("b")]), 1),
            (json!([user("a"), user("b")]), 2),
            (json!([user("a"), {"role": "assistant"}]), 2),
            (json!([user("a"), {"role": "assistant", "content": ["b"]}]), 2),
            (json!([user("a"), assistant("b"), user(" \n"), assistant("b")]), 3),
        ];
        for (messages, number) in cases {
            assert_eq!(turns(&messages), Err(RequestError::Turn { number }), "{messages}");
        }
        assert_eq!(turns(&json!([user("a"), assistant("b"), user("c")])), Err(RequestError::LastTurn));
        let long = json!([user("ääää"), assistant("bc")]);
        assert_eq!(turns(&long), Err(RequestError::ContextTooLong { bytes: 10, limit: 9 }));
    }

    #[test]
    fn typed_events_are_for_those_who_name_them() {
        assert_eq!(event("{}").wire(), Wire::Stock);
        for accept in ["", "*/*", "text/*", "application/json", "text/event-streams", "text/event-stream;q=0, */*"] {
            assert_eq!(accepting(accept, "{}").wire(), Wire::Stock, "{accept}");
        }
        for accept in [
            "text/event-stream",
            "Text/Event-Stream",
            "application/json,text/event-stream",
            "application/json ; q=0.1 , TEXT/EVENT-STREAM ; charset=utf-8; q=0.5, */*",
        ] {
            assert_eq!(accepting(accept, "{}").wire(), Wire::Events, "{accept}");
        }
        let mut capital = event("{}");
        capital.headers.insert("Accept".to_owned(), "text/event-stream".to_owned());
        assert_eq!(capital.wire(), Wire::Events);
    }

    #[test]
    fn the_caller_is_known_without_a_secret() {
        let caller = event("{}").caller();
        assert_eq!(caller.role(), Some("signet-users"));
        assert_eq!(caller.access_key_ending.as_deref(), Some("MPLE"));
        assert_eq!((caller.region.as_deref(), caller.service.as_deref()), (Some("eu-central-1"), Some("lambda")));
        assert_eq!(caller.signed_headers, ["content-type", "host", "x-amz-date", "x-amz-security-token"]);
        assert_eq!(caller.time.as_deref(), Some("20261123T101500Z"));
        let all = format!("{caller:?}");
        for secret in [SIGNATURE, SESSION_TOKEN, ACCESS_KEY] {
            assert!(!all.contains(secret));
        }
    }

    #[test]
    fn an_event_that_tells_nothing_of_the_caller_is_no_error() {
        assert_eq!(FunctionUrlEvent::default().caller(), Caller::default());
        let mut other = event("{}");
        other.headers.insert("authorization".to_owned(), "Bearer Credential=x, Signature=y".to_owned());
        assert_eq!(other.caller().service, None);
        assert_eq!(ending("AKIASHORT"), None);
    }
}
