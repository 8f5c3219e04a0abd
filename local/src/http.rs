//! What the three small servers share: the gateway, the Runtime API and the app's server.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// The body of an answer: whole or streamed.
pub(crate) type Body = UnsyncBoxBody<Bytes, Cut>;

/// Ends the connection: without an answer if returned in place of one, or in the middle of a body.
#[derive(Debug, thiserror::Error)]
#[error("The connection was cut.")]
pub(crate) struct Cut;

/// A server's task. Dropping it closes the port and every connection.
#[derive(Debug)]
pub(crate) struct Server(JoinHandle<()>);

impl Drop for Server {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Serves HTTP/1.1 on `listener`, each request by `handle`.
pub(crate) fn serve<H, F>(listener: TcpListener, handle: H) -> Server
where
    H: Fn(Request<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Response<Body>, Cut>> + Send + 'static,
{
    let handle = Arc::new(handle);
    Server(tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            // An error here is about one connection that failed before it was accepted, or about too many open files, which passes.
            let Ok((stream, _)) = listener.accept().await else {
                tokio::task::yield_now().await;
                continue;
            };
            // A small chunk of an answer must not wait for the next one. Without this option it is only slower.
            let _ = stream.set_nodelay(true);
            let handle = Arc::clone(&handle);
            connections.spawn(async move {
                // An error here means that the peer has gone, or a deliberate Cut.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(move |request| handle(request)))
                    .await;
            });
            while connections.try_join_next().is_some() {}
        }
    }))
}

/// Listens on 127.0.0.1; port 0 takes a free one.
pub(crate) async fn listen(port: u16) -> std::io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// A whole body.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never: Infallible| match never {}).boxed_unsync()
}

/// An answer of JSON.
pub(crate) fn json(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(whole(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Sets a header. A value that is not valid in a header is left out.
pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// A header as text; empty if it is missing or not text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The content of the first XML element of this name, if it has no attributes, as AWS writes them. Nothing is unescaped.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

/// A parameter of a form or a query, still encoded.
pub(crate) fn parameter<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
