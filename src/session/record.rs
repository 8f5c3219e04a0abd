//! What of a session outlives a load of the page. The worker encrypts it before it stores it.

use serde_json::Value;
use zeroize::Zeroizing;

use crate::cognito::IdentityId;
use crate::json::Json;
use crate::secret::Secret;
use crate::time::Skew;

/// Enough to fetch new keys without the password. Keys are not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The ID token, so that a reload within its life needs no refresh.
    pub id_token: Secret,
    /// The refresh token.
    pub refresh_token: Secret,
    /// The identity in the identity pool, once known.
    pub identity: Option<IdentityId>,
    /// What was last learned of the clocks.
    pub skew: Skew,
}

/// The version of the format; a record of another is as none.
const VERSION: i64 = 1;

impl Record {
    /// Plain bytes, for nobody but the cipher.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let plain = Json::Object(&[
            ("version", Json::Number(VERSION)),
            ("idToken", Json::Text(self.id_token.expose())),
            ("refreshToken", Json::Text(self.refresh_token.expose())),
            ("identityId", Json::optional(self.identity.as_ref().map(|identity| identity.0.as_str()))),
            ("skew", Json::Number(self.skew.0)),
        ]);
        Zeroizing::new(plain.to_bytes())
    }

    /// `None` if the bytes are not a record of this version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        let secret = |field: &str| value.get(field).and_then(Value::as_str).map(|text| Secret::new(text.to_owned()));
        (value.get("version")?.as_i64()? == VERSION).then_some(())?;
        Some(Self {
            id_token: secret("idToken")?,
            refresh_token: secret("refreshToken")?,
            identity: value.get("identityId").and_then(Value::as_str).map(|id| IdentityId(id.to_owned())),
            skew: Skew(value.get("skew")?.as_i64()?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMillis;
    use proptest::prelude::*;

    #[test]
    fn a_record_survives_its_bytes() {
        let record = Record {
            id_token: Secret::new("a.b.c".into()),
            refresh_token: Secret::new("r".into()),
            identity: Some(IdentityId("eu-central-1:1".into())),
            skew: Skew::learn(UnixMillis(7), UnixMillis(3)),
        };
        assert_eq!(Record::from_bytes(&record.to_bytes()), Some(record.clone()));
        let other = String::from_utf8(record.to_bytes().to_vec()).unwrap().replace("\"version\":1", "\"version\":2");
        assert_eq!(Record::from_bytes(other.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_record_or_none(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Record::from_bytes(&bytes);
        }
    }
}
