//! Requests to the function URL: checked here, authorised by MiniStack, answered by the function.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body_util::BodyExt;
use hyper::body::{Bytes, Frame};
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response, StatusCode};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::respond::{passed_on, refuse};
use super::state::{Caller, Fault, Shared};
use crate::http::{Body, Cut, header, hex, set};
use crate::runtime::{Answer, Error as RuntimeError};

/// The path of the function URL on the gateway. MiniStack knows this form too, and it needs no host name that a browser must resolve.
pub(crate) const FUNCTION_URL_PATH: &str = "/_aws/lambda-url/";
/// The message for callers that may not call the function URL.
const FORBIDDEN: &str = "Forbidden. For troubleshooting Function URL authorization issues, see: \
    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";
/// Marks an answer that must get no CORS headers. The gateway removes it.
pub(super) const UNREADABLE: HeaderName = HeaderName::from_static("signet-unreadable");

impl Shared {
    /// A request to the function URL.
    pub(super) async fn function_url(&self, parts: Parts, body: Bytes) -> Result<Response<Body>, Cut> {
        *self.state().requests.entry("InvokeFunctionUrl".to_owned()).or_default() += 1;
        let fault = self.state().faults.pop_front();
        match fault {
            Some(Fault::Drop) => return Err(Cut),
            Some(Fault::Status(status)) => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let error = if status == StatusCode::TOO_MANY_REQUESTS {
                    "TooManyRequestsException"
                } else {
                    "ServiceException"
                };
                return Ok(refuse(status, error, "A test asked the local AWS for this error."));
            }
            Some(Fault::NoCors403) => {
                let mut response = refuse(StatusCode::FORBIDDEN, "AccessDeniedException", FORBIDDEN);
                response.headers_mut().insert(UNREADABLE, HeaderValue::from_static(""));
                return Ok(response);
            }
            _ => {}
        }
        let key = match signer(&parts.headers, self.aws.region(), &body) {
            Ok(key) => key,
            Err((error, message)) => return Ok(refuse(StatusCode::FORBIDDEN, error, &message)),
        };
        if self.state().expired.contains(&key) {
            let message = "The security token included in the request is expired";
            return Ok(refuse(StatusCode::FORBIDDEN, "ExpiredTokenException", message));
        }
        let judged = match self.aws.pass(Request::from_parts(parts, body)).await {
            Ok(judged) => judged,
            Err(error) => return Ok(refuse(StatusCode::BAD_GATEWAY, "ServiceException", &error.to_string())),
        };
        if judged.status() != StatusCode::OK {
            return Ok(denied(judged));
        }
        let id = header(judged.headers(), "x-amzn-requestid").to_owned();
        let trace = header(judged.headers(), "x-amzn-trace-id").to_owned();
        let caller = self.state().callers.get(&key).cloned();
        let Some(event) = event(judged.body(), &key, caller.as_ref()) else {
            let message = "MiniStack's answer is not the event that its function should have echoed.";
            return Ok(refuse(StatusCode::BAD_GATEWAY, "ServiceException", message));
        };
        let mut response = match self.runtimes.invoke(id.clone(), event).await {
            Ok(answer) => streamed(answer, fault),
            Err(error @ RuntimeError::Busy) => {
                refuse(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", &error.to_string())
            }
            // AWS tells the caller no more than this; the reason is in the function's log.
            Err(_) => refuse(StatusCode::BAD_GATEWAY, "InternalServerErrorException", "Internal Server Error"),
        };
        set(response.headers_mut(), "x-amzn-requestid", &id);
        set(response.headers_mut(), "x-amzn-trace-id", &trace);
        Ok(response)
    }
}

/// The access key of a request, after the checks that MiniStack leaves out: the signing scope, the body's hash, and that the key is not
/// one that works without a secret. A request without a signature is left to MiniStack.
fn signer(headers: &HeaderMap, region: &str, body: &Bytes) -> Result<String, (&'static str, String)> {
    let invalid = |message: String| Err(("InvalidSignatureException", message));
    let authorization = header(headers, "authorization");
    let credential = authorization.split([' ', ',']).find_map(|part| part.strip_prefix("Credential="));
    let Some(credential) = credential else { return Ok(String::new()) };
    let scope: Vec<_> = credential.split('/').collect();
    let [key, _, signed_region, service, _] = scope[..] else { return Ok(String::new()) };
    if key.len() != 20 || !(key.starts_with("ASIA") || key.starts_with("AKIA")) {
        // MiniStack treats `test` and account numbers as root, whatever the signature.
        return Err((
            "UnrecognizedClientException",
            "The security token included in the request is invalid.".to_owned(),
        ));
    }
    if signed_region != region {
        return invalid(format!("Credential should be scoped to a valid region, not '{signed_region}'. "));
    }
    if service != "lambda" {
        return invalid("Credential should be scoped to correct service: 'lambda'. ".to_owned());
    }
    let hash = header(headers, "x-amz-content-sha256");
    if !hash.is_empty() && hash != hex(digest(&SHA256, body).as_ref()) {
        return invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and \
             signing method. Consult the service documentation for details."
                .to_owned(),
        );
    }
    Ok(key.to_owned())
}

/// MiniStack's refusal in AWS's words: on AWS, a 403 from a policy does not say who asked for what.
fn denied(judged: Response<Bytes>) -> Response<Body> {
    let error: Value = serde_json::from_slice(judged.body()).unwrap_or_default();
    let kind = error["__type"].as_str().unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let id = header(judged.headers(), "x-amzn-requestid").to_owned();
    let mut response = match kind {
        _ if judged.status() != StatusCode::FORBIDDEN => passed_on(judged),
        "" | "AccessDenied" | "AccessDeniedException" => {
            refuse(StatusCode::FORBIDDEN, "AccessDeniedException", FORBIDDEN)
        }
        kind => refuse(StatusCode::FORBIDDEN, kind, error["message"].as_str().unwrap_or_default()),
    };
    set(response.headers_mut(), "x-amzn-requestid", &id);
    response
}

/// The event with the caller added, which MiniStack leaves out.
fn event(echoed: &Bytes, key: &str, caller: Option<&Caller>) -> Option<Bytes> {
    let mut event: Value = serde_json::from_slice(echoed).ok()?;
    let account = event["requestContext"]["accountId"].clone();
    let caller = caller?;
    event.get_mut("requestContext")?["authorizer"] = json!({ "iam": {
        "accessKey": key,
        "accountId": account,
        "callerId": caller.user_id,
        "cognitoIdentity": null,
        "principalOrgId": null,
        "userArn": caller.user_arn,
        "userId": caller.user_id,
    }});
    Some(event.to_string().into())
}

/// The function's answer, streamed.
fn streamed(answer: Answer, fault: Option<Fault>) -> Response<Body> {
    let Answer { head, body } = answer;
    let mut response = Response::new(Chunks { body, fault, passed: 0, cut: false }.boxed_unsync());
    *response.status_mut() = StatusCode::from_u16(head.status_code).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in head.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    for cookie in head.cookies.into_iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok()) {
        response.headers_mut().append("set-cookie", cookie);
    }
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().remove(TRANSFER_ENCODING);
    response
}

/// A streamed body, with the fault that a test has injected.
struct Chunks {
    body: mpsc::Receiver<Option<Bytes>>,
    fault: Option<Fault>,
    passed: usize,
    cut: bool,
}

impl Chunks {
    /// Breaks the connection, but only after everything sent so far has gone out: hyper flushes when the body is pending.
    fn cut(&mut self, context: &Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if std::mem::replace(&mut self.cut, true) {
            return Poll::Ready(Some(Err(Cut)));
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl hyper::body::Body for Chunks {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match self.fault {
            Some(Fault::CutAfter(most)) if self.passed >= most => return self.cut(context),
            Some(Fault::EndAfter(most)) if self.passed >= most => return Poll::Ready(None),
            // Nothing wakes this again: hyper drops it when the page closes the connection.
            Some(Fault::StallAfter(most)) if self.passed >= most => return Poll::Pending,
            _ => {}
        }
        let mut chunk = match ready!(self.body.poll_recv(context)) {
            Some(Some(chunk)) => chunk,
            Some(None) => return Poll::Ready(None),
            None => return self.cut(context),
        };
        match &self.fault {
            Some(Fault::CutAfter(most) | Fault::EndAfter(most) | Fault::StallAfter(most)) => {
                chunk.truncate(most - self.passed);
            }
            Some(Fault::Line(line)) => {
                if let Some(end) = chunk.iter().rposition(|byte| *byte == b'\n') {
                    let (before, after) = chunk.split_at(end + 1);
                    chunk = [before, line.as_bytes(), b"\n\n", after].concat().into();
                    self.fault = None;
                }
            }
            _ => {}
        }
        self.passed += chunk.len();
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }
}
