//! Values that this browser stores for sign-ins, by name.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use signet_cognito::Secret;

use crate::core::config::UserPool;

/// A device that the user pool remembers.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-device-tracking.html>
#[derive(Debug, Clone)]
pub struct Device {
    pub(super) key: String,
    pub(super) group_key: String,
    pub(super) password: Secret,
}

#[derive(Serialize, Deserialize)]
struct StoredDevice<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    group: Cow<'a, str>,
    #[serde(borrow)]
    password: Cow<'a, str>,
}

impl Device {
    pub(super) fn to_json(&self) -> Secret {
        let Self { key, group_key, password } = self;
        let stored = StoredDevice { key: key.into(), group: group_key.into(), password: password.expose().into() };
        Secret::new(serde_json::to_string(&stored).expect("strings are always JSON"))
    }

    pub(super) fn from_json(text: &str) -> Option<Self> {
        let StoredDevice { key, group, password } = serde_json::from_str(text).ok()?;
        Some(Self {
            key: key.into_owned(),
            group_key: group.into_owned(),
            password: Secret::new(password.into_owned()),
        })
    }
}

/// The name under which the username for passkeys is stored.
pub(super) const USERNAME: &str = "username";

/// The name under which a person's remembered device is stored.
pub(super) fn device_key(pool: &UserPool, username: &str) -> String {
    ["device ", &pool.api.id, " ", &username.to_ascii_lowercase()].concat()
}

pub(super) const ATTEMPT: &str = "attempt ";

/// The name under which an attempt at the hosted UI is stored, to check the return. Each attempt has its own, so that tabs do not interfere.
pub(super) fn attempt_key(state: &str) -> String {
    [ATTEMPT, state].concat()
}
