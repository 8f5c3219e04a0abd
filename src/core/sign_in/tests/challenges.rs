//! Every flow and every challenge, with requests and replies as in AWS's API reference.

use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::core::config::PasswordPolicy;
use crate::core::fault::FieldFault;
use crate::core::session::{self, Screen, Session};

const CHOICES: &[&str] = &["PASSWORD_SRP", "PASSWORD", "WEB_AUTHN", "EMAIL_OTP", "SMS_OTP"];
const OPTIONS: &str = r#"{"challenge":"AAAA","rpId":"example.com","userVerification":"preferred"}"#;

fn email_code() -> Value {
    delivered("EMAIL_OTP", "EMAIL", "a***@e***")
}

fn passkey() -> Value {
    challenge("WEB_AUTHN", &json!({"CREDENTIAL_REQUEST_OPTIONS": OPTIONS}))
}

fn offer(available: &[&str]) -> Value {
    let mut offer = challenge("SELECT_CHALLENGE", &json!({"USERNAME": "alice"}));
    offer["AvailableChallenges"] = json!(available);
    offer
}

fn code_by(medium: &str, destination: &str) -> Step {
    Step::Code(Some(cognito::Delivery { medium: medium.into(), destination: destination.into() }))
}

/// `RespondToAuthChallenge` in the session of [`challenge`].
fn answer(name: &str, responses: &Value) -> Value {
    let mut all = json!({"USERNAME": "alice"});
    all.as_object_mut().unwrap().extend(responses.as_object().unwrap().clone());
    json!({"ChallengeName": name, "ClientId": "1abc", "Session": SESSION, "ChallengeResponses": all})
}

fn initiated(flow: &str, parameters: &Value) -> Value {
    let mut all = json!({"USERNAME": "alice"});
    all.as_object_mut().unwrap().extend(parameters.as_object().unwrap().clone());
    json!({"AuthFlow": flow, "ClientId": "1abc", "AuthParameters": all})
}

#[test]
fn each_flow_begins_and_goes_on_as_documented() {
    for (flow, values, begun, to_verify) in [
        (AuthFlow::UserSrpAuth, &["alice", "hunter2"][..], initiated("USER_SRP_AUTH", &json!({"SRP_A": "*"})), true),
        (
            AuthFlow::UserPasswordAuth,
            &["alice", "hunter2"],
            initiated("USER_PASSWORD_AUTH", &json!({"PASSWORD": "hunter2"})),
            false,
        ),
        (AuthFlow::CustomAuth, &["alice"], initiated("CUSTOM_AUTH", &json!({})), false),
        (
            AuthFlow::CustomAuthWithSrp,
            &["alice", "hunter2"],
            initiated("CUSTOM_AUTH", &json!({"SRP_A": "*", "CHALLENGE_NAME": "SRP_A"})),
            true,
        ),
        (AuthFlow::UserAuth, &["alice"], initiated("USER_AUTH", &json!({})), false),
    ] {
        let mut run = Run::new(with_flow(flow));
        assert_eq!(run.form().fields.len(), values.len(), "{flow:?}");
        run.submit(values).expect("InitiateAuth", begun);
        if to_verify {
            run.reply(&verifier("PASSWORD_VERIFIER")).expect("RespondToAuthChallenge", verified("PASSWORD_VERIFIER"));
        }
        run.reply(&tokens(NOW, Some("refresh-1")));
        assert_eq!(run.sends(), Some("GetId"), "{flow:?}");
    }
}

fn verified(name: &str) -> Value {
    answer(
        name,
        &json!({"PASSWORD_CLAIM_SECRET_BLOCK": "AAAA", "PASSWORD_CLAIM_SIGNATURE": "*", "TIMESTAMP": TIMESTAMP}),
    )
}

#[test]
fn the_srp_proof_uses_the_typed_password_and_the_pools_name_for_the_person() {
    let mut run = Run::new(config());
    run.spare = Some(known_pair());
    run.submit(&[" alice@example.com ", " hunter2 "]);
    assert_eq!(
        run.body()["AuthParameters"]["USERNAME"],
        "alice@example.com",
        "spaces around a username are none of it"
    );
    assert_eq!(run.body()["AuthParameters"]["SRP_A"], known_pair().srp_a());
    run.reply(&verifier("PASSWORD_VERIFIER"));
    let srp = SrpChallenge { user_id: "alice", salt: "a1b2", srp_b: "c3d4", secret_block: "AAAA" };
    // The spaces around a password are kept.
    let signature = known_pair().password_claim_signature("AbC", srp, " hunter2 ", TIMESTAMP).unwrap();
    let mut expected = verified("PASSWORD_VERIFIER");
    expected["ChallengeResponses"]["PASSWORD_CLAIM_SIGNATURE"] = signature.into();
    run.expect("RespondToAuthChallenge", expected);
}

#[test]
fn a_verifier_that_srp_forbids_or_that_nobody_waits_for_ends_the_sign_in() {
    let mut zero = verifier("PASSWORD_VERIFIER");
    zero["ChallengeParameters"]["SRP_B"] = "0".into();
    let mut unreadable = verifier("PASSWORD_VERIFIER");
    unreadable["ChallengeParameters"]["SALT"] = "xyz".into();
    for reply in [zero, unreadable, verifier("DEVICE_PASSWORD_VERIFIER")] {
        let mut run = Run::new(config());
        run.type_in().reply(&reply);
        assert!(matches!(run.fault(), Some(Fault::Unexpected { service: Service::UserPool, .. })));
        assert_eq!((run.asks(), run.username()), (&Step::SignIn, "alice"));
    }
    let mut run = proved(config(), &verifier("PASSWORD_VERIFIER"));
    assert!(matches!(run.fault(), Some(Fault::Unexpected { .. })), "twice: {:?}", run.fault());
    assert_eq!(run.type_in().sends(), Some("InitiateAuth"));
}

// --- challenges that are a form -----------------------------------------------------------------------------------------------

struct Row {
    challenge: Value,
    step: Step,
    fields: &'static [&'static str],
    values: &'static [&'static str],
    /// The operation that sends the answer.
    operation: &'static str,
    body: Value,
    /// A refusal that keeps the form, and the field that the error is about.
    wrong: (&'static str, &'static str),
}

fn code_row(challenge: Value, step: Step, response: &'static str) -> Row {
    let name = challenge["ChallengeName"].as_str().unwrap().to_owned();
    Row {
        challenge,
        step,
        fields: &["code"],
        values: &[" 123 456 "],
        operation: "RespondToAuthChallenge",
        body: answer(&name, &json!({ response: "123456" })),
        wrong: ("CodeMismatchException", "code"),
    }
}

fn rows() -> Vec<Row> {
    let setup = |methods: &str| challenge("MFA_SETUP", &json!({"MFAS_CAN_SETUP": methods, "USER_ID_FOR_SRP": "alice"}));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    vec![
        code_row(delivered("SMS_MFA", "SMS", "+*******9934"), code_by("SMS", "+*******9934"), "SMS_MFA_CODE"),
        code_row(delivered("SMS_OTP", "SMS", "+*******9934"), code_by("SMS", "+*******9934"), "SMS_OTP_CODE"),
        code_row(email_code(), code_by("EMAIL", "a***@e***"), "EMAIL_OTP_CODE"),
        code_row(challenge("EMAIL_OTP", &json!({})), code_by("EMAIL", ""), "EMAIL_OTP_CODE"),
        code_row(
            challenge("SOFTWARE_TOKEN_MFA", &json!({"USER_ID_FOR_SRP": "alice", "FRIENDLY_DEVICE_NAME": "phone"})),
            Step::Code(None),
            "SOFTWARE_TOKEN_MFA_CODE",
        ),
        Row {
            challenge: challenge(
                "SELECT_MFA_TYPE",
                &json!({"MFAS_CAN_CHOOSE": r#"["SMS_MFA","SOFTWARE_TOKEN_MFA","NEW_MFA"]"#, "USER_ID_FOR_SRP": "alice"}),
            ),
            step: Step::SelectMfaType(names(&["SOFTWARE_TOKEN_MFA", "SMS_MFA"])),
            fields: &["choice"],
            values: &["SMS_MFA"],
            operation: "RespondToAuthChallenge",
            body: answer("SELECT_MFA_TYPE", &json!({"ANSWER": "SMS_MFA"})),
            wrong: ("InvalidParameterException", ""),
        },
        Row {
            challenge: setup(r#"["EMAIL_OTP"]"#),
            step: Step::SetUpEmail,
            fields: &["email"],
            values: &[" alice@example.com "],
            operation: "RespondToAuthChallenge",
            body: answer("MFA_SETUP", &json!({"EMAIL": "alice@example.com"})),
            wrong: ("CodeDeliveryFailureException", ""),
        },
        Row {
            challenge: setup(r#"["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]"#),
            step: Step::SelectMfaSetup(names(&["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"])),
            fields: &["choice"],
            values: &["SOFTWARE_TOKEN_MFA"],
            operation: "AssociateSoftwareToken",
            body: json!({"Session": SESSION}),
            wrong: ("InvalidParameterException", ""),
        },
        Row {
            challenge: challenge(
                "NEW_PASSWORD_REQUIRED",
                &json!({"USER_ID_FOR_SRP": "alice", "userAttributes": "{\"email\":\"\"}",
                    "requiredAttributes": r#"["userAttributes.email","userAttributes.custom:team"]"#}),
            ),
            step: Step::NewPassword(names(&["email", "custom:team"])),
            fields: &["username", "new-password", "email", "custom:team"],
            values: &["alice", "N3w-password", "alice@example.com", "blue"],
            operation: "RespondToAuthChallenge",
            body: answer(
                "NEW_PASSWORD_REQUIRED",
                &json!({"NEW_PASSWORD": "N3w-password", "userAttributes.email": "alice@example.com",
                    "userAttributes.custom:team": "blue"}),
            ),
            wrong: ("InvalidPasswordException", "new-password"),
        },
        Row {
            challenge: challenge("CUSTOM_CHALLENGE", &json!({"USERNAME": "alice", "question": "Favourite colour?"})),
            step: Step::Custom(vec![("question".into(), "Favourite colour?".into())]),
            fields: &["answer"],
            values: &[" green "],
            operation: "RespondToAuthChallenge",
            body: answer("CUSTOM_CHALLENGE", &json!({"ANSWER": " green "})),
            wrong: ("UserLambdaValidationException", ""),
        },
    ]
}

#[test]
fn every_challenge_is_a_form_and_its_answer_the_documented_request() {
    for row in rows() {
        let mut run = proved(config(), &row.challenge);
        assert_eq!(run.asks(), &row.step);
        let fields: Vec<String> = run.form().fields.into_iter().map(|field| field.name.into_owned()).collect();
        assert_eq!(fields, row.fields, "{:?}", row.step);
        run.submit(row.values).expect(row.operation, row.body);
        assert!(matches!(run.screen, Some(Screen::Busy(_))));
    }
}

#[test]
fn a_wrong_answer_stays_on_its_form_and_in_its_session() {
    for row in rows() {
        let mut run = proved(config(), &row.challenge);
        let form = run.form().id;
        for _ in 0..2 {
            run.submit(row.values).refuse(row.wrong.0, "");
            assert_eq!((run.asks(), run.form().id), (&row.step, form));
            assert!(matches!(run.fault(), Some(Fault::Refused { .. })));
            assert_eq!(run.wrong_field().as_deref().unwrap_or_default(), row.wrong.1, "{:?}", row.step);
        }
        run.submit(row.values).expect(row.operation, row.body);
    }
}

/// How the pool fails, and a check of the fault that is shown.
type Failure = (fn(&mut Run) -> &mut Run, fn(&Fault) -> bool);

#[test]
fn temporary_failures_and_lockouts_stay_on_the_form() {
    for row in rows() {
        let mut run = proved(config(), &row.challenge);
        let failures: [Failure; 7] = [
            (|run| run.refuse("ExpiredCodeException", ""), |f| matches!(f, Fault::Refused { .. })),
            (|run| run.refuse("LimitExceededException", ""), |f| *f == Fault::TooManyAttempts),
            (|run| run.refuse("TooManyFailedAttemptsException", ""), |f| *f == Fault::TooManyAttempts),
            (|run| run.refuse("TooManyRequestsException", ""), |f| matches!(f, Fault::Throttled { .. })),
            (|run| run.respond(response(502, "")), |f| matches!(f, Fault::Failing { .. })),
            (|run| run.respond(response(200, "[]")), |f| matches!(f, Fault::Unexpected { .. })),
            (Run::no_answer, |f| matches!(f, Fault::Unreachable { service: Service::UserPool })),
        ];
        for (fails, is) in failures {
            fails(run.submit(row.values));
            assert!(is(run.fault().unwrap()), "{:?}", run.fault());
            assert_eq!((run.asks(), run.sends()), (&row.step, None));
        }
        run.submit(row.values).expect(row.operation, row.body);
    }
}

#[test]
fn a_used_or_expired_session_leads_to_the_first_form_with_the_username() {
    for row in rows() {
        for said in [
            "Invalid session for the user.",
            "Invalid session for the user, session is expired.",
            "Invalid session for the user, session can only be used once.",
        ] {
            let mut run = proved(config(), &row.challenge);
            run.submit(row.values).refuse("NotAuthorizedException", said);
            assert_eq!((run.asks(), run.fault()), (&Step::SignIn, Some(&Fault::SignInExpired)));
            assert_eq!(run.username(), "alice");
            assert!(run.record.is_none());
        }
    }
}

#[test]
fn a_reload_in_the_middle_asks_the_same_and_sends_the_same() {
    for row in rows() {
        let mut run = proved(config(), &row.challenge);
        run.at(NOW.plus(14 * MINUTE)).restore("");
        assert_eq!((run.asks(), run.sends()), (&row.step, None));
        run.submit(row.values).expect(row.operation, row.body);

        let mut run = proved(config(), &row.challenge);
        run.at(NOW.plus(15 * MINUTE + 1)).restore("");
        assert_eq!((run.asks(), run.fault()), (&Step::SignIn, Some(&Fault::SignInExpired)));
        assert_eq!(run.username(), "alice");
        assert!(run.record.is_none());
    }
}

#[test]
fn a_form_is_answered_once_and_only_while_it_is_shown() {
    for row in rows() {
        let mut run = proved(config(), &row.challenge);
        let earlier = FormId(run.last_form.0 - 1);
        for form in [earlier, FormId(0), FormId(99)] {
            assert!(run.step(session::Input::Submit(form, secrets(row.values))).effects.is_empty(), "{form:?}");
            assert!(run.step(session::Input::Press(form, 0, vec![])).effects.is_empty(), "{form:?}");
        }
        assert!(run.submit(row.values).sends().is_some());
        assert!(run.submit(row.values).effects.is_empty(), "the second is dropped");
        assert!(run.step(session::Input::Press(run.last_form, 0, vec![])).effects.is_empty());
        // The reply to the first still counts, and only once.
        run.refuse("LimitExceededException", "");
        assert_eq!(run.fault(), Some(&Fault::TooManyAttempts));
        assert!(run.reply(&tokens(NOW, None)).effects.is_empty(), "a late reply is dropped");
    }
}

#[test]
fn empty_fields_are_not_sent() {
    for row in rows() {
        let mut run = proved(config(), &row.challenge);
        let kinds = run.asks().fields(&run.config);
        for (index, input) in kinds.iter().enumerate() {
            let mut values = row.values.to_vec();
            values[index] = " ";
            run.submit(&values);
            if *input == FormField::FixedUsername {
                assert!(run.sends().is_some(), "it is the pool's");
                run.refuse("LimitExceededException", "");
                continue;
            }
            assert_eq!(run.sends(), None, "{input:?}");
            assert_eq!(run.wrong_field().as_deref(), Some(row.fields[index]));
            assert!(matches!(run.fault(), Some(Fault::Field { .. })));
        }
        assert!(run.submit(&[]).sends().is_none(), "a page that sends nothing at all");
        run.submit(row.values).expect(row.operation, row.body);
    }
}

#[test]
fn a_new_password_that_the_policy_forbids_is_not_sent() {
    let new_password =
        challenge("NEW_PASSWORD_REQUIRED", &json!({"USER_ID_FOR_SRP": "alice", "requiredAttributes": "[]"}));
    for (password, allowed) in [
        ("N3w-word", true),
        ("N3w word", true),
        ("N3-word", false),
        ("n3w-word", false),
        ("N3W-WORD", false),
        ("New-word", false),
        ("N3wword1", false),
        ("N3wword1 ", false),
        ("", false),
    ] {
        let mut run = proved(config(), &new_password);
        run.submit(&["alice", password]);
        assert_eq!(run.sends().is_some(), allowed, "{password}");
        if !allowed {
            let why = if password.is_empty() { FieldFault::Empty } else { FieldFault::Policy };
            assert_eq!(run.fault(), Some(&Fault::Field { field: 1, why }));
        }
    }
    let lenient = config_with(|pool| {
        pool.password_policy =
            PasswordPolicy { minimum_length: 3, lowercase: false, uppercase: false, numbers: false, symbols: false };
    });
    let mut run = proved(lenient, &new_password);
    assert!(run.submit(&["alice", "äöü"]).sends().is_some(), "characters are counted, not bytes");
}

#[test]
fn custom_challenges_come_several_in_a_row() {
    let mut run = Run::new(with_flow(AuthFlow::CustomAuth));
    run.submit(&["alice"]);
    let question = challenge("CUSTOM_CHALLENGE", &json!({"USERNAME": "alice", "question": "Favourite colour?"}));
    run.reply(&question);
    let first = run.form();
    assert_eq!(first.text, "Favourite colour?");
    // After a wrong answer, the pool's own code asks the same question in another session.
    let mut again = question.clone();
    again["Session"] = "another-session-of-twenty-or-more".into();
    run.submit(&["red"]).reply(&again);
    assert_ne!(run.form().id, first.id, "a new form, empty");
    run.submit(&["green"]);
    assert_eq!(run.body()["Session"], "another-session-of-twenty-or-more");
    run.reply(&challenge("CUSTOM_CHALLENGE", &json!({"USERNAME": "alice", "question": "Which year?"})));
    assert_eq!(run.form().text, "Which year?");
    run.submit(&["1984"]).reply(&tokens(NOW, None));
    assert_eq!(run.sends(), Some("GetId"));
}

#[test]
fn challenges_follow_each_other_in_the_order_that_the_pool_wants() {
    let mut run = proved(config(), &challenge("NEW_PASSWORD_REQUIRED", &json!({"requiredAttributes": "[]"})));
    run.submit(&["alice", "N3w-password"]);
    let both = r#"["SMS_MFA","SOFTWARE_TOKEN_MFA"]"#;
    run.reply(&challenge("SELECT_MFA_TYPE", &json!({"MFAS_CAN_CHOOSE": both})));
    run.submit(&["SMS_MFA"]).reply(&delivered("SMS_MFA", "SMS", "+*******9934"));
    run.submit(&["123456"]).reply(&tokens(NOW, Some("refresh-1")));
    run.reply(&identity("eu-central-1:i")).reply(&credentials("A1", NOW.plus(HOUR)));
    assert!(run.is_signed_in());
}

#[test]
fn a_challenge_that_this_app_does_not_know_is_named() {
    for (challenge, name) in [
        (challenge("RETINA_SCAN", &json!({})), "RETINA_SCAN"),
        (challenge("ADMIN_NO_SRP_AUTH", &json!({})), "ADMIN_NO_SRP_AUTH"),
        (challenge("MFA_SETUP", &json!({"MFAS_CAN_SETUP": r#"["SMS_MFA"]"#})), "MFA_SETUP SMS_MFA"),
        (challenge("MFA_SETUP", &json!({})), "MFA_SETUP"),
        (challenge("SELECT_MFA_TYPE", &json!({"MFAS_CAN_CHOOSE": "no list"})), "SELECT_MFA_TYPE"),
        (offer(&["RETINA_SCAN"]), "SELECT_CHALLENGE RETINA_SCAN"),
        (challenge("DEVICE_SRP_AUTH", &json!({})), "DEVICE_SRP_AUTH"),
    ] {
        let run = proved(config(), &challenge);
        assert_eq!(run.fault(), Some(&Fault::UnknownChallenge { name: name.into() }));
        assert_eq!((run.asks(), run.username(), run.sends()), (&Step::SignIn, "alice", None));
        assert!(run.form().error.unwrap().text.contains(name));
    }
}

#[test]
fn refusals_of_the_first_form_are_told_apart() {
    for (code, said, fault) in [
        ("NotAuthorizedException", "Incorrect username or password.", Fault::WrongPassword),
        ("UserNotFoundException", "User does not exist.", Fault::WrongPassword),
        ("NotAuthorizedException", "Password attempts exceeded", Fault::TooManyAttempts),
        ("NotAuthorizedException", "User is disabled.", Fault::Disabled),
        (
            "NotAuthorizedException",
            "Temporary password has expired and must be reset by an administrator.",
            Fault::TemporaryPasswordExpired,
        ),
        (
            "NotAuthorizedException",
            "Client 1abc is configured with secret but SECRET_HASH was not received",
            Fault::ClientSecret,
        ),
    ] {
        let mut run = Run::new(config());
        let form = run.form().id;
        for claimed in [false, true] {
            run.type_in();
            if claimed {
                run.reply(&verifier("PASSWORD_VERIFIER"));
            }
            run.refuse(code, said);
            assert_eq!((run.asks(), run.fault()), (&Step::SignIn, Some(&fault)));
            assert_eq!((run.form().id, run.username()), (form, "alice"), "what was typed stays");
            let field = (fault == Fault::WrongPassword).then_some("password");
            assert_eq!(run.wrong_field().as_deref(), field);
        }
    }
}

#[test]
fn an_account_that_is_not_confirmed_or_is_to_be_reset_is_a_step() {
    let mut run = Run::new(config());
    run.type_in().reply(&verifier("PASSWORD_VERIFIER")).refuse("UserNotConfirmedException", "User is not confirmed.");
    assert_eq!((run.asks(), run.fault()), (&Step::ConfirmSignUp(None), None));
    assert_eq!(run.form().buttons[0].wait, 0, "the code may be long gone");
    run.submit(&["alice", "123 456"])
        .expect("ConfirmSignUp", json!({"ClientId": "1abc", "Username": "alice", "ConfirmationCode": "123456"}));
    run.reply(&json!({})).expect("InitiateAuth", initiated("USER_SRP_AUTH", &json!({"SRP_A": "*"})));
    run.reply(&verifier("PASSWORD_VERIFIER")).reply(&tokens(NOW, None));
    assert_eq!(run.sends(), Some("GetId"), "with the password that was typed before");

    let mut run = Run::new(config());
    run.type_in()
        .reply(&verifier("PASSWORD_VERIFIER"))
        .refuse("PasswordResetRequiredException", "Password reset required");
    run.expect("ForgotPassword", json!({"ClientId": "1abc", "Username": "alice"}));
    run.reply(&json!({"CodeDeliveryDetails": {"Destination": "a***@e***", "DeliveryMedium": "EMAIL"}}));
    assert!(matches!(run.asks(), Step::ResetPassword(Some(_))));

    let mut run = Run::new(config());
    run.type_in().refuse("PasswordResetRequiredException", "").refuse("LimitExceededException", "");
    assert_eq!((run.asks(), run.fault()), (&Step::SignIn, Some(&Fault::TooManyAttempts)));
}

// --- an authenticator app -----------------------------------------------------------------------------------------------------

fn totp() -> Run {
    let only = challenge("MFA_SETUP", &json!({"MFAS_CAN_SETUP": r#"["SOFTWARE_TOKEN_MFA"]"#}));
    let mut run = proved(config(), &only);
    run.expect("AssociateSoftwareToken", json!({"Session": SESSION}));
    run.reply(&json!({"SecretCode": TOTP_SECRET, "Session": "session-of-the-secret-code"}));
    run
}

#[test]
fn an_authenticator_app_is_set_up_in_three_requests_each_in_its_session() {
    let mut run = totp();
    assert_eq!(run.asks(), &Step::SetUpTotp);
    assert_eq!(run.form().fields[0].value, TOTP_SECRET);
    for _ in 0..2 {
        run.submit(&["", "123 456"])
            .expect("VerifySoftwareToken", json!({"Session": "session-of-the-secret-code", "UserCode": "123456"}));
        run.refuse("EnableSoftwareTokenMFAException", "Code mismatch");
        assert_eq!((run.asks(), run.wrong_field().as_deref()), (&Step::SetUpTotp, Some("code")));
    }
    // A reload shows the same secret, because it may already be in the authenticator app.
    run.restore("");
    assert_eq!(run.form().fields[0].value, TOTP_SECRET);
    run.submit(&["", "123456"]).reply(&json!({"Status": "SUCCESS", "Session": "session-of-the-verified-code"}));
    let mut done = answer("MFA_SETUP", &json!({}));
    done["Session"] = "session-of-the-verified-code".into();
    run.expect("RespondToAuthChallenge", done);
    run.reply(&tokens(NOW, None));
    assert_eq!(run.sends(), Some("GetId"));
}

#[test]
fn a_missing_secret_code_leaves_a_way_on() {
    let only = challenge("MFA_SETUP", &json!({"MFAS_CAN_SETUP": r#"["SOFTWARE_TOKEN_MFA"]"#}));
    let mut run = proved(config(), &only);
    run.no_answer();
    assert!(matches!(run.fault(), Some(Fault::Unreachable { .. })));
    // There is no secret to copy yet, so sending the form requests it again.
    run.submit(&["", ""]).expect("AssociateSoftwareToken", json!({"Session": SESSION}));
    run.no_answer().restore("").expect("AssociateSoftwareToken", json!({"Session": SESSION}));
    run.reply(&json!({"SecretCode": TOTP_SECRET, "Session": "session-of-the-secret-code"}));
    assert_eq!(run.form().fields[0].value, TOTP_SECRET);
    let mut run = totp();
    run.submit(&["", "123456"]).reply(&json!({"Status": "ERROR", "Session": "x"}));
    assert!(matches!(run.fault(), Some(Fault::Unexpected { .. })));
    assert_eq!(run.asks(), &Step::SetUpTotp);
}

#[test]
fn email_or_app_is_chosen_before_either_is_set_up() {
    let both = challenge("MFA_SETUP", &json!({"MFAS_CAN_SETUP": r#"["EMAIL_OTP","SOFTWARE_TOKEN_MFA"]"#}));
    let mut run = proved(config(), &both);
    assert_eq!(run.submit(&["EMAIL_OTP"]).sends(), None);
    assert_eq!(run.asks(), &Step::SetUpEmail);
    run.submit(&["alice@example.com"])
        .expect("RespondToAuthChallenge", answer("MFA_SETUP", &json!({"EMAIL": "alice@example.com"})));
    run.reply(&email_code());
    assert_eq!(run.asks(), &code_by("EMAIL", "a***@e***"));

    let mut run = proved(config(), &both);
    run.submit(&["SOFTWARE_TOKEN_MFA"])
        .reply(&json!({"SecretCode": TOTP_SECRET, "Session": "session-of-the-secret-code"}));
    assert_eq!(run.asks(), &Step::SetUpTotp);
}

// --- a choice of first factors ------------------------------------------------------------------------------------------------

#[test]
fn a_preferred_first_factor_is_asked_for_at_once() {
    let preferred = |name: &str, more: &Value| {
        let mut parameters = more.clone();
        parameters["PREFERRED_CHALLENGE"] = name.into();
        initiated("USER_AUTH", &parameters)
    };
    for (name, values, more, reply) in [
        ("PASSWORD_SRP", &["alice", "hunter2"][..], json!({"SRP_A": "*"}), verifier("PASSWORD_VERIFIER")),
        ("PASSWORD", &["alice", "hunter2"], json!({"PASSWORD": "hunter2"}), tokens(NOW, None)),
        ("EMAIL_OTP", &["alice"], json!({}), email_code()),
        ("SMS_OTP", &["alice"], json!({}), delivered("SMS_OTP", "SMS", "+*******9934")),
        ("WEB_AUTHN", &["alice"], json!({}), passkey()),
    ] {
        let mut run = Run::new(with_choice(Some(name)));
        assert_eq!(run.form().fields.len(), values.len(), "{name}");
        run.submit(values).expect("InitiateAuth", preferred(name, &more)).reply(&reply);
        match name {
            "PASSWORD_SRP" => {
                run.expect("RespondToAuthChallenge", verified("PASSWORD_VERIFIER"));
            }
            "PASSWORD" => assert_eq!(run.sends(), Some("GetId")),
            "EMAIL_OTP" => {
                assert_eq!(run.actions(), [Action::Resend, Action::AnotherWay, Action::StartAgain]);
                run.submit(&["123456"])
                    .expect("RespondToAuthChallenge", answer("EMAIL_OTP", &json!({"EMAIL_OTP_CODE": "123456"})));
            }
            "SMS_OTP" => {
                run.submit(&["123456"])
                    .expect("RespondToAuthChallenge", answer("SMS_OTP", &json!({"SMS_OTP_CODE": "123456"})));
            }
            _ => {
                assert_eq!(run.asks_for_passkey(), Some((OPTIONS, false)));
                run.passkey(PasskeyOutcome::Done);
                let credential = json!({"CREDENTIAL": r#"{"id":"credential"}"#});
                run.expect("RespondToAuthChallenge", answer("WEB_AUTHN", &credential));
            }
        }
    }
}

#[test]
fn an_unavailable_preferred_factor_offers_the_others() {
    let mut run = Run::new(with_choice(Some("WEB_AUTHN")));
    run.submit(&["alice"]).reply(&offer(&["PASSWORD", "EMAIL_OTP"]));
    assert_eq!(run.asks(), &Step::SelectChallenge(vec!["PASSWORD".into(), "EMAIL_OTP".into()]));
    // A password that was already typed is not asked for again.
    let mut run = Run::new(with_choice(Some("PASSWORD_SRP")));
    run.type_in().reply(&offer(&["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP"]));
    run.expect("RespondToAuthChallenge", answer("SELECT_CHALLENGE", &json!({"ANSWER": "PASSWORD_SRP", "SRP_A": "*"})));
    let mut run = Run::new(with_choice(Some("PASSWORD_SRP")));
    run.type_in().reply(&challenge("PASSWORD_SRP", &json!({})));
    run.expect("RespondToAuthChallenge", answer("PASSWORD_SRP", &json!({"SRP_A": "*"})));
}

#[test]
fn each_first_factor_can_be_chosen() {
    for choice in CHOICES {
        let mut run = Run::new(with_choice(None));
        run.submit(&["alice"]).expect("InitiateAuth", initiated("USER_AUTH", &json!({}))).reply(&offer(CHOICES));
        let offered = ["PASSWORD_SRP", "WEB_AUTHN", "EMAIL_OTP", "SMS_OTP"].map(str::to_owned).to_vec();
        assert_eq!(run.asks(), &Step::SelectChallenge(offered), "both passwords are one to a person");
        run.submit(&[choice]);
        let chosen = json!({"ANSWER": choice});
        let chosen = match *choice {
            "PASSWORD_SRP" | "PASSWORD" => {
                assert_eq!((run.asks(), run.sends()), (&Step::Password, None));
                // A reload comes back to the password.
                run.restore("");
                assert_eq!(run.asks(), &Step::Password);
                run.submit(&["alice", "hunter2"]);
                if *choice == "PASSWORD" {
                    json!({"ANSWER": "PASSWORD", "PASSWORD": "hunter2"})
                } else {
                    json!({"ANSWER": "PASSWORD_SRP", "SRP_A": "*"})
                }
            }
            _ => chosen,
        };
        run.expect("RespondToAuthChallenge", answer("SELECT_CHALLENGE", &chosen));
        match *choice {
            "PASSWORD_SRP" => {
                run.reply(&verifier("PASSWORD_VERIFIER"));
                run.expect("RespondToAuthChallenge", verified("PASSWORD_VERIFIER")).reply(&tokens(NOW, None));
            }
            "PASSWORD" => {
                run.reply(&tokens(NOW, None));
            }
            "WEB_AUTHN" => {
                run.reply(&passkey()).passkey(PasskeyOutcome::Done).reply(&tokens(NOW, None));
            }
            name => {
                run.reply(&delivered(name, "EMAIL", "a***@e***")).submit(&["123456"]).reply(&tokens(NOW, None));
            }
        }
        assert_eq!(run.sends(), Some("GetId"), "{choice}");
    }
}

#[test]
fn a_single_choice_is_not_asked() {
    let mut run = Run::new(with_choice(None));
    run.submit(&["alice"]).reply(&offer(&["EMAIL_OTP"]));
    run.expect("RespondToAuthChallenge", answer("SELECT_CHALLENGE", &json!({"ANSWER": "EMAIL_OTP"})));
    let mut run = Run::new(with_choice(None));
    run.submit(&["alice"]).reply(&offer(&["PASSWORD_SRP", "PASSWORD"]));
    assert_eq!(run.asks(), &Step::Password);
}

#[test]
fn a_wrong_password_of_a_choice_is_typed_again_in_a_new_session() {
    let mut run = Run::new(with_choice(None));
    run.submit(&["alice"]).reply(&offer(&["PASSWORD", "EMAIL_OTP"])).submit(&["PASSWORD"]).submit(&["alice", "wrong"]);
    run.refuse("NotAuthorizedException", "Incorrect username or password.");
    assert_eq!((run.asks(), run.wrong_field().as_deref()), (&Step::Password, Some("password")));
    let again = initiated("USER_AUTH", &json!({"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "wrong again"}));
    run.submit(&["alice", "wrong again"]).expect("InitiateAuth", again);
    run.refuse("NotAuthorizedException", "Incorrect username or password.");
    // The stored question has no session either, because the pool would refuse a used one.
    run.restore("");
    assert_eq!((run.asks(), run.username()), (&Step::Password, "alice"));
    run.submit(&["alice", "hunter2"]).expect(
        "InitiateAuth",
        initiated("USER_AUTH", &json!({"PREFERRED_CHALLENGE": "PASSWORD", "PASSWORD": "hunter2"})),
    );
    run.reply(&tokens(NOW, None));
    assert_eq!(run.sends(), Some("GetId"));
}

#[test]
fn another_code_and_another_way_begin_anew() {
    let mut run = Run::new(with_choice(Some("EMAIL_OTP")));
    run.submit(&["alice"]).reply(&email_code());
    let wait = |run: &Run| run.form().buttons[0].wait;
    assert_eq!(wait(&run), 30);
    run.at(NOW.plus(20_000)).submit(&["123456"]).refuse("CodeMismatchException", "");
    assert_eq!(wait(&run), 10);
    run.at(NOW.plus(40_000)).restore("");
    assert_eq!(wait(&run), 0);
    run.press(Action::Resend)
        .expect("InitiateAuth", initiated("USER_AUTH", &json!({"PREFERRED_CHALLENGE": "EMAIL_OTP"})));
    run.reply(&email_code());
    assert_eq!(wait(&run), 30, "counted from the new one");
    run.press(Action::AnotherWay).expect("InitiateAuth", initiated("USER_AUTH", &json!({}))).reply(&offer(CHOICES));
    assert!(matches!(run.asks(), Step::SelectChallenge(_)));
    run.press(Action::StartAgain);
    assert_eq!((run.asks(), run.username(), run.sends()), (&Step::SignIn, "alice", None));
    assert!(run.record.is_none(), "nothing to come back to");
}

// --- passkeys -----------------------------------------------------------------------------------------------------------------

#[test]
fn a_passkey_that_is_not_used_can_be_tried_again_or_left() {
    for (outcome, fault) in
        [(PasskeyOutcome::Refused, Fault::PasskeyRefused), (PasskeyOutcome::Unsupported, Fault::PasskeyUnsupported)]
    {
        let mut run = Run::new(with_choice(Some("WEB_AUTHN")));
        run.submit(&["alice"]).reply(&passkey());
        assert_eq!((run.asks(), run.sends()), (&Step::Passkey, None));
        run.passkey(outcome);
        assert_eq!((run.asks(), run.fault(), run.sends()), (&Step::Passkey, Some(&fault), None));
        assert_eq!(run.actions(), [Action::AnotherWay, Action::StartAgain]);
        run.submit(&[]);
        assert_eq!(run.asks_for_passkey(), Some((OPTIONS, false)), "the same challenge: it was not used");
        run.passkey(PasskeyOutcome::Done);
        assert_eq!(run.sends(), Some("RespondToAuthChallenge"));
        run.passkey(PasskeyOutcome::Done);
        assert_eq!(run.sends(), None, "once");
    }
}

#[test]
fn a_passkey_that_the_pool_refuses_is_tried_again_with_a_new_challenge() {
    for reloads in [false, true] {
        let mut run = Run::new(with_choice(None));
        run.submit(&["alice"]).reply(&offer(CHOICES)).submit(&["WEB_AUTHN"]).reply(&passkey());
        run.passkey(PasskeyOutcome::Done);
        run.refuse("WebAuthnChallengeNotFoundException", "");
        assert_eq!((run.asks(), run.asks_for_passkey()), (&Step::Passkey, None));
        if reloads {
            run.restore("");
            assert_eq!((run.asks(), run.username()), (&Step::Passkey, "alice"));
        }
        run.submit(&[]).expect("InitiateAuth", initiated("USER_AUTH", &json!({"PREFERRED_CHALLENGE": "WEB_AUTHN"})));
        run.reply(&passkey());
        assert_eq!(run.asks_for_passkey(), Some((OPTIONS, false)));
    }
}

#[test]
fn a_reload_before_a_passkey_offers_it_by_button() {
    let mut run = Run::new(with_choice(Some("WEB_AUTHN")));
    run.submit(&["alice"]).reply(&passkey()).restore("");
    assert_eq!((run.asks(), run.asks_for_passkey()), (&Step::Passkey, None), "browsers want a gesture");
    run.submit(&[]);
    assert_eq!(run.asks_for_passkey(), Some((OPTIONS, false)));
    assert!(!run.form().submit.is_empty());
}

fn with_autofill() -> Run {
    let mut run = Run::closed(with_choice(None));
    run.config.user_pool.as_mut().unwrap().passkey_autofill = true;
    run.memory = session::Memory::new(vec![("username".into(), secret("alice"))]);
    run.restore("");
    run.expect("InitiateAuth", initiated("USER_AUTH", &json!({"PREFERRED_CHALLENGE": "WEB_AUTHN"})));
    run
}

#[test]
fn a_passkey_is_offered_by_autofill_to_whoever_signed_in_here_before() {
    let mut run = with_autofill();
    assert_eq!((run.asks(), run.username()), (&Step::SignIn, "alice"));
    run.reply(&passkey());
    assert_eq!(run.asks_for_passkey(), Some((OPTIONS, true)));
    assert_eq!((run.asks(), run.fault()), (&Step::SignIn, None), "the form stays");
    run.passkey(PasskeyOutcome::Done);
    run.expect("RespondToAuthChallenge", answer("WEB_AUTHN", &json!({"CREDENTIAL": r#"{"id":"credential"}"#})));
    run.reply(&tokens(NOW, None));
    assert_eq!(run.sends(), Some("GetId"));
    assert_eq!(run.memory.get("username"), Some(&secret("alice")));
}

#[test]
fn the_result_of_an_autofill_offer_leaves_the_form_usable() {
    let refuse = |run: &mut Run| _ = run.refuse("NotAuthorizedException", "");
    let no_answer = |run: &mut Run| _ = run.no_answer();
    let other = |run: &mut Run| _ = run.reply(&offer(CHOICES));
    for come in [refuse as fn(&mut Run), no_answer, other] {
        let mut run = with_autofill();
        come(&mut run);
        assert!(run.effects.is_empty(), "{:?}", run.effects);
        assert_eq!(run.submit(&["bob"]).body()["AuthParameters"]["USERNAME"], "bob");
    }
    // The form is usable before the reply, and a reply after that is ignored.
    let mut run = with_autofill();
    run.submit(&["bob"]);
    assert_eq!(run.body()["AuthParameters"]["USERNAME"], "bob");
    // If nobody picks the passkey, no fault is shown.
    let mut run = with_autofill();
    run.reply(&passkey()).passkey(PasskeyOutcome::Refused);
    assert!(run.effects.is_empty());
    run.submit(&["bob"]).reply(&email_code());
    assert_eq!(run.asks(), &code_by("EMAIL", "a***@e***"));
}

// --- devices ------------------------------------------------------------------------------------------------------------------

#[test]
fn a_new_device_is_confirmed_and_known_the_next_time() {
    let mut run = proved(config(), &new_device());
    run.expect(
        "ConfirmDevice",
        json!({"AccessToken": "access-token", "DeviceKey": "eu-central-1_d", "DeviceName": "Signet",
            "DeviceSecretVerifierConfig": {"PasswordVerifier": "*", "Salt": "*"}}),
    );
    run.reply(&json!({"UserConfirmationNecessary": false}));
    assert_eq!(run.sends(), Some("GetId"));
    run.reply(&identity("eu-central-1:i")).reply(&credentials("A1", NOW.plus(HOUR)));
    let kept: Value = serde_json::from_str(run.memory.get("device eu-central-1_AbC alice").unwrap().expose()).unwrap();
    assert_eq!((&kept["key"], &kept["group"]), (&json!("eu-central-1_d"), &json!("-gr")));
    assert!(kept["password"].as_str().unwrap().len() > 30);
    run.at(NOW.plus(HOUR)).step(session::Input::NeedKeys { refused: None });
    run.expect(
        "GetTokensFromRefreshToken",
        json!({"ClientId": "1abc", "RefreshToken": "refresh-1", "DeviceKey": "eu-central-1_d"}),
    );
    // The device is used for any spelling of the username, and for nobody else.
    run.step(session::Input::SignOut).submit(&["Alice", "hunter2"]);
    assert_eq!(run.body()["AuthParameters"]["DEVICE_KEY"], "eu-central-1_d");
    run.refuse("NotAuthorizedException", "").submit(&["bob", "hunter2"]);
    assert!(run.body()["AuthParameters"].get("DEVICE_KEY").is_none());
}

#[test]
fn a_device_that_cannot_be_confirmed_costs_nothing_now() {
    for answered in [false, true] {
        let mut run = proved(config(), &new_device());
        if answered {
            run.refuse("InvalidParameterException", "")
        } else {
            run.no_answer()
        };
        assert_eq!(run.sends(), Some("GetId"));
        assert!(run.memory.names("device", |_| true).is_empty());
    }
}

#[test]
fn a_known_device_is_proved_with_its_own_password_in_place_of_a_second_factor() {
    let mut run = with_device(Run::new(config()));
    run.type_in()
        .expect("InitiateAuth", initiated("USER_SRP_AUTH", &json!({"SRP_A": "*", "DEVICE_KEY": "eu-central-1_d"})));
    let with_key = |name: &str, more: &Value| {
        let mut body = answer(name, more);
        body["ChallengeResponses"]["DEVICE_KEY"] = "eu-central-1_d".into();
        body
    };
    run.reply(&verifier("PASSWORD_VERIFIER"));
    assert_eq!(run.body()["ChallengeResponses"]["DEVICE_KEY"], "eu-central-1_d");
    run.spare = Some(known_pair());
    run.reply(&challenge("DEVICE_SRP_AUTH", &json!({"USERNAME": "alice"})));
    run.expect("RespondToAuthChallenge", with_key("DEVICE_SRP_AUTH", &json!({"SRP_A": known_pair().srp_a()})));
    run.reply(&verifier("DEVICE_PASSWORD_VERIFIER"));
    let srp = SrpChallenge { user_id: "eu-central-1_d", salt: "a1b2", srp_b: "c3d4", secret_block: "AAAA" };
    let signature = known_pair().password_claim_signature("-gr", srp, "device-password", TIMESTAMP).unwrap();
    let claim =
        json!({"PASSWORD_CLAIM_SECRET_BLOCK": "AAAA", "PASSWORD_CLAIM_SIGNATURE": signature, "TIMESTAMP": TIMESTAMP});
    run.expect("RespondToAuthChallenge", with_key("DEVICE_PASSWORD_VERIFIER", &claim));
    run.reply(&tokens(NOW, Some("refresh-1")));
    assert_eq!(run.sends(), Some("GetId"));
}

// --- passwords in memory ------------------------------------------------------------------------------------------------------

/// Whether the sign-in holds a password, and where.
fn holds(run: &Run) -> bool {
    let Session::SigningIn(sign_in) = &run.session else { return false };
    let proof = match &sign_in.stage {
        Stage::Awaiting(Call::Auth(proof), _) => matches!(proof, Proof::Typed(..) | Proof::Sent(_)),
        Stage::Awaiting(Call::ConfirmForgotPassword(_), _) => true,
        _ => false,
    };
    proof || sign_in.password.is_some()
}

#[test]
fn a_password_is_dropped_once_it_is_not_needed() {
    let count = Cell::new(0);
    let gone = |run: &Run| {
        assert!(!holds(run));
        count.set(count.get() + 1);
    };
    let mut run = Run::new(config());
    assert!(holds(run.type_in()));
    // The password is kept until the pool says whether the account is confirmed: if not, it is needed once more.
    assert!(holds(run.reply(&verifier("PASSWORD_VERIFIER"))));
    gone(run.reply(&delivered("SMS_MFA", "SMS", "+*******9934")));
    gone(run.submit(&["123456"]));
    for refusal in ["NotAuthorizedException", "PasswordResetRequiredException", "LimitExceededException"] {
        let mut run = Run::new(config());
        gone(run.type_in().refuse(refusal, ""));
        gone(run.step(session::Input::SignOut));
    }
    let mut run = Run::new(config());
    gone(run.type_in().no_answer());
    let mut run = proved(config(), &challenge("NEW_PASSWORD_REQUIRED", &json!({"requiredAttributes": "[]"})));
    gone(run.submit(&["alice", "N3w-password"]));
    let mut run = Run::new(config());
    assert!(holds(run.type_in().refuse("UserNotConfirmedException", "")));
    gone(run.press(Action::StartAgain));
    assert_eq!(count.get(), 11);
}

#[test]
fn a_passkey_picked_after_another_username_was_sent_is_not_used_for_that_one() {
    let mut run = with_autofill();
    run.reply(&passkey()).submit(&["bob"]).refuse("LimitExceededException", "");
    run.passkey(PasskeyOutcome::Done);
    assert_eq!((run.sends(), run.asks(), run.fault()), (None, &Step::SignIn, Some(&Fault::PasskeyRefused)));
}

/// Challenges with known names, the app's own, and others; their parameters hold anything.
fn any_challenge() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "SMS_MFA",
            "SMS_OTP",
            "EMAIL_OTP",
            "SOFTWARE_TOKEN_MFA",
            "SELECT_MFA_TYPE",
            "MFA_SETUP",
            "NEW_PASSWORD_REQUIRED",
            "CUSTOM_CHALLENGE",
            "WEB_AUTHN",
            "SELECT_CHALLENGE",
            "PASSWORD",
            "PASSWORD_SRP",
            "PASSWORD_VERIFIER",
            "DEVICE_SRP_AUTH",
            "DEVICE_PASSWORD_VERIFIER",
            "sign-in",
            "sign-up",
            "confirm-sign-up",
            "reset-password",
            "forgot-password",
            "remember-device",
        ])
        .prop_map(str::to_owned),
        "[A-Z_]{0,12}",
    ];
    let parameter = prop::sample::select(vec![
        "USERNAME",
        "USER_ID_FOR_SRP",
        "SALT",
        "SRP_B",
        "SECRET_BLOCK",
        "requiredAttributes",
        "MFAS_CAN_SETUP",
        "MFAS_CAN_CHOOSE",
        "CODE_DELIVERY_DESTINATION",
        "CODE_DELIVERY_DELIVERY_MEDIUM",
        "CREDENTIAL_REQUEST_OPTIONS",
        "SecretCode",
        "selected",
        "other",
    ]);
    let value = prop_oneof![
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!(r#"["EMAIL_OTP","SOFTWARE_TOKEN_MFA"]"#)),
        Just(json!(r#"["userAttributes.email",7]"#)),
        Just(json!("c3d4")),
        Just(json!(null)),
    ];
    let available =
        prop_oneof![Just(json!(CHOICES)), Just(json!(["PASSWORD"])), Just(json!([])), Just(json!("PASSWORD"))];
    (name, prop::collection::vec((parameter, value), 0..6), available, any::<bool>()).prop_map(
        |(name, parameters, available, with_session)| {
            let parameters: serde_json::Map<_, _> =
                parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            let mut reply = challenge(&name, &parameters.into());
            reply["AvailableChallenges"] = available;
            if !with_session {
                reply.as_object_mut().unwrap().remove("Session");
            }
            reply
        },
    )
}

proptest! {
    #[test]
    fn any_challenge_is_asked_answered_or_named_and_outlives_a_reload(reply in any_challenge(), choice in any::<bool>()) {
        let mut run = with_device(Run::new(if choice { with_choice(None) } else { config() }));
        run.submit(&["alice", "hunter2"]).reply(&reply);
        match &run.screen {
            Some(Screen::Busy(_)) => prop_assert!(run.sends().is_some()),
            Some(Screen::Ask(asked)) => {
                prop_assert!(asked.question.step != Step::SignIn || asked.fault.is_some() || reply["ChallengeName"] == "sign-in");
                prop_assert!(!run.form().title.is_empty());
                let (step, kept) = (asked.question.step.clone(), run.record.is_some());
                run.restore("");
                if let (true, Some(Screen::Ask(asked))) = (kept, &run.screen) {
                    prop_assert_eq!(&asked.question.step, &step);
                }
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

#[test]
fn a_challenge_with_the_name_of_an_own_step_leaves_a_way_on() {
    let mut run = proved(config(), &challenge("remember-device", &json!({})));
    run.submit(&["yes"]);
    assert_eq!((run.asks(), run.fault(), run.sends()), (&Step::SignIn, Some(&Fault::SignInExpired), None));
    assert_eq!(run.type_in().sends(), Some("InitiateAuth"));
}
