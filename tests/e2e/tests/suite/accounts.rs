//! Accounts: made, confirmed, recovered, taken up with a first password, guarded by a second factor.

use std::time::{SystemTime, UNIX_EPOCH};

use signet_e2e::{Browser, Error, test, test_from_blank};
use signet_local::{User, totp_code};

use crate::secrets::nothing_is_found;

const PASSWORD: &str = "Known-to-nobody-1";
const NEW_PASSWORD: &str = "Known-to-nobody-2";
/// What MiniStack sends to everybody.
const CODE: &str = "123456";
const RESET_CODE: &str = "654321";
const WRONG_CODE: &str = "999999";

fn member(username: &'static str) -> User {
    User { username, password: PASSWORD, in_group: true }
}

/// Fills in the form for a new account and sends it.
async fn sign_up(browser: &Browser, username: &str, password: &str) -> Result<(), Error> {
    browser.press("Create an account").await?;
    browser.new_step("Create an account").await?;
    browser.fill("username", username).await?;
    browser.fill("new-password", password).await?;
    browser.submit_step().await
}

async fn answers_with(browser: &Browser, code: &str) -> Result<(), Error> {
    browser.fill("code", code).await?;
    browser.submit_step().await
}

/// A word about the code, which is gone from its field; and the field has the focus.
async fn code_is_refused(browser: &Browser) -> Result<(), Error> {
    let error = browser.step_error().await?;
    assert!(error.contains("code is not right"), "{error}");
    browser
        .wait_for(
            "the focus on the empty code",
            "document.activeElement.id === 'code' && !document.activeElement.value",
        )
        .await?;
    Ok(())
}

async fn value_of(browser: &Browser, id: &str) -> Result<String, Error> {
    browser.value(&format!("document.querySelector('#{id}').value")).await
}

/// The page's clock is moved, so that nobody need wait.
async fn seconds_pass(browser: &Browser, seconds: u32) -> Result<(), Error> {
    let script = "const now = Date.now, past = arguments[0] * 1000; Date.now = () => now() + past;";
    browser.client().execute(script, vec![seconds.into()]).await?;
    Ok(())
}

#[test]
fn who_signs_up_comes_into_the_app_without_typing_the_password_again() {
    test_from_blank(async |stage, browser| {
        let username = "dora@example.com";
        stage.open_to_be_searched(browser).await?;
        sign_up(browser, username, PASSWORD).await?;
        browser.new_step("Confirm your account").await?;
        let text = browser.step_text().await?;
        assert!(text.starts_with("A code was sent by email to d"), "{text}");
        assert_eq!(value_of(browser, "username").await?, username);

        answers_with(browser, WRONG_CODE).await?;
        code_is_refused(browser).await?;
        // As it is copied from a message.
        answers_with(browser, " 123 456 ").await?;
        browser.signed_in().await?;
        assert!(browser.who().await?.contains(username));
        nothing_is_found(stage, browser, &[PASSWORD]).await
    });
}

#[test]
fn a_weak_password_is_refused_before_it_is_sent() {
    test(async |stage, browser| {
        let gateway = stage.gateway();
        let sent = gateway.requests("SignUp");
        browser.press("Create an account").await?;
        browser.new_step("Create an account").await?;
        let met = async || Ok::<_, Error>(browser.rules().await?.iter().map(|(_, met)| *met).collect::<Vec<_>>());
        let rules: Vec<_> = browser.rules().await?.into_iter().map(|(rule, _)| rule).collect();
        let expected = ["at least 12 characters", "a lower-case letter", "an upper-case letter", "a number"];
        assert_eq!(rules, expected);
        assert_eq!(met().await?, [false; 4]);
        browser.fill("username", "weak@example.com").await?;
        browser.fill("new-password", "Weak1").await?;
        assert_eq!(met().await?, [false, true, true, true]);
        browser.submit_step().await?;
        let error = browser.step_error().await?;
        assert!(error.contains("does not follow"), "{error}");
        assert_eq!(met().await?, [false, true, true, true], "what was typed stays, to be mended");
        assert_eq!(value_of(browser, "username").await?, "weak@example.com");
        browser.fill("new-password", PASSWORD).await?;
        assert_eq!(met().await?, [true; 4]);
        assert_eq!(gateway.requests("SignUp"), sent);
        browser.submit_step().await?;
        browser.new_step("Confirm your account").await
    });
}

#[test]
fn a_name_that_is_taken_is_told_at_its_field() {
    test(async |stage, browser| {
        let alice = stage.alice();
        sign_up(browser, alice.username, PASSWORD).await?;
        let error = browser.step_error().await?;
        assert!(error.contains("already exists"), "{error}");
        browser.wait_for("the focus on the name", "document.activeElement.id === 'username'").await?;
        // Nothing typed is lost on the way back.
        browser.press("Back to sign in").await?;
        browser.signed_out().await?;
        assert_eq!(value_of(browser, "username").await?, alice.username);
        browser.type_into("#password", alice.password).await?;
        browser.click("#sign-in-button").await?;
        browser.signed_in().await
    });
}

#[test]
fn another_code_can_be_asked_for_after_a_while() {
    test(async |stage, browser| {
        let gateway = stage.gateway();
        let sent = gateway.requests("ResendConfirmationCode");
        sign_up(browser, "frida@example.com", PASSWORD).await?;
        browser.new_step("Confirm your account").await?;
        let others = browser.other_buttons().await?;
        assert!(
            others.iter().any(|label| label.starts_with("Send another code (in ") && label.ends_with(" s)")),
            "{others:?}"
        );
        seconds_pass(browser, 31).await?;
        browser.press("Send another code").await?;
        // The wait begins anew, and the focus is where it was or on the heading.
        let waits = "[...document.querySelectorAll('main#step .others button')].some(button => button.ariaDisabled && / s\\)/.test(button.innerText))";
        browser.wait_for("the wait for the next one", waits).await?;
        assert_eq!(gateway.requests("ResendConfirmationCode"), sent + 1);
        answers_with(browser, CODE).await?;
        browser.signed_in().await
    });
}

#[test]
fn who_has_not_confirmed_does_so_on_signing_in() {
    test_from_blank(async |stage, browser| {
        let username = "erik@example.com";
        browser.client().goto(stage.origin()).await?;
        sign_up(browser, username, PASSWORD).await?;
        browser.new_step("Confirm your account").await?;

        // In another tab, where nothing is known of that.
        let tab = browser.client().new_window(true).await?;
        browser.client().switch_to_window(tab.handle).await?;
        stage.open_to_be_searched(browser).await?;
        browser.submit_sign_in(username, PASSWORD).await?;
        browser.new_step("Confirm your account").await?;
        let text = browser.step_text().await?;
        assert!(text.contains("not confirmed yet"), "{text}");
        answers_with(browser, CODE).await?;
        browser.signed_in().await?;
        assert!(browser.who().await?.contains(username));
        nothing_is_found(stage, browser, &[PASSWORD]).await
    });
}

#[test]
fn a_reload_comes_back_to_the_code_of_a_new_account() {
    test(async |_, browser| {
        let username = "greta@example.com";
        sign_up(browser, username, PASSWORD).await?;
        browser.new_step("Confirm your account").await?;
        browser.client().refresh().await?;
        browser.new_step("Confirm your account").await?;
        assert_eq!(value_of(browser, "username").await?, username);
        answers_with(browser, CODE).await?;
        // The password went with the page.
        browser.signed_out().await?;
        assert_eq!(value_of(browser, "username").await?, username);
        browser.wait_for("the focus on the password", "document.activeElement.id === 'password'").await?;
        browser.type_into("#password", PASSWORD).await?;
        browser.click("#sign-in-button").await?;
        browser.signed_in().await
    });
}

#[test]
fn a_forgotten_password_is_replaced() {
    test_from_blank(async |stage, browser| {
        let hugo = member("hugo@example.com");
        stage.gateway().add(hugo).await.expect("an account");
        stage.open_to_be_searched(browser).await?;
        browser.type_into("#username", hugo.username).await?;
        browser.press("Forgot your password?").await?;
        browser.new_step("Reset your password").await?;
        assert_eq!(value_of(browser, "username").await?, hugo.username);
        browser.submit_step().await?;
        browser.new_step("Set a new password").await?;
        let text = browser.step_text().await?;
        assert!(text.starts_with("If the account exists, a code was sent by email to h"), "{text}");

        browser.client().refresh().await?;
        browser.new_step("Set a new password").await?;
        assert_eq!(value_of(browser, "username").await?, hugo.username);
        browser.fill("new-password", NEW_PASSWORD).await?;
        answers_with(browser, WRONG_CODE).await?;
        code_is_refused(browser).await?;
        browser.fill("new-password", NEW_PASSWORD).await?;
        answers_with(browser, RESET_CODE).await?;
        browser.signed_in().await?;
        nothing_is_found(stage, browser, &[NEW_PASSWORD]).await
    });
}

#[test]
fn the_first_password_is_good_for_one_sign_in() {
    test_from_blank(async |stage, browser| {
        let ida = member("ida@example.com");
        stage.gateway().invite(ida).await.expect("an account");
        stage.open_to_be_searched(browser).await?;
        browser.submit_sign_in(ida.username, ida.password).await?;
        browser.new_step("Choose a new password").await?;
        browser.fill("new-password", "weak").await?;
        browser.submit_step().await?;
        assert!(browser.step_error().await?.contains("does not follow"));

        browser.client().refresh().await?;
        browser.new_step("Choose a new password").await?;
        assert_eq!(value_of(browser, "username").await?, ida.username);
        browser.fill("new-password", NEW_PASSWORD).await?;
        browser.submit_step().await?;
        browser.signed_in().await?;
        browser.ask("Am I one of you now?").await?;
        browser.turn_is("done").await?;
        nothing_is_found(stage, browser, &[ida.password, NEW_PASSWORD]).await?;

        browser.click("#sign-out").await?;
        browser.signed_out().await?;
        browser.sign_in(ida.username, NEW_PASSWORD).await
    });
}

#[test]
fn a_step_that_waits_too_long_begins_again_with_the_username() {
    test(async |stage, browser| {
        let jan = member("jan@example.com");
        stage.gateway().invite(jan).await.expect("an account");
        browser.submit_sign_in(jan.username, jan.password).await?;
        browser.new_step("Choose a new password").await?;
        stage.gateway().expire_sessions();
        browser.fill("new-password", NEW_PASSWORD).await?;
        browser.submit_step().await?;
        let error = browser.sign_in_error().await?;
        assert!(error.contains("took too long"), "{error}");
        assert_eq!(value_of(browser, "username").await?, jan.username);
        browser.wait_for("the focus on the password", "document.activeElement.id === 'password'").await?;
        Ok(())
    });
}

#[test]
fn a_code_of_an_authenticator_app_is_asked_for() {
    test_from_blank(async |stage, browser| {
        let kim = member("kim@example.com");
        let gateway = stage.gateway();
        gateway.add(kim).await.expect("an account");
        let secret = gateway.require_totp(kim).await.expect("a second factor");
        stage.open_to_be_searched(browser).await?;
        browser.submit_sign_in(kim.username, kim.password).await?;
        browser.new_step("Type your code").await?;
        let text = browser.step_text().await?;
        assert!(text.contains("authenticator app"), "{text}");
        let code = || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
            totp_code(&secret, now)
        };
        // Another in every digit.
        let wrong: String = code().bytes().map(|digit| char::from(b'0' + (digit - b'0' + 5) % 10)).collect();
        answers_with(browser, &wrong).await?;
        code_is_refused(browser).await?;

        browser.client().refresh().await?;
        browser.new_step("Type your code").await?;
        answers_with(browser, &code()).await?;
        browser.signed_in().await?;
        assert!(browser.who().await?.contains(kim.username));
        nothing_is_found(stage, browser, &[kim.password, &secret]).await
    });
}
