//! The user pool's API, as far as a password sign-in needs it.

use serde::Serialize;
use serde_json::Value;

use super::token::IdToken;
use super::{CognitoError, call, json, text};
use crate::config::UserPool;
use crate::http::{Request, Response, check};
use crate::secret::Secret;

/// What a sign-in or a refresh yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Names the person, the groups and the role; what the identity pool takes.
    pub id: IdToken,
    /// Buys new tokens. A refresh yields one only where the pool rotates them.
    pub refresh: Option<Secret>,
}

/// The reply to `InitiateAuth` or `RespondToAuthChallenge`.
#[derive(Debug)]
pub enum AuthReply {
    /// The person is signed in.
    Tokens(Tokens),
    /// The password is to be proved.
    PasswordVerifier(PasswordVerifier),
    /// Another challenge, by AWS's name.
    Other(String),
}

/// `ChallengeParameters` of `PASSWORD_VERIFIER`, and the session to answer in.
pub struct PasswordVerifier {
    /// `USER_ID_FOR_SRP`: the username that is hashed and answered with, whatever alias was typed.
    pub user_id: String,
    /// `SALT`, hexadecimal.
    pub salt: String,
    /// `SRP_B`, hexadecimal.
    pub srp_b: String,
    /// `SECRET_BLOCK`, base64.
    pub secret_block: String,
    /// `Session`, where the pool sends one.
    pub session: Option<String>,
}

impl std::fmt::Debug for PasswordVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordVerifier").field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

/// `InitiateAuth` with `USER_SRP_AUTH`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_InitiateAuth.html>
pub fn initiate_user_srp_auth(pool: &UserPool, username: &str, srp_a: &str) -> Request {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct InitiateAuth<'a> {
        auth_flow: &'a str,
        client_id: &'a str,
        auth_parameters: AuthParameters<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    struct AuthParameters<'a> {
        username: &'a str,
        srp_a: &'a str,
    }
    let auth_parameters = AuthParameters { username, srp_a };
    user_pool(
        pool,
        "InitiateAuth",
        &InitiateAuth { auth_flow: "USER_SRP_AUTH", client_id: &pool.client_id, auth_parameters },
    )
}

/// `RespondToAuthChallenge` to `PASSWORD_VERIFIER`. `signature` and `timestamp` are those of [`super::Ephemeral::password_claim_signature`].
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RespondToAuthChallenge.html>
pub fn respond_to_password_verifier(
    pool: &UserPool,
    challenge: &PasswordVerifier,
    signature: &str,
    timestamp: &str,
) -> Request {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct RespondToAuthChallenge<'a> {
        challenge_name: &'a str,
        client_id: &'a str,
        challenge_responses: ChallengeResponses<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<&'a str>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    struct ChallengeResponses<'a> {
        username: &'a str,
        password_claim_secret_block: &'a str,
        password_claim_signature: &'a str,
        timestamp: &'a str,
    }
    let body = RespondToAuthChallenge {
        challenge_name: "PASSWORD_VERIFIER",
        client_id: &pool.client_id,
        challenge_responses: ChallengeResponses {
            username: &challenge.user_id,
            password_claim_secret_block: &challenge.secret_block,
            password_claim_signature: signature,
            timestamp,
        },
        session: challenge.session.as_deref(),
    };
    user_pool(pool, "RespondToAuthChallenge", &body)
}

/// `GetTokensFromRefreshToken`.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html>
pub fn get_tokens_from_refresh_token(pool: &UserPool, refresh: &Secret) -> Request {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct GetTokensFromRefreshToken<'a> {
        client_id: &'a str,
        refresh_token: &'a str,
    }
    let body = GetTokensFromRefreshToken { client_id: &pool.client_id, refresh_token: refresh.expose() };
    user_pool(pool, "GetTokensFromRefreshToken", &body)
}

/// `RevokeToken`: the refresh token and every access token bought with it stop working.
/// <https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html>
pub fn revoke_token(pool: &UserPool, refresh: &Secret) -> Request {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct RevokeToken<'a> {
        client_id: &'a str,
        token: &'a str,
    }
    user_pool(pool, "RevokeToken", &RevokeToken { client_id: &pool.client_id, token: refresh.expose() })
}

/// Reads the reply to `InitiateAuth`, `RespondToAuthChallenge` or `GetTokensFromRefreshToken`.
pub fn read_auth(response: Response) -> Result<AuthReply, CognitoError> {
    const OPERATION: &str = "the sign-in";
    let reply = json(OPERATION, &check(response)?)?;
    if let Some(result) = reply.get("AuthenticationResult").filter(|result| result.is_object()) {
        let id = text(OPERATION, &reply, "/AuthenticationResult/IdToken")?;
        let refresh = result.get("RefreshToken").and_then(Value::as_str).map(|token| Secret::new(token.to_owned()));
        return Ok(AuthReply::Tokens(Tokens { id: IdToken::parse(Secret::new(id.to_owned()))?, refresh }));
    }
    match text(OPERATION, &reply, "/ChallengeName")? {
        "PASSWORD_VERIFIER" => {
            let parameter = |field| text(OPERATION, &reply, field).map(str::to_owned);
            Ok(AuthReply::PasswordVerifier(PasswordVerifier {
                user_id: parameter("/ChallengeParameters/USER_ID_FOR_SRP")?,
                salt: parameter("/ChallengeParameters/SALT")?,
                srp_b: parameter("/ChallengeParameters/SRP_B")?,
                secret_block: parameter("/ChallengeParameters/SECRET_BLOCK")?,
                session: reply.get("Session").and_then(Value::as_str).map(str::to_owned),
            }))
        }
        other => Ok(AuthReply::Other(other.to_owned())),
    }
}

fn user_pool<T: Serialize>(pool: &UserPool, operation: &str, body: &T) -> Request {
    call(&pool.endpoint, &format!("AWSCognitoIdentityProviderService.{operation}"), body)
}
