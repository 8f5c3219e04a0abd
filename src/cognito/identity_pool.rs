//! The identity pool's API: a login becomes temporary keys, in AWS's enhanced flow or its basic one.

use super::{CognitoError, call, json, secret, text};
use crate::core::config::IdentityPool;
use crate::http::{Request, Response, check};
use crate::json::{Json, Value};
use crate::secret::Secret;
use crate::time::UnixMillis;

/// Such as `eu-central-1:12345678-abcd-1234-abcd-123456789012`. It names a person to the pool and stays the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityId(pub String);

/// Temporary keys of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// `AccessKeyId`; not a secret, but it goes nowhere either.
    pub access_key_id: String,
    /// `SecretKey`.
    pub secret_access_key: Secret,
    /// `SessionToken`.
    pub session_token: Secret,
    /// `Expiration`, by AWS's clock.
    pub expires: UnixMillis,
}

/// An entry of `Logins`: what somebody shows to the pool. Guests show nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Who issued the token, by the pool's name: an ID token's issuer without its scheme, `graph.facebook.com`, a SAML provider's ARN.
    pub key: String,
    /// The token or assertion.
    pub token: Secret,
}

/// `GetId`. The same login has the same identity each time; a guest's is new each time.
/// <https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html>
pub fn get_id(pool: &IdentityPool, login: Option<&Login>) -> Request {
    identity_pool(pool, "GetId", ("IdentityPoolId", &pool.id), login)
}

/// Reads the reply to [`get_id`].
pub fn read_identity_id(response: Response) -> Result<IdentityId, CognitoError> {
    let reply = json("GetId", &check(response)?)?;
    Ok(IdentityId(text("GetId", &reply, "/IdentityId")?.to_owned()))
}

/// `GetCredentialsForIdentity`: the pool picks the role, from the token if there is one.
/// <https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html>
pub fn get_credentials_for_identity(pool: &IdentityPool, identity: &IdentityId, login: Option<&Login>) -> Request {
    identity_pool(pool, "GetCredentialsForIdentity", ("IdentityId", &identity.0), login)
}

/// Reads the reply to [`get_credentials_for_identity`]: the keys, and the identity that they are of. That is another than was asked for when a
/// guest's identity is linked to somebody who has one already. `Expiration` is in seconds, possibly with a fraction.
pub fn read_credentials(response: Response) -> Result<(Keys, Option<IdentityId>), CognitoError> {
    const OPERATION: &str = "GetCredentialsForIdentity";
    let reply = json(OPERATION, &check(response)?)?;
    let expires = reply
        .pointer("/Credentials/Expiration")
        .and_then(Value::as_millis)
        .ok_or(CognitoError::Unexpected { operation: OPERATION, field: "/Credentials/Expiration" })?;
    let keys = Keys {
        access_key_id: text(OPERATION, &reply, "/Credentials/AccessKeyId")?.to_owned(),
        secret_access_key: secret(OPERATION, &reply, "/Credentials/SecretKey")?,
        session_token: secret(OPERATION, &reply, "/Credentials/SessionToken")?,
        expires: UnixMillis(expires),
    };
    Ok((keys, text(OPERATION, &reply, "/IdentityId").ok().map(|id| IdentityId(id.to_owned()))))
}

/// `GetOpenIdToken`, the middle of the basic flow: a token of the identity for [`crate::sts::assume_role_with_web_identity`].
/// <https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdToken.html>
pub fn get_open_id_token(pool: &IdentityPool, identity: &IdentityId, login: Option<&Login>) -> Request {
    identity_pool(pool, "GetOpenIdToken", ("IdentityId", &identity.0), login)
}

/// Reads the reply to [`get_open_id_token`]. The token is good for ten minutes.
pub fn read_open_id_token(response: Response) -> Result<Secret, CognitoError> {
    secret("GetOpenIdToken", &json("GetOpenIdToken", &check(response)?)?, "/Token")
}

fn identity_pool(pool: &IdentityPool, operation: &str, subject: (&str, &str), login: Option<&Login>) -> Request {
    let login = login.map(|login| [(login.key.as_str(), login.token.expose())]);
    let logins = login.as_ref().map_or(Json::Absent, |login| Json::Texts(login));
    call(
        &pool.endpoint,
        "AWSCognitoIdentityService",
        operation,
        &[(subject.0, Json::Text(subject.1)), ("Logins", logins)],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::Config;
    use crate::http::Head;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn pool() -> IdentityPool {
        let config =
            br#"{"userPoolId":"eu-central-1_AbC","userPoolClientId":"1abc","identityPoolId":"eu-central-1:1-2",
            "functionUrl":"https://abc.lambda-url.eu-central-1.on.aws/"}"#;
        Config::from_json(config).unwrap().identity_pool
    }

    fn response(body: &str) -> Response {
        Response { head: Head { status: 200, ..Head::default() }, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn every_request_is_the_documented_one_for_people_and_for_guests() {
        let key = "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC";
        let login = Login { key: key.into(), token: Secret::new("e.y.J".into()) };
        let (pool, identity) = (pool(), IdentityId("eu-central-1:3-4".into()));
        for login in [Some(&login), None] {
            for (request, operation, name, value) in [
                (get_id(&pool, login), "GetId", "IdentityPoolId", "eu-central-1:1-2"),
                (
                    get_credentials_for_identity(&pool, &identity, login),
                    "GetCredentialsForIdentity",
                    "IdentityId",
                    "eu-central-1:3-4",
                ),
                (get_open_id_token(&pool, &identity, login), "GetOpenIdToken", "IdentityId", "eu-central-1:3-4"),
            ] {
                assert_eq!(request.url, "https://cognito-identity.eu-central-1.amazonaws.com/");
                let target = ("x-amz-target".to_owned(), format!("AWSCognitoIdentityService.{operation}"));
                assert!(request.headers.contains(&target));
                let mut body = json!({ name: value });
                if login.is_some() {
                    body["Logins"] = json!({ key: "e.y.J" });
                }
                assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), body, "{operation}");
            }
        }
    }

    #[test]
    fn the_documented_replies_are_read() {
        let id = IdentityId("eu-central-1:3-4".into());
        assert_eq!(read_identity_id(response(r#"{"IdentityId":"eu-central-1:3-4"}"#)), Ok(id.clone()));
        let mut reply = json!({"IdentityId": "eu-central-1:3-4", "Credentials":
            {"AccessKeyId": "ASIA", "SecretKey": "k", "SessionToken": "t", "Expiration": 1_793_682_367.5}});
        let (keys, identity) = read_credentials(response(&reply.to_string())).unwrap();
        assert_eq!((keys.access_key_id.as_str(), keys.secret_access_key.expose()), ("ASIA", "k"));
        assert_eq!((keys.session_token.expose(), keys.expires), ("t", UnixMillis(1_793_682_367_500)));
        assert_eq!(identity, Some(id));
        reply["Credentials"]["Expiration"] = "soon".into();
        let field = "/Credentials/Expiration";
        let wrong = CognitoError::Unexpected { operation: "GetCredentialsForIdentity", field };
        assert_eq!(read_credentials(response(&reply.to_string())), Err(wrong));
        let token = r#"{"IdentityId":"eu-central-1:3-4","Token":"e.y.J"}"#;
        assert_eq!(read_open_id_token(response(token)), Ok(Secret::new("e.y.J".into())));
    }

    proptest! {
        #[test]
        fn any_reply_gives_something_or_an_error(body in "[\\[\\]{}:,\"a-zA-Z0-9]{0,60}|\\PC{0,40}") {
            let _ = (read_identity_id(response(&body)), read_credentials(response(&body)), read_open_id_token(response(&body)));
        }
    }
}
