//! The identity pool's API: turns a login into temporary keys, in AWS's enhanced flow or in its basic one.

use serde::{Deserialize, Serialize};

use crate::http::{Request, Response};
use crate::wire::{self, call, need, reply};
use crate::{CognitoError, Secret, UnixMillis};

/// An identity pool, as its API is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityPool {
    /// The pool's id, such as `eu-central-1:00000000-0000-0000-0000-000000000000`.
    pub id: String,
    /// The address of the API, such as `https://cognito-identity.eu-central-1.amazonaws.com/`.
    /// <https://docs.aws.amazon.com/general/latest/gr/cognito_identity.html>
    pub endpoint: String,
}

/// An identity's id, such as `eu-central-1:12345678-abcd-1234-abcd-123456789012`. It identifies a person to the pool and stays the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityId(pub String);

/// Temporary keys of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// `AccessKeyId`. It is not secret.
    pub access_key_id: String,
    /// `SecretKey`.
    pub secret_access_key: Secret,
    /// `SessionToken`.
    pub session_token: Secret,
    /// `Expiration`, by AWS's clock.
    pub expires: UnixMillis,
}

/// An entry of `Logins`: the proof of a person's identity. Guests have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The token's issuer, as the pool names it: an ID token's issuer without its scheme, `graph.facebook.com`, a SAML provider's ARN.
    pub key: String,
    /// The token or assertion.
    pub token: Secret,
}

/// The body of all three operations: a pool or an identity, and the login.
#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_pool_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_id: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty", serialize_with = "wire::pairs")]
    logins: &'a [(&'a str, &'a str)],
}

fn identity_pool(pool: &IdentityPool, operation: &str, body: &Body<'_>, login: Option<&Login>) -> Request {
    let login = login.map(|login| (login.key.as_str(), login.token.expose()));
    call(&pool.endpoint, "AWSCognitoIdentityService", operation, &Body { logins: login.as_slice(), ..*body })
}

/// `GetId`. The same login gets the same identity each time; a guest gets a new one each time.
/// <https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html>
pub fn get_id(pool: &IdentityPool, login: Option<&Login>) -> Request {
    identity_pool(pool, "GetId", &Body { identity_pool_id: Some(&pool.id), ..Body::default() }, login)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IdReply {
    #[serde(default, deserialize_with = "wire::text")]
    identity_id: Option<String>,
}

/// Reads the reply to [`get_id`].
pub fn read_identity_id(response: Response) -> Result<IdentityId, CognitoError> {
    const OPERATION: &str = "GetId";
    let reply: IdReply = reply(OPERATION, response)?;
    need(OPERATION, "/IdentityId", reply.identity_id).map(IdentityId)
}

/// `GetCredentialsForIdentity`: the pool picks the role, from the token if there is one.
/// <https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html>
pub fn get_credentials_for_identity(pool: &IdentityPool, identity: &IdentityId, login: Option<&Login>) -> Request {
    let body = Body { identity_id: Some(&identity.0), ..Body::default() };
    identity_pool(pool, "GetCredentialsForIdentity", &body, login)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialsReply {
    #[serde(default, deserialize_with = "wire::usable")]
    credentials: Option<Credentials>,
    #[serde(default, deserialize_with = "wire::text")]
    identity_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    #[serde(default, deserialize_with = "wire::text")]
    access_key_id: Option<String>,
    #[serde(default, deserialize_with = "wire::secret")]
    secret_key: Option<Secret>,
    #[serde(default, deserialize_with = "wire::secret")]
    session_token: Option<Secret>,
    #[serde(default, deserialize_with = "wire::seconds")]
    expiration: Option<UnixMillis>,
}

/// Reads the reply to [`get_credentials_for_identity`]: the keys, and the identity that they belong to. This identity differs from the requested one if a
/// guest's identity is linked to somebody who already has one. `Expiration` is in seconds, possibly with a fraction.
pub fn read_credentials(response: Response) -> Result<(Keys, Option<IdentityId>), CognitoError> {
    const OPERATION: &str = "GetCredentialsForIdentity";
    let reply: CredentialsReply = reply(OPERATION, response)?;
    let credentials = reply.credentials.unwrap_or_default();
    let keys = Keys {
        expires: need(OPERATION, "/Credentials/Expiration", credentials.expiration)?,
        access_key_id: need(OPERATION, "/Credentials/AccessKeyId", credentials.access_key_id)?,
        secret_access_key: need(OPERATION, "/Credentials/SecretKey", credentials.secret_key)?,
        session_token: need(OPERATION, "/Credentials/SessionToken", credentials.session_token)?,
    };
    Ok((keys, reply.identity_id.map(IdentityId)))
}

/// `GetOpenIdToken`, the middle step of the basic flow: a token of the identity for [`crate::sts::assume_role_with_web_identity`].
/// <https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdToken.html>
pub fn get_open_id_token(pool: &IdentityPool, identity: &IdentityId, login: Option<&Login>) -> Request {
    let body = Body { identity_id: Some(&identity.0), ..Body::default() };
    identity_pool(pool, "GetOpenIdToken", &body, login)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OpenIdTokenReply {
    #[serde(default, deserialize_with = "wire::secret")]
    token: Option<Secret>,
}

/// Reads the reply to [`get_open_id_token`]. The token is valid for ten minutes.
pub fn read_open_id_token(response: Response) -> Result<Secret, CognitoError> {
    const OPERATION: &str = "GetOpenIdToken";
    let reply: OpenIdTokenReply = reply(OPERATION, response)?;
    need(OPERATION, "/Token", reply.token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Head;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn pool() -> IdentityPool {
        IdentityPool {
            id: "eu-central-1:1-2".into(),
            endpoint: "https://cognito-identity.eu-central-1.amazonaws.com/".into(),
        }
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
        for (written, millis) in [(json!("1793682367"), 1_793_682_367_000), (json!(1.793_682_367e9), 1_793_682_367_000)]
        {
            reply["Credentials"]["Expiration"] = written;
            assert_eq!(read_credentials(response(&reply.to_string())).unwrap().0.expires, UnixMillis(millis));
        }
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
