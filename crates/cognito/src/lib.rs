#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod hosted_ui;
pub mod http;
mod identity_pool;
mod secret;
mod srp;
pub mod sts;
mod time;
mod token;
mod user_pool;
mod wire;

pub use self::time::{Skew, UnixMillis};
pub use identity_pool::{
    IdentityId, IdentityPool, Keys, Login, get_credentials_for_identity, get_id, get_open_id_token, read_credentials,
    read_identity_id, read_open_id_token,
};
pub use secret::Secret;
pub use srp::{DeviceSecret, Entropy, Ephemeral, SrpChallenge, SrpError, device_verifier};
pub use token::{IdToken, TokenError};
pub use user_pool::{
    AuthReply, Challenge, Delivery, NewDevice, SignedUp, Tokens, UserPool, associate_software_token, confirm_device,
    confirm_forgot_password, confirm_sign_up, forgot_password, get_tokens_from_refresh_token, initiate_auth,
    read_associated, read_auth, read_delivery, read_device_confirmed, read_done, read_session, read_sign_up,
    read_verified, resend_confirmation_code, respond_to_auth_challenge, revoke_token, sign_up, update_device_status,
    verify_software_token,
};

use http::ServiceError;

/// Why a reply cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CognitoError {
    /// The service refused the request.
    #[error("{}: {}", .0.code, .0.message)]
    Service(ServiceError),
    /// The reply lacks a field that the operation's documentation promises, or the field has another type.
    #[error("the reply of {operation} has no usable {field}")]
    Unexpected {
        /// AWS's name for the operation.
        operation: &'static str,
        /// The field's path, such as `/Credentials/Expiration`.
        field: &'static str,
    },
    /// The ID token cannot be read.
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl From<ServiceError> for CognitoError {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

// No secret can be serialised, in any build: not into a message, a log or a record. Code that must send or store one writes it field by field,
// with `Secret::expose`.
static_assertions::assert_not_impl_any!(Secret: serde::Serialize, std::fmt::Display);
static_assertions::assert_not_impl_any!(Keys: serde::Serialize);
static_assertions::assert_not_impl_any!(Login: serde::Serialize);
static_assertions::assert_not_impl_any!(IdToken: serde::Serialize);
static_assertions::assert_not_impl_any!(Tokens: serde::Serialize);
static_assertions::assert_not_impl_any!(AuthReply: serde::Serialize);
static_assertions::assert_not_impl_any!(Challenge: serde::Serialize);
static_assertions::assert_not_impl_any!(SignedUp: serde::Serialize);
static_assertions::assert_not_impl_any!(Entropy: serde::Serialize);
static_assertions::assert_not_impl_any!(Ephemeral: serde::Serialize);
static_assertions::assert_not_impl_any!(DeviceSecret: serde::Serialize);
static_assertions::assert_not_impl_any!(hosted_ui::Attempt: serde::Serialize);
static_assertions::assert_not_impl_any!(hosted_ui::Callback: serde::Serialize);
static_assertions::assert_not_impl_any!(hosted_ui::OauthTokens: serde::Serialize);
static_assertions::assert_not_impl_any!(http::Request: serde::Serialize);
static_assertions::assert_not_impl_any!(http::Response: serde::Serialize);
