//! Remembered devices.

use super::user_pool;
use crate::cognito::{CognitoError, json};
use crate::core::config::UserPool;
use crate::http::{Request, Response, check};
use crate::json::{Json, Value};
use crate::secret::Secret;

/// `ConfirmDevice`. Salt and verifier are those of [`crate::cognito::DeviceSecret`], base64.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmDevice.html>
pub fn confirm_device(
    pool: &UserPool,
    access_token: &Secret,
    device_key: &str,
    device_name: &str,
    salt_base64: &str,
    verifier_base64: &str,
) -> Request {
    user_pool(
        pool,
        "ConfirmDevice",
        &[
            ("AccessToken", Json::Text(access_token.expose())),
            ("DeviceKey", Json::Text(device_key)),
            ("DeviceName", Json::Text(device_name)),
            (
                "DeviceSecretVerifierConfig",
                Json::Texts(&[("PasswordVerifier", verifier_base64), ("Salt", salt_base64)]),
            ),
        ],
    )
}

/// Reads the reply to [`confirm_device`]: `UserConfirmationNecessary`, whether the person decides on remembering it ([`update_device_status`]).
pub fn read_device_confirmed(response: Response) -> Result<bool, CognitoError> {
    let reply = json("ConfirmDevice", &check(response)?)?;
    Ok(reply.get("UserConfirmationNecessary").and_then(Value::as_bool).unwrap_or_default())
}

/// `UpdateDeviceStatus`. The reply holds nothing.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateDeviceStatus.html>
pub fn update_device_status(pool: &UserPool, access_token: &Secret, device_key: &str, remembered: bool) -> Request {
    user_pool(
        pool,
        "UpdateDeviceStatus",
        &[
            ("AccessToken", Json::Text(access_token.expose())),
            ("DeviceKey", Json::Text(device_key)),
            ("DeviceRememberedStatus", Json::Text(if remembered { "remembered" } else { "not_remembered" })),
        ],
    )
}
