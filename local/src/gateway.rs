//! The one port that stands for AWS: what MiniStack does well is passed through, what it lacks is added.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use http_body_util::{BodyExt, Limited};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::aws::Aws;
use crate::http::{self, Body, Cut, element, header, set};
use crate::identity::{self, Credentials};
use crate::runtime::{Answer, Error as RuntimeError, Runtimes};
use crate::sign_in::{self, Refusal, Sessions};

/// The largest request that Lambda takes, in bytes: 6 MB.
const LARGEST_REQUEST: usize = 6 * 1024 * 1024;
/// What is read of a request that is too large, so that its sender gets to read the answer; more than that is cut.
const LARGEST_DISCARDED: usize = 64 * 1024 * 1024;
/// Where the function URL is under the gateway. MiniStack knows this form too, and it needs no name that a browser must resolve.
pub(crate) const FUNCTION_URL_PATH: &str = "/_aws/lambda-url/";
/// What Cognito lets a page read of its answers.
const COGNITO_EXPOSES: &str = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";
/// The answer to whoever may not call the function URL.
const FORBIDDEN: &str = "Forbidden. For troubleshooting Function URL authorization issues, see: \
    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";

/// What a test wants to go wrong with the next request to the function URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This status, with CORS headers, instead of an answer.
    Status(u16),
    /// The connection is closed without an answer.
    Drop,
    /// The connection breaks after so many bytes of the answer.
    CutAfter(usize),
    /// The answer ends, in good order, after so many bytes.
    EndAfter(usize),
    /// Nothing more comes after so many bytes, on a connection that stays open.
    StallAfter(usize),
    /// This line comes after the first line of the answer.
    Line(String),
    /// A 403 that a page may not read.
    NoCors403,
}

/// The gateway of a [`Stack`](crate::Stack), for tests: what it has handed out, and what shall go wrong next.
#[derive(Clone, Debug)]
pub struct Gateway(pub(crate) Arc<Shared>);

impl Gateway {
    /// Its address as a browser uses it, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Every token, `Session`, secret key and session token that was handed out so far, and what the hosted UI's tokens were bought with.
    pub fn issued(&self) -> Vec<String> {
        self.0.state().issued.iter().cloned().collect()
    }

    /// From now on all access keys that were handed out so far have expired.
    pub fn expire_credentials(&self) {
        let mut state = self.0.state();
        let keys: Vec<_> = state.callers.keys().cloned().collect();
        state.expired.extend(keys);
    }

    /// The next request to the function URL that is no preflight goes wrong in this way; called again, the one after it too.
    pub fn next(&self, fault: Fault) {
        self.0.state().faults.push_back(fault);
    }

    /// Faults that no request has met are forgotten.
    pub fn forget_faults(&self) {
        self.0.state().faults.clear();
    }

    /// From now on every challenge of the user pool that was not answered yet has waited too long.
    pub fn expire_sessions(&self) {
        self.0.state().sessions.expire();
    }

    /// How often an operation was asked for by AWS's name, for example `InitiateAuth`; `InvokeFunctionUrl` is the function URL. The hosted
    /// UI's pages and endpoints go by their paths, for example `/oauth2/token`.
    pub fn requests(&self, operation: &str) -> usize {
        self.0.state().requests.get(operation).copied().unwrap_or_default()
    }
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) aws: Aws,
    /// Where MiniStack keeps the user pool's keys.
    pub(crate) keys: PathBuf,
    pub(crate) app_origin: String,
    pub(crate) user_pool: String,
    pub(crate) identity_pool: String,
    /// The app's config.json.
    pub(crate) config: Value,
    pub(crate) cors: Cors,
    pub(crate) runtimes: Runtimes,
    pub(crate) state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    issued: HashSet<String>,
    /// What `GetOpenIdToken` has handed out.
    identity_tokens: HashSet<String>,
    callers: HashMap<String, Caller>,
    expired: HashSet<String>,
    faults: VecDeque<Fault>,
    sessions: Sessions,
    requests: BTreeMap<String, usize>,
}

impl State {
    /// Remembers keys as they are handed out, and whom they stand for.
    fn hand_out(&mut self, secrets: impl Iterator<Item = String>, access_key: String, caller: Caller) {
        self.issued.extend(secrets);
        self.callers.insert(access_key, caller);
    }
}

/// Whom an access key stands for.
#[derive(Clone, Debug)]
struct Caller {
    user_arn: String,
    user_id: String,
}

/// The function URL's CORS configuration, for the answers to which MiniStack adds no headers.
#[derive(Debug)]
pub(crate) struct Cors {
    pub(crate) origins: Vec<String>,
    pub(crate) exposes: String,
}

impl Cors {
    /// Adds the headers for an allowed origin, and replaces what stands there: two of a kind make a browser refuse the answer.
    fn apply(&self, origin: &str, headers: &mut HeaderMap) {
        if self.origins.iter().any(|allowed| allowed == origin) {
            set(headers, "access-control-allow-origin", origin);
            set(headers, "access-control-expose-headers", &self.exposes);
            set(headers, "vary", "Origin");
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, so a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

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

    /// A request to one of AWS's services.
    async fn service(&self, parts: Parts, body: Bytes) -> Response<Body> {
        let target = header(&parts.headers, "x-amz-target").to_owned();
        let operation = operation(&parts, &body);
        if !operation.is_empty() {
            *self.state().requests.entry(operation.clone()).or_default() += 1;
        }
        let request = Request::from_parts(parts, body);
        let answered = match operation.as_str() {
            "GetId" | "GetOpenIdToken" | "GetCredentialsForIdentity" => self.identity(&operation, request).await,
            "AssumeRoleWithWebIdentity" => self.assume_role(request).await,
            "SignUp" => self.sign_up(request).await,
            "RespondToAuthChallenge" => self.answer(request).await,
            "InitiateAuth" | "GetTokensFromRefreshToken" | "AssociateSoftwareToken" | "VerifySoftwareToken" => {
                self.tokens(request).await
            }
            "/oauth2/authorize" => self.pass(without_own_provider(request)).await,
            "/oauth2/token" => self.oauth_tokens(request).await,
            _ => self.pass(request).await,
        };
        let mut response = answered.unwrap_or_else(|error| {
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalErrorException", &error.to_string())
        });
        if target.starts_with("AWSCognitoIdentity") {
            set(response.headers_mut(), "access-control-expose-headers", COGNITO_EXPOSES);
        }
        response
    }

    async fn pass(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        Ok(passed_on(self.aws.pass(request).await?))
    }

    /// A request to the identity pool.
    async fn identity(&self, operation: &str, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        if let Err(refusal) = identity::check(&self.aws, &self.identity_pool, operation, &input).await? {
            return Ok(refused(&refusal));
        }
        match operation {
            "GetCredentialsForIdentity" => self.credentials(request).await,
            "GetOpenIdToken" => {
                let response = self.aws.pass(request).await?;
                let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
                let mut state = self.state();
                state.issued.extend(text(&answer["Token"]));
                state.identity_tokens.extend(text(&answer["Token"]));
                Ok(passed_on(response))
            }
            _ => self.pass(request).await,
        }
    }

    async fn credentials(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        Ok(match identity::credentials(&self.aws, request).await? {
            Credentials::Refused(response) => passed_on(response),
            Credentials::NoRole(refusal) => refused(&refusal),
            Credentials::Vended(vended) => {
                let keys = &vended.body["Credentials"];
                let secrets = [&keys["SecretKey"], &keys["SessionToken"]].into_iter().filter_map(text);
                let caller = Caller { user_arn: vended.user_arn, user_id: vended.user_id };
                self.state().hand_out(secrets, vended.access_key, caller);
                let mut response = http::json(StatusCode::OK, &vended.body);
                set(response.headers_mut(), "content-type", "application/x-amz-json-1.1");
                response
            }
        })
    }

    /// `AssumeRoleWithWebIdentity`, for a token that the identity pool has handed out: MiniStack does not look at its signature.
    async fn assume_role(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        let form = String::from_utf8_lossy(request.body()).into_owned();
        let token = http::parameter(&form, "WebIdentityToken").unwrap_or_default();
        if !self.state().identity_tokens.contains(token) {
            let error = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
                <Code>InvalidIdentityToken</Code><Message>The ID Token provided is not a valid JWT. (You may see this error if you \
                sent an Access Token)</Message></Error></ErrorResponse>";
            let mut response = Response::new(http::whole(error));
            *response.status_mut() = StatusCode::BAD_REQUEST;
            set(response.headers_mut(), "content-type", "text/xml");
            return Ok(response);
        }
        let response = self.aws.pass(request).await?;
        let xml = String::from_utf8_lossy(response.body());
        let said = |name: &str| element(&xml, name).map(str::to_owned);
        if let (Some(key), Some(user_arn), Some(user_id)) = (said("AccessKeyId"), said("Arn"), said("AssumedRoleId")) {
            let secrets = ["SecretAccessKey", "SessionToken"].into_iter().filter_map(said);
            self.state().hand_out(secrets, key, Caller { user_arn, user_id });
        }
        Ok(passed_on(response))
    }

    async fn sign_up(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        match sign_in::check_sign_up(&self.user_pool().await?) {
            Ok(()) => self.pass(request).await,
            Err(refusal) => Ok(refused(&refusal)),
        }
    }

    /// `UserPool` of `DescribeUserPool`.
    async fn user_pool(&self) -> Result<Value, identity::Error> {
        let target = "AWSCognitoIdentityProviderService.DescribeUserPool";
        let mut pool = self.aws.operation("cognito-idp", target, &json!({ "UserPoolId": self.user_pool })).await?;
        Ok(pool["UserPool"].take())
    }

    /// An answer to a challenge.
    async fn answer(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        if let Some(username) = sign_in::answered_for(&self.aws, &self.user_pool, &input).await? {
            let pool = self.user_pool().await?;
            if let Err(refusal) = sign_in::check_answer(&self.state().sessions, &pool, &username, &input) {
                return Ok(refused(&refusal));
            }
        }
        let response = self.tokens(request).await?;
        // A wrong answer leaves the session open for another one.
        if response.status().is_success()
            && let Some(session) = input["Session"].as_str()
        {
            self.state().sessions.close(session);
        }
        Ok(response)
    }

    /// A request that MiniStack answers with tokens or a session.
    async fn tokens(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        let (parts, body) = self.aws.pass(request).await?.into_parts();
        let mut answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        {
            let mut state = self.state();
            state.issued.extend(text(&answer["Session"]));
            state.sessions.open(&answer);
        }
        let Some(tokens) = answer.get_mut("AuthenticationResult") else {
            return Ok(passed_on(Response::from_parts(parts, body)));
        };
        self.give_roles(tokens, ["IdToken", "AccessToken", "RefreshToken"]).await?;
        Ok(replaced(parts, &answer))
    }

    /// A request to the hosted UI's token endpoint.
    async fn oauth_tokens(&self, request: Request<Bytes>) -> Result<Response<Body>, identity::Error> {
        let form = String::from_utf8_lossy(request.body()).into_owned();
        let paid = ["code", "code_verifier"].into_iter().filter_map(|name| http::parameter(&form, name));
        self.state().issued.extend(paid.map(str::to_owned));
        let (parts, body) = self.aws.pass(request).await?.into_parts();
        let Ok(mut answer) = serde_json::from_slice::<Value>(&body) else {
            return Ok(passed_on(Response::from_parts(parts, body)));
        };
        self.give_roles(&mut answer, ["id_token", "access_token", "refresh_token"]).await?;
        Ok(replaced(parts, &answer))
    }

    /// Gives the ID token, the first by name, its roles, and remembers all tokens.
    async fn give_roles(&self, tokens: &mut Value, names: [&str; 3]) -> Result<(), identity::Error> {
        if let Some(id_token) = tokens[names[0]].as_str() {
            tokens[names[0]] = identity::with_roles(&self.aws, &self.keys, id_token).await?.into();
        }
        self.state().issued.extend(names.into_iter().filter_map(|name| text(&tokens[name])));
        Ok(())
    }

    /// A request to the function URL: checked, judged by MiniStack, answered by the function.
    async fn function_url(&self, parts: Parts, body: Bytes) -> Result<Response<Body>, Cut> {
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
                return Ok(refuse(status, error, "The local AWS was asked to answer so."));
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
            // AWS says no more to the caller than this; the reason is in the function's log.
            Err(_) => refuse(StatusCode::BAD_GATEWAY, "InternalServerErrorException", "Internal Server Error"),
        };
        set(response.headers_mut(), "x-amzn-requestid", &id);
        set(response.headers_mut(), "x-amzn-trace-id", &trace);
        Ok(response)
    }
}

/// What is asked for, by AWS's name: of services that speak JSON, of STS, or of the hosted UI by its path. Empty if it is anything else.
fn operation(parts: &Parts, body: &Bytes) -> String {
    let path = parts.uri.path();
    let target = header(&parts.headers, "x-amz-target");
    if path.starts_with("/oauth2/") || matches!(path, "/login" | "/logout") {
        return path.to_owned();
    }
    if !target.is_empty() {
        return target.rsplit('.').next().unwrap_or_default().to_owned();
    }
    let is_form = header(&parts.headers, "content-type").starts_with("application/x-www-form-urlencoded");
    let form = if is_form { str::from_utf8(body).unwrap_or_default() } else { "" };
    http::parameter(form, "Action").unwrap_or_default().to_owned()
}

/// A request to authorize, without `identity_provider=COGNITO`: that is the pool itself, which MiniStack has only by not being told.
fn without_own_provider(mut request: Request<Bytes>) -> Request<Bytes> {
    let query = request.uri().query().unwrap_or_default();
    let kept: Vec<_> = query.split('&').filter(|pair| *pair != "identity_provider=COGNITO").collect();
    if let Ok(uri) = format!("{}?{}", request.uri().path(), kept.join("&")).parse() {
        *request.uri_mut() = uri;
    }
    request
}

/// MiniStack's answer with another body.
fn replaced(mut parts: hyper::http::response::Parts, answer: &Value) -> Response<Body> {
    parts.headers.remove(CONTENT_LENGTH);
    passed_on(Response::from_parts(parts, answer.to_string().into()))
}

/// Marks, on its way out of here, an answer that gets no CORS headers.
const UNREADABLE: HeaderName = HeaderName::from_static("signet-unreadable");

/// The whole body, or `None` if it is too large.
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

/// The access key of a request, if what MiniStack does not look at is right: the scope, the body's hash, and that the key is nobody's
/// who needs no secret. A request without a signature is left to MiniStack.
fn signer(headers: &HeaderMap, region: &str, body: &Bytes) -> Result<String, (&'static str, String)> {
    let invalid = |message: String| Err(("InvalidSignatureException", message));
    let authorization = header(headers, "authorization");
    let credential = authorization.split([' ', ',']).find_map(|part| part.strip_prefix("Credential="));
    let Some(credential) = credential else { return Ok(String::new()) };
    let scope: Vec<_> = credential.split('/').collect();
    let [key, _, signed_region, service, _] = scope[..] else { return Ok(String::new()) };
    if key.len() != 20 || !(key.starts_with("ASIA") || key.starts_with("AKIA")) {
        // MiniStack takes `test` and account numbers for root, whatever their signature.
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

/// MiniStack's refusal, in the words of AWS: a 403 of the policy says nothing of who asked for what.
fn denied(judged: Response<Bytes>) -> Response<Body> {
    let error: Value = serde_json::from_slice(judged.body()).unwrap_or_default();
    let kind = text(&error["__type"]).unwrap_or_default();
    let kind = kind.rsplit('#').next().unwrap_or_default();
    let id = header(judged.headers(), "x-amzn-requestid").to_owned();
    let mut response = match kind {
        _ if judged.status() != StatusCode::FORBIDDEN => passed_on(judged),
        "" | "AccessDenied" | "AccessDeniedException" => {
            refuse(StatusCode::FORBIDDEN, "AccessDeniedException", FORBIDDEN)
        }
        kind => refuse(StatusCode::FORBIDDEN, kind, &text(&error["message"]).unwrap_or_default()),
    };
    set(response.headers_mut(), "x-amzn-requestid", &id);
    response
}

/// The event with the caller in it, which MiniStack leaves out.
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

/// The function's answer, as it comes.
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

/// A streamed body, with the fault that a test has asked for.
struct Chunks {
    body: mpsc::Receiver<Option<Bytes>>,
    fault: Option<Fault>,
    passed: usize,
    cut: bool,
}

impl Chunks {
    /// Breaks the connection off, once what was sent before is out: hyper writes it when it hears that there is no more for now.
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
            // Nobody wakes this again: hyper drops it when the page closes the connection.
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

/// An answer of MiniStack's, its framing left to us.
fn passed_on(response: Response<Bytes>) -> Response<Body> {
    let mut response = response.map(http::whole);
    response.headers_mut().remove(TRANSFER_ENCODING);
    response.headers_mut().remove("connection");
    response
}

/// A 400 in AWS's form.
fn refused((error, message): &Refusal) -> Response<Body> {
    refuse(StatusCode::BAD_REQUEST, error, message)
}

/// An error in AWS's form: the name in a header, the message in the body. Function URLs write `Message`, everybody else `message`.
fn refuse(status: StatusCode, error: &str, message: &str) -> Response<Body> {
    let name = if error == "AccessDeniedException" { "Message" } else { "message" };
    let mut response = http::json(status, &json!({ "__type": error, name: message }));
    set(response.headers_mut(), "x-amzn-errortype", error);
    response
}

fn request_id() -> String {
    let mut bytes = [0; 16];
    // Without randomness there is no unique id, and an id is all that is lost.
    let _ = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
    let hex = hex(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
