//! The part of a session, or of a sign-in, that survives a reload. The worker encrypts it before storing it.

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
const VERSION: u8 = 3;

/// A record as it is stored: postcard, after a byte with the version. Its texts are borrowed, so that tokens are not copied.
#[derive(Serialize, Deserialize)]
enum Stored<'a> {
    Session {
        #[serde(borrow)]
        proof: StoredProof<'a>,
        identity_id: Option<&'a str>,
        skew: i64,
    },
    SignIn {
        username: &'a str,
        user: &'a str,
        sent: i64,
        asked: i64,
        proved: bool,
        /// The challenge's own JSON.
        challenge: &'a [u8],
    },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum StoredProof<'a> {
    Tokens { id_token: &'a str, refresh_token: Option<&'a str>, device_key: Option<&'a str>, typed: Option<&'a str> },
    Foreign { token: &'a str, logins_key: Option<&'a str>, username: &'a str, expires: Option<i64> },
    Guest,
}

impl Record {
    /// The plain bytes, for the cipher only.
    #[allow(clippy::missing_panics_doc)] // It cannot panic.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let challenge;
        let stored = match self {
            Self::Session(Account { proof, identity, skew }) => Stored::Session {
                proof: proof.stored(),
                identity_id: identity.as_ref().map(|identity| identity.0.as_str()),
                skew: skew.0,
            },
            Self::SignIn(pending) => {
                challenge = pending.challenge.to_json();
                Stored::SignIn {
                    username: &pending.username,
                    user: &pending.user,
                    sent: pending.sent.0,
                    asked: pending.asked.0,
                    proved: pending.proved,
                    challenge: &challenge,
                }
            }
        };
        // Large enough from the start, because growing would leave copies behind.
        let mut bytes = Vec::with_capacity(16 << 10);
        bytes.push(VERSION);
        Zeroizing::new(postcard::to_extend(&stored, bytes).expect("texts, numbers and bytes can be written"))
    }

    /// `None` if the bytes are not a record of this version.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&VERSION, stored) = bytes.split_first()? else { return None };
        Some(match postcard::from_bytes(stored).ok()? {
            Stored::Session { proof, identity_id, skew } => Self::Session(Account {
                proof: Proof::from_stored(proof)?,
                identity: identity_id.map(|id| IdentityId(id.to_owned())),
                skew: Skew(skew),
            }),
            Stored::SignIn { username, user, sent, asked, proved, challenge } => Self::SignIn(Box::new(Pending {
                username: username.to_owned(),
                user: user.to_owned(),
                sent: UnixMillis(sent),
                asked: UnixMillis(asked),
                proved,
                challenge: Challenge::from_json(challenge)?,
            })),
        })
    }
}

impl Proof {
    fn stored(&self) -> StoredProof<'_> {
        match self {
            Self::Tokens { id, refresh, device_key, typed } => StoredProof::Tokens {
                id_token: id.raw().expose(),
                refresh_token: refresh.as_ref().map(Secret::expose),
                device_key: device_key.as_deref(),
                typed: typed.as_deref(),
            },
            Self::Foreign(Foreign { key, token, username, expires, identity_id: _ }) => StoredProof::Foreign {
                token: token.expose(),
                logins_key: key.as_deref(),
                username,
                expires: expires.map(|expires| expires.0),
            },
            Self::Guest => StoredProof::Guest,
        }
    }

    fn from_stored(stored: StoredProof<'_>) -> Option<Self> {
        let secret = |text: &str| Secret::new(text.to_owned());
        Some(match stored {
            StoredProof::Tokens { id_token, refresh_token, device_key, typed } => Self::Tokens {
                id: IdToken::parse(secret(id_token)).ok()?,
                refresh: refresh_token.map(secret),
                device_key: device_key.map(str::to_owned),
                typed: typed.map(str::to_owned),
            },
            StoredProof::Foreign { token, logins_key, username, expires } => Self::Foreign(Foreign {
                key: logins_key.map(str::to_owned),
                token: secret(token),
                identity_id: None,
                username: username.to_owned(),
                expires: expires.map(UnixMillis),
            }),
            StoredProof::Guest => Self::Guest,
        })
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
            let mut other = record.to_bytes();
            other[0] = VERSION - 1;
            assert_eq!(Record::from_bytes(&other), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_record_or_none(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Record::from_bytes(&bytes);
        }
    }
}
