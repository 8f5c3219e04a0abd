//! What comes in: a function URL's event, the prompt in it, and what it tells of the caller.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::Value;
use signet::stream::stock::{Ask, UseCase};

use crate::strategy::use_case_names;

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
}

impl FunctionUrlEvent {
    /// The prompt and its use case, checked.
    pub(crate) fn ask(&self, max_prompt_bytes: usize) -> Result<Ask, RequestError> {
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
        if prompt.len() > max_prompt_bytes {
            return Err(RequestError::TooLong { bytes: prompt.len(), limit: max_prompt_bytes });
        }
        let use_case = body.get("use_case").and_then(|name| UseCase::deserialize(name).ok());
        Ok(Ask { prompt, use_case: use_case.ok_or(RequestError::UseCase)? })
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
    use serde_json::json;

    use super::*;

    pub(crate) const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    pub(crate) const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";
    pub(crate) const ACCESS_KEY: &str = "ASIAIOSFODNN7EXAMPLE";

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
        assert_eq!(event(body).ask(7).as_ref(), Ok(&ask));
        let mut in_base64 = event(&BASE64_STANDARD.encode(body));
        in_base64.is_base64_encoded = true;
        assert_eq!(in_base64.ask(7), Ok(ask));
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
            assert_eq!(event(body).ask(6), Err(error), "{body}");
        }
        let mut bad_base64 = event("{");
        bad_base64.is_base64_encoded = true;
        assert_eq!(bad_base64.ask(6), Err(RequestError::NotJson));
        assert_eq!(FunctionUrlEvent::default().ask(6), Err(RequestError::Method));
        assert!(
            RequestError::UseCase
                .to_string()
                .contains("`performance_optimized`, `accuracy_optimized`, `balanced`, `cost_optimized`")
        );
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
