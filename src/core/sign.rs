//! AWS Signature Version 4. Time is an argument.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
//!
//! Our own, since AWS's `aws-sigv4` takes 45 kB of the app (brotli) and this 3: the tests below hold it to AWS's signing test suite, to botocore's
//! signatures, and on random requests to `aws-sigv4` itself.

use zeroize::Zeroizing;

use crate::form::{decode, encode};
use crate::hash::{hmac, sha256, to_hex};
use crate::text::split_once;
use signet_cognito::{Keys, UnixMillis, http::Request};

/// What the signature is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope<'a> {
    /// Of the service that is called, such as `eu-central-1`.
    pub region: &'a str,
    /// `lambda` for a function URL.
    pub service: &'a str,
}

/// Why a request cannot be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// There is no host to sign for.
    #[error("the request cannot be signed: its URL is not absolute")]
    NotAbsolute,
}

/// Headers that a browser or a proxy changes after the signing.
const UNSIGNED: [&str; 4] = ["authorization", "transfer-encoding", "user-agent", "x-amzn-trace-id"];

/// Adds `x-amz-date`, `x-amz-security-token` and `authorization`. `at` is AWS's time: AWS refuses a signature that is more than five minutes off.
///
/// The body's hash is part of what is signed; the header `x-amz-content-sha256`, which only S3 demands and which API Gateway's usual CORS
/// settings do not allow, is not sent. `host` is signed as the URL has it, with its port, which is what a browser sends.
pub fn sign(mut request: Request, keys: &Keys, scope: Scope<'_>, at: UnixMillis) -> Result<Request, SignError> {
    let (_, rest) = split_once(&request.url, "://").ok_or(SignError::NotAbsolute)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, target) = rest.split_at_checked(end).unwrap_or_default();
    if host.is_empty() {
        return Err(SignError::NotAbsolute);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let date_time = at.amz_date();
    let date = date_time.get(..8).unwrap_or_default();

    request.headers.push(("x-amz-date".into(), date_time.clone()));
    // An empty token stands for long-term keys, which AWS's test suite also signs with.
    if !keys.session_token.expose().is_empty() {
        request.headers.push(("x-amz-security-token".into(), keys.session_token.expose().to_owned()));
    }
    let mut headers = vec![("host", canonical_value(host))];
    for (name, value) in request.headers.iter().filter(|(name, _)| !UNSIGNED.contains(&name.as_str())) {
        let value = canonical_value(value);
        match headers.binary_search_by(|(other, _)| (*other).cmp(name)) {
            Ok(at) => headers[at].1.extend([",", &value]),
            Err(at) => headers.insert(at, (name, value)),
        }
    }
    let signed_headers = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let header_lines: String = headers.iter().flat_map(|(name, value)| [*name, ":", value, "\n"]).collect();
    let body_hash = to_hex(&sha256(&[&request.body]));
    let canonical_request =
        [request.method, &canonical_path(path), &canonical_query(query), &header_lines, &signed_headers, &body_hash]
            .join("\n");

    let credential_scope = [date, scope.region, scope.service, "aws4_request"].join("/");
    let string_to_sign =
        ["AWS4-HMAC-SHA256", &date_time, &credential_scope, &to_hex(&sha256(&[canonical_request.as_bytes()]))]
            .join("\n");
    let secret = Zeroizing::new(["AWS4", keys.secret_access_key.expose()].concat());
    let key = [date, scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(Zeroizing::new(secret.as_bytes().to_vec()), |key, part| {
            Zeroizing::new(hmac(&key, &[part.as_bytes()]).to_vec())
        });
    let signature = to_hex(&hmac(&key, &[string_to_sign.as_bytes()]));
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{credential_scope}, SignedHeaders={signed_headers}, Signature={signature}",
        keys.access_key_id
    );
    request.headers.push(("authorization".into(), authorization));
    Ok(request)
}

/// Without space at its ends, and with one space for several.
fn canonical_value(value: &str) -> String {
    value.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Dot segments and double slashes taken out (RFC 3986 §5.2.4), then encoded although it comes encoded: every service but S3 wants both.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = vec![];
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut canonical = String::from("/");
    encode(segments.join("/").as_bytes(), b"/", &mut canonical);
    if path.ends_with(['/', '.']) && !segments.is_empty() && matches!(path.rsplit('/').next(), Some("" | "." | "..")) {
        canonical.push('/');
    }
    canonical
}

/// Names and values encoded anew and sorted.
fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<String> = vec![];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let mut canonical = String::new();
        encode(&decode(name), b"", &mut canonical);
        canonical.push('=');
        encode(&decode(value), b"", &mut canonical);
        // By name, then by value: `=` is compared as the end of the name that it is.
        let at = pairs.partition_point(|other| other.split('=').le(canonical.split('=')));
        pairs.insert(at, canonical);
    }
    pairs.join("&")
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, UNIX_EPOCH};

    use aws_credential_types::Credentials;
    use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings};
    use aws_sigv4::sign::v4::SigningParams;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use signet_cognito::Secret;

    /// AWS's own signing test suite; its README says where it is from.
    const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/aws-signing-test-suite");
    /// Signatures by botocore; sigv4.py beside it made them.
    const BOTOCORE: &str = include_str!("../../tests/vectors/sigv4.json");

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

    /// The request of a case.
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
                None => headers.last_mut().unwrap().1.extend([" ", line.trim()]),
            }
        }
        let host = headers.iter().position(|(name, _)| name == "host").map(|index| headers.remove(index).1).unwrap();
        Request {
            method: if method == "GET" { "GET" } else { "POST" },
            url: format!("https://{host}{target}"),
            headers,
            body: body.as_bytes().to_vec(),
            cookies: false,
        }
    }

    fn read(case: &Path, file: &str) -> String {
        std::fs::read_to_string(case.join(file))
            .unwrap_or_else(|error| panic!("{}/{file}: {error}", case.display()))
            .replace("\r\n", "\n")
    }

    #[test]
    fn every_case_of_awss_suite_is_signed_as_aws_signs_it() {
        let at = UnixMillis(1_440_938_160_000);
        let mut cases: Vec<_> =
            std::fs::read_dir(SUITE).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
        cases.sort();
        assert_eq!(cases.len(), 40);
        let mut unnormalized = 0;
        for case in cases {
            let name = case.file_name().unwrap().to_str().unwrap().to_owned();
            // An older suite's, with neither context nor signature; botocore's vectors hold what they are about.
            if name.starts_with("double-") {
                continue;
            }
            let context: Context = serde_json::from_str(&read(&case, "context.json")).unwrap();
            // S3's way with paths, which no service that Signet calls wants.
            if !context.normalize && canonical_path(&path_of(&case)) != path_of(&case) {
                unnormalized += 1;
                continue;
            }
            let ContextCredentials { access_key_id, secret_access_key, token } = &context.credentials;
            let mut request = parse(&read(&case, "request.txt"));
            if name == "get-space-normalized" {
                // Its path comes encoded and is expected encoded once, S3's way; bare, it is to be encoded once by everybody's.
                request.url = request.url.replace("%20", " ");
            }
            if context.sign_body {
                let hash = to_hex(&sha256(&[&request.body]));
                request.headers.push(("x-amz-content-sha256".into(), hash));
            }
            // A token that is not signed is one that is added afterwards.
            let token = if context.omit_session_token { "" } else { token };
            let scope = Scope { region: &context.region, service: &context.service };
            let signed = sign(request, &keys(access_key_id, secret_access_key, token), scope, at).unwrap();
            let authorization = header(&signed, "authorization");
            assert!(
                authorization.ends_with(&format!("Signature={}", read(&case, "header-signature.txt").trim())),
                "{name}: {authorization}"
            );
            let canonical = read(&case, "header-canonical-request.txt");
            let signed_headers = canonical.lines().rev().nth(1).unwrap();
            assert!(authorization.contains(&format!("SignedHeaders={signed_headers},")), "{name}: {authorization}");
            assert_eq!(header(&signed, "x-amz-security-token"), token, "{name}");
        }
        assert_eq!(unnormalized, 6);
    }

    fn path_of(case: &Path) -> String {
        read(case, "request.txt").split(' ').nth(1).unwrap().to_owned()
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
                cookies: false,
            };
            let signed = sign(
                request,
                &keys,
                Scope { region: "eu-central-1", service: "lambda" },
                UnixMillis(vectors.unix_millis),
            )
            .unwrap();
            assert_eq!(header(&signed, "x-amz-date"), case.date, "{}", case.url);
            assert_eq!(header(&signed, "authorization"), case.authorization, "{}", case.url);
        }
    }

    #[test]
    fn the_port_of_a_local_address_is_part_of_the_signed_host() {
        let at = |url: &str| {
            let request = Request { method: "POST", url: url.into(), headers: vec![], body: vec![], cookies: false };
            let signed =
                sign(request, &keys("A", "s", "t"), Scope { region: "us-east-1", service: "lambda" }, UnixMillis(0))
                    .unwrap();
            header(&signed, "authorization").to_owned()
        };
        assert_ne!(at("http://127.0.0.1:4566/"), at("http://127.0.0.1/"));
    }

    #[test]
    fn a_url_without_a_host_is_refused() {
        let keys = keys("A", "s", "t");
        let scope = Scope { region: "us-east-1", service: "lambda" };
        for url in ["", "/path", "https:///path", "https://?q"] {
            let request = Request { method: "POST", url: url.into(), headers: vec![], body: vec![], cookies: false };
            assert_eq!(sign(request, &keys, scope, UnixMillis(0)), Err(SignError::NotAbsolute), "{url}");
        }
    }

    /// AWS's own signature, where AWS's own crate takes the request.
    fn by_aws(request: &Request, keys: &Keys, scope: Scope<'_>, at: UnixMillis) -> Option<String> {
        let token = Some(keys.session_token.expose().to_owned());
        let identity =
            Credentials::new(&keys.access_key_id, keys.secret_access_key.expose(), token, None, "test").into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(scope.region)
            .name(scope.service)
            .time(UNIX_EPOCH + Duration::from_millis(at.0.try_into().unwrap()))
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable =
            SignableRequest::new(request.method, &request.url, headers, SignableBody::Bytes(&request.body)).ok()?;
        let (instructions, _) = aws_sigv4::http_request::sign(signable, &params).ok()?.into_parts();
        let (signed, _) = instructions.into_parts();
        signed.into_iter().find(|header| header.name() == "authorization").map(|header| header.value().to_owned())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn any_request_is_signed_as_awss_own_crate_signs_it(
            path in "(/|/\\.|/\\.\\.|/[a-zA-Z0-9._~!'()*,;:@$&=+-]{1,4}|/%[2-7][0-9A-F]){0,6}",
            query in "(\\?([a-zA-Z0-9._~!'()*+/-]{0,3}(=([a-zA-Z0-9!*]|%[2-7][0-9A-F]|%C3%A9){0,3})?&?){0,5})?",
            value in "[a-z ]{0,12}[a-z]",
            body in prop::collection::vec(any::<u8>(), 0..64),
            at in 0_i64..4_000_000_000_000,
        ) {
            let keys = keys("ASIAEXAMPLE", "secret/+", "token");
            let scope = Scope { region: "eu-central-1", service: "lambda" };
            let headers = vec![("content-type".into(), "application/json".into()), ("x-amz-meta".into(), value)];
            let request = Request { method: "POST", url: format!("https://example.amazonaws.com:8443{path}{query}"), headers, body, cookies: false };
            if let Some(theirs) = by_aws(&request, &keys, scope, UnixMillis(at)) {
                let url = request.url.clone();
                let ours = sign(request, &keys, scope, UnixMillis(at)).unwrap();
                prop_assert_eq!(header(&ours, "authorization"), theirs, "{}", url);
            }
        }
    }
}
