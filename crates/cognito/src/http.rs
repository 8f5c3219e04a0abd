//! Requests and replies as plain values, and the only place where a status becomes an error.

use serde::Deserialize;
use zeroize::Zeroize;

use crate::wire;

/// A request to send.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// The method, such as `POST`.
    pub method: &'static str,
    /// The absolute URL.
    pub url: String,
    /// The headers, with names in lower case. `host` is not among them: the HTTP client adds it.
    pub headers: Vec<(String, String)>,
    /// The exact bytes to send. They hold passwords and tokens, so they are overwritten when the request is dropped.
    pub body: Vec<u8>,
    /// Whether the browser sends its cookies for that address along. Requests to AWS never carry any.
    pub cookies: bool,
}

impl Drop for Request {
    fn drop(&mut self) {
        self.body.zeroize();
    }
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Headers and body hold tokens, keys and prompts.
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &self.url)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The part of a response before its body. In a browser, a header can be read only if CORS exposes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// The status, such as 200.
    pub status: u16,
    /// `x-amzn-requestid`.
    pub request_id: Option<String>,
    /// `x-amzn-errortype`.
    pub error_type: Option<String>,
    /// `retry-after` in seconds, if it is a number.
    pub retry_after: Option<u32>,
}

impl Head {
    /// Whether the status is one of the 200s.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A whole response.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// The status and the headers that matter.
    pub head: Head,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Bodies hold tokens and keys.
        f.debug_struct("Response").field("head", &self.head).field("body_bytes", &self.body.len()).finish()
    }
}

/// Why there is no response that the browser lets us read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// The browser says that there is no network.
    Offline,
    /// Nothing answers at that address.
    Unreachable,
    /// Something answers at that address, but without the CORS headers that would let us read it.
    Unreadable,
}

/// An error response, in the form of AWS's services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// The name of the exception, such as `NotAuthorizedException`; empty if the response named none.
    pub code: String,
    /// The service's own message; empty if it gave none.
    pub message: String,
    /// `x-amzn-requestid`, if it could be read.
    pub request_id: Option<String>,
    /// Seconds to wait, if the service said so.
    pub retry_after: Option<u32>,
}

impl ServiceError {
    /// Whether the service refused because of too many requests.
    pub fn is_throttling(&self) -> bool {
        self.status == 429 || THROTTLING.contains(&self.code.as_str())
    }
}

/// Whether a request with this outcome may succeed if it is sent again a little later.
pub fn may_pass(reply: &Result<Response, NoAnswer>) -> bool {
    match reply {
        Err(no_answer) => *no_answer != NoAnswer::Unreadable,
        Ok(response) if response.head.status == 400 => {
            check(response.clone()).is_err_and(|error| error.is_throttling())
        }
        Ok(response) => response.head.status == 429 || response.head.status >= 500,
    }
}

/// The names that AWS's JSON services use for "too many requests" with a status of 400.
const THROTTLING: [&str; 3] = ["TooManyRequestsException", "ThrottlingException", "Throttling"];

/// The body of an error, in the spellings of AWS's services.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default, rename = "__type", deserialize_with = "wire::text")]
    kind: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    code: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    message: Option<String>,
    #[serde(default, rename = "Message", deserialize_with = "wire::text")]
    capital_message: Option<String>,
}

/// The body of a success, or the error. The name of an exception comes in `x-amzn-errortype`, `__type` or `code`, with a namespace before a
/// `#` and a URL after a `:`; the message in `message` or `Message`.
pub fn check(response: Response) -> Result<Vec<u8>, ServiceError> {
    if response.head.is_success() {
        return Ok(response.body);
    }
    let body: ErrorBody = wire::object(&response.body).unwrap_or_default();
    let code = response.head.error_type.or(body.kind).or(body.code).unwrap_or_default();
    let code =
        code.rsplit('#').next().unwrap_or_default().split([':', ',']).next().unwrap_or_default().trim().to_owned();
    Err(ServiceError {
        status: response.head.status,
        code,
        message: body.message.or(body.capital_message).unwrap_or_default(),
        request_id: response.head.request_id,
        retry_after: response.head.retry_after,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(error_type: Option<&str>, body: &str) -> ServiceError {
        let head = Head { status: 400, error_type: error_type.map(str::to_owned), ..Head::default() };
        check(Response { head, body: body.as_bytes().to_vec() }).expect_err("a 400")
    }

    #[test]
    fn an_exception_is_named_in_a_header_or_in_the_body() {
        for (header, body) in [
            (Some("NotAuthorizedException:http://internal.amazon.com/coral/"), "{}"),
            (None, r#"{"__type":"com.amazonaws.cognito#NotAuthorizedException"}"#),
            (None, r#"{"code":"NotAuthorizedException"}"#),
            (Some("NotAuthorizedException"), "<html>"),
        ] {
            assert_eq!(failed(header, body).code, "NotAuthorizedException");
        }
        assert_eq!(failed(None, "\u{0}\u{1}").code, "");
    }

    #[test]
    fn a_message_is_read_in_both_spellings() {
        assert_eq!(failed(None, r#"{"Message":"Forbidden"}"#).message, "Forbidden");
        assert_eq!(failed(None, r#"{"message":"Forbidden"}"#).message, "Forbidden");
        // One unusable field does not affect the others.
        let mixed = failed(None, r#"{"__type":7,"code":"Throttling","message":{},"Message":"Slow down","more":[]}"#);
        assert_eq!((mixed.code.as_str(), mixed.message.as_str()), ("Throttling", "Slow down"));
    }

    #[test]
    fn only_errors_that_may_pass_are_worth_another_try() {
        let replied = |status, code: &str| {
            let head = Head { status, error_type: Some(code.to_owned()), ..Head::default() };
            may_pass(&Ok(Response { head, body: vec![] }))
        };
        for code in ["TooManyRequestsException", "ThrottlingException", "Throttling"] {
            assert!(replied(400, code), "{code}");
        }
        // These limit one person's attempts: sending again uses them up.
        for code in ["LimitExceededException", "TooManyFailedAttemptsException", "NotAuthorizedException", ""] {
            assert!(!replied(400, code), "{code}");
        }
        assert!([429, 500, 502, 503, 504].into_iter().all(|status| replied(status, "")));
        assert!(![200, 401, 403, 404].into_iter().any(|status| replied(status, "")));
        assert!(may_pass(&Err(NoAnswer::Offline)) && may_pass(&Err(NoAnswer::Unreachable)));
        // The browser will not read the next one either.
        assert!(!may_pass(&Err(NoAnswer::Unreadable)));
    }

    #[test]
    fn debug_shows_neither_headers_nor_body() {
        let request = Request {
            method: "POST",
            url: "https://x/".into(),
            headers: vec![("authorization".into(), "hush".into())],
            body: b"hush".to_vec(),
            cookies: false,
        };
        let response = Response { body: b"hush".to_vec(), ..Response::default() };
        assert!(!format!("{request:?}{response:?}").contains("hush"));
    }
}
