//! JSON (RFC 8259) read into a tree.
//!
//! Ours, since `serde_json` costs the worker 7 kB; it is the peer in the tests below. A number stays as it was written, so that nothing here knows
//! floating point.

/// Deeper nesting than this is refused: nothing that the app reads comes near it.
const DEEPEST: u32 = 64;

/// A value. It may hold tokens, so its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object, in order.
    Object(Vec<(String, Value)>),
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Value(…)")
    }
}

/// The text is no JSON from this byte on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotJson {
    /// Bytes before it.
    pub at: usize,
}

impl Value {
    /// Reads one value and nothing after it.
    pub fn read(text: &[u8]) -> Result<Self, NotJson> {
        let text = std::str::from_utf8(text).map_err(|error| NotJson { at: error.valid_up_to() })?;
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0).filter(|_| reader.peek().is_none());
        value.ok_or(NotJson { at: reader.at })
    }

    /// An object's member; the last of its name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members()?.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// What is found by names one after the other, such as `/Credentials/SecretKey`.
    pub fn pointer(&self, path: &str) -> Option<&Self> {
        path.split('/').skip(1).try_fold(self, |value, name| value.get(name))
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A string.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A bool.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// A whole number.
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Number(number) = self { number.parse().ok() } else { None }
    }

    /// A number of seconds, with a fraction or an exponent or none, in milliseconds; what is finer is cut off.
    pub fn as_millis(&self) -> Option<i64> {
        self.as_decimal(3)
    }

    /// A number, with a fraction or an exponent or none, times ten to the power of `places`; what is finer is cut off.
    pub fn as_decimal(&self, places: i32) -> Option<i64> {
        let Self::Number(number) = self else { return None };
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: i64 = [whole, fraction].concat().parse().ok()?;
        let exponent =
            exponent.parse::<i32>().ok()?.checked_add(places)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        let power = 10_i64.checked_pow(exponent.unsigned_abs());
        if exponent < 0 { Some(power.map_or(0, |power| digits / power)) } else { digits.checked_mul(power?) }
    }

    /// An array.
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// An object's members, in order.
    pub fn members(&self) -> Option<&[(String, Self)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }
}

/// Where the reader is. What it cannot read it leaves at its place.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes a byte if it is next.
    fn take(&mut self, wanted: u8) -> Option<()> {
        let found = self.peek()? == wanted;
        self.at += usize::from(found);
        found.then_some(())
    }

    fn value(&mut self, depth: u32) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            b'"' => self.string().map(Value::Text),
            b'[' => {
                let mut list = vec![];
                self.items(b']', |reader| {
                    list.push(reader.value(depth + 1)?);
                    Some(())
                })?;
                Some(Value::List(list))
            }
            b'{' => {
                let mut members = vec![];
                self.items(b'}', |reader| {
                    reader.peek().filter(|byte| *byte == b'"')?;
                    let name = reader.string()?;
                    reader.take(b':')?;
                    members.push((name, reader.value(depth + 1)?));
                    Some(())
                })?;
                Some(Value::Object(members))
            }
            b'-' | b'0'..=b'9' => self.number(),
            _ => [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))]
                .into_iter()
                .find(|(word, _)| self.rest().starts_with(word))
                .map(|(word, value)| {
                    self.at += word.len();
                    value
                }),
        }
    }

    /// What stands between brackets, with commas between.
    fn items(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.at += 1;
        if self.take(end).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            if self.take(end).is_some() {
                return Some(());
            }
            self.take(b',')?;
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes digits; `None` without any.
    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }

    fn number(&mut self) -> Option<Value> {
        let from = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        self.text.get(from..self.at).map(|number| Value::Number(number.to_owned()))
    }

    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let from = self.at;
            while self.byte().is_some_and(|byte| byte != b'"' && byte != b'\\' && byte >= 0x20) {
                self.at += 1;
            }
            string.push_str(self.text.get(from..self.at)?);
            match self.byte()? {
                b'"' => {
                    self.at += 1;
                    return Some(string);
                }
                b'\\' => {
                    self.at += 1;
                    string.push(self.escape()?);
                }
                _ => return None,
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Option<char> {
        let byte = self.byte()?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = self.hex()?;
                // A character beyond the first 65,536 is written as two (RFC 8259 §7), which writers that cut texts may part. One without the
                // other cannot be shown.
                let after = self.at;
                if code & 0xfc00 == 0xd800 && self.rest().starts_with("\\u") {
                    self.at += 2;
                    match self.hex() {
                        Some(low) if low & 0xfc00 == 0xdc00 => code = 0x1_0000 + ((code & 0x3ff) << 10) + low % 0x400,
                        _ => self.at = after,
                    }
                }
                char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return None,
        })
    }

    fn hex(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code * 16 + char::from(self.byte()?).to_digit(16)?;
            self.at += 1;
        }
        Some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value as Peer;

    /// The peer's tree as ours; numbers by their text, which the peer writes anew, so only for numbers that have one way to be written.
    fn ours(peer: &Peer) -> Value {
        match peer {
            Peer::Null => Value::Null,
            Peer::Bool(value) => Value::Bool(*value),
            Peer::Number(number) => Value::Number(number.to_string()),
            Peer::String(text) => Value::Text(text.clone()),
            Peer::Array(list) => Value::List(list.iter().map(ours).collect()),
            Peer::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), ours(value))).collect())
            }
        }
    }

    /// Trees without objects of several members, whose order the peer changes.
    fn trees() -> impl Strategy<Value = Peer> {
        let leaf = prop_oneof![
            Just(Peer::Null),
            any::<bool>().prop_map(Peer::from),
            any::<i64>().prop_map(Peer::from),
            any::<String>().prop_map(Peer::from),
        ];
        leaf.prop_recursive(6, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Peer::from),
                (any::<String>(), inner).prop_map(|(name, value)| serde_json::json!({ name: value })),
            ]
        })
    }

    #[test]
    fn seconds_are_read_in_each_way_to_write_them() {
        for (text, millis) in [
            ("1793682367", Some(1_793_682_367_000)),
            ("1.793682367E9", Some(1_793_682_367_000)),
            ("1793682367.1239", Some(1_793_682_367_123)),
            ("-0.5", Some(-500)),
            ("15e-1", Some(1_500)),
            ("1e-40", Some(0)),
            ("1e40", None),
            ("99999999999999999999", None),
            ("\"1\"", None),
        ] {
            assert_eq!(Value::read(text.as_bytes()).unwrap().as_millis(), millis, "{text}");
        }
    }

    #[test]
    fn members_are_found_by_their_path() {
        let value = Value::read(br#" {"a": {"b": [1, true], "b": "last"}, "n": -12} "#).unwrap();
        assert_eq!(value.pointer("/a/b").and_then(Value::as_str), Some("last"));
        assert_eq!(value.get("n").and_then(Value::as_i64), Some(-12));
        assert_eq!(value.pointer("/a/c/d"), None);
    }

    #[test]
    fn the_place_where_it_stops_being_json_is_named() {
        for (text, at) in [("", 0), ("{\"a\":}", 5), ("[1,]", 3), ("1 2", 2), ("\"\u{1}\"", 1), ("nul", 0), ("[01]", 2)]
        {
            assert_eq!(Value::read(text.as_bytes()), Err(NotJson { at }), "{text}");
        }
        assert_eq!(Value::read(b"\"\xff\""), Err(NotJson { at: 1 }));
        for text in [r#""\ud83e\ud8""#, r#""\ud83e\""#, r#""\ud83e\uzzzz""#, r#""\ud83e\x""#] {
            assert!(Value::read(text.as_bytes()).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(Value::read(deep.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn what_the_peer_writes_is_read_as_it_was(tree in trees()) {
            for text in [serde_json::to_vec(&tree).unwrap(), serde_json::to_vec_pretty(&tree).unwrap()] {
                prop_assert_eq!(Value::read(&text), Ok(ours(&tree)));
            }
        }

        #[test]
        fn what_the_peer_refuses_is_refused(text in "[\\[\\]{}:,\"\\\\u0-9a-f\\-+.eE truefalsn\u{1}é]{0,12}") {
            let peer = serde_json::from_str::<Peer>(&text);
            // A number too large for the peer is none for it, nor is half a character; the next test has those.
            let is_its_own = |error: &serde_json::Error| {
                ["out of range", "surrogate", "hex escape"].iter().any(|what| error.to_string().contains(what))
            };
            if !peer.as_ref().is_err_and(is_its_own) {
                prop_assert_eq!(Value::read(text.as_bytes()).is_ok(), peer.is_ok(), "{}", text);
            }
        }

        #[test]
        fn any_escape_is_what_the_peers_make_of_it(
            codes in prop::collection::vec(prop_oneof![any::<u16>(), 0xd800_u16..=0xdfff], 0..5),
            tail in ".{0,3}",
        ) {
            let escapes = codes.iter().map(|code| format!("\\u{code:04X}")).collect::<Vec<_>>().concat();
            let tail = tail.replace(['"', '\\'], "").replace(char::is_control, "");
            let text = format!("\"{escapes}{tail}\"");
            let read = Value::read(text.as_bytes());
            // Of half a character the standard library makes the same as JavaScript's decoders do.
            prop_assert_eq!(&read, &Ok(Value::Text(String::from_utf16_lossy(&codes) + &tail)));
            if let Ok(peer) = serde_json::from_str::<String>(&text) {
                prop_assert_eq!(read, Ok(Value::Text(peer)));
            }
        }

        #[test]
        fn any_bytes_give_a_value_or_none(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Value::read(&bytes);
        }
    }
}
