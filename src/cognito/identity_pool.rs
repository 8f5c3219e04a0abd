//! The identity pool's API: an ID token becomes temporary keys, in AWS's enhanced flow.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::token::IdToken;
use super::{CognitoError, call, json, text};
use crate::config::IdentityPool;
use crate::http::{Request, Response, check};
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

/// `GetId`.
/// <https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetId.html>
pub fn get_id(pool: &IdentityPool, token: &IdToken) -> Request {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct GetId<'a> {
        identity_pool_id: &'a str,
        logins: Logins<'a>,
    }
    identity_pool(pool, "GetId", &GetId { identity_pool_id: &pool.id, logins: Logins(token) })
}

/// Reads the reply to [`get_id`].
pub fn read_identity_id(response: Response) -> Result<IdentityId, CognitoError> {
    let reply = json("GetId", &check(response)?)?;
    Ok(IdentityId(text("GetId", &reply, "/IdentityId")?.to_owned()))
}

/// `GetCredentialsForIdentity`: the pool picks the role from the token.
/// <https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetCredentialsForIdentity.html>
pub fn get_credentials_for_identity(pool: &IdentityPool, identity: &IdentityId, token: &IdToken) -> Request {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct GetCredentialsForIdentity<'a> {
        identity_id: &'a str,
        logins: Logins<'a>,
    }
    identity_pool(
        pool,
        "GetCredentialsForIdentity",
        &GetCredentialsForIdentity { identity_id: &identity.0, logins: Logins(token) },
    )
}

/// Reads the reply to [`get_credentials_for_identity`]. `Expiration` is in seconds, possibly with a fraction.
pub fn read_credentials(response: Response) -> Result<Keys, CognitoError> {
    const OPERATION: &str = "GetCredentialsForIdentity";
    let reply = json(OPERATION, &check(response)?)?;
    let field = |path| text(OPERATION, &reply, path).map(str::to_owned);
    let expires = reply
        .pointer("/Credentials/Expiration")
        .and_then(Value::as_f64)
        .ok_or(CognitoError::Unexpected { operation: OPERATION, field: "/Credentials/Expiration" })?;
    Ok(Keys {
        access_key_id: field("/Credentials/AccessKeyId")?,
        secret_access_key: Secret::new(field("/Credentials/SecretKey")?),
        session_token: Secret::new(field("/Credentials/SessionToken")?),
        #[allow(clippy::cast_possible_truncation)] // A cast from f64 saturates, and milliseconds are fine enough.
        expires: UnixMillis((expires * 1000.0) as i64),
    })
}

/// The token under the name of who issued it.
struct Logins<'a>(&'a IdToken);

impl Serialize for Logins<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(&self.0.issuer, self.0.raw().expose())])
    }
}

fn identity_pool<T: Serialize>(pool: &IdentityPool, operation: &str, body: &T) -> Request {
    call(&pool.endpoint, &format!("AWSCognitoIdentityService.{operation}"), body)
}
