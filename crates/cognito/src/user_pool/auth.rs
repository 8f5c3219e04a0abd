//! Signing in, staying signed in, and signing out.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{UserPool, user_pool};
use crate::http::{Request, Response};
use crate::wire::{self, need, reply};
use crate::{CognitoError, IdToken, Secret};

/// What a sign-in or a refresh yields: `AuthenticationResultType`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AuthenticationResultType.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// `IdToken`: names the person, the groups and the role. It is for the identity pool.
    pub id: IdToken,
    /// `AccessToken`: authorises people to change their own account in the user pool.
    pub access: Secret,
    /// `RefreshToken`: gets new tokens. A refresh yields one only if the pool rotates them.
    pub refresh: Option<Secret>,
    /// `NewDeviceMetadata`, if the pool remembers devices and does not know this one.
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
    /// The user pool sends a challenge first.
    Challenge(Challenge),
}

/// A challenge of Cognito's. `Debug` hides the session and the parameters, which hold secret blocks and the addresses that codes were sent to.
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

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ChallengeRecord<'a> {
    challenge_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(serialize_with = "wire::pairs")]
    challenge_parameters: &'a [(&'a str, &'a str)],
    available_challenges: &'a [String],
}

/// A reply: tokens or a challenge.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    #[serde(default, deserialize_with = "wire::usable")]
    authentication_result: Option<AuthenticationResult>,
    #[serde(default, deserialize_with = "wire::text")]
    challenge_name: Option<String>,
    #[serde(default, deserialize_with = "wire::secret")]
    session: Option<Secret>,
    #[serde(default, deserialize_with = "wire::usable")]
    challenge_parameters: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "wire::texts")]
    available_challenges: Vec<String>,
}

impl Reply {
    fn challenge(self) -> Option<Challenge> {
        let parameters = self.challenge_parameters.unwrap_or_default().into_iter();
        let text = |value| if let Value::String(text) = value { Some(text) } else { None };
        Some(Challenge {
            name: self.challenge_name?,
            session: self.session,
            parameters: parameters.filter_map(|(name, value)| Some((name, text(value)?))).collect(),
            available: self.available_challenges,
        })
    }
}

impl Challenge {
    /// A parameter that is present and not empty.
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
        let list = self.parameter(name).and_then(|text| serde_json::from_str::<Vec<Value>>(text).ok());
        list.map(|list| wire::strings(Value::Array(list))).unwrap_or_default()
    }

    /// The challenge in the shape of Cognito's reply, to be stored. It holds secrets: encrypt it.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let parameters: Vec<_> = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Zeroizing::new(wire::to_json(&ChallengeRecord {
            challenge_name: &self.name,
            session: self.session.as_ref().map(Secret::expose),
            challenge_parameters: &parameters,
            available_challenges: &self.available,
        }))
    }

    /// Reads what [`Self::to_json`] wrote. `None` if it names no challenge.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        wire::object::<Reply>(json).ok()?.challenge()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InitiateAuth<'a> {
    auth_flow: &'a str,
    client_id: &'a str,
    #[serde(serialize_with = "wire::pairs")]
    auth_parameters: &'a [(&'a str, &'a str)],
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

/// `InitiateAuth`. `auth_flow` is a flow such as `USER_SRP_AUTH`; `parameters` are its `AuthParameters`; `session` comes from `ConfirmSignUp` and signs in
/// without a further proof.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html>
pub fn initiate_auth(
    pool: &UserPool,
    auth_flow: &str,
    parameters: &[(&str, &str)],
    session: Option<&Secret>,
) -> Request {
    let body = InitiateAuth {
        auth_flow,
        client_id: &pool.client_id,
        auth_parameters: parameters,
        session: session.map(Secret::expose),
    };
    user_pool(pool, "InitiateAuth", &body)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RespondToAuthChallenge<'a> {
    challenge_name: &'a str,
    client_id: &'a str,
    #[serde(serialize_with = "wire::pairs")]
    challenge_responses: &'a [(&'a str, &'a str)],
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

/// `RespondToAuthChallenge`. `responses` are the `ChallengeResponses`; `session` comes from the [`Challenge`].
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html>
pub fn respond_to_auth_challenge(
    pool: &UserPool,
    challenge_name: &str,
    session: Option<&Secret>,
    responses: &[(&str, &str)],
) -> Request {
    let body = RespondToAuthChallenge {
        challenge_name,
        client_id: &pool.client_id,
        challenge_responses: responses,
        session: session.map(Secret::expose),
    };
    user_pool(pool, "RespondToAuthChallenge", &body)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetTokensFromRefreshToken<'a> {
    client_id: &'a str,
    refresh_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_key: Option<&'a str>,
}

/// `GetTokensFromRefreshToken`. A pool that remembers devices needs the `device_key` that the refresh token was issued to.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html>
pub fn get_tokens_from_refresh_token(pool: &UserPool, refresh: &Secret, device_key: Option<&str>) -> Request {
    let body = GetTokensFromRefreshToken { client_id: &pool.client_id, refresh_token: refresh.expose(), device_key };
    user_pool(pool, "GetTokensFromRefreshToken", &body)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AuthenticationResult {
    #[serde(default, deserialize_with = "wire::secret")]
    id_token: Option<Secret>,
    #[serde(default, deserialize_with = "wire::secret")]
    access_token: Option<Secret>,
    #[serde(default, deserialize_with = "wire::secret")]
    refresh_token: Option<Secret>,
    #[serde(default, deserialize_with = "wire::usable")]
    new_device_metadata: Option<NewDeviceMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NewDeviceMetadata {
    #[serde(default, deserialize_with = "wire::text")]
    device_key: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    device_group_key: Option<String>,
}

/// Reads the reply to [`initiate_auth`], [`respond_to_auth_challenge`] or [`get_tokens_from_refresh_token`].
pub fn read_auth(response: Response) -> Result<AuthReply, CognitoError> {
    const OPERATION: &str = "the sign-in";
    let mut reply: Reply = reply(OPERATION, response)?;
    let Some(result) = reply.authentication_result.take() else {
        return need(OPERATION, "/ChallengeName", reply.challenge()).map(AuthReply::Challenge);
    };
    let device = result.new_device_metadata.and_then(|device| device.device_key.zip(device.device_group_key));
    Ok(AuthReply::Tokens(Tokens {
        id: IdToken::parse(need(OPERATION, "/AuthenticationResult/IdToken", result.id_token)?)?,
        access: need(OPERATION, "/AuthenticationResult/AccessToken", result.access_token)?,
        refresh: result.refresh_token,
        new_device: device.map(|(key, group_key)| NewDevice { key, group_key }),
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RevokeToken<'a> {
    client_id: &'a str,
    token: &'a str,
}

/// `RevokeToken`: the refresh token and every access token obtained with it stop working.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html>
pub fn revoke_token(pool: &UserPool, refresh: &Secret) -> Request {
    user_pool(pool, "RevokeToken", &RevokeToken { client_id: &pool.client_id, token: refresh.expose() })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AssociateSoftwareToken<'a> {
    session: &'a str,
}

/// `AssociateSoftwareToken` in the session of an `MFA_SETUP` challenge.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AssociateSoftwareToken.html>
pub fn associate_software_token(pool: &UserPool, session: &Secret) -> Request {
    user_pool(pool, "AssociateSoftwareToken", &AssociateSoftwareToken { session: session.expose() })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SoftwareTokenReply {
    #[serde(default, deserialize_with = "wire::secret")]
    secret_code: Option<Secret>,
    #[serde(default, deserialize_with = "wire::text")]
    status: Option<String>,
    #[serde(default, deserialize_with = "wire::secret")]
    session: Option<Secret>,
}

/// Reads the reply to [`associate_software_token`]: `SecretCode`, which is base32 (RFC 4648 §6), and the `Session` to continue in.
pub fn read_associated(response: Response) -> Result<(Secret, Secret), CognitoError> {
    const OPERATION: &str = "AssociateSoftwareToken";
    let reply: SoftwareTokenReply = reply(OPERATION, response)?;
    Ok((need(OPERATION, "/SecretCode", reply.secret_code)?, need(OPERATION, "/Session", reply.session)?))
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct VerifySoftwareToken<'a> {
    session: &'a str,
    user_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    friendly_device_name: Option<&'a str>,
}

/// `VerifySoftwareToken` in the session of [`read_associated`]. `device_name` is the name of the authenticator.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html>
pub fn verify_software_token(pool: &UserPool, session: &Secret, code: &str, device_name: Option<&str>) -> Request {
    let body = VerifySoftwareToken { session: session.expose(), user_code: code, friendly_device_name: device_name };
    user_pool(pool, "VerifySoftwareToken", &body)
}

/// Reads the reply to [`verify_software_token`]: the `Session` in which `MFA_SETUP` is answered. A `Status` other than `SUCCESS` is an error.
pub fn read_verified(response: Response) -> Result<Secret, CognitoError> {
    const OPERATION: &str = "VerifySoftwareToken";
    let reply: SoftwareTokenReply = reply(OPERATION, response)?;
    need(OPERATION, "/Status", reply.status.filter(|status| status == "SUCCESS"))?;
    need(OPERATION, "/Session", reply.session)
}
