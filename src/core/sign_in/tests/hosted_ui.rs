//! Leaving for another service's pages, and coming back.

use base64::Engine;
use sha2::Digest;

use super::*;
use crate::core::session::{self, Screen};
use signet_cognito::hosted_ui::CallbackFault;

/// The value of the only parameter with this name.
fn in_form(form: &str, name: &str) -> Option<String> {
    let mut values = form_urlencoded::parse(form.as_bytes()).filter(|(other, _)| other == name);
    let value = values.next().map(|(_, value)| value.into_owned());
    assert_eq!(values.next(), None, "{name}");
    value
}

/// The query parameter's value in an address.
fn parameter(url: &str, name: &str) -> String {
    in_form(url.split_once('?').unwrap().1, name).unwrap_or_default()
}

/// Leaves for the provider's page. Returns its address.
fn leave(run: &mut Run, provider: usize) -> String {
    run.press(Action::Provider(provider));
    run.left().expect("the page is left").to_owned()
}

fn tokens(nonce: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut claims = claims(NOW);
    claims["nonce"] = nonce.into();
    change(&mut claims);
    json!({"id_token": unsigned_token(&claims), "access_token": "access-token", "refresh_token": "refresh-1",
        "token_type": "Bearer", "expires_in": 3600})
}

fn attempts(run: &Run) -> usize {
    run.memory.names("attempt ", |_| true).len()
}

#[test]
fn the_page_is_left_once_the_attempt_is_stored() {
    let mut run = Run::new(with_hosted_ui());
    let url = leave(&mut run, 1);
    assert!(url.starts_with("https://signet.auth.eu-central-1.amazoncognito.com/oauth2/authorize?"));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "1abc"),
        ("redirect_uri", PAGE),
        ("scope", "openid email"),
        ("identity_provider", "okta"),
        ("code_challenge_method", "S256"),
    ] {
        assert_eq!(parameter(&url, name), value);
    }
    for name in ["state", "nonce", "code_challenge"] {
        assert_eq!(parameter(&url, name).len(), 43, "{name}");
    }
    assert!(matches!(run.screen, Some(Screen::Busy(Busy::Leaving))));
    let position = |wanted: fn(&Effect) -> bool| run.effects.iter().position(wanted).unwrap();
    assert!(
        position(|effect| matches!(effect, Effect::Remember(..)))
            < position(|effect| matches!(effect, Effect::Leave(_)))
    );
    assert!(run.submit(&["alice", "hunter2"]).effects.is_empty(), "it is being left");
}

#[test]
fn the_code_that_comes_back_becomes_tokens_and_keys() {
    let mut run = Run::new(with_hosted_ui());
    let url = leave(&mut run, 0);
    run.restore(&format!("?code=the-code&state={}", parameter(&url, "state")));
    let sent = run.body().as_str().unwrap().to_owned();
    assert_eq!(run.sends(), Some("https://signet.auth.eu-central-1.amazoncognito.com/oauth2/token"));
    let verifier = in_form(&sent, "code_verifier").unwrap();
    let begin =
        "grant_type=authorization_code&client_id=1abc&code=the-code&redirect_uri=https%3A%2F%2Fapp.example.com%2F";
    assert_eq!(sent, format!("{begin}&code_verifier={verifier}"));
    let challenge = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(verifier));
    assert_eq!(parameter(&url, "code_challenge"), challenge);
    run.reply(&tokens(&parameter(&url, "nonce"), |_| {}));
    assert_eq!(run.sends(), Some("GetId"));
    run.reply(&identity("eu-central-1:i")).reply(&credentials("A1", NOW.plus(HOUR)));
    assert!(run.is_signed_in());
}

#[test]
fn two_attempts_at_once_do_not_disturb_each_other() {
    let mut run = Run::new(with_hosted_ui());
    let first = leave(&mut run, 0);
    run.restore("");
    let second = leave(&mut run, 1);
    assert_eq!(attempts(&run), 2);
    for url in [&second, &first] {
        run.restore(&format!("code=c&state={}", parameter(url, "state")));
        run.reply(&tokens(&parameter(url, "nonce"), |_| {}));
        assert_eq!(run.sends(), Some("GetId"), "each with its own verifier and nonce");
    }
    assert_eq!(attempts(&run), 0);
}

#[test]
fn a_callback_that_was_not_asked_for_is_refused() {
    let mut run = Run::new(with_hosted_ui());
    let state = parameter(&leave(&mut run, 0), "state");
    for query in [
        "code=c&state=another".to_owned(),
        "code=c".to_owned(),
        format!("state={state}"),
        format!("code=c&error=e&state={state}"),
        format!("code=c&state={state}&state={state}"),
        "error=access_denied&error_description=Call+0900&state=another".to_owned(),
    ] {
        run.restore(&query);
        assert_eq!((run.asks(), run.fault()), (&Step::SignIn, Some(&Fault::UnknownCallback)), "{query}");
        assert_eq!(run.sends(), None);
    }
    assert_eq!(attempts(&run), 1, "the true one is still good");
    // It is valid only once.
    run.restore(&format!("code=c&state={state}"));
    assert!(run.sends().is_some());
    run.restore(&format!("code=c&state={state}"));
    assert_eq!((run.fault(), run.sends()), (Some(&Fault::UnknownCallback), None));
}

#[test]
fn an_attempt_is_forgotten_after_an_hour() {
    let mut run = Run::new(with_hosted_ui());
    let state = parameter(&leave(&mut run, 0), "state");
    run.at(NOW.plus(HOUR + 1)).restore(&format!("code=c&state={state}"));
    assert_eq!(run.fault(), Some(&Fault::UnknownCallback));
    assert_eq!(attempts(&run), 0);
}

#[test]
fn the_providers_error_is_shown() {
    for (query, fault, says) in [
        ("error=access_denied", ("access_denied", ""), "cancelled"),
        (
            "error=invalid_request&error_description=user.email%3A+Attribute+cannot+be+updated.",
            ("invalid_request", "user.email: Attribute cannot be updated."),
            "user.email: Attribute cannot be updated. Start again",
        ),
    ] {
        let mut run = Run::new(with_hosted_ui());
        let state = parameter(&leave(&mut run, 0), "state");
        run.restore(&format!("{query}&state={state}"));
        assert_eq!(run.fault(), Some(&Fault::Denied { error: fault.0.into(), description: fault.1.into() }));
        assert!(run.form().error.unwrap().text.contains(says));
        assert_eq!(attempts(&run), 0);
    }
}

#[test]
fn an_exchange_that_fails_leads_to_the_first_form() {
    let code_used = response(400, r#"{"error":"invalid_grant"}"#);
    let broken = response(200, r#"{"access_token":"a"}"#);
    let busy = response(503, "");
    for (reply, is) in [
        (
            code_used,
            (|fault| matches!(fault, Fault::Refused { code, .. } if code == "invalid_grant")) as fn(&Fault) -> bool,
        ),
        (broken, |fault| matches!(fault, Fault::Unexpected { service: Service::HostedUi, .. })),
        (busy, |fault| matches!(fault, Fault::Failing { service: Service::HostedUi, .. })),
    ] {
        let mut run = Run::new(with_hosted_ui());
        let state = parameter(&leave(&mut run, 0), "state");
        run.restore(&format!("code=c&state={state}")).respond(reply);
        assert!(is(run.fault().unwrap()), "{:?}", run.fault());
        assert_eq!(run.asks(), &Step::SignIn);
        leave(&mut run, 0);
    }
}

#[test]
fn a_token_that_is_not_the_answer_to_the_attempt_is_refused() {
    type Change = fn(&mut Value);
    let changes: [(Change, CallbackFault); 7] = [
        (|claims| claims["nonce"] = "another".into(), CallbackFault::Nonce),
        (|claims| _ = claims.as_object_mut().unwrap().remove("nonce"), CallbackFault::Nonce),
        (|claims| claims["aud"] = "another".into(), CallbackFault::Audience),
        (|claims| claims["aud"] = json!(["1abc", "another"]), CallbackFault::Audience),
        (|claims| claims["azp"] = "another".into(), CallbackFault::Audience),
        (|claims| claims["iss"] = "https://evil.example.com".into(), CallbackFault::Issuer),
        (|claims| claims["exp"] = claims["iat"].clone(), CallbackFault::Expired),
    ];
    for (change, fault) in changes {
        let mut run = Run::new(with_hosted_ui());
        let url = leave(&mut run, 0);
        run.restore(&format!("code=c&state={}", parameter(&url, "state")));
        run.reply(&tokens(&parameter(&url, "nonce"), change));
        assert_eq!((run.fault(), run.sends()), (Some(&Fault::WrongToken(fault)), None));
        assert_eq!(run.asks(), &Step::SignIn);
        assert!(run.record.is_none());
    }
}

#[test]
fn a_page_that_is_not_registered_is_not_left_and_both_addresses_are_named() {
    let mut config = with_hosted_ui();
    let ui = &mut config.hosted_ui.as_mut().unwrap().api;
    ui.redirect_sign_in = vec!["http://localhost:8080/".into(), "https://app.example.com/app".into()];
    let mut run = Run::new(config);
    run.page = "https://app.example.com/app/".into();
    run.press_with(Action::Provider(0), &["alice", ""]);
    assert_eq!((run.left(), attempts(&run)), (None, 0));
    let text = run.form().error.unwrap().text;
    assert!(text.contains("https://app.example.com/app/,") && text.contains("https://app.example.com/app."), "{text}");
    assert_eq!(run.username(), "alice");
}

#[test]
fn a_callback_while_somebody_is_signed_in_changes_nothing() {
    let mut run = Run::new(with_hosted_ui());
    let state = parameter(&leave(&mut run, 0), "state");
    run.record = Run::signed_in(with_hosted_ui()).record;
    run.restore(&format!("code=c&state={state}"));
    assert_eq!(run.sends(), Some("GetCredentialsForIdentity"));
    assert_eq!((run.username(), attempts(&run)), ("alice", 1));
    assert!(run.record.is_some());
}

#[test]
fn a_callback_comes_before_a_stored_step() {
    let mut run = proved(with_hosted_ui(), &delivered("SMS_MFA", "SMS", "+*9934"));
    run.press(Action::StartAgain);
    let state = parameter(&leave(&mut run, 0), "state");
    run.record = proved(config(), &delivered("SMS_MFA", "SMS", "+*9934")).record;
    run.restore(&format!("code=c&state={state}"));
    assert_eq!(run.sends(), Some("https://signet.auth.eu-central-1.amazoncognito.com/oauth2/token"));
}

#[test]
fn a_page_that_is_shown_again_or_was_not_left_has_its_form_back() {
    for (input, fault) in [(session::Input::ShownAgain, None), (session::Input::NotKept, Some(&Fault::NotKept))] {
        let mut run = Run::new(with_hosted_ui());
        run.press_with(Action::Provider(0), &["alice", ""]).step(input);
        assert_eq!((run.asks(), run.fault(), run.username()), (&Step::SignIn, fault, "alice"));
        assert_eq!(run.type_in().sends(), Some("InitiateAuth"));
    }
    // If the page was not left, there is nothing to undo.
    let mut run = Run::new(with_hosted_ui());
    assert!(run.step(session::Input::ShownAgain).effects.is_empty());
    assert!(run.type_in().step(session::Input::ShownAgain).effects.is_empty());
    let mut run = Run::signed_in(with_hosted_ui());
    assert!(run.step(session::Input::ShownAgain).effects.is_empty());
}

/// Somebody signed in through the hosted UI, and has keys.
fn signed_in() -> Run {
    let mut run = Run::new(with_hosted_ui());
    let url = leave(&mut run, 0);
    run.restore(&format!("code=c&state={}", parameter(&url, "state")))
        .reply(&tokens(&parameter(&url, "nonce"), |_| {}));
    run.reply(&identity("eu-central-1:i")).reply(&credentials("A1", NOW.plus(HOUR)));
    run
}

#[test]
fn signing_out_ends_the_hosted_uis_session_too_once_the_token_is_revoked() {
    const LOGOUT: &str = "https://signet.auth.eu-central-1.amazoncognito.com/logout?client_id=1abc&logout_uri=https%3A%2F%2Fapp.example.com%2F";
    for answered in [false, true] {
        let mut run = signed_in();
        run.step(session::Input::SignOut).expect("RevokeToken", json!({"ClientId": "1abc", "Token": "refresh-1"}));
        assert!(run.record.is_none(), "forgotten before anything else");
        assert_eq!((run.left(), run.session.subject()), (None, None));
        assert!(matches!(run.screen, Some(Screen::Busy(Busy::Leaving))));
        if answered {
            run.reply(&json!({}))
        } else {
            run.no_answer()
        };
        assert_eq!(run.left(), Some(LOGOUT));
        // The back button leads to the form.
        run.step(session::Input::ShownAgain);
        assert_eq!((run.asks(), run.fault()), (&Step::SignIn, None));
    }
    // After a reload the app still knows where the tokens came from.
    let mut run = signed_in();
    run.restore("").reply(&credentials("A2", NOW.plus(HOUR))).step(session::Input::SignOut).reply(&json!({}));
    assert_eq!(run.left(), Some(LOGOUT));
    // People who typed a password have no session there.
    let mut run = Run::signed_in(with_hosted_ui());
    run.step(session::Input::SignOut);
    assert_eq!((run.left(), run.asks()), (None, &Step::SignIn));
    assert!(run.forgotten().is_some());
}

#[test]
fn tokens_of_the_pools_hosted_ui_are_refreshed_at_the_pool() {
    let mut run = signed_in();
    run.at(NOW.plus(HOUR)).step(session::Input::NeedKeys { refused: None });
    run.expect("GetTokensFromRefreshToken", json!({"ClientId": "1abc", "RefreshToken": "refresh-1"}));
    run.refuse("NotAuthorizedException", "Refresh Token has been revoked");
    assert_eq!((run.fault(), run.username()), (Some(&Fault::SessionEnded), ""), "nothing was typed");
}
