use serde_json::{Value, json};

use super::harness::*;
use super::*;
use crate::sign_in::{Action, Step as Asked};

fn logins() -> Value {
    json!({ ISSUER: crate::cognito::unsigned_token(&claims(NOW)) })
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
fn the_key_of_logins_is_the_issuer_unless_the_configuration_names_another() {
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
    // A refusal of keys that are no longer the session's asks for nothing new.
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
fn a_failure_that_may_pass_keeps_the_session() {
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
fn an_identity_that_is_gone_is_asked_for_anew_once() {
    let mut run = Run::signed_in(config());
    run.restore("").refuse("ResourceNotFoundException", "");
    assert_eq!(run.sends(), Some("GetId"));
    // A pool that does not know what it has just given is not asked for another.
    run.reply(&identity("eu-central-1:j")).refuse("ResourceNotFoundException", "");
    assert_eq!(run.sends(), None);
    assert!(matches!(run.session, Session::Known(_)));
}

#[test]
fn a_token_that_only_aws_holds_for_expired_is_refreshed_once() {
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
    reply["AuthenticationResult"]["IdToken"] = crate::cognito::unsigned_token(&named).into();
    let mut run = Run::new(config());
    run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&reply).refuse("InvalidParameterException", "");
    assert_eq!((run.asks(), run.username()), (&Asked::SignIn, "alice"));
    run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&reply).reply(&identity("eu-central-1:i"));
    run.reply(&credentials("A1", NOW.plus(HOUR)));
    assert_eq!(run.username(), "alice@example.com", "as the person is called");
    run.at(NOW.plus(2 * HOUR)).restore("").refuse("NotAuthorizedException", "Refresh Token has expired");
    assert_eq!((run.asks(), run.username()), (&Asked::SignIn, "alice"), "a reload later");
}

/// A configuration whose people come from an address of the deployer's.
fn with_token_url() -> Config {
    let mut config = with_guests();
    config.user_pool = None;
    config.token_url = Some("https://login.example.com/token".into());
    config
}

/// A browser that was a guest's before.
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
    // The pool's own token cannot be traded for another identity.
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
    let ui = config.hosted_ui.as_mut().unwrap();
    ui.issuer = "https://login.example.com".into();
    ui.token_endpoint = "https://login.example.com/token".into();
    let mut run = Run::new(config);
    run.press(Action::Provider(0));
    let kept = run.memory.get(&run.memory.names("attempt ", |_| true)[0]).unwrap().expose().to_owned();
    let attempt: Value = serde_json::from_str(&kept).unwrap();
    let mut claims = claims(NOW);
    (claims["iss"], claims["nonce"]) = ("https://login.example.com".into(), attempt["nonce"].clone());
    let tokens =
        json!({"id_token": crate::cognito::unsigned_token(&claims), "access_token": "a", "refresh_token": "refresh-9"});
    run.restore(&format!("code=c&state={}", attempt["state"].as_str().unwrap())).reply(&tokens);
    run.reply(&identity("eu-central-1:i")).reply(&credentials("A1", NOW.plus(HOUR)));
    run.at(NOW.plus(HOUR)).step(need_keys(None)).expect(
        "https://login.example.com/token",
        json!("grant_type=refresh_token&client_id=1abc&refresh_token=refresh-9"),
    );
    run.step(Input::SignOut);
    assert!(run.forgotten().is_none(), "the pool does not know it");
}
