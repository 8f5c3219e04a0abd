//! What of a sign-in is kept: a challenge over a reload; in this browser a remembered device, and what a return from the hosted UI is checked with.

use zeroize::Zeroizing;

use crate::core::config::UserPool;
use crate::json::{Json, Value};
use signet_cognito::{Challenge, Secret, UnixMillis};

/// A device that the user pool remembers.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-device-tracking.html>
#[derive(Debug, Clone)]
pub struct Device {
    pub(super) key: String,
    pub(super) group_key: String,
    pub(super) password: Secret,
}

/// A sign-in as it is kept over a reload. Whoever stores it encrypts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub(super) username: String,
    pub(super) user: String,
    pub(super) sent: UnixMillis,
    pub(super) asked: UnixMillis,
    pub(super) proved: bool,
    pub(super) challenge: Challenge,
}

impl Device {
    pub(super) fn to_json(&self) -> Secret {
        let plain = [("key", self.key.as_str()), ("group", &self.group_key), ("password", self.password.expose())];
        Secret::from_utf8(Json::Texts(&plain).to_bytes())
    }

    pub(super) fn from_json(text: &str) -> Option<Self> {
        let value = Value::read(text.as_bytes()).ok()?;
        let field = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self { key: field("key")?, group_key: field("group")?, password: Secret::new(field("password")?) })
    }
}

impl Pending {
    /// Plain bytes, for nobody but the cipher.
    pub fn to_bytes(&self, version: i64) -> Zeroizing<Vec<u8>> {
        let challenge = self.challenge.to_json();
        let plain = Json::Object(&[
            ("version", Json::Number(version)),
            ("username", Json::Text(&self.username)),
            ("user", Json::Text(&self.user)),
            ("sent", Json::Number(self.sent.0)),
            ("asked", Json::Number(self.asked.0)),
            ("proved", Json::Bool(self.proved)),
            ("challenge", Json::Text(std::str::from_utf8(&challenge).unwrap_or_default())),
        ]);
        Zeroizing::new(plain.to_bytes())
    }

    /// `None` if it is something else.
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let time = |name: &str| value.get(name).and_then(Value::as_i64).map(UnixMillis);
        Some(Self {
            username: text("username")?.to_owned(),
            user: text("user")?.to_owned(),
            sent: time("sent")?,
            asked: time("asked")?,
            proved: value.get("proved")?.as_bool()?,
            challenge: Challenge::from_json(text("challenge")?.as_bytes())?,
        })
    }
}

/// Where this browser keeps the username that passkeys are offered for.
pub(super) const USERNAME: &str = "username";

/// Where this browser keeps what a user pool needs to know it again for somebody.
pub(super) fn device_key(pool: &UserPool, username: &str) -> String {
    ["device ", &pool.api.id, " ", &username.to_ascii_lowercase()].concat()
}

pub(super) const ATTEMPT: &str = "attempt ";

/// Where this browser keeps what a return from the hosted UI is checked with. Each attempt has its own, so that two tabs do not meet.
pub(super) fn attempt_key(state: &str) -> String {
    [ATTEMPT, state].concat()
}
