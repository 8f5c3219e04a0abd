//! Calls to MiniStack: requests passed on, and calls of our own as the account's root user.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// Why MiniStack could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// MiniStack is not running, or broke off.
    #[error("MiniStack does not answer ({0}); it may have ended. Start again.")]
    Unreachable(String),
    /// MiniStack answered with an error.
    #[error("MiniStack refused {action}: {status} {body}")]
    Refused {
        /// The operation, by AWS's name.
        action: String,
        /// The HTTP status.
        status: u16,
        /// Its answer.
        body: String,
    },
    /// MiniStack's answer is not what AWS would send.
    #[error("MiniStack's answer to {0} is not what AWS would send. Is it the version that scripts/setup.sh installs?")]
    Unexpected(String),
}

/// MiniStack, as one region of one account.
#[derive(Clone, Debug)]
pub(crate) struct Aws {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    region: &'static str,
}

impl Aws {
    pub(crate) fn new(address: SocketAddr, region: &'static str) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), address, region }
    }

    pub(crate) fn region(&self) -> &'static str {
        self.region
    }

    /// Its base URL, for programs that call it directly.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Passes a request on unchanged: path, query, headers (including Host) and body.
    pub(crate) async fn pass(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let unreachable = |error: &dyn std::error::Error| Error::Unreachable(error.to_string());
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        *request.uri_mut() = format!("{}{target}", self.url()).parse().map_err(|error| unreachable(&error))?;
        let response = self.client.request(request.map(Full::new)).await.map_err(|error| unreachable(&error))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| unreachable(&error))?.to_bytes();
        Ok(Response::from_parts(parts, body))
    }

    /// A call as root. MiniStack treats the access key `test` as root and does not check its signature, so none is computed.
    pub(crate) async fn root(
        &self,
        action: &str,
        service: &str,
        request: hyper::http::request::Builder,
        body: Bytes,
    ) -> Result<Bytes, Error> {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{}/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.region
        );
        let request = request
            .header(AUTHORIZATION, authorization)
            .body(body)
            .map_err(|error| Error::Unreachable(error.to_string()))?;
        let response = self.pass(request).await?;
        if response.status().is_success() {
            return Ok(response.into_body());
        }
        Err(Error::Refused {
            action: action.to_owned(),
            status: response.status().as_u16(),
            body: String::from_utf8_lossy(response.body()).into_owned(),
        })
    }

    /// A call as root to one of the services that speak JSON: `target` is the value of X-Amz-Target.
    pub(crate) async fn operation(&self, service: &str, target: &str, input: &Value) -> Result<Value, Error> {
        let request =
            Request::post("/").header(CONTENT_TYPE, "application/x-amz-json-1.1").header("x-amz-target", target);
        let body = self.root(target, service, request, input.to_string().into()).await?;
        // Operations without a result answer with an empty body.
        if body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&body).map_err(|_| Error::Unexpected(target.to_owned()))
    }

    /// A resource of one of the services with paths, read as root.
    pub(crate) async fn resource(&self, service: &str, path: &str) -> Result<Value, Error> {
        let body = self.root(path, service, Request::builder().method(Method::GET).uri(path), Bytes::new()).await?;
        serde_json::from_slice(&body).map_err(|_| Error::Unexpected(path.to_owned()))
    }
}
