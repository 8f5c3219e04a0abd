use proptest::prelude::*;
use serde_json::{Value, json};

use super::harness::*;
use super::renewal::{ENDED, MARGIN};
use super::*;
use crate::core::fault::{Busy, Service};
use crate::core::question::{Action, FormField, Step as Asked};

fn logins() -> Value {
    json!({ ISSUER: unsigned_token(&claims(NOW)) })
}

fn need_keys(refused: Option<&str>) -> Input {
    Input::NeedKeys { refused: refused.map(str::to_owned) }
}

#[test]
fn a_sign_in_is_four_requests_and_ends_with_keys() {
    let mut run = Run::new(config());
    run.type_in();
    assert_eq!(run.sends(), Some("InitiateAuth"));
    run.reply(&verifier("PASSWORD_VERIFIER"));
    assert_eq!(run.sends(), Some("RespondToAuthChallenge"));
    run.reply(&tokens(NOW, Some("refresh-1")))
        .expect("GetId", json!({"IdentityPoolId": "eu-central-1:1-2", "Logins": logins()}));
    run.reply(&identity("eu-central-1:i"))
        .expect("GetCredentialsForIdentity", json!({"IdentityId": "eu-central-1:i", "Logins": logins()}));
    run.reply(&credentials("A1", NOW.plus(HOUR)));
    assert!(run.is_signed_in());
    assert!(matches!(run.record, Some(Record::Session(_))));
    let Some(Screen::SignedIn { username, role, guest: false }) = &run.screen else { panic!("{:?}", run.screen) };
    assert_eq!((username.as_str(), role.as_deref()), ("alice", Some("callers")));
}

#[test]
fn the_logins_key_is_the_issuer_unless_configured() {
    let mut config = config();
    config.identity_pool.logins_key = Some("login.example.com".into());
    let mut run = Run::new(config);
    run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&tokens(NOW, None));
    assert!(run.body()["Logins"]["login.example.com"].is_string());
}

#[test]
fn a_failure_at_the_identity_pool_goes_back_to_the_form_with_the_username() {
    let refused = |run: &mut Run| {
        assert!(matches!(run.fault(), Some(Fault::Refused { service: Service::IdentityPool, .. })));
        assert_eq!((run.asks(), run.username()), (&Asked::SignIn, "alice"));
        assert!(run.record.is_none() && !run.session.waits());
    };
    let mut run = Run::new(config());
    run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&tokens(NOW, Some("refresh-1")));
    run.refuse("NotAuthorizedException", "Access denied");
    refused(&mut run);
    run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&tokens(NOW, Some("refresh-1")));
    run.reply(&identity("eu-central-1:i")).refuse("InvalidIdentityPoolConfigurationException", "");
    refused(&mut run);
}

#[test]
fn keys_are_given_while_they_are_good_and_renewed_before_they_expire() {
    let mut run = Run::signed_in(config());
    assert_eq!(run.step(need_keys(None)).keys(), Some(Ok("A1")));
    // The ID token expires at the same time, so both are renewed.
    run.at(NOW.plus(HOUR - MARGIN)).step(need_keys(None));
    assert_eq!(run.keys(), None);
    run.expect("GetTokensFromRefreshToken", json!({"ClientId": "1abc", "RefreshToken": "refresh-1"}));
    let later = run.now;
    run.reply(&tokens(later, None));
    assert_eq!(run.sends(), Some("GetCredentialsForIdentity"), "the identity stays");
    assert_eq!(run.reply(&credentials("A2", later.plus(HOUR))).keys(), Some(Ok("A2")));
    run.at(later.plus(HOUR)).step(need_keys(None));
    assert_eq!(run.body()["RefreshToken"], "refresh-1", "the pool does not rotate them");
}

#[test]
fn a_rotated_refresh_token_replaces_the_old_one_at_once() {
    let mut run = Run::signed_in(config());
    run.at(NOW.plus(HOUR)).step(need_keys(None)).reply(&tokens(NOW.plus(HOUR), Some("refresh-2")));
    let saved = |run: &Run| String::from_utf8_lossy(&run.record.as_ref().unwrap().to_bytes()).into_owned();
    assert!(saved(&run).contains("refresh-2"), "before the keys are there");
    run.reply(&credentials("A2", NOW.plus(2 * HOUR))).at(NOW.plus(2 * HOUR)).step(need_keys(None));
    assert_eq!(run.body()["RefreshToken"], "refresh-2");
}

#[test]
fn keys_that_aws_refuses_are_renewed_from_the_tokens_on() {
    let mut run = Run::signed_in(config());
    run.step(need_keys(Some("A1")));
    assert_eq!(run.sends(), Some("GetTokensFromRefreshToken"));
    run.reply(&tokens(NOW, None)).reply(&credentials("A2", NOW.plus(HOUR)));
    assert_eq!(run.keys(), Some(Ok("A2")));
    // A refusal of keys that the session no longer uses needs no new ones.
    assert_eq!(run.step(need_keys(Some("A1"))).keys(), Some(Ok("A2")));
}

#[test]
fn a_refresh_token_that_is_spent_ends_the_session() {
    for code in ENDED {
        let mut run = Run::signed_in(config());
        run.at(NOW.plus(HOUR)).step(need_keys(None)).refuse(code, "");
        assert_eq!((run.asks(), run.fault()), (&Asked::SignIn, Some(&Fault::SessionEnded)), "{code}");
        assert_eq!(run.keys(), Some(Err(&Fault::SessionEnded)));
        assert!(run.record.is_none());
        assert_eq!(run.username(), "alice");
    }
}

#[test]
fn a_temporary_failure_keeps_the_session() {
    for input in [
        Input::Replied(Err(NoAnswer::Offline)),
        Input::Replied(Ok(response(500, "{}"))),
        Input::Replied(Ok(response(429, "{}"))),
        Input::Replied(Ok(refusal("LimitExceededException", ""))),
        Input::Replied(Ok(refusal("TooManyRequestsException", ""))),
        Input::Replied(Ok(response(200, "<html>"))),
    ] {
        let mut run = Run::signed_in(config());
        run.at(NOW.plus(HOUR)).step(need_keys(None)).step(input);
        assert!(matches!(run.session, Session::Known(_)));
        assert!(matches!(run.keys(), Some(Err(_))));
        assert!(run.record.is_some());
        let later = run.now;
        run.step(need_keys(None));
        assert_eq!(run.sends(), Some("GetTokensFromRefreshToken"));
        run.reply(&tokens(later, None)).reply(&credentials("A2", later.plus(HOUR)));
        assert_eq!(run.keys(), Some(Ok("A2")));
    }
}

#[test]
fn a_reload_needs_one_request_while_the_token_is_good_and_two_afterwards() {
    let mut run = Run::signed_in(config());
    run.restore("");
    assert_eq!(run.sends(), Some("GetCredentialsForIdentity"));
    assert!(matches!(run.screen, Some(Screen::SignedIn { .. })), "at once");
    assert!(run.reply(&credentials("A2", NOW.plus(HOUR))).is_signed_in());
    run.at(NOW.plus(2 * HOUR)).restore("");
    assert_eq!(run.sends(), Some("GetTokensFromRefreshToken"));
}

#[test]
fn a_deleted_identity_is_requested_again_once() {
    let mut run = Run::signed_in(config());
    run.restore("").refuse("ResourceNotFoundException", "");
    assert_eq!(run.sends(), Some("GetId"));
    // If the pool does not know the identity that it has just assigned, we do not ask for another.
    run.reply(&identity("eu-central-1:j")).refuse("ResourceNotFoundException", "");
    assert_eq!(run.sends(), None);
    assert!(matches!(run.session, Session::Known(_)));
}

#[test]
fn a_token_that_only_aws_considers_expired_is_refreshed_once() {
    let expired = |run: &mut Run| {
        run.refuse("NotAuthorizedException", "Invalid login token. Token expired: 1 >= 0");
    };
    let mut run = Run::signed_in(config());
    expired(run.restore(""));
    assert_eq!(run.sends(), Some("GetTokensFromRefreshToken"));
    expired(run.reply(&tokens(NOW, None)));
    assert_eq!(run.sends(), None, "not in a circle");
    assert!(matches!(run.session, Session::Known(_)));
}

#[test]
fn a_clock_that_is_hours_off_is_corrected_by_the_tokens() {
    for off in [-5 * HOUR, 5 * HOUR] {
        let aws = NOW.plus(off);
        let mut run = Run::new(config());
        run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&tokens(aws, Some("refresh-1")));
        run.reply(&identity("eu-central-1:i")).reply(&credentials("A1", aws.plus(HOUR)));
        let grant = run.step(need_keys(None)).grant().unwrap().unwrap();
        assert_eq!((grant.keys.access_key_id.as_str(), grant.skew.correct(NOW)), ("A1", aws), "not taken for expired");
    }
}

#[test]
fn a_challenge_in_reply_to_a_refresh_ends_the_session() {
    let mut run = Run::signed_in(config());
    run.at(NOW.plus(HOUR)).step(need_keys(None)).reply(&challenge("SMS_MFA", &json!({})));
    assert_eq!(run.fault(), Some(&Fault::SessionEnded));
}

#[test]
fn signing_out_forgets_and_revokes() {
    let mut run = Run::signed_in(config());
    run.step(Input::SignOut);
    assert_eq!((run.asks(), run.fault()), (&Asked::SignIn, None));
    assert!(run.effects.iter().any(|effect| matches!(effect, Effect::Forget)));
    let revoke = run.forgotten().unwrap();
    assert_eq!(operation(revoke), "RevokeToken");
    assert_eq!(body(revoke), json!({"ClientId": "1abc", "Token": "refresh-1"}));
    assert_eq!(run.step(need_keys(None)).keys(), Some(Err(&Fault::SessionEnded)));
}

#[test]
fn the_form_begins_with_what_was_typed_and_not_with_what_the_token_calls_the_person() {
    let mut named = claims(NOW);
    named["email"] = "alice@example.com".into();
    let mut reply = tokens(NOW, Some("refresh-1"));
    reply["AuthenticationResult"]["IdToken"] = unsigned_token(&named).into();
    let mut run = Run::new(config());
    run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&reply).refuse("InvalidParameterException", "");
    assert_eq!((run.asks(), run.username()), (&Asked::SignIn, "alice"));
    run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&reply).reply(&identity("eu-central-1:i"));
    run.reply(&credentials("A1", NOW.plus(HOUR)));
    assert_eq!(run.username(), "alice@example.com", "as the person is called");
    run.at(NOW.plus(2 * HOUR)).restore("").refuse("NotAuthorizedException", "Refresh Token has expired");
    assert_eq!((run.asks(), run.username()), (&Asked::SignIn, "alice"), "a reload later");
}

/// A configuration in which people sign in at an address that the deployer runs.
fn with_token_url() -> Config {
    let mut config = with_guests();
    config.user_pool = None;
    config.token_url = Some("https://login.example.com/token".into());
    config
}

/// A browser that a guest used before.
fn with_guest(mut run: Run) -> Run {
    run.memory = Memory::new(vec![("guest eu-central-1:1-2".into(), Secret::new("eu-central-1:guest".into()))]);
    run
}

fn developers_token(identity: &str) -> Value {
    json!({"token": "developers-token", "loginsKey": "cognito-identity.amazonaws.com", "identityId": identity,
        "username": "dora", "expiresIn": 900})
}

#[test]
fn a_developers_identity_is_not_given_up_for_a_guests() {
    let mut run = with_guest(Run::new(with_token_url()));
    run.press(Action::TokenUrl).reply(&developers_token("eu-central-1:dora")).expect(
        "GetCredentialsForIdentity",
        json!({"IdentityId": "eu-central-1:dora", "Logins": {"cognito-identity.amazonaws.com": "developers-token"}}),
    );
    // A developer-authenticated token works for its own identity only.
    run.refuse("NotAuthorizedException", "Token is not from a supported provider of this identity pool.");
    assert_eq!(run.sends(), None);
    assert!(matches!(run.fault(), Some(Fault::Refused { .. })));
}

#[test]
fn another_persons_token_from_the_address_comes_with_that_persons_identity() {
    let mut run = Run::new(with_token_url());
    run.press(Action::TokenUrl).reply(&developers_token("eu-central-1:dora"));
    run.reply(&credentials("A1", NOW.plus(HOUR))).at(NOW.plus(HOUR)).step(need_keys(None));
    assert_eq!(run.sends(), Some("https://login.example.com/token"));
    run.reply(&json!({"token": "token-of-bob", "loginsKey": "saml", "username": "bob"}));
    run.expect("GetId", json!({"IdentityPoolId": "eu-central-1:1-2", "Logins": {"saml": "token-of-bob"}}));
    assert_eq!(run.username(), "bob");
}

#[test]
fn another_providers_refresh_token_is_not_shown_to_the_user_pool() {
    let mut config = with_hosted_ui();
    let ui = &mut config.hosted_ui.as_mut().unwrap().api;
    ui.issuer = "https://login.example.com".into();
    ui.token_endpoint = "https://login.example.com/token".into();
    let mut run = Run::new(config);
    run.press(Action::Provider(0));
    let kept = run.memory.get(&run.memory.names("attempt ", |_| true)[0]).unwrap().expose().to_owned();
    let attempt: Value = serde_json::from_str(&kept).unwrap();
    let mut claims = claims(NOW);
    (claims["iss"], claims["nonce"]) = ("https://login.example.com".into(), attempt["nonce"].clone());
    let tokens = json!({"id_token": unsigned_token(&claims), "access_token": "a", "refresh_token": "refresh-9"});
    run.restore(&format!("code=c&state={}", attempt["state"].as_str().unwrap())).reply(&tokens);
    run.reply(&identity("eu-central-1:i")).reply(&credentials("A1", NOW.plus(HOUR)));
    run.at(NOW.plus(HOUR)).step(need_keys(None)).expect(
        "https://login.example.com/token",
        json!("grant_type=refresh_token&client_id=1abc&refresh_token=refresh-9"),
    );
    run.step(Input::SignOut);
    assert!(run.forgotten().is_none(), "the pool does not know it");
}

// --- guests -------------------------------------------------------------------------------------------------------------------

/// A guest with keys.
fn guest() -> Run {
    let mut run = Run::new(with_guests());
    run.press(Action::Guest).expect("GetId", json!({"IdentityPoolId": "eu-central-1:1-2"}));
    run.reply(&identity("eu-central-1:guest"))
        .expect("GetCredentialsForIdentity", json!({"IdentityId": "eu-central-1:guest"}));
    run.reply(&guests_keys("G1", NOW.plus(HOUR)));
    run
}

fn guests_keys(key: &str, expires: UnixMillis) -> Value {
    let mut keys = credentials(key, expires);
    keys["IdentityId"] = "eu-central-1:guest".into();
    keys
}

fn guests_identity(run: &Run) -> Option<&str> {
    run.memory.get("guest eu-central-1:1-2").map(Secret::expose)
}

/// The guest signs in, up to the tokens.
fn signs_in(run: &mut Run) {
    run.step(Input::SignOut).type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&tokens(NOW, Some("refresh-1")));
}

#[test]
fn a_guest_has_no_login_and_keeps_the_identity() {
    let mut run = guest();
    assert!(run.is_signed_in());
    assert!(matches!(&run.screen, Some(Screen::SignedIn { guest: true, role: None, .. })));
    assert_eq!(guests_identity(&run), Some("eu-central-1:guest"));
    assert_eq!(run.step(need_keys(None)).keys(), Some(Ok("G1")));
    assert_eq!(run.grant().unwrap().unwrap().skew, Skew::default(), "no token tells AWS's time");
    // Keys that expire are fetched anew, without a refresh.
    run.at(NOW.plus(HOUR)).step(need_keys(None));
    run.expect("GetCredentialsForIdentity", json!({"IdentityId": "eu-central-1:guest"}));
    run.reply(&guests_keys("G2", NOW.plus(2 * HOUR)));
    assert_eq!(run.keys(), Some(Ok("G2")));
    run.restore("").expect("GetCredentialsForIdentity", json!({"IdentityId": "eu-central-1:guest"}));
    // Another tab has no record, but the browser has the identity.
    run.record = None;
    run.restore("").press(Action::Guest);
    run.expect("GetCredentialsForIdentity", json!({"IdentityId": "eu-central-1:guest"}));
}

#[test]
fn a_guests_identity_is_linked_to_the_person_who_signs_in() {
    let mut run = guest();
    signs_in(&mut run);
    assert_eq!(guests_identity(&run), Some("eu-central-1:guest"), "until it is done");
    run.expect("GetCredentialsForIdentity", json!({"IdentityId": "eu-central-1:guest", "Logins": logins()}));
    assert!(run.reply(&guests_keys("A1", NOW.plus(HOUR))).is_signed_in());
    assert_eq!(guests_identity(&run), None, "nobody is that guest any more");
    run.restore("")
        .expect("GetCredentialsForIdentity", json!({"IdentityId": "eu-central-1:guest", "Logins": logins()}));
}

#[test]
fn an_existing_identity_is_kept() {
    for code in ["ResourceConflictException", "NotAuthorizedException", "ResourceNotFoundException"] {
        let mut run = guest();
        signs_in(&mut run);
        run.refuse(code, "").expect("GetId", json!({"IdentityPoolId": "eu-central-1:1-2", "Logins": logins()}));
        assert_eq!(guests_identity(&run), None);
        run.reply(&identity("eu-central-1:i"))
            .expect("GetCredentialsForIdentity", json!({"IdentityId": "eu-central-1:i", "Logins": logins()}));
        assert!(run.reply(&credentials("A1", NOW.plus(HOUR))).is_signed_in());
    }
    // The pool itself may reply with the person's identity.
    let mut run = guest();
    signs_in(&mut run);
    run.reply(&credentials("A1", NOW.plus(HOUR))).restore("");
    assert_eq!(run.body()["IdentityId"], "eu-central-1:i");
    // A busy pool's reply does not show it.
    let mut run = guest();
    signs_in(&mut run);
    run.refuse("TooManyRequestsException", "");
    assert!(matches!(run.session, Session::Known(_)));
    assert_eq!(guests_identity(&run), Some("eu-central-1:guest"));
}

#[test]
fn a_guests_identity_that_is_disabled_or_gone_is_replaced_once() {
    for code in ["NotAuthorizedException", "ResourceNotFoundException"] {
        let mut run = guest();
        run.restore("").refuse(code, "");
        run.expect("GetId", json!({"IdentityPoolId": "eu-central-1:1-2"}));
        run.reply(&identity("eu-central-1:another"));
        assert_eq!(guests_identity(&run), Some("eu-central-1:another"));
        run.refuse(code, "");
        assert_eq!(run.sends(), None, "not in a circle");
    }
    let mut run = Run::new(with_guests());
    run.press(Action::Guest)
        .refuse("NotAuthorizedException", "Unauthenticated access is not supported for this identity pool.");
    assert!(matches!(run.fault(), Some(Fault::Refused { service: Service::IdentityPool, .. })));
    assert_eq!(run.asks(), &Asked::SignIn);
}

#[test]
fn a_guest_goes_on_to_the_form_by_signing_out() {
    let mut run = guest();
    run.step(Input::SignOut);
    assert_eq!((run.asks(), run.sends()), (&Asked::SignIn, None));
    assert!(run.forgotten().is_none() && run.record.is_none());
    assert!(!Run::new(config()).actions().contains(&Action::Guest), "only where the pool lets them");
}

// --- tokens of another kind ---------------------------------------------------------------------------------------------------

fn developer() -> Run {
    let mut run = Run::new(with_token_url());
    run.press(Action::TokenUrl);
    let request = run.request().unwrap();
    assert_eq!((request.method, request.url.as_str()), ("GET", "https://login.example.com/token"));
    assert!(request.cookies);
    run.reply(&developers_token("eu-central-1:dora")).expect(
        "GetCredentialsForIdentity",
        json!({"IdentityId": "eu-central-1:dora", "Logins": {"cognito-identity.amazonaws.com": "developers-token"}}),
    );
    run.reply(&credentials("D1", NOW.plus(HOUR)));
    run
}

#[test]
fn a_token_from_the_address_is_used_under_its_logins_key() {
    assert!(developer().is_signed_in());
    assert_eq!(developer().username(), "dora");
    let mut config = with_token_url();
    config.identity_pool.logins_key = Some("arn:aws:iam::1:saml-provider/okta".into());
    let mut run = Run::new(config);
    run.press(Action::TokenUrl).reply(&json!({"token": "assertion"}));
    run.expect(
        "GetId",
        json!({"IdentityPoolId": "eu-central-1:1-2", "Logins": {"arn:aws:iam::1:saml-provider/okta": "assertion"}}),
    );
}

#[test]
fn a_token_that_has_expired_is_fetched_anew_and_a_401_ends_the_session() {
    let mut run = developer();
    run.at(NOW.plus(13 * MINUTE)).restore("");
    assert_eq!(run.sends(), Some("GetCredentialsForIdentity"), "still good");
    run.reply(&credentials("D2", NOW.plus(HOUR))).at(NOW.plus(HOUR)).step(need_keys(None));
    assert_eq!(run.sends(), Some("https://login.example.com/token"));
    run.reply(&developers_token("eu-central-1:dora")).reply(&credentials("D3", NOW.plus(2 * HOUR)));
    assert_eq!(run.keys(), Some(Ok("D3")));
    // If the address is down for a while, the person stays signed in.
    run.at(NOW.plus(2 * HOUR)).step(need_keys(None)).respond(response(503, ""));
    assert!(matches!(run.session, Session::Known(_)));
    for status in [401, 403] {
        let mut run = developer();
        run.at(NOW.plus(HOUR)).step(need_keys(None)).respond(response(status, "{}"));
        assert_eq!((run.asks(), run.fault()), (&Asked::SignIn, Some(&Fault::SessionEnded)));
        assert_eq!(run.keys(), Some(Err(&Fault::SessionEnded)));
    }
    let mut run = Run::new(with_token_url());
    run.press(Action::TokenUrl).respond(response(401, "{}"));
    assert!(matches!(run.fault(), Some(Fault::Denied { .. })));
}

#[test]
fn tokens_of_an_openid_provider_are_refreshed_at_its_token_endpoint() {
    let provider = || {
        let mut run = Run::new(Config { user_pool: None, ..with_hosted_ui() });
        run.press(Action::Provider(0));
        let kept = run.memory.get(&run.memory.names("attempt ", |_| true)[0]).unwrap().expose().to_owned();
        let attempt: Value = serde_json::from_str(&kept).unwrap();
        let mut claims = claims(NOW);
        claims["nonce"] = attempt["nonce"].clone();
        let token = unsigned_token(&claims);
        let tokens = json!({"id_token": token, "access_token": "access-token", "refresh_token": "refresh-1"});
        run.restore(&format!("code=c&state={}", attempt["state"].as_str().unwrap())).reply(&tokens);
        run.reply(&identity("eu-central-1:i")).reply(&credentials("A1", NOW.plus(HOUR)));
        run.at(NOW.plus(HOUR)).step(need_keys(None)).expect(
            "https://signet.auth.eu-central-1.amazoncognito.com/oauth2/token",
            json!("grant_type=refresh_token&client_id=1abc&refresh_token=refresh-1"),
        );
        run
    };
    let mut run = provider();
    let fresh = unsigned_token(&claims(NOW.plus(HOUR)));
    run.reply(&json!({"id_token": fresh, "access_token": "access-token", "refresh_token": "refresh-2"}));
    assert_eq!(run.sends(), Some("GetCredentialsForIdentity"));
    run.reply(&credentials("A2", NOW.plus(2 * HOUR))).at(NOW.plus(2 * HOUR)).step(need_keys(None));
    assert!(run.body().as_str().unwrap().ends_with("refresh_token=refresh-2"));
    let mut run = provider();
    run.respond(response(400, r#"{"error":"invalid_grant","error_description":"Token has been revoked."}"#));
    assert_eq!((run.asks(), run.fault()), (&Asked::SignIn, Some(&Fault::SessionEnded)));
    let mut run = provider();
    run.respond(response(400, r#"{"error":"temporarily_unavailable"}"#));
    assert!(matches!(run.session, Session::Known(_)));
}

// --- the basic flow -----------------------------------------------------------------------------------------------------------

const STS: &str = "https://sts.eu-central-1.amazonaws.com/";

fn assumed() -> Response {
    let keys = "<AccessKeyId>S1</AccessKeyId><SecretAccessKey>secret-key</SecretAccessKey>\
                <SessionToken>session-token</SessionToken><Expiration>2026-11-03T06:06:07Z</Expiration>";
    response(200, format!("<AssumeRoleWithWebIdentityResponse>{keys}</AssumeRoleWithWebIdentityResponse>"))
}

fn assume(role: &str) -> Value {
    let role = role.replace(':', "%3A").replace('/', "%2F");
    json!(format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={role}&RoleSessionName=signet\
         &WebIdentityToken=open-id-token&DurationSeconds=900"
    ))
}

#[test]
fn the_basic_flow_is_a_token_of_the_identity_and_a_role_that_the_app_names() {
    let open_id = json!({"IdentityId": "eu-central-1:i", "Token": "open-id-token"});
    for (configured, role, name) in [
        (Some("arn:aws:iam::1:role/named"), "arn:aws:iam::1:role/named", "named"),
        (None, "arn:aws:iam::1:role/callers", "callers"),
    ] {
        let mut run = Run::new(with_basic_flow(configured, None));
        run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&tokens(NOW, Some("refresh-1")));
        run.reply(&identity("eu-central-1:i"))
            .expect("GetOpenIdToken", json!({"IdentityId": "eu-central-1:i", "Logins": logins()}));
        run.reply(&open_id).expect(STS, assume(role)).respond(assumed());
        assert!(run.is_signed_in());
        let Some(Screen::SignedIn { role, .. }) = &run.screen else { panic!("{:?}", run.screen) };
        assert_eq!(role.as_deref(), Some(name));
        assert_eq!(run.step(need_keys(None)).keys(), Some(Ok("S1")));
        run.restore("");
        assert_eq!(run.sends(), Some("GetOpenIdToken"));
    }
    let mut run = Run::new(with_basic_flow(None, Some("arn:aws:iam::1:role/guests")));
    run.press(Action::Guest).reply(&identity("eu-central-1:guest"));
    run.expect("GetOpenIdToken", json!({"IdentityId": "eu-central-1:guest"}));
    run.reply(&open_id).expect(STS, assume("arn:aws:iam::1:role/guests"));
}

#[test]
fn the_basic_flow_without_a_role_is_a_fault() {
    let mut run = Run::new(with_basic_flow(None, None));
    run.press(Action::Guest).reply(&identity("eu-central-1:guest")).reply(&json!({"Token": "open-id-token"}));
    assert_eq!((run.asks(), run.fault(), run.sends()), (&Asked::SignIn, Some(&Fault::NoRole), None));
    // A refusal by STS is shown as from STS.
    let mut run = Run::new(with_basic_flow(None, Some("arn:aws:iam::1:role/guests")));
    run.press(Action::Guest).reply(&identity("eu-central-1:guest")).reply(&json!({"Token": "open-id-token"}));
    run.respond(response(
        403,
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized</Message></Error></ErrorResponse>",
    ));
    assert!(matches!(run.fault(), Some(Fault::Refused { service: Service::Sts, .. })), "{:?}", run.fault());
}

// --- whatever happens ---------------------------------------------------------------------------------------------------------

const PASSWORD: &str = "Hush-hush-1";
const CODE: &str = "246810";
/// Secrets that must never be seen. The authenticator's secret is not among them, because one form shows it.
const SECRETS: [&str; 11] = [
    PASSWORD,
    CODE,
    SESSION,
    "refresh-1",
    "access-token",
    "secret-key",
    "session-token",
    "developers-token",
    "open-id-token",
    "device-password",
    "eyJ",
];

#[derive(Debug, Clone)]
enum Move {
    Submit,
    SubmitOther(u32),
    Press(u8),
    Passkey(u8),
    /// One of the replies that fit the request.
    Answer(u8),
    /// Any reply.
    Reply(u8),
    Refuse(u8, u8),
    NoAnswer,
    NeedKeys(bool),
    ShownAgain,
    NotKept,
    Reload,
    /// A reload with a callback; if true, of an attempt that was made, if any.
    Return(bool),
    SignOut,
    Later(i64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        8 => Just(Move::Submit),
        1 => (0..8_u32).prop_map(Move::SubmitOther),
        3 => (0..5_u8).prop_map(Move::Press),
        2 => (0..3_u8).prop_map(Move::Passkey),
        12 => any::<u8>().prop_map(Move::Answer),
        2 => any::<u8>().prop_map(Move::Reply),
        3 => any::<(u8, u8)>().prop_map(|(code, said)| Move::Refuse(code, said)),
        1 => Just(Move::NoAnswer),
        1 => any::<bool>().prop_map(Move::NeedKeys),
        1 => Just(Move::ShownAgain),
        1 => Just(Move::NotKept),
        1 => Just(Move::Reload),
        1 => any::<bool>().prop_map(Move::Return),
        1 => Just(Move::SignOut),
        1 => (0..2 * HOUR).prop_map(Move::Later),
    ];
    prop::collection::vec(one, 0..40)
}

fn configs(kind: u8) -> Config {
    let mut config = match kind {
        0 => config(),
        1 => with_flow(crate::core::config::AuthFlow::UserPasswordAuth),
        2 => with_flow(crate::core::config::AuthFlow::CustomAuthWithSrp),
        3 => with_choice(None),
        4 => with_choice(Some("PASSWORD_SRP")),
        5 => with_choice(Some("WEB_AUTHN")),
        6 => with_basic_flow(None, None),
        7 => with_token_url(),
        8 => Config { user_pool: None, ..with_hosted_ui() },
        _ => with_flow(crate::core::config::AuthFlow::CustomAuth),
    };
    if let Some(pool) = &mut config.user_pool {
        pool.sign_up = Some(crate::core::config::SignUp { attributes: vec!["email".into()], by_link: kind % 2 == 1 });
        pool.passkey_autofill = kind == 3;
        config.hosted_ui = with_hosted_ui().hosted_ui;
    }
    config.identity_pool.guest_access = true;
    config
}

/// A reply that fits `operation`, or any other.
fn fitting(operation: &str, kind: u8, now: UnixMillis) -> Value {
    let offers = json!(["PASSWORD_SRP", "WEB_AUTHN", "EMAIL_OTP", "SMS_OTP"]);
    match operation {
        "InitiateAuth" | "RespondToAuthChallenge" => match kind % 16 {
            0..3 => tokens(now, Some("refresh-1")),
            3..6 => verifier("PASSWORD_VERIFIER"),
            6 => delivered("SMS_MFA", "SMS", "+*9934"),
            7 => delivered("EMAIL_OTP", "EMAIL", "a***@e***"),
            8 => challenge("NEW_PASSWORD_REQUIRED", &json!({"requiredAttributes": r#"["userAttributes.email"]"#})),
            9 => challenge("MFA_SETUP", &json!({"MFAS_CAN_SETUP": r#"["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]"#})),
            10 => challenge("CUSTOM_CHALLENGE", &json!({"question": "Why?"})),
            11 => challenge("WEB_AUTHN", &json!({"CREDENTIAL_REQUEST_OPTIONS": "{}"})),
            12 => challenge("DEVICE_SRP_AUTH", &json!({})),
            13 => verifier("DEVICE_PASSWORD_VERIFIER"),
            14 => {
                json!({"ChallengeName": "SELECT_CHALLENGE", "Session": SESSION, "ChallengeParameters": {}, "AvailableChallenges": offers})
            }
            _ => new_device(),
        },
        "GetTokensFromRefreshToken" => tokens(now, None),
        "AssociateSoftwareToken" => json!({"SecretCode": TOTP_SECRET, "Session": SESSION}),
        "VerifySoftwareToken" => json!({"Status": "SUCCESS", "Session": SESSION}),
        "SignUp" => json!({"UserConfirmed": kind.is_multiple_of(4), "Session": SESSION,
            "CodeDeliveryDetails": {"Destination": "a***", "DeliveryMedium": "EMAIL"}}),
        "ConfirmSignUp" => json!({"Session": SESSION}),
        "ConfirmDevice" => json!({"UserConfirmationNecessary": kind.is_multiple_of(2)}),
        "GetId" => identity("eu-central-1:i"),
        "GetCredentialsForIdentity" => credentials("A1", now.plus(HOUR)),
        "GetOpenIdToken" => json!({"Token": "open-id-token"}),
        "https://login.example.com/token" => developers_token("eu-central-1:dora"),
        _ => {
            json!({"id_token": unsigned_token(&claims(now)), "access_token": "access-token",
            "refresh_token": "refresh-1", "Token": "open-id-token",
            "CodeDeliveryDetails": {"Destination": "a***", "DeliveryMedium": "EMAIL"}})
        }
    }
}

fn values(run: &Run) -> Vec<&'static str> {
    let Some(Screen::Ask(asked)) = &run.screen else { return vec!["alice", PASSWORD] };
    let inputs = asked.question.step.fields(&run.config);
    let value = |input: &FormField| match input {
        FormField::Password | FormField::NewPassword => PASSWORD,
        FormField::Code => CODE,
        FormField::Choice(names) => {
            if names.iter().any(|name| name == "SOFTWARE_TOKEN_MFA") {
                "SOFTWARE_TOKEN_MFA"
            } else {
                "PASSWORD_SRP"
            }
        }
        FormField::YesOrNo => "yes",
        _ => "alice",
    };
    inputs.iter().map(value).collect()
}

/// Carries a move out. Returns whether it answered the form on the screen, so that the page waits for an update.
fn carry_out(run: &mut Run, step: &Move, operation: &str) -> bool {
    let asked = matches!(run.screen, Some(Screen::Ask(_)));
    match step {
        Move::Submit => {
            let values = values(run);
            run.submit(&values);
            return asked;
        }
        Move::SubmitOther(form) => _ = run.step(Input::Submit(FormId(*form), harness::secrets(&["alice", PASSWORD]))),
        Move::Press(button) => {
            let is_one = asked && usize::from(*button) < run.actions().len();
            run.step(Input::Press(run.last_form, *button, harness::secrets(&["alice", ""])));
            return is_one;
        }
        Move::Passkey(0) => _ = run.passkey(PasskeyOutcome::Done),
        Move::Passkey(1) => _ = run.passkey(PasskeyOutcome::Refused),
        Move::Passkey(_) => _ = run.passkey(PasskeyOutcome::Unsupported),
        Move::Answer(_) if operation == STS => _ = run.respond(assumed()),
        Move::Answer(kind) => {
            let reply = fitting(operation, *kind, run.now);
            run.reply(&reply);
        }
        Move::Reply(kind) => {
            let all = ["InitiateAuth", "GetId", "SignUp", "GetCredentialsForIdentity", "AssociateSoftwareToken", ""];
            let reply = fitting(all[usize::from(*kind) % all.len()], kind / 6, run.now);
            run.reply(&reply);
        }
        Move::Refuse(code, said) => {
            let codes = [
                "NotAuthorizedException",
                "CodeMismatchException",
                "UserNotConfirmedException",
                "PasswordResetRequiredException",
                "ResourceNotFoundException",
                "ResourceConflictException",
                "LimitExceededException",
                "TooManyRequestsException",
                "Another",
            ];
            let saids = [
                "",
                "Incorrect username or password.",
                "Invalid session for the user.",
                "Device does not exist.",
                "Current status is CONFIRMED",
            ];
            run.refuse(codes[usize::from(*code) % codes.len()], saids[usize::from(*said) % saids.len()]);
        }
        Move::NoAnswer => _ = run.no_answer(),
        Move::NeedKeys(refused) => _ = run.step(need_keys(refused.then_some("A1"))),
        Move::ShownAgain => _ = run.step(Input::ShownAgain),
        Move::NotKept => _ = run.step(Input::NotKept),
        Move::Reload => _ = run.restore(""),
        Move::Return(made) => {
            let attempts = run.memory.names("attempt ", |_| true);
            let state = attempts.first().filter(|_| *made).map_or("none", |name| &name["attempt ".len()..]).to_owned();
            run.restore(&format!("code=c&state={state}"));
        }
        Move::SignOut => _ = run.step(Input::SignOut),
        Move::Later(millis) => {
            let now = run.now.plus(*millis);
            run.effects.clear();
            run.at(now);
        }
    }
    false
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_secret_is_shown_nothing_hangs_and_sign_out_always_works(kind in 0..10_u8, moves in moves()) {
        let mut run = Run::closed(configs(kind));
        let device = json!({"key": "eu-central-1_d", "group": "-gr", "password": "device-password"}).to_string();
        run.memory = Memory::new(vec![("device eu-central-1_AbC alice".into(), Secret::new(device))]);
        run.restore("");
        let mut operation = String::new();
        for step in &moves {
            let waited_for = carry_out(&mut run, step, &operation);
            // `sends` checks that at most one reply is awaited.
            if let Some(sent) = run.sends() {
                operation = sent.to_owned();
            }
            let debug = format!("{:?}{:?}{:?}", run.session, run.effects, run.memory);
            let shown = run.shown_bytes();
            for secret in SECRETS {
                prop_assert!(!debug.contains(secret), "{secret} in {debug}");
                prop_assert!(!contains(&shown, secret), "{secret} is shown: {:?}", run.screen);
            }
            prop_assert!(!debug.contains(TOTP_SECRET), "{debug}");
            let is_its_form = matches!(&run.screen, Some(Screen::Ask(asked)) if asked.question.step == Asked::SetUpTotp);
            prop_assert!(is_its_form || !contains(&shown, TOTP_SECRET), "{:?}", run.screen);
            // The stored record holds neither password nor code, and can be read again.
            if let Some(record) = &run.record {
                let bytes = record.to_bytes();
                prop_assert!(!contains(&bytes, PASSWORD) && !contains(&bytes, CODE));
                let again = Record::from_bytes(&bytes).map(|record| record.to_bytes());
                prop_assert_eq!(again, Some(bytes));
            }
            // A sent form always gets an update, and a form is usable unless a reply is awaited.
            if waited_for && matches!(run.session, Session::SigningIn(_)) {
                prop_assert!(run.effects.iter().any(|effect| matches!(effect, Effect::Show(_))), "{step:?}: {debug}");
            }
            match &run.screen {
                Some(Screen::Busy(Busy::Leaving)) => {}
                Some(Screen::Busy(_)) => prop_assert!(run.session.waits(), "{debug}"),
                Some(Screen::Ask(asked)) => {
                    prop_assert!(!run.session.is_busy() && asked.form == run.last_form, "{debug}");
                    prop_assert_eq!(run.session.subject(), None);
                }
                Some(Screen::SignedIn { .. }) => prop_assert!(run.session.subject().is_some(), "{debug}"),
                None => prop_assert!(false, "nothing is shown"),
            }
        }
        run.step(Input::SignOut);
        prop_assert!(run.session.subject().is_none() && run.record.is_none());
        prop_assert!(run.effects.iter().any(|effect| matches!(effect, Effect::Forget)));
        prop_assert_eq!(run.step(need_keys(None)).keys(), Some(Err(&Fault::SessionEnded)));
    }
}
