//! The identity pool's API: a login becomes temporary keys, in AWS's enhanced flow or its basic one.

use super::{CognitoError, call, json, secret, text};
use crate::config::IdentityPool;
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
