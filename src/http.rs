//! Requests and responses as plain values, and the one place where a status becomes an error.

use crate::core::fault::{Fault, Service};
use zeroize::Zeroize;

use crate::json::Value;

/// A request that is still to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// Such as `POST`.
    pub method: &'static str,
    /// Absolute.
    pub url: String,
    /// Names in lower case. `host` is not among them: the browser adds it.
    pub headers: Vec<(String, String)>,
    /// The exact bytes to send.
    pub body: Vec<u8>,
    /// Whether the browser sends its cookies for that address along. AWS is never sent any.
    pub cookies: bool,
}

impl Drop for Request {
    fn drop(&mut self) {
        // Passwords and tokens.
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

/// What came before the body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// Such as 200.
    pub status: u16,
    /// `x-amzn-requestid`, where the page may read it.
    pub request_id: Option<String>,
    /// `x-amzn-errortype`, where the page may read it.
    pub error_type: Option<String>,
    /// `retry-after` in seconds, where the page may read it and it is a number.
    pub retry_after: Option<u32>,
}

impl Head {
    /// Whether the status is of the 200s.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A whole response.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Response {
    /// Status and the headers that matter.
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

/// The request got no answer that the browser lets us read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAnswer {
    /// The browser says that there is no network.
    Offline,
    /// Nothing answers at that address.
    Unreachable,
    /// Something answers at that address, but without the CORS headers that would let us read it.
    Unreadable,
}

impl NoAnswer {
    /// What a person is told of it.
    pub fn fault(self, service: Service) -> Fault {
        match self {
            Self::Offline => Fault::Offline,
            Self::Unreachable => Fault::Unreachable { service },
            Self::Unreadable => Fault::Unreadable { service },
        }
    }
}

/// An answer that is not a success, as AWS's services phrase it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// The name of the exception, such as `NotAuthorizedException`; empty if the answer gave none.
    pub code: String,
    /// The service's own sentence; empty if it gave none.
    pub message: String,
    /// `x-amzn-requestid`, if it could be read.
    pub request_id: Option<String>,
    /// Seconds to wait, if the service said so.
    pub retry_after: Option<u32>,
}

impl ServiceError {
    /// What a person is told of it.
    pub fn fault(&self, service: Service) -> Fault {
        let request_id = self.request_id.clone();
        match self.status {
            429 => Fault::Throttled { service, retry_after: self.retry_after, request_id },
            500.. => Fault::Failing { service, status: self.status, message: self.message.clone(), request_id },
            _ if THROTTLING.contains(&self.code.as_str()) => {
                Fault::Throttled { service, retry_after: self.retry_after, request_id }
            }
            _ => Fault::Refused {
                service,
                status: self.status,
                code: self.code.clone(),
                message: self.message.clone(),
                request_id,
            },
        }
    }
}

/// Whether a request that ended so may end well if it is sent again a little later.
pub fn may_pass(reply: &Result<Response, NoAnswer>) -> bool {
    match reply {
        Err(no_answer) => *no_answer != NoAnswer::Unreadable,
        Ok(response) if response.head.status == 400 => {
            check(response.clone()).is_err_and(|error| THROTTLING.contains(&error.code.as_str()))
        }
        Ok(response) => response.head.status == 429 || response.head.status >= 500,
    }
}

/// Names that AWS's JSON services give to "too many requests" with a status of 400.
const THROTTLING: [&str; 3] = ["TooManyRequestsException", "ThrottlingException", "Throttling"];

/// The body of a success, or the error. The name of an exception comes in `x-amzn-errortype`, `__type` or `code`, with a namespace before a
/// `#` and a URL after a `:`; the sentence in `message` or `Message`.
pub fn check(response: Response) -> Result<Vec<u8>, ServiceError> {
    if response.head.is_success() {
        return Ok(response.body);
    }
    let body: Value = Value::read(&response.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let code = response.head.error_type.or_else(|| text("__type")).or_else(|| text("code")).unwrap_or_default();
    let code =
        code.rsplit('#').next().unwrap_or_default().split([':', ',']).next().unwrap_or_default().trim().to_owned();
    Err(ServiceError {
        status: response.head.status,
        code,
        message: text("message").or_else(|| text("Message")).unwrap_or_default(),
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
    fn an_exceptions_name_is_found_wherever_the_service_puts_it() {
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
    fn its_sentence_is_found_in_both_spellings() {
        assert_eq!(failed(None, r#"{"Message":"Forbidden"}"#).message, "Forbidden");
        assert_eq!(failed(None, r#"{"message":"Forbidden"}"#).message, "Forbidden");
    }

    #[test]
    fn what_is_sent_again_is_what_may_pass() {
        let replied = |status, code: &str| {
            let head = Head { status, error_type: Some(code.to_owned()), ..Head::default() };
            may_pass(&Ok(Response { head, body: vec![] }))
        };
        for code in ["TooManyRequestsException", "ThrottlingException", "Throttling"] {
            assert!(replied(400, code), "{code}");
        }
        // Limits of one person's attempts: sending again uses them up.
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
    fn debug_shows_no_header_and_no_body() {
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
