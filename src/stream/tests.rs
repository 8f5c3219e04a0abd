use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use proptest::prelude::*;
use serde_json::Value;

use super::answer::{COUNTED, COUNTS, FIELDS};
use super::stock::{DONE, Line};
use super::typed::{self, KEEP_ALIVE};
use super::*;
use crate::base64;

/// As the decoder has it.
const LONGEST: usize = 4 << 20;

fn text(text: &str) -> Event {
    Event::Text(text.into())
}

fn reasoning(text: &str) -> Event {
    Event::Reasoning(text.into())
}

fn model(id: &str) -> Event {
    Event::Model(id.into())
}

fn usage(input: u32, cached: impl Into<Option<u32>>, output: u32) -> Event {
    Event::Usage(Usage { input_tokens: Some(input), cached_tokens: cached.into(), output_tokens: Some(output) })
}

fn error(code: &str, message: &str, retryable: impl Into<Option<bool>>) -> Event {
    let retryable = retryable.into();
    Event::Error(Failure { code: code.into(), message: message.into(), retryable, retry_after: None })
}

fn stopped(reason: StopReason) -> Event {
    Event::Stopped(reason)
}

/// All events of these pieces and of a connection that ends then. Neighbouring texts are joined: plain text comes as it is split.
fn decode_until<'a>(parts: impl IntoIterator<Item = &'a [u8]>, whole: bool) -> Vec<Event> {
    let mut decoder = Decoder::default();
    let mut events: Vec<Event> = parts.into_iter().flat_map(|part| decoder.push(part)).collect();
    events.extend(decoder.finish(whole));
    join(events)
}

fn join(events: Vec<Event>) -> Vec<Event> {
    let mut joined = vec![];
    for event in events {
        match (joined.last_mut(), event) {
            (Some(Event::Text(text)), Event::Text(more)) => text.push_str(&more),
            (_, event) => joined.push(event),
        }
    }
    joined
}

fn decode(bytes: &[u8]) -> Vec<Event> {
    decode_until([bytes], true)
}

/// What is shown of it: all but [`Event::Skipped`] and [`Event::Unknown`].
fn shown(bytes: &[u8]) -> Vec<Event> {
    decode(bytes).into_iter().filter(|event| !matches!(event, Event::Skipped | Event::Unknown)).collect()
}

/// One frame, as AWS's own crate writes it.
fn frame(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let mut message = Message::new(payload.as_bytes().to_vec());
    for (name, value) in headers {
        message = message.add_header(Header::new((*name).to_owned(), HeaderValue::String((*value).to_owned().into())));
    }
    written(&message)
}

fn written(message: &Message) -> Vec<u8> {
    let mut bytes = vec![];
    write_message_to(message, &mut bytes).unwrap();
    bytes
}

fn event(kind: &str, payload: &str) -> Vec<u8> {
    frame(&[(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")], payload)
}

fn exception(kind: &str, payload: &str) -> Vec<u8> {
    frame(&[(":exception-type", kind), (":content-type", "application/json"), (":message-type", "exception")], payload)
}

/// A chunk of `InvokeModelWithResponseStream`.
fn chunk(json: &str) -> Vec<u8> {
    event("chunk", &format!(r#"{{"bytes":"{}","p":"abcdefgh"}}"#, base64::encode(json.as_bytes())))
}

fn converse() -> [Vec<u8>; 7] {
    [
        event("messageStart", r#"{"p":"abcd","role":"assistant"}"#),
        event(
            "contentBlockDelta",
            r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm."}},"p":"abcdefghij"}"#,
        ),
        event("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":"Grüße"},"p":"a"}"#),
        event("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"text":" 🦀"},"p":"abc"}"#),
        event("contentBlockStop", r#"{"contentBlockIndex":1,"p":"ab"}"#),
        event("messageStop", r#"{"p":"abcdefghijklmn","stopReason":"guardrail_intervened"}"#),
        event(
            "metadata",
            r#"{"metrics":{"latencyMs":1275},"p":"ab","usage":{"inputTokens":11,"outputTokens":5,"totalTokens":20,
                "cacheReadInputTokens":3,"cacheWriteInputTokens":1}}"#,
        ),
    ]
}

/// An answer on one wire.
#[derive(Clone)]
struct Fixture {
    name: &'static str,
    bytes: Vec<u8>,
    /// Without [`Event::Skipped`] and [`Event::Unknown`].
    shown: Vec<Event>,
    /// How many bytes must have come until it may be taken for whole.
    whole_from: usize,
}

const NEVER: &str = "";

/// A file, and the text in it after which the answer may be taken for whole.
macro_rules! answer {
    ($name:literal, $end:expr, $shown:expr) => {{
        let text = include_str!(concat!("../../tests/vectors/streams/", $name));
        let whole_from = if $end == NEVER { usize::MAX } else { text.find($end).unwrap() + $end.len() };
        Fixture { name: $name, bytes: text.into(), shown: $shown, whole_from }
    }};
}

/// Text in lines, where it makes no difference how lines end.
#[expect(clippy::too_many_lines, reason = "a table")]
fn lines() -> Vec<Fixture> {
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
            "max_tokens\"}\n\n",
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
            "\"stop\"}],\"usage\":null}\n\n",
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
            "\"stop\"}]}\n\n",
            vec![model("gpt-4o-mini"), text("I cannot help."), stopped(EndTurn), Event::End]
        ),
        answer!(
            "anthropic.sse",
            "\"output_tokens\": 15}}\n\n",
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
            "\"output_tokens\": 15}}\n\n",
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
            "\"tool-calls\"}\n\n",
            vec![model("gpt-4o"), reasoning("Hm."), text("Hello 👋"), usage(5, None, 7), stopped(ToolUse), Event::End]
        ),
        answer!("ai-sdk-steps.sse", "\"stop\"}\n\n", vec![text("One.\n\nTwo."), stopped(EndTurn), Event::End]),
        answer!(
            "ai-sdk-reset.sse",
            "\"stop\"}\n\n",
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
        answer!("standard.sse", NEVER, vec![text("abc")]),
    ]
}

/// Frames.
fn frames() -> Vec<Fixture> {
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
    let fixture = |name, bytes, whole_from, shown| Fixture { name, bytes, shown, whole_from };
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

fn plain() -> Fixture {
    let bytes = include_bytes!("../../tests/vectors/streams/plain.txt").to_vec();
    let shown = vec![text(std::str::from_utf8(&bytes).unwrap()), Event::End];
    Fixture { name: "plain.txt", bytes, shown, whole_from: 0 }
}

fn replaced(bytes: &[u8], line_break: &str) -> Vec<u8> {
    bytes
        .iter()
        .flat_map(|byte| if *byte == b'\n' { line_break.as_bytes() } else { std::slice::from_ref(byte) })
        .copied()
        .collect()
}

fn assert_every_split_gives(bytes: &[u8], events: &[Event], name: &str) {
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(decode_until([head, tail], true), events, "{name} split at {at}");
    }
    assert_eq!(decode_until(bytes.chunks(1), true), events, "{name} byte by byte");
}

#[test]
fn each_wire_says_what_it_says() {
    for fixture in [lines(), frames(), vec![plain()]].concat() {
        assert_eq!(join(shown(&fixture.bytes)), fixture.shown, "{}", fixture.name);
    }
}

#[test]
fn nothing_of_a_known_wire_is_unknown() {
    for Fixture { name, bytes, .. } in [lines(), frames(), vec![plain()]].concat() {
        let unknown = decode(&bytes).iter().filter(|event| **event == Event::Unknown).count();
        assert_eq!(unknown, usize::from(name == "stock-mixed.txt"), "{name}");
    }
    for kind in ["tool-input-start", "tool-output-available", "source-document", "file", "data-weather", "finish-step"]
    {
        assert_eq!(decode(format!("data: {{\"type\":\"{kind}\"}}\n\n").as_bytes()), [Event::Skipped], "{kind}");
    }
}

#[test]
fn no_split_line_break_or_byte_order_mark_makes_a_difference() {
    for Fixture { name, bytes, .. } in lines() {
        let events = decode(&bytes);
        for line_break in ["\n", "\r", "\r\n"] {
            for mark in ["", "\u{feff}"] {
                let variant = [mark.as_bytes(), &replaced(&bytes, line_break)].concat();
                assert_every_split_gives(&variant, &events, &format!("{name} with {mark:?}, {line_break:?}"));
            }
        }
    }
    for line_break in ["\n", "\r", "\r\n"] {
        let bytes = replaced(&plain().bytes, line_break);
        let events = [text(std::str::from_utf8(&bytes).unwrap()), Event::End];
        assert_every_split_gives(&bytes, &events, "plain.txt");
        assert_every_split_gives(&["\u{feff}".as_bytes(), &bytes].concat(), &events, "plain.txt with its mark");
    }
    for Fixture { name, bytes, .. } in frames() {
        assert_every_split_gives(&bytes, &decode(&bytes), name);
    }
}

#[test]
fn a_truncated_answer_is_never_taken_for_whole_and_keeps_what_came() {
    for Fixture { name, bytes, whole_from, .. } in [lines(), frames(), vec![plain()]].concat() {
        let all = decode(&bytes);
        let (mut decoder, mut came) = (Decoder::default(), vec![]);
        for at in 0..bytes.len() {
            for whole in [true, false] {
                let mut events = decode_until([&bytes[..at]], whole);
                assert!(same_start(&events, &join(came.clone())), "{name} loses something at {at}");
                if events.last() == Some(&Event::End) {
                    assert!(at >= whole_from, "{name} is taken for whole at {at}");
                    let marker = all[..] == events[..] && name != "plain.txt";
                    assert!(whole || marker, "{name} is taken for whole at {at}, where it broke off");
                    events.pop();
                }
                // Of the sentence of an error, half may have come.
                events.pop_if(|event| matches!(event, Event::Error(_)));
                // Of a few bytes nobody knows whether they are half a line or a word of plain text.
                let is_word = whole && at < 7 && events == [Event::Text(String::from_utf8_lossy(&bytes[..at]).into())];
                assert!(is_word || same_start(&all, &events), "{name} says at {at} what it does not say: {events:?}");
            }
            came.extend(decoder.push(&bytes[at..=at]));
        }
        assert!(whole_from == usize::MAX || all.last() == Some(&Event::End), "{name}");
    }
}

/// Whether `events` begins with `start`, whose last text may be half of one.
fn same_start(events: &[Event], start: &[Event]) -> bool {
    let Some((last, before)) = start.split_last() else { return true };
    let halves = |event: &Event| match (event, last) {
        (Event::Text(text), Event::Text(half)) => text.starts_with(half.as_str()),
        (event, last) => event == last,
    };
    events.starts_with(before) && events.get(before.len()).is_some_and(halves)
}

#[test]
fn a_frame_with_any_byte_changed_ends_the_answer() {
    let frames = converse();
    let first = frames[2].clone();
    for at in 0..frames[3].len() {
        for bits in [1, 0x80, 0xff] {
            let mut second = frames[3].clone();
            second[at] ^= bits;
            let broken = error("CrcMismatch", "", true);
            let bytes = [first.clone(), second.clone(), frames[5].clone()].concat();
            let events = decode(&bytes);
            // A length that has grown is found out by its own CRC, before anything is waited for.
            assert_eq!(events, [text("Grüße"), broken.clone()], "byte {at}, bits {bits}");
            // The first frame of all is known as one even so.
            assert_eq!(decode(&[second, first.clone()].concat()), [broken], "byte {at}, bits {bits}, first");
        }
    }
}

#[test]
fn headers_of_every_type_are_passed_over() {
    let values = [
        HeaderValue::Bool(true),
        HeaderValue::Bool(false),
        HeaderValue::Byte(1),
        HeaderValue::Int16(2),
        HeaderValue::Int32(3),
        HeaderValue::Int64(4),
        HeaderValue::ByteArray(vec![5, 6].into()),
        HeaderValue::String("seven".to_owned().into()),
        HeaderValue::Timestamp(aws_smithy_types::DateTime::from_secs(8)),
        HeaderValue::Uuid(9),
        // What stands under a known name, but is no string.
        HeaderValue::ByteArray(b"exception".to_vec().into()),
    ];
    let mut message = Message::new(br#"{"delta":{"text":"a"}}"#.to_vec());
    for (index, value) in values.into_iter().enumerate() {
        let name = if index == 10 { ":message-type".to_owned() } else { format!("header-{index}") };
        message = message.add_header(Header::new(name, value));
    }
    assert_eq!(decode(&written(&message)), [text("a")]);
    assert_eq!(decode(&frame(&[], "")), [Event::Skipped]);
    // A header that is cut off, in a frame whose CRCs are right.
    for (from, to) in [(b"\x07\x00\x05seven", b"\x07\x00\x99seven"), (b"\x07\x00\x05seven", b"\x0b\x00\x05seven")] {
        let mut bytes = written(&message);
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
        let end = bytes.len() - 4;
        let crc = crc32(&bytes[..end]);
        bytes[end..].copy_from_slice(&crc.to_be_bytes());
        let next = event("contentBlockDelta", r#"{"delta":{"text":"b"}}"#);
        assert_eq!(decode(&[bytes, next].concat()), [Event::Unreadable, text("b")]);
    }
}

#[test]
fn lengths_that_contradict_each_other_end_the_answer() {
    for (total, headers) in [(16_u32, 1_u32), (15, 0), (0, 0), (16, u32::MAX), (100, 85)] {
        let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
        bytes.extend(crc32(&bytes).to_be_bytes());
        bytes.extend([0; 100]);
        assert_eq!(decode(&bytes), [error("CrcMismatch", "", true)], "{total}, {headers}");
    }
}

/// The CRC by its definition, as the remainder of a long division.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for bit in bytes.iter().flat_map(|byte| (0..8).map(move |bit| u32::from(byte >> bit & 1))) {
        let carry = (crc ^ bit) & 1;
        crc >>= 1;
        if carry == 1 {
            crc ^= 0xedb8_8320;
        }
    }
    !crc
}

#[test]
fn an_error_ends_it_and_keeps_what_came() {
    for (line, code, message) in [
        ("Error: {\"error\":{}}", "", ""),
        ("Error: {\"error\":\"too busy\"}\n", "", "too busy"),
        ("Error: {\"error\":{\"message\":\"too busy\",\"code\":\"x\"}}", "x", "too busy"),
        ("Error: out of luck", "", "out of luck"),
        ("Error:", "", ""),
        ("{\"error\":{\"message\":\"too busy\"}}", "", "too busy"),
        ("data: {\"error\":{\"message\":\"too busy\",\"code\":529}}\n\n", "529", "too busy"),
        ("event: error\ndata: too busy\n\n", "", "too busy"),
        ("event: error\ndata: {\"message\":\"too busy\"}\n\n", "", "too busy"),
    ] {
        let answer = format!("{{\"chunk\":\"a\"}}\n\n{line}\n\n{{\"chunk\":\"late\"}}\n[DONE]\n");
        for answer in [&answer, answer.split("\n\n{\"chunk\":\"late\"}").next().unwrap()] {
            let retryable = (code == "529").then_some(true);
            assert_eq!(decode(answer.as_bytes()), [text("a"), error(code, message, retryable)], "{line}");
        }
    }
    assert_eq!(decode(b"Error: alone"), [error("", "alone", None)]);
    for (code, retryable) in [("ThrottlingException", Some(true)), ("validationException", Some(false)), ("x", None)] {
        assert_eq!(decode(&exception(code, "{}")), [error(code, "", retryable)]);
    }
}

#[test]
fn a_status_says_whether_an_error_may_pass() {
    for (status, retryable) in [
        (408, Some(true)),
        (429, Some(true)),
        (500, Some(true)),
        (502, Some(true)),
        (529, Some(true)),
        (400, Some(false)),
        (401, Some(false)),
        (403, Some(false)),
        (418, None),
        (1234, None),
    ] {
        let openrouter = format!("data: {{\"error\":{{\"code\":{status},\"message\":\"m\"}},\"choices\":[]}}\n\n");
        let chat_ui = format!(r#"{{"type":"status","status":"error","message":"m","statusCode":{status}}}"#);
        for answer in [openrouter, chat_ui] {
            assert_eq!(decode(answer.as_bytes()), [error(&status.to_string(), "m", retryable)], "{answer}");
        }
    }
}

#[test]
fn each_wires_word_for_a_stop_is_known() {
    use StopReason::{EndTurn, Filtered, MaxTokens, Other, StopSequence};
    let disabled = "RAG_QUERY_WHEN_RAG_DISABLED";
    for (word, reason) in [
        ("FINISH", EndTurn),
        ("FINISHED", EndTurn),
        ("LENGTH", MaxTokens),
        ("STOP_CRITERIA_MET", StopSequence),
        ("CONTENT_FILTERED", Filtered),
        (disabled, Other(disabled.into())),
    ] {
        let titan = format!(r#"{{"outputText":"a","index":0,"completionReason":"{word}"}}"#);
        assert_eq!(decode(&chunk(&titan)), [text("a"), stopped(reason), Event::End], "{word}");
    }
}

#[test]
fn what_cannot_be_read_does_not_lose_the_rest() {
    let answer = b"{\"chunk\":\"a\"}\n{\"chunk\":\n{\"chunk\":7}\n[]\n{\"later\":true}\n{\"chunk\":\"b\"}\n[DONE]";
    let [unreadable, unknown] = [Event::Unreadable, Event::Unknown];
    assert_eq!(
        decode(answer),
        [text("a"), unreadable.clone(), unreadable.clone(), unreadable.clone(), unknown, text("b"), Event::End]
    );
    let answer = b"data: {\"chunk\":\n\ndata: hello\n\ndata: {\"type\":\"later\"}\n\ndata: {\"chunk\":\"b\"}\n\n";
    assert_eq!(decode(answer), [unreadable.clone(), unreadable.clone(), Event::Unknown, text("b")]);
    // Of what is no Unicode, only the character.
    let answer = b"{\"chunk\":\"a\xff\xf0\x9f\xa6b\"}\n{\"chunk\":\"\\ud83e c\\udd80\"}\n[DONE]";
    assert_eq!(decode(answer), [text("a\u{fffd}\u{fffd}b\u{fffd} c\u{fffd}"), Event::End]);
    assert_eq!(decode(b"Error: {\"error\":\"\xff\"}"), [error("", "\u{fffd}", None)]);
    let answer = [event("chunk", r#"{"bytes":"?"}"#), event("chunk", "{"), chunk(r#"{"chunk":"b"}"#)].concat();
    assert_eq!(decode(&answer), [unreadable.clone(), unreadable, text("b")]);
}

#[test]
fn plain_text_is_shown_as_it_comes() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.push(b"\r\n  "), []);
    assert_eq!(decoder.push(b"Erro"), []);
    assert_eq!(decoder.push(b"neous "), [text("\r\n  Erroneous ")]);
    assert_eq!(decoder.push(b"\xf0\x9f\xa6"), []);
    assert_eq!(decoder.push(b"\x80 \xff \xe2\x82"), [text("🦀 \u{fffd} ")]);
    assert_eq!(decoder.push(b"\xac[DONE]\ndata: x\n\n"), [text("€[DONE]\ndata: x\n\n")]);
    assert_eq!(decoder.finish(true), [Event::End]);
    for short in ["4", "Yes", "Ja", "identity"] {
        assert_eq!(decode(short.as_bytes()), [text(short), Event::End], "{short}");
        assert!(!decode_until([short.as_bytes()], false).contains(&Event::End));
    }
    // What a line could begin with is shown, but not taken for whole; if the connection broke off, it is half a line.
    for short in ["d", "id", "data", "Error", "\n [DON"] {
        assert_eq!(decode(short.as_bytes()), [text(short)], "{short}");
        assert_eq!(decode_until([short.as_bytes()], false), [], "{short}");
    }
    // Half a character, or nothing: it was cut.
    assert_eq!(decode("Grüße".as_bytes().split_at(3).0), [text("Gr")]);
    for nothing in ["", "\n", "\u{feff}", "\u{feff}\n \n"] {
        assert_eq!(decode(nothing.as_bytes()), [], "{nothing:?}");
    }
}

#[test]
fn server_sent_events_are_read_as_the_standard_says() {
    for (stream, events) in [
        // No space, one space, two; an event without a blank line is none.
        ("data:{\"chunk\":\"a\"}\n\ndata: {\"chunk\":\"b\"}\n\ndata:  {\"chunk\":\"c\"}\n", vec![text("ab")]),
        // A field is known by its whole name, in lower case.
        (":\ndata : {\"chunk\":\"a\"}\n\nDATA: {\"chunk\":\"b\"}\n\ndata: {\"chunk\":\"c\"}\n\n", vec![text("c")]),
        // The type of an event holds for that one only.
        (
            "event: error\n\ndata: {\"chunk\":\"a\"}\n\nevent: error\nevent: x\ndata: {\"chunk\":\"b\"}\n\n",
            vec![text("ab")],
        ),
        (
            "id: a\u{0}b\ndata: {\"chunk\":\"a\"}\n\nid\nevent\nretry\ndata\ndata: {\"chunk\":\"b\"}\n\n",
            vec![text("ab")],
        ),
        // What comes under a name of its own may be anything; what comes under none is the answer's.
        ("event: ping\ndata: pong\n\nevent: x\ndata: {\"chunk\":\"a\"}\n\n", vec![Event::Unknown, text("a")]),
        ("event: done\ndata: [DONE]\n\n", vec![Event::End]),
        ("event: x\ndata: Error: y\n\n", vec![error("", "y", None)]),
        ("event: message\ndata: pong\n\ndata: pong\n\n", vec![Event::Unreadable, Event::Unreadable]),
        // One space is left out, not two; lines of data are joined by a line break, which no JSON string has.
        ("event:  error\ndata: {\"chunk\":\"a\"}\n\n", vec![text("a")]),
        ("data: {\"chunk\":\"a\ndata: b\"}\n\n", vec![Event::Unreadable]),
        // No line ends with what only looks like a line break.
        ("data: {\"chunk\":\"a\u{85}\u{2028}\u{2029}b\"}\n\n", vec![text("a\u{85}\u{2028}\u{2029}b")]),
        // One byte order mark, at the start.
        ("\u{feff}data: {\"chunk\":\"a\"}\n\n\u{feff}data: {\"chunk\":\"b\"}\n\n", vec![text("a")]),
    ] {
        assert_eq!(decode(stream.as_bytes()), events, "{stream:?}");
    }
}

#[test]
fn what_is_too_long_is_skipped() {
    let long = "x".repeat(LONGEST);
    for before in ["{\"chunk\":\"", "data: "] {
        let answer = format!("{before}{long}\n{{\"chunk\":\"a\"}}\n");
        let mut decoder = Decoder::default();
        let events: Vec<Event> = answer.as_bytes().chunks(1 << 20).flat_map(|part| decoder.push(part)).collect();
        assert_eq!(events, [Event::Unreadable, text("a")]);
    }
    let lines = format!("data: {}\n", &long[..LONGEST / 2]).repeat(3);
    assert_eq!(decode(format!("{lines}\n{{\"chunk\":\"a\"}}").as_bytes()), [Event::Unreadable, text("a")]);
    let next = event("contentBlockDelta", r#"{"delta":{"text":"a"}}"#);
    let long = event("contentBlockDelta", &format!(r#"{{"delta":{{"text":"{long}"}}}}"#));
    assert_eq!(decode(&[long, next].concat()), [Event::Unreadable, text("a")]);
}

/// Four million bytes, one at a time: were they looked at again with each, this would take days.
#[test]
fn each_byte_is_looked_at_once() {
    let long = "x".repeat(LONGEST - 200);
    let json = format!("{{\"chunk\":\"{long}\"}}");
    for answer in [
        format!("data: {json}\n\n").into_bytes(),
        format!("{json}\n").into_bytes(),
        event("chunk", &json),
        [" ".repeat(LONGEST).as_bytes(), json.as_bytes()].concat(),
        long.clone().into_bytes(),
    ] {
        let length: usize = decode_until(answer.chunks(1), true)
            .iter()
            .map(|event| if let Event::Text(text) = event { text.trim().len() } else { 0 })
            .sum();
        assert!(length >= long.len());
    }
}

#[test]
fn what_the_back_end_writes_is_read() {
    let lines = [Line::Model { model_used: "m".into() }, Line::Chunk { chunk: "\"\n".into() }];
    let mut answer: String = lines.iter().map(|line| serde_json::to_string(line).unwrap() + "\n\n").collect();
    answer += DONE;
    assert_eq!(decode(answer.as_bytes()), [model("m"), text("\"\n"), Event::End]);

    let typed = |data: &[typed::Event<'_>]| -> String {
        data.iter().map(|data| ["data: ", &serde_json::to_string(data).unwrap(), "\n\n", KEEP_ALIVE].concat()).collect()
    };
    let answer = typed(&[
        typed::Event::Start { model: "m", context_bytes: 9 },
        typed::Event::Reasoning { text: "r" },
        typed::Event::Text { text: "\"\n" },
        typed::Event::Usage(typed::Usage { input: Some(1), cached: Some(0), output: Some(2) }),
        typed::Event::Stop { reason: typed::StopReason::ToolUse },
        typed::Event::End,
    ]);
    assert_eq!(
        decode(answer.as_bytes()),
        [
            model("m"),
            Event::Context(9),
            reasoning("r"),
            text("\"\n"),
            usage(1, 0, 2),
            stopped(StopReason::ToolUse),
            Event::End
        ]
    );
    let failed = typed::Event::Error { code: "c", message: "m", retryable: false, retry_after_seconds: None };
    assert_eq!(decode(typed(&[failed]).as_bytes()), [error("c", "m", false)]);
}

#[test]
fn an_end_comes_with_a_marker_or_after_a_reason_to_stop_and_nothing_comes_twice() {
    let delta = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let stop = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"weird\"}]}\n\n";
    let other = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\n\n";
    assert_eq!(decode(format!("{delta}{other}").as_bytes()), [text("a"), Event::Skipped]);
    let stopped = stopped(StopReason::Other("weird".into()));
    let answer = format!("{delta}{stop}");
    assert_eq!(decode(answer.as_bytes()), [text("a"), stopped.clone(), Event::End]);
    assert_eq!(decode_until([answer.as_bytes()], false), [text("a"), stopped]);
    // Some write the same under two names.
    let twice = r#"{"choices":[{"delta":{"reasoning":"a","reasoning_content":"a","content":"b"}}]}"#;
    assert_eq!(decode(twice.as_bytes()), [reasoning("a"), text("b")]);
    // Of an end that has come, nothing takes it back.
    assert_eq!(
        decode_until([b"{\"chunk\":\"a\"}\n[DONE]\n{\"chunk\":\"b\"}\n".as_slice()], false),
        [text("a"), Event::End]
    );
}

fn pieces<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// Words of all wires, broken up and put together again.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<Vec<u8>> = lines()
        .iter()
        .flat_map(|fixture| fixture.bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>())
        .chain(
            ["\n", "\r", "\r\n", "\n\n", "data:", "data: ", "Error: ", "[DONE]", "\u{feff}", "é", ":", "{", " "]
                .map(|word| word.as_bytes().to_vec()),
        )
        .collect();
    let piece = prop_oneof![
        4 => prop::sample::select(words),
        4 => prop::sample::select(vec![b"\n".to_vec(), b"\r".to_vec(), b"\n\n".to_vec()]),
        1 => prop::collection::vec(any::<u8>(), 0..3),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

/// JSON under the names that are read, of the kinds that are known, with values of every type: seldom the right one.
fn objects() -> impl Strategy<Value = String> {
    let counts = COUNTED.iter().flat_map(|at| COUNTS.iter().map(move |(_, path)| [*at, *path].concat()));
    let others = ["/error", "/error/message", "/error/code", "/done", "/status", "/choices", "/outputs", "/bytes"];
    let others = others.into_iter().chain(["/interrupted", "/text", "/statusCode", "/retryable", "/index"]);
    let paths = FIELDS.iter().map(|(_, path, _)| (*path).to_owned()).chain(counts).chain(others.map(str::to_owned));
    let kinds = FIELDS.iter().map(|(kind, ..)| *kind);
    let silent = ["error", "abort", "status", "finalAnswer", "end", "start-step", "reset-step", "text-start", "later"];
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        prop::sample::select(vec!["stop", "finished", "429", "e30="]).prop_map(Value::from),
        Just(serde_json::json!([])),
        Just(serde_json::json!({ "text": [{}] })),
    ];
    let kind = prop_oneof![
        9 => prop::sample::select(kinds.chain(silent).collect::<Vec<_>>()).prop_map(Value::from),
        1 => value.clone(),
    ];
    let paths: Vec<String> = paths.collect();
    let members = prop::collection::vec((prop::sample::select(paths), value), 0..6);
    (kind, members, prop::option::of(prop::sample::select(vec!["choices", "outputs"]))).prop_map(
        |(kind, members, list)| {
            let mut object = serde_json::json!({});
            for (path, value) in members {
                let mut place = &mut object;
                for name in path.split('/').skip(1) {
                    if !place.is_object() {
                        *place = serde_json::json!({});
                    }
                    place = &mut place[name];
                }
                *place = value;
            }
            if let Some(list) = list {
                object = serde_json::json!({ list: [object.clone()], "index": object["index"] });
            }
            if kind != "" {
                object["type"] = kind;
            }
            object.to_string()
        },
    )
}

/// Objects one after the other, on each wire that carries them as text.
fn told() -> impl Strategy<Value = Vec<u8>> {
    let around = prop::sample::select(vec![
        ("", "\n"),
        ("data: ", "\n\n"),
        ("event: x\ndata:", "\r\r"),
        ("event: error\ndata: ", "\n\n"),
    ]);
    prop::collection::vec((objects(), around), 0..6).prop_map(|all| {
        all.into_iter().flat_map(|(json, (before, after))| [before, &json, after].concat().into_bytes()).collect()
    })
}

/// A frame of these headers and this payload whose checksums are right, whatever is in it.
fn sealed(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let lengths = [16 + headers.len() + payload.len(), headers.len()].map(|length| u32::try_from(length).unwrap());
    let mut bytes = lengths.map(u32::to_be_bytes).concat();
    bytes.extend(crc32(&bytes).to_be_bytes());
    bytes.extend([headers, payload].concat());
    bytes.extend(crc32(&bytes).to_be_bytes());
    bytes
}

/// Sound frames with anything in them.
fn sound() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(vec![
        ":message-type",
        ":exception-type",
        ":error-code",
        ":error-message",
        ":event-type",
        "x",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![b"event".to_vec(), b"exception".to_vec(), b"error".to_vec()]),
        prop::collection::vec(any::<u8>(), 0..6),
    ];
    let header = (name, prop_oneof![4 => Just(7), 1 => 0..12_u8], value).prop_map(|(name, kind, value)| {
        let length = u16::try_from(value.len()).unwrap().to_be_bytes();
        [&[u8::try_from(name.len()).unwrap()], name.as_bytes(), &[kind], &length, &value].concat()
    });
    let headers = prop_oneof![
        3 => prop::collection::vec(header, 0..4).prop_map(|headers| headers.concat()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    let payload = prop_oneof![
        2 => objects().prop_map(String::into_bytes),
        2 => objects().prop_map(|json| serde_json::json!({ "bytes": base64::encode(json.as_bytes()) }).to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| chunk(&String::from_utf8_lossy(&bytes))),
    ];
    (headers, payload).prop_map(|(headers, payload)| sealed(&headers, &payload))
}

/// Frames of all kinds, some with a byte changed, cut or with something between.
fn framed() -> impl Strategy<Value = Vec<u8>> {
    let frames: Vec<Vec<u8>> = [
        converse().to_vec(),
        vec![chunk(r#"{"outputText":"a"}"#), exception("x", "{}"), frame(&[], ""), frame(&[("a", "b")], "[")],
    ]
    .concat();
    let piece = (
        prop_oneof![prop::sample::select(frames), sound()],
        prop::option::weighted(0.1, (any::<prop::sample::Index>(), any::<u8>())),
    )
        .prop_map(|(mut frame, change)| {
            if let Some((at, byte)) = change {
                let at = at.index(frame.len());
                frame[at] = byte;
            }
            frame
        });
    (prop::collection::vec(piece, 0..6), prop::collection::vec(any::<u8>(), 0..3))
        .prop_map(|(frames, tail)| [frames.concat(), tail].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn any_bytes_in_any_pieces_give_the_events_of_the_whole(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..80),
            prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}\"\n\r:,[]DONE data".to_vec())], 0..300),
            texts(),
            told(),
            framed(),
        ],
        cuts in prop::collection::vec(any::<usize>(), 0..8),
        whole in any::<bool>(),
    ) {
        let events = decode_until([&bytes[..]], whole);
        prop_assert_eq!(&decode_until(pieces(&bytes, &cuts), whole), &events);
        prop_assert_eq!(&decode_until(bytes.chunks(1), whole), &events);
        let last = events.iter().position(|event| matches!(event, Event::End | Event::Error(_)));
        prop_assert!(last.is_none_or(|last| last + 1 == events.len()), "nothing follows the last event");
        prop_assert!(!events.iter().any(|event| *event == text("") || *event == reasoning("")));
    }

    #[test]
    fn whatever_a_sound_frame_holds_the_next_one_is_read(frames in prop::collection::vec(sound(), 1..4)) {
        let next = event("contentBlockDelta", r#"{"delta":{"text":"next"}}"#);
        let events = decode(&[frames.concat(), next].concat());
        let ended = events.iter().any(|event| matches!(event, Event::End | Event::Error(_)));
        let read = events.iter().any(|event| matches!(event, Event::Text(text) if text.ends_with("next")));
        prop_assert!(ended || read, "{:?}", events);
        prop_assert!(!events.contains(&error("CrcMismatch", "", true)));
    }

    #[test]
    fn whatever_an_object_holds_the_next_one_is_read(object in objects()) {
        let events = decode(format!("{object}\n{{\"chunk\":\"next\"}}\n").as_bytes());
        let ended = events.iter().any(|event| matches!(event, Event::End | Event::Error(_)));
        let read = events.iter().any(|event| matches!(event, Event::Text(text) if text.ends_with("next")));
        prop_assert!(ended || read, "{:?}", events);
    }

    #[test]
    fn any_frame_of_the_peers_is_read(
        headers in prop::collection::vec(("[a-z]{1,9}", ".{0,9}"), 0..4),
        said in "\\PC{1,40}",
    ) {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let payload = serde_json::json!({ "delta": { "text": said }, "p": "abc" }).to_string();
        prop_assert_eq!(decode(&frame(&headers, &payload)), [text(&said)]);
    }
}
