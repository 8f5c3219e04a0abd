//! The local AWS as the app meets it: MiniStack judges who may ask, and an answer comes while the function still speaks.

// What fails here is a test that fails, with its line.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use signet::core::config::Config;
use signet::core::sign::{Scope, sign};
use signet_cognito::{self as cognito, Entropy, Ephemeral, IdToken, Keys, Login, Secret, SrpChallenge, UnixMillis};
use signet_local::{App, AppError, Fault, Options, Port, Stack, User};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

#[path = "stack/ways_in.rs"]
mod ways_in;

const ORIGIN: &str = "http://localhost:8080";
/// The largest body that Lambda takes.
const SIX_MB: usize = 6 * 1024 * 1024;

/// One stack for all tests, which run beside one another. It ends with the process.
struct Shared {
    runtime: Runtime,
    stack: Stack,
    config: Config,
}

/// A test: `what` gets the stack. Faults are for the next request whoever sends it, so tests that set one have a stack of their own.
fn test(what: impl AsyncFnOnce(&Stack, &Config)) {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let runtime = Runtime::new().unwrap();
        let stack = runtime.block_on(start(function()));
        let config = Config::from_json(stack.config().to_string().as_bytes()).unwrap();
        Shared { runtime, stack, config }
    });
    shared.runtime.block_on(what(&shared.stack, &shared.config));
}

async fn start(bootstrap: PathBuf) -> Stack {
    Stack::start(Options { gateway: 0, app_origin: ORIGIN.into(), bootstrap }, |_| {}).await.unwrap()
}

fn function() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/function.py")
}

fn now() -> UnixMillis {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    UnixMillis(i64::try_from(millis).unwrap())
}

fn alice(stack: &Stack) -> User {
    stack.users().into_iter().find(|user| user.in_group).unwrap()
}

fn bob(stack: &Stack) -> User {
    stack.users().into_iter().find(|user| !user.in_group).unwrap()
}

/// Sends what the app would send, as a page of `origin` would.
async fn send_from(origin: &str, request: signet_cognito::http::Request) -> Response<Incoming> {
    let mut sent = Request::builder().method(request.method).uri(&request.url).header("origin", origin);
    for (name, value) in &request.headers {
        sent = sent.header(name, value);
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    client.request(sent.body(Full::new(Bytes::from(request.body.clone()))).unwrap()).await.unwrap()
}

async fn send(request: signet_cognito::http::Request) -> Response<Incoming> {
    send_from(ORIGIN, request).await
}

/// A whole response, as the app's pure modules read it.
async fn fetch(request: signet_cognito::http::Request) -> signet_cognito::http::Response {
    let response = send(request).await;
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let head = signet_cognito::http::Head {
        status: response.status().as_u16(),
        request_id: header("x-amzn-requestid"),
        error_type: header("x-amzn-errortype"),
        retry_after: None,
    };
    let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
    signet_cognito::http::Response { head, body }
}

/// Proves the password by SRP. What the user pool then says: tokens, the next challenge, or an error, as it stands in the answer.
async fn prove_password(config: &Config, username: &str, password: &str) -> Value {
    let pool = config.user_pool.as_ref().unwrap();
    let ephemeral = Ephemeral::new(&Entropy([7; 32])).unwrap();
    let parameters = json!({ "USERNAME": username, "SRP_A": ephemeral.srp_a() });
    let answer = idp(config, "InitiateAuth", srp(config, &parameters)).await;
    if answer["ChallengeName"] != "PASSWORD_VERIFIER" {
        return answer;
    }
    let asked = |name: &str| answer["ChallengeParameters"][name].as_str().unwrap();
    let challenge = SrpChallenge {
        user_id: asked("USER_ID_FOR_SRP"),
        salt: asked("SALT"),
        srp_b: asked("SRP_B"),
        secret_block: asked("SECRET_BLOCK"),
    };
    let timestamp = now().srp_timestamp();
    let signature = ephemeral.password_claim_signature(pool.api.name(), challenge, password, &timestamp).unwrap();
    let responses = json!({
        "USERNAME": challenge.user_id,
        "PASSWORD_CLAIM_SECRET_BLOCK": challenge.secret_block,
        "PASSWORD_CLAIM_SIGNATURE": signature,
        "TIMESTAMP": timestamp,
    });
    respond(config, "PASSWORD_VERIFIER", None, &responses).await
}

/// The input of `InitiateAuth`.
fn srp(config: &Config, parameters: &Value) -> Value {
    let client = &config.user_pool.as_ref().unwrap().api.client_id;
    json!({ "ClientId": client, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters })
}

/// `RespondToAuthChallenge`.
async fn respond(config: &Config, challenge: &str, session: Option<&Value>, responses: &Value) -> Value {
    let pool = config.user_pool.as_ref().unwrap();
    let mut input =
        json!({ "ClientId": pool.api.client_id, "ChallengeName": challenge, "ChallengeResponses": responses });
    if let Some(session) = session {
        input["Session"] = session.clone();
    }
    idp(config, "RespondToAuthChallenge", input).await
}

/// An operation of the user pool, as a browser calls it; what it answers, whether it is an error or not.
async fn idp(config: &Config, operation: &str, input: Value) -> Value {
    let endpoint = &config.user_pool.as_ref().unwrap().api.endpoint;
    call(endpoint, &format!("AWSCognitoIdentityProviderService.{operation}"), input).await
}

async fn call(endpoint: &str, target: &str, input: Value) -> Value {
    let body = fetch(operation(endpoint, target, &input)).await.body;
    if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() }
}

fn operation(endpoint: &str, target: &str, input: &Value) -> signet_cognito::http::Request {
    let headers =
        vec![("content-type".into(), "application/x-amz-json-1.1".into()), ("x-amz-target".into(), target.into())];
    signet_cognito::http::Request {
        method: "POST",
        url: endpoint.into(),
        headers,
        body: input.to_string().into_bytes(),
        cookies: false,
    }
}

/// The ID token of an answer with tokens.
fn id_token(answer: &Value) -> IdToken {
    let token = answer["AuthenticationResult"]["IdToken"].as_str().unwrap_or_else(|| panic!("no tokens: {answer}"));
    IdToken::parse(Secret::new(token.to_owned())).unwrap()
}

/// The name of an error, empty if it is none.
fn error(answer: &Value) -> &str {
    answer["__type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default()
}

async fn token_of(config: &Config, user: User) -> IdToken {
    id_token(&prove_password(config, user.username, user.password).await)
}

async fn keys_of(config: &Config, user: User) -> Keys {
    keys_for(config, &token_of(config, user).await).await
}

/// What the identity pool is shown.
fn login(token: &IdToken) -> Login {
    Login { key: token.issuer.clone(), token: token.raw().clone() }
}

async fn keys_for(config: &Config, token: &IdToken) -> Keys {
    let pool = &config.identity_pool.api;
    let login = login(token);
    let identity = cognito::read_identity_id(fetch(cognito::get_id(pool, Some(&login))).await).unwrap();
    let reply = fetch(cognito::get_credentials_for_identity(pool, &identity, Some(&login))).await;
    cognito::read_credentials(reply).unwrap().0
}

fn ask(config: &Config, prompt: &str) -> signet_cognito::http::Request {
    signet_cognito::http::Request {
        method: "POST",
        url: config.function_url.clone(),
        headers: vec![("content-type".into(), "application/json".into())],
        body: json!({ "prompt": prompt, "use_case": "balanced" }).to_string().into_bytes(),
        cookies: false,
    }
}

fn signed(config: &Config, request: signet_cognito::http::Request, keys: &Keys) -> signet_cognito::http::Request {
    sign(request, keys, Scope { region: &config.function_region, service: "lambda" }, now()).unwrap()
}

/// The end of an answer, whole.
async fn whole(response: Response<Incoming>) -> Result<String, hyper::Error> {
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().to_vec()).unwrap())
}

/// What the next chunk of an answer holds.
async fn chunk(body: &mut Incoming) -> Option<Result<Bytes, hyper::Error>> {
    Some(body.frame().await?.map(|frame| frame.into_data().unwrap()))
}

/// That a page of the app may read this answer, and what it says.
async fn readable(response: Response<Incoming>, status: StatusCode, error: &str) -> Value {
    assert_eq!(response.status(), status);
    let headers = response.headers().clone();
    let body: Value = serde_json::from_str(&whole(response).await.unwrap()).unwrap();
    assert_eq!(headers["x-amzn-errortype"], error, "{body}");
    let allowed: Vec<_> = headers.get_all("access-control-allow-origin").iter().collect();
    assert_eq!(allowed, [ORIGIN]);
    assert!(headers["access-control-expose-headers"].to_str().unwrap().contains("x-amzn-requestid"));
    assert_eq!(headers.get_all("x-amzn-requestid").iter().count(), 1);
    body
}

/// The test's end of the connection to `function.py`.
struct Function {
    event: Value,
    lines: tokio::io::Lines<BufReader<OwnedReadHalf>>,
    commands: OwnedWriteHalf,
}

/// Where the function finds the test.
struct Prompt(TcpListener, String);

impl Prompt {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        Self(listener, address)
    }

    /// Waits until the function has its event. A request that does not get there must fail the test, not hang it.
    async fn function(&self) -> Function {
        let connected = tokio::time::timeout(Duration::from_mins(1), self.0.accept()).await;
        let (stream, _) = connected.expect("the function did not get the prompt").unwrap();
        let (lines, commands) = stream.into_split();
        let mut lines = BufReader::new(lines).lines();
        let event = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
        Function { event, lines, commands }
    }
}

impl Function {
    async fn tell(&mut self, command: &str) {
        self.commands.write_all(format!("{command}\n").as_bytes()).await.unwrap();
    }

    async fn has_done(&mut self, command: &str) {
        assert_eq!(self.lines.next_line().await.unwrap().as_deref(), Some(command));
    }

    async fn say(&mut self, text: &str) {
        self.tell(&format!("say {}", Value::from(text))).await;
        self.has_done("say").await;
    }
}

#[test]
fn an_answer_comes_while_the_function_still_speaks() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let speak = async {
            let mut function = prompt.function().await;
            function.say("one").await;
            function
        };
        let (response, mut function) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), speak);
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        let origins: Vec<_> = headers.get_all("access-control-allow-origin").iter().collect();
        assert_eq!(origins, [ORIGIN], "once, though the function has sent one of its own");
        let mut body = response.into_body();
        assert_eq!(chunk(&mut body).await.unwrap().unwrap(), "one");
        // Each is said only after the one before it has arrived here.
        for text in ["two", "three ü"] {
            function.say(text).await;
            assert_eq!(chunk(&mut body).await.unwrap().unwrap(), text);
        }
        function.tell("end").await;
        function.has_done("end").await;
        assert!(chunk(&mut body).await.is_none());
    });
}

#[test]
fn typed_events_and_keep_alives_come_while_the_function_still_speaks() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let start = "data: {\"type\":\"start\",\"model\":\"m\",\"contextBytes\":32768}\n\n";
        // The header is not under the signature: a browser adds it to what the app has signed.
        let mut request = signed(config, ask(config, &prompt.1), &keys);
        request.headers.push(("accept".into(), "text/event-stream".into()));
        let speak = async {
            let mut function = prompt.function().await;
            function.say(": keep-alive\n\n").await;
            function
        };
        let (response, mut function) = tokio::join!(send(request), speak);
        assert_eq!(function.event["headers"]["accept"], "text/event-stream");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        let origins: Vec<_> = response.headers().get_all("access-control-allow-origin").iter().collect();
        assert_eq!(origins, [ORIGIN]);
        let mut body = response.into_body();
        assert_eq!(chunk(&mut body).await.unwrap().unwrap(), ": keep-alive\n\n");
        // Each is said only after the one before it has arrived here; half an event does not wait for its end.
        for text in [
            start,
            ": keep-alive\n\n",
            "data: {\"type\":\"text\",\"te",
            "xt\":\"ü\"}\n\n",
            "data: {\"type\":\"end\"}\n\n",
        ] {
            function.say(text).await;
            assert_eq!(chunk(&mut body).await.unwrap().unwrap(), text);
        }
        function.tell("end").await;
        function.has_done("end").await;
        assert!(chunk(&mut body).await.is_none());
    });
}

#[test]
fn the_event_says_who_called() {
    test(async |stack, config| {
        let token = token_of(config, alice(stack)).await;
        let role = token.role_name().expect("the token names the group's role");
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let request = send(signed(config, ask(config, &prompt.1), &keys));
        let speak = async {
            let mut function = prompt.function().await;
            function.tell("end").await;
            function.event
        };
        let (response, event) = tokio::join!(request, speak);
        let caller = &event["requestContext"]["authorizer"]["iam"];
        assert_eq!(caller["accessKey"], keys.access_key_id);
        assert_eq!(caller["accountId"], "000000000000");
        let arn = format!("arn:aws:sts::000000000000:assumed-role/{role}/CognitoIdentityCredentials");
        assert_eq!(caller["userArn"], arn);
        assert!(caller["userId"].as_str().unwrap().ends_with(":CognitoIdentityCredentials"));
        assert_eq!(event["requestContext"]["requestId"], response.headers()["x-amzn-requestid"].to_str().unwrap());
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
    });
}

#[test]
fn somebody_outside_the_group_has_a_role_without_rights() {
    test(async |stack, config| {
        assert_eq!(token_of(config, bob(stack)).await.role, None);
        let keys = keys_of(config, bob(stack)).await;
        let body = readable(
            send(signed(config, ask(config, "x"), &keys)).await,
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
        )
        .await;
        assert!(body["Message"].as_str().unwrap().starts_with("Forbidden."));
    });
}

#[test]
fn what_is_not_signed_as_it_should_be_is_refused() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let refused = async |request, error| readable(send(request).await, StatusCode::FORBIDDEN, error).await;
        let good = || signed(config, ask(config, "x"), &keys);

        let mut tampered = good();
        tampered.body = b"{\"prompt\":\"y\"}".to_vec();
        refused(tampered, "InvalidSignatureException").await;

        let mut tampered = ask(config, "x");
        tampered.headers.push(("x-amz-content-sha256".into(), "0".repeat(64)));
        refused(signed(config, tampered, &keys), "InvalidSignatureException").await;

        let wrong = Keys { secret_access_key: Secret::new("wrong".into()), ..keys.clone() };
        refused(signed(config, ask(config, "x"), &wrong), "InvalidSignatureException").await;

        let wrong = Keys { session_token: Secret::new("wrong".into()), ..keys.clone() };
        refused(signed(config, ask(config, "x"), &wrong), "UnrecognizedClientException").await;

        for (region, service) in [("us-east-1", "lambda"), (config.function_region.as_str(), "execute-api")] {
            let request = sign(ask(config, "x"), &keys, Scope { region, service }, now()).unwrap();
            let body = refused(request, "InvalidSignatureException").await;
            assert!(body["message"].as_str().unwrap().starts_with("Credential should be scoped to"));
        }

        for (minutes, says) in [(-6, "Signature expired"), (6, "Signature not yet current")] {
            let scope = Scope { region: &config.function_region, service: "lambda" };
            let request = sign(ask(config, "x"), &keys, scope, now().plus(minutes * 60_000)).unwrap();
            let body = refused(request, "InvalidSignatureException").await;
            assert!(body["message"].as_str().unwrap().starts_with(says), "{body}");
        }

        // MiniStack's root needs no secret, so nobody may come as root.
        let root = Keys { access_key_id: "test".into(), ..keys.clone() };
        refused(signed(config, ask(config, "x"), &root), "UnrecognizedClientException").await;

        refused(ask(config, "x"), "AccessDeniedException").await;
    });
}

#[test]
fn a_page_of_another_origin_may_read_nothing() {
    test(async |stack, config| {
        let keys = keys_of(config, bob(stack)).await;
        let response = send_from("http://localhost:8081", signed(config, ask(config, "x"), &keys)).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    });
}

#[test]
fn preflights_are_answered_as_aws_answers_them() {
    test(async |stack, config| {
        let preflight = async |url: &str, origin: &str| {
            let request = Request::builder().method(Method::OPTIONS).uri(url).header("origin", origin);
            let request =
                request.header("access-control-request-method", "POST").body(Full::new(Bytes::new())).unwrap();
            let response = Client::builder(TokioExecutor::new()).build_http().request(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            response.headers().clone()
        };
        let headers = preflight(&config.function_url, ORIGIN).await;
        assert_eq!(headers["access-control-allow-origin"], ORIGIN);
        for name in ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "content-type"] {
            assert!(headers["access-control-allow-headers"].to_str().unwrap().contains(name), "{name}");
        }
        assert!(
            !preflight(&config.function_url, "http://localhost:8081").await.contains_key("access-control-allow-origin")
        );
        let headers = preflight(stack.gateway().url(), "https://anywhere.example").await;
        assert_eq!(headers["access-control-allow-origin"], "*");
    });
}

#[test]
fn cognito_refuses_wrong_password_and_unknown_user_alike_and_readably() {
    test(async |stack, config| {
        let wrong = prove_password(config, alice(stack).username, "wrong").await;
        let unknown = prove_password(config, "nobody@example.com", "wrong").await;
        assert_eq!((&wrong["__type"], &wrong["message"]), (&unknown["__type"], &unknown["message"]));
        assert_eq!(error(&unknown), "NotAuthorizedException");
        let endpoint = &config.user_pool.as_ref().unwrap().api.endpoint;
        let nobody = srp(config, &json!({ "USERNAME": "nobody@example.com", "SRP_A": "1" }));
        let target = "AWSCognitoIdentityProviderService.InitiateAuth";
        let response = send(operation(endpoint, target, &nobody)).await;
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], "*");
        let exposed = headers["access-control-expose-headers"].to_str().unwrap().to_lowercase();
        assert!(exposed.contains("x-amzn-errortype") && exposed.contains("x-amzn-requestid"));
        assert!(headers.contains_key("x-amzn-requestid"));
    });
}

#[test]
fn a_role_that_is_not_ones_own_is_refused() {
    test(async |stack, config| {
        let role = token_of(config, alice(stack)).await.role.unwrap();
        let credentials = async |user: User| {
            let token = token_of(config, user).await;
            let identity = cognito::read_identity_id(
                fetch(cognito::get_id(&config.identity_pool.api, Some(&login(&token)))).await,
            )
            .unwrap();
            let mut request =
                cognito::get_credentials_for_identity(&config.identity_pool.api, &identity, Some(&login(&token)));
            let mut body: Value = serde_json::from_slice(&request.body).unwrap();
            body["CustomRoleArn"] = role.clone().into();
            request.body = body.to_string().into_bytes();
            cognito::read_credentials(fetch(request).await)
        };
        assert!(credentials(alice(stack)).await.is_ok());
        let refused = credentials(bob(stack)).await.unwrap_err();
        let cognito::CognitoError::Service(refused) = refused else { panic!("{refused:?}") };
        assert_eq!(refused.code, "NotAuthorizedException");
    });
}

#[test]
fn a_tampered_id_token_buys_no_keys() {
    test(async |stack, config| {
        let token = token_of(config, alice(stack)).await;
        let raw = token.raw().expose();
        let (rest, signature) = raw.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let forged = IdToken::parse(Secret::new(format!("{rest}.{other}{}", &signature[1..]))).unwrap();
        let refused =
            cognito::read_identity_id(fetch(cognito::get_id(&config.identity_pool.api, Some(&login(&forged)))).await)
                .unwrap_err();
        let cognito::CognitoError::Service(refused) = refused else { panic!("{refused:?}") };
        assert_eq!(refused.code, "NotAuthorizedException");
    });
}

#[test]
fn a_body_over_six_megabytes_is_too_large_and_one_under_it_is_not() {
    test(async |stack, config| {
        let keys = keys_of(config, bob(stack)).await;
        let sized = |length| {
            let mut request = ask(config, "");
            request.body = vec![b'x'; length];
            signed(config, request, &keys)
        };
        readable(send(sized(SIX_MB + 1)).await, StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException").await;
        readable(send(sized(SIX_MB)).await, StatusCode::FORBIDDEN, "AccessDeniedException").await;
    });
}

#[test]
fn a_function_that_dies_or_fails_is_a_502_and_another_takes_its_place() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        for command in ["die", "fail"] {
            let prompt = Prompt::new().await;
            let (response, ()) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
                prompt.function().await.tell(command).await;
            });
            readable(response, StatusCode::BAD_GATEWAY, "InternalServerErrorException").await;
        }
        let prompt = Prompt::new().await;
        let (response, ()) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
            let mut function = prompt.function().await;
            function.say("alive").await;
            function.tell("end").await;
        });
        assert_eq!(whole(response).await.unwrap(), "alive");
    });
}

#[test]
fn an_answer_whose_function_dies_is_cut_and_not_ended() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let (response, mut function) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
            let mut function = prompt.function().await;
            function.say("so far").await;
            function
        });
        let mut body = response.into_body();
        assert_eq!(chunk(&mut body).await.unwrap().unwrap(), "so far");
        function.tell("die").await;
        assert!(chunk(&mut body).await.unwrap().is_err());
    });
}

#[test]
fn a_client_that_goes_does_not_stop_the_function() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let (response, mut function) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
            let mut function = prompt.function().await;
            function.say("so far").await;
            function
        });
        drop(response);
        // Far more than any buffer on the way holds: it is taken although nobody reads it, and the function ends in good order.
        function.tell("flood 1024").await;
        function.has_done("flood").await;
        function.tell("end").await;
        function.has_done("end").await;
    });
}

#[test]
fn a_client_that_reads_slowly_slows_the_function_down() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let (response, mut function) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
            let mut function = prompt.function().await;
            function.say("so far").await;
            function
        });
        let mut body = response.into_body();
        assert_eq!(chunk(&mut body).await.unwrap().unwrap(), "so far");
        // 128 MB: were they taken as fast as the function writes them, the other request, which takes its time, would come after them.
        function.tell("flood 2048").await;
        keys_of(config, bob(stack)).await;
        {
            let mut flooded = std::pin::pin!(function.has_done("flood"));
            let waiting =
                std::future::poll_fn(|context| Poll::Ready(flooded.as_mut().poll(context).is_pending())).await;
            assert!(waiting, "the function was done before anybody had read");
            let mut read = 0;
            while read < 2048 * 65536 {
                read += chunk(&mut body).await.unwrap().unwrap().len();
            }
            flooded.await;
        }
        function.tell("end").await;
        assert!(chunk(&mut body).await.is_none());
    });
}

#[test]
fn answers_stream_beside_one_another() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let (first, second) = (Prompt::new().await, Prompt::new().await);
        let begin = async |prompt: &Prompt| {
            let speak = async {
                let mut function = prompt.function().await;
                function.say(&prompt.1).await;
                function
            };
            tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), speak)
        };
        // Neither function ends before the other has begun.
        let ((one, mut of_one), (two, mut of_two)) = tokio::join!(begin(&first), begin(&second));
        of_two.tell("end").await;
        assert_eq!(whole(two).await.unwrap(), second.1);
        of_one.tell("end").await;
        assert_eq!(whole(one).await.unwrap(), first.1);
    });
}

#[test]
fn tests_can_make_things_go_wrong_and_know_every_secret() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let stack = start(function()).await;
        let gateway = stack.gateway();
        let config = &Config::from_json(stack.config().to_string().as_bytes()).unwrap();
        assert!(gateway.issued().is_empty());
        let token = token_of(config, alice(&stack)).await;
        let keys = keys_of(config, alice(&stack)).await;
        for secret in [token.raw(), &keys.secret_access_key, &keys.session_token] {
            assert!(gateway.issued().iter().any(|issued| issued == secret.expose()));
        }
        assert_eq!(gateway.requests("InitiateAuth"), 2);

        // The answer is "line one", "line two"; each fault in its turn.
        let answer = async |fault| {
            gateway.next(fault);
            let prompt = Prompt::new().await;
            let (response, ()) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
                let mut function = prompt.function().await;
                function.say("line one\n\n").await;
                function.say("line two\n\n").await;
                function.tell("end").await;
            });
            whole(response).await
        };
        assert!(answer(Fault::CutAfter(0)).await.is_err());
        assert!(answer(Fault::CutAfter(6)).await.is_err());
        assert_eq!(answer(Fault::EndAfter(6)).await.unwrap(), "line o");
        assert_eq!(answer(Fault::Line("not a line".into())).await.unwrap(), "line one\n\nnot a line\n\nline two\n\n");

        let refused = async |fault| {
            gateway.next(fault);
            send(signed(config, ask(config, "x"), &keys)).await
        };
        readable(refused(Fault::Status(429)).await, StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException").await;
        readable(refused(Fault::Status(503)).await, StatusCode::SERVICE_UNAVAILABLE, "ServiceException").await;
        let unreadable = refused(Fault::NoCors403).await;
        assert_eq!(unreadable.status(), StatusCode::FORBIDDEN);
        assert!(!unreadable.headers().contains_key("access-control-allow-origin"));

        gateway.next(Fault::Drop);
        let address = gateway.url().trim_start_matches("http://");
        let mut dropped = TcpStream::connect(address).await.unwrap();
        let path = config.function_url.trim_start_matches(gateway.url());
        let request = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n");
        dropped.write_all(request.as_bytes()).await.unwrap();
        let mut answered = String::new();
        assert_eq!(BufReader::new(dropped).read_line(&mut answered).await.unwrap(), 0, "{answered}");

        gateway.next(Fault::Drop);
        gateway.forget_faults();
        readable(send(ask(config, "x")).await, StatusCode::FORBIDDEN, "AccessDeniedException").await;

        let asked = prove_password(config, stack.invited().username, stack.invited().password).await;
        gateway.expire_sessions();
        let responses =
            json!({ "USERNAME": asked["ChallengeParameters"]["USER_ID_FOR_SRP"], "NEW_PASSWORD": "Carol-is-late-1" });
        let late = respond(config, "NEW_PASSWORD_REQUIRED", Some(&asked["Session"]), &responses).await;
        assert_eq!(late["message"], "Invalid session for the user, session is expired.");

        gateway.expire_credentials();
        let request = signed(config, ask(config, "x"), &keys);
        readable(send(request).await, StatusCode::FORBIDDEN, "ExpiredTokenException").await;
        let renewed = keys_of(config, bob(&stack)).await;
        let request = signed(config, ask(config, "x"), &renewed);
        readable(send(request).await, StatusCode::FORBIDDEN, "AccessDeniedException").await;
    });
}

#[test]
fn a_function_that_does_not_start_is_a_sentence_at_once() {
    Runtime::new().unwrap().block_on(async {
        let options = |bootstrap: &str| Options { gateway: 0, app_origin: ORIGIN.into(), bootstrap: bootstrap.into() };
        let error = Stack::start(options("/bin/false"), |_| {}).await.unwrap_err();
        assert!(error.to_string().starts_with("The function ended"), "{error}");
        let error = Stack::start(options("/no/bootstrap"), |_| {}).await.unwrap_err();
        assert!(error.to_string().contains("cargo build -p signet-backend"), "{error}");
    });
}

#[test]
fn the_template_and_the_backend_choose_the_same_models() {
    let root = signet_local::root();
    let template = std::fs::read_to_string(root.join("infra/template.yaml")).unwrap();
    let (_, after) = template.split_once("Content: |\n").unwrap();
    let inline: String = after.lines().take_while(|line| line.is_empty() || line.starts_with("        ")).collect();
    let bundled = std::fs::read_to_string(root.join("backend/model_selection.json")).unwrap();
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(parsed(&inline), parsed(&bundled));
}

const TRUNK_TOML: &str = r#"
[serve]
csp = ["default-src 'self' 'nonce-{{NONCE}}'"]
[serve.headers]
content-security-policy = "connect-src https://example.com"
"#;

#[test]
fn the_release_build_is_served_with_its_headers() {
    Runtime::new().unwrap().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let dist = folder.path().join("dist");
        std::fs::create_dir(&dist).unwrap();
        std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
        let trunk = folder.path().join("Trunk.toml");
        std::fs::write(&trunk, TRUNK_TOML).unwrap();
        let port = Port::bind(0).await.unwrap();
        assert!(matches!(App::serve(port, dist.clone(), &trunk, &json!({})), Err(AppError::NoBuild(_))));

        std::fs::write(dist.join("index.html"), "<p>page").unwrap();
        std::fs::write(dist.join("a.wasm"), "\0asm").unwrap();
        let port = Port::bind(0).await.unwrap();
        let origin = port.origin();
        let app = App::serve(port, dist, &trunk, &json!({ "region": "eu-central-1" })).unwrap();
        assert_eq!(app.origin(), origin);
        let get = async |path: &str| {
            let request = signet_cognito::http::Request {
                method: "GET",
                url: format!("{origin}{path}"),
                headers: vec![],
                body: vec![],
                cookies: false,
            };
            let response = send(request).await;
            let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            let (kind, policy) = (header("content-type"), header("content-security-policy"));
            // The page has its own policy; the worker's comes with its script.
            let page = kind.starts_with("text/html");
            assert_eq!(policy, if page { "default-src 'self'" } else { "connect-src https://example.com" });
            (response.status().as_u16(), kind, whole(response).await.unwrap())
        };
        assert_eq!(get("/?code=1").await, (200, "text/html; charset=utf-8".into(), "<p>page".into()));
        assert_eq!(get("/a.wasm").await, (200, "application/wasm".into(), "\0asm".into()));
        assert_eq!(get("/missing.js").await.0, 404);
        assert_eq!(get("/../secret.txt").await.0, 404);
        let config = |text: &str| (200, "application/json".into(), text.into());
        assert_eq!(get("/config.json").await, config("{\"region\":\"eu-central-1\"}"));
        app.set_config(Some(b"{oops".to_vec()));
        assert_eq!(get("/config.json").await, config("{oops"));
        app.set_config(None);
        assert_eq!(get("/config.json").await.0, 404);
    });
}
