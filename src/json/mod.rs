//! JSON (RFC 8259): written from tables, read into a tree.

mod read;

pub use read::{NotJson, Value};

/// What is to be written. All of it is borrowed, so a request's body is one table.
#[derive(Clone, Copy)]
pub enum Json<'a> {
    /// A member that is left out of its object; elsewhere `null`.
    Absent,
    /// A string.
    Text(&'a str),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Bool(bool),
    /// An object, in this order.
    Object(&'a [(&'a str, Json<'a>)]),
    /// An object whose members are all strings.
    Texts(&'a [(&'a str, &'a str)]),
    /// An array.
    List(&'a [Json<'a>]),
    /// What is JSON already.
    Written(&'a [u8]),
}

impl<'a> Json<'a> {
    /// A string, or nothing at all.
    pub fn optional(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, Self::Text)
    }

    /// Its bytes, without white space.
    pub fn to_bytes(self) -> Vec<u8> {
        // Bodies hold secrets. Where they fit from the start, growing leaves no copies behind.
        let mut bytes = Vec::with_capacity(4096);
        self.write(&mut bytes);
        bytes
    }

    fn write(self, to: &mut Vec<u8>) {
        match self {
            Self::Absent => to.extend_from_slice(b"null"),
            Self::Text(text) => string(text, to),
            Self::Number(number) => to.extend_from_slice(number.to_string().as_bytes()),
            Self::Bool(value) => to.extend_from_slice(if value { b"true" } else { b"false" }),
            Self::Object(members) => {
                to.push(b'{');
                let first = to.len();
                for (name, value) in members {
                    if !matches!(value, Self::Absent) {
                        member(name, first, to);
                        value.write(to);
                    }
                }
                to.push(b'}');
            }
            Self::Texts(members) => {
                to.push(b'{');
                let first = to.len();
                for (name, text) in members {
                    member(name, first, to);
                    string(text, to);
                }
                to.push(b'}');
            }
            Self::List(items) => {
                to.push(b'[');
                let first = to.len();
                for item in items {
                    comma(first, to);
                    item.write(to);
                }
                to.push(b']');
            }
            Self::Written(json) => to.extend_from_slice(json),
        }
    }
}

/// An array of what is JSON already.
pub fn list(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut to = vec![b'['];
    for item in items {
        comma(1, &mut to);
        to.extend(item);
    }
    to.push(b']');
    to
}

/// A comma, unless nothing was written since `first`.
fn comma(first: usize, to: &mut Vec<u8>) {
    if to.len() > first {
        to.push(b',');
    }
}

/// What stands before a member's value.
fn member(name: &str, first: usize, to: &mut Vec<u8>) {
    comma(first, to);
    string(name, to);
    to.push(b':');
}

/// A string in quotes. Only the quote, the backslash and control characters need an escape (RFC 8259 §7).
fn string(text: &str, to: &mut Vec<u8>) {
    to.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => to.extend([b'\\', byte]),
            0..0x20 => {
                to.extend_from_slice(b"\\u00");
                to.extend([b'0' + (byte >> 4), b"0123456789abcdef"[usize::from(byte & 15)]]);
            }
            _ => to.push(byte),
        }
    }
    to.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(json: Json<'_>) -> Value {
        serde_json::from_slice(&json.to_bytes()).unwrap()
    }

    #[test]
    fn a_table_becomes_its_json() {
        let pair = [("Name", Json::Text("email")), ("Value", Json::Text("a@example.com"))];
        let table = [
            ("Gone", Json::Absent),
            ("Username", Json::optional(Some("alice"))),
            ("Session", Json::optional(None)),
            ("Attributes", Json::List(&[Json::Object(&pair), Json::Absent])),
            ("Empty", Json::List(&[])),
            ("Parameters", Json::Texts(&[("A", "1"), ("B", "2")])),
            ("None", Json::Texts(&[])),
            ("Seconds", Json::Number(-900)),
            ("Also gone", Json::Absent),
            ("Written", Json::Written(&list([b"1".to_vec(), b"{}".to_vec()]))),
            ("Written, empty", Json::Written(&list([]))),
        ];
        let expected = r#"{"Username":"alice","Attributes":[{"Name":"email","Value":"a@example.com"},null],"Empty":[],"Parameters":{"A":"1","B":"2"},"None":{},"Seconds":-900,"Written":[1,{}],"Written, empty":[]}"#;
        assert_eq!(String::from_utf8(Json::Object(&table).to_bytes()).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn any_text_is_read_back_as_it_was(text in any::<String>(), control in "[\\x00-\\x1f\"\\\\/\u{7f}\u{2028}é]{0,8}") {
            for text in [&text, &control] {
                prop_assert_eq!(read(Json::Text(text)), json!(text));
                prop_assert_eq!(read(Json::Texts(&[(text, text)])), json!({ text.as_str(): text }));
                prop_assert_eq!(read(Json::Object(&[(text, Json::List(&[Json::Text(text)]))])), json!({ text.as_str(): [text] }));
            }
        }

        #[test]
        fn any_number_is_read_back_as_it_was(number in any::<i64>()) {
            prop_assert_eq!(read(Json::Number(number)), json!(number));
        }
    }
}
