//! Signing in, staying signed in, and no longer.

use zeroize::Zeroizing;

use super::user_pool;
use crate::cognito::token::IdToken;
use crate::cognito::{CognitoError, json, optional_secret, secret, text};
use crate::core::config::UserPool;
use crate::http::{Request, Response, check};
use crate::json::{Json, Value};
use crate::secret::Secret;

/// What a sign-in or a refresh yields: `AuthenticationResultType`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AuthenticationResultType.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// `IdToken`: names the person, the groups and the role; what the identity pool takes.
    pub id: IdToken,
    /// `AccessToken`: what the user pool takes for what people do to their own account.
    pub access: Secret,
    /// `RefreshToken`: buys new tokens. A refresh yields one only where the pool rotates them.
    pub refresh: Option<Secret>,
    /// `NewDeviceMetadata`, where the pool remembers devices and does not know this one.
    pub new_device: Option<NewDevice>,
}

/// `NewDeviceMetadataType`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_NewDeviceMetadataType.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    /// `DeviceKey`, such as `eu-central-1_a1b2c3d4-5678-90ab-cdef-EXAMPLE22222`.
    pub key: String,
    /// `DeviceGroupKey`.
    pub group_key: String,
}

/// The reply to `InitiateAuth`, `RespondToAuthChallenge` or `GetTokensFromRefreshToken`.
#[allow(clippy::large_enum_variant)] // It is taken apart where it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthReply {
    /// The person is signed in.
    Tokens(Tokens),
    /// Something is asked first.
    Challenge(Challenge),
}

/// What Cognito asks. Neither its session nor its parameters are shown: they hold secret blocks and codes' ways.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    /// `ChallengeName`, such as `PASSWORD_VERIFIER`.
    pub name: String,
    /// `Session`, to be sent with the answer, once.
    pub session: Option<Secret>,
    /// `ChallengeParameters`.
    pub parameters: Vec<(String, String)>,
    /// `AvailableChallenges` of `SELECT_CHALLENGE`.
    pub available: Vec<String>,
}

impl std::fmt::Debug for Challenge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Challenge").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Challenge {
    /// A parameter that is there and not empty.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// A parameter that is a JSON array of strings in a string: `MFAS_CAN_CHOOSE`, `MFAS_CAN_SETUP`, `requiredAttributes`. Empty if it is
    /// anything else.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.parameter(name)
            .and_then(|text| Value::read(text.as_bytes()).ok())
            .map(|value| texts(Some(&value)))
            .unwrap_or_default()
    }

    /// In the shape of Cognito's reply; for nobody but the cipher.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let parameters: Vec<_> = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let available: Vec<_> = self.available.iter().map(|name| Json::Text(name)).collect();
        let reply = Json::Object(&[
            ("ChallengeName", Json::Text(&self.name)),
            ("Session", Json::optional(self.session.as_ref().map(Secret::expose))),
            ("ChallengeParameters", Json::Texts(&parameters)),
            ("AvailableChallenges", Json::List(&available)),
        ]);
        Zeroizing::new(reply.to_bytes())
    }

    /// Reads Cognito's reply, or what [`Self::to_json`] wrote. `None` if it names no challenge.
    pub fn from_json(reply: &Value) -> Option<Self> {
        let name = reply.get("ChallengeName")?.as_str().filter(|name| !name.is_empty())?;
        let parameters = reply.get("ChallengeParameters").and_then(Value::members).into_iter().flatten();
        Some(Self {
            name: name.to_owned(),
            session: optional_secret(reply, "/Session"),
            parameters: parameters
                .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
                .collect(),
            available: texts(reply.get("AvailableChallenges")),
        })
    }
}

/// The strings of an array.
fn texts(list: Option<&Value>) -> Vec<String> {
    let items = list.and_then(Value::as_list).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// `InitiateAuth`. `session` is that of `ConfirmSignUp`, which signs in without a further proof.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html>
pub fn initiate_auth(
    pool: &UserPool,
    auth_flow: &str,
    parameters: &[(&str, &str)],
    session: Option<&Secret>,
) -> Request {
    user_pool(
        pool,
        "InitiateAuth",
        &[
            ("AuthFlow", Json::Text(auth_flow)),
            ("ClientId", Json::Text(&pool.client_id)),
            ("AuthParameters", Json::Texts(parameters)),
            ("Session", Json::optional(session.map(Secret::expose))),
        ],
    )
}

/// `RespondToAuthChallenge`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html>
pub fn respond_to_auth_challenge(
    pool: &UserPool,
    challenge_name: &str,
    session: Option<&Secret>,
    responses: &[(&str, &str)],
) -> Request {
    user_pool(
        pool,
        "RespondToAuthChallenge",
        &[
            ("ChallengeName", Json::Text(challenge_name)),
            ("ClientId", Json::Text(&pool.client_id)),
            ("ChallengeResponses", Json::Texts(responses)),
            ("Session", Json::optional(session.map(Secret::expose))),
        ],
    )
}

/// `GetTokensFromRefreshToken`. A pool that remembers devices asks for the `device_key` that the refresh token was given to.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html>
pub fn get_tokens_from_refresh_token(pool: &UserPool, refresh: &Secret, device_key: Option<&str>) -> Request {
    user_pool(
        pool,
        "GetTokensFromRefreshToken",
        &[
            ("ClientId", Json::Text(&pool.client_id)),
            ("RefreshToken", Json::Text(refresh.expose())),
            ("DeviceKey", Json::optional(device_key)),
        ],
    )
}

/// Reads the reply to [`initiate_auth`], [`respond_to_auth_challenge`] or [`get_tokens_from_refresh_token`].
pub fn read_auth(response: Response) -> Result<AuthReply, CognitoError> {
    const OPERATION: &str = "the sign-in";
    let reply = json(OPERATION, &check(response)?)?;
    if reply.get("AuthenticationResult").and_then(Value::members).is_none() {
        return Challenge::from_json(&reply)
            .map(AuthReply::Challenge)
            .ok_or(CognitoError::Unexpected { operation: OPERATION, field: "/ChallengeName" });
    }
    let device = |field| text(OPERATION, &reply, field).map(str::to_owned).ok();
    let new_device = device("/AuthenticationResult/NewDeviceMetadata/DeviceKey")
        .zip(device("/AuthenticationResult/NewDeviceMetadata/DeviceGroupKey"))
        .map(|(key, group_key)| NewDevice { key, group_key });
    Ok(AuthReply::Tokens(Tokens {
        id: IdToken::parse(secret(OPERATION, &reply, "/AuthenticationResult/IdToken")?)?,
        access: secret(OPERATION, &reply, "/AuthenticationResult/AccessToken")?,
        refresh: optional_secret(&reply, "/AuthenticationResult/RefreshToken"),
        new_device,
    }))
}

/// `RevokeToken`: the refresh token and every access token bought with it stop working.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html>
pub fn revoke_token(pool: &UserPool, refresh: &Secret) -> Request {
    user_pool(
        pool,
        "RevokeToken",
        &[("ClientId", Json::Text(&pool.client_id)), ("Token", Json::Text(refresh.expose()))],
    )
}

/// `AssociateSoftwareToken` in the session of an `MFA_SETUP` challenge.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AssociateSoftwareToken.html>
pub fn associate_software_token(pool: &UserPool, session: &Secret) -> Request {
    user_pool(pool, "AssociateSoftwareToken", &[("Session", Json::Text(session.expose()))])
}

/// Reads the reply to [`associate_software_token`]: `SecretCode`, which is base32 (RFC 4648 §6), and the `Session` to go on with.
pub fn read_associated(response: Response) -> Result<(Secret, Secret), CognitoError> {
    const OPERATION: &str = "AssociateSoftwareToken";
    let reply = json(OPERATION, &check(response)?)?;
    Ok((secret(OPERATION, &reply, "/SecretCode")?, secret(OPERATION, &reply, "/Session")?))
}

/// `VerifySoftwareToken` in the session of [`read_associated`]. `device_name` is the name of the authenticator.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html>
pub fn verify_software_token(pool: &UserPool, session: &Secret, code: &str, device_name: Option<&str>) -> Request {
    user_pool(
        pool,
        "VerifySoftwareToken",
        &[
            ("Session", Json::Text(session.expose())),
            ("UserCode", Json::Text(code)),
            ("FriendlyDeviceName", Json::optional(device_name)),
        ],
    )
}

/// Reads the reply to [`verify_software_token`]: the `Session` in which `MFA_SETUP` is answered. A `Status` other than `SUCCESS` is an error.
pub fn read_verified(response: Response) -> Result<Secret, CognitoError> {
    const OPERATION: &str = "VerifySoftwareToken";
    let reply = json(OPERATION, &check(response)?)?;
    if text(OPERATION, &reply, "/Status")? != "SUCCESS" {
        return Err(CognitoError::Unexpected { operation: OPERATION, field: "/Status" });
    }
    secret(OPERATION, &reply, "/Session")
}
