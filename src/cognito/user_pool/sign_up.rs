//! Becoming a user, and a new password for one who forgot it.

use super::user_pool;
use crate::cognito::{CognitoError, json, optional_secret};
use crate::core::config::UserPool;
use crate::http::{Request, Response, check};
use crate::json::{Json, Value};
use crate::secret::Secret;

/// The reply to `SignUp`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedUp {
    /// `UserConfirmed`: no code is asked for.
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

/// `SignUp`. `attributes` are names and values, such as `email`. A pool for `USER_AUTH` can do without a password.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html>
pub fn sign_up(pool: &UserPool, username: &str, password: Option<&Secret>, attributes: &[(&str, &str)]) -> Request {
    let pairs: Vec<_> =
        attributes.iter().map(|(name, value)| [("Name", Json::Text(name)), ("Value", Json::Text(value))]).collect();
    let attributes: Vec<_> = pairs.iter().map(|pair| Json::Object(pair)).collect();
    user_pool(
        pool,
        "SignUp",
        &[
            ("ClientId", Json::Text(&pool.client_id)),
            ("Username", Json::Text(username)),
            ("Password", Json::optional(password.map(Secret::expose))),
            ("UserAttributes", Json::List(&attributes)),
        ],
    )
}

/// Reads the reply to [`sign_up`].
pub fn read_sign_up(response: Response) -> Result<SignedUp, CognitoError> {
    const OPERATION: &str = "SignUp";
    let reply = json(OPERATION, &check(response)?)?;
    let confirmed = reply
        .get("UserConfirmed")
        .and_then(Value::as_bool)
        .ok_or(CognitoError::Unexpected { operation: OPERATION, field: "/UserConfirmed" })?;
    Ok(SignedUp { confirmed, delivery: delivery(&reply), session: optional_secret(&reply, "/Session") })
}

/// `ConfirmSignUp`. `session` is that of [`SignedUp`].
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html>
pub fn confirm_sign_up(pool: &UserPool, username: &str, code: &str, session: Option<&Secret>) -> Request {
    user_pool(
        pool,
        "ConfirmSignUp",
        &[
            ("ClientId", Json::Text(&pool.client_id)),
            ("Username", Json::Text(username)),
            ("ConfirmationCode", Json::Text(code)),
            ("Session", Json::optional(session.map(Secret::expose))),
        ],
    )
}

/// Reads the reply to [`confirm_sign_up`]: the `Session` that [`super::initiate_auth`] with `USER_AUTH` takes. Older pools reply nothing.
pub fn read_session(response: Response) -> Result<Option<Secret>, CognitoError> {
    let reply: Value = Value::read(&check(response)?).unwrap_or_default();
    Ok(optional_secret(&reply, "/Session"))
}

/// `ResendConfirmationCode`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResendConfirmationCode.html>
pub fn resend_confirmation_code(pool: &UserPool, username: &str) -> Request {
    user_pool(
        pool,
        "ResendConfirmationCode",
        &[("ClientId", Json::Text(&pool.client_id)), ("Username", Json::Text(username))],
    )
}

/// `ForgotPassword`: sends a code.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgotPassword.html>
pub fn forgot_password(pool: &UserPool, username: &str) -> Request {
    user_pool(pool, "ForgotPassword", &[("ClientId", Json::Text(&pool.client_id)), ("Username", Json::Text(username))])
}

/// `ConfirmForgotPassword`. The reply holds nothing.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmForgotPassword.html>
pub fn confirm_forgot_password(pool: &UserPool, username: &str, code: &str, password: &Secret) -> Request {
    user_pool(
        pool,
        "ConfirmForgotPassword",
        &[
            ("ClientId", Json::Text(&pool.client_id)),
            ("Username", Json::Text(username)),
            ("ConfirmationCode", Json::Text(code)),
            ("Password", Json::Text(password.expose())),
        ],
    )
}

/// Reads the reply to [`resend_confirmation_code`] or [`forgot_password`].
pub fn read_delivery(response: Response) -> Result<Option<Delivery>, CognitoError> {
    Ok(delivery(&json("the request for a code", &check(response)?)?))
}

fn delivery(reply: &Value) -> Option<Delivery> {
    let details = reply.get("CodeDeliveryDetails")?;
    let text = |name| details.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Delivery { destination: text("Destination")?, medium: text("DeliveryMedium")? })
}
