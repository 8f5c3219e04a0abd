//! A login token from an address of the deployer's: for developer-authenticated identities, SAML, and every provider whose tokens a page cannot fetch.
//!
//! The address is asked with the person's cookies for it, and answers `{"token": "…"}`, with `loginsKey`, `identityId`, `username` and `expiresIn`
//! (seconds) where they are known. What the token is good for, the identity pool judges.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/developer-authenticated-identities.html>

use crate::core::fault::{Fault, Service};
use crate::core::sign_in::Foreign;
use crate::json::Value;
use signet_cognito::{
    Secret, UnixMillis,
    http::{Request, Response, check},
};

/// Asks for a token.
pub fn request(url: &str) -> Request {
    Request { method: "GET", url: url.to_owned(), headers: vec![], body: vec![], cookies: true }
}

/// Reads the answer.
pub fn read(response: Response, now: UnixMillis) -> Result<Foreign, Fault> {
    let status = response.head.status;
    let body = check(response).map_err(|error| match status {
        401 | 403 => Fault::Denied { error: String::new(), description: error.message },
        _ => Fault::from_service_error(Service::HostedUi, &error),
    })?;
    let value: Value = Value::read(&body).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let token = text("token")
        .ok_or_else(|| Fault::Unexpected { service: Service::HostedUi, what: "it holds no token".to_owned() })?;
    Ok(Foreign {
        key: text("loginsKey"),
        token: Secret::new(token),
        identity_id: text("identityId"),
        username: text("username").unwrap_or_default(),
        expires: value.get("expiresIn").and_then(Value::as_i64).map(|seconds| now.plus(seconds.saturating_mul(1000))),
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
