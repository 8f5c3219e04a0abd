//! Cognito: each operation is a request to build and a response to read. Nothing here is asynchronous and nothing does I/O.

mod identity_pool;
mod modp;
mod srp;
mod token;
mod user_pool;

pub use identity_pool::{IdentityId, Keys, get_credentials_for_identity, get_id, read_credentials, read_identity_id};
pub use srp::{Challenge, Entropy, Ephemeral, SrpError};
#[cfg(test)]
pub(crate) use token::tests::unsigned as unsigned_token;
pub use token::{IdToken, TokenError};
pub use user_pool::{
    AuthReply, PasswordVerifier, Tokens, get_tokens_from_refresh_token, initiate_user_srp_auth, read_auth,
    respond_to_password_verifier, revoke_token,
};

use serde::Serialize;
use serde_json::Value;

use crate::http::{Request, ServiceError, to_json};

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
fn call<T: Serialize>(endpoint: &str, target: &str, body: &T) -> Request {
    Request {
        method: "POST",
        url: endpoint.to_owned(),
        headers: vec![
            ("content-type".into(), "application/x-amz-json-1.1".into()),
            ("x-amz-target".into(), target.into()),
            ("cache-control".into(), "no-store".into()),
        ],
        body: to_json(body),
    }
}

/// The reply's JSON.
fn json(operation: &'static str, body: &[u8]) -> Result<Value, CognitoError> {
    serde_json::from_slice(body).map_err(|_| CognitoError::Unexpected { operation, field: "JSON body" })
}

/// A string at a path such as `/AuthenticationResult/IdToken`.
fn text<'a>(operation: &'static str, reply: &'a Value, field: &'static str) -> Result<&'a str, CognitoError> {
    reply
        .pointer(field)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or(CognitoError::Unexpected { operation, field })
}
