use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::{
    model::exchange::Role,
    testing::server::{self, Served},
};

const ANSWER: &str = concat!(
    "data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\",\"content\":\"Grü\"},\"finish_reason\":null}]}\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"ezi 🦀\"}}]}\n\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":null,\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7,",
    "\"prompt_tokens_details\":{\"cached_tokens\":2}}}\n\n",
    "data: [DONE]\n\n",
);

fn stream(parts: &[&[u8]]) -> Served {
    Served::ok("text/event-stream", parts.iter().map(|part| Bytes::copy_from_slice(part)).collect())
}

/// All text with the reasoning in parentheses, then why the answer ended.
async fn read(served: Served) -> (String, Result<(StopReason, Option<Usage>), ModelError>) {
    let fake = server::serve(move |_| served.clone()).await;
    let mut all = String::new();
    let openai = OpenAi::new(&fake.url(), None, 9).unwrap();
    let mut pieces = match openai.ask("m", &[], "Hello").await {
        Ok(pieces) => pieces,
        Err(error) => return (all, Err(error)),
    };
    loop {
        match pieces.next().await {
            Ok(None) => {}
            Ok(Some(Piece::Text(text))) => all.push_str(&text),
            Ok(Some(Piece::Reasoning(text))) => all.extend(["(", &text, ")"]),
            Ok(Some(Piece::Stop(reason))) => return (all, Ok((reason, pieces.usage()))),
            Err(error) => return (all, Err(error)),
        }
    }
}

#[tokio::test]
async fn an_answer_can_be_split_anywhere() {
    let usage = Usage { input: Some(3), cached: Some(2), output: Some(4) };
    let end = Ok((StopReason::EndTurn, Some(usage)));
    let one_byte_each: Vec<_> = ANSWER.as_bytes().chunks(1).collect();
    for parts in [&[ANSWER.as_bytes()][..], &one_byte_each] {
        assert_eq!(read(stream(parts)).await, ("(hm)Grüezi 🦀".to_owned(), end.clone()));
    }
}

#[tokio::test]
async fn an_event_with_nothing_to_show_is_a_sign_of_life() {
    let silent = [
        ": processing\n\n",
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[]}}]}\n\n",
    ];
    for silent in silent {
        let served = stream(&[silent.as_bytes(), b"data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"]);
        let fake = server::serve(move |_| served.clone()).await;
        let mut pieces = OpenAi::new(&fake.url(), None, 9).unwrap().ask("m", &[], "Hello").await.unwrap();
        assert_eq!(pieces.next().await, Ok(None), "{silent}");
    }
}

#[tokio::test]
async fn reasoning_is_read_under_either_name_but_only_once() {
    for (fields, expected) in [
        (r#""reasoning":"hm""#, "(hm)"),
        (r#""reasoning_content":"","reasoning":"hm""#, "(hm)"),
        (r#""reasoning_content":"hm","reasoning":"hm""#, "(hm)"),
        (r#""reasoning":"hm","content":"a""#, "(hm)a"),
    ] {
        let answer = format!("data: {{\"choices\":[{{\"delta\":{{{fields}}}}}]}}\n\ndata: [DONE]\n\n");
        assert_eq!(read(stream(&[answer.as_bytes()])).await.0, expected, "{fields}");
    }
}

#[tokio::test]
async fn the_request_has_the_key_the_model_the_turns_and_the_limit() {
    let fake = server::serve(|_| stream(&[ANSWER.as_bytes()])).await;
    let key = HeaderValue::from_static("Bearer sk-12");
    let openai = OpenAi::new(&format!("{}/v1", fake.url()), Some(key), 9).unwrap();
    let earlier = [
        Message { role: Role::User, content: "Hi".to_owned() },
        Message { role: Role::Assistant, content: "Ho".to_owned() },
    ];
    openai.ask("llama3.2", &earlier, "Hello").await.unwrap();
    let (head, body) = fake.requests().remove(0);
    assert!(head.starts_with("POST /v1/chat/completions") && head.contains("Bearer sk-12"), "{head}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let expected = json!({
        "model": "llama3.2",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Ho"},
            {"role": "user", "content": "Hello"},
        ],
        "max_tokens": 9,
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_server_that_rejects_stream_options_is_asked_again_without_them() {
    let refused = AtomicBool::new(false);
    let respond = move |_: &str| {
        let served = stream(&[ANSWER.as_bytes()]);
        if refused.swap(true, Ordering::Relaxed) { served } else { served.status(422) }
    };
    let fake = server::serve(respond).await;
    OpenAi::new(&fake.url(), None, 9).unwrap().ask("m", &[], "Hello").await.unwrap();
    let counts: Vec<bool> = fake.requests().iter().map(|(_, body)| body.contains("stream_options")).collect();
    assert_eq!(counts, [true, false]);
}

#[tokio::test]
async fn an_incomplete_answer_ends_with_its_error() {
    let text = r#"data: {"choices":[{"delta":{"content":"a"}}]}"#;
    let unavailable = ModelError::Unavailable { code: "server_error".to_owned() };
    let throttled = ModelError::Throttled { code: "rate_limit_exceeded".to_owned(), retry_after_seconds: None };
    let stops = |reason| Ok((reason, None));
    let cases = [
        ("", Err(ModelError::BrokeOff)),
        ("data: [DONE]\n\n", stops(StopReason::EndTurn)),
        ("data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n", stops(StopReason::EndTurn)),
        ("data: {\"choices\":[{\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n", stops(StopReason::MaxTokens)),
        ("data: {\"choices\":[{\"finish_reason\":\"content_filter\"}]}\n\n", stops(StopReason::ContentFiltered)),
        ("data: {\"error\":{\"message\":\"x\",\"type\":\"server_error\",\"code\":null}}\n\n", Err(unavailable)),
        ("data: {\"error\":{\"code\":\"rate_limit_exceeded\"}}\n\n", Err(throttled)),
        (
            "data: {\"error\":{\"message\":\"x\",\"code\":429}}\n\n",
            Err(ModelError::Throttled { code: "Http429".to_owned(), retry_after_seconds: None }),
        ),
        (
            "data: {\"error\":{\"message\":\"x\",\"code\":400}}\n\n",
            Err(ModelError::Rejected { code: "Http400".to_owned(), message: "x".to_owned() }),
        ),
        (
            "data: {\"error\":{\"message\":\"x\",\"code\":401}}\n\n",
            Err(ModelError::Denied { code: "Http401".to_owned() }),
        ),
        (
            "data: {\"error\":{\"message\":\"x\",\"type\":\"y\",\"code\":502}}\n\n",
            Err(ModelError::Unavailable { code: "Http502".to_owned() }),
        ),
        ("data: <html>\n\n", Err(ModelError::Broken { code: "UnreadableEvent".to_owned() })),
    ];
    for (end, expected) in cases {
        let served = stream(&[format!("{text}\n\n{end}").as_bytes()]);
        assert_eq!(read(served).await, ("a".to_owned(), expected), "{end}");
    }
}

#[tokio::test]
async fn a_refusal_gets_the_right_status_and_does_not_leak_the_key() {
    let body = r#"{"error":{"message":"sk-12 is wrong"}}"#.as_bytes();
    for (status, expected) in [(401, 502), (404, 502), (429, 429), (500, 503), (504, 503), (302, 502)] {
        let (_, end) = read(stream(&[body]).status(status).header("retry-after", "7")).await;
        let error = end.unwrap_err();
        assert_eq!(error.status(), expected, "{status}");
        assert!(!error.to_string().contains("sk-12"), "{error}");
        if let ModelError::Throttled { retry_after_seconds, .. } = error {
            assert_eq!(retry_after_seconds, Some(7));
        }
    }
    let (_, end) = read(stream(&[br#"{"error":{"message":"too long"}}"#]).status(400)).await;
    assert!(end.unwrap_err().to_string().ends_with("too long"));
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_unavailable() {
    // Port 1 of the loopback address: nothing listens there.
    let openai = OpenAi::new("http://127.0.0.1:1/v1", None, 9).unwrap();
    let error = openai.ask("m", &[], "Hello").await.err().unwrap();
    assert_eq!(error.code(), "ConnectionFailed");
}
