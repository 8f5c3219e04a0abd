//! A login token from an address that the deployer runs: for developer-authenticated identities, SAML, and every provider whose tokens a page cannot fetch.
//!
//! The request to it carries the person's cookies. The reply is `{"token": "…"}`, with `loginsKey`, `identityId`, `username` and `expiresIn`
//! (seconds) if they are known. The identity pool checks the token.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/developer-authenticated-identities.html>

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use signet_cognito::http::{Request, Response, check};
use signet_cognito::{Secret, UnixMillis};

use crate::core::fault::{Fault, Service};

/// Somebody who is signed in at the deployer's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// The key of `Logins`, if the reply has one.
    pub key: Option<String>,
    /// The token: an ID token, a SAML assertion, an access token, or a token from `GetOpenIdTokenForDeveloperIdentity`.
    pub token: Secret,
    /// The identity that goes with a developer's token.
    pub identity_id: Option<String>,
    /// The person's name.
    pub username: String,
    /// When the token expires, by this machine's clock.
    pub expires: Option<UnixMillis>,
}

/// The reply. A member that cannot be used counts as missing.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reply {
    #[serde(deserialize_with = "usable")]
    token: Option<String>,
    #[serde(deserialize_with = "usable")]
    logins_key: Option<String>,
    #[serde(deserialize_with = "usable")]
    identity_id: Option<String>,
    #[serde(deserialize_with = "usable")]
    username: Option<String>,
    #[serde(deserialize_with = "seconds")]
    expires_in: Option<i64>,
}

fn usable<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Ok(T::deserialize(Value::deserialize(deserializer)?).ok())
}

/// Whole seconds, as a number or as a string; a fraction is cut off.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let number = match Value::deserialize(deserializer)? {
        Value::Number(number) => Some(number),
        Value::String(text) => text.trim().parse::<Number>().ok(),
        _ => None,
    };
    let seconds = number.and_then(|number| number.as_f64()).filter(|seconds| (0.0..=1e12).contains(seconds));
    #[allow(clippy::cast_possible_truncation)] // In range.
    Ok(seconds.map(|seconds| seconds as i64))
}

/// The request for a token.
pub fn request(url: &str) -> Request {
    Request { method: "GET", url: url.to_owned(), headers: vec![], body: vec![], cookies: true }
}

/// Reads the reply to [`request`].
pub fn read(response: Response, now: UnixMillis) -> Result<Foreign, Fault> {
    let status = response.head.status;
    let body = check(response).map_err(|error| match status {
        401 | 403 => Fault::Denied { error: String::new(), description: error.message },
        _ => Fault::from_service_error(Service::HostedUi, &error),
    })?;
    let members: Map<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
    let reply = Reply::deserialize(members).unwrap_or_default();
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let token = filled(reply.token)
        .ok_or_else(|| Fault::Unexpected { service: Service::HostedUi, what: "it holds no token".to_owned() })?;
    Ok(Foreign {
        key: filled(reply.logins_key),
        token: Secret::new(token),
        identity_id: filled(reply.identity_id),
        username: reply.username.unwrap_or_default(),
        expires: reply.expires_in.map(|seconds| now.plus(seconds.saturating_mul(1000))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use signet_cognito::http::Head;

    fn read(status: u16, body: &str) -> Result<Foreign, Fault> {
        let head = Head { status, ..Head::default() };
        super::read(Response { head, body: body.as_bytes().to_vec() }, UnixMillis(1_000))
    }

    #[test]
    fn a_developers_token_comes_with_its_identity() {
        let foreign = read(
            200,
            r#"{"token":"t","identityId":"eu-central-1:i","loginsKey":"cognito-identity.amazonaws.com","expiresIn":900}"#,
        );
        let foreign = foreign.unwrap();
        assert_eq!(
            (foreign.identity_id.as_deref(), foreign.expires),
            (Some("eu-central-1:i"), Some(UnixMillis(901_000)))
        );
        assert_eq!(read(200, r#"{"token":"t"}"#).unwrap().expires, None);
        for (expires_in, expires) in [
            ("\"3600\"", Some(3_601_000)),
            ("3600.9", Some(3_601_000)),
            ("3.6e3", Some(3_601_000)),
            ("0", Some(1_000)),
            ("-1", None),
            ("1e300", None),
            ("\"soon\"", None),
            ("null", None),
            ("[]", None),
        ] {
            let foreign = read(200, &format!(r#"{{"token":"t","expiresIn":{expires_in}}}"#)).unwrap();
            assert_eq!(foreign.expires, expires.map(UnixMillis), "{expires_in}");
        }
    }

    #[test]
    fn whoever_is_not_signed_in_there_is_told_so() {
        assert!(matches!(read(401, "{}"), Err(Fault::Denied { .. })));
        assert!(matches!(read(502, "{}"), Err(Fault::Failing { .. })));
        assert!(matches!(read(200, "<html>"), Err(Fault::Unexpected { .. })));
    }

    proptest! {
        #[test]
        fn any_answer_gives_a_token_or_a_fault(body in ".{0,60}") {
            let _ = read(200, &body);
        }
    }
}
