//! New accounts, and new passwords for people who forgot theirs.

use super::*;
use crate::core::config::SignUp;
use crate::core::fault::FieldFault;

const PASSWORD: &str = "N3w-password";

fn signed_up(session: Option<&str>) -> Value {
    let mut reply = json!({"UserConfirmed": false, "UserSub": "s-1",
        "CodeDeliveryDetails": {"AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "a***@e***"}});
    if let Some(session) = session {
        reply["Session"] = session.into();
    }
    reply
}

fn srp(username: &str) -> Value {
    json!({"AuthFlow": "USER_SRP_AUTH", "ClientId": "1abc", "AuthParameters": {"USERNAME": username, "SRP_A": "*"}})
}

/// The code was sent.
fn to_confirm(config: Config, session: Option<&str>) -> Run {
    let mut run = Run::new(config);
    run.press(Action::SignUp).submit(&["alice", PASSWORD]).reply(&signed_up(session));
    run
}

#[test]
fn the_username_is_asked_for_once_and_sent_as_the_attribute_that_it_is() {
    let pair = |name: &str, value: &str| json!({"Name": name, "Value": value});
    for (kind, attributes, fields, values, sent) in [
        (Username::Any, &[][..], &["username", "new-password"][..], &["alice", PASSWORD][..], json!([])),
        (
            Username::Any,
            &["email", "custom:team"],
            &["username", "new-password", "email", "custom:team"],
            &["alice", PASSWORD, " alice@example.com ", "blue"],
            json!([pair("email", "alice@example.com"), pair("custom:team", "blue")]),
        ),
        (
            Username::Email,
            &["email", "name"],
            &["username", "new-password", "name"],
            &["alice@example.com", PASSWORD, "Alice"],
            json!([pair("name", "Alice"), pair("email", "alice@example.com")]),
        ),
        (
            Username::Phone,
            &["phone_number", "email"],
            &["username", "new-password", "email"],
            &["+491701234567", PASSWORD, "alice@example.com"],
            json!([pair("email", "alice@example.com"), pair("phone_number", "+491701234567")]),
        ),
        (
            Username::EmailOrPhone,
            &[],
            &["username", "new-password"],
            &["+491701234567", PASSWORD],
            json!([pair("phone_number", "+491701234567")]),
        ),
        (
            Username::EmailOrPhone,
            &[],
            &["username", "new-password"],
            &["alice@example.com", PASSWORD],
            json!([pair("email", "alice@example.com")]),
        ),
    ] {
        let mut run = Run::new(with_sign_up(kind, attributes, false));
        run.press(Action::SignUp);
        let names: Vec<String> = run.form().fields.into_iter().map(|field| field.name.into_owned()).collect();
        assert_eq!(names, fields, "{kind:?}");
        run.submit(values).expect(
            "SignUp",
            json!({"ClientId": "1abc", "Username": values[0], "Password": PASSWORD, "UserAttributes": sent}),
        );
    }
}

#[test]
fn a_sign_up_that_is_refused_stays_on_its_form_with_the_field_named() {
    for (code, field) in [
        ("UsernameExistsException", Some("username")),
        ("AliasExistsException", Some("username")),
        ("InvalidPasswordException", Some("new-password")),
        ("PasswordHistoryPolicyViolationException", Some("new-password")),
        ("UserLambdaValidationException", None),
        ("CodeDeliveryFailureException", None),
        ("InvalidParameterException", None),
        ("TooManyRequestsException", None),
    ] {
        let mut run = Run::new(with_sign_up(Username::Any, &[], false));
        run.press_with(Action::SignUp, &["alice"]);
        assert_eq!((run.asks(), run.username()), (&Step::SignUp, "alice"), "what was typed comes along");
        let form = run.form().id;
        run.submit(&["alice", PASSWORD]).refuse(code, "");
        assert_eq!((run.asks(), run.form().id), (&Step::SignUp, form));
        assert_eq!(run.wrong_field().as_deref(), field, "{code}");
        assert_eq!(run.submit(&["alice", PASSWORD]).sends(), Some("SignUp"));
    }
    let mut run = Run::new(with_sign_up(Username::Any, &[], false));
    run.press(Action::SignUp).submit(&["alice", "short"]);
    assert_eq!((run.sends(), run.fault()), (None, Some(&Fault::Field { field: 1, why: FieldFault::Policy })));
    run.press(Action::StartAgain);
    assert_eq!((run.asks(), run.username()), (&Step::SignIn, ""));
}

#[test]
fn a_code_confirms_the_account_and_the_password_signs_in() {
    let mut run = to_confirm(with_sign_up(Username::Any, &[], false), Some(SESSION));
    assert!(matches!(run.asks(), Step::ConfirmSignUp(Some(_))));
    assert!(run.form().text.contains("a***@e***"), "{}", run.form().text);
    let confirm = json!({"ClientId": "1abc", "Username": "alice", "ConfirmationCode": "123456", "Session": SESSION});
    let form = run.form().id;
    for code in ["CodeMismatchException", "ExpiredCodeException"] {
        run.submit(&["", "123 456"]).expect("ConfirmSignUp", confirm.clone()).refuse(code, "");
        assert_eq!((run.form().id, run.wrong_field().as_deref()), (form, Some("code")));
    }
    run.submit(&["", "123456"])
        .expect("ConfirmSignUp", confirm)
        .reply(&json!({"Session": "session-after-the-sign-up"}));
    run.expect("InitiateAuth", srp("alice"));
    run.reply(&verifier("PASSWORD_VERIFIER")).reply(&tokens(NOW, None));
    assert_eq!(run.sends(), Some("GetId"));
}

#[test]
fn with_user_auth_the_sign_ups_session_signs_in() {
    let by_choice = || {
        let mut config = with_choice(None);
        config.user_pool.as_mut().unwrap().sign_up = Some(SignUp { attributes: vec![], by_link: false });
        config
    };
    let mut run = to_confirm(by_choice(), Some(SESSION));
    run.submit(&["", "123456"]).reply(&json!({"Session": "session-after-the-sign-up"}));
    run.expect(
        "InitiateAuth",
        json!({"AuthFlow": "USER_AUTH", "ClientId": "1abc", "AuthParameters": {"USERNAME": "alice"},
            "Session": "session-after-the-sign-up"}),
    );
    run.reply(&tokens(NOW, None));
    assert_eq!(run.sends(), Some("GetId"));
    // An older pool returns no session, so the password is used.
    let mut run = to_confirm(by_choice(), None);
    run.submit(&["", "123456"]).reply(&json!({}));
    run.expect(
        "InitiateAuth",
        json!({"AuthFlow": "USER_AUTH", "ClientId": "1abc",
            "AuthParameters": {"USERNAME": "alice", "PREFERRED_CHALLENGE": "PASSWORD_SRP", "SRP_A": "*"}}),
    );
    // After a reload there is a session but no password.
    let mut run = to_confirm(by_choice(), Some(SESSION));
    run.restore("").submit(&["", "123456"]).reply(&json!({"Session": "session-after-the-sign-up"}));
    assert_eq!(run.body()["Session"], "session-after-the-sign-up");
}

#[test]
fn a_confirmation_after_a_reload_leads_to_the_first_form() {
    let mut run = to_confirm(with_sign_up(Username::Any, &[], false), None);
    run.restore("").submit(&["", "123456"]).reply(&json!({}));
    assert_eq!((run.asks(), run.fault(), run.username()), (&Step::SignIn, None, "alice"), "the password is not kept");
}

#[test]
fn an_account_that_is_confirmed_at_once_is_signed_in_at_once() {
    let mut run = Run::new(with_sign_up(Username::Any, &[], false));
    run.press(Action::SignUp).submit(&["alice", PASSWORD]).reply(&json!({"UserConfirmed": true, "UserSub": "s-1"}));
    run.expect("InitiateAuth", srp("alice"));
}

#[test]
fn a_link_is_followed_elsewhere_and_then_the_password_signs_in() {
    let mut run = to_confirm(with_sign_up(Username::Any, &[], true), None);
    assert_eq!(run.form().fields.len(), 1, "no code is typed");
    assert!(run.form().text.contains("link"), "{}", run.form().text);
    run.submit(&[""]).expect("InitiateAuth", srp("alice"));
    // The link has not been opened yet.
    run.reply(&verifier("PASSWORD_VERIFIER")).refuse("UserNotConfirmedException", "User is not confirmed.");
    assert!(matches!(run.asks(), Step::ConfirmSignUp(_)));
    run.submit(&[""]).expect("InitiateAuth", srp("alice"));
    run.reply(&verifier("PASSWORD_VERIFIER")).reply(&tokens(NOW, None));
    assert_eq!(run.sends(), Some("GetId"), "the password was kept all along");
}

#[test]
fn another_code_keeps_the_session_and_says_where_it_went() {
    let mut run = to_confirm(with_sign_up(Username::Any, &[], false), Some(SESSION));
    run.press(Action::Resend).expect("ResendConfirmationCode", json!({"ClientId": "1abc", "Username": "alice"}));
    run.reply(&json!({"CodeDeliveryDetails": {"AttributeName": "phone_number", "DeliveryMedium": "SMS", "Destination": "+*9934"}}));
    assert!(run.form().text.contains("+*9934"));
    run.submit(&["", "123456"]);
    assert_eq!(run.body()["Session"], SESSION);
    run.no_answer().press(Action::Resend).refuse("LimitExceededException", "Attempt limit exceeded");
    assert_eq!(run.fault(), Some(&Fault::TooManyAttempts));
    assert!(matches!(run.asks(), Step::ConfirmSignUp(_)));
}

#[test]
fn the_code_still_works_after_a_sign_ups_session_has_expired() {
    let mut run = to_confirm(with_sign_up(Username::Any, &[], false), Some(SESSION));
    run.submit(&["", "123456"]).refuse("NotAuthorizedException", "Invalid session for the user, session is expired.");
    assert_eq!((run.asks(), run.username()), (&Step::SignIn, "alice"));
    run.submit(&["alice", PASSWORD]).reply(&verifier("PASSWORD_VERIFIER")).refuse("UserNotConfirmedException", "");
    run.submit(&["", "123456"])
        .expect("ConfirmSignUp", json!({"ClientId": "1abc", "Username": "alice", "ConfirmationCode": "123456"}));
}

// --- a forgotten password -----------------------------------------------------------------------------------------------------

/// The code was sent.
fn to_reset() -> Run {
    let mut run = Run::new(config());
    run.press_with(Action::ForgotPassword, &["alice", ""]);
    assert_eq!((run.asks(), run.username()), (&Step::ForgotPassword, "alice"));
    run.submit(&["alice"]).expect("ForgotPassword", json!({"ClientId": "1abc", "Username": "alice"}));
    run.reply(&json!({"CodeDeliveryDetails": {"AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "a***@e***"}}));
    run
}

fn reset() -> Value {
    json!({"ClientId": "1abc", "Username": "alice", "ConfirmationCode": "123456", "Password": PASSWORD})
}

#[test]
fn a_forgotten_password_is_reset_and_the_new_one_signs_in() {
    let mut run = to_reset();
    assert!(run.form().text.contains("a***@e***"));
    let form = run.form().id;
    for (code, field) in [
        ("CodeMismatchException", "code"),
        ("ExpiredCodeException", "code"),
        ("InvalidPasswordException", "new-password"),
        ("PasswordHistoryPolicyViolationException", "new-password"),
    ] {
        run.submit(&["", " 123456 ", PASSWORD]).expect("ConfirmForgotPassword", reset()).refuse(code, "");
        assert_eq!((run.form().id, run.wrong_field().as_deref()), (form, Some(field)));
    }
    run.submit(&["", "123456", PASSWORD]).refuse("TooManyFailedAttemptsException", "");
    assert_eq!(run.fault(), Some(&Fault::TooManyAttempts));
    run.submit(&["", "123456", PASSWORD]);
    run.spare = Some(known_pair());
    run.reply(&json!({})).expect("InitiateAuth", srp("alice")).reply(&verifier("PASSWORD_VERIFIER"));
    let srp = SrpChallenge { user_id: "alice", salt: "a1b2", srp_b: "c3d4", secret_block: "AAAA" };
    let signature = known_pair().password_claim_signature("AbC", srp, PASSWORD, TIMESTAMP).unwrap();
    assert_eq!(run.body()["ChallengeResponses"]["PASSWORD_CLAIM_SIGNATURE"], signature);
}

#[test]
fn a_reload_keeps_the_form_for_the_code_and_the_new_password() {
    let mut run = to_reset();
    run.at(NOW.plus(HOUR)).restore("");
    assert!(matches!(run.asks(), Step::ResetPassword(Some(_))));
    run.submit(&["", "123456", PASSWORD]).expect("ConfirmForgotPassword", reset());
    run.reply(&json!({})).expect("InitiateAuth", srp("alice"));
}

#[test]
fn a_code_for_a_new_password_can_be_sent_again() {
    let mut run = to_reset();
    run.press(Action::Resend).expect("ForgotPassword", json!({"ClientId": "1abc", "Username": "alice"}));
    run.refuse("LimitExceededException", "Attempt limit exceeded, please try after some time.");
    assert!(matches!(run.asks(), Step::ResetPassword(_)));
    assert_eq!(run.fault(), Some(&Fault::TooManyAttempts));
    for (values, field) in
        [(["", "", PASSWORD], "code"), (["", "123456", ""], "new-password"), (["", "1", "short"], "new-password")]
    {
        run.submit(&values);
        assert_eq!((run.sends(), run.wrong_field().as_deref()), (None, Some(field)));
    }
}

#[test]
fn an_unknown_account_is_named_if_the_pool_says_so() {
    let mut run = Run::new(config());
    run.press(Action::ForgotPassword)
        .submit(&["nobody"])
        .refuse("UserNotFoundException", "Username/client id combination not found.");
    assert_eq!((run.asks(), run.fault()), (&Step::ForgotPassword, Some(&Fault::UnknownUser)));
}

#[test]
fn recovery_and_sign_up_are_offered_only_where_they_are_possible() {
    assert_eq!(Run::new(config()).actions(), [Action::ForgotPassword]);
    assert!(Run::new(config_with(|pool| pool.recovery = false)).actions().is_empty());
    assert!(Run::new(with_flow(AuthFlow::CustomAuth)).actions().is_empty(), "there is no password");
    let all = with_sign_up(Username::Any, &[], false);
    assert_eq!(Run::new(all).actions(), [Action::ForgotPassword, Action::SignUp]);
}

#[test]
fn a_phone_number_may_be_written_as_people_write_it() {
    let typed = " +49 (170) 123-45.67 ";
    let mut run = Run::new(with_sign_up(Username::Phone, &[], false));
    run.submit(&[typed, PASSWORD]);
    assert_eq!(run.body()["AuthParameters"]["USERNAME"], "+491701234567");
    let mut run = Run::new(with_sign_up(Username::EmailOrPhone, &[], false));
    run.press(Action::SignUp).submit(&[typed, PASSWORD]);
    assert_eq!(run.body()["Username"], "+491701234567");
    assert_eq!(run.body()["UserAttributes"][0]["Value"], "+491701234567");
    let mut run = Run::new(with_sign_up(Username::Any, &["phone_number"], false));
    run.press(Action::SignUp).submit(&["a-b (c)", PASSWORD, typed]);
    assert_eq!(
        (&run.body()["Username"], &run.body()["UserAttributes"][0]["Value"]),
        (&json!("a-b (c)"), &json!("+491701234567"))
    );
    run.refuse("UsernameExistsException", "").press(Action::StartAgain).press(Action::ForgotPassword);
    assert_eq!(run.submit(&["a-b (c)"]).body()["Username"], "a-b (c)", "a name stays as it is");
}
