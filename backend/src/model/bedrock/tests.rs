use super::*;
use crate::testing::{
    bedrock::{bedrock, frame, metadata, reasoning, refusal, stop, stream, text},
    server::{self, Served},
};

/// All pieces, then the token count or the error that follows them.
async fn read(served: Served) -> (Vec<Piece>, Result<Option<Usage>, ModelError>) {
    let fake = server::serve(move |_| served.clone()).await;
    let mut all = Vec::new();
    let mut pieces = match bedrock(&fake).ask("eu.some-model:0", &[], "Hello").await {
        Ok(pieces) => pieces,
        Err(error) => return (all, Err(error)),
    };
    loop {
        match pieces.next().await {
            Ok(piece) => all.extend(piece),
            Err(error) => return (all, Err(error)),
        }
        if let Some(Piece::Stop(_)) = all.last() {
            return (all, Ok(pieces.usage()));
        }
    }
}

#[tokio::test]
async fn an_answer_arrives_in_pieces_with_its_token_count() {
    let served = stream(&[
        frame("event", "messageStart", r#"{"role":"assistant"}"#),
        reasoning(""),
        reasoning("hm"),
        frame(
            "event",
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"c2ln"}}}"#,
        ),
        text(""),
        text("Hel"),
        text("lo"),
        frame("event", "contentBlockStop", r#"{"contentBlockIndex":0}"#),
        stop("end_turn"),
        metadata(5, 3, 7),
    ]);
    let (pieces, end) = read(served).await;
    let expected = [
        Piece::Reasoning("hm".to_owned()),
        Piece::Text("Hel".to_owned()),
        Piece::Text("lo".to_owned()),
        Piece::Stop(StopReason::EndTurn),
    ];
    assert_eq!(pieces, expected);
    let usage = Usage { input: Some(8), cached: Some(3), output: Some(7) };
    assert_eq!(end, Ok(Some(usage)));
}

#[tokio::test]
async fn the_request_names_the_model_the_turns_and_the_limit() {
    let fake = server::serve(|_| stream(&[text("x"), stop("end_turn")])).await;
    let earlier = [
        exchange::Message { role: Role::User, content: "Hi".to_owned() },
        exchange::Message { role: Role::Assistant, content: "Ho".to_owned() },
    ];
    bedrock(&fake).ask("eu.some-model:0", &earlier, "Hello").await.unwrap();
    let (head, body) = fake.requests().remove(0);
    assert!(head.starts_with("POST /model/eu.some-model%3A0/converse-stream"), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let message = |role: &str, text: &str| serde_json::json!({"role": role, "content": [{"text": text}]});
    let messages = [message("user", "Hi"), message("assistant", "Ho"), message("user", "Hello")];
    assert_eq!(body["messages"], serde_json::json!(messages));
    assert_eq!(body["inferenceConfig"]["maxTokens"], 77);
}

#[tokio::test]
async fn the_input_count_includes_tokens_read_from_and_written_to_a_cache() {
    for (cached, counts, input) in [
        (Some(3), r#""cacheReadInputTokens":3,"cacheWriteInputTokens":4"#, 12),
        (None, r#""cacheWriteInputTokens":4"#, 9),
    ] {
        let usage = format!(r#"{{"usage":{{"inputTokens":5,"outputTokens":7,"totalTokens":19,{counts}}}}}"#);
        let (_, end) = read(stream(&[text("a"), stop("end_turn"), frame("event", "metadata", &usage)])).await;
        assert_eq!(end, Ok(Some(Usage { input: Some(input), cached, output: Some(7) })));
    }
}

#[tokio::test]
async fn an_incomplete_answer_ends_with_its_error() {
    let cases = [
        (stream(&[text("a")]), ModelError::BrokeOff),
        (
            stream(&[text("a"), stop("malformed_tool_use")]),
            ModelError::Broken { code: "malformed_tool_use".to_owned() },
        ),
        (
            stream(&[text("a"), frame("exception", "throttlingException", r#"{"message":"slow"}"#)]),
            ModelError::Throttled { code: "ThrottlingException".to_owned(), retry_after_seconds: None },
        ),
    ];
    for (served, error) in cases {
        assert_eq!(read(served).await, (vec![Piece::Text("a".to_owned())], Err(error)));
    }
}

#[tokio::test]
async fn each_stop_reason_of_bedrock_is_recognised() {
    for (word, reason) in [
        ("end_turn", StopReason::EndTurn),
        ("max_tokens", StopReason::MaxTokens),
        ("model_context_window_exceeded", StopReason::MaxTokens),
        ("stop_sequence", StopReason::StopSequence),
        ("content_filtered", StopReason::ContentFiltered),
        ("guardrail_intervened", StopReason::GuardrailIntervened),
        ("tool_use", StopReason::ToolUse),
    ] {
        let (pieces, end) = read(stream(&[text("a"), stop(word)])).await;
        assert_eq!((pieces.last(), end), (Some(&Piece::Stop(reason)), Ok(None)), "{word}");
    }
}

#[tokio::test]
async fn a_refusal_gets_the_right_status_and_does_not_leak_the_account() {
    let secret = "User: arn:aws:sts::123456789012:assumed-role/function/x is not authorized";
    let cases = [
        (429, "ThrottlingException", 429),
        (503, "ServiceUnavailableException", 503),
        (408, "ModelTimeoutException", 503),
        (403, "AccessDeniedException", 502),
        (404, "ResourceNotFoundException", 502),
        (418, "TeapotException", 502),
    ];
    for (status, code, expected) in cases {
        let (_, end) = read(refusal(status, code, secret)).await;
        let error = end.unwrap_err();
        assert_eq!(error.status(), expected, "{code}");
        assert!(!error.to_string().contains("123456789012"), "{error}");
    }
    let (_, end) = read(refusal(400, "ValidationException", "Input is too long")).await;
    let error = end.unwrap_err();
    assert_eq!((error.status().as_u16(), error.code()), (400, "ValidationException"));
    assert!(error.to_string().ends_with("Input is too long"));
}
