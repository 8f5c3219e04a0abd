//! What the app reads in an ID token (RFC 7519). Its signature is not checked here: the token came over TLS from the user pool that issued it,
//! and whoever accepts it, the identity pool, checks it.

use crate::base64::decode_url;
use crate::json::Value;
use crate::secret::Secret;
use crate::text::split_once;
use crate::time::UnixMillis;

/// What makes a token unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not three parts of base64url with JSON in the middle.
    #[error("the ID token is not a JSON Web Token")]
    NotJwt,
    /// A claim that every ID token of Cognito has is not there.
    #[error("the ID token lacks a claim that it must have")]
    MissingClaim,
}

/// An ID token and what it says.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdToken {
    raw: Secret,
    /// `iss` without its scheme: the key under which an identity pool takes the token.
    pub issuer: String,
    /// `sub`: the person's id in the user pool, which never changes.
    pub subject: String,
    /// The first of `email`, `cognito:username`, `preferred_username`, `name` and `sub` that is there.
    pub username: String,
    /// `aud`: whom the token is for, the id of an app client.
    pub audience: Vec<String>,
    /// `azp`: who asked for it, where that can be somebody else.
    pub authorized_party: Option<String>,
    /// `nonce` of the authorization request, which ties the token to it.
    pub nonce: Option<String>,
    /// `iat`.
    pub issued: UnixMillis,
    /// `exp`.
    pub expires: UnixMillis,
    /// `cognito:preferred_role`, or the only one of `cognito:roles`: the ARN of the role that the group gives.
    pub role: Option<String>,
}

impl IdToken {
    /// Reads a token in JWS compact form (RFC 7515 §3.1).
    pub fn parse(raw: Secret) -> Result<Self, TokenError> {
        let mut parts = raw.expose().split('.');
        let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(TokenError::NotJwt);
        };
        let payload = decode_url(payload).ok_or(TokenError::NotJwt)?;
        let claims: Value = Value::read(&payload).map_err(|_| TokenError::NotJwt)?;
        let text =
            |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let time = |name: &str| {
            claims.get(name).and_then(Value::as_i64).map(UnixMillis::from_seconds).ok_or(TokenError::MissingClaim)
        };
        let issuer = text("iss").ok_or(TokenError::MissingClaim)?;
        let subject = text("sub").ok_or(TokenError::MissingClaim)?;
        let names = ["email", "cognito:username", "preferred_username", "name"];
        let audience = match claims.get("aud") {
            Some(Value::Text(one)) => vec![one.clone()],
            Some(Value::List(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => vec![],
        };
        let only_role = match claims.get("cognito:roles").and_then(Value::as_list) {
            Some([Value::Text(role)]) => Some(role.clone()),
            _ => None,
        };
        Ok(Self {
            issuer: without_scheme(&issuer).to_owned(),
            username: names.into_iter().find_map(text).unwrap_or_else(|| subject.clone()),
            subject,
            audience,
            authorized_party: text("azp"),
            nonce: text("nonce"),
            issued: time("iat")?,
            expires: time("exp")?,
            role: text("cognito:preferred_role").or(only_role),
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

/// An address as an identity pool names who issued a token.
pub fn without_scheme(issuer: &str) -> &str {
    split_once(issuer, "://").map_or(issuer, |(_, rest)| rest)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// A token with these claims and no valid signature.
    pub fn unsigned(claims: &Value) -> String {
        let part = |value: &Value| crate::base64::encode_url(value.to_string().as_bytes());
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
    fn tokens_of_other_providers_name_the_person_too() {
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
    fn whom_it_is_for_is_one_or_several() {
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
    fn several_roles_without_a_preferred_one_name_none() {
        let mut several = claims();
        several["cognito:roles"] = json!(["arn:aws:iam::1:role/a", "arn:aws:iam::1:role/b"]);
        assert_eq!(parse(&several).unwrap().role, None);
    }

    #[test]
    fn what_is_no_id_token_is_refused() {
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
