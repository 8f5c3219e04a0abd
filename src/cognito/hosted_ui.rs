//! Signing in on somebody else's pages: the authorization code grant of OAuth 2.0 (RFC 6749 §4.1) with PKCE (RFC 7636), as the user pool's
//! hosted UI and other OpenID Connect providers do it.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html>

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::token::{IdToken, without_scheme};
use super::{CognitoError, json, optional_secret, secret};
use crate::config::{HostedUi, Provider};
use crate::form::{form, value};
use crate::hash::sha256;
use crate::http::{Request, Response, ServiceError, check};
use crate::json::{Json, Value};
use crate::secret::Secret;
use crate::time::UnixMillis;

/// One trip to the provider's pages and back. It is kept, encrypted, until the answer comes, under its state.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// `state`: comes back with the answer, so that nobody can slip in an answer to another's attempt (RFC 6749 §10.12).
    pub state: String,
    /// `code_verifier`: proves that who fetches the tokens is who asked for the code (RFC 7636 §4.1).
    pub verifier: Secret,
    /// `nonce`: comes back in the ID token, which thereby belongs to this attempt (OpenID Connect Core 1.0 §3.1.2.1).
    pub nonce: String,
    /// Where the answer is to come; one of the registered addresses.
    pub redirect_uri: String,
    /// When it began, by this machine's clock.
    pub started: UnixMillis,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

impl Attempt {
    /// From fresh randomness, a third each for state, verifier and nonce: 43 characters of base64url, the length that RFC 7636 §4.1 recommends.
    pub fn new(random: &[u8; 96], redirect_uri: &str, now: UnixMillis) -> Self {
        let part = |index: usize| BASE64_URL_SAFE_NO_PAD.encode(&random[32 * index..32 * (index + 1)]);
        Self {
            state: part(0),
            verifier: Secret::new(part(1)),
            nonce: part(2),
            redirect_uri: redirect_uri.to_owned(),
            started: now,
        }
    }

    /// For nobody but the cipher.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let plain = Json::Object(&[
            ("state", Json::Text(&self.state)),
            ("verifier", Json::Text(self.verifier.expose())),
            ("nonce", Json::Text(&self.nonce)),
            ("redirectUri", Json::Text(&self.redirect_uri)),
            ("started", Json::Number(self.started.0)),
        ]);
        Zeroizing::new(plain.to_bytes())
    }

    /// Reads what [`Self::to_json`] wrote.
    pub fn from_json(value: &Value) -> Option<Self> {
        let text = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            state: text("state")?,
            verifier: Secret::new(text("verifier")?),
            nonce: text("nonce")?,
            redirect_uri: text("redirectUri")?,
            started: UnixMillis(value.get("started")?.as_i64()?),
        })
    }
}

/// The page's address is none of those that are registered. Providers compare letter by letter, and a slash at the end counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this page is {page}, which is not registered as a redirect address; the nearest that is: {}", .registered.first().map_or("none", String::as_str))]
pub struct RedirectMismatch {
    /// Where the app is.
    pub page: String,
    /// Where the app may be, the nearest first.
    pub registered: Vec<String>,
}

/// The registered address that is this page's: its origin and path, without query and fragment. An address without a path is that with the
/// path `/` (RFC 3986 §6.2.3), and is sent as it is registered.
pub fn redirect_uri<'a>(ui: &'a HostedUi, page: &str) -> Result<&'a str, RedirectMismatch> {
    let same = |address: &&String| {
        *address == page || page.strip_suffix('/') == Some(address) && origin(address).len() == address.len()
    };
    ui.redirect_sign_in.iter().find(same).map(String::as_str).ok_or_else(|| {
        let in_common = |address: &String| address.bytes().zip(page.bytes()).take_while(|(a, b)| a == b).count();
        let mut registered = ui.redirect_sign_in.clone();
        if let Some((nearest, _)) = registered.iter().enumerate().max_by_key(|(_, address)| in_common(address)) {
            registered.swap(0, nearest);
        }
        RedirectMismatch { page: page.to_owned(), registered }
    })
}

/// Scheme and authority.
fn origin(address: &str) -> &str {
    let start = address.find("://").map_or(0, |scheme| scheme + 3);
    address[start..].find('/').map_or(address, |path| &address[..start + path])
}

/// Where the browser goes to begin `attempt`.
pub fn authorize_url(ui: &HostedUi, provider: &Provider, attempt: &Attempt) -> String {
    let prompt = ui.prompt.as_deref().unwrap_or_default();
    // With `prompt=none` a session that exists is used, whoever began it.
    let (identity_provider, idp_identifier) = match (&provider.identity_provider, &provider.idp_identifier) {
        _ if prompt == "none" => ("", ""),
        (Some(name), _) => (name.as_str(), ""),
        (None, Some(identifier)) => ("", identifier.as_str()),
        (None, None) => ("", ""),
    };
    let query = form(&[
        ("response_type", "code"),
        ("client_id", &ui.client_id),
        ("redirect_uri", &attempt.redirect_uri),
        ("scope", &ui.scopes.join(" ")),
        ("state", &attempt.state),
        ("nonce", &attempt.nonce),
        ("code_challenge", &code_challenge(&attempt.verifier)),
        ("code_challenge_method", "S256"),
        ("identity_provider", identity_provider),
        ("idp_identifier", idp_identifier),
        ("login_hint", provider.login_hint.as_deref().unwrap_or_default()),
        ("lang", ui.lang.as_deref().unwrap_or_default()),
        ("prompt", prompt),
    ]);
    let separator = if ui.authorization_endpoint.contains('?') { "&" } else { "?" };
    [&ui.authorization_endpoint, separator, &query].concat()
}

/// `BASE64URL(SHA256(verifier))` (RFC 7636 §4.2).
fn code_challenge(verifier: &Secret) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(sha256(&[verifier.expose().as_bytes()]))
}

/// What the provider's pages send back in the query (RFC 6749 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// `state`: whose attempt this answers.
    pub state: String,
    /// `code`, good once and for some minutes, or why there is none.
    pub outcome: Result<Secret, CallbackError>,
}

/// `error` of RFC 6749 §4.1.2.1. Anybody can send somebody to an address with these, so they are not to be taken for the provider's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackError {
    /// `error`, such as `access_denied`.
    pub error: String,
    /// `error_description`; empty if there is none.
    pub description: String,
}

impl Callback {
    /// Reads a query, with or without its question mark. `None` if it is no answer: it lacks `state`, holds neither `code` nor `error` or both,
    /// or any of them twice.
    pub fn parse(query: &str) -> Option<Self> {
        let query = query.strip_prefix('?').unwrap_or(query);
        let text = |name| value(query, name).ok();
        let outcome = match (text("code")?, text("error")?) {
            (Some(code), None) => Ok(Secret::new(code)),
            (None, Some(error)) => {
                Err(CallbackError { error, description: text("error_description")?.unwrap_or_default() })
            }
            _ => return None,
        };
        Some(Self { state: text("state")??, outcome })
    }
}

/// What the token endpoint gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthTokens {
    /// `id_token`.
    pub id: IdToken,
    /// `access_token`.
    pub access: Secret,
    /// `refresh_token`, where the provider gives one.
    pub refresh: Option<Secret>,
}

/// Exchanges the code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5).
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html>
pub fn exchange(ui: &HostedUi, attempt: &Attempt, code: &Secret) -> Request {
    token(
        ui,
        &[
            ("grant_type", "authorization_code"),
            ("client_id", &ui.client_id),
            ("code", code.expose()),
            ("redirect_uri", &attempt.redirect_uri),
            ("code_verifier", attempt.verifier.expose()),
        ],
    )
}

/// Buys new tokens (RFC 6749 §6) from a provider that is not a user pool; those have [`super::get_tokens_from_refresh_token`].
pub fn refresh(ui: &HostedUi, refresh_token: &Secret) -> Request {
    token(
        ui,
        &[("grant_type", "refresh_token"), ("client_id", &ui.client_id), ("refresh_token", refresh_token.expose())],
    )
}

fn token(ui: &HostedUi, parameters: &[(&str, &str)]) -> Request {
    Request {
        method: "POST",
        url: ui.token_endpoint.clone(),
        // One of the few content types that need no preflight.
        headers: vec![("content-type".into(), "application/x-www-form-urlencoded".into())],
        body: form(parameters).into_bytes(),
        cookies: false,
    }
}

/// Reads the reply to [`exchange`] or [`refresh`]. A refusal's code is the `error` of RFC 6749 §5.2, such as `invalid_grant`.
pub fn read_exchange(response: Response) -> Result<OauthTokens, CognitoError> {
    const OPERATION: &str = "the token endpoint";
    let refusal: Value =
        if response.head.is_success() { Value::Null } else { Value::read(&response.body).unwrap_or_default() };
    let text = |name| refusal.get(name).and_then(Value::as_str).map(str::to_owned);
    let body = check(response).map_err(|plain| match text("error") {
        Some(code) => ServiceError { code, message: text("error_description").unwrap_or_default(), ..plain },
        None => plain,
    })?;
    let reply = json(OPERATION, &body)?;
    Ok(OauthTokens {
        id: IdToken::parse(secret(OPERATION, &reply, "/id_token")?)?,
        access: secret(OPERATION, &reply, "/access_token")?,
        refresh: optional_secret(&reply, "/refresh_token"),
    })
}

/// Why an ID token is not the answer to an attempt (OpenID Connect Core 1.0 §3.1.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackFault {
    /// `nonce` is another attempt's, or missing.
    #[error("the ID token is not the answer to this sign-in")]
    Nonce,
    /// `aud` or `azp` is not this app.
    #[error("the ID token is meant for another app")]
    Audience,
    /// `iss` is not the provider.
    #[error("the ID token comes from another issuer")]
    Issuer,
    /// `exp` is past.
    #[error("the ID token has expired")]
    Expired,
}

/// Whether `id` is what `attempt` asked for. `now` is the provider's time. The signature is not checked: the token came over TLS from the
/// token endpoint, which OpenID Connect Core 1.0 §3.1.3.7 (6) takes in its stead.
pub fn verify(ui: &HostedUi, attempt: &Attempt, id: &IdToken, now: UnixMillis) -> Result<(), CallbackFault> {
    let party = id.authorized_party.as_ref();
    if id.nonce.as_ref() != Some(&attempt.nonce) {
        Err(CallbackFault::Nonce)
    } else if !id.audience.contains(&ui.client_id)
        || party.is_some_and(|party| *party != ui.client_id)
        || party.is_none() && id.audience.len() > 1
    {
        Err(CallbackFault::Audience)
    } else if id.issuer != without_scheme(&ui.issuer) {
        Err(CallbackFault::Issuer)
    } else if id.expires <= now {
        Err(CallbackFault::Expired)
    } else {
        Ok(())
    }
}

/// Where the browser goes to end the provider's session too, and from there back to a registered address: this page's if it is one, else one of
/// this origin, else any. `None` where the provider has no such page, or no address is registered.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html>
pub fn logout_url(ui: &HostedUi, page: &str) -> Option<String> {
    let registered = &ui.redirect_sign_out;
    let back = registered
        .iter()
        .find(|address| *address == page)
        .or_else(|| registered.iter().find(|address| origin(address) == origin(page)))
        .or_else(|| registered.first())?;
    let query = form(&[("client_id", &ui.client_id), ("logout_uri", back)]);
    Some([ui.logout_endpoint.as_ref()?, "?", &query].concat())
}
