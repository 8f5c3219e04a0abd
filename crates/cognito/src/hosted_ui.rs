//! Signing in on another service's pages: the authorization code grant of OAuth 2.0 (RFC 6749 §4.1) with PKCE (RFC 7636), as the user pool's
//! hosted UI and other OpenID Connect providers support it.
//! <https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html>

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::http::{Request, Response, ServiceError, check};
use crate::token::without_scheme;
use crate::wire::{self, form, need, parameter, post_form};
use crate::{CognitoError, IdToken, Secret, UnixMillis};

/// An OAuth 2.0 authorization server (RFC 6749) that issues ID tokens (OpenID Connect Core 1.0).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostedUi {
    /// The address of the authorization endpoint: `https://DOMAIN/oauth2/authorize` of a user pool.
    pub authorization_endpoint: String,
    /// The address of the token endpoint: `https://DOMAIN/oauth2/token` of a user pool.
    pub token_endpoint: String,
    /// `https://DOMAIN/logout` of a user pool; none elsewhere.
    pub logout_endpoint: Option<String>,
    /// `iss` of its ID tokens.
    pub issuer: String,
    /// `client_id`, and `aud` of its ID tokens.
    pub client_id: String,
    /// `scope`.
    pub scopes: Vec<String>,
    /// Addresses to come back to, as they are registered; [`redirect_uri`] picks this page's.
    pub redirect_sign_in: Vec<String>,
    /// Addresses to come back to after signing out.
    pub redirect_sign_out: Vec<String>,
    /// `prompt`, such as `login` or `select_account`.
    pub prompt: Option<String>,
    /// `lang` of managed login, such as `de`.
    pub lang: Option<String>,
}

/// The provider whose page the hosted UI opens. Without a name and an identifier, it opens its own page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provider {
    /// `identity_provider`, such as `Google` or a SAML provider's name.
    pub identity_provider: Option<String>,
    /// `idp_identifier`, in place of `identity_provider`.
    pub idp_identifier: Option<String>,
    /// `login_hint`.
    pub login_hint: Option<String>,
}

/// One trip to the provider's pages and back. Keep it, encrypted, under its `state` until the person comes back.
#[derive(Clone, PartialEq, Eq)]
pub struct Attempt {
    /// `state`: comes back with the answer, so that nobody can inject the answer to another attempt (RFC 6749 §10.12).
    pub state: String,
    /// `code_verifier`: proves that the client that fetches the tokens is the one that asked for the code (RFC 7636 §4.1).
    pub verifier: Secret,
    /// `nonce`: comes back in the ID token, which ties the token to this attempt (OpenID Connect Core 1.0 §3.1.2.1).
    pub nonce: String,
    /// The registered address that the person comes back to.
    pub redirect_uri: String,
    /// When the attempt began, by this machine's clock.
    pub started: UnixMillis,
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

impl Attempt {
    /// Makes an attempt from fresh randomness. State, verifier and nonce get a third each: 43 characters of base64url, the length that RFC 7636 §4.1 recommends.
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

    /// The attempt as JSON, to be stored. It holds a secret: encrypt it.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(wire::to_json(&AttemptRecord {
            state: Cow::Borrowed(&self.state),
            verifier: Cow::Borrowed(self.verifier.expose()),
            nonce: Cow::Borrowed(&self.nonce),
            redirect_uri: Cow::Borrowed(&self.redirect_uri),
            started: self.started.0,
        }))
    }

    /// Reads what [`Self::to_json`] wrote.
    pub fn from_json(json: &[u8]) -> Option<Self> {
        let record: AttemptRecord<'static> = wire::object(json).ok()?;
        Some(Self {
            state: record.state.into_owned(),
            verifier: Secret::new(record.verifier.into_owned()),
            nonce: record.nonce.into_owned(),
            redirect_uri: record.redirect_uri.into_owned(),
            started: UnixMillis(record.started),
        })
    }
}

/// An [`Attempt`] as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AttemptRecord<'a> {
    state: Cow<'a, str>,
    verifier: Cow<'a, str>,
    nonce: Cow<'a, str>,
    redirect_uri: Cow<'a, str>,
    started: i64,
}

/// The page's address is not registered. Providers compare addresses letter by letter, and a slash at the end counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this page is {page}, which is not registered as a redirect address; the nearest that is: {}", .registered.first().map_or("none", String::as_str))]
pub struct RedirectMismatch {
    /// The page's address.
    pub page: String,
    /// The registered addresses, the most similar first.
    pub registered: Vec<String>,
}

/// The registered address that is this page's: its origin and path, without query and fragment. An address without a path equals one with the
/// path `/` (RFC 3986 §6.2.3). It is sent as it is registered.
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
    let path = address.split_once("://").and_then(|(scheme, rest)| Some(scheme.len() + 3 + rest.find('/')?));
    path.and_then(|path| address.get(..path)).unwrap_or(address)
}

/// The address to send the browser to for `attempt`.
pub fn authorize_url(ui: &HostedUi, provider: &Provider, attempt: &Attempt) -> String {
    let prompt = ui.prompt.as_deref().unwrap_or_default();
    // `prompt=none` uses an existing session, whichever provider began it.
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
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose()))
}

/// The answer that the provider's pages send back in the query (RFC 6749 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// `state`: which attempt this answers.
    pub state: String,
    /// `code`, valid once and for a few minutes, or why there is none.
    pub outcome: Result<Secret, CallbackError>,
}

/// `error` of RFC 6749 §4.1.2.1. Anybody can make a link with these values, so they may not come from the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackError {
    /// `error`, such as `access_denied`.
    pub error: String,
    /// `error_description`; empty if there is none.
    pub description: String,
}

impl Callback {
    /// Reads a query, with or without its question mark. `None` if it is not an answer: it lacks `state`, has neither `code` nor `error`, has both, or
    /// has any of them twice.
    pub fn parse(query: &str) -> Option<Self> {
        let query = query.strip_prefix('?').unwrap_or(query);
        let text = |name| parameter(query, name).ok();
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

/// What the token endpoint returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthTokens {
    /// `id_token`.
    pub id: IdToken,
    /// `access_token`.
    pub access: Secret,
    /// `refresh_token`, if the provider issues one.
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

/// Gets new tokens (RFC 6749 §6) from a provider that is not a user pool; for a user pool, use [`crate::get_tokens_from_refresh_token`].
pub fn refresh(ui: &HostedUi, refresh_token: &Secret) -> Request {
    token(
        ui,
        &[("grant_type", "refresh_token"), ("client_id", &ui.client_id), ("refresh_token", refresh_token.expose())],
    )
}

fn token(ui: &HostedUi, parameters: &[(&str, &str)]) -> Request {
    // One of the few content types that need no preflight.
    post_form(&ui.token_endpoint, "application/x-www-form-urlencoded", parameters)
}

#[derive(Deserialize)]
#[allow(clippy::struct_field_names)] // The RFC's names.
struct TokenReply {
    #[serde(default, deserialize_with = "wire::secret")]
    id_token: Option<Secret>,
    #[serde(default, deserialize_with = "wire::secret")]
    access_token: Option<Secret>,
    #[serde(default, deserialize_with = "wire::secret")]
    refresh_token: Option<Secret>,
}

#[derive(Default, Deserialize)]
struct TokenRefusal {
    #[serde(default, deserialize_with = "wire::text")]
    error: Option<String>,
    #[serde(default, deserialize_with = "wire::text")]
    error_description: Option<String>,
}

/// Reads the reply to [`exchange`] or [`refresh`]. A refusal's code is the `error` of RFC 6749 §5.2, such as `invalid_grant`.
pub fn read_exchange(response: Response) -> Result<OauthTokens, CognitoError> {
    const OPERATION: &str = "the token endpoint";
    let refusal: TokenRefusal = wire::object(&response.body).unwrap_or_default();
    let body = check(response).map_err(|plain| match refusal.error {
        Some(code) => ServiceError { code, message: refusal.error_description.unwrap_or_default(), ..plain },
        None => plain,
    })?;
    let reply: TokenReply = wire::read(OPERATION, &body)?;
    Ok(OauthTokens {
        id: IdToken::parse(need(OPERATION, "/id_token", reply.id_token)?)?,
        access: need(OPERATION, "/access_token", reply.access_token)?,
        refresh: reply.refresh_token,
    })
}

/// Why an ID token does not answer an attempt (OpenID Connect Core 1.0 §3.1.3.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackFault {
    /// `nonce` is missing, or belongs to another attempt.
    #[error("the ID token is not the answer to this sign-in")]
    Nonce,
    /// `aud` or `azp` is another client.
    #[error("the ID token is meant for another app")]
    Audience,
    /// `iss` is another issuer.
    #[error("the ID token comes from another issuer")]
    Issuer,
    /// `exp` has passed.
    #[error("the ID token has expired")]
    Expired,
}

/// Whether `id` answers `attempt`. `now` is the provider's time. The signature is not checked: the token came over TLS from the
/// token endpoint, which OpenID Connect Core 1.0 §3.1.3.7 (6) accepts in its place.
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

/// The address that also ends the provider's session, and then leads back to a registered address: this page's if it is registered, otherwise one of
/// this origin, otherwise any. `None` if the provider has no such page, or no address is registered.
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

#[cfg(test)]
mod tests;
