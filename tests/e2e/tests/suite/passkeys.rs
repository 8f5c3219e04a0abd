//! `WEB_AUTHN` as a first factor, with the authenticator that Chromium plays. <https://www.w3.org/TR/webauthn-3/>

use serde_json::{Value as Json, json};
use signet_e2e::cognito::{Cognito, Pending, Person, Script};
use signet_e2e::{Browser, Error, Passkey, Stage, has_devtools, test_from_blank};

use crate::choices::{begin, chosen, code, done, leaves_nothing, open, sent, user_auth};

const CHOOSE: &str = "How do you want to sign in?";
const CODE: &str = "Type your code";
const PASSKEY: &str = "Use your passkey";

fn ann() -> Person {
    Person::new("ann@example.com", "Right horse 7!")
}

fn asked(pending: Pending, passkey: &Passkey) -> Script {
    pending.challenge("WEB_AUTHN", json!({ "CREDENTIAL_REQUEST_OPTIONS": passkey.request_options() }))
}

fn shown(script: Script, ann: &Person, passkey: &Passkey) -> Pending {
    script.respond("WEB_AUTHN", json!({ "USERNAME": ann.username, "CREDENTIAL": passkey.assertion() }))
}

fn enter(pending: Pending, ann: &Person) -> Script {
    pending.tokens(json!({ "email": ann.username })).identity_pool()
}

/// Runs with somebody, her passkey and a script that still has to be played.
fn test<T: AsyncFnOnce(&Stage, &Browser, &Person, &Passkey) -> Result<(), Error>>(body: T) {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| body(stage, browser, &ann(), &Passkey::new("ann")).await);
}

#[test]
fn a_passkey_is_chosen() {
    test(async |stage, browser, ann, passkey| {
        let script = begin(Script::new(), ann, None).select(&["PASSWORD_SRP", "WEB_AUTHN", "EMAIL_OTP"]);
        let script = enter(shown(asked(chosen(script, ann, "WEB_AUTHN"), passkey), ann, passkey), ann);
        let cognito = Cognito::start(stage.origin(), script).await?;
        browser.add_authenticator().await?.add(passkey).await?;
        open(stage, browser, &user_auth(&cognito, None)).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CHOOSE).await?;
        assert_eq!(browser.options().await?.0, ["Password", "Passkey", "A code by email"]);
        browser.choose_option("choice", "WEB_AUTHN").await?;
        browser.submit_step().await?;
        done(browser, &cognito, ann).await
    });
}

#[test]
fn a_preferred_passkey_is_asked_for_at_once() {
    test(async |stage, browser, ann, passkey| {
        let script = enter(shown(asked(begin(Script::new(), ann, Some("WEB_AUTHN")), passkey), ann, passkey), ann);
        let cognito = Cognito::start(stage.origin(), script).await?;
        browser.add_authenticator().await?.add(passkey).await?;
        open(stage, browser, &user_auth(&cognito, Some("WEB_AUTHN"))).await?;
        browser.submit_username(&ann.username).await?;
        done(browser, &cognito, ann).await
    });
}

#[test]
fn a_wrong_finger_can_try_again_also_after_a_reload() {
    test(async |stage, browser, ann, passkey| {
        let script = enter(shown(asked(begin(Script::new(), ann, Some("WEB_AUTHN")), passkey), ann, passkey), ann);
        let cognito = Cognito::start(stage.origin(), script).await?;
        let authenticator = browser.add_authenticator().await?;
        authenticator.add(passkey).await?;
        authenticator.set_user_verified(false).await?;
        open(stage, browser, &user_auth(&cognito, Some("WEB_AUTHN"))).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(PASSKEY).await?;
        for reloads in [false, true] {
            if reloads {
                browser.client().refresh().await?;
                browser.step(PASSKEY).await?;
                browser.submit_step().await?;
            }
            let told = browser.step_error().await?;
            assert!(told.contains("No passkey was used"), "{told}");
        }
        authenticator.set_user_verified(true).await?;
        browser.submit_step().await?;
        done(browser, &cognito, ann).await
    });
}

#[test]
fn who_has_no_passkey_here_signs_in_another_way() {
    test(async |stage, browser, ann, passkey| {
        let script = asked(begin(Script::new(), ann, Some("WEB_AUTHN")), passkey);
        let script = begin(script, ann, None).select(&["WEB_AUTHN", "EMAIL_OTP"]);
        let script = sent(chosen(script, ann, "EMAIL_OTP"), ann, "EMAIL_OTP");
        let script = enter(code(script, ann, "EMAIL_OTP", "739105"), ann);
        let cognito = Cognito::start(stage.origin(), script).await?;
        // It has somebody else's.
        browser.add_authenticator().await?.add(&Passkey::new("bob")).await?;
        open(stage, browser, &user_auth(&cognito, Some("WEB_AUTHN"))).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(PASSKEY).await?;
        let told = browser.step_error().await?;
        assert!(told.contains("another way"), "{told}");
        browser.press("Sign in another way").await?;
        browser.step(CHOOSE).await?;
        browser.choose_option("choice", "EMAIL_OTP").await?;
        browser.submit_step().await?;
        browser.step(CODE).await?;
        browser.fill("code", "739105").await?;
        browser.submit_step().await?;
        done(browser, &cognito, ann).await
    });
}

/// As Cognito does where somebody has set up no passkey.
#[test]
fn who_has_no_passkey_at_all_is_asked_for_something_else() {
    test(async |stage, browser, ann, _| {
        let script = begin(Script::new(), ann, Some("WEB_AUTHN")).select(&["PASSWORD", "EMAIL_OTP"]);
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, Some("WEB_AUTHN"))).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CHOOSE).await?;
        leaves_nothing(browser, &cognito).await
    });
}

#[test]
fn a_passkey_that_the_user_pool_does_not_take_is_told_and_asked_for_anew() {
    test(async |stage, browser, ann, passkey| {
        let script = asked(begin(Script::new(), ann, Some("WEB_AUTHN")), passkey);
        let script =
            shown(script, ann, passkey).refuse(400, "WebAuthnChallengeNotFoundException", "Challenge not found.");
        let script = enter(shown(asked(begin(script, ann, Some("WEB_AUTHN")), passkey), ann, passkey), ann);
        let cognito = Cognito::start(stage.origin(), script).await?;
        browser.add_authenticator().await?.add(passkey).await?;
        open(stage, browser, &user_auth(&cognito, Some("WEB_AUTHN"))).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(PASSKEY).await?;
        let told = browser.step_error().await?;
        assert!(told.contains("took too long"), "{told}");
        browser.submit_step().await?;
        done(browser, &cognito, ann).await
    });
}

/// The first visit of somebody whom the browser is to remember: nothing is offered yet.
fn first_visit(ann: &Person) -> Script {
    let script = sent(begin(Script::new(), ann, Some("EMAIL_OTP")), ann, "EMAIL_OTP");
    enter(code(script, ann, "EMAIL_OTP", "739105"), ann)
}

fn with_autofill(cognito: &Cognito) -> Json {
    let mut config = user_auth(cognito, Some("EMAIL_OTP"));
    config["passkeyAutofill"] = json!(true);
    config
}

/// Signs in with a code, and comes again in a tab of its own.
async fn come_again(stage: &Stage, browser: &Browser, cognito: &Cognito, ann: &Person) -> Result<(), Error> {
    stage.open(browser, &with_autofill(cognito)).await?;
    browser.submit_username(&ann.username).await?;
    browser.step(CODE).await?;
    browser.fill("code", "739105").await?;
    browser.submit_step().await?;
    browser.signed_in().await?;
    let tab = browser.client().new_window(true).await?;
    Ok(browser.client().switch_to_window(tab.handle).await?)
}

#[test]
fn a_passkey_comes_with_the_usernames_autofill() {
    test(async |stage, browser, ann, passkey| {
        let script = asked(begin(first_visit(ann), ann, Some("WEB_AUTHN")), passkey);
        let script = enter(shown(script, ann, passkey), ann);
        let cognito = Cognito::start(stage.origin(), script).await?;
        come_again(stage, browser, &cognito, ann).await?;
        browser.add_authenticator().await?.add(passkey).await?;
        browser.watch_passkeys().await?;
        open(stage, browser, &with_autofill(&cognito)).await?;
        // Chromium's virtual authenticator picks from the autofill by itself.
        browser.signed_in().await?;
        assert_eq!(browser.passkeys_asked_for(1).await?, ["conditional, ended"]);
        done(browser, &cognito, ann).await
    });
}

#[test]
fn an_offer_of_a_passkey_does_not_hold_the_form_back() {
    test(async |stage, browser, ann, passkey| {
        let script = asked(begin(first_visit(ann), ann, Some("WEB_AUTHN")), passkey);
        let script = sent(begin(script, ann, Some("EMAIL_OTP")), ann, "EMAIL_OTP");
        let script = enter(code(script, ann, "EMAIL_OTP", "739106"), ann);
        let cognito = Cognito::start(stage.origin(), script).await?;
        come_again(stage, browser, &cognito, ann).await?;
        // One that has no passkey of hers leaves the question open.
        browser.add_authenticator().await?;
        browser.watch_passkeys().await?;
        open(stage, browser, &with_autofill(&cognito)).await?;
        assert_eq!(browser.passkeys_asked_for(1).await?, ["conditional"]);
        let field = "(() => { const field = document.querySelector('#username'); return [field.value, field.autocomplete]; })()";
        assert_eq!(browser.value::<Json>(field).await?, json!([ann.username, "username webauthn"]));
        assert_eq!(browser.value::<String>("document.querySelector('#sign-in-error').innerText").await?, "");
        browser.submit_username(&ann.username).await?;
        browser.step(CODE).await?;
        assert_eq!(browser.passkeys_asked_for(1).await?, ["conditional, ended"]);
        browser.fill("code", "739106").await?;
        browser.submit_step().await?;
        done(browser, &cognito, ann).await
    });
}

/// The offer is a courtesy: that there is none is not told.
#[test]
fn an_offer_that_fails_is_not_noticed() {
    test(async |stage, browser, ann, _| {
        let script = begin(first_visit(ann), ann, Some("WEB_AUTHN")).select(&["EMAIL_OTP"]);
        let script = begin(script, ann, Some("WEB_AUTHN")).refuse(
            400,
            "InvalidParameterException",
            "WEB_AUTHN is not enabled for the client.",
        );
        let script = sent(begin(script, ann, Some("EMAIL_OTP")), ann, "EMAIL_OTP");
        let script = enter(code(script, ann, "EMAIL_OTP", "739106"), ann);
        let cognito = Cognito::start(stage.origin(), script).await?;
        come_again(stage, browser, &cognito, ann).await?;
        open(stage, browser, &with_autofill(&cognito)).await?;
        for visits in 1..=2 {
            if visits == 2 {
                browser.client().refresh().await?;
            }
            let offers = || {
                cognito
                    .requests()
                    .iter()
                    .filter(|(_, body)| body["AuthParameters"]["PREFERRED_CHALLENGE"] == "WEB_AUTHN")
                    .count()
            };
            signet_e2e::wait_until("an offer to be asked for", signet_e2e::PATIENCE, async || Ok(offers() == visits))
                .await?;
        }
        browser.submit_username(&ann.username).await?;
        browser.step(CODE).await?;
        browser.fill("code", "739106").await?;
        browser.submit_step().await?;
        done(browser, &cognito, ann).await
    });
}
