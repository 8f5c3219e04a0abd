//! Cognito: each operation is a request to build and a response to read. Nothing here is asynchronous and nothing does I/O.

pub mod hosted_ui;
mod identity_pool;
mod modp;
mod srp;
mod token;
mod user_pool;

pub use identity_pool::{
    IdentityId, Keys, Login, get_credentials_for_identity, get_id, get_open_id_token, read_credentials,
    read_identity_id, read_open_id_token,
};
pub use srp::{DeviceSecret, Entropy, Ephemeral, SrpChallenge, SrpError, device_verifier};
#[cfg(test)]
pub(crate) use token::tests::unsigned as unsigned_token;
pub use token::{IdToken, TokenError};
pub use user_pool::{
    AuthReply, Challenge, Delivery, NewDevice, SignedUp, Tokens, associate_software_token, confirm_device,
    confirm_forgot_password, confirm_sign_up, forgot_password, get_tokens_from_refresh_token, initiate_auth,
    read_associated, read_auth, read_delivery, read_device_confirmed, read_done, read_session, read_sign_up,
    read_verified, resend_confirmation_code, respond_to_auth_challenge, revoke_token, sign_up, update_device_status,
    verify_software_token,
};

use crate::http::{Request, ServiceError};
use crate::json::{Json, Value};
use crate::secret::Secret;

/// What makes a reply useless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CognitoError {
    /// The service said no.
    #[error("{}: {}", .0.code, .0.message)]
    Service(ServiceError),
    /// The reply lacks a field that the operation's documentation promises, or it has another type.
    #[error("the reply of {operation} has no usable {field}")]
    Unexpected {
        /// AWS's name of the operation.
        operation: &'static str,
        /// The field's path.
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

/// A call in AWS's JSON 1.1 protocol. Neither API is signed: the pools take calls from anybody.
fn call(endpoint: &str, service: &str, operation: &str, body: &[(&str, Json<'_>)]) -> Request {
    Request {
        method: "POST",
        url: endpoint.to_owned(),
        headers: vec![
            ("content-type".into(), "application/x-amz-json-1.1".into()),
            ("x-amz-target".into(), [service, ".", operation].concat()),
            ("cache-control".into(), "no-store".into()),
        ],
        body: Json::Object(body).to_bytes(),
        cookies: false,
    }
}

/// The reply's JSON.
fn json(operation: &'static str, body: &[u8]) -> Result<Value, CognitoError> {
    Value::read(body).map_err(|_| CognitoError::Unexpected { operation, field: "JSON body" })
}

/// A string at a path such as `/AuthenticationResult/IdToken`.
fn text<'a>(operation: &'static str, reply: &'a Value, field: &'static str) -> Result<&'a str, CognitoError> {
    reply
        .pointer(field)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or(CognitoError::Unexpected { operation, field })
}

/// The same, of a secret.
fn secret(operation: &'static str, reply: &Value, field: &'static str) -> Result<Secret, CognitoError> {
    text(operation, reply, field).map(|text| Secret::new(text.to_owned()))
}

/// A secret that a reply need not have.
fn optional_secret(reply: &Value, field: &str) -> Option<Secret> {
    reply
        .pointer(field)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(|text| Secret::new(text.to_owned()))
}
