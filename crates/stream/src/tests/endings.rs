//! What servers really send where the standards say otherwise: endings without blank lines, texts twice, texts in parts.

use super::whole_answers::assert_every_split_gives;
use super::*;

fn assert_decodes(bytes: &str, events: &[Event]) {
    assert_every_split_gives(bytes.as_bytes(), events, bytes);
}

#[test]
fn the_last_event_needs_no_blank_line() {
    let stopped = stopped(StopReason::EndTurn);
    let hello = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\n\n";
    let world = "data: {\"choices\":[{\"delta\":{\"content\":\" world\"},\"finish_reason\":\"stop\"}]}";
    for end in ["", "\n", "\r\n"] {
        let answer = format!("{hello}{world}{end}");
        assert_decodes(&answer, &[text("Hello world"), stopped.clone(), Event::End]);
        // What came is kept although the connection broke off, but is not called complete.
        assert_eq!(decode_parts([answer.as_bytes()], false), [text("Hello world"), stopped.clone()]);
        for last in [
            "data: {\"type\":\"end\"}",
            "event: message_stop\ndata: {\"type\":\"message_stop\"}",
            "data: [DONE]",
            "data: {\"type\":\"finalAnswer\"}",
        ] {
            assert_decodes(&format!("{hello}{last}{end}"), &[text("Hello"), Event::End]);
        }
        assert_decodes(&format!("{hello}data: Error: no{end}"), &[text("Hello"), error("", "no", None)]);
        assert_decodes(
            &format!("{hello}event: error\ndata: {{\"message\":\"no\"}}{end}"),
            &[text("Hello"), error("", "no", None)],
        );
    }
    // Half an event is dropped, and the answer was cut off.
    for half in [
        "data: {\"choices\":[{\"delta\":{\"content\":\" wor",
        "data: [DON",
        "data",
        "data: ",
        "event: error\ndata: {\"mess",
    ] {
        assert_decodes(&format!("{hello}{half}"), &[text("Hello")]);
    }
}

#[test]
fn one_line_break_may_part_events() {
    let chunk = |word: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{word}\"}}}}]}}\n");
    let answer = [chunk("Hel"), chunk("lo"), "data: [DONE]\n".into()].concat();
    assert_decodes(&answer, &[text("Hello"), Event::End]);
    // A type is that of the data after it.
    let answer = "event: delta\ndata: {\"chunk\":\"a\"}\nevent: error\ndata: {\"message\":\"no\"}\n";
    assert_decodes(answer, &[text("a"), error("", "no", None)]);
    assert_decodes(
        "event: error\ndata: {\"message\":\"no\"}\nevent: x\ndata: {\"chunk\":\"a\"}\n",
        &[error("", "no", None)],
    );
    // Data in several lines is still one event.
    let answer =
        "data: {\ndata:  \"chunk\":\ndata:   \"a\"\ndata: }\n\ndata: {\"a\":\ndata: {}}\n\ndata: {\"chunk\":\"b\"}\n\n";
    assert_decodes(answer, &[text("a"), Event::Unknown, text("b")]);
}

#[test]
fn a_marker_after_an_event_without_its_blank_line_loses_nothing() {
    assert_decodes("data: {\"chunk\":\"a\"}\n[DONE]\n", &[text("a"), Event::End]);
    assert_decodes("data: {\"chunk\":\"a\"}\nError: no\n", &[text("a"), error("", "no", None)]);
    assert_decodes("data: {\"chunk\":\"a\"}\n{\"chunk\":\"b\"}\n\n", &[text("ab")]);
    // Half an error is no message.
    for half in ["Error: {\"err", "data: Error: {\"err"] {
        assert_decodes(&format!("{{\"chunk\":\"a\"}}\n{half}"), &[text("a")]);
    }
    assert_decodes("{\"chunk\":\"a\"}\nError: no", &[text("a"), error("", "no", None)]);
}

#[test]
fn the_same_text_counts_once() {
    let deltas = "data: {\"choices\":[{\"delta\":{\"content\":\"He\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"llo\"}}]}\n\n";
    let whole =
        "data: {\"choices\":[{\"delta\":{},\"message\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}\n\n";
    assert_decodes(&[deltas, whole].concat(), &[text("Hello"), stopped(StopReason::EndTurn), Event::End]);
    // Where nothing came before it, the whole message is the text.
    assert_decodes(whole, &[text("Hello"), stopped(StopReason::EndTurn), Event::End]);
    let both = "{\"response\":\"He\",\"choices\":[{\"delta\":{\"content\":\"He\"}}]}\n{\"response\":\"llo\",\"choices\":[{\"delta\":{\"content\":\"llo\"}}]}\n[DONE]\n";
    assert_decodes(both, &[text("Hello"), Event::End]);
    let thought = "{\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm\"}}]}\n{\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n{\"choices\":[{\"message\":{\"reasoning_content\":\"Hm\",\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n";
    assert_decodes(thought, &[reasoning("Hm"), text("Hi"), stopped(StopReason::EndTurn), Event::End]);
    // Ollama's messages are pieces.
    let ollama =
        "{\"message\":{\"content\":\"He\"},\"done\":false}\n{\"message\":{\"content\":\"llo\"},\"done\":true}\n";
    assert_decodes(ollama, &[text("Hello"), Event::End]);
}

#[test]
fn half_a_character_waits_for_the_other_half() {
    let answer = |first: &str, second: &str| format!("{{\"chunk\":\"{first}\"}}\n{{\"chunk\":\"{second}\"}}\n[DONE]\n");
    for (first, second, whole) in [
        ("ok \\ud83d", "\\ude00!", "ok 😀!"),
        ("a\\ud83d\\ud83d", "\\ude00\\ude00b", "a\u{fffd}😀\u{fffd}b"),
        ("ok \\ud83d", "no", "ok \u{fffd}no"),
        // A private character that a model writes is itself.
        ("\u{10d83d}", "\u{10de00}\\ud83d", "\u{10d83d}\u{10de00}\u{fffd}"),
    ] {
        assert_decodes(&answer(first, second), &[text(whole), Event::End]);
        let sse = format!("data: {{\"chunk\":\"{first}\"}}\n\ndata: {{\"chunk\":\"{second}\"}}\n\ndata: [DONE]\n\n");
        assert_decodes(&sse, &[text(whole), Event::End]);
    }
    assert_decodes(&answer("\\ud83d", "\\ude00"), &[Event::Skipped, text("😀"), Event::End]);
    assert_decodes(&answer("ok \\ud83d", ""), &[text("ok "), Event::Skipped, text("\u{fffd}"), Event::End]);
    assert_decodes("{\"chunk\":\"ok \\ud83d\"}\n", &[text("ok \u{fffd}")]);
    // The last event, without its blank line.
    assert_decodes("data: {\"chunk\":\"\\ud83d\"}\n\ndata: {\"chunk\":\"\\ude00\"}", &[Event::Skipped, text("😀")]);
    assert_decodes("data: {\"chunk\":\"a\\ud83d\"}", &[text("a\u{fffd}")]);
    assert_decodes("{\"error\":{\"message\":\"no \\ud83d\"}}\n", &[error("", "no \u{fffd}", None)]);
    assert_decodes("data: {\"chunk\":\"a\\ud83d\"}{\"chunk\":\"b\"}\n\n", &[text("a\u{fffd}b")]);
    let thought = "{\"thinking\":\"\\ud83d\"}\n{\"response\":\"\\ude00\"}\n{\"done\":true}\n";
    assert_decodes(thought, &[Event::Skipped, reasoning("\u{fffd}"), text("\u{fffd}"), Event::End]);
}

#[test]
fn a_text_may_come_in_parts() {
    let end = [stopped(StopReason::EndTurn), Event::End];
    for (answer, events) in [
        (
            r#"{"choices":[{"delta":{"content":[{"type":"text","text":"Hello"}]},"finish_reason":"stop"}]}"#,
            vec![text("Hello")],
        ),
        (
            r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]},{"type":"text","text":"Hi"}]},"finish_reason":"stop"}]}"#,
            vec![reasoning("Hm."), text("Hi")],
        ),
        (
            r#"{"choices":[{"message":{"content":["Hel",{"text":"lo"},{"type":"image_url"}]},"finish_reason":"stop"}]}"#,
            vec![text("Hello")],
        ),
        (
            r#"{"id":"c","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi","refusal":null},"finish_reason":"stop"}]}"#,
            vec![text("Hi")],
        ),
        (
            r#"{"type":"message","role":"assistant","model":"claude","content":[{"type":"thinking","thinking":"Hm.","signature":"s"},{"type":"text","text":"Hi"},{"type":"tool_use","name":"x","input":{"text":"no"}}],"stop_reason":"end_turn"}"#,
            vec![model("claude"), reasoning("Hm."), text("Hi")],
        ),
        (
            r#"{"output":{"message":{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm."}}},{"text":"Hi"}]}},"stopReason":"end_turn"}"#,
            vec![reasoning("Hm."), text("Hi")],
        ),
        (
            r#"{"object":"response","status":"completed","model":"m","text":{"format":{"type":"text"}},"output":[{"type":"reasoning","summary":[{"type":"summary_text","text":"Hm."}]},{"type":"message","content":[{"type":"output_text","text":"Hi"}]}]}"#,
            vec![model("m"), reasoning("Hm."), text("Hi")],
        ),
    ] {
        for line_break in ["", "\n"] {
            assert_decodes(&[answer, line_break].concat(), &[&events[..], &end].concat());
        }
        assert_decodes(&format!("data: {answer}\n\n"), &[&events[..], &end].concat());
    }
    assert_decodes("{\"choices\":[{\"delta\":{\"content\":[]}}]}\n", &[Event::Skipped]);
}

#[test]
fn responses_and_data_streams_that_fail_say_so() {
    let event = |kind: &str, response: &str| {
        format!("event: {kind}\ndata: {{\"type\":\"{kind}\",\"response\":{response}}}\n\n")
    };
    let delta = "data: {\"type\":\"response.output_text.delta\",\"delta\":\"Half\"}\n\n";
    let failed = event("response.failed", r#"{"status":"failed","error":{"code":"server_error","message":"Sorry."}}"#);
    assert_decodes(&[delta, &failed].concat(), &[text("Half"), error("server_error", "Sorry.", true)]);
    let cut =
        event("response.incomplete", r#"{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}"#);
    assert_decodes(&[delta, &cut].concat(), &[text("Half"), stopped(StopReason::MaxTokens), Event::End]);
    let refusal = "data: {\"type\":\"response.refusal.delta\",\"delta\":\"I cannot.\"}\n\n";
    let filtered =
        event("response.incomplete", r#"{"status":"incomplete","incomplete_details":{"reason":"content_filter"}}"#);
    assert_decodes(&[refusal, &filtered].concat(), &[text("I cannot."), stopped(StopReason::Filtered), Event::End]);
    assert_decodes("0:\"Half\"\n3:\"Sorry.\"\n", &[text("Half"), error("", "Sorry.", None)]);
    assert_decodes("0:\"Half\"\n0:\"broken\n0:\" and half\"\n", &[text("Half"), Event::Unreadable, text(" and half")]);
    assert_decodes(
        ": keep-alive\n\n0:\"Hi\"\nd:{\"finishReason\":\"stop\"}\n",
        &[text("Hi"), stopped(StopReason::EndTurn), Event::End],
    );
    assert_decodes("Error: busy\nd:{\"finishReason\":\"error\"}\n", &[error("", "busy", None)]);
    // A text that only looks like one.
    for answer in ["0:\"zero\" is the first.\nAnd so on.\n", "d:{a} b\n", "0: none\n"] {
        assert_decodes(answer, &[text(answer), Event::End]);
    }
}
