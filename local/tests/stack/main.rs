//! The local AWS, used as the app uses it: MiniStack decides who may ask, and answers stream while the function is still writing.

// A failed unwrap is a failed test.
#![allow(clippy::unwrap_used)]

mod client;
mod function;
mod refusals;
mod streaming;
mod ways_in;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use serde_json::{Value, json};
use signet_local::{App, AppError, Fault, Options, Port, Stack, User};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use client::{Config, ask, keys_of, prove_password, readable, respond, send, signed, token_of, whole};
use function::Prompt;

/// The app's origin.
const ORIGIN: &str = "http://localhost:8080";

/// The stack that most tests share; they run in parallel. It ends with the process.
struct Shared {
    runtime: Runtime,
    stack: Stack,
    config: Config,
}

/// Runs a test on the shared stack. A fault meets the next request, whoever sends it, so tests that inject one have a stack of their own.
fn test(body: impl AsyncFnOnce(&Stack, &Config)) {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        let runtime = Runtime::new().unwrap();
        let stack = runtime.block_on(start());
        let config = Config::of(&stack);
        Shared { runtime, stack, config }
    });
    shared.runtime.block_on(body(&shared.stack, &shared.config));
}

/// Starts a stack whose function is `function.py`.
async fn start() -> Stack {
    let function = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/function.py");
    Stack::start(options(function), |_| {}).await.unwrap()
}

fn options(bootstrap: PathBuf) -> Options {
    Options { gateway: 0, app_origin: ORIGIN.into(), bootstrap, environment: Vec::new() }
}

/// Somebody who may ask.
fn alice(stack: &Stack) -> User {
    stack.users().into_iter().find(|user| user.in_group).unwrap()
}

/// Somebody who may not.
fn bob(stack: &Stack) -> User {
    stack.users().into_iter().find(|user| !user.in_group).unwrap()
}

#[test]
fn tests_can_inject_faults_and_see_every_secret() {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let stack = start().await;
        let gateway = stack.gateway();
        let config = &Config::of(&stack);
        assert!(gateway.issued().is_empty());
        let token = token_of(config, alice(&stack)).await;
        let keys = keys_of(config, alice(&stack)).await;
        for secret in [&token, &keys.secret_access_key, &keys.session_token] {
            assert!(gateway.issued().contains(secret));
        }
        assert_eq!(gateway.requests("InitiateAuth"), 2);

        // The answer is "line one", "line two", with one fault each time.
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

        let challenge = prove_password(config, stack.invited().username, stack.invited().password).await;
        gateway.expire_sessions();
        let responses =
            json!({ "USERNAME": challenge["ChallengeParameters"]["USER_ID_FOR_SRP"], "NEW_PASSWORD": "Carol-is-late-1" });
        let late = respond(config, "NEW_PASSWORD_REQUIRED", Some(&challenge["Session"]), &responses).await;
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
fn a_function_that_does_not_start_is_reported_at_once() {
    Runtime::new().unwrap().block_on(async {
        let error = Stack::start(options("/bin/false".into()), |_| {}).await.unwrap_err();
        assert!(error.to_string().starts_with("The function ended"), "{error}");
        let error = Stack::start(options("/no/bootstrap".into()), |_| {}).await.unwrap_err();
        assert!(error.to_string().contains("cargo build -p signet-backend"), "{error}");
    });
}

#[test]
fn the_template_and_the_backend_have_the_same_strategy() {
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
            let response = send(Request::get(format!("{origin}{path}")).body(Bytes::new()).unwrap()).await;
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
