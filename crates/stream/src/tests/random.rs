use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::fixtures::lines;
use super::frames::crc32;
use super::*;
use crate::wires::ALL;

fn pieces<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// Lines of all wires, mixed, with line breaks and stray bytes between them.
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

/// Objects of known types whose known members have values of every type, seldom the right one.
fn objects() -> impl Strategy<Value = String> {
    let usage = ALL.iter().flat_map(|wire| wire.usage);
    let counts =
        usage.flat_map(|usage| ALL.iter().flat_map(|wire| wire.counts).map(|(_, path)| [*usage, *path].concat()));
    let fields = ALL.iter().flat_map(|wire| wire.fields);
    let others = ["/error", "/error/message", "/error/code", "/done", "/status", "/choices", "/outputs", "/bytes"];
    let others = others.into_iter().chain(["/interrupted", "/text", "/statusCode", "/retryable", "/index"]);
    let paths = fields.clone().map(|(_, _, path)| *path).chain(others).map(str::to_owned).chain(counts);
    let paths: BTreeSet<String> = paths.collect();
    let kinds = fields.map(|(_, kind, _)| *kind);
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
    let members = prop::collection::vec((prop::sample::select(Vec::from_iter(paths)), value), 0..6);
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

/// Such objects as lines and as server-sent events.
fn object_lines() -> impl Strategy<Value = Vec<u8>> {
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

/// A frame with these bytes for headers and payload, and with the right checksums.
fn sealed(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let lengths = [16 + headers.len() + payload.len(), headers.len()].map(|length| u32::try_from(length).unwrap());
    let mut bytes = lengths.map(u32::to_be_bytes).concat();
    bytes.extend(crc32(&bytes).to_be_bytes());
    bytes.extend([headers, payload].concat());
    bytes.extend(crc32(&bytes).to_be_bytes());
    bytes
}

/// Frames with the right checksums and with anything in them.
fn sound_frames() -> impl Strategy<Value = Vec<u8>> {
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
        2 => objects().prop_map(|json| serde_json::json!({ "bytes": BASE64_STANDARD.encode(json) }).to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
        1 => prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| chunk(&String::from_utf8_lossy(&bytes))),
    ];
    (headers, payload).prop_map(|(headers, payload)| sealed(&headers, &payload))
}

/// Frames of all kinds, some with one byte changed, and stray bytes at the end.
fn damaged_frames() -> impl Strategy<Value = Vec<u8>> {
    let frames: Vec<Vec<u8>> = [
        converse().to_vec(),
        vec![chunk(r#"{"outputText":"a"}"#), exception("x", "{}"), frame(&[], ""), frame(&[("a", "b")], "[")],
    ]
    .concat();
    let piece = (
        prop_oneof![prop::sample::select(frames), sound_frames()],
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
    fn however_bytes_are_split_the_events_are_the_same(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..80),
            prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}\"\n\r:,[]DONE data".to_vec())], 0..300),
            texts(),
            object_lines(),
            damaged_frames(),
        ],
        cuts in prop::collection::vec(any::<usize>(), 0..8),
        complete in any::<bool>(),
    ) {
        let events = decode_parts([&bytes[..]], complete);
        prop_assert_eq!(&decode_parts(pieces(&bytes, &cuts), complete), &events);
        prop_assert_eq!(&decode_parts(bytes.chunks(1), complete), &events);
        let last = events.iter().position(|event| matches!(event, Event::End | Event::Error(_)));
        prop_assert!(last.is_none_or(|last| last + 1 == events.len()), "nothing follows the last event");
        prop_assert!(!events.iter().any(|event| *event == text("") || *event == reasoning("")));
    }

    #[test]
    fn after_a_sound_frame_the_next_one_is_read(frames in prop::collection::vec(sound_frames(), 1..4)) {
        let next = event("contentBlockDelta", r#"{"delta":{"text":"next"}}"#);
        let events = decode(&[frames.concat(), next].concat());
        let ended = events.iter().any(|event| matches!(event, Event::End | Event::Error(_)));
        let read = events.iter().any(|event| matches!(event, Event::Text(text) if text.ends_with("next")));
        prop_assert!(ended || read, "{:?}", events);
        prop_assert!(!events.contains(&error("CrcMismatch", "", true)));
    }

    #[test]
    fn after_any_object_the_next_one_is_read(object in objects()) {
        let events = decode(format!("{object}\n{{\"chunk\":\"next\"}}\n").as_bytes());
        let ended = events.iter().any(|event| matches!(event, Event::End | Event::Error(_)));
        let read = events.iter().any(|event| matches!(event, Event::Text(text) if text.ends_with("next")));
        prop_assert!(ended || read, "{:?}", events);
    }

    #[test]
    fn any_frame_that_the_aws_crate_writes_is_read(
        headers in prop::collection::vec(("[a-z]{1,9}", ".{0,9}"), 0..4),
        said in "\\PC{1,40}",
    ) {
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let payload = serde_json::json!({ "delta": { "text": said }, "p": "abc" }).to_string();
        prop_assert_eq!(decode(&frame(&headers, &payload)), [text(&said)]);
    }
}
