//! A server for the app's release build, with the headers that `trunk serve` sends. For tests.

use std::collections::HashMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::http::{self, Body, Cut, Server, listen};

/// Why the app cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program has the port.
    #[error("Port {0} is in use by another program. Choose another: make serve PORT={next}", next = .0.saturating_add(1))]
    PortInUse(u16),
    /// The folder holds no build.
    #[error("{0} has no index.html. Build the app: trunk build --release")]
    NoBuild(PathBuf),
    /// Trunk.toml cannot be read.
    #[error("{path} cannot be read: {why}")]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// A port of 127.0.0.1, taken before there is anything to serve: the local AWS needs the app's origin first.
#[derive(Debug)]
pub struct Port {
    listener: TcpListener,
    number: u16,
}

impl Port {
    /// Takes this port, or any free one for 0.
    ///
    /// # Errors
    /// Another program has the port.
    pub async fn bind(port: u16) -> Result<Self, Error> {
        let (listener, number) = listen(port).await.map_err(|_| Error::PortInUse(port))?;
        Ok(Self { listener, number })
    }

    /// The origin of the pages that will be served here.
    pub fn origin(&self) -> String {
        format!("http://localhost:{}", self.number)
    }
}

/// The app's server. Dropping it closes the port.
#[derive(Debug)]
pub struct App {
    site: Arc<Site>,
    origin: String,
    _server: Server,
}

#[derive(Debug)]
struct Site {
    dist: PathBuf,
    /// The headers of every file.
    headers: HeaderMap,
    /// The page's content security policy, instead of the one that every file gets.
    page_policy: Option<HeaderValue>,
    config: Mutex<Option<Vec<u8>>>,
    /// Files besides those of the build, by path.
    files: Mutex<HashMap<String, Vec<u8>>>,
    troubles: watch::Sender<HashMap<String, Trouble>>,
    /// Whether a browser may keep a page in its back/forward cache.
    kept: AtomicBool,
}

/// The fault that a test has injected for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Held,
    Lost,
}

/// The part of Trunk.toml that is about serving.
#[derive(Deserialize)]
struct Settings {
    serve: Serve,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Serve {
    headers: std::collections::BTreeMap<String, String>,
    csp: Vec<String>,
}

impl App {
    /// Serves the folder `dist` with the headers and the policy that the file `trunk_toml` sets, and `config` as config.json. Needs a tokio
    /// runtime.
    ///
    /// # Errors
    /// There is no build in `dist`, or `trunk_toml` is missing or invalid.
    pub fn serve(port: Port, dist: PathBuf, trunk_toml: &Path, config: &Value) -> Result<Self, Error> {
        if !dist.join("index.html").exists() {
            return Err(Error::NoBuild(dist));
        }
        let settings = |why: String| Error::Settings { path: trunk_toml.to_owned(), why };
        let text = std::fs::read_to_string(trunk_toml).map_err(|error| settings(error.to_string()))?;
        let (headers, page_policy) = headers(&text).map_err(settings)?;
        let config = Mutex::new(Some(config.to_string().into_bytes()));
        let site = Arc::new(Site {
            dist,
            headers,
            page_policy,
            config,
            files: Mutex::default(),
            troubles: watch::Sender::default(),
            kept: AtomicBool::new(false),
        });
        let origin = port.origin();
        let shared = Arc::clone(&site);
        let server = http::serve(port.listener, move |request| Arc::clone(&shared).handle(request));
        Ok(Self { site, origin, _server: server })
    }

    /// The app's origin, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Sets the content of config.json, valid or not; `None` makes it a 404.
    pub fn set_config(&self, bytes: Option<Vec<u8>>) {
        *self.site.config.lock().unwrap_or_else(PoisonError::into_inner) = bytes;
    }

    /// Adds a file at `path`, such as `/amplify_outputs.json`, until [`App::heal`].
    pub fn add_file(&self, path: &str, bytes: Vec<u8>) {
        self.site.files.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), bytes);
    }

    /// Holds back requests for `path`, such as `/worker.js`, until [`App::lose`] or [`App::heal`] is called.
    pub fn hold(&self, path: &str) {
        self.site.troubles.send_modify(|troubles| {
            troubles.insert(path.to_owned(), Trouble::Held);
        });
    }

    /// Answers requests for `path` with 404, including those that are held back.
    pub fn lose(&self, path: &str) {
        self.site.troubles.send_modify(|troubles| {
            troubles.insert(path.to_owned(), Trouble::Lost);
        });
    }

    /// Lets browsers keep a page in the back/forward cache, which the header `no-store` forbids. Most hosts' headers allow it.
    pub fn let_pages_be_kept(&self) {
        self.site.kept.store(true, Ordering::Relaxed);
    }

    /// Undoes all of this: requests that are held back are answered, and only the build's files are served.
    pub fn heal(&self) {
        self.site.kept.store(false, Ordering::Relaxed);
        self.site.files.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.site.troubles.send_modify(HashMap::clear);
    }
}

/// The headers of every file, and the page's policy without the nonce, because only `trunk serve` puts nonces into the page.
fn headers(trunk_toml: &str) -> Result<(HeaderMap, Option<HeaderValue>), String> {
    let Settings { serve } = toml::from_str(trunk_toml).map_err(|error| error.to_string())?;
    let mut headers = HeaderMap::new();
    for (name, value) in &serve.headers {
        let name = HeaderName::try_from(name).map_err(|_| format!("{name:?} is not a valid header name"))?;
        let value = HeaderValue::try_from(value).map_err(|_| format!("{value:?} is not a valid header value"))?;
        headers.insert(name, value);
    }
    let policy = serve.csp.join(";").replace(" 'nonce-{{NONCE}}'", "");
    let policy = HeaderValue::try_from(policy).map_err(|_| "serve.csp is not a valid header value".to_owned())?;
    Ok((headers, (!serve.csp.is_empty()).then_some(policy)))
}

impl Site {
    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let path = request.uri().path();
        let mut troubles = self.troubles.subscribe();
        let released = troubles.wait_for(|now| now.get(path) != Some(&Trouble::Held)).await;
        // It fails only if the sender is gone, but the sender is part of this site.
        let is_lost = released.is_ok_and(|now| now.get(path) == Some(&Trouble::Lost));
        let found = if !matches!(*request.method(), Method::GET | Method::HEAD) || is_lost {
            None
        } else if path == "/config.json" {
            let config = self.config.lock().unwrap_or_else(PoisonError::into_inner).clone();
            config.map(|bytes| (bytes, "application/json"))
        } else {
            self.file(path).ok()
        };
        let (status, bytes, kind) = match found {
            Some((bytes, kind)) => (StatusCode::OK, bytes, kind),
            None => (StatusCode::NOT_FOUND, b"There is no such file.\n".to_vec(), "text/plain; charset=utf-8"),
        };
        let mut response = Response::new(http::whole(bytes));
        *response.status_mut() = status;
        *response.headers_mut() = self.headers.clone();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if self.kept.load(Ordering::Relaxed) {
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        if kind.starts_with("text/html")
            && let Some(policy) = &self.page_policy
        {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy.clone());
        }
        Ok(response)
    }

    /// A file of the build, or one that a test has added, and its content type.
    fn file(&self, path: &str) -> io::Result<(Vec<u8>, &'static str)> {
        let added = self.files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        let path = Path::new(path.trim_start_matches('/'));
        if !path.components().all(|component| matches!(component, Component::Normal(_))) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let path = if path.as_os_str().is_empty() { Path::new("index.html") } else { path };
        let kind = match path.extension().and_then(|extension| extension.to_str()).unwrap_or_default() {
            "css" => "text/css; charset=utf-8",
            "html" => "text/html; charset=utf-8",
            "ico" => "image/x-icon",
            "js" => "text/javascript; charset=utf-8",
            "json" => "application/json",
            "png" => "image/png",
            "svg" => "image/svg+xml",
            "txt" => "text/plain; charset=utf-8",
            "wasm" => "application/wasm",
            "webmanifest" => "application/manifest+json",
            "woff2" => "font/woff2",
            _ => "application/octet-stream",
        };
        Ok((added.map_or_else(|| std::fs::read(self.dist.join(path)), Ok)?, kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_is_trunks_without_its_nonce() {
        let (headers, policy) = headers(
            r#"
            [build]
            filehash = true
            [serve]
            csp = ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval' 'nonce-{{NONCE}}'", "style-src 'self'"]
            [serve.headers]
            content-security-policy = "connect-src https://example.com"
            x-content-type-options = "nosniff"
            "#,
        )
        .unwrap();
        assert_eq!(policy.unwrap(), "default-src 'none';script-src 'self' 'wasm-unsafe-eval';style-src 'self'");
        assert_eq!(headers["content-security-policy"], "connect-src https://example.com");
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }

    #[test]
    fn settings_without_a_serve_table_are_refused() {
        assert!(headers("[build]\n").unwrap_err().contains("serve"));
    }
}
