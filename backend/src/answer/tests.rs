use futures_util::StreamExt;
use serde_json::Value;

use super::*;
use crate::{
    model::demo::Demo,
    strategy::{Strategy, StrategyError},
    testing::{
        bedrock::{bedrock, frame, metadata, reasoning, refusal, stop, stream as answer_of, text},
        event::{ACCESS_KEY, SESSION_TOKEN, SIGNATURE, accepting, event},
        server::{self, Fake, Served},
    },
};

const ASK: &str = r#"{"prompt": "Hello", "use_case": "balanced"}"#;

fn backend(model: Model, candidates: &str) -> Arc<Backend> {
    let strategy = Strategy::from_json(candidates.as_bytes()).unwrap();
    let limits = Limits { prompt: 100, context: 20 };
    Arc::new(Backend { model, strategies: Strategies::Fixed(Arc::new(strategy)), limits })
}

fn demo(pace: Duration) -> Arc<Backend> {
    backend(Model::Demo(Demo { pace }), r#"{"primary_model": "a"}"#)
}

fn invocation(seconds: u64) -> Invocation {
    Invocation { request_id: "lambda-id".to_owned(), deadline: Instant::now() + Duration::from_secs(seconds) }
}

async fn whole(reply: Reply) -> String {
    let parts: Vec<_> = reply.body.map(|part| part.unwrap()).collect().await;
    String::from_utf8(parts.concat()).unwrap()
}

/// A fake Bedrock with two models, and the function's answer on the stock wire.
async fn with_bedrock(first: Served, second: Served) -> (Fake, Reply) {
    answered_by(first, second, event(ASK)).await
}

/// The same in typed events.
async fn events_of(first: Served, second: Served) -> (Fake, Reply) {
    answered_by(first, second, accepting("text/event-stream", ASK)).await
}

async fn answered_by(first: Served, second: Served, event: FunctionUrlEvent) -> (Fake, Reply) {
    let fake =
        server::serve(move |path| if path.starts_with("/model/first/") { first.clone() } else { second.clone() }).await;
    let backend = backend(
        Model::Bedrock(Box::new(bedrock(&fake))),
        r#"{"primary_model": "first", "fallback_models": ["second"]}"#,
    );
    let reply = backend.answer(event, invocation(900)).await;
    (fake, reply)
}

#[tokio::test]
async fn an_answer_is_the_models_name_then_chunks_then_done() {
    let (_fake, reply) =
        with_bedrock(answer_of(&[text("Hel"), text("lo\\n"), stop("end_turn")]), refusal(500, "x", "x")).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.headers[CONTENT_TYPE], "text/event-stream");
    assert_eq!(reply.headers[CACHE_CONTROL], "no-store");
    assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control")));
    let body = whole(reply).await;
    assert_eq!(body, "{\"model_used\":\"first\"}\n\n{\"chunk\":\"Hel\"}\n\n{\"chunk\":\"lo\\n\"}\n\n[DONE]\n\n");
    let lines: Vec<_> = body.split("\n\n").collect();
    let text = |line| Line::Chunk { chunk: String::from(line) };
    let read = |line| serde_json::from_str::<Line>(line).unwrap();
    assert_eq!(read(lines[0]), Line::Model { model_used: "first".to_owned() });
    assert_eq!([read(lines[1]), read(lines[2])], [text("Hel"), text("lo\n")]);
    assert_eq!(lines[3..], [DONE, ""]);
}

#[tokio::test]
async fn a_candidate_that_fails_before_its_first_text_hands_over_to_the_next() {
    let good = answer_of(&[text("x"), stop("end_turn")]);
    let fails = [
        refusal(429, "ThrottlingException", "slow"),
        refusal(403, "AccessDeniedException", "no"),
        answer_of(&[]),
        answer_of(&[stop("end_turn")]),
        answer_of(&[frame("exception", "serviceUnavailableException", "{}")]),
    ];
    for fail in fails {
        let (_fake, reply) = with_bedrock(fail, good.clone()).await;
        assert!(whole(reply).await.starts_with("{\"model_used\":\"second\"}"));
    }
}

#[tokio::test]
async fn when_all_candidates_fail_the_status_is_that_of_the_failure_most_likely_to_pass() {
    let throttled = || refusal(429, "ThrottlingException", "slow");
    let unavailable = || refusal(503, "ServiceUnavailableException", "down");
    let invalid = || refusal(400, "ValidationException", "too long");
    let denied = || refusal(403, "AccessDeniedException", "no");
    let empty = || answer_of(&[stop("end_turn")]);
    let cases = [
        (throttled(), unavailable(), 429),
        (denied(), throttled(), 429),
        (unavailable(), invalid(), 503),
        (denied(), invalid(), 400),
        (denied(), empty(), 502),
        (empty(), empty(), 502),
    ];
    for (first, second, status) in cases {
        let (_fake, reply) = with_bedrock(first, second).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.headers.contains_key(RETRY_AFTER), status == 429);
        let body: Value = serde_json::from_str(&whole(reply).await).unwrap();
        assert!(body["message"].as_str().is_some_and(|message| message.ends_with(['.', 'g'])), "{body}");
        assert_eq!(body["requestId"], "e1506fd5-9e7b-434f-bd42-4f8fa224b599");
    }
}

#[tokio::test]
async fn a_failure_after_the_first_text_is_a_line_and_there_is_no_done() {
    let broken = answer_of(&[text("x"), frame("exception", "modelStreamErrorException", r#"{"message":"boo"}"#)]);
    let (fake, reply) = with_bedrock(broken, answer_of(&[text("y"), stop("end_turn")])).await;
    assert_eq!(reply.status, StatusCode::OK);
    let body = whole(reply).await;
    let error = body.split("\n\n").find_map(|line| line.strip_prefix(ERROR_PREFIX)).unwrap();
    let error: Value = serde_json::from_str(error).unwrap();
    assert!(error["error"]["message"].is_string() && error["error"]["code"].is_string(), "{error}");
    assert!(!body.contains(DONE) && !body.contains("second"));
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn a_bad_request_gets_a_status_and_a_sentence() {
    let too_long = format!(r#"{{"prompt": "{}", "use_case": "balanced"}}"#, "x".repeat(101));
    let turns = json!([{"role": "user", "content": "x".repeat(11)}, {"role": "assistant", "content": "y".repeat(10)}]);
    let too_much = json!({"prompt": "x", "use_case": "balanced", "messages": turns}).to_string();
    let cases = [
        (event(""), 400),
        (event("prompt"), 400),
        (event("{}"), 400),
        (event(r#"{"prompt": "x", "use_case": "best"}"#), 400),
        (event(&too_long), 413),
        (event(r#"{"prompt": "x", "use_case": "balanced", "messages": [{"role": "user", "content": "x"}]}"#), 400),
        (event(&too_much), 413),
        (accepting("text/event-stream", "{}"), 400),
        (accepting("text/event-stream", r#"{"prompt": "demo:throttle", "use_case": "balanced"}"#), 429),
        (event(r#"{"prompt": "demo:throttle", "use_case": "balanced"}"#), 429),
    ];
    for (event, status) in cases {
        let reply = demo(Duration::ZERO).answer(event, invocation(900)).await;
        assert_eq!(reply.status, status);
        assert_eq!(reply.headers[CONTENT_TYPE], "application/json");
        assert!(whole(reply).await.contains("\"message\":"));
    }
    let reply = demo(Duration::ZERO).answer(FunctionUrlEvent::default(), invocation(900)).await;
    assert_eq!((reply.status.as_u16(), &reply.headers[ALLOW]), (405, &HeaderValue::from_static("POST")));
    assert!(whole(reply).await.contains("\"requestId\":\"lambda-id\""));
}

#[tokio::test]
async fn the_demonstration_names_itself_and_leaks_no_secret() {
    let body = whole(demo(Duration::ZERO).answer(event(ASK), invocation(900)).await).await;
    assert!(body.starts_with("{\"model_used\":\"signet-demo (no AI)\"}\n\n") && body.ends_with("\n\n[DONE]\n\n"));
    for secret in [SIGNATURE, SESSION_TOKEN, ACCESS_KEY] {
        assert!(!body.contains(secret));
    }
    let failed = event(r#"{"prompt": "demo:fail", "use_case": "balanced"}"#);
    let body = whole(demo(Duration::ZERO).answer(failed, invocation(900)).await).await;
    assert!(body.contains("Error: {\"error\":") && !body.contains(DONE));
}

#[tokio::test(start_paused = true)]
async fn silence_and_the_functions_deadline_are_reported() {
    let slow = demo(2 * SILENCE).answer(event(ASK), invocation(900)).await;
    assert_eq!(slow.status, 503);
    let late = demo(SILENCE / 2).answer(event(ASK), invocation(100)).await;
    assert_eq!(late.status, 200);
    let body = whole(late).await;
    assert!(body.contains("\"code\":\"DeadlineReached\"") && !body.contains(DONE), "{body}");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_sends_what_the_wire_cannot_show_is_not_silent() {
    let start = Instant::now();
    let thinks = event(r#"{"prompt": "demo:reasoning demo:pace 20000", "use_case": "balanced"}"#);
    let reply = demo(Duration::ZERO).answer(thinks, invocation(900)).await;
    assert!(reply.status == 200 && start.elapsed() > SILENCE, "{} after {:?}", reply.status, start.elapsed());
}

/// The typed events of an answer, each as its JSON.
async fn events(reply: Reply) -> Vec<Value> {
    assert_eq!(reply.status, StatusCode::OK);
    let body = whole(reply).await;
    let frames = body.strip_suffix("\n\n").unwrap().split("\n\n");
    frames.map(|frame| serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn typed_events_carry_everything_that_the_model_sends() {
    let frames = [reasoning("hm"), text("Hel"), reasoning("so"), text("lo\\n"), stop("end_turn"), metadata(12, 0, 34)];
    let (_fake, reply) = events_of(answer_of(&frames), refusal(500, "x", "x")).await;
    assert_eq!(reply.headers[CONTENT_TYPE], "text/event-stream; charset=utf-8");
    assert_eq!(reply.headers[CACHE_CONTROL], "no-store");
    let expected = [
        json!({"type": "start", "model": "first", "contextBytes": 20}),
        json!({"type": "reasoning", "text": "hm"}),
        json!({"type": "text", "text": "Hel"}),
        json!({"type": "reasoning", "text": "so"}),
        json!({"type": "text", "text": "lo\n"}),
        json!({"type": "usage", "inputTokens": 12, "cachedTokens": 0, "outputTokens": 34}),
        json!({"type": "stop", "reason": "end_turn"}),
        json!({"type": "end"}),
    ];
    assert_eq!(events(reply).await, expected);

    // The stock wire cannot show most of it.
    let (_fake, reply) = with_bedrock(answer_of(&frames), refusal(500, "x", "x")).await;
    assert_eq!(reply.headers[CONTENT_TYPE], "text/event-stream");
    let stock = "{\"model_used\":\"first\"}\n\n{\"chunk\":\"Hel\"}\n\n{\"chunk\":\"lo\\n\"}\n\n[DONE]\n\n";
    assert_eq!(whole(reply).await, stock);
}

#[tokio::test]
async fn a_limit_or_a_filter_is_a_stop_in_typed_events_and_a_failure_on_the_stock_wire() {
    for (reason, code) in
        [("max_tokens", "MaxTokens"), ("content_filtered", "ContentFiltered"), ("tool_use", "tool_use")]
    {
        let (_fake, reply) = events_of(answer_of(&[text("x"), stop(reason)]), refusal(500, "x", "x")).await;
        let expected = [
            json!({"type": "start", "model": "first", "contextBytes": 20}),
            json!({"type": "text", "text": "x"}),
            json!({"type": "stop", "reason": reason}),
            json!({"type": "end"}),
        ];
        assert_eq!(events(reply).await, expected);
        let (_fake, reply) = with_bedrock(answer_of(&[text("x"), stop(reason)]), refusal(500, "x", "x")).await;
        let body = whole(reply).await;
        assert!(body.contains("\n\nError: {") && body.contains(&format!("\"code\":\"{code}\"")), "{body}");
        assert!(!body.contains(DONE));
    }
    // A guardrail replaces the answer with its own text, which is complete.
    let guarded = || answer_of(&[text("x"), stop("guardrail_intervened")]);
    let (_fake, reply) = events_of(guarded(), guarded()).await;
    let end = [json!({"type": "stop", "reason": "guardrail_intervened"}), json!({"type": "end"})];
    assert_eq!(events(reply).await[2..], end);
    let (_fake, reply) = with_bedrock(guarded(), guarded()).await;
    assert!(whole(reply).await.ends_with("{\"chunk\":\"x\"}\n\n[DONE]\n\n"));
}

#[test]
fn every_kind_of_failure_can_be_an_event() {
    let denied = || "AccessDeniedException".to_owned();
    for (failure, code, retryable) in [
        (Failure::from(RequestError::NoBody), "InvalidRequest", false),
        (StrategyError::Unavailable(denied()).into(), "StrategyUnavailable", true),
        (StrategyError::Refused(denied()).into(), "StrategyRefused", false),
        (ModelError::BrokeOff.into(), "AnswerBrokeOff", true),
        (ModelError::Denied { code: denied() }.into(), "AccessDeniedException", false),
    ] {
        let event = serde_json::to_value(failure.event("why")).unwrap();
        assert_eq!(event, json!({"type": "error", "code": code, "message": "why", "retryable": retryable}));
    }
    let throttled = ModelError::Throttled { code: denied(), retry_after_seconds: Some(7) };
    assert_eq!(serde_json::to_value(Failure::from(throttled).event("why")).unwrap()["retryAfterSeconds"], 7);
}

#[tokio::test]
async fn a_stop_before_the_first_text_hands_over_and_is_reported_if_no_candidate_does_better() {
    let filtered = || answer_of(&[stop("content_filtered"), metadata(3, 0, 0)]);
    let (_fake, reply) = events_of(filtered(), answer_of(&[text("x"), stop("end_turn")])).await;
    assert_eq!(events(reply).await[0]["model"], "second");

    let (_fake, reply) = events_of(refusal(403, "AccessDeniedException", "no"), filtered()).await;
    let expected = [
        json!({"type": "start", "model": "second", "contextBytes": 20}),
        json!({"type": "usage", "inputTokens": 3, "cachedTokens": 0, "outputTokens": 0}),
        json!({"type": "stop", "reason": "content_filtered"}),
        json!({"type": "end"}),
    ];
    assert_eq!(events(reply).await, expected);

    let (_fake, reply) = events_of(filtered(), refusal(429, "ThrottlingException", "slow")).await;
    assert_eq!(reply.status, 429);
    let (_fake, reply) = with_bedrock(filtered(), filtered()).await;
    assert_eq!(reply.status, 502);
    // An answer that ended normally but has no text did not hit a limit.
    let empty = || answer_of(&[stop("end_turn")]);
    let (_fake, reply) = events_of(empty(), empty()).await;
    assert_eq!(reply.status, 502);
}

#[tokio::test]
async fn a_failure_after_the_first_piece_is_an_error_event_and_there_is_no_end() {
    let throttled = frame("exception", "throttlingException", r#"{"message":"slow"}"#);
    let invalid = frame("exception", "validationException", r#"{"message":"too long"}"#);
    for (first, exception, error) in [
        (text("x"), throttled, json!({"code": "ThrottlingException", "retryable": true, "retryAfterSeconds": 10})),
        (reasoning("x"), invalid, json!({"code": "ValidationException", "retryable": false})),
    ] {
        let (fake, reply) = events_of(answer_of(&[first, exception]), answer_of(&[text("y")])).await;
        let events = events(reply).await;
        let [_, _, failure] = &events[..] else { panic!("{events:?}") };
        assert_eq!(failure["type"], "error");
        assert!(failure["message"].as_str().is_some_and(|message| message.contains(' ')));
        for field in ["code", "retryable", "retryAfterSeconds"] {
            assert_eq!(failure.get(field), error.get(field), "{failure}");
        }
        assert_eq!(fake.requests().len(), 1, "no other model is asked once one has begun");
    }
}

/// The parts of the body, each with the seconds since `start`.
async fn times(mut reply: Reply, start: Instant) -> Vec<(u64, String)> {
    let mut times = Vec::new();
    while let Some(Ok(part)) = reply.body.next().await {
        let part = String::from_utf8(part.to_vec()).unwrap();
        times.push((start.elapsed().as_secs(), part));
    }
    times
}

fn asking(prompt: &str) -> FunctionUrlEvent {
    accepting("text/event-stream", &json!({"prompt": prompt, "use_case": "balanced"}).to_string())
}

#[tokio::test(start_paused = true)]
async fn typed_events_begin_after_five_seconds_and_are_kept_alive() {
    let start = Instant::now();
    let backend = demo(Duration::from_secs(21));
    let reply = backend.answer(asking("demo:slow 38 demo:stop max_tokens"), invocation(900)).await;
    assert_eq!((reply.status, start.elapsed()), (StatusCode::OK, HEAD_WITHIN));
    let times = times(reply, start).await;
    let alive: Vec<_> = times.iter().filter(|(_, part)| part == KEEP_ALIVE).map(|(seconds, _)| *seconds).collect();
    // The first text arrives after 38 + 21 seconds, each of the next ones 21 seconds later.
    assert_eq!(alive[..9], [5, 15, 25, 35, 45, 55, 69, 79, 90]);
    let (seconds, first) = times.iter().find(|(_, part)| part.starts_with("data: ")).unwrap();
    assert_eq!(*seconds, 59);
    let head = "data: {\"type\":\"start\",\"model\":\"signet-demo (no AI)\",\"contextBytes\":20}\n\n";
    assert_eq!(first.strip_prefix(head), Some("data: {\"type\":\"text\",\"text\":\"## This \"}\n\n"));
}

#[tokio::test(start_paused = true)]
async fn typed_events_that_begin_in_time_have_no_keep_alive() {
    let start = Instant::now();
    let reply = demo(Duration::from_secs(4)).answer(asking("demo:pace 0 demo:slow 4"), invocation(900)).await;
    assert_eq!(start.elapsed(), Duration::from_secs(4));
    let events = events(reply).await;
    assert_eq!(events[0]["type"], "start");
    let words = |of: &str| of.split_whitespace().filter(|word| word.contains(char::is_alphanumeric)).count();
    let text: String = events.iter().filter_map(|event| event["text"].as_str()).collect();
    let usage = json!({"type": "usage", "inputTokens": 4, "outputTokens": words(&text)});
    let end = [usage, json!({"type": "stop", "reason": "end_turn"}), json!({"type": "end"})];
    assert_eq!(events[events.len() - 3..], end);
}

#[tokio::test(start_paused = true)]
async fn a_failure_after_the_head_is_an_error_event() {
    let start = Instant::now();
    let reply = demo(Duration::ZERO).answer(asking("demo:slow demo:throttle"), invocation(900)).await;
    assert_eq!(reply.status, StatusCode::OK);
    let times = times(reply, start).await;
    let error = json!({
        "type": "error",
        "code": "DemoThrottle",
        "message": "The model is taking no more requests just now. Wait a moment, then send the prompt again.",
        "retryable": true,
        "retryAfterSeconds": 10,
    });
    assert_eq!(times[0], (5, KEEP_ALIVE.to_owned()));
    let [_, (8, failure)] = &times[..] else { panic!("{times:?}") };
    assert_eq!(serde_json::from_str::<Value>(failure.strip_prefix("data: ").unwrap()).unwrap(), error);

    // The stock wire holds its head back, so the failure sets the status.
    let start = Instant::now();
    let slow = event(r#"{"prompt": "demo:slow demo:throttle", "use_case": "balanced"}"#);
    let reply = demo(Duration::ZERO).answer(slow, invocation(900)).await;
    assert_eq!((reply.status.as_u16(), start.elapsed()), (429, Duration::from_secs(8)));
}

#[tokio::test(start_paused = true)]
async fn the_stock_wire_is_silent_until_the_first_text() {
    let start = Instant::now();
    let slow = event(r#"{"prompt": "demo:slow 30 demo:reasoning", "use_case": "balanced"}"#);
    let reply = demo(Duration::from_millis(1)).answer(slow, invocation(900)).await;
    assert!(start.elapsed() > Duration::from_secs(30));
    let body = whole(reply).await;
    assert!(body.starts_with("{\"model_used\":\"signet-demo (no AI)\"}\n\n{\"chunk\":\"## This \"}\n\n"));
    assert!(body.ends_with("\n\n[DONE]\n\n") && !body.contains("keep-alive") && !body.contains("reasons here"));
}

#[tokio::test]
async fn earlier_turns_are_sent_to_the_model_on_either_wire() {
    let body = json!({
        "prompt": "And you?",
        "use_case": "balanced",
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
    });
    for event in [event(&body.to_string()), accepting("text/event-stream", &body.to_string())] {
        let answer = answer_of(&[text("x"), stop("end_turn")]);
        let (fake, reply) = answered_by(answer.clone(), answer, event).await;
        whole(reply).await;
        let asked: Value = serde_json::from_str(&fake.requests()[0].1).unwrap();
        let texts: Vec<_> =
            asked["messages"].as_array().unwrap().iter().map(|turn| &turn["content"][0]["text"]).collect();
        assert_eq!(texts, ["Hi", "Ho", "And you?"]);
    }
}

#[tokio::test(start_paused = true)]
async fn dropping_the_body_stops_the_answer() {
    let backend = demo(Duration::from_secs(1));
    let mut reply = backend.answer(asking("demo:slow 30"), invocation(900)).await;
    assert_eq!(Arc::strong_count(&backend), 2);
    assert_eq!(reply.body.next().await.unwrap().unwrap(), KEEP_ALIVE);
    drop(reply);
    assert_eq!(Arc::strong_count(&backend), 1);
}
