//! Writes and reads bodies and queries: strict in what it writes, lenient in what it reads.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Number, Value};

use crate::http::{Request, Response, check};
use crate::{CognitoError, Secret, UnixMillis};

/// Bytes reserved for a body. Bodies hold secrets, and a buffer that never grows leaves no copies behind.
const ROOM: usize = 4096;

/// The JSON of a request's body, or of a record.
pub fn to_json(body: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(ROOM);
    serde_json::to_writer(&mut bytes, body).expect("strings and numbers under names can be written");
    bytes
}

/// A call in AWS's JSON 1.1 protocol. The calls of both pools' APIs that this crate makes are unsigned.
pub fn call(endpoint: &str, service: &str, operation: &str, body: &impl Serialize) -> Request {
    Request {
        method: "POST",
        url: endpoint.to_owned(),
        headers: vec![
            ("content-type".into(), "application/x-amz-json-1.1".into()),
            ("x-amz-target".into(), [service, ".", operation].concat()),
            ("cache-control".into(), "no-store".into()),
        ],
        body: to_json(body),
        cookies: false,
    }
}

/// The reply, if it is a success.
pub fn reply<T: DeserializeOwned>(operation: &'static str, response: Response) -> Result<T, CognitoError> {
    read(operation, &check(response)?)
}

/// The body, if the reply is a success.
pub fn read<T: DeserializeOwned>(operation: &'static str, body: &[u8]) -> Result<T, CognitoError> {
    object(body).map_err(|_| CognitoError::Unexpected { operation, field: "JSON body" })
}

/// Reads a JSON object into a struct. serde's derive alone would read a list too.
pub fn object<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    T::deserialize(serde_json::from_slice::<Map<String, Value>>(json)?)
}

/// A field that the reply must have.
pub fn need<T>(operation: &'static str, field: &'static str, value: Option<T>) -> Result<T, CognitoError> {
    value.ok_or(CognitoError::Unexpected { operation, field })
}

/// For `serialize_with`: pairs as an object.
pub fn pairs<S: Serializer>(pairs: &[(&str, &str)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}

/// For `deserialize_with`: `None` if the JSON holds something else, so that one unusable part does not affect the rest.
pub fn usable<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(Value::deserialize(deserializer)?).ok())
}

/// For `deserialize_with`: a string that is not empty.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(usable(deserializer)?.filter(|text: &String| !text.is_empty()))
}

/// For `deserialize_with`: a string that is not empty and that must stay hidden.
pub fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(text(deserializer)?.map(Secret::new))
}

/// For `deserialize_with`: one string, or the strings of a list.
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Value::deserialize(deserializer).map(strings)
}

/// One string, or the strings of a list; nothing for any other value.
pub fn strings(value: Value) -> Vec<String> {
    let string = |value| if let Value::String(text) = value { Some(text) } else { None };
    match value {
        Value::Array(list) => list.into_iter().filter_map(string).collect(),
        one => string(one).into_iter().collect(),
    }
}

/// For `deserialize_with`: seconds since the Unix epoch, whole or with a fraction, as a number or as a string.
pub fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<UnixMillis>, D::Error> {
    let seconds = match Value::deserialize(deserializer)? {
        Value::Number(number) => Some(number),
        Value::String(text) => text.parse::<Number>().ok(),
        _ => None,
    };
    let seconds = seconds.and_then(|number| number.as_f64());
    let millis = seconds.and_then(time::Duration::checked_seconds_f64).map(time::Duration::whole_milliseconds);
    Ok(millis.and_then(|millis| i64::try_from(millis).ok()).map(UnixMillis))
}

/// All but the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `name=value&…`, for a query and for a form body (`application/x-www-form-urlencoded`) alike: a space is `%20`, which both accept. Pairs without
/// a value are left out.
pub fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = String::with_capacity(ROOM);
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        if !form.is_empty() {
            form.push('&');
        }
        form.extend(utf8_percent_encode(name, RESERVED));
        form.push('=');
        form.extend(utf8_percent_encode(value, RESERVED));
    }
    form
}

/// A form as the body of a POST.
pub fn post_form(url: &str, content_type: &str, parameters: &[(&str, &str)]) -> Request {
    Request {
        method: "POST",
        url: url.to_owned(),
        headers: vec![("content-type".into(), content_type.into())],
        body: form(parameters).into_bytes(),
        cookies: false,
    }
}

/// The parameter occurs twice, which RFC 6749 §3.1 forbids, or its value is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguous;

/// The value of `name` in a query or a form body. An empty value counts as none.
pub fn parameter(form: &str, name: &str) -> Result<Option<String>, Ambiguous> {
    let mut found = None;
    for pair in form.split('&') {
        let (other, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decoded(other).is_ok_and(|other| other == name) && found.replace(value).is_some() {
            return Err(Ambiguous);
        }
    }
    let value = decoded(found.unwrap_or_default())?;
    Ok(Some(value).filter(|value| !value.is_empty()))
}

/// Servers read a `+` in a query as a space.
fn decoded(text: &str) -> Result<String, Ambiguous> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| Ambiguous)
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
    fn a_parameter_occurs_once_or_not_at_all() {
        let found = |form, name| parameter(form, name).unwrap().unwrap();
        assert_eq!(found("a=1&b=x+y%20z&c", "b"), "x y z");
        assert_eq!(found("a=100%&b=%4", "a"), "100%");
        assert_eq!(found("%61=1", "a"), "1");
        assert_eq!(found("%FF=0&a=1", "a"), "1");
        assert_eq!(parameter("a=1&b=2&c&d=", "c"), Ok(None));
        assert_eq!(parameter("a=1&b=2&c&d=", "d"), Ok(None));
        assert_eq!(parameter("a=1&b=2&%61=3", "a"), Err(Ambiguous));
        assert_eq!(parameter("a&a", "a"), Err(Ambiguous));
        assert_eq!(parameter("a=%FF", "a"), Err(Ambiguous));
    }

    #[test]
    fn seconds_are_read_however_they_are_written() {
        let read = |json: &str| seconds(&mut serde_json::Deserializer::from_str(json)).unwrap().map(|millis| millis.0);
        for (json, millis) in [
            ("1793682367", Some(1_793_682_367_000)),
            ("1793682367.5", Some(1_793_682_367_500)),
            ("1.793682367E9", Some(1_793_682_367_000)),
            ("\"1793682367\"", Some(1_793_682_367_000)),
            ("\"1793682367.25\"", Some(1_793_682_367_250)),
            ("-1", Some(-1_000)),
            ("\"soon\"", None),
            ("\"NaN\"", None),
            ("\"inf\"", None),
            ("1e300", None),
            ("null", None),
            ("[1]", None),
            ("{}", None),
        ] {
            assert_eq!(read(json), millis, "{json}");
        }
    }

    proptest! {
        #[test]
        fn a_form_reads_back_as_it_was_written(first in "[a-z]\\PC{0,4}", second in "\\PC{1,20}", third in any::<String>()) {
            let written = form(&[("0", &second), (&first, &third)]);
            prop_assert!(written.bytes().all(|c| c.is_ascii_alphanumeric() || b"-._~%&=".contains(&c)), "{written}");
            prop_assert_eq!(parameter(&written, "0"), Ok(Some(second)));
            prop_assert_eq!(parameter(&written, &first), Ok(Some(third).filter(|third| !third.is_empty())));
        }

        #[test]
        fn any_query_gives_a_value_or_none(query in any::<String>(), name in "[a%=+]{0,3}") {
            let _ = parameter(&query, &name);
        }
    }
}
