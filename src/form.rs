//! Percent-encoding (RFC 3986 §2.1).

use std::fmt::Write;

/// Percent-encodes all but RFC 3986's unreserved characters and `kept`.
pub fn encode(bytes: &[u8], kept: &[u8], into: &mut String) {
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) || kept.contains(byte) {
            into.push(char::from(*byte));
        } else {
            // A String takes whatever is written.
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

/// Undoes percent-encoding; a `%` that begins none stays. A `+` is a space, as servers read it in a query.
pub fn decode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = tail.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = escaped
            .filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = if byte.is_some() { &tail[2..] } else { tail };
        bytes.push(byte.unwrap_or(if *first == b'+' { b' ' } else { *first }));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_unreserved_characters_stay_as_they_are() {
        let mut text = String::new();
        encode("ü+&=%/~ -._".as_bytes(), b"", &mut text);
        assert_eq!(text, "%C3%BC%2B%26%3D%25%2F~%20-._");
        assert_eq!(decode("100%&%4+a%20b"), b"100%&%4 a b");
    }

    proptest! {
        #[test]
        fn encoded_text_decodes_to_what_it_was(text in any::<String>()) {
            let mut encoded = String::new();
            encode(text.as_bytes(), b"", &mut encoded);
            prop_assert!(encoded.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._~%".contains(&c)), "{encoded}");
            prop_assert_eq!(decode(&encoded), text.into_bytes());
        }
    }
}
