//! Requests over the Fetch API (<https://fetch.spec.whatwg.org/>). Nothing but the request itself is sent: no cookie but
//! where a request asks for it, no referrer, no redirect.

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Headers, ReadableStreamDefaultReader, ReferrerPolicy, RequestCache, RequestCredentials, RequestInit,
    RequestMode, RequestRedirect, Response as JsResponse,
};

use super::{head, scope};
use crate::core::app::Streamed;
use signet_cognito::http::{NoAnswer, Request, Response};

/// A whole answer that takes longer than this, in milliseconds, will not come: Cognito's take tenths of a second.
const PATIENCE: u32 = 15_000;

/// Sends, and reads the whole answer.
pub async fn send(request: &Request) -> Result<Response, NoAnswer> {
    let response = fetch(request, &AbortSignal::timeout_with_u32(PATIENCE)).await?;
    // A body that breaks off is as no answer: half a JSON says nothing.
    let body = async { JsFuture::from(response.array_buffer()?).await }.await.map_err(|_| NoAnswer::Unreachable)?;
    Ok(Response { head: head(&response), body: Uint8Array::new(&body).to_vec() })
}

/// Sends, hands head and bytes on as they come, and gives what comes last.
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

async fn fetch(request: &Request, signal: &AbortSignal) -> Result<JsResponse, NoAnswer> {
    let sent = async {
        let headers = Headers::new()?;
        for (name, value) in &request.headers {
            headers.append(name, value)?;
        }
        let init = options(RequestMode::Cors, request.method);
        init.set_headers(&headers);
        if request.cookies {
            init.set_credentials(RequestCredentials::Include);
        }
        init.set_signal(Some(signal));
        if request.method != "GET" {
            init.set_body(&Uint8Array::from(request.body.as_slice()));
        }
        JsFuture::from(scope().fetch_with_str_and_init(&request.url, &init)).await
    };
    match sent.await {
        Ok(response) => Ok(response.unchecked_into()),
        Err::<_, JsValue>(_) if signal.aborted() => Err(NoAnswer::Unreachable),
        Err(_) => Err(why(&request.url).await),
    }
}

/// A failed fetch says nothing of its reason. Whether anything answers there at all, a request without CORS tells.
async fn why(url: &str) -> NoAnswer {
    if !scope().navigator().on_line() {
        return NoAnswer::Offline;
    }
    let init = options(RequestMode::NoCors, "HEAD");
    init.set_signal(Some(&AbortSignal::timeout_with_u32(PATIENCE)));
    match JsFuture::from(scope().fetch_with_str_and_init(url, &init)).await {
        Ok(_) => NoAnswer::Unreadable,
        Err(_) => NoAnswer::Unreachable,
    }
}

fn options(mode: RequestMode, method: &str) -> RequestInit {
    let init = RequestInit::new();
    init.set_method(method);
    init.set_mode(mode);
    init.set_cache(RequestCache::NoStore);
    init.set_credentials(RequestCredentials::Omit);
    init.set_redirect(if mode == RequestMode::NoCors { RequestRedirect::Follow } else { RequestRedirect::Error });
    init.set_referrer_policy(ReferrerPolicy::NoReferrer);
    init
}
