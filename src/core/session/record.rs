//! What of a session, or of a sign-in on its way, outlives a load of the page. The worker encrypts it before it stores it.

use zeroize::Zeroizing;

use super::{Account, Proof};
use crate::core::sign_in::{Foreign, Pending};
use crate::json::{Json, Value};
use signet_cognito::{IdToken, IdentityId, Secret, Skew, UnixMillis};

/// What the tab keeps.
#[allow(clippy::large_enum_variant)] // It is taken apart where it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Enough to fetch new keys without signing in again. Keys are not part of it.
    Session(Account),
    /// A step of a sign-in that waits for the person.
    SignIn(Box<Pending>),
}

/// The version of the format; a record of another is as none.
const VERSION: i64 = 2;

impl Record {
    /// Plain bytes, for nobody but the cipher.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Session(account) => account.to_bytes(),
            Self::SignIn(pending) => pending.to_bytes(VERSION),
        }
    }

    /// `None` if the bytes are not a record of this version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let value: Value = Value::read(bytes).ok()?;
        (value.get("version")?.as_i64()? == VERSION).then_some(())?;
        if value.get("challenge").is_some() {
            return Some(Self::SignIn(Box::new(Pending::from_json(&value)?)));
        }
        Account::from_json(&value).map(Self::Session)
    }
}

impl Account {
    fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let identity = self.identity.as_ref().map(|identity| identity.0.as_str());
        let own = match &self.proof {
            Proof::Tokens { id, refresh, device_key, typed } => [
                ("idToken", Json::Text(id.raw().expose())),
                ("refreshToken", Json::optional(refresh.as_ref().map(Secret::expose))),
                ("deviceKey", Json::optional(device_key.as_deref())),
                ("typed", Json::optional(typed.as_deref())),
            ],
            Proof::Foreign(Foreign { key, token, username, expires, identity_id: _ }) => [
                ("token", Json::Text(token.expose())),
                ("loginsKey", Json::optional(key.as_deref())),
                ("username", Json::Text(username)),
                ("expires", expires.map_or(Json::Absent, |expires| Json::Number(expires.0))),
            ],
            Proof::Guest => [("guest", Json::Bool(true)), ("", Json::Absent), ("", Json::Absent), ("", Json::Absent)],
        };
        let [a, b, c, d] = own;
        let plain = Json::Object(&[
            ("version", Json::Number(VERSION)),
            ("identityId", Json::optional(identity)),
            ("skew", Json::Number(self.skew.0)),
            a,
            b,
            c,
            d,
        ]);
        Zeroizing::new(plain.to_bytes())
    }

    fn from_json(value: &Value) -> Option<Self> {
        let text = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let proof = if let Some(id) = text("idToken") {
            Proof::Tokens {
                id: IdToken::parse(Secret::new(id)).ok()?,
                refresh: text("refreshToken").map(Secret::new),
                device_key: text("deviceKey"),
                typed: text("typed"),
            }
        } else if let Some(token) = text("token") {
            Proof::Foreign(Foreign {
                key: text("loginsKey"),
                token: Secret::new(token),
                identity_id: None,
                username: text("username").unwrap_or_default(),
                expires: value.get("expires").and_then(Value::as_i64).map(UnixMillis),
            })
        } else {
            value.get("guest")?;
            Proof::Guest
        };
        Some(Self { proof, identity: text("identityId").map(IdentityId), skew: Skew(value.get("skew")?.as_i64()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::session::harness::unsigned_token;
    use proptest::prelude::*;
    use serde_json::json;

    fn records() -> Vec<Record> {
        let id = unsigned_token(
            &json!({"iss": "https://i/p", "iat": 10, "exp": 3610, "sub": "s-1", "cognito:username": "u"}),
        );
        let account = |proof, identity: Option<&str>| {
            Record::Session(Account { proof, identity: identity.map(|id| IdentityId(id.into())), skew: Skew(7) })
        };
        let foreign = Foreign {
            key: Some("login.example.com".into()),
            token: Secret::new("t".into()),
            identity_id: None,
            username: "ann".into(),
            expires: Some(UnixMillis(9)),
        };
        let id = IdToken::parse(Secret::new(id)).unwrap();
        let tokens = |refresh: Option<&str>, device: Option<&str>, typed: Option<&str>| Proof::Tokens {
            id: id.clone(),
            refresh: refresh.map(|token| Secret::new(token.into())),
            device_key: device.map(str::to_owned),
            typed: typed.map(str::to_owned),
        };
        vec![
            account(tokens(Some("r"), Some("d"), Some("alice")), Some("eu-central-1:1")),
            account(tokens(None, None, None), None),
            account(Proof::Foreign(foreign), Some("eu-central-1:1")),
            account(Proof::Guest, Some("eu-central-1:1")),
        ]
    }

    #[test]
    fn a_record_survives_its_bytes() {
        for record in records() {
            assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record.clone()));
            let other =
                String::from_utf8(record.to_bytes().to_vec()).unwrap().replace("\"version\":2", "\"version\":1");
            assert_eq!(Record::from_bytes(other.as_bytes()), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_record_or_none(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Record::from_bytes(&bytes);
        }
    }
}
