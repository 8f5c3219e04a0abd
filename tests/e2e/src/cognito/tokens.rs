//! Tokens as a user pool issues them, but for their signature, which only AWS checks.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};

use super::{CLIENT, random, random_text, script::ISSUER};

/// Which tokens are issued. What is not said is as for a sign-in of a person without groups.
#[derive(Debug, Clone, Default)]
pub struct Tokens {
    pub(super) claims: Json,
    access_claims: Json,
    expires_in: Option<i64>,
    without_refresh: bool,
    device: Option<(String, String)>,
}

/// Claims of the ID token.
impl From<Json> for Tokens {
    fn from(claims: Json) -> Self {
        Self::of(claims)
    }
}

impl Tokens {
    /// With these claims in the ID token, beside or in place of the usual ones; `null` takes one away.
    pub fn of(claims: Json) -> Self {
        Self { claims, ..Self::default() }
    }

    /// With these claims in the access token.
    #[must_use]
    pub fn access(self, access_claims: Json) -> Self {
        Self { access_claims, ..self }
    }

    /// Good for so many seconds, instead of an hour.
    #[must_use]
    pub fn expires_in(self, seconds: i64) -> Self {
        Self { expires_in: Some(seconds), ..self }
    }

    /// Without a refresh token, as a refresh answers where the pool does not rotate them.
    #[must_use]
    pub fn without_refresh(self) -> Self {
        Self { without_refresh: true, ..self }
    }

    /// With `NewDeviceMetadata`.
    #[must_use]
    pub fn new_device(self, key: &str, group_key: &str) -> Self {
        Self { device: Some((key.to_owned(), group_key.to_owned())), ..self }
    }

    /// The `AuthenticationResult`, issued now.
    pub(super) fn issue(&self) -> Json {
        let seconds = self.expires_in.unwrap_or(3600);
        let now = unix_seconds();
        let common = json!({
            "iss": format!("https://{ISSUER}"), "sub": "5c21b7ed-0000-4000-8000-0000000000bb", "iat": now, "auth_time": now,
            "exp": now + seconds, "jti": random_text(), "origin_jti": random_text(),
        });
        let id = json!({ "aud": CLIENT, "token_use": "id", "cognito:username": "scripted", "email": "scripted@example.com" });
        let access = json!({ "client_id": CLIENT, "token_use": "access", "username": "scripted", "scope": "aws.cognito.signin.user.admin" });
        let mut result = json!({
            "IdToken": token(&[&common, &id, &self.claims]),
            "AccessToken": token(&[&common, &access, &self.access_claims]),
            "ExpiresIn": seconds,
            "TokenType": "Bearer",
        });
        if !self.without_refresh {
            // Encrypted for AWS itself: five parts that say nothing.
            result["RefreshToken"] = json!([0; 5].map(|_| random_text()).join("."));
        }
        if let Some((key, group_key)) = &self.device {
            result["NewDeviceMetadata"] = json!({ "DeviceKey": key, "DeviceGroupKey": group_key });
        }
        result
    }
}

/// JWS compact form (RFC 7515 §3.1); later claims go before earlier ones.
fn token(claims: &[&Json]) -> String {
    let mut all = serde_json::Map::new();
    for (name, value) in claims.iter().filter_map(|claims| claims.as_object()).flatten() {
        if value.is_null() {
            all.remove(name)
        } else {
            all.insert(name.clone(), value.clone())
        };
    }
    let part = |value: &Json| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(&json!({ "alg": "RS256", "kid": "scripted" }));
    format!("{header}.{}.{}", part(&Json::Object(all)), BASE64_URL_SAFE_NO_PAD.encode(random::<256>()))
}

/// The real clock.
pub(super) fn unix_seconds() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_app_reads_what_is_issued() {
        let role = "arn:aws:iam::1:role/writers";
        let claims =
            json!({ "email": "ann@example.com", "cognito:roles": [role], "nonce": "n-1", "cognito:username": null });
        let issued = Tokens::of(claims).expires_in(300).new_device("key", "group").issue();
        let raw = issued["IdToken"].as_str().unwrap().to_owned();
        let payload = BASE64_URL_SAFE_NO_PAD.decode(raw.split('.').nth(1).unwrap()).unwrap();
        let payload: Json = serde_json::from_slice(&payload).unwrap();
        assert_eq!((&payload["nonce"], &payload["aud"]), (&json!("n-1"), &json!(CLIENT)));
        assert_eq!(payload.get("cognito:username"), None);
        assert_eq!(payload["exp"].as_i64().unwrap() - payload["iat"].as_i64().unwrap(), 300);
        let token = signet_cognito::IdToken::parse(signet_cognito::Secret::new(raw)).unwrap();
        assert_eq!((token.issuer.as_str(), token.username.as_str()), (ISSUER, "ann@example.com"));
        assert_eq!(token.role_name().as_deref(), Some("writers"));
        assert_eq!(issued["NewDeviceMetadata"], json!({ "DeviceKey": "key", "DeviceGroupKey": "group" }));
    }

    #[test]
    fn no_two_tokens_are_the_same() {
        let [one, other] = [Tokens::default().issue(), Tokens::default().issue()];
        for field in ["IdToken", "AccessToken", "RefreshToken"] {
            assert_ne!(one[field], other[field]);
        }
        assert_eq!(Tokens::default().without_refresh().issue().get("RefreshToken"), None);
    }
}
