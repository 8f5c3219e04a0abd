//! The single port that represents AWS. It passes requests on to MiniStack and adds what MiniStack lacks.

mod function_url;
mod respond;
mod services;
mod state;

use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::http::{self, Body, Cut, header, hex, set};
use function_url::UNREADABLE;
use respond::refuse;

pub(crate) use function_url::FUNCTION_URL_PATH;
pub use state::Fault;
pub(crate) use state::{Cors, Shared, State};

/// The largest request that Lambda accepts, in bytes: 6 MB.
const LARGEST_REQUEST: usize = 6 * 1024 * 1024;
/// How much of a request that is too large is read, so that its sender gets to read the answer. Beyond that, the connection is cut.
const LARGEST_DISCARDED: usize = 64 * 1024 * 1024;

/// The gateway of a [`Stack`](crate::Stack). Tests use it to see what was issued and to cause failures.
#[derive(Clone, Debug)]
pub struct Gateway(pub(crate) Arc<Shared>);

impl Gateway {
    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Every token, `Session`, secret key and session token handed out so far, and the codes and verifiers exchanged for the hosted UI's tokens.
    pub fn issued(&self) -> Vec<String> {
        self.0.state().issued.iter().cloned().collect()
    }

    /// Makes all access keys handed out so far expire.
    pub fn expire_credentials(&self) {
        let mut state = self.0.state();
        let keys: Vec<_> = state.callers.keys().cloned().collect();
        state.expired.extend(keys);
    }

    /// Injects a fault into the next request to the function URL that is not a preflight. Several calls queue up, one fault per request.
    pub fn next(&self, fault: Fault) {
        self.0.state().faults.push_back(fault);
    }

    /// Drops the faults that no request has met yet.
    pub fn forget_faults(&self) {
        self.0.state().faults.clear();
    }

    /// Makes every unanswered challenge of the user pool expire.
    pub fn expire_sessions(&self) {
        self.0.state().sessions.expire();
    }

    /// How often an operation was called, by AWS's name, for example `InitiateAuth`. The function URL counts as `InvokeFunctionUrl`; the
    /// hosted UI's pages and endpoints go by their paths, for example `/oauth2/token`.
    pub fn requests(&self, operation: &str) -> usize {
        self.0.state().requests.get(operation).copied().unwrap_or_default()
    }
}

impl Shared {
    /// Answers any request.
    pub(crate) async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let (parts, body) = request.into_parts();
        let is_function_url = parts.uri.path().starts_with(FUNCTION_URL_PATH);
        let origin = header(&parts.headers, "origin").to_owned();
        let mut response = match read(body).await? {
            None => refuse(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
                "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
            ),
            Some(_) if parts.uri.path() == "/_signet/config.json" => http::json(StatusCode::OK, &self.config),
            Some(body) if is_function_url && parts.method != Method::OPTIONS => self.function_url(parts, body).await?,
            Some(body) => self.service(parts, body).await,
        };
        let headers = response.headers_mut();
        if is_function_url {
            let may_read = headers.remove(UNREADABLE).is_none();
            if may_read {
                self.cors.apply(&origin, headers);
            }
        } else {
            headers.entry(ACCESS_CONTROL_ALLOW_ORIGIN).or_insert(HeaderValue::from_static("*"));
        }
        if !headers.contains_key("x-amzn-requestid") {
            set(headers, "x-amzn-requestid", &request_id());
        }
        Ok(response)
    }
}

/// The whole body, or `None` if it is larger than Lambda accepts.
async fn read(body: Incoming) -> Result<Option<Bytes>, Cut> {
    let mut body = Limited::new(body, LARGEST_DISCARDED);
    let mut whole = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame.map_err(|_| Cut)?.into_data() else { continue };
        length += chunk.len();
        if length <= LARGEST_REQUEST {
            whole.extend_from_slice(&chunk);
        }
    }
    Ok((length <= LARGEST_REQUEST).then(|| whole.into()))
}

fn request_id() -> String {
    let mut bytes = [0; 16];
    // If there is no randomness, the ID is not unique; nothing else depends on it.
    let _ = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
    let hex = hex(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
