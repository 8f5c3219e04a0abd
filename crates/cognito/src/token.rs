//! The claims of an ID token (RFC 7519). Its signature is not checked here: the token came over TLS from the user pool that issued it, and the
//! service that accepts it, such as the identity pool, checks it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::{Secret, UnixMillis, wire};

/// Why a token cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is not three parts of base64url with JSON in the middle.
    #[error("the ID token is not a JSON Web Token")]
    NotJwt,
    /// It lacks a claim that every ID token of Cognito has.
    #[error("the ID token lacks a claim that it must have")]
    MissingClaim,
}

/// An ID token and its claims.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdToken {
    raw: Secret,
    /// `iss` without its scheme: the key under which an identity pool accepts the token.
    pub issuer: String,
    /// `sub`: the person's id in the user pool, which never changes.
    pub subject: String,
    /// The first of `email`, `cognito:username`, `preferred_username`, `name` and `sub` that the token has.
    pub username: String,
    /// `aud`: the id of the app client that the token is for.
    pub audience: Vec<String>,
    /// `azp`: the client that asked for the token, if it may differ from `aud`.
    pub authorized_party: Option<String>,
    /// `nonce` of the authorization request, which ties the token to it.
    pub nonce: Option<String>,
    /// `iat`.
    pub issued: UnixMillis,
    /// `exp`.
    pub expires: UnixMillis,
    /// The ARN of the role of the person's group: `cognito:preferred_role`, or the only entry of `cognito:roles`.
    pub role: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default, deserialize_with = "wire::text")]
    iss: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    sub: Option<String>,
    #[serde(default, deserialize_with = "wire::seconds")]
    iat: Option<UnixMillis>,
    #[serde(default, deserialize_with = "wire::seconds")]
    exp: Option<UnixMillis>,
    #[serde(default, deserialize_with = "wire::texts")]
    aud: Vec<String>,
    #[serde(default, deserialize_with = "wire::text")]
    azp: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    nonce: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    email: Option<String>,
    #[serde(default, rename = "cognito:username", deserialize_with = "wire::text")]
    cognito_username: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    preferred_username: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    name: Option<String>,
    #[serde(default, rename = "cognito:preferred_role", deserialize_with = "wire::text")]
    preferred_role: Option<String>,
    #[serde(default, rename = "cognito:roles", deserialize_with = "wire::usable")]
    roles: Option<Vec<String>>,
}

impl IdToken {
    /// Reads a token in JWS compact form (RFC 7515 §3.1).
    pub fn parse(raw: Secret) -> Result<Self, TokenError> {
        let mut parts = raw.expose().split('.');
        let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(TokenError::NotJwt);
        };
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::NotJwt)?;
        let claims: Claims = wire::object(&payload).map_err(|_| TokenError::NotJwt)?;
        let issuer = claims.iss.ok_or(TokenError::MissingClaim)?;
        let subject = claims.sub.ok_or(TokenError::MissingClaim)?;
        let names = claims.email.or(claims.cognito_username).or(claims.preferred_username).or(claims.name);
        let only_role = claims.roles.and_then(|roles| <[String; 1]>::try_from(roles).ok()).map(|[role]| role);
        Ok(Self {
            issuer: without_scheme(&issuer).to_owned(),
            username: names.unwrap_or_else(|| subject.clone()),
            subject,
            audience: claims.aud,
            authorized_party: claims.azp,
            nonce: claims.nonce,
            issued: claims.iat.ok_or(TokenError::MissingClaim)?,
            expires: claims.exp.ok_or(TokenError::MissingClaim)?,
            role: claims.preferred_role.or(only_role),
            raw,
        })
    }

    /// The token itself.
    pub fn raw(&self) -> &Secret {
        &self.raw
    }

    /// The last part of the role's ARN.
    pub fn role_name(&self) -> Option<String> {
        self.role.as_deref().and_then(|arn| arn.rsplit('/').next()).map(str::to_owned)
    }
}

/// An issuer as an identity pool names it.
pub fn without_scheme(issuer: &str) -> &str {
    issuer.split_once("://").map_or(issuer, |(_, rest)| rest)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// A token with these claims and no valid signature.
    pub fn unsigned(claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims))
    }

    fn parse(claims: &Value) -> Result<IdToken, TokenError> {
        IdToken::parse(Secret::new(unsigned(claims)))
    }

    fn claims() -> Value {
        json!({"iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC", "iat": 10, "exp": 3610, "sub": "s-1", "cognito:username": "u-1"})
    }

    #[test]
    fn claims_are_read() {
        let mut with_role = claims();
        with_role["cognito:roles"] = json!(["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/path/b"]);
        with_role["cognito:preferred_role"] = json!("arn:aws:iam::1:role/path/b");
        with_role["email"] = json!("a@example.com");
        let token = parse(&with_role).unwrap();
        assert_eq!(token.issuer, "cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbC");
        assert_eq!((token.issued, token.expires), (UnixMillis(10_000), UnixMillis(3_610_000)));
        assert_eq!((token.username.as_str(), token.role_name().as_deref()), ("a@example.com", Some("b")));
        let plain = parse(&claims()).unwrap();
        assert_eq!((plain.username.as_str(), plain.role), ("u-1", None));
    }

    #[test]
    fn the_username_is_the_best_name_that_the_token_has() {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove("cognito:username");
        assert_eq!(parse(&claims).unwrap().username, "s-1");
        for (claim, value) in
            [("name", "Alice A."), ("preferred_username", "alice"), ("cognito:username", "u-1"), ("email", "a@b")]
        {
            claims[claim] = value.into();
            assert_eq!(parse(&claims).unwrap().username, value);
        }
    }

    #[test]
    fn the_audience_is_one_client_or_several() {
        let mut claims = claims();
        assert_eq!(parse(&claims).unwrap().audience, [""; 0]);
        claims["aud"] = json!("c-1");
        claims["nonce"] = json!("n-1");
        claims["azp"] = json!("c-2");
        let token = parse(&claims).unwrap();
        assert_eq!(token.audience, ["c-1"]);
        assert_eq!((token.nonce.as_deref(), token.authorized_party.as_deref()), (Some("n-1"), Some("c-2")));
        claims["aud"] = json!(["c-1", "c-2", 3]);
        assert_eq!(parse(&claims).unwrap().audience, ["c-1", "c-2"]);
    }

    #[test]
    fn several_roles_without_a_preferred_one_give_no_role() {
        let mut several = claims();
        several["cognito:roles"] = json!(["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"]);
        assert_eq!(parse(&several).unwrap().role, None);
    }

    #[test]
    fn anything_but_an_id_token_is_refused() {
        for raw in ["", "a.b", "a.b.c.d", "a.!.c", "a.e30.c"] {
            assert!(IdToken::parse(Secret::new(raw.into())).is_err(), "{raw}");
        }
        let mut without = claims();
        without.as_object_mut().unwrap().remove("iat");
        assert_eq!(parse(&without), Err(TokenError::MissingClaim));
    }

    proptest! {
        #[test]
        fn any_text_gives_a_token_or_an_error(raw in "[a-zA-Z0-9._-]{0,80}") {
            let _ = IdToken::parse(Secret::new(raw));
        }
    }
}
