//! An HTTP server on the loopback address, in place of AWS or of a model's endpoint.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A response, with its body in parts.
#[derive(Clone)]
pub(crate) struct Served {
    status: u16,
    headers: Vec<(&'static str, String)>,
    parts: Vec<Bytes>,
}

impl Served {
    pub(crate) fn ok(content_type: &str, parts: Vec<Bytes>) -> Self {
        Self { status: 200, headers: vec![("content-type", content_type.to_owned())], parts }
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// A server that runs as long as its test.
pub(crate) struct Fake {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl Fake {
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far: each one's request line with its headers, and its body.
    pub(crate) fn requests(&self) -> Vec<(String, String)> {
        self.requests.lock().unwrap().clone()
    }
}

/// Starts a server; `respond` returns the response for a request's path.
pub(crate) async fn serve(respond: impl Fn(&str) -> Served + Send + Sync + 'static) -> Fake {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = Fake { address: listener.local_addr().unwrap(), requests: Arc::default() };
    let (respond, requests) = (Arc::new(respond), fake.requests.clone());
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (respond, requests) = (respond.clone(), requests.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                let (respond, requests) = (respond.clone(), requests.clone());
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let asked = format!("{} {} {:?}", head.method, head.uri, head.headers);
                    requests.lock().unwrap().push((asked, String::from_utf8(body.to_vec()).unwrap()));
                    let served = respond(head.uri.path());
                    let mut response = Response::builder().status(served.status);
                    for (name, value) in served.headers {
                        response = response.header(name, value);
                    }
                    let parts = served.parts.into_iter().map(|part| Ok::<_, Infallible>(Frame::data(part)));
                    response.body(StreamBody::new(stream::iter(parts)))
                }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service));
        }
    });
    fake
}
