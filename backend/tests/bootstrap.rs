//! The program itself, attached to a Lambda Runtime API that these tests play:
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

#![allow(clippy::unwrap_used)]

use std::{
    process::Stdio,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use signet_stream::stock::{Ask, Line, UseCase};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
    sync::{Mutex, mpsc},
    time::timeout,
};

const PROMPT: &str = "What do you see of me?";
const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

/// How long a step of the program may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The Runtime API: events go in, responses come out.
struct RuntimeApi {
    events: mpsc::UnboundedSender<Value>,
    responses: mpsc::UnboundedReceiver<Request<Incoming>>,
    address: String,
}

impl RuntimeApi {
    async fn start(hang_up: HangUp) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (events, event_queue) = mpsc::unbounded_channel::<Value>();
        let (response_queue, responses) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let event_queue = Mutex::new(event_queue);
            let event_queue: &'static Mutex<_> = Box::leak(Box::new(event_queue));
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let response_queue = response_queue.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    let response_queue = response_queue.clone();
                    async move {
                        if request.uri().path() == "/2018-06-01/runtime/invocation/next" {
                            let event = event_queue.lock().await.recv().await;
                            return Ok(invocation(&event.unwrap_or_default()));
                        }
                        // The test reads the body; dropping it hangs up. There is no reply until it is read or dropped.
                        let (done, body_done) = tokio::sync::oneshot::channel::<()>();
                        let (mut parts, body) = request.into_parts();
                        parts.extensions.insert(std::sync::Arc::new(done));
                        let _ = response_queue.send(Request::from_parts(parts, body));
                        let _ = body_done.await;
                        if hang_up == HangUp::WithoutReply {
                            return Err(std::io::Error::other("the caller hangs up"));
                        }
                        Ok(Response::builder().status(StatusCode::ACCEPTED).body(Full::default()).unwrap())
                    }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
                );
            }
        });
        Self { events, responses, address }
    }

    fn bootstrap(&self, environment: &[(&str, &str)]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_bootstrap"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", &self.address)
            .env("AWS_LAMBDA_FUNCTION_NAME", "signet")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    async fn response(&mut self) -> Request<Incoming> {
        timeout(PATIENCE, self.responses.recv()).await.unwrap().unwrap()
    }
}

fn invocation(event: &Value) -> Response<Full<Bytes>> {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_mins(2);
    Response::builder()
        .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:eu-central-1:123456789012:function:signet")
        .body(Full::from(event.to_string()))
        .unwrap()
}

fn event(prompt: &str) -> Value {
    let ask = Ask { prompt: prompt.to_owned(), use_case: UseCase::AccuracyOptimized };
    json!({
        "version": "2.0",
        "headers": {
            "authorization": format!("AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/20261123/eu-central-1/lambda/\
                aws4_request, SignedHeaders=host;x-amz-date, Signature={SIGNATURE}"),
        },
        "requestContext": {
            "authorizer": {"iam": {"userArn": "arn:aws:sts::123456789012:assumed-role/signet-users/CognitoIdentityCredentials"}},
            "http": {"method": "POST"},
            "requestId": "the-callers-request-id",
        },
        "body": serde_json::to_string(&ask).unwrap(),
        "isBase64Encoded": false,
    })
}

/// The same from a caller that accepts typed events, after two earlier turns.
fn event_of_a_conversation(prompt: &str) -> Value {
    let mut event = event(prompt);
    event["headers"]["accept"] = json!("application/json, text/event-stream");
    let messages = json!([{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]);
    event["body"] = json!(json!({"prompt": prompt, "use_case": "balanced", "messages": messages}).to_string());
    event
}

/// Splits a streamed response into its prelude and its body.
fn split(bytes: &[u8]) -> (Value, String) {
    let at = bytes.windows(8).position(|window| window == [0; 8]).expect("eight NULs end the prelude");
    let body = String::from_utf8(bytes[at + 8..].to_vec()).unwrap();
    (serde_json::from_slice(&bytes[..at]).unwrap(), body)
}

async fn whole(mut response: Request<Incoming>) -> Bytes {
    response.body_mut().collect().await.unwrap().to_bytes()
}

async fn stop(mut child: Child) -> (String, String) {
    let (mut out, mut err) = (String::new(), String::new());
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    child.start_kill().unwrap();
    stdout.read_to_string(&mut out).await.unwrap();
    stderr.read_to_string(&mut err).await.unwrap();
    (out, err)
}

#[tokio::test]
async fn an_answer_streams_and_the_log_is_one_line_without_the_prompt() {
    let mut runtime_api = RuntimeApi::start(HangUp::WithReply).await;
    let child = runtime_api.bootstrap(&[("MODEL_BACKEND", "demo")]);
    runtime_api.events.send(event(PROMPT)).unwrap();

    let mut response = runtime_api.response().await;
    assert_eq!(response.uri().path(), "/2018-06-01/runtime/invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/response");
    let header = |headers: &HeaderMap, name| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header(response.headers(), "lambda-runtime-function-response-mode"), "streaming");
    assert_eq!(header(response.headers(), "content-type"), "application/vnd.awslambda.http-integration-response");

    let mut bytes = Vec::new();
    let mut arrivals = Vec::new();
    while let Some(frame) = timeout(PATIENCE, response.body_mut().frame()).await.unwrap() {
        if let Ok(data) = frame.unwrap().into_data() {
            bytes.extend_from_slice(&data);
            arrivals.push(Instant::now());
        }
    }
    let (prelude, body) = split(&bytes);
    assert_eq!(prelude["statusCode"], 200);
    assert_eq!(prelude["headers"], json!({"content-type": "text/event-stream", "cache-control": "no-store"}));
    // More than 100 words at 20 ms each: the answer was streamed, not sent at once.
    assert!(arrivals.len() > 100 && arrivals[arrivals.len() - 1] - arrivals[0] > Duration::from_secs(2));

    let (lines, end) = body.split_at(body.len() - "[DONE]\n\n".len());
    assert_eq!(end, "[DONE]\n\n");
    let mut lines = lines.split_terminator("\n\n").map(|line| serde_json::from_str::<Line>(line).unwrap());
    assert_eq!(lines.next(), Some(Line::Model { model_used: "signet-demo (no AI)".to_owned() }));
    let text: String = lines
        .map(|line| match line {
            Line::Chunk { chunk } => chunk,
            Line::Model { .. } => panic!("the model's name was sent twice"),
        })
        .collect();
    assert!(text.contains("`signet-users`") && text.contains("`the-callers-request-id`"), "{text}");
    assert!(!text.contains(SIGNATURE));

    // The program asks for a second invocation only after it has logged the first.
    drop(response);
    runtime_api.events.send(json!({})).unwrap();
    let refused = whole(runtime_api.response().await).await;
    let (prelude, body) = split(&refused);
    assert_eq!(prelude["statusCode"], 405);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["requestId"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");

    let (log, errors) = stop(child).await;
    let first: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(first["request_id"], "the-callers-request-id");
    assert_eq!((&first["use_case"], &first["model"]), (&json!("accuracy_optimized"), &json!("signet-demo (no AI)")));
    assert_eq!((&first["status"], &first["outcome"]), (&json!(200), &json!("done")));
    assert_eq!((&first["prompt_bytes"], &first["answer_bytes"]), (&json!(PROMPT.len()), &json!(text.len())));
    assert_eq!(log.lines().count(), 2);
    assert!(!log.contains(PROMPT) && !log.contains("ASIA") && !log.contains(SIGNATURE), "{log}");
    assert_eq!(errors, "");
}

#[tokio::test]
async fn typed_events_stream_and_a_failure_before_them_sets_the_status() {
    let mut runtime_api = RuntimeApi::start(HangUp::WithReply).await;
    let child = runtime_api.bootstrap(&[("MODEL_BACKEND", "demo"), ("MAX_CONTEXT_BYTES", "7")]);
    runtime_api.events.send(event_of_a_conversation("demo:pace 0")).unwrap();
    let (prelude, body) = split(&whole(runtime_api.response().await).await);
    let headers = json!({"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store"});
    assert_eq!((&prelude["statusCode"], &prelude["headers"]), (&json!(200), &headers));
    let events: Vec<Value> = body
        .split_terminator("\n\n")
        .map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap())
        .collect();
    assert_eq!(events[0], json!({"type": "start", "model": "signet-demo (no AI)", "contextBytes": 7}));
    let text: String = events.iter().filter_map(|event| event["text"].as_str()).collect();
    assert!(text.contains("| Earlier turns | 2, 7 bytes |"), "{text}");
    let kinds: Vec<_> = events[events.len() - 3..].iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["usage", "stop", "end"]);

    runtime_api.events.send(event_of_a_conversation("demo:throttle")).unwrap();
    let (prelude, body) = split(&whole(runtime_api.response().await).await);
    assert_eq!((&prelude["statusCode"], &prelude["headers"]["retry-after"]), (&json!(429), &json!("10")));
    assert!(body.starts_with("{\"message\":"));

    runtime_api.events.send(json!({})).unwrap();
    whole(runtime_api.response().await).await;
    let (log, _) = stop(child).await;
    let logged: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!((&logged["wire"], &logged["earlier_turns"]), (&json!("events"), &json!(2)));
    assert_eq!(
        (&logged["outcome"], &logged["output_tokens"]),
        (&json!("done"), &events[events.len() - 3]["outputTokens"])
    );
    assert_eq!(serde_json::from_str::<Value>(log.lines().nth(2).unwrap()).unwrap()["wire"], "stock");
}

/// Whether the Runtime API answers a response that it has not read to the end, or closes its connection.
#[derive(Clone, Copy, PartialEq)]
enum HangUp {
    WithReply,
    WithoutReply,
}

#[tokio::test]
async fn when_the_caller_hangs_up_the_answer_stops_and_the_program_continues() {
    for hang_up in [HangUp::WithReply, HangUp::WithoutReply] {
        let mut runtime_api = RuntimeApi::start(hang_up).await;
        let mut child = runtime_api.bootstrap(&[("MODEL_BACKEND", "demo")]);
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        runtime_api.events.send(event("a long one")).unwrap();
        let mut response = runtime_api.response().await;
        response.body_mut().frame().await.unwrap().unwrap();
        drop(response);
        let line = timeout(PATIENCE, log.next_line()).await.unwrap().unwrap().unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["outcome"], "caller gone");

        runtime_api.events.send(event("demo:throttle")).unwrap();
        let throttled = whole(runtime_api.response().await).await;
        let (prelude, _) = split(&throttled);
        assert_eq!(prelude["statusCode"], 429);
        assert_eq!(prelude["headers"]["retry-after"], "10");
    }
}

#[tokio::test]
async fn a_wrong_environment_is_reported_in_one_sentence() {
    let runtime_api = RuntimeApi::start(HangUp::WithReply).await;
    let child = runtime_api.bootstrap(&[("MODEL_BACKEND", "llama")]);
    let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        message,
        "signet-backend: MODEL_BACKEND has a value that cannot be used: expected `bedrock`, `openai` or `demo`.\n"
    );
}
