use super::*;
use crate::testing::event::{ACCESS_KEY, SESSION_TOKEN, SIGNATURE, accepting, event, with_headers};

fn limits(prompt: usize) -> Limits {
    Limits { prompt, context: 9 }
}

#[test]
fn a_prompt_is_read_plain_and_in_base64() {
    let body = r#"{"prompt": "Grüezi", "use_case": "cost_optimized", "later": 1}"#;
    let ask = Ask { prompt: "Grüezi".to_owned(), use_case: UseCase::CostOptimized };
    assert_eq!(event(body).ask(limits(7)).as_ref(), Ok(&(ask.clone(), Vec::new())));
    let mut in_base64 = event(&BASE64_STANDARD.encode(body));
    in_base64.is_base64_encoded = true;
    assert_eq!(in_base64.ask(limits(7)), Ok((ask, Vec::new())));
}

#[test]
fn an_invalid_request_is_refused_with_the_reason() {
    let cases = [
        ("", RequestError::NoBody),
        (" \n", RequestError::NoBody),
        ("prompt=hello", RequestError::NotJson),
        ("[1]", RequestError::NotJson),
        ("\"prompt\"", RequestError::NotJson),
        ("{}", RequestError::NoPrompt),
        (r#"{"prompt": 1}"#, RequestError::NoPrompt),
        (r#"{"prompt": " ", "use_case": "balanced"}"#, RequestError::NoPrompt),
        (r#"{"prompt": "x"}"#, RequestError::UseCase),
        (r#"{"prompt": "x", "use_case": "Balanced"}"#, RequestError::UseCase),
        (r#"{"prompt": "x", "use_case": {"balanced": null, "x": 1}}"#, RequestError::UseCase),
        (r#"{"prompt": "äöü1", "use_case": "balanced"}"#, RequestError::TooLong { bytes: 7, limit: 6 }),
    ];
    for (body, error) in cases {
        assert_eq!(event(body).ask(limits(6)), Err(error), "{body}");
    }
    let mut bad_base64 = event("{");
    bad_base64.is_base64_encoded = true;
    assert_eq!(bad_base64.ask(limits(6)), Err(RequestError::NotJson));
    assert_eq!(FunctionUrlEvent::default().ask(limits(6)), Err(RequestError::Method));
    assert!(
        RequestError::UseCase
            .to_string()
            .contains("`performance_optimized`, `accuracy_optimized`, `balanced`, `cost_optimized`")
    );
}

/// How a request with these `messages` is read.
fn turns(messages: &Value) -> Result<Vec<Message>, RequestError> {
    let body = json!({"prompt": "x", "use_case": "balanced", "messages": messages});
    event(&body.to_string()).ask(limits(6)).map(|(_, earlier)| earlier)
}

#[test]
fn earlier_turns_are_read_in_their_order() {
    let user = |content: &str| json!({"role": "user", "content": content});
    let assistant = |content: &str| json!({"role": "assistant", "content": content, "model": "m"});
    assert_eq!(turns(&json!([])), Ok(Vec::new()));
    let four = turns(&json!([user("äö"), assistant(" b"), user("c"), assistant("de")])).unwrap();
    assert_eq!(four.iter().map(|turn| turn.content.as_str()).collect::<Vec<_>>(), ["äö", " b", "c", "de"]);
    assert_eq!(four.iter().map(|turn| turn.role == Role::User).collect::<Vec<_>>(), [true, false, true, false]);
}

#[test]
fn invalid_earlier_turns_are_refused_with_the_reason() {
    let user = |content: &str| json!({"role": "user", "content": content});
    let assistant = |content: &str| json!({"role": "assistant", "content": content});
    for not_a_list in [json!(null), json!({"0": user("a")}), json!("a")] {
        assert_eq!(turns(&not_a_list), Err(RequestError::NoTurns), "{not_a_list}");
    }
    let cases = [
        (json!([assistant("a")]), 1),
        (json!(["a", assistant("b")]), 1),
        (json!([{"content": "a"}, assistant("b")]), 1),
        (json!([{"role": "system", "content": "a"}, assistant("b")]), 1),
        (json!([{"role": {"user": null}, "content": "a"}, assistant("b")]), 1),
        (json!([user("a"), user("b")]), 2),
        (json!([user("a"), {"role": "assistant"}]), 2),
        (json!([user("a"), {"role": "assistant", "content": ["b"]}]), 2),
        (json!([user("a"), assistant("b"), user(" \n"), assistant("b")]), 3),
    ];
    for (messages, number) in cases {
        assert_eq!(turns(&messages), Err(RequestError::Turn { number }), "{messages}");
    }
    assert_eq!(turns(&json!([user("a"), assistant("b"), user("c")])), Err(RequestError::LastTurn));
    let long = json!([user("ääää"), assistant("bc")]);
    assert_eq!(turns(&long), Err(RequestError::ContextTooLong { bytes: 10, limit: 9 }));
}

#[test]
fn typed_events_go_only_to_callers_that_name_them() {
    assert_eq!(event("{}").wire(), Wire::Stock);
    for accept in ["", "*/*", "text/*", "application/json", "text/event-streams", "text/event-stream;q=0, */*"] {
        assert_eq!(accepting(accept, "{}").wire(), Wire::Stock, "{accept}");
    }
    for accept in [
        "text/event-stream",
        "Text/Event-Stream",
        "application/json,text/event-stream",
        "application/json ; q=0.1 , TEXT/EVENT-STREAM ; charset=utf-8; q=0.5, */*",
    ] {
        assert_eq!(accepting(accept, "{}").wire(), Wire::Events, "{accept}");
    }
    let capital = with_headers("{}", &[("Accept", "text/event-stream")]);
    assert_eq!(capital.wire(), Wire::Events);
}

#[test]
fn the_caller_is_described_without_a_secret() {
    let caller = event("{}").caller();
    assert_eq!(caller.role(), Some("signet-users"));
    assert_eq!(caller.access_key_ending.as_deref(), Some("MPLE"));
    assert_eq!((caller.region.as_deref(), caller.service.as_deref()), (Some("eu-central-1"), Some("lambda")));
    assert_eq!(caller.signed_headers, ["content-type", "host", "x-amz-date", "x-amz-security-token"]);
    assert_eq!(caller.time.as_deref(), Some("20261123T101500Z"));
    let all = format!("{caller:?}");
    for secret in [SIGNATURE, SESSION_TOKEN, ACCESS_KEY] {
        assert!(!all.contains(secret));
    }
}

#[test]
fn an_event_without_a_caller_is_not_an_error() {
    assert_eq!(FunctionUrlEvent::default().caller(), Caller::default());
    let other = with_headers("{}", &[("authorization", "Bearer Credential=x, Signature=y")]);
    assert_eq!(other.caller().service, None);
}
