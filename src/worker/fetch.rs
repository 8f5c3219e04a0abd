//! Requests over the Fetch API (<https://fetch.spec.whatwg.org/>), through gloo-net. Only the request itself is sent: no referrer, and no cookies
//! unless the request asks for them. Redirects are not followed.
//!
//! gloo-net panics if a fetch is rejected with anything but an `Error`, so nothing here aborts with its own reason. It also appends `&` to a
//! query, but our addresses have none (the configuration allows none).

use gloo_net::http::{Headers, Method, Request as HttpRequest, RequestBuilder, Response as HttpResponse};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, ReadableStreamDefaultReader, ReferrerPolicy, RequestCache, RequestCredentials, RequestMode,
    RequestRedirect,
};

use super::scope;
use crate::core::app::Streamed;
use signet_cognito::http::{Head, NoAnswer, Request, Response};

/// How long to wait for a whole response, in milliseconds. Cognito's responses take tenths of a second.
const TIMEOUT: u32 = 15_000;

/// Sends a request and reads the whole response.
pub async fn send(request: &Request) -> Result<Response, NoAnswer> {
    let response = fetch(request, &AbortSignal::timeout_with_u32(TIMEOUT)).await?;
    // A body that breaks off counts as no answer, because half a JSON text is useless.
    read_whole(response).await.ok_or(NoAnswer::Unreachable)
}

/// Reads a response to its end; `None` if it breaks off.
pub async fn read_whole(response: HttpResponse) -> Option<Response> {
    let body = response.binary().await.ok()?;
    Some(Response { head: head(&response), body })
}

/// Sends a request, passes on the head and the bytes as they arrive, and returns how it ended.
pub async fn stream(request: &Request, signal: &AbortSignal, mut on_part: impl FnMut(Streamed)) -> Streamed {
    let response = match fetch(request, signal).await {
        Ok(response) => response,
        Err(no_answer) => return Streamed::NoAnswer(no_answer),
    };
    on_part(Streamed::Head(head(&response)));
    let Some(body) = response.body() else { return Streamed::End };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    while let Ok(read) = JsFuture::from(reader.read()).await {
        let field = |name: &str| Reflect::get(&read, &name.into()).unwrap_or_default();
        if field("done").is_truthy() {
            return Streamed::End;
        }
        if let Ok(bytes) = field("value").dyn_into::<Uint8Array>() {
            on_part(Streamed::Bytes(bytes.to_vec()));
        }
    }
    Streamed::Broken
}

async fn fetch(request: &Request, signal: &AbortSignal) -> Result<HttpResponse, NoAnswer> {
    if let Some(built) = build(request, signal)
        && let Ok(response) = built.send().await
    {
        return Ok(response);
    }
    if signal.aborted() { Err(NoAnswer::Unreachable) } else { Err(reason(&request.url).await) }
}

/// The browser's request; `None` if the browser does not accept its method, a header or its address.
fn build(request: &Request, signal: &AbortSignal) -> Option<HttpRequest> {
    // Not gloo-net's own `append`, which panics if the browser refuses a header.
    let headers = web_sys::Headers::new().ok()?;
    for (name, value) in &request.headers {
        headers.append(name, value).ok()?;
    }
    let builder = builder(&request.url, request.method.parse().ok()?)
        .mode(RequestMode::Cors)
        .redirect(RequestRedirect::Error)
        .credentials(if request.cookies { RequestCredentials::Include } else { RequestCredentials::Omit })
        .headers(Headers::from_raw(headers))
        .abort_signal(Some(signal));
    if request.method == "GET" {
        return builder.build().ok();
    }
    let body = Uint8Array::from(request.body.as_slice());
    let built = builder.body(&body).ok();
    // The request has its own copy. This one may hold a password, so it is overwritten, as `Request` does when dropped.
    body.fill(0, 0, body.length());
    built
}

/// Finds out why a fetch failed, since the browser does not say. A request without CORS shows whether anything answers at that address.
async fn reason(url: &str) -> NoAnswer {
    if !scope().navigator().on_line() {
        return NoAnswer::Offline;
    }
    let probe = builder(url, Method::HEAD)
        .mode(RequestMode::NoCors)
        .redirect(RequestRedirect::Follow)
        .credentials(RequestCredentials::Omit)
        .abort_signal(Some(&AbortSignal::timeout_with_u32(TIMEOUT)));
    match probe.send().await {
        Ok(_) => NoAnswer::Unreadable,
        Err(_) => NoAnswer::Unreachable,
    }
}

fn builder(url: &str, method: Method) -> RequestBuilder {
    RequestBuilder::new(url).method(method).cache(RequestCache::NoStore).referrer_policy(ReferrerPolicy::NoReferrer)
}

/// The status and headers, which both kinds of request read before the body.
fn head(response: &HttpResponse) -> Head {
    let headers = response.headers();
    Head {
        status: response.status(),
        request_id: headers.get("x-amzn-requestid"),
        error_type: headers.get("x-amzn-errortype"),
        retry_after: headers.get("retry-after").and_then(|seconds| seconds.trim().parse().ok()),
    }
}
