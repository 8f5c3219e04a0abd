//! The user pool's API, as far as an app client without a secret may use it.
//! <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/Welcome.html>

mod auth;
mod devices;
mod sign_up;

pub use auth::{
    AuthReply, Challenge, NewDevice, Tokens, associate_software_token, get_tokens_from_refresh_token, initiate_auth,
    read_associated, read_auth, read_verified, respond_to_auth_challenge, revoke_token, verify_software_token,
};
pub use devices::{confirm_device, read_device_confirmed, update_device_status};
pub use sign_up::{
    Delivery, SignedUp, confirm_forgot_password, confirm_sign_up, forgot_password, read_delivery, read_session,
    read_sign_up, resend_confirmation_code, sign_up,
};

use serde::Serialize;

use crate::CognitoError;
use crate::http::{Request, Response, check};
use crate::wire::call;

/// An app client of a user pool, as the pool's API is called. The client has no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPool {
    /// The pool's id, such as `eu-central-1_AbCdEfGhI`.
    pub id: String,
    /// The app client's id.
    pub client_id: String,
    /// The address of the API, such as `https://cognito-idp.eu-central-1.amazonaws.com/`.
    /// <https://docs.aws.amazon.com/general/latest/gr/cognito_identity.html>
    pub endpoint: String,
}

impl UserPool {
    /// The id after the underscore, as SRP hashes it.
    pub fn name(&self) -> &str {
        self.id.split_once('_').map_or("", |(_, name)| name)
    }
}

fn user_pool(pool: &UserPool, operation: &str, body: &impl Serialize) -> Request {
    call(&pool.endpoint, "AWSCognitoIdentityProviderService", operation, body)
}

/// Reads a reply that holds nothing: `ConfirmForgotPassword`, `UpdateDeviceStatus`, `RevokeToken`.
pub fn read_done(response: Response) -> Result<(), CognitoError> {
    check(response)?;
    Ok(())
}

#[cfg(test)]
mod tests;
