//! Requests that are refused, and that a page can read why.

use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use serde_json::json;

use crate::client::{
    Keys, Signing, ask, error, get_credentials, get_id, keys, keys_of, operation, prove_password, readable, role, send,
    send_from, signed, srp, token_of,
};
use crate::{ORIGIN, alice, bob, test};

/// The largest body that Lambda accepts, in bytes.
const SIX_MB: usize = 6 * 1024 * 1024;

#[test]
fn somebody_outside_the_group_has_a_role_without_rights() {
    test(async |stack, config| {
        assert_eq!(role(&token_of(config, bob(stack)).await), None);
        let keys = keys_of(config, bob(stack)).await;
        let body = readable(
            send(signed(config, ask(config, "x"), &keys)).await,
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
        )
        .await;
        assert!(body["Message"].as_str().unwrap().starts_with("Forbidden."));
    });
}

#[test]
fn a_wrong_signature_is_refused() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let refused = async |request, error| readable(send(request).await, StatusCode::FORBIDDEN, error).await;
        let signed_with = |keys: &Keys| signed(config, ask(config, "x"), keys);

        let mut tampered = signed_with(&keys);
        *tampered.body_mut() = "{\"prompt\":\"y\"}".into();
        refused(tampered, "InvalidSignatureException").await;

        // The signature is right for the hash, but the hash is not that of the body.
        let wrong_hash = Signing { body_hash: Some("0".repeat(64)), ..Signing::of(config) };
        let wrong_hash = wrong_hash.sign(ask(config, "x"), &keys);
        assert_eq!(wrong_hash.headers()["x-amz-content-sha256"], "0".repeat(64));
        refused(wrong_hash, "InvalidSignatureException").await;

        let wrong = Keys { secret_access_key: "wrong".into(), ..keys.clone() };
        refused(signed_with(&wrong), "InvalidSignatureException").await;

        let wrong = Keys { session_token: "wrong".into(), ..keys.clone() };
        refused(signed_with(&wrong), "UnrecognizedClientException").await;

        for (region, service) in [("us-east-1", "lambda"), (config.region.as_str(), "execute-api")] {
            let request = Signing { region, service, ..Signing::of(config) }.sign(ask(config, "x"), &keys);
            let body = refused(request, "InvalidSignatureException").await;
            assert!(body["message"].as_str().unwrap().starts_with("Credential should be scoped to"));
        }

        for (minutes, message) in [(-6, "Signature expired"), (6, "Signature not yet current")] {
            let request = Signing::of(config).minutes_from_now(minutes).sign(ask(config, "x"), &keys);
            let body = refused(request, "InvalidSignatureException").await;
            assert!(body["message"].as_str().unwrap().starts_with(message), "{body}");
        }

        // MiniStack's root user needs no secret, so nobody may call as root.
        let root = Keys { access_key_id: "test".into(), ..keys.clone() };
        refused(signed_with(&root), "UnrecognizedClientException").await;

        refused(ask(config, "x"), "AccessDeniedException").await;
    });
}

#[test]
fn a_page_of_another_origin_can_read_nothing() {
    test(async |stack, config| {
        let keys = keys_of(config, bob(stack)).await;
        let response = send_from("http://localhost:8081", signed(config, ask(config, "x"), &keys)).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        assert!(!response.headers().contains_key("access-control-allow-origin"));
    });
}

#[test]
fn preflights_are_answered_as_aws_does() {
    test(async |stack, config| {
        let preflight = async |url: &str, origin: &str| {
            let request = Request::builder().method(Method::OPTIONS).uri(url);
            let request = request.header("access-control-request-method", "POST").body(Bytes::new()).unwrap();
            let response = send_from(origin, request).await;
            assert_eq!(response.status(), StatusCode::OK);
            response.headers().clone()
        };
        let headers = preflight(&config.function_url, ORIGIN).await;
        assert_eq!(headers["access-control-allow-origin"], ORIGIN);
        for name in ["authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "content-type"] {
            assert!(headers["access-control-allow-headers"].to_str().unwrap().contains(name), "{name}");
        }
        assert!(
            !preflight(&config.function_url, "http://localhost:8081").await.contains_key("access-control-allow-origin")
        );
        let headers = preflight(stack.gateway().url(), "https://anywhere.example").await;
        assert_eq!(headers["access-control-allow-origin"], "*");
    });
}

#[test]
fn a_wrong_password_and_an_unknown_user_get_the_same_readable_error() {
    test(async |stack, config| {
        let wrong = prove_password(config, alice(stack).username, "wrong").await;
        let unknown = prove_password(config, "nobody@example.com", "wrong").await;
        assert_eq!((&wrong["__type"], &wrong["message"]), (&unknown["__type"], &unknown["message"]));
        assert_eq!(error(&unknown), "NotAuthorizedException");
        let nobody = srp(config, &json!({ "USERNAME": "nobody@example.com", "SRP_A": "1" }));
        let target = "AWSCognitoIdentityProviderService.InitiateAuth";
        let response = send(operation(&config.user_pool_endpoint, target, &nobody)).await;
        let headers = response.headers();
        assert_eq!(headers["access-control-allow-origin"], "*");
        let exposed = headers["access-control-expose-headers"].to_str().unwrap().to_lowercase();
        assert!(exposed.contains("x-amzn-errortype") && exposed.contains("x-amzn-requestid"));
        assert!(headers.contains_key("x-amzn-requestid"));
    });
}

#[test]
fn somebody_elses_role_is_refused() {
    test(async |stack, config| {
        let token = token_of(config, alice(stack)).await;
        let alices = role(&token).unwrap();
        keys(&get_credentials(config, &token, Some(&alices)).await);
        let bobs = token_of(config, bob(stack)).await;
        assert_eq!(error(&get_credentials(config, &bobs, Some(&alices)).await), "NotAuthorizedException");
    });
}

#[test]
fn a_tampered_id_token_gets_no_keys() {
    test(async |stack, config| {
        let token = token_of(config, alice(stack)).await;
        let (rest, signature) = token.rsplit_once('.').unwrap();
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let forged = format!("{rest}.{other}{}", &signature[1..]);
        assert_eq!(error(&get_id(config, &forged).await), "NotAuthorizedException");
    });
}

#[test]
fn a_body_over_six_megabytes_is_too_large_and_one_under_it_is_not() {
    test(async |stack, config| {
        let keys = keys_of(config, bob(stack)).await;
        let sized = |length| {
            let mut request = ask(config, "");
            *request.body_mut() = vec![b'x'; length].into();
            signed(config, request, &keys)
        };
        readable(send(sized(SIX_MB + 1)).await, StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException").await;
        readable(send(sized(SIX_MB)).await, StatusCode::FORBIDDEN, "AccessDeniedException").await;
    });
}
