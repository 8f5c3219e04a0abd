//! Names and values in queries and in form bodies: percent-encoding (RFC 3986 §2.1) and `application/x-www-form-urlencoded`.

use std::fmt::Write;

/// `name=value&…`, for a query and for a form body alike. Pairs without a value are left out.
pub fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = String::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        if !form.is_empty() {
            form.push('&');
        }
        encode(name.as_bytes(), b"", &mut form);
        form.push('=');
        encode(value.as_bytes(), b"", &mut form);
    }
    form
}

/// A parameter is there twice, which RFC 6749 §3.1 forbids, or its value is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unclear;

/// The value of `name` in a query or a form body. One that is empty is as one that is not there.
pub fn value(form: &str, name: &str) -> Result<Option<String>, Unclear> {
    let mut found = None;
    for pair in form.split('&') {
        let (other, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decode(other) == name.as_bytes() && found.replace(value).is_some() {
            return Err(Unclear);
        }
    }
    let value = String::from_utf8(decode(found.unwrap_or_default())).map_err(|_| Unclear)?;
    Ok(Some(value).filter(|value| !value.is_empty()))
}

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
        assert_eq!(form(&[("a b", "ü+&=%/~"), ("none", ""), ("-._", "1")]), "a%20b=%C3%BC%2B%26%3D%25%2F~&-._=1");
    }

    #[test]
    fn a_value_is_found_once_or_not_at_all() {
        let found = |form, name| value(form, name).unwrap().unwrap();
        assert_eq!(found("a=1&b=x+y%20z&c", "b"), "x y z");
        assert_eq!(found("a=100%&b=%4", "a"), "100%");
        assert_eq!(found("%61=1", "a"), "1");
        assert_eq!(value("a=1&b=2&c&d=", "c"), Ok(None));
        assert_eq!(value("a=1&b=2&c&d=", "d"), Ok(None));
        assert_eq!(value("a=1&b=2&%61=3", "a"), Err(Unclear));
        assert_eq!(value("a&a", "a"), Err(Unclear));
        assert_eq!(value("a=%FF", "a"), Err(Unclear));
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back(first in "[a-z]\\PC{0,4}", second in "\\PC{1,20}", third in any::<String>()) {
            let written = form(&[("0", &second), (&first, &third)]);
            prop_assert!(written.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._~%&=".contains(&c)), "{written}");
            prop_assert_eq!(value(&written, "0"), Ok(Some(second)));
            prop_assert_eq!(value(&written, &first), Ok(Some(third).filter(|third| !third.is_empty())));
        }

        #[test]
        fn any_query_gives_a_value_or_none(query in any::<String>(), name in "[a%=+]{0,3}") {
            let _ = value(&query, &name);
        }
    }
}
