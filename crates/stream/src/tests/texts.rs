//! Answers whose framing is not what their first bytes suggest, and JSON that is not one object a line.

use super::whole_answers::assert_every_split_gives;
use super::*;

fn assert_decodes(bytes: &str, events: &[Event]) {
    assert_every_split_gives(bytes.as_bytes(), events, bytes);
}

#[test]
fn plain_text_is_not_taken_for_a_wire() {
    for answer in [
        ":warning: Be careful.\nSecond line.\n",
        ":warning: Be careful.",
        ":+1: Yes.\n",
        ":the second line: is text\nSecond line.\n",
        "data: 12 rows were found.\n",
        "data: 12 rows were found.\nThey are:\n- one: 1\n",
        "data: 12 rows were found.\n\nid: is the key.\n",
        "event: a birthday\nWe meet at six.\n",
        "{\n  \"name\": \"Ada\"\n}\n",
        "{\"name\": \"Ada\"}",
        "{\"name\": \"Ada\"}\n\nThat is the object: Ada.\n",
        "{braces} are no JSON\n",
        "{ \"a\": 1 },\n{ \"b\": 2 }\n",
        "Error: on line 3.\n\nUse x.\n",
        "Error: on line 3.\n\nUse: x.\n",
        "Errors: none.\n",
        "Error: the ratio was\n2:1\nUse 3:1 instead.\n",
        "[DONE] is a marker.\n",
        // Once it is a text, an event in it is text, too.
        "d:{a} b\ndata: {\"type\":\"error\",\"errorText\":\"x\"}\n\n",
    ] {
        assert_decodes(answer, &[text(answer), Event::End]);
        // As soon as a line belongs to no wire, the text is shown as it comes.
    }
    // Not for ever: what is long and unknown is no text, however it is split.
    let unknown = "{\"x\":1}\n".repeat(20_000);
    let answer = format!("{unknown}hello\n{{\"chunk\":\"a\"}}\n[DONE]\n");
    for part in [1000, 100_000, answer.len()] {
        let events = decode_parts(answer.as_bytes().chunks(part), true);
        assert!(events.ends_with(&[text("a"), Event::End]), "{part}");
    }
    let mut decoder = Decoder::default();
    assert_eq!(decoder.push(b"Error: on line 3.\n\nUse x.\n"), [text("Error: on line 3.\n\nUse x.\n")]);
    assert_eq!(decoder.push(b"Then "), [text("Then ")]);
}

#[test]
fn what_is_no_text_is_not_shown_as_text() {
    // Comments that keep a connection open; half an object; an error in words, and what is known but has no text.
    for (answer, events) in [
        (": keep-alive\n\n: keep-alive\n\n", vec![]),
        (":\n\nid: 1\nretry: 10\n\n", vec![]),
        ("{\"chu", vec![]),
        ("{\n  \"choices\": [\n", vec![]),
        ("data: {\"choices\":[{\"delta\":{\"con", vec![]),
        ("Error: The model is not available.", vec![error("", "The model is not available.", None)]),
        ("\nError: The model is not available.\n\n", vec![error("", "The model is not available.", None)]),
        ("{\"model_used\":\"m\"}\n\n[DONE]\n", vec![model("m"), Event::End]),
        ("{\"later\":true}\n{\"chunk\":\"a\"}\n[DONE]", vec![Event::Unknown, text("a"), Event::End]),
        ("data: {\"type\":\"later\"}\n\n", vec![Event::Unknown]),
        ("Error: busy\n{\"chunk\":\"a\"}\n", vec![error("", "busy", None)]),
    ] {
        assert_decodes(answer, &events);
    }
    // A connection that broke off may have cut anything.
    assert_eq!(decode_parts([&b"{\"name\":\"Ada\"}\n"[..]], false), [Event::Unknown]);
}

#[test]
fn json_need_not_be_one_object_a_line() {
    let ab = [text("ab"), Event::End];
    for answer in [
        "{\"chunk\":\"a\"}{\"chunk\":\"b\"}\n\n[DONE]\n",
        "{\"chunk\":\"a\"}{\"chunk\":\"b\"}[DONE]",
        "{\"chunk\":\"a\"} {\"chunk\":\"b\"} [DONE]",
        "\u{1e}{\"chunk\":\"a\"}\n\u{1e}{\"chunk\":\"b\"}\n\u{1e}[DONE]\n",
        "{\n  \"chunk\": \"a\"\n}\n{\n  \"chunk\": \"b\"\n}\n[DONE]\n",
        "{\r\n\t\"chunk\": \"a\"\r\n}\r\n{\r\n\t\"chunk\": \"b\"\r\n}\r\n[DONE]\r\n",
        "data: {\"chunk\":\"a\"}{\"chunk\":\"b\"}\n\ndata: [DONE]\n\n",
    ] {
        assert_decodes(answer, &ab);
    }
    // Brackets and quotes in a string end nothing.
    assert_decodes("{\"chunk\":\"}\\\"{\\\\\"}{\"chunk\":\"]\"}\n[DONE]", &[text("}\"{\\]"), Event::End]);
    // A broken object costs itself, not the line after it.
    let broken = "{\"chunk\":\"a\"}\n{\"chunk\":\"b\n{\"chunk\":\"c\"}\n{\"chunk\":[\n\n{\"chunk\":\"d\"}\n[DONE]\n";
    assert_decodes(broken, &[text("a"), Event::Unreadable, text("c"), Event::Unreadable, text("d"), Event::End]);
    // A whole body, as it is printed for people.
    let body = "{\n  \"choices\": [\n    {\n      \"message\": {\n        \"content\": \"Hi\\n\"\n      },\n      \"finish_reason\": \"stop\"\n    }\n  ]\n}";
    for line_break in ["", "\n"] {
        assert_decodes(&[body, line_break].concat(), &[text("Hi\n"), stopped(StopReason::EndTurn), Event::End]);
    }
}
