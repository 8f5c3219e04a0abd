//! The part of roles that MiniStack lacks: the role claims of an ID token, the role that a person or a guest gets, and the flows that an
//! identity pool allows.
//!
//! Sources: Amazon Cognito, "Using role-based access control", "Adding groups to a user pool" and "Identity pools authentication flow";
//! `GetCredentialsForIdentity`.

use std::path::Path;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use hyper::body::Bytes;
use hyper::header::CONTENT_LENGTH;
use hyper::{Request, Response};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::aws::{self, Aws};
use crate::sign_in::Refusal;

/// Why the gateway could not do Cognito's part.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to MiniStack failed.
    #[error(transparent)]
    Aws(#[from] aws::Error),
    /// MiniStack's ID token is invalid, or its signing key is not where it should be.
    #[error(
        "The roles could not be added to MiniStack's ID token: {0}. Is it the version that scripts/setup.sh installs?"
    )]
    Token(&'static str),
}

/// A person's keys, as `GetCredentialsForIdentity` returns them, and the caller they belong to.
#[derive(Debug)]
pub(crate) struct Vended {
    pub(crate) body: Value,
    pub(crate) access_key: String,
    /// The assumed role's ARN.
    pub(crate) user_arn: String,
    /// The assumed role's ID and session name.
    pub(crate) user_id: String,
}

/// The outcome of a request for keys.
#[derive(Debug)]
pub(crate) enum Credentials {
    Vended(Box<Vended>),
    /// Refused by MiniStack, in its own words.
    Refused(Response<Bytes>),
    /// Refused by the role mapping.
    NoRole(Refusal),
}

/// Whether the identity pool allows the request: keys without a login need guest access, and tokens for `AssumeRoleWithWebIdentity` need the
/// classic flow, which excludes role mappings.
pub(crate) async fn check(aws: &Aws, pool: &str, operation: &str, input: &Value) -> Result<Result<(), Refusal>, Error> {
    let who = json!({ "IdentityPoolId": pool });
    let target = "AWSCognitoIdentityService.DescribeIdentityPool";
    let pool = aws.operation("cognito-identity", target, &who).await?;
    if input["Logins"].as_object().is_none_or(serde_json::Map::is_empty)
        && pool["AllowUnauthenticatedIdentities"] != true
    {
        let message = "Unauthenticated access is not supported for this identity pool.";
        return Ok(Err(("NotAuthorizedException", message.to_owned())));
    }
    if operation == "GetOpenIdToken" {
        let refuse = |why| {
            let message = format!("Basic (classic) flow is not {why}, please use enhanced flow.");
            Ok(Err(("InvalidParameterException", message)))
        };
        if pool["AllowClassicFlow"] != true {
            return refuse("enabled");
        }
        let target = "AWSCognitoIdentityService.GetIdentityPoolRoles";
        let roles = aws.operation("cognito-identity", target, &who).await?;
        if roles["RoleMappings"].as_object().is_some_and(|mappings| !mappings.is_empty()) {
            return refuse("supported with RoleMappings");
        }
    }
    Ok(Ok(()))
}

/// The keys of the role that the identity pool's mapping gives this person. MiniStack checks the login, and its STS checks the role's trust
/// policy.
pub(crate) async fn credentials(aws: &Aws, request: Request<Bytes>) -> Result<Credentials, Error> {
    let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let wanted = input["CustomRoleArn"].as_str().map(str::to_owned);
    let (mut parts, body) = request.into_parts();
    crate::http::set(&mut parts.headers, "x-amz-target", "AWSCognitoIdentityService.GetOpenIdToken");
    parts.headers.remove(CONTENT_LENGTH);
    let judged = aws.pass(Request::from_parts(parts, body)).await?;
    if !judged.status().is_success() {
        return Ok(Credentials::Refused(judged));
    }
    let login: Value =
        serde_json::from_slice(judged.body()).map_err(|_| Error::Token("GetOpenIdToken did not return JSON"))?;
    let token = login["Token"].as_str().ok_or(Error::Token("GetOpenIdToken returned none"))?;
    let pool = claims(token)?["aud"].as_str().ok_or(Error::Token("it names no identity pool"))?.to_owned();
    let target = "AWSCognitoIdentityService.GetIdentityPoolRoles";
    let pool = aws.operation("cognito-identity", target, &json!({ "IdentityPoolId": pool })).await?;
    let role = match role(&pool, &input["Logins"], wanted.as_deref()) {
        Ok(role) => role,
        Err(refusal) => return Ok(Credentials::NoRole(refusal)),
    };

    let target = "AWSSecurityTokenServiceV20110615.AssumeRoleWithWebIdentity";
    let assume = json!({ "RoleArn": role, "RoleSessionName": "CognitoIdentityCredentials", "WebIdentityToken": token });
    let session = match aws.operation("sts", target, &assume).await {
        Ok(session) => session,
        Err(aws::Error::Refused { status: 403, .. }) => {
            let message = "Invalid identity pool configuration. Check assigned IAM roles for this pool.";
            return Ok(Credentials::NoRole(("InvalidIdentityPoolConfigurationException", message.to_owned())));
        }
        Err(error) => return Err(error.into()),
    };
    let text = |value: &Value| value.as_str().map(str::to_owned).ok_or(Error::Token("STS returned no keys"));
    let keys = &session["Credentials"];
    let body = json!({
        "IdentityId": login["IdentityId"],
        "Credentials": {
            "AccessKeyId": keys["AccessKeyId"],
            "SecretKey": keys["SecretAccessKey"],
            "SessionToken": keys["SessionToken"],
            "Expiration": keys["Expiration"],
        },
    });
    Ok(Credentials::Vended(Box::new(Vended {
        body,
        access_key: text(&keys["AccessKeyId"])?,
        user_arn: text(&session["AssumedRoleUser"]["Arn"])?,
        user_id: text(&session["AssumedRoleUser"]["AssumedRoleId"])?,
    })))
}

/// The role for these logins. `pool` is the result of `GetIdentityPoolRoles`.
fn role(pool: &Value, logins: &Value, wanted: Option<&str>) -> Result<String, Refusal> {
    let of = |kind: &str| {
        pool["Roles"][kind].as_str().map(str::to_owned).ok_or_else(|| {
            let message = "Invalid identity pool configuration. Check assigned IAM roles for this pool.";
            ("InvalidIdentityPoolConfigurationException", message.to_owned())
        })
    };
    let default = of("authenticated");
    let no_role = |message: &str| ("NotAuthorizedException", message.to_owned());
    let Some((provider, token)) = logins.as_object().and_then(|logins| logins.iter().next()) else {
        return of("unauthenticated");
    };
    let claims = token.as_str().and_then(|token| claims(token).ok()).unwrap_or_default();
    let roles: Vec<&str> = claims["cognito:roles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if let Some(wanted) = wanted {
        let allowed = roles.contains(&wanted);
        return allowed
            .then(|| wanted.to_owned())
            .ok_or_else(|| no_role("The role is not one of this user's: CustomRoleArn."));
    }
    let client = format!("{provider}:{}", claims["aud"].as_str().unwrap_or_default());
    let mappings = pool["RoleMappings"].as_object();
    let mapping =
        mappings.into_iter().flatten().find(|(key, mapping)| **key == client || mapping["IdentityProvider"] == *client);
    let Some((_, mapping)) = mapping else { return default };
    if mapping["Type"] != "Token" {
        let message = "The local AWS supports only role mappings of type Token.".to_owned();
        return Err(("InvalidIdentityPoolConfigurationException", message));
    }
    match (claims["cognito:preferred_role"].as_str(), roles.as_slice()) {
        (Some(role), _) | (None, &[role]) => Ok(role.to_owned()),
        _ if mapping["AmbiguousRoleResolution"] == "AuthenticatedRole" => default,
        _ => Err(no_role("The user's token names no role, and the identity pool denies such a user.")),
    }
}

/// The ID token with the claims `cognito:roles` and `cognito:preferred_role` for the person's groups, and `cognito:groups`, which MiniStack
/// leaves out when the token endpoint refreshes. It is signed again with the user pool's own key, which MiniStack keeps in the folder `state`,
/// so MiniStack later finds a valid signature. All other claims stay as they are.
pub(crate) async fn with_roles(aws: &Aws, state: &Path, token: &str) -> Result<String, Error> {
    let mut claims = claims(token)?;
    let pool = claims["iss"]
        .as_str()
        .and_then(|issuer| issuer.rsplit('/').next())
        .ok_or(Error::Token("it has no iss"))?
        .to_owned();
    let target = "AWSCognitoIdentityProviderService.AdminListGroupsForUser";
    let who = json!({ "UserPoolId": pool, "Username": claims["cognito:username"] });
    let groups = aws.operation("cognito-idp", target, &who).await?;
    let (roles, preferred) = roles_of(&groups["Groups"]);
    if roles.is_empty() {
        return Ok(token.to_owned());
    }
    if claims["cognito:groups"].is_null() {
        let names = groups["Groups"].as_array().into_iter().flatten().map(|group| group["GroupName"].clone());
        claims["cognito:groups"] = names.collect();
    }
    claims["cognito:roles"] = roles.into();
    if let Some(preferred) = preferred {
        claims["cognito:preferred_role"] = preferred.into();
    }
    let head = token.split('.').next().unwrap_or_default();
    let unsigned = format!("{head}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = key(&state.join("cognito-pool-keys").join(format!("{pool}-id.pem")))?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), unsigned.as_bytes(), &mut signature)
        .map_err(|_| Error::Token("signing failed"))?;
    Ok(format!("{unsigned}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// The roles of a person's groups, and the preferred one: the role of the group with the lowest precedence, unless several roles share it.
fn roles_of(groups: &Value) -> (Vec<String>, Option<String>) {
    let mut ranked: Vec<(u64, &str)> = groups
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|group| Some((group["Precedence"].as_u64().unwrap_or(u64::MAX), group["RoleArn"].as_str()?)))
        .filter(|(_, role)| !role.is_empty())
        .collect();
    ranked.sort_unstable();
    ranked.dedup();
    let preferred = match ranked.as_slice() {
        [(best, _), (second, _), ..] if best == second => None,
        [(_, role), ..] => Some((*role).to_owned()),
        [] => None,
    };
    let mut roles: Vec<String> = Vec::new();
    for (_, role) in ranked {
        if !roles.iter().any(|known| known == role) {
            roles.push(role.to_owned());
        }
    }
    (roles, preferred)
}

/// A token's claims, unverified: MiniStack has just issued or checked it.
fn claims(token: &str) -> Result<Value, Error> {
    let payload = token.split('.').nth(1).ok_or(Error::Token("it is not a JWT"))?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).map_err(|_| Error::Token("its payload is not base64url"))?;
    serde_json::from_slice(&payload).map_err(|_| Error::Token("its payload is not JSON"))
}

fn key(path: &Path) -> Result<RsaKeyPair, Error> {
    let pem = std::fs::read_to_string(path).map_err(|_| Error::Token("the user pool's key is missing"))?;
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = BASE64_STANDARD.decode(base64).map_err(|_| Error::Token("the user pool's key is not PEM"))?;
    RsaKeyPair::from_pkcs8(&der).map_err(|_| Error::Token("the user pool's key is not an RSA key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &Value) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    fn pool(ambiguous: &str) -> Value {
        let mapping =
            json!({ "IdentityProvider": "idp/pool:client", "Type": "Token", "AmbiguousRoleResolution": ambiguous });
        json!({ "Roles": { "authenticated": "default", "unauthenticated": "guest" }, "RoleMappings": { "UserPool": mapping } })
    }

    fn logins(claims: &Value) -> Value {
        json!({ "idp/pool": token(claims) })
    }

    #[test]
    fn the_lowest_precedence_is_preferred_unless_different_roles_share_it() {
        let group = |role: &str, precedence: Option<u64>| json!({ "RoleArn": role, "Precedence": precedence });
        let of = |groups: &[Value]| roles_of(&Value::from(groups.to_vec()));
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(of(&[]), (vec![], None));
        assert_eq!(
            of(&[group("a", None), group("b", Some(3)), group("c", Some(0))]),
            (names(&["c", "b", "a"]), Some("c".into()))
        );
        assert_eq!(of(&[group("a", Some(1)), group("b", Some(1))]), (names(&["a", "b"]), None));
        assert_eq!(
            of(&[group("a", Some(1)), group("a", Some(1)), group("b", None)]),
            (names(&["a", "b"]), Some("a".into()))
        );
        assert_eq!(of(&[json!({ "GroupName": "no role" })]), (vec![], None));
    }

    #[test]
    fn the_token_chooses_the_role() {
        let claims = json!({ "aud": "client", "cognito:roles": ["a", "b"], "cognito:preferred_role": "b" });
        assert_eq!(role(&pool("Deny"), &logins(&claims), None), Ok("b".into()));
        assert_eq!(role(&pool("Deny"), &logins(&claims), Some("a")), Ok("a".into()));
        let refused = role(&pool("AuthenticatedRole"), &logins(&claims), Some("c")).unwrap_err();
        assert_eq!(refused.0, "NotAuthorizedException");
    }

    #[test]
    fn somebody_without_a_role_gets_the_default_one_or_none() {
        let claims = json!({ "aud": "client" });
        assert_eq!(role(&pool("AuthenticatedRole"), &logins(&claims), None), Ok("default".into()));
        assert_eq!(role(&pool("Deny"), &logins(&claims), None).unwrap_err().0, "NotAuthorizedException");
        let other = json!({ "aud": "another client" });
        assert_eq!(role(&pool("Deny"), &logins(&other), None), Ok("default".into()), "no mapping for that client");
        assert_eq!(role(&pool("Deny"), &Value::Null, None), Ok("guest".into()));
        let no_guests = json!({ "Roles": { "authenticated": "default" } });
        let refused = role(&no_guests, &Value::Null, None).unwrap_err();
        assert_eq!(refused.0, "InvalidIdentityPoolConfigurationException");
    }
}
