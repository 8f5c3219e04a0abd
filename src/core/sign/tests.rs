use std::path::Path;

use proptest::prelude::*;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::*;
use signet_cognito::Secret;

/// Cases of the suite that encode the path once, as for S3. Every service but S3 encodes a path twice; botocore's vectors prove that.
const ENCODED_ONCE: [&str; 2] = ["get-space-normalized", "get-utf8"];
/// Cases of an older suite, without context and signature.
const WITHOUT_CONTEXT: [&str; 2] = ["double-encode-path", "double-url-encode"];
/// AWS's own signing test suite; its README gives the source.
const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/aws-signing-test-suite");
/// Signatures by botocore; sigv4.py beside it made them.
const BOTOCORE: &str = include_str!("../../../tests/vectors/sigv4.json");

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
fn every_case_of_awss_suite_that_our_settings_are_for_is_signed_as_aws_signs_it() {
    let at = UnixMillis(1_440_938_160_000);
    let mut cases: Vec<_> =
        std::fs::read_dir(SUITE).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    cases.sort();
    assert_eq!(cases.len(), 40);
    let mut signed_cases = 0;
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        if ENCODED_ONCE.contains(&&*name) || WITHOUT_CONTEXT.contains(&&*name) {
            continue;
        }
        let context: Context = serde_json::from_str(&read(&case, "context.json")).unwrap();
        // Only S3 leaves paths unnormalised.
        if !context.normalize && name.ends_with("-unnormalized") {
            continue;
        }
        let ContextCredentials { access_key_id, secret_access_key, token } = &context.credentials;
        let mut request = parse(&read(&case, "request.txt"));
        // Raw UTF-8, which a browser encodes before it sends it.
        request.url = request.url.replace('\u{1234}', "%E1%88%B4");
        if context.sign_body {
            request.headers.push(("x-amz-content-sha256".into(), hex(&Sha256::digest(&request.body))));
        }
        // A token that is not signed is added afterwards.
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
        signed_cases += 1;
    }
    assert_eq!(signed_cases, 29);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
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
        let signed =
            sign(request, &keys, Scope { region: "eu-central-1", service: "lambda" }, UnixMillis(vectors.unix_millis))
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
        assert!(matches!(sign(request, &keys, scope, UnixMillis(0)), Err(SignError::NotAbsolute)), "{url}");
    }
}

#[test]
fn the_schemes_own_port_is_not_part_of_the_signed_host() {
    let at = |url: &str| {
        let request = Request { method: "POST", url: url.into(), headers: vec![], body: vec![], cookies: false };
        let scope = Scope { region: "us-east-1", service: "lambda" };
        header(&sign(request, &keys("A", "s", "t"), scope, UnixMillis(0)).unwrap(), "authorization").to_owned()
    };
    assert_eq!(at("https://example.com:443/"), at("https://example.com/"));
    assert_ne!(at("https://example.com:8443/"), at("https://example.com/"));
}

#[test]
fn headers_that_a_browser_or_a_proxy_changes_are_not_signed() {
    let headers = ["authorization", "transfer-encoding", "user-agent", "x-amzn-trace-id", "x-amz-meta"]
        .map(|name| (name.to_owned(), "a".to_owned()));
    let url = "https://example.com/".to_owned();
    let request = Request { method: "POST", url, headers: headers.into(), body: vec![], cookies: false };
    let scope = Scope { region: "us-east-1", service: "lambda" };
    let signed = sign(request, &keys("A", "s", "t"), scope, UnixMillis(0)).unwrap();
    let (_, authorization) = signed.headers.iter().rfind(|(name, _)| name == "authorization").unwrap();
    assert!(
        authorization.contains("SignedHeaders=host;x-amz-date;x-amz-meta;x-amz-security-token,"),
        "{authorization}"
    );
}

proptest! {
    #[test]
    fn any_request_is_signed_or_refused(
        url in "((https?|x)://)?([a-z.]{0,4}|[^a]{0,4})(:[0-9]{0,6})?[/?#]?\\PC{0,12}",
        value in "\\PC{0,12}",
        at in any::<i64>(),
    ) {
        let headers = vec![("content-type".into(), value)];
        let request = Request { method: "POST", url, headers, body: vec![], cookies: false };
        let scope = Scope { region: "eu-central-1", service: "lambda" };
        if let Ok(signed) = sign(request, &keys("ASIAEXAMPLE", "secret/+", "token"), scope, UnixMillis(at)) {
            prop_assert_eq!(header(&signed, "x-amz-date").len(), "20261123T000000Z".len());
        }
    }
}
