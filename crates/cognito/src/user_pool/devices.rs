//! Remembered devices.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-device-tracking.html>

use serde::{Deserialize, Serialize};

use super::{UserPool, user_pool};
use crate::http::{Request, Response};
use crate::wire::{self, reply};
use crate::{CognitoError, Secret};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ConfirmDevice<'a> {
    access_token: &'a str,
    device_key: &'a str,
    device_name: &'a str,
    device_secret_verifier_config: DeviceSecretVerifierConfig<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DeviceSecretVerifierConfig<'a> {
    password_verifier: &'a str,
    salt: &'a str,
}

/// `ConfirmDevice`. Salt and verifier come from [`crate::DeviceSecret`], in base64.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmDevice.html>
pub fn confirm_device(
    pool: &UserPool,
    access_token: &Secret,
    device_key: &str,
    device_name: &str,
    salt_base64: &str,
    verifier_base64: &str,
) -> Request {
    let body = ConfirmDevice {
        access_token: access_token.expose(),
        device_key,
        device_name,
        device_secret_verifier_config: DeviceSecretVerifierConfig {
            password_verifier: verifier_base64,
            salt: salt_base64,
        },
    };
    user_pool(pool, "ConfirmDevice", &body)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfirmDeviceReply {
    #[serde(default, deserialize_with = "wire::usable")]
    user_confirmation_necessary: Option<bool>,
}

/// Reads the reply to [`confirm_device`]: `UserConfirmationNecessary`, whether the person decides about remembering it ([`update_device_status`]).
pub fn read_device_confirmed(response: Response) -> Result<bool, CognitoError> {
    let reply: ConfirmDeviceReply = reply("ConfirmDevice", response)?;
    Ok(reply.user_confirmation_necessary.unwrap_or_default())
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateDeviceStatus<'a> {
    access_token: &'a str,
    device_key: &'a str,
    device_remembered_status: &'a str,
}

/// `UpdateDeviceStatus`. The reply holds nothing ([`crate::read_done`]).
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateDeviceStatus.html>
pub fn update_device_status(pool: &UserPool, access_token: &Secret, device_key: &str, remembered: bool) -> Request {
    let body = UpdateDeviceStatus {
        access_token: access_token.expose(),
        device_key,
        device_remembered_status: if remembered { "remembered" } else { "not_remembered" },
    };
    user_pool(pool, "UpdateDeviceStatus", &body)
}
