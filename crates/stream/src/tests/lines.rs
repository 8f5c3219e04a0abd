use super::*;

#[test]
fn what_cannot_be_read_costs_only_itself() {
    let answer = b"{\"chunk\":\"a\"}\n{\"chunk\":\n{\"chunk\":7}\n[]\n{\"later\":true}\n{\"chunk\":\"b\"}\n[DONE]";
    let [unreadable, unknown] = [Event::Unreadable, Event::Unknown];
    assert_eq!(
        decode(answer),
        [text("a"), unreadable.clone(), unreadable.clone(), unreadable.clone(), unknown, text("b"), Event::End]
    );
    let answer = b"data: {\"chunk\":\n\ndata: hello\n\ndata: {\"type\":\"later\"}\n\ndata: {\"chunk\":\"b\"}\n\n";
    assert_eq!(decode(answer), [unreadable.clone(), unreadable.clone(), Event::Unknown, text("b")]);
    // Bytes that are not Unicode cost only their character.
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
        assert!(!decode_parts([short.as_bytes()], false).contains(&Event::End));
    }
    // Text that could be the start of a line is shown, but is not complete; if the connection broke off, it is half a line.
    for short in ["d", "id", "data", "Error", "\n [DON"] {
        assert_eq!(decode(short.as_bytes()), [text(short)], "{short}");
        assert_eq!(decode_parts([short.as_bytes()], false), [], "{short}");
    }
    // Half a character or nothing at all: the answer was cut off.
    assert_eq!(decode("Grüße".as_bytes().split_at(3).0), [text("Gr")]);
    for nothing in ["", "\n", "\u{feff}", "\u{feff}\n \n"] {
        assert_eq!(decode(nothing.as_bytes()), [], "{nothing:?}");
    }
}

#[test]
fn server_sent_events_are_read_as_the_standard_says() {
    for (stream, events) in [
        // No space, one space, two spaces.
        ("data:{\"chunk\":\"a\"}\n\ndata: {\"chunk\":\"b\"}\n\ndata:  {\"chunk\":\"c\"}\n\n", vec![text("abc")]),
        // A field's name is matched exactly.
        (":\ndata : {\"chunk\":\"a\"}\n\nDATA: {\"chunk\":\"b\"}\n\ndata: {\"chunk\":\"c\"}\n\n", vec![text("c")]),
        // An event's type does not apply to the next event.
        (
            "event: error\n\ndata: {\"chunk\":\"a\"}\n\nevent: error\nevent: x\ndata: {\"chunk\":\"b\"}\n\n",
            vec![text("ab")],
        ),
        (
            "id: a\u{0}b\ndata: {\"chunk\":\"a\"}\n\nid\nevent\nretry\ndata\ndata: {\"chunk\":\"b\"}\n\n",
            vec![text("ab")],
        ),
        // An event of an unknown type may hold anything; one without a type is part of the answer.
        ("event: ping\ndata: pong\n\nevent: x\ndata: {\"chunk\":\"a\"}\n\n", vec![Event::Unknown, text("a")]),
        ("event: done\ndata: [DONE]\n\n", vec![Event::End]),
        ("event: x\ndata: Error: y\n\n", vec![error("", "y", None)]),
        (
            "event: message\ndata: {\"chunk\":\"a\"}\n\nevent: message\ndata: pong\n\ndata: pong\n\n",
            vec![text("a"), Event::Unreadable, Event::Unreadable],
        ),
        // Only one space is removed. Lines of data are joined by a line break, which no JSON string may hold.
        ("event:  error\ndata: {\"chunk\":\"a\"}\n\n", vec![text("a")]),
        ("data: {\"chunk\":\"a\"}\n\ndata: {\"chunk\":\"b\ndata: c\"}\n\n", vec![text("a"), Event::Unreadable]),
        // Other line breaks of Unicode end no line.
        ("data: {\"chunk\":\"a\u{85}\u{2028}\u{2029}b\"}\n\n", vec![text("a\u{85}\u{2028}\u{2029}b")]),
        // Only the byte order mark at the start is removed.
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

/// Four million bytes, one at a time: if each looked at all the bytes before it, this would take days.
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
        let length: usize = decode_parts(answer.chunks(1), true)
            .iter()
            .map(|event| if let Event::Text(text) = event { text.trim().len() } else { 0 })
            .sum();
        assert!(length >= long.len());
    }
}
