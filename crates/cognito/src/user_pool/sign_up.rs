//! Signing up, and a new password for somebody who forgot theirs.

use serde::{Deserialize, Serialize};

use super::{UserPool, user_pool};
use crate::http::{Request, Response, check};
use crate::wire::{self, need, reply};
use crate::{CognitoError, Secret};

/// The reply to `SignUp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedUp {
    /// `UserConfirmed`: the account needs no code.
    pub confirmed: bool,
    /// Where a code was sent, if one was.
    pub delivery: Option<Delivery>,
    /// `Session`, for [`confirm_sign_up`].
    pub session: Option<Secret>,
}

/// `CodeDeliveryDetailsType`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CodeDeliveryDetailsType.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `Destination`, with most of it hidden, such as `a***@e***`.
    pub destination: String,
    /// `DeliveryMedium`: `EMAIL` or `SMS`.
    pub medium: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SignUp<'a> {
    client_id: &'a str,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
    user_attributes: Vec<Attribute<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute<'a> {
    name: &'a str,
    value: &'a str,
}

/// `SignUp`. `attributes` are names and values, such as `email`. A pool that allows `USER_AUTH` can do without a password.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html>
pub fn sign_up(pool: &UserPool, username: &str, password: Option<&Secret>, attributes: &[(&str, &str)]) -> Request {
    let body = SignUp {
        client_id: &pool.client_id,
        username,
        password: password.map(Secret::expose),
        user_attributes: attributes.iter().map(|&(name, value)| Attribute { name, value }).collect(),
    };
    user_pool(pool, "SignUp", &body)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SignUpReply {
    #[serde(default, deserialize_with = "wire::usable")]
    user_confirmed: Option<bool>,
    #[serde(default, deserialize_with = "wire::usable")]
    code_delivery_details: Option<CodeDeliveryDetails>,
    #[serde(default, deserialize_with = "wire::secret")]
    session: Option<Secret>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CodeDeliveryDetails {
    destination: String,
    delivery_medium: String,
}

impl From<CodeDeliveryDetails> for Delivery {
    fn from(details: CodeDeliveryDetails) -> Self {
        Self { destination: details.destination, medium: details.delivery_medium }
    }
}

/// Reads the reply to [`sign_up`].
pub fn read_sign_up(response: Response) -> Result<SignedUp, CognitoError> {
    const OPERATION: &str = "SignUp";
    let reply: SignUpReply = reply(OPERATION, response)?;
    Ok(SignedUp {
        confirmed: need(OPERATION, "/UserConfirmed", reply.user_confirmed)?,
        delivery: reply.code_delivery_details.map(Delivery::from),
        session: reply.session,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ConfirmSignUp<'a> {
    client_id: &'a str,
    username: &'a str,
    confirmation_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

/// `ConfirmSignUp`. `session` comes from [`SignedUp`].
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html>
pub fn confirm_sign_up(pool: &UserPool, username: &str, code: &str, session: Option<&Secret>) -> Request {
    let body = ConfirmSignUp {
        client_id: &pool.client_id,
        username,
        confirmation_code: code,
        session: session.map(Secret::expose),
    };
    user_pool(pool, "ConfirmSignUp", &body)
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ConfirmSignUpReply {
    #[serde(default, deserialize_with = "wire::secret")]
    session: Option<Secret>,
}

/// Reads the reply to [`confirm_sign_up`]: the `Session` that [`crate::initiate_auth`] with `USER_AUTH` takes. Older pools reply with nothing.
pub fn read_session(response: Response) -> Result<Option<Secret>, CognitoError> {
    let reply: ConfirmSignUpReply = wire::object(&check(response)?).unwrap_or_default();
    Ok(reply.session)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SendCode<'a> {
    client_id: &'a str,
    username: &'a str,
}

/// `ResendConfirmationCode`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResendConfirmationCode.html>
pub fn resend_confirmation_code(pool: &UserPool, username: &str) -> Request {
    user_pool(pool, "ResendConfirmationCode", &SendCode { client_id: &pool.client_id, username })
}

/// `ForgotPassword`: sends a code.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgotPassword.html>
pub fn forgot_password(pool: &UserPool, username: &str) -> Request {
    user_pool(pool, "ForgotPassword", &SendCode { client_id: &pool.client_id, username })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ConfirmForgotPassword<'a> {
    client_id: &'a str,
    username: &'a str,
    confirmation_code: &'a str,
    password: &'a str,
}

/// `ConfirmForgotPassword`. The reply holds nothing ([`crate::read_done`]).
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmForgotPassword.html>
pub fn confirm_forgot_password(pool: &UserPool, username: &str, code: &str, password: &Secret) -> Request {
    let body = ConfirmForgotPassword {
        client_id: &pool.client_id,
        username,
        confirmation_code: code,
        password: password.expose(),
    };
    user_pool(pool, "ConfirmForgotPassword", &body)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendCodeReply {
    #[serde(default, deserialize_with = "wire::usable")]
    code_delivery_details: Option<CodeDeliveryDetails>,
}

/// Reads the reply to [`resend_confirmation_code`] or [`forgot_password`]: where the code was sent, if the pool says so.
pub fn read_delivery(response: Response) -> Result<Option<Delivery>, CognitoError> {
    let reply: SendCodeReply = reply("the request for a code", response)?;
    Ok(reply.code_delivery_details.map(Delivery::from))
}
