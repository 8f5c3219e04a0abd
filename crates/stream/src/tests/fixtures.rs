//! Answers on all wires, and their events.

use super::{chunk, converse, error, event, exception, frame, model, reasoning, stopped, text, usage};
use crate::stock::DONE;
use crate::{Event, Failure, StopReason, Usage};

/// An answer on one wire.
#[derive(Clone)]
pub(super) struct Fixture {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    /// Its events, without [`Event::Skipped`] and [`Event::Unknown`].
    pub shown: Vec<Event>,
    /// The number of bytes from which the answer may count as complete.
    pub complete_from: usize,
}

pub(super) const NEVER: &str = "";

/// A file, the text in it after which the answer may count as complete, and its events.
macro_rules! answer {
    ($name:literal, $end:expr, $shown:expr) => {{
        let text = include_str!(concat!("../../tests/vectors/", $name));
        let complete_from = if $end == NEVER { usize::MAX } else { text.find($end).unwrap() + $end.len() };
        Fixture { name: $name, bytes: text.into(), shown: $shown, complete_from }
    }};
}

/// Answers in lines. How the lines end makes no difference.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn lines() -> Vec<Fixture> {
    use StopReason::{EndTurn, Filtered, MaxTokens, ToolUse};
    vec![
        answer!(
            "stock.txt",
            DONE,
            vec![model("eu.amazon.nova-2-lite-v1:0"), text("Grüße, 世界 🦀\u{0} 🦀 line\nbreak"), Event::End]
        ),
        answer!("stock-error.txt", NEVER, vec![model("m"), text("Half"), error("ThrottlingException", "", true)]),
        answer!("stock-mixed.txt", DONE, vec![text("a"), Event::Unreadable, Event::Unreadable, text("bc"), Event::End]),
        answer!(
            "typed.sse",
            "max_tokens\"}",
            vec![
                model("eu.amazon.nova-2-lite-v1:0"),
                Event::Context(32768),
                reasoning("First, "),
                text("Grüße, 世界"),
                stopped(MaxTokens),
                usage(12, 0, 34),
                Event::End
            ]
        ),
        answer!(
            "typed-error.sse",
            NEVER,
            vec![
                model("m"),
                text("Half"),
                Event::Error(Failure {
                    code: "ThrottlingException".into(),
                    message: "Too many requests.".into(),
                    retryable: Some(true),
                    retry_after: Some(10)
                })
            ]
        ),
        answer!(
            "openai.sse",
            "\"stop\"}],\"usage\":null}",
            vec![
                model("gpt-4o-mini"),
                reasoning("Hm."),
                text("Hello ☕"),
                stopped(EndTurn),
                usage(19, 4, 10),
                Event::End
            ]
        ),
        answer!(
            "openai-error.sse",
            NEVER,
            vec![model("gpt-4o-mini"), text("Half"), error("server_error", "The server had an error.", true)]
        ),
        answer!(
            "openai-refusal.sse",
            "\"stop\"}]}",
            vec![model("gpt-4o-mini"), text("I cannot help."), stopped(EndTurn), Event::End]
        ),
        answer!(
            "anthropic.sse",
            "\"output_tokens\": 15}}",
            vec![
                model("claude-opus-4-20250514"),
                usage(125, 100, 1),
                reasoning("Let me see."),
                text("Hello!"),
                stopped(EndTurn),
                usage(125, 100, 15),
                Event::End
            ]
        ),
        answer!(
            "anthropic-start.sse",
            "\"output_tokens\": 15}}",
            vec![
                reasoning("Let me"),
                reasoning(" see."),
                text("Hello!"),
                stopped(EndTurn),
                Event::Usage(Usage { output_tokens: Some(15), ..Usage::default() }),
                Event::End
            ]
        ),
        answer!(
            "anthropic-error.sse",
            NEVER,
            vec![
                model("claude-opus-4-20250514"),
                usage(125, 100, 1),
                text("Half"),
                error("overloaded_error", "Overloaded", true)
            ]
        ),
        answer!(
            "ai-sdk.sse",
            "\"tool-calls\"}",
            vec![model("gpt-4o"), reasoning("Hm."), text("Hello 👋"), usage(5, None, 7), stopped(ToolUse), Event::End]
        ),
        answer!("ai-sdk-steps.sse", "\"stop\"}", vec![text("One.\n\nTwo."), stopped(EndTurn), Event::End]),
        answer!(
            "ai-sdk-reset.sse",
            "\"stop\"}",
            vec![text("Half"), Event::Unreadable, text("\n\nWhole"), stopped(EndTurn), Event::End]
        ),
        answer!("ai-sdk-error.sse", NEVER, vec![text("Half"), error("", "An error occurred.", None)]),
        answer!("ai-sdk-abort.sse", NEVER, vec![text("Half"), error("", "user cancelled", None)]),
        answer!(
            "nova.jsonl",
            "content_filtered\"}}",
            vec![reasoning("Hm."), text("Hello"), stopped(Filtered), usage(11, 2, 3), Event::End]
        ),
        answer!(
            "ollama-generate.ndjson",
            "4232710000}",
            vec![model("llama3.2"), text("The sky"), stopped(MaxTokens), usage(26, None, 259), Event::End]
        ),
        answer!(
            "ollama-chat.ndjson",
            "\"eval_count\":282}",
            vec![model("qwen3"), reasoning("Hm."), text("The"), stopped(EndTurn), usage(26, None, 282), Event::End]
        ),
        answer!(
            "ollama-error.ndjson",
            NEVER,
            vec![model("m"), text("Half"), error("", "an error was encountered while running the model", None)]
        ),
        answer!(
            "chat-ui.ndjson",
            "\"interrupted\":false}",
            vec![model("Qwen/Qwen3-8B"), reasoning("Hm."), text("Hello there"), Event::End]
        ),
        answer!("chat-ui-error.ndjson", NEVER, vec![text("Half"), error("503", "Model is overloaded", true)]),
        answer!("chat-ui-interrupted.ndjson", NEVER, vec![text("Half")]),
        answer!(
            "openai-responses.sse",
            "\"total_tokens\":46}}}",
            vec![
                model("gpt-5-mini"),
                reasoning("Hm."),
                text("Grüße 🦀"),
                usage(12, 4, 34),
                stopped(EndTurn),
                Event::End
            ]
        ),
        answer!(
            "ai-sdk-4.txt",
            "\nd:{\"finishReason\":\"stop\",\"usage\":{\"promptTokens\":12,\"completionTokens\":34}}",
            vec![reasoning("Hm."), text("Grüße 🦀"), usage(12, None, 34), stopped(EndTurn), Event::End]
        ),
        answer!("standard.sse", NEVER, vec![text("abcd")]),
    ]
}

/// Answers in frames.
pub(super) fn frames() -> Vec<Fixture> {
    let claude = [
        r#"{"type":"message_start","message":{"model":"claude-3","usage":{"input_tokens":10,"output_tokens":1}}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"stop_sequence","stop_sequence":"."},"usage":{"output_tokens":3}}"#,
        r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":10,"outputTokenCount":4,
            "invocationLatency":744,"firstByteLatency":480}}"#,
    ];
    let nova = [
        r#"{"messageStart":{"role":"assistant"}}"#,
        r#"{"contentBlockDelta":{"delta":{"text":"Hello"},"contentBlockIndex":0}}"#,
        r#"{"messageStop":{"stopReason":"end_turn"}}"#,
        r#"{"metadata":{"usage":{"inputTokens":9,"outputTokens":3},"metrics":{},"trace":{}},
            "amazon-bedrock-invocationMetrics":{"inputTokenCount":9,"outputTokenCount":3}}"#,
    ];
    let titan = [
        r#"{"outputText":"Hello","index":0,"totalOutputTextTokenCount":null,"completionReason":null,"inputTextTokenCount":7}"#,
        r#"{"outputText":"!","index":0,"totalOutputTextTokenCount":2,"completionReason":"FINISH","inputTextTokenCount":null}"#,
    ];
    let llama = [
        r#"{"generation":"Hello","prompt_token_count":7,"generation_token_count":1,"stop_reason":null}"#,
        r#"{"generation":"","prompt_token_count":null,"generation_token_count":2,"stop_reason":"length"}"#,
    ];
    let mistral =
        [r#"{"outputs":[{"text":"Hello","stop_reason":null}]}"#, r#"{"outputs":[{"text":"","stop_reason":"stop"}]}"#];
    let chunks = |chunks: &[&str]| chunks.iter().flat_map(|json| chunk(json)).collect::<Vec<u8>>();
    let stop = |reason| [stopped(reason), Event::End];
    let fixture = |name, bytes, complete_from, shown| Fixture { name, bytes, shown, complete_from };
    let never = usize::MAX;
    let half = event("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Half"}}"#);
    let error_frame = frame(
        &[(":message-type", "error"), (":error-code", "InternalError"), (":error-message", "An internal error.")],
        "",
    );
    let said = vec![reasoning("Hm."), text("Grüße 🦀")];
    vec![
        fixture(
            "ConverseStream",
            converse().concat(),
            converse()[..6].concat().len(),
            [said.clone(), vec![stopped(StopReason::Filtered), usage(15, 3, 5), Event::End]].concat(),
        ),
        fixture("ConverseStream without a stop", converse()[..5].concat(), never, said),
        fixture(
            "an exception",
            [half.clone(), exception("throttlingException", r#"{"message":"Slow down."}"#), half.clone()].concat(),
            never,
            vec![text("Half"), error("throttlingException", "Slow down.", true)],
        ),
        fixture(
            "an error",
            [half, error_frame].concat(),
            never,
            vec![text("Half"), error("InternalError", "An internal error.", None)],
        ),
        fixture(
            "Claude",
            chunks(&claude),
            chunks(&claude[..3]).len(),
            vec![
                model("claude-3"),
                usage(10, None, 1),
                text("Hello"),
                stopped(StopReason::StopSequence),
                usage(10, None, 3),
                usage(10, None, 4),
                Event::End,
            ],
        ),
        fixture(
            "Nova",
            chunks(&nova),
            chunks(&nova[..3]).len(),
            vec![text("Hello"), stopped(StopReason::EndTurn), usage(9, None, 3), Event::End],
        ),
        fixture(
            "Titan",
            chunks(&titan),
            chunks(&titan).len(),
            vec![
                text("Hello"),
                Event::Usage(Usage { input_tokens: Some(7), ..Usage::default() }),
                text("!"),
                stopped(StopReason::EndTurn),
                usage(7, None, 2),
                Event::End,
            ],
        ),
        fixture(
            "Llama",
            chunks(&llama),
            chunks(&llama).len(),
            vec![text("Hello"), usage(7, None, 1), stopped(StopReason::MaxTokens), usage(7, None, 2), Event::End],
        ),
        fixture(
            "Mistral",
            chunks(&mistral),
            chunks(&mistral).len(),
            [vec![text("Hello")], stop(StopReason::EndTurn).to_vec()].concat(),
        ),
    ]
}

pub(super) fn plain() -> Fixture {
    let bytes = include_bytes!("../../tests/vectors/plain.txt").to_vec();
    let shown = vec![text(std::str::from_utf8(&bytes).unwrap()), Event::End];
    Fixture { name: "plain.txt", bytes, shown, complete_from: 0 }
}
