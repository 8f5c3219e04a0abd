//! Answers in AWS's form.

use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use hyper::http::response::Parts;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use crate::http::{self, Body, set};
use crate::sign_in::Refusal;

/// An answer of MiniStack's, without its framing, which hyper sets.
pub(super) fn passed_on(response: Response<Bytes>) -> Response<Body> {
    let mut response = response.map(http::whole);
    response.headers_mut().remove(TRANSFER_ENCODING);
    response.headers_mut().remove("connection");
    response
}

/// MiniStack's answer with a different body.
pub(super) fn replaced(mut parts: Parts, answer: &Value) -> Response<Body> {
    parts.headers.remove(CONTENT_LENGTH);
    passed_on(Response::from_parts(parts, answer.to_string().into()))
}

/// A 400.
pub(super) fn refused((error, message): &Refusal) -> Response<Body> {
    refuse(StatusCode::BAD_REQUEST, error, message)
}

/// An error: its name in a header, its message in the body. Function URLs write `Message`, all other services `message`.
pub(super) fn refuse(status: StatusCode, error: &str, message: &str) -> Response<Body> {
    let name = if error == "AccessDeniedException" { "Message" } else { "message" };
    let mut response = http::json(status, &json!({ "__type": error, name: message }));
    set(response.headers_mut(), "x-amzn-errortype", error);
    response
}
