mod accounts;
mod challenges;
mod hosted_ui;

use serde_json::{Value, json};

use super::*;
use crate::core::config::{AuthFlow, Config, Username};
use crate::core::session::harness::*;
use signet_cognito::SrpChallenge;

/// The password was proved, and the pool sent this reply.
fn proved(config: Config, reply: &Value) -> Run {
    let mut run = Run::new(config);
    run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(reply);
    run
}

/// A browser that the user pool remembers for alice.
fn with_device(mut run: Run) -> Run {
    let device = json!({"key": "eu-central-1_d", "group": "-gr", "password": "device-password"}).to_string();
    run.memory = crate::core::session::Memory::new(vec![("device eu-central-1_AbC alice".into(), secret(&device))]);
    run
}

#[test]
fn a_pool_can_let_the_person_choose_to_remember_the_device() {
    for (choice, status) in [("yes", "remembered"), ("no", "not_remembered")] {
        for no_answer in [false, true] {
            let mut run = proved(config(), &new_device());
            run.reply(&json!({"UserConfirmationNecessary": true}));
            assert_eq!((run.asks(), run.sends()), (&Step::RememberDevice, None));
            run.submit(&[choice]).expect(
                "UpdateDeviceStatus",
                json!({"AccessToken": "access-token", "DeviceKey": "eu-central-1_d", "DeviceRememberedStatus": status}),
            );
            if no_answer {
                run.no_answer()
            } else {
                run.reply(&json!({}))
            };
            assert_eq!(run.sends(), Some("GetId"), "signed in either way");
        }
    }
}

#[test]
fn a_device_that_cannot_be_proved_is_forgotten_and_not_taken_for_a_wrong_password() {
    for steps in [1, 2] {
        let mut run = with_device(Run::new(config()));
        run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&challenge("DEVICE_SRP_AUTH", &json!({})));
        if steps == 2 {
            run.reply(&verifier("DEVICE_PASSWORD_VERIFIER"));
        }
        run.refuse("NotAuthorizedException", "Incorrect username or password.");
        assert_eq!((run.asks(), run.fault()), (&Step::SignIn, Some(&Fault::SignInExpired)));
        assert_eq!(run.username(), "alice");
        run.type_in();
        assert!(run.body()["AuthParameters"].get("DEVICE_KEY").is_none(), "the next time without it");
    }
}

#[test]
fn a_code_that_cannot_be_exchanged_leads_to_a_whole_first_form() {
    let mut run = Run::new(with_hosted_ui());
    run.press(Action::Provider(0));
    let state = run.memory.names("attempt ", |_| true)[0]["attempt ".len()..].to_owned();
    run.restore(&format!("?code=c&state={state}")).no_answer();
    assert_eq!(run.fault(), Some(&Fault::Unreachable { service: Service::HostedUi }));
    assert_ne!(run.form().id, FormId(0), "a form of its own: that of index.html shows only its error anew");
}

#[test]
fn a_new_accounts_code_is_valid_for_a_day() {
    let mut run = Run::new(with_sign_up(Username::Any, &[], false));
    run.press(Action::SignUp).submit(&["alice", "N3w-password"]);
    run.reply(&json!({"UserConfirmed": false, "UserSub": "s-1", "Session": SESSION,
        "CodeDeliveryDetails": {"Destination": "a***@e***", "DeliveryMedium": "EMAIL", "AttributeName": "email"}}));
    let confirm = json!({"ClientId": "1abc", "Username": "alice", "ConfirmationCode": "123456"});
    run.at(NOW.plus(10 * MINUTE)).restore("").submit(&["alice", "123456"]);
    assert_eq!(run.body()["Session"], SESSION, "while it is good");
    run.no_answer().at(NOW.plus(HOUR)).restore("");
    assert!(matches!(run.asks(), Step::ConfirmSignUp(Some(_))) && run.fault().is_none());
    run.submit(&["alice", "123456"]).expect("ConfirmSignUp", confirm);
    run.no_answer().at(NOW.plus(50 * HOUR)).restore("");
    assert_eq!((run.asks(), run.fault()), (&Step::SignIn, Some(&Fault::SignInExpired)));
    assert_eq!(run.username(), "alice");
}

#[test]
fn another_way_is_offered_until_the_first_factor_is_proved_and_not_beside_a_second() {
    for answer in ["PASSWORD_SRP", "PASSWORD"] {
        let mut run = Run::new(with_choice(None));
        let mut offer = challenge("SELECT_CHALLENGE", &json!({"USERNAME": "alice"}));
        offer["AvailableChallenges"] = json!([answer, "EMAIL_OTP"]);
        run.submit(&["alice"]).reply(&offer).submit(&[answer]).submit(&["alice", "wrong"]);
        if answer == "PASSWORD_SRP" {
            run.reply(&verifier("PASSWORD_VERIFIER"));
        }
        run.refuse("NotAuthorizedException", "Incorrect username or password.");
        assert_eq!((run.asks(), run.fault()), (&Step::Password, Some(&Fault::WrongPassword)));
        assert_eq!(run.actions(), [Action::AnotherWay, Action::StartAgain]);
        run.submit(&["alice", "hunter2"]);
        if answer == "PASSWORD_SRP" {
            run.reply(&verifier("PASSWORD_VERIFIER"));
        }
        // Requesting another code would start a new sign-in with the second factor alone.
        run.reply(&delivered("EMAIL_OTP", "EMAIL", "a***@e***"));
        assert_eq!(run.actions(), [Action::StartAgain], "{answer}");
    }
}

#[test]
fn an_already_confirmed_account_is_signed_in() {
    for (resends, code, said) in [
        (false, "NotAuthorizedException", "User cannot be confirmed. Current status is CONFIRMED"),
        (true, "InvalidParameterException", "User is already confirmed."),
    ] {
        let mut run = Run::new(config());
        run.type_in()
            .reply(&verifier("PASSWORD_VERIFIER"))
            .refuse("UserNotConfirmedException", "User is not confirmed.");
        assert_eq!(run.asks(), &Step::ConfirmSignUp(None));
        if resends {
            run.press(Action::Resend)
        } else {
            run.submit(&["alice", "123456"])
        };
        run.refuse(code, said);
        // With the password that was typed before.
        run.expect(
            "InitiateAuth",
            json!({"AuthFlow": "USER_SRP_AUTH", "ClientId": "1abc", "AuthParameters": {"USERNAME": "alice", "SRP_A": "*"}}),
        );
    }
}

#[test]
fn a_wrong_answer_that_ends_the_sign_in_goes_back_to_the_first_form() {
    for reply in [
        challenge("CUSTOM_CHALLENGE", &json!({"USERNAME": "alice", "question": "Favourite colour?"})),
        challenge("SOFTWARE_TOKEN_MFA", &json!({})),
    ] {
        let mut run = proved(config(), &reply);
        run.submit(&["green"]).refuse("NotAuthorizedException", "Incorrect username or password.");
        assert_eq!((run.asks(), run.fault()), (&Step::SignIn, Some(&Fault::WrongAnswer)), "its session is spent");
        assert_eq!(run.username(), "alice");
    }
}

#[test]
fn the_form_of_index_html_is_shown_again_where_nothing_is_typed() {
    let hidden = config_with(|pool| pool.form = false);
    let none = Config { user_pool: None, ..with_hosted_ui() };
    for config in [hidden, none] {
        let mut run = Run::new(config);
        run.step(crate::core::session::Input::Submit(FormId(0), secrets(&["alice", "hunter2"])));
        assert_eq!((run.sends(), run.form().fields.len()), (None, 0));
        assert!(!run.effects.is_empty(), "the page waits for a word");
    }
}

#[test]
fn a_device_that_the_pool_forgot_is_forgotten_and_the_sign_in_goes_on() {
    for (flow, values) in [
        (AuthFlow::UserSrpAuth, &["alice", "hunter2"][..]),
        (AuthFlow::UserPasswordAuth, &["alice", "hunter2"]),
        (AuthFlow::CustomAuthWithSrp, &["alice", "hunter2"]),
        (AuthFlow::CustomAuth, &["alice"]),
        (AuthFlow::UserAuth, &["alice"]),
    ] {
        let mut run = with_device(Run::new(with_flow(flow)));
        run.submit(values);
        let mut first = run.body();
        let parameters = first["AuthParameters"].as_object_mut().unwrap();
        assert_eq!(parameters.remove("DEVICE_KEY"), Some("eu-central-1_d".into()), "{flow:?}");
        run.refuse("ResourceNotFoundException", "Device does not exist.");
        assert!(run.memory.names("device", |_| true).is_empty());
        // The same request without the device, apart from a fresh number.
        let srp_a = parameters.get("SRP_A").map(|_| "*");
        if let Some(any) = srp_a {
            parameters.insert("SRP_A".into(), any.into());
        }
        run.expect("InitiateAuth", first);
        run.refuse("ResourceNotFoundException", "Device does not exist.");
        assert_eq!((run.sends(), run.asks()), (None, &Step::SignIn), "once");
    }
    let mut run = with_device(Run::new(config()));
    run.type_in().reply(&verifier("PASSWORD_VERIFIER")).reply(&challenge("DEVICE_SRP_AUTH", &json!({})));
    run.refuse("ResourceNotFoundException", "Device does not exist.");
    assert_eq!((run.asks(), run.fault()), (&Step::SignIn, Some(&Fault::SignInExpired)), "the password is gone");
    assert!(run.memory.names("device", |_| true).is_empty());
}

#[test]
fn form_number_zero_is_the_first_form() {
    let mut run = Run::new(config());
    assert_ne!(run.last_form, FormId(0));
    run.step(crate::core::session::Input::Submit(FormId(0), secrets(&["alice", "hunter2"])));
    assert_eq!(run.sends(), Some("InitiateAuth"));
    assert!(
        run.step(crate::core::session::Input::Submit(FormId(0), secrets(&["alice", "hunter2"]))).effects.is_empty()
    );
    run.refuse("NotAuthorizedException", "Incorrect username or password.");
    assert_eq!((run.username(), run.fault()), ("alice", Some(&Fault::WrongPassword)));
}

#[test]
fn an_unknown_button_shows_the_form_again() {
    let mut run = Run::new(config());
    let form = run.form().id;
    run.step(crate::core::session::Input::Press(form, 99, vec![]));
    let answered = |effect: &crate::core::session::Effect| {
        matches!(effect, crate::core::session::Effect::Show(crate::core::session::Screen::Ask(_)))
    };
    assert!(run.effects.iter().any(answered), "the page waits for one");
    assert_eq!(run.form().id, form);
}
