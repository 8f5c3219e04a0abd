//! The part of a session, or of a sign-in, that survives a reload. The worker encrypts it before storing it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use signet_cognito::{Challenge, IdToken, IdentityId, Secret, Skew, UnixMillis};
use zeroize::Zeroizing;

use crate::core::foreign::Foreign;

/// The record that the tab stores.
#[allow(clippy::large_enum_variant)] // It is taken apart where it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// Enough to fetch new keys without signing in again. Keys are not part of it.
    Session(Account),
    /// A step of a sign-in that waits for the person.
    SignIn(Box<Pending>),
}

/// Who is signed in, and the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The proof for the identity pool.
    pub proof: Proof,
    /// The identity, once the pool has assigned one.
    pub identity: Option<IdentityId>,
    /// The difference between this machine's clock and AWS's.
    pub skew: Skew,
}

/// The proof for the identity pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// An ID token of the user pool or of an OIDC provider.
    Tokens {
        /// The ID token.
        id: IdToken,
        /// Buys new tokens.
        refresh: Option<Secret>,
        /// The remembered device that the refresh token belongs to.
        device_key: Option<String>,
        /// The username as typed, for the next sign-in. `None` if the tokens came from the hosted UI, which has its own session.
        typed: Option<String>,
    },
    /// Another provider's token.
    Foreign(Foreign),
    /// No proof.
    Guest,
}

/// A step of a sign-in that waits for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The username as typed.
    pub username: String,
    /// The user pool's name for the person in its challenges.
    pub user: String,
    /// When a code was last sent.
    pub sent: UnixMillis,
    /// When the question was asked.
    pub asked: UnixMillis,
    /// Whether a first factor has been proved.
    pub proved: bool,
    /// The challenge, with the session to answer in.
    pub challenge: Challenge,
}

// Nothing here can be serialised by accident: `to_bytes` is the only way.
static_assertions::assert_not_impl_any!(Record: Serialize, DeserializeOwned);
static_assertions::assert_not_impl_any!(Account: Serialize, DeserializeOwned);
static_assertions::assert_not_impl_any!(Pending: Serialize, DeserializeOwned);

/// The version of the format. A record of another version is ignored.
const VERSION: i64 = 2;

/// A record as JSON. Texts are borrowed where JSON needs no escape, so that tokens are not copied.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Stored<'a> {
    version: i64,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    identity_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skew: Option<i64>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    id_token: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    device_key: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    typed: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    token: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    logins_key: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guest: Option<bool>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    username: Option<Cow<'a, str>>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    user: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proved: Option<bool>,
    /// The challenge's own JSON.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    challenge: Option<Cow<'a, str>>,
}

impl Record {
    /// The plain bytes, for the cipher only.
    #[allow(clippy::missing_panics_doc)] // It cannot panic.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let challenge;
        let stored = match self {
            Self::Session(account) => account.stored(),
            Self::SignIn(pending) => {
                challenge = pending.challenge.to_json();
                Stored {
                    version: VERSION,
                    username: Some((&pending.username).into()),
                    user: Some((&pending.user).into()),
                    sent: Some(pending.sent.0),
                    asked: Some(pending.asked.0),
                    proved: Some(pending.proved),
                    challenge: Some(String::from_utf8_lossy(&challenge)),
                    ..Stored::default()
                }
            }
        };
        // Large enough from the start, because growing would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(16 << 10));
        serde_json::to_writer(&mut *bytes, &stored).expect("strings and numbers are always JSON");
        bytes
    }

    /// `None` if the bytes are not a record of this version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let stored: Stored<'_> = serde_json::from_slice(bytes).ok()?;
        (stored.version == VERSION).then_some(())?;
        match stored.challenge {
            Some(challenge) => Some(Self::SignIn(Box::new(Pending {
                username: stored.username?.into_owned(),
                user: stored.user?.into_owned(),
                sent: UnixMillis(stored.sent?),
                asked: UnixMillis(stored.asked?),
                proved: stored.proved?,
                challenge: Challenge::from_json(challenge.as_bytes())?,
            }))),
            None => Account::from_stored(stored).map(Self::Session),
        }
    }
}

impl Account {
    fn stored(&self) -> Stored<'_> {
        fn text(text: Option<&str>) -> Option<Cow<'_, str>> {
            text.map(Cow::Borrowed)
        }
        let common = Stored {
            version: VERSION,
            identity_id: text(self.identity.as_ref().map(|identity| identity.0.as_str())),
            skew: Some(self.skew.0),
            ..Stored::default()
        };
        match &self.proof {
            Proof::Tokens { id, refresh, device_key, typed } => Stored {
                id_token: text(Some(id.raw().expose())),
                refresh_token: text(refresh.as_ref().map(Secret::expose)),
                device_key: text(device_key.as_deref()),
                typed: text(typed.as_deref()),
                ..common
            },
            Proof::Foreign(Foreign { key, token, username, expires, identity_id: _ }) => Stored {
                token: text(Some(token.expose())),
                logins_key: text(key.as_deref()),
                username: text(Some(username)),
                expires: expires.map(|expires| expires.0),
                ..common
            },
            Proof::Guest => Stored { guest: Some(true), ..common },
        }
    }

    fn from_stored(stored: Stored<'_>) -> Option<Self> {
        let secret = |text: Cow<'_, str>| Secret::new(text.into_owned());
        let proof = if let Some(id) = stored.id_token {
            Proof::Tokens {
                id: IdToken::parse(secret(id)).ok()?,
                refresh: stored.refresh_token.map(secret),
                device_key: stored.device_key.map(Cow::into_owned),
                typed: stored.typed.map(Cow::into_owned),
            }
        } else if let Some(token) = stored.token {
            Proof::Foreign(Foreign {
                key: stored.logins_key.map(Cow::into_owned),
                token: secret(token),
                identity_id: None,
                username: stored.username.unwrap_or_default().into_owned(),
                expires: stored.expires.map(UnixMillis),
            })
        } else {
            stored.guest?;
            Proof::Guest
        };
        let identity = stored.identity_id.map(|id| IdentityId(id.into_owned()));
        Some(Self { proof, identity, skew: Skew(stored.skew?) })
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
