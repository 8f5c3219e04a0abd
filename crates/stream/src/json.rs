//! JSON (RFC 8259), read leniently: a character that cannot be read costs only itself, not the line around it.

use serde::de::IgnoredAny;
use serde_json::Value;

/// Reads one JSON value.
///
/// Bytes that are not UTF-8 become U+FFFD. So does half of a surrogate pair (`"\ud83d"` alone), which writers leave behind when they cut a text
/// between two UTF-16 units; `serde_json` refuses it. A number beyond the range of `f64`, which it refuses too, becomes `null`.
pub(crate) fn read(text: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(text);
    serde_json::from_str(&text)
        .ok()
        .or_else(|| serde_json::from_str(&mend(&text, |_| char::REPLACEMENT_CHARACTER)?).ok())
}

/// Reads one JSON value like [`read`], but turns half of a surrogate pair into a character for which [`half`] gives the half back. Returns whether the
/// value may have any.
pub(crate) fn read_halves(text: &[u8]) -> Option<(Value, bool)> {
    let text = String::from_utf8_lossy(text);
    if let Ok(value) = serde_json::from_str(&text) {
        return Some((value, false));
    }
    // These are private characters. A text that has one itself is read without stand-ins.
    let is_free = text.chars().all(|char| half(char).is_none());
    let stand_in = |half| char::from_u32(STAND_INS + u32::from(half)).filter(|_| is_free);
    let mended = mend(&text, |half| stand_in(half).unwrap_or(char::REPLACEMENT_CHARACTER))?;
    Some((serde_json::from_str(&mended).ok()?, is_free))
}

/// The text with U+FFFD for each character that stands in for half of a surrogate pair.
pub(crate) fn without_halves(text: &str) -> String {
    text.chars().map(|char| if half(char).is_some() { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// What is added to half of a surrogate pair for the character that stands in for it.
const STAND_INS: u32 = 0x10_0000;

/// The half of a surrogate pair that this character stands in for.
pub(crate) fn half(stand_in: char) -> Option<u16> {
    let half = u16::try_from(u32::from(stand_in).checked_sub(STAND_INS)?).ok()?;
    (0xd800..=0xdfff).contains(&half).then_some(half)
}

/// Reads several JSON objects with nothing but white space between them; `None` if there is anything else.
pub(crate) fn read_all(text: &[u8]) -> Option<Vec<Value>> {
    let text = String::from_utf8_lossy(text);
    let all = |text: &str| {
        let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        values
            .map(|value| value.ok().filter(Value::is_object))
            .collect::<Option<Vec<_>>>()
            .filter(|all| !all.is_empty())
    };
    all(&text).or_else(|| all(&mend(&text, |_| char::REPLACEMENT_CHARACTER)?))
}

/// Finds a value by the names of the members on the way to it, such as `/delta/text`. Unlike `Value::pointer` it does not allocate: dozens of
/// paths are looked up in each object.
pub(crate) fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('/').skip(1).try_fold(value, |value, name| value.get(name))
}

/// Reads a count. A fraction or an exponent is accepted, and the fraction is cut off.
pub(crate) fn count(value: &Value) -> Option<u32> {
    if let Some(count) = value.as_u64() {
        return count.try_into().ok();
    }
    let count = value.as_f64()?.trunc();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Checked.
    (0.0..=f64::from(u32::MAX)).contains(&count).then_some(count as u32)
}

/// The text without the parts that only `serde_json` refuses; `None` if it has no such parts.
fn mend(text: &str, stand_in: impl Fn(u16) -> char) -> Option<String> {
    let mut mended = String::with_capacity(text.len());
    let (mut rest, mut in_string, mut is_mended) = (text, false, false);
    while let Some(next) = rest.chars().next() {
        let (length, replacement) = match next {
            '\\' if in_string => match (escaped(rest), escaped(rest.get(6..).unwrap_or_default())) {
                (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, None),
                (Some(half @ 0xd800..=0xdfff), _) => (6, Some(stand_in(half).to_string())),
                _ => (rest.chars().take(2).map(char::len_utf8).sum(), None),
            },
            '-' | '0'..='9' if !in_string => {
                let is_part = |char: char| char.is_ascii_digit() || "+-.eE".contains(char);
                let length = rest.find(|char| !is_part(char)).unwrap_or(rest.len());
                let number = &rest[..length];
                let is_number = serde_json::from_str::<IgnoredAny>(number).is_ok();
                let is_in_range = serde_json::from_str::<f64>(number).is_ok();
                (length, (is_number && !is_in_range).then(|| "null".to_owned()))
            }
            _ => {
                in_string ^= next == '"';
                (next.len_utf8(), None)
            }
        };
        let (token, after) = rest.split_at(length);
        is_mended |= replacement.is_some();
        mended.push_str(replacement.as_deref().unwrap_or(token));
        rest = after;
    }
    is_mended.then_some(mended)
}

/// The UTF-16 unit of the escape that the text starts with.
fn escaped(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn half_a_surrogate_pair_costs_one_character() {
        for (text, value) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""a\ude00b""#, "a\u{fffd}b"),
            (r#""\ud83d\ude00\ud83d""#, "😀\u{fffd}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83dA\n\\\"\ud83d\\""#, "\u{fffd}A\n\\\"\u{fffd}\\"),
            // A backslash that is escaped itself starts no escape.
            (r#""\\ud83d\ude00""#, "\\ud83d\u{fffd}"),
        ] {
            assert_eq!(read(text.as_bytes()), Some(json!(value)), "{text}");
        }
        assert_eq!(read(br#"{"\ud83d":"\uDE00"}"#), Some(json!({"\u{fffd}": "\u{fffd}"})));
        assert_eq!(read(b"{\"a\":\"\xff\xf0\x9f\xa6b\"}"), Some(json!({"a": "\u{fffd}\u{fffd}b"})));
    }

    #[test]
    fn what_is_not_json_stays_refused() {
        for text in [
            "",
            "nul",
            "[1,]",
            "1 2",
            "[01]",
            "\"\u{1}\"",
            "[1e999",
            "01e999",
            "1.e999",
            r#""\ud83e\ud8""#,
            r#""\ud83e\""#,
            r#""\ud83e\uzzzz""#,
            r#""\ud83e\u+123""#,
            r#""\ud83e\x""#,
            r#""\u+d83""#,
            "\\ud83e",
            r#""\ud83eé"#,
        ] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read("[".repeat(100_000).as_bytes()), None);
    }

    #[test]
    fn a_number_out_of_range_costs_itself() {
        assert_eq!(read(br#"{"a":[1e999,-1E+999,1],"b":"1e999"}"#), Some(json!({"a": [null, null, 1], "b": "1e999"})));
    }

    #[test]
    fn counts_are_read_in_every_notation() {
        for (text, expected) in [
            ("0", Some(0)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("99999999999999999999", None),
            ("1e400", None),
            ("-1", None),
            ("12.0", Some(12)),
            ("12.9", Some(12)),
            ("1.2E1", Some(12)),
            ("1200e-2", Some(12)),
            ("1e-400", Some(0)),
            ("4294967295.5", Some(u32::MAX)),
            ("\"12\"", None),
            ("null", None),
        ] {
            assert_eq!(read(text.as_bytes()).as_ref().and_then(count), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_escapes_are_read_as_javascript_decoders_read_them(
            codes in prop::collection::vec(prop_oneof![any::<u16>(), 0xd800_u16..=0xdfff], 0..5),
            tail in ".{0,3}",
        ) {
            let escapes = codes.iter().map(|code| format!("\\u{code:04X}")).collect::<Vec<_>>().concat();
            let tail = tail.replace(['"', '\\'], "").replace(char::is_control, "");
            let text = format!("\"{escapes}{tail}\"");
            let expected = String::from_utf16_lossy(&codes) + &tail;
            prop_assert_eq!(read(text.as_bytes()), Some(json!(expected)));
        }

        #[test]
        fn any_text_is_read_as_it_was_written(text in any::<String>(), number in any::<f64>(), whole in any::<i64>()) {
            let value = json!({ text.as_str(): [text, number, whole, null, true] });
            for written in [value.to_string(), format!("{value:#}")] {
                prop_assert_eq!(read(written.as_bytes()), serde_json::from_str::<Value>(&written).ok());
                // Mending changes nothing in valid JSON.
                prop_assert_eq!(mend(&written, |_| 'x'), None);
            }
        }

        #[test]
        fn mending_never_hides_what_is_not_json(text in "[\\[\\]{}:,\"\\\\u0-9a-f\\-+.eE truefalsn\u{1}é]{0,12}") {
            // Beyond serde_json, the reader accepts only half a surrogate pair or a number out of range.
            let refused = |error: serde_json::Error| {
                ["out of range", "surrogate", "hex escape"].iter().all(|what| !error.to_string().contains(what))
            };
            if serde_json::from_str::<Value>(&text).is_err_and(refused) {
                prop_assert_eq!(read(text.as_bytes()), None, "{}", text);
            }
        }

        #[test]
        fn any_bytes_give_a_value_or_none(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(&bytes).as_ref().and_then(count);
        }
    }
}
