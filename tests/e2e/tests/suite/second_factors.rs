//! What a user pool asks after the password: codes, setting a second factor up, a new password, a confirmed account.

use std::time::{SystemTime, UNIX_EPOCH};

use fantoccini::key::Key;
use serde_json::{Value as Json, json};
use signet_e2e::cognito::{CLIENT, Cognito, Person, Script, fresh, session, totp, totp_code};
use signet_e2e::{Browser, Error, has_devtools, test_from_blank};

use crate::flow::{
    ann, error_is, heading_is_in_view, labels, open, sign_out_leaves, signed_in_without_a_trace, step_says, tokens,
};

/// 32 characters of base32 as Cognito makes them, and more than one group of four.
const SECRET: &str = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZPJQWEY3EMVTA";

/// The answer to a code's challenge.
fn code(challenge: &str, code: &str) -> Json {
    let mut responses = json!({ "USERNAME": ann().user_id });
    responses[format!("{challenge}_CODE")] = json!(code);
    responses
}

/// The end of every script here.
fn and_out(script: Script) -> Script {
    script.identity_pool().revoke()
}

async fn ends(browser: &Browser, cognito: &Cognito) -> Result<(), Error> {
    signed_in_without_a_trace(browser, cognito).await?;
    sign_out_leaves(browser, 0).await?;
    cognito.finish().await
}

/// A wrong code, a reload, the right one as it stands in a message.
fn a_code_is_asked_for(challenge: &str, parameters: Json, says: &str) {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = Script::new()
            .srp(&ann)
            .challenge(challenge, parameters.clone())
            .respond(challenge, code(challenge, "739104"))
            .refuse(400, "CodeMismatchException", "Invalid code or auth state for the user.")
            .respond(challenge, code(challenge, "739105"))
            .tokens(tokens());
        let cognito = Cognito::start(stage.origin(), and_out(script)).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        browser.step("Type your code").await?;
        assert_eq!(step_says(browser).await?, says);
        assert_eq!(labels(browser).await?, ["Code"]);
        browser.picture(&format!("mfa-{challenge}")).await?;
        // What is empty the browser itself holds back.
        browser.fill("code", " ").await?;
        browser.submit_step().await?;
        error_is(browser, "Type the code.", "code").await?;
        browser.fill("code", "739104").await?;
        browser.submit_step().await?;
        error_is(browser, "That code is not right.", "code").await?;
        browser.picture(&format!("mfa-{challenge}-wrong")).await?;
        browser.client().refresh().await?;
        browser.step("Type your code").await?;
        browser.paste("code", " 739 105\t").await?;
        browser.submit_step().await?;
        ends(browser, &cognito).await
    });
}

#[test]
fn a_code_comes_by_text_message() {
    let parameters = json!({ "CODE_DELIVERY_DELIVERY_MEDIUM": "SMS", "CODE_DELIVERY_DESTINATION": "+********4567" });
    a_code_is_asked_for("SMS_MFA", parameters, "A code was sent by text message to +********4567.");
}

#[test]
fn a_code_comes_by_email() {
    let parameters = json!({ "CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "a***@e***" });
    a_code_is_asked_for("EMAIL_OTP", parameters, "A code was sent by email to a***@e***.");
}

#[test]
fn an_authenticator_app_has_the_code() {
    let says = "Open your authenticator app and type the code that it shows for this account.";
    a_code_is_asked_for("SOFTWARE_TOKEN_MFA", json!({ "FRIENDLY_DEVICE_NAME": "phone" }), says);
}

#[test]
fn of_several_second_factors_one_is_chosen() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let can_choose = r#"["SMS_MFA","EMAIL_OTP","SOFTWARE_TOKEN_MFA"]"#;
        let script = Script::new()
            .srp(&ann)
            .challenge("SELECT_MFA_TYPE", json!({ "MFAS_CAN_CHOOSE": can_choose }))
            .respond("SELECT_MFA_TYPE", json!({ "USERNAME": ann.user_id, "ANSWER": "EMAIL_OTP" }))
            .challenge("EMAIL_OTP", json!({ "CODE_DELIVERY_DESTINATION": "a***@e***" }))
            .respond("EMAIL_OTP", code("EMAIL_OTP", "73910512"))
            .tokens(tokens());
        let cognito = Cognito::start(stage.origin(), and_out(script)).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        browser.step("How do you want to get your code?").await?;
        let choices = ["Choose one", "A code from an authenticator app", "A code by text message", "A code by email"];
        assert_eq!(labels(browser).await?, choices);
        browser.picture("mfa-select-type").await?;
        browser.client().refresh().await?;
        browser.step("How do you want to get your code?").await?;
        browser.choose_option("choice", "EMAIL_OTP").await?;
        browser.submit_step().await?;
        browser.step("Type your code").await?;
        browser.fill("code", "73910512").await?;
        browser.submit_step().await?;
        ends(browser, &cognito).await
    });
}

/// Whoever goes back after the password begins anew.
#[test]
fn back_to_sign_in_forgets_the_step() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = Script::new()
            .srp(&ann)
            .challenge("SMS_MFA", json!({ "CODE_DELIVERY_DESTINATION": "+********4567" }))
            .srp(&ann)
            .tokens(tokens());
        let cognito = Cognito::start(stage.origin(), and_out(script)).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        browser.step("Type your code").await?;
        browser.press("Back to sign in").await?;
        browser.signed_out().await?;
        browser.client().refresh().await?;
        browser.signed_out().await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        ends(browser, &cognito).await
    });
}

#[test]
fn a_session_that_took_too_long_goes_back_to_the_start() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = Script::new()
            .srp(&ann)
            .challenge("SMS_MFA", json!({ "CODE_DELIVERY_DESTINATION": "+********4567" }))
            .respond("SMS_MFA", code("SMS_MFA", "739105"))
            .refuse(400, "NotAuthorizedException", "Invalid session for the user, session is expired.");
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        browser.step("Type your code").await?;
        browser.fill("code", "739105").await?;
        browser.submit_step().await?;
        assert!(browser.sign_in_error().await?.contains("took too long"));
        browser.picture("mfa-session-expired").await?;
        assert_eq!(browser.value::<String>("document.querySelector('#username').value").await?, ann.username);
        cognito.finish().await
    });
}

// --- setting an authenticator app up ------------------------------------------------------------------------------------------

/// `AssociateSoftwareToken`, a wrong code, the right one, and the answer to `MFA_SETUP`.
fn sets_totp_up(script: Script, ann: &Person) -> Script {
    let verify = |code: Json| json!({ "Session": session(), "UserCode": code });
    script
        .expect("AssociateSoftwareToken", json!({ "Session": session() }))
        .answer(json!({ "SecretCode": SECRET, "Session": fresh() }))
        .expect("VerifySoftwareToken", verify(json!("000000")))
        .refuse(400, "EnableSoftwareTokenMFAException", "Code mismatch")
        .expect("VerifySoftwareToken", verify(totp_code(SECRET)))
        .answer(json!({ "Status": "SUCCESS", "Session": fresh() }))
        .respond("MFA_SETUP", json!({ "USERNAME": ann.user_id }))
        .tokens(tokens())
}

fn new_code() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    totp(SECRET, now)
}

/// The key as it stands on the screen, without the gaps that are for the eye.
async fn shown_key(browser: &Browser) -> Result<String, Error> {
    browser.value("document.querySelector('main#step output').textContent.trim()").await
}

/// From the step that shows the key to its end: scanned, copied by keyboard, kept over a reload.
async fn sets_up_the_app(browser: &Browser) -> Result<(), Error> {
    let uri = format!("otpauth://totp/Scripted:ann%40example.com?secret={SECRET}&issuer=Scripted");
    browser.step("Set up an authenticator app").await?;
    heading_is_in_view(browser).await?;
    browser.picture("mfa-totp").await?;
    assert_eq!(browser.scan("main#step svg.qr").await?, uri);
    assert_eq!(shown_key(browser).await?, SECRET);
    browser.fill("code", "000000").await?;
    browser.submit_step().await?;
    error_is(browser, "clock is right", "code").await?;
    assert_eq!(shown_key(browser).await?, SECRET);
    browser.picture("mfa-totp-wrong").await?;
    browser.client().refresh().await?;
    browser.step("Set up an authenticator app").await?;
    assert_eq!((shown_key(browser).await?, browser.scan("main#step svg.qr").await?), (SECRET.to_owned(), uri));

    browser.tab_to("main#step .copy-key").await?;
    browser.press_key(Key::Enter).await?;
    browser
        .wait_for(
            "the word that it is copied",
            "document.querySelector('main#step .copy [role=status]').innerText.trim() === 'Copied'",
        )
        .await?;
    browser.picture("mfa-totp-copied").await?;
    if has_devtools() {
        browser.tab_to("main#step [name=code]").await?;
        browser.element("main#step [name=code]").await?.send_keys(&format!("{}v", char::from(Key::Control))).await?;
        browser
            .wait_for("the key to be pasted", &format!("document.querySelector('[name=code]').value === '{SECRET}'"))
            .await?;
    }
    browser.fill("code", &new_code()).await?;
    browser.submit_step().await
}

/// The document, what is stored and the address; the memories of a page that has just shown it are another matter.
async fn the_key_is_gone(browser: &Browser) -> Result<(), Error> {
    if has_devtools() {
        let places = browser.holdings().await?.places_of(SECRET);
        eprintln!("the shared secret is still in {places:?}");
        for place in [
            "the document",
            "the URL, referrer, history state or window name",
            "localStorage",
            "sessionStorage",
            "IndexedDB",
        ] {
            assert!(!places.contains(&place), "the shared secret is in {place}");
        }
    }
    Ok(())
}

#[test]
fn an_authenticator_app_is_set_up() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script =
            Script::new().srp(&ann).challenge("MFA_SETUP", json!({ "MFAS_CAN_SETUP": r#"["SOFTWARE_TOKEN_MFA"]"# }));
        let cognito = Cognito::start(stage.origin(), and_out(sets_totp_up(script, &ann))).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        sets_up_the_app(browser).await?;
        browser.signed_in().await?;
        the_key_is_gone(browser).await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}

#[test]
fn of_two_second_factors_one_is_set_up() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let can_set_up = r#"["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]"#;
        let script = Script::new().srp(&ann).challenge("MFA_SETUP", json!({ "MFAS_CAN_SETUP": can_set_up }));
        let cognito = Cognito::start(stage.origin(), and_out(sets_totp_up(script, &ann))).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        browser.step("Protect your account").await?;
        assert_eq!(labels(browser).await?, ["Choose one", "A code from an authenticator app", "A code by email"]);
        browser.picture("mfa-setup-choice").await?;
        browser.client().refresh().await?;
        browser.step("Protect your account").await?;
        browser.submit_step().await?;
        sets_up_the_app(browser).await?;
        browser.signed_in().await?;
        the_key_is_gone(browser).await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}

#[test]
fn codes_by_email_are_set_up() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = Script::new()
            .srp(&ann)
            .challenge("MFA_SETUP", json!({ "MFAS_CAN_SETUP": r#"["SOFTWARE_TOKEN_MFA","EMAIL_OTP"]"# }))
            .respond("MFA_SETUP", json!({ "USERNAME": ann.user_id, "EMAIL": "ann@nowhere" }))
            .refuse(400, "InvalidParameterException", "Invalid email address format.")
            .respond("MFA_SETUP", json!({ "USERNAME": ann.user_id, "EMAIL": "ann@work.example" }))
            .challenge(
                "EMAIL_OTP",
                json!({ "CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL", "CODE_DELIVERY_DESTINATION": "a***@w***" }),
            )
            .respond("EMAIL_OTP", code("EMAIL_OTP", "739105"))
            .tokens(tokens());
        let cognito = Cognito::start(stage.origin(), and_out(script)).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        browser.step("Protect your account").await?;
        browser.choose_option("choice", "EMAIL_OTP").await?;
        browser.submit_step().await?;
        browser.step("Get codes by email").await?;
        browser.picture("mfa-email-setup").await?;
        browser.fill("email", "ann@nowhere").await?;
        browser.submit_step().await?;
        browser
            .wait_for("the pool's word", "document.querySelector('#step-error').innerText.includes('Invalid email')")
            .await?;
        browser.picture("mfa-email-setup-wrong").await?;
        browser.fill("email", "ann@work.example").await?;
        browser.submit_step().await?;
        browser.step("Type your code").await?;
        browser.fill("code", "739105").await?;
        browser.submit_step().await?;
        ends(browser, &cognito).await
    });
}

// --- a new password -----------------------------------------------------------------------------------------------------------

#[test]
fn a_new_password_comes_before_a_second_factor() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let new = "Other horse 8?";
        let parameters = json!({
            "USER_ID_FOR_SRP": ann.user_id, "userAttributes": r#"{"email":"ann@example.com"}"#,
            "requiredAttributes": r#"["userAttributes.given_name","userAttributes.phone_number","userAttributes.custom:team"]"#,
        });
        let answer = |password: &str| {
            json!({
                "USERNAME": ann.user_id, "NEW_PASSWORD": password, "userAttributes.given_name": "Ann",
                "userAttributes.phone_number": "+491701234567", "userAttributes.custom:team": "Blue",
            })
        };
        let script = Script::new()
            .srp(&ann)
            .challenge("NEW_PASSWORD_REQUIRED", parameters)
            .respond("NEW_PASSWORD_REQUIRED", answer("Known horse 9?"))
            .refuse(400, "InvalidPasswordException", "Password does not conform to policy: it is known.")
            .respond("NEW_PASSWORD_REQUIRED", answer(new))
            .challenge("MFA_SETUP", json!({ "MFAS_CAN_SETUP": r#"["SOFTWARE_TOKEN_MFA"]"# }));
        let cognito = Cognito::start(stage.origin(), and_out(sets_totp_up(script, &ann))).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        browser.step("Choose a new password").await?;
        assert_eq!(labels(browser).await?, ["Account", "New password", "Given name", "Phone number", "Team"]);
        heading_is_in_view(browser).await?;
        browser.picture("mfa-new-password").await?;
        browser.client().refresh().await?;
        browser.step("Choose a new password").await?;
        browser.fill("new-password", "short").await?;
        browser.fill("given_name", " ").await?;
        browser.fill("phone_number", "+49 (170) 123-4567").await?;
        browser.fill("custom:team", "Blue").await?;
        browser.submit_step().await?;
        error_is(browser, "does not follow every rule", "new-password").await?;
        browser.picture("mfa-new-password-weak").await?;
        browser.fill("new-password", new).await?;
        browser.submit_step().await?;
        error_is(browser, "Fill in this field.", "given_name").await?;
        browser.fill("given_name", "Ann").await?;
        browser.fill("new-password", "Known horse 9?").await?;
        browser.submit_step().await?;
        error_is(browser, "was not accepted. Choose a longer one", "new-password").await?;
        browser.fill("new-password", new).await?;
        browser.submit_step().await?;
        sets_up_the_app(browser).await?;
        browser.signed_in().await?;
        the_key_is_gone(browser).await?;
        sign_out_leaves(browser, 0).await?;
        cognito.finish().await
    });
}

#[test]
fn a_password_that_must_be_reset_is() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let renewed = Person { password: "Other horse 8?".to_owned(), ..ann.clone() };
        let confirm = |code: &str| json!({ "ClientId": CLIENT, "Username": ann.username, "ConfirmationCode": code, "Password": renewed.password });
        let delivery = json!({ "CodeDeliveryDetails": { "AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "a***@e***" } });
        let script = Script::new()
            .srp(&ann)
            .refuse(400, "PasswordResetRequiredException", "Password reset required for the user")
            .expect("ForgotPassword", json!({ "ClientId": CLIENT, "Username": ann.username }))
            .answer(delivery)
            .expect("ConfirmForgotPassword", confirm("111111"))
            .refuse(400, "CodeMismatchException", "Invalid verification code provided, please try again.")
            .expect("ConfirmForgotPassword", confirm("739105"))
            .answer(json!({}))
            .srp(&renewed)
            .tokens(tokens());
        let cognito = Cognito::start(stage.origin(), and_out(script)).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        browser.step("Set a new password").await?;
        assert_eq!(labels(browser).await?, ["Account", "Code", "New password"]);
        assert_eq!(step_says(browser).await?, "If the account exists, a code was sent by email to a***@e***.");
        browser.picture("mfa-reset").await?;
        browser.client().refresh().await?;
        browser.step("Set a new password").await?;
        browser.fill("code", "111111").await?;
        browser.fill("new-password", &renewed.password).await?;
        browser.submit_step().await?;
        error_is(browser, "That code is not right.", "code").await?;
        browser.paste("code", "739 105").await?;
        browser.fill("new-password", &renewed.password).await?;
        browser.submit_step().await?;
        ends(browser, &cognito).await
    });
}

#[test]
fn an_account_that_is_not_confirmed_is() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let delivery = json!({ "CodeDeliveryDetails": { "AttributeName": "email", "DeliveryMedium": "EMAIL", "Destination": "a***@e***" } });
        let confirm = |code: &str| json!({ "ClientId": CLIENT, "Username": ann.username, "ConfirmationCode": code });
        let script = Script::new()
            .srp(&ann)
            .refuse(400, "UserNotConfirmedException", "User is not confirmed.")
            .expect("ConfirmSignUp", confirm("111111"))
            .refuse(400, "ExpiredCodeException", "Invalid code provided, please request a code again.")
            .expect("ResendConfirmationCode", json!({ "ClientId": CLIENT, "Username": ann.username }))
            .answer(delivery)
            .expect("ConfirmSignUp", confirm("739105"))
            .answer(json!({}))
            .srp(&ann)
            .tokens(tokens());
        let cognito = Cognito::start(stage.origin(), and_out(script)).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        browser.step("Confirm your account").await?;
        assert!(step_says(browser).await?.contains("ask for another"));
        browser.picture("mfa-confirm").await?;
        browser.fill("code", "111111").await?;
        browser.submit_step().await?;
        error_is(browser, "Ask for another", "code").await?;
        browser.press("Send another code").await?;
        browser
            .wait_for("where the code went", "document.querySelector('#step-to').innerText.includes('a***@e***')")
            .await?;
        browser.step("Confirm your account").await?;
        browser.picture("mfa-confirm-resent").await?;
        browser.fill("code", "739105").await?;
        browser.submit_step().await?;
        // The password was kept in the worker: it is not asked for again.
        ends(browser, &cognito).await
    });
}
