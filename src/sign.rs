//! AWS Signature Version 4, over AWS's own `aws-sigv4`. Time is an argument.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
use aws_sigv4::sign::v4::SigningParams;

use crate::cognito::Keys;
use crate::http::Request;
use crate::time::UnixMillis;

/// What the signature is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Of the service that is called, such as `eu-central-1`.
    pub region: &'a str,
    /// `lambda` for a function URL.
    pub service: &'a str,
}

/// Why a request cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A header or the URL is not one that HTTP allows.
    #[error("the request cannot be signed: {0}")]
    Request(String),
}

/// Adds `x-amz-date`, `x-amz-security-token` and `authorization`. `at` is AWS's time: AWS refuses a signature that is more than five minutes off.
///
/// The body's hash is part of what is signed; the header `x-amz-content-sha256`, which only S3 demands and which API Gateway's usual CORS
/// settings do not allow, is not sent. `host` is signed as the URL has it, with its port, which is what a browser sends.
pub fn sign(request: Request, keys: &Keys, scope: Scope<'_>, at: UnixMillis) -> Result<Request, SignError> {
    sign_with(SigningSettings::default(), request, keys, scope, at)
}

fn sign_with(settings: SigningSettings, mut request: Request, keys: &Keys, scope: Scope<'_>, at: UnixMillis) -> Result<Request, SignError> {
    let refused = |error: &dyn std::error::Error| SignError::Request(error.to_string());
    if !request.url.contains("://") {
        return Err(SignError::Request("its URL is not absolute".into()));
    }
    // An empty token stands for long-term keys, which AWS's test suite also signs with.
    let token = Some(keys.session_token.expose().to_owned()).filter(|token| !token.is_empty());
    let identity = Credentials::new(&keys.access_key_id, keys.secret_access_key.expose(), token, None, "signet").into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or_default()))
        .settings(settings)
        .build()
        .map_err(|error| refused(&error))?
        .into();
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let signable = SignableRequest::new(request.method, &request.url, headers, SignableBody::Bytes(&request.body)).map_err(|error| refused(&error))?;
    let (instructions, _) = aws_sigv4::http_request::sign(signable, &params).map_err(|error| refused(&error))?.into_parts();
    let (signed, _) = instructions.into_parts();
    request.headers.extend(signed.into_iter().map(|header| (header.name().to_owned(), header.value().to_owned())));
    Ok(request)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use aws_sigv4::http_request::{PayloadChecksumKind, PercentEncodingMode, SessionTokenMode, UriPathNormalizationMode};
    use serde::Deserialize;

    use super::*;
    use crate::secret::Secret;

    /// AWS's own signing test suite; its README says where it is from.
    const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/aws-signing-test-suite");
    /// Signatures by botocore; sigv4.py beside it made them.
    const BOTOCORE: &str = include_str!("../tests/vectors/sigv4.json");

    #[derive(Deserialize)]
    struct Context {
        credentials: ContextCredentials,
        normalize: bool,
        region: String,
        service: String,
        sign_body: bool,
        #[serde(default)]
        omit_session_token: bool,
    }

    #[derive(Deserialize)]
    struct ContextCredentials {
        access_key_id: String,
        secret_access_key: String,
        #[serde(default)]
        token: String,
    }

    fn keys(access_key_id: &str, secret: &str, token: &str) -> Keys {
        Keys {
            access_key_id: access_key_id.into(),
            secret_access_key: Secret::new(secret.into()),
            session_token: Secret::new(token.into()),
            expires: UnixMillis(i64::MAX),
        }
    }

    fn header<'a>(request: &'a Request, name: &str) -> &'a str {
        request.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// The request of a case, its URL percent-encoded as a browser sends it.
    fn parse(text: &str) -> Request {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let line = lines.next().unwrap();
        let (method, rest) = line.split_once(' ').unwrap();
        let (target, _) = rest.rsplit_once(' ').unwrap();
        let mut headers: Vec<(String, String)> = vec![];
        for line in lines {
            match line.split_once(':').filter(|_| !line.starts_with(' ')) {
                Some((name, value)) => headers.push((name.to_lowercase(), value.to_owned())),
                // A folded line: RFC 7230 §3.2.4 makes one space of the fold.
                None => headers.last_mut().unwrap().1.push_str(&format!(" {}", line.trim())),
            }
        }
        let host = headers.iter().position(|(name, _)| name == "host").map(|index| headers.remove(index).1).unwrap();
        let target: String = target.bytes().map(|b| if b.is_ascii() && b != b' ' { char::from(b).to_string() } else { format!("%{b:02X}") }).collect();
        Request {
            method: if method == "GET" { "GET" } else { "POST" },
            url: format!("https://{host}{target}"),
            headers,
            body: body.as_bytes().to_vec(),
        }
    }

    fn read(case: &Path, file: &str) -> String {
        std::fs::read_to_string(case.join(file)).unwrap_or_else(|error| panic!("{}/{file}: {error}", case.display())).replace("\r\n", "\n")
    }

    #[test]
    fn every_case_of_awss_suite_is_signed_as_aws_signs_it() {
        let at = UnixMillis(1_440_938_160_000);
        let mut cases: Vec<_> = std::fs::read_dir(SUITE).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
        cases.sort();
        assert_eq!(cases.len(), 40);
        for case in cases {
            let name = case.file_name().unwrap().to_str().unwrap().to_owned();
            // An older suite's, with neither context nor signature; botocore's vectors hold what they are about.
            if name.starts_with("double-") {
                continue;
            }
            let context: Context = serde_json::from_str(&read(&case, "context.json")).unwrap();
            let mut settings = SigningSettings::default();
            if !context.normalize {
                settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            }
            if context.sign_body {
                settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
            }
            if context.omit_session_token {
                settings.session_token_mode = SessionTokenMode::Exclude;
            }
            // Their paths come raw and are expected encoded once; ours comes encoded, as a browser sends it.
            if name.starts_with("get-space") || name == "get-utf8" {
                settings.percent_encoding_mode = PercentEncodingMode::Single;
            }
            let ContextCredentials { access_key_id, secret_access_key, token } = &context.credentials;
            let scope = Scope { region: &context.region, service: &context.service };
            let signed = sign_with(settings, parse(&read(&case, "request.txt")), &keys(access_key_id, secret_access_key, token), scope, at).unwrap();
            let authorization = header(&signed, "authorization");
            assert!(authorization.ends_with(&format!("Signature={}", read(&case, "header-signature.txt").trim())), "{name}: {authorization}");
            let canonical = read(&case, "header-canonical-request.txt");
            let signed_headers = canonical.lines().rev().nth(1).unwrap();
            assert!(authorization.contains(&format!("SignedHeaders={signed_headers},")), "{name}: {authorization}");
            assert_eq!(header(&signed, "x-amz-security-token"), token, "{name}");
        }
    }

    #[test]
    fn paths_and_queries_that_signers_get_wrong_are_signed_as_botocore_signs_them() {
        #[derive(Deserialize)]
        struct Vectors {
            unix_millis: i64,
            cases: Vec<Case>,
        }
        #[derive(Deserialize)]
        struct Case {
            url: String,
            body: String,
            date: String,
            authorization: String,
        }
        let vectors: Vectors = serde_json::from_str(BOTOCORE).unwrap();
        assert!(vectors.cases.len() > 20);
        let keys = keys("ASIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token+example==");
        for case in vectors.cases {
            let request = Request {
                method: "POST",
                url: case.url.clone(),
                headers: vec![("content-type".into(), "application/json".into())],
                body: case.body.into_bytes(),
            };
            let signed = sign(request, &keys, Scope { region: "eu-central-1", service: "lambda" }, UnixMillis(vectors.unix_millis)).unwrap();
            assert_eq!(header(&signed, "x-amz-date"), case.date, "{}", case.url);
            assert_eq!(header(&signed, "authorization"), case.authorization, "{}", case.url);
        }
    }

    #[test]
    fn the_port_of_a_local_address_is_part_of_the_signed_host() {
        let at = |url: &str| {
            let request = Request { method: "POST", url: url.into(), headers: vec![], body: vec![] };
            let signed = sign(request, &keys("A", "s", "t"), Scope { region: "us-east-1", service: "lambda" }, UnixMillis(0)).unwrap();
            header(&signed, "authorization").to_owned()
        };
        assert_ne!(at("http://127.0.0.1:4566/"), at("http://127.0.0.1/"));
    }

    #[test]
    fn what_http_does_not_allow_is_an_error() {
        let keys = keys("A", "s", "t");
        let scope = Scope { region: "us-east-1", service: "lambda" };
        for (url, name) in [("https://exa mple/", "x"), ("", "x"), ("https:///path", "x"), ("https://example/", "a b"), ("/path", "x")] {
            let request = Request { method: "POST", url: url.into(), headers: vec![(name.into(), "v".into())], body: vec![] };
            assert!(sign(request, &keys, scope, UnixMillis(0)).is_err(), "{url} {name}");
        }
    }
}
