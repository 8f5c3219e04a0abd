//! AWS Signature Version 4, by AWS's own `aws-sigv4`. Time is an argument.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

#[cfg(test)]
mod tests;

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningError, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;

use signet_cognito::http::Request;
use signet_cognito::{Keys, UnixMillis};

/// The signing scope, without its date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// The service's region, such as `eu-central-1`.
    pub region: &'a str,
    /// The service's signing name: `lambda` for a function URL.
    pub service: &'a str,
}

/// Why a request cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The URL has no host to sign.
    #[error("the request cannot be signed: its URL is not absolute")]
    NotAbsolute,
    /// `aws-sigv4` refuses the URL or a header.
    #[error("the request cannot be signed: {0}")]
    Refused(#[from] SigningError),
}

/// The last second of the year 9999, in Unix seconds: `x-amz-date` has four digits for the year.
const LAST_SECOND: u64 = 253_402_300_799;

/// Adds `x-amz-date`, `x-amz-security-token` and `authorization`. `at` is AWS's time: AWS refuses a signature that is more than five minutes off.
///
/// The defaults of `aws-sigv4` suit a function URL: it normalises the path, encodes it twice and signs the body's hash. It does not send the header
/// `x-amz-content-sha256`, which only S3 demands and API Gateway's usual CORS settings forbid. The URL must be percent-encoded, as
/// `fetch` sends it. `host` is signed as a browser sends it: with its port, unless that is the scheme's default.
#[allow(clippy::missing_panics_doc)] // It cannot panic: every parameter is set.
pub fn sign(mut request: Request, keys: &Keys, scope: Scope<'_>, at: UnixMillis) -> Result<Request, SignError> {
    // The signer panics without a host.
    if !has_host(&request.url) {
        return Err(SignError::NotAbsolute);
    }
    // Long-term keys have no token. AWS's test suite signs with them too.
    let token = Some(keys.session_token.expose()).filter(|token| !token.is_empty());
    let credentials = Credentials::new(
        &keys.access_key_id,
        keys.secret_access_key.expose(),
        token.map(str::to_owned),
        None,
        "signet",
    );
    let seconds = u64::try_from(at.0 / 1000).unwrap_or_default().min(LAST_SECOND);
    let identity = credentials.into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(UNIX_EPOCH + Duration::from_secs(seconds))
        .settings(SigningSettings::default())
        .build()
        .expect("every parameter is set")
        .into();
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(request.method, &request.url, headers, SignableBody::Bytes(&request.body))?;
    let (instructions, _signature) = aws_sigv4::http_request::sign(signable, &params)?.into_parts();
    let (added, _query) = instructions.into_parts();
    request.headers.extend(added.iter().map(|header| (header.name().to_owned(), header.value().to_owned())));
    Ok(request)
}

fn has_host(url: &str) -> bool {
    url.split_once("://")
        .is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty() && !rest.starts_with(['/', '?', '#', ':']))
}
