//! A Cognito that plays a script: what the laptop's AWS cannot do, checked request by request in the real browser.
//!
//! One server on 127.0.0.1 is the user pool's API, the identity pool's, STS, the hosted UI and a function URL. A [`Script`] is a table of
//! expected requests and their answers. A request must come in order and be exactly what is expected: method, headers, every field and no
//! other. A difference is answered 400 and told by [`Cognito::finish`].
//!
//! ```ignore
//! let ann = Person::new("ann@example.com", "Right horse 7!");
//! let script = Script::new()
//!     .initiate("USER_AUTH", json!({ "USERNAME": ann.username }))
//!     .answer(json!({ "ChallengeName": "SELECT_CHALLENGE", "Session": fresh(), "AvailableChallenges": ["EMAIL_OTP", "WEB_AUTHN"] }))
//!     .respond("SELECT_CHALLENGE", json!({ "USERNAME": ann.username, "ANSWER": "EMAIL_OTP" }))
//!     .challenge("EMAIL_OTP", json!({ "CODE_DELIVERY_DESTINATION": "a***@e***" }))
//!     .respond("EMAIL_OTP", json!({ "USERNAME": ann.username, "EMAIL_OTP_CODE": "739105" }))
//!     .refuse(400, "CodeMismatchException", "Invalid code or auth state for the user.")
//!     .respond("EMAIL_OTP", json!({ "USERNAME": ann.username, "EMAIL_OTP_CODE": "739106" }))
//!     .tokens(json!({ "email": ann.username }))
//!     .identity_pool()
//!     .ask("Hello?").stream(&["Hello, ", "Ann."]);
//! let cognito = Cognito::start(stage.origin(), script).await?;
//! stage.open(browser, &cognito.config()).await?;
//! // … what the person does …
//! cognito.finish().await
//! ```

mod aws;
mod play;
mod script;
mod srp;
mod time;
mod tokens;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value as Json, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

pub use script::{CLIENT, IDENTITY, IDENTITY_POOL, Pending, Person, Script};
pub use signet_local::totp_code as totp;
pub use tokens::Tokens;

use crate::Error;
use play::{Arrived, Play, Reply};
use script::{Stream, Then};

/// How long a request may take that the app sends without waiting for it, such as `RevokeToken`.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// Any text but the empty one.
pub fn any() -> Json {
    json!({ "$": "any" })
}

/// Any text but the empty one, kept under a name.
pub fn capture(name: &str) -> Json {
    json!({ "$": "capture", "name": name })
}

/// In a request, the text that was kept under a name; in an answer or a claim, the same. Besides those of [`capture`],
/// [`Pending::redirect_back`] keeps `code`, `redirect_uri` and `code_challenge`.
pub fn captured(name: &str) -> Json {
    json!({ "$": "captured", "name": name })
}

/// One of these values.
pub fn one_of(values: &[&str]) -> Json {
    json!({ "$": "one of", "values": values })
}

/// In an answer: a new random text of 40 characters, such as a `Session`.
pub fn fresh() -> Json {
    json!({ "$": "fresh" })
}

/// In an answer: a new random text, kept under a name.
pub fn capture_fresh(name: &str) -> Json {
    json!({ "$": "capture fresh", "name": name })
}

/// The `Session` that was given last.
pub fn session() -> Json {
    json!({ "$": "session" })
}

/// The ID token that was issued last.
pub fn id_token() -> Json {
    json!({ "$": "id token" })
}

/// The access token that was issued last.
pub fn access_token() -> Json {
    json!({ "$": "access token" })
}

/// The refresh token that was issued last.
pub fn refresh_token() -> Json {
    json!({ "$": "refresh token" })
}

/// `SRP_A`: 1 to 768 hexadecimal digits, not 0 modulo N; kept for the answer.
pub fn srp_a() -> Json {
    json!({ "$": "SRP_A" })
}

/// `PASSWORD_CLAIM_SECRET_BLOCK`: the last challenge's.
pub fn secret_block() -> Json {
    json!({ "$": "secret block" })
}

/// `PASSWORD_CLAIM_SIGNATURE` of the right password, with the `TIMESTAMP` beside it.
pub fn password_claim() -> Json {
    json!({ "$": "password claim" })
}

/// `PASSWORD_CLAIM_SIGNATURE`, well formed, of a wrong password.
pub fn wrong_password_claim() -> Json {
    json!({ "$": "wrong password claim" })
}

/// `TIMESTAMP`: `EEE MMM d HH:mm:ss UTC yyyy`, within a day of the real time.
pub fn timestamp() -> Json {
    json!({ "$": "timestamp" })
}

/// The key of the device that tokens named last.
pub fn device_key() -> Json {
    json!({ "$": "device key" })
}

/// `Salt` of `DeviceSecretVerifierConfig`: base64, padded as Java pads a positive number.
pub fn device_salt() -> Json {
    json!({ "$": "device salt" })
}

/// `PasswordVerifier` of `DeviceSecretVerifierConfig`, with the `Salt` beside it; both are kept for the device's proof.
pub fn device_verifier() -> Json {
    json!({ "$": "device verifier" })
}

/// The code that an authenticator app with this secret (base32) shows now, half a minute ago or in half a minute.
pub fn totp_code(secret: &str) -> Json {
    json!({ "$": "totp", "secret": secret })
}

/// `code_verifier` (RFC 7636): the one that the `code_challenge` at `/oauth2/authorize` was made of.
pub fn code_verifier() -> Json {
    json!({ "$": "code verifier" })
}

/// The server, until it is dropped.
#[derive(Debug)]
pub struct Cognito {
    shared: Arc<Shared>,
    base: String,
    told: std::sync::atomic::AtomicBool,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    /// The app's origin.
    origin: String,
    play: Mutex<Play>,
    taken: Notify,
    broken: Notify,
}

impl Shared {
    fn play(&self) -> MutexGuard<'_, Play> {
        self.play.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cognito {
    /// Plays `script` for the app at `app_origin`, on a free port.
    pub async fn start(app_origin: &str, script: Script) -> Result<Self, Error> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let play = Mutex::new(Play::new(app_origin.to_owned(), script));
        let shared =
            Arc::new(Shared { origin: app_origin.to_owned(), play, taken: Notify::new(), broken: Notify::new() });
        let server = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Ok(Self { shared, base, told: false.into(), server })
    }

    /// Signet's own config.json with every address at this server; a test adds what it needs.
    pub fn config(&self) -> Json {
        let at = |path: &str| format!("{}/{path}/", self.base);
        json!({
            "name": "Scripted", "region": aws::REGION, "userPoolId": script::USER_POOL, "userPoolClientId": CLIENT,
            "identityPoolId": IDENTITY_POOL, "functionUrl": at("function"), "userPoolEndpoint": at("user-pool"),
            "identityPoolEndpoint": at("identity-pool"), "stsEndpoint": at("sts"),
        })
    }

    /// Where the hosted UI is, without a slash at the end: `/oauth2/authorize`, `/oauth2/token` and `/logout` are below, and a `tokenUrl` at
    /// `/developer/token`.
    pub fn hosted_ui(&self) -> &str {
        &self.base
    }

    /// Every request that came, by the operation's name, with its body or its parameters.
    pub fn requests(&self) -> Vec<(String, Json)> {
        self.shared.play().requests.clone()
    }

    /// Every token, session, password, code and key that passed or that a proof was of. Texts of less than six characters are left out: they
    /// would be found anywhere.
    pub fn secrets(&self) -> Vec<String> {
        self.shared.play().secrets.iter().cloned().collect()
    }

    /// Waits a moment for requests that the app sends without waiting for them.
    ///
    /// # Errors
    /// A request was not as the script expects it, or did not come.
    pub async fn finish(&self) -> Result<(), Error> {
        self.finish_within(LAST_REQUESTS).await
    }

    /// Breaks the connection of a [`Pending::stream_breaks`].
    pub fn break_connection(&self) {
        self.shared.broken.notify_one();
    }

    async fn finish_within(&self, limit: Duration) -> Result<(), Error> {
        // That it takes too long is not what to tell: what is missing is.
        let _ = tokio::time::timeout(limit, async {
            loop {
                let taken = self.shared.taken.notified();
                if self.shared.play().is_over() {
                    return;
                }
                taken.await;
            }
        })
        .await;
        self.told.store(true, std::sync::atomic::Ordering::Relaxed);
        self.shared.play().verdict().map_err(Error::Script)
    }
}

impl Drop for Cognito {
    fn drop(&mut self) {
        self.server.abort();
        // A test that failed at the page before it came to finish() has its reason here.
        if !self.told.load(std::sync::atomic::Ordering::Relaxed)
            && let Err(why) = self.shared.play().verdict()
        {
            eprintln!("the scripted Cognito: {why}");
        }
    }
}

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, Cut>;

/// Ends the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("The connection was cut.")]
struct Cut;

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        // What accept reports is about one connection that failed before it was ours.
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(move |request| handle(Arc::clone(&shared), request));
            // One request a connection: Chromium sends again by itself what got no answer on a connection that it used before.
            let connection = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
            // An error here is a peer that went away, or a Cut that is meant.
            let _ = connection.await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn handle(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = request.into_parts();
    match parts.method.as_str() {
        "OPTIONS" => return Ok(preflight(&shared, &parts)),
        // The app asks whether anything answers here at all.
        "HEAD" if shared.play().is_down => return Err(Cut),
        "HEAD" => return Ok(response(StatusCode::OK)),
        _ => {}
    }
    let with_cookies = parts.uri.path() == play::TOKEN_URL;
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes().to_vec();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let arrived = Arrived { method: parts.method.to_string(), target, headers: parts.headers, body };
    let reply = shared.play().take(&arrived);
    shared.taken.notify_waiters();
    let (status, headers, stream) = match reply {
        Reply::Send { status, headers, body } => {
            let pieces = body.into_iter().map(String::into_bytes).collect();
            (status, headers, Stream { kind: "", pieces, then: Then::Ends })
        }
        Reply::Stream(stream) => (200, vec![("content-type", stream.kind.to_owned())], stream),
        Reply::Drop => return Err(Cut),
        Reply::Hold => std::future::pending().await,
    };
    let mut response = Response::new(body_of(stream, Arc::clone(&shared)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    for (name, value) in headers {
        set(&mut response, name, &value);
    }
    let id = format!("{:032x}", u128::from_be_bytes(random()));
    set(
        &mut response,
        "x-amzn-requestid",
        &format!("{}-{}-{}-{}-{}", &id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]),
    );
    set(&mut response, "access-control-expose-headers", "x-amzn-requestid,x-amzn-errortype");
    allow(&mut response, &shared.origin);
    if with_cookies {
        set(&mut response, "access-control-allow-credentials", "true");
    }
    Ok(response)
}

/// As AWS answers it for an origin that may call; another origin or header is the app's mistake.
fn preflight(shared: &Shared, parts: &hyper::http::request::Parts) -> Response<Body> {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let allowed: &[&str] = match parts.uri.path() {
        "/user-pool/" | "/identity-pool/" => &["cache-control", "content-type", "x-amz-target"],
        "/function/" | "/sts/" => &["authorization", "content-type", "x-amz-date", "x-amz-security-token"],
        "/oauth2/token" => &["cache-control", "content-type"],
        _ => &[],
    };
    let (origin, method) = (header("origin"), header("access-control-request-method"));
    let asked = header("access-control-request-headers");
    let unknown = asked.split(',').map(str::trim).find(|name| !name.is_empty() && !allowed.contains(name));
    if origin != shared.origin || method != "POST" || unknown.is_some() {
        let path = parts.uri.path();
        shared.play().fail(format!("the preflight of {path} asks for {method} with {asked:?} from {origin:?}"));
        shared.taken.notify_waiters();
        return response(StatusCode::FORBIDDEN);
    }
    let mut response = response(StatusCode::NO_CONTENT);
    set(&mut response, "access-control-allow-methods", "POST");
    set(&mut response, "access-control-allow-headers", &allowed.join(","));
    allow(&mut response, &shared.origin);
    response
}

fn response(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response
}

fn body_of(Stream { pieces, then, .. }: Stream, shared: Arc<Shared>) -> Body {
    // Each for itself, a moment after the one before: what comes at once is shown at once, and proves nothing of what is shown between.
    let piece = async |piece: Vec<u8>| {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(Frame::data(Bytes::from(piece)))
    };
    let last = async move {
        tokio::task::yield_now().await;
        match then {
            Then::Ends => Ok(Frame::data(Bytes::new())),
            Then::Breaks => {
                shared.broken.notified().await;
                Err(Cut)
            }
            Then::Holds => std::future::pending().await,
        }
    };
    StreamBody::new(stream::iter(pieces).then(piece).chain(stream::once(last))).boxed_unsync()
}

fn allow(response: &mut Response<Body>, origin: &str) {
    set(response, "access-control-allow-origin", origin);
    set(response, "vary", "Origin");
}

fn set(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// From the machine's own source.
pub(crate) fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes).expect("the machine has randomness");
    bytes
}

/// 40 characters of base64url.
fn random_text() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(random::<30>())
}

#[cfg(test)]
mod tests;
