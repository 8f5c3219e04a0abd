use super::fixtures::{Fixture, frames, lines, plain};
use super::*;
use crate::stock::{DONE, Line};
use crate::typed::{self, KEEP_ALIVE};

fn replaced(bytes: &[u8], line_break: &str) -> Vec<u8> {
    bytes
        .iter()
        .flat_map(|byte| if *byte == b'\n' { line_break.as_bytes() } else { std::slice::from_ref(byte) })
        .copied()
        .collect()
}

pub fn assert_every_split_gives(bytes: &[u8], events: &[Event], name: &str) {
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        assert_eq!(decode_parts([head, tail], true), events, "{name} split at {at}");
    }
    assert_eq!(decode_parts(bytes.chunks(1), true), events, "{name} byte by byte");
}

#[test]
fn each_wire_gives_its_events() {
    for fixture in [lines(), frames(), vec![plain()]].concat() {
        assert_eq!(join(shown(&fixture.bytes)), fixture.shown, "{}", fixture.name);
    }
}

#[test]
fn no_object_of_a_known_wire_is_unknown() {
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
fn splits_line_breaks_and_byte_order_marks_make_no_difference() {
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
fn a_truncated_answer_is_never_complete_and_keeps_what_came() {
    for Fixture { name, bytes, complete_from, .. } in [lines(), frames(), vec![plain()]].concat() {
        let all = decode(&bytes);
        let (mut decoder, mut came) = (Decoder::default(), vec![]);
        for at in 0..bytes.len() {
            for complete in [true, false] {
                let mut events = decode_parts([&bytes[..at]], complete);
                assert!(same_start(&events, &join(came.clone())), "{name} loses something at {at}");
                if events.last() == Some(&Event::End) {
                    assert!(at >= complete_from, "{name} is complete at {at}");
                    let marker = all[..] == events[..] && name != "plain.txt";
                    assert!(complete || marker, "{name} is complete at {at}, where it broke off");
                    events.pop();
                }
                // The error's message may be cut.
                events.pop_if(|event| matches!(event, Event::Error(_)));
                // A few bytes may be half a line or a word of plain text.
                let is_word =
                    complete && at < 7 && events == [Event::Text(String::from_utf8_lossy(&bytes[..at]).into())];
                assert!(is_word || same_start(&all, &events), "{name} invents something at {at}: {events:?}");
            }
            came.extend(decoder.push(&bytes[at..=at]));
        }
        assert!(complete_from == usize::MAX || all.last() == Some(&Event::End), "{name}");
    }
}

/// Whether `events` begins with `start`, whose last text may be cut.
fn same_start(events: &[Event], start: &[Event]) -> bool {
    let Some((last, before)) = start.split_last() else { return true };
    let halves = |event: &Event| match (event, last) {
        (Event::Text(text), Event::Text(half)) => text.starts_with(half.as_str()),
        (event, last) => event == last,
    };
    events.starts_with(before) && events.get(before.len()).is_some_and(halves)
}

#[test]
fn words_in_capitals_for_a_stop_are_known() {
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
fn what_the_types_for_writing_write_is_read() {
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
fn the_end_comes_after_a_marker_or_a_reason_to_stop_and_nothing_comes_twice() {
    let delta = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    let stop = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"weird\"}]}\n\n";
    let other = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"},\"finish_reason\":\"stop\"}]}\n\n";
    assert_eq!(decode(format!("{delta}{other}").as_bytes()), [text("a"), Event::Skipped]);
    let stopped = stopped(StopReason::Other("weird".into()));
    let answer = format!("{delta}{stop}");
    assert_eq!(decode(answer.as_bytes()), [text("a"), stopped.clone(), Event::End]);
    assert_eq!(decode_parts([answer.as_bytes()], false), [text("a"), stopped]);
    // Some servers write the same text under two names.
    let twice = r#"{"choices":[{"delta":{"reasoning":"a","reasoning_content":"a","content":"b"}}]}"#;
    assert_eq!(decode(twice.as_bytes()), [reasoning("a"), text("b")]);
    // What comes after the end is ignored.
    assert_eq!(
        decode_parts([b"{\"chunk\":\"a\"}\n[DONE]\n{\"chunk\":\"b\"}\n".as_slice()], false),
        [text("a"), Event::End]
    );
}

#[test]
fn names_of_several_wires_may_be_mixed() {
    let answer = r#"{"type":"start","model":"m"}
{"type":"text-delta","delta":"a","usage":{"prompt_tokens":1.0,"output_tokens":2e0}}
{"type":"message-metadata","messageMetadata":{"usage":{"input_tokens":3,"cache_read_input_tokens":4,"completion_tokens":5}}}
{"generation":"b","finish_reason":"length"}
{"type":"end"}"#;
    let events = [
        model("m"),
        text("a"),
        usage(1, None, 2),
        usage(7, 4, 5),
        text("b"),
        stopped(StopReason::MaxTokens),
        Event::End,
    ];
    assert_eq!(decode(answer.as_bytes()), events);
}

#[test]
fn a_value_of_the_wrong_type_costs_only_itself() {
    let answer = r#"{"model":7,"chunk":"a","usage":{"prompt_tokens":-1,"completion_tokens":5},"index":1e999}
{"choices":[{"delta":{"content":{},"reasoning":"r"}}]}
{"message":{"content":"b","thinking":[]},"done":"true","done_reason":false}"#;
    let counted = Event::Usage(Usage { output_tokens: Some(5), ..Usage::default() });
    assert_eq!(decode(answer.as_bytes()), [text("a"), counted, reasoning("r"), Event::Unreadable, text("b")]);
}
