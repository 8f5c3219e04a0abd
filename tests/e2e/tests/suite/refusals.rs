//! What a user pool may say no with: what is tried again, what is not, and what the person is told.

use serde_json::json;
use signet_e2e::cognito::{Cognito, Pending, Person, Script, srp_a};
use signet_e2e::{Browser, Error, test_from_blank};

use crate::choices::{begin, code, done, leaves_nothing, open, sent, user_auth};

const CODE: &str = "Type your code";

fn ann() -> Person {
    Person::new("ann@example.com", "Right horse 7!")
}

fn first(script: Script, ann: &Person) -> Pending {
    script.initiate("USER_SRP_AUTH", json!({ "USERNAME": ann.username, "SRP_A": srp_a() }))
}

/// Whether a sentence names a request as AWS's logs do.
fn names_a_request(told: &str) -> bool {
    let id = told.split_once(" Request ").map(|(_, id)| id.trim_end_matches('.')).unwrap_or_default();
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && id.bytes().all(|c| c == b'-' || c.is_ascii_hexdigit())
}

async fn says_that_it_tries_again(browser: &Browser) -> Result<(), Error> {
    let statuses = browser.statuses().await?;
    assert!(statuses.iter().any(|status| status.contains("Trying again")), "{statuses:?}");
    Ok(())
}

#[test]
fn a_busy_service_is_asked_again() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = first(Script::new(), &ann).refuse(429, "TooManyRequestsException", "Rate exceeded");
        let script = first(script, &ann).refuse(400, "TooManyRequestsException", "Rate exceeded");
        let script = script.srp(&ann).tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.watch_statuses().await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        browser.signed_in().await?;
        says_that_it_tries_again(browser).await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn a_service_that_stays_busy_is_told_with_the_requests_id() {
    stays_so(
        |pending| pending.refuse(429, "TooManyRequestsException", "Rate exceeded"),
        &["too many requests", "Try again"],
        true,
    );
}

#[test]
fn a_service_that_keeps_failing_is_told_with_the_requests_id() {
    stays_so(|pending| pending.fail(503), &["failed (status 503)", "Try again"], true);
}

#[test]
fn a_connection_that_stays_broken_is_told() {
    stays_so(Pending::drop_connection, &["There is no answer", "Check the connection"], false);
}

/// Three times, and no more; then the form works again.
fn stays_so(answer: fn(Pending) -> Script, words: &[&str], has_id: bool) {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = (0..3).fold(Script::new(), |script, _| answer(first(script, &ann)));
        let script = script.srp(&ann).tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.watch_statuses().await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        let told = browser.sign_in_error().await?;
        assert!(words.iter().all(|word| told.contains(word)) && names_a_request(&told) == has_id, "{told}");
        says_that_it_tries_again(browser).await?;
        assert_eq!(browser.username().await?, ann.username);
        browser.type_into("#password", &ann.password).await?;
        browser.click("#sign-in-button").await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn a_failure_on_the_way_does_not_lose_the_step() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, Some("EMAIL_OTP")).fail(500);
        let script = sent(begin(script, &ann, Some("EMAIL_OTP")), &ann, "EMAIL_OTP");
        let script = code(script, &ann, "EMAIL_OTP", "739105").drop_connection();
        let script = code(script, &ann, "EMAIL_OTP", "739105").fail(503);
        let script = code(script, &ann, "EMAIL_OTP", "739105").fail(503);
        // The person's own second attempt.
        let script = code(script, &ann, "EMAIL_OTP", "739105").drop_connection();
        let script = code(script, &ann, "EMAIL_OTP", "739105").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, Some("EMAIL_OTP"))).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CODE).await?;
        browser.watch_statuses().await?;
        browser.fill("code", "739105").await?;
        browser.submit_step().await?;
        let told = browser.step_error().await?;
        assert!(told.contains("503") && names_a_request(&told), "{told}");
        says_that_it_tries_again(browser).await?;
        browser.fill("code", "739105").await?;
        browser.submit_step().await?;
        done(browser, &cognito, &ann).await
    });
}

/// Limits of one person's attempts: asking again would use them up.
#[test]
fn a_limit_of_attempts_is_asked_once() {
    for (name, message) in [
        ("LimitExceededException", "Attempt limit exceeded, please try after some time."),
        ("TooManyFailedAttemptsException", "Too many failed attempts."),
        ("NotAuthorizedException", "Password attempts exceeded"),
    ] {
        is_told(name, message, &["Too many attempts", "15 minutes"]);
    }
}

#[test]
fn an_account_that_is_disabled_is_told_so() {
    is_told("NotAuthorizedException", "User is disabled.", &["account is disabled", "Ask whoever runs this app"]);
}

#[test]
fn a_client_with_a_secret_is_told_to_its_administrator() {
    let message = "Client 1scripted23456789example is configured with secret but SECRET_HASH was not received";
    is_told("NotAuthorizedException", message, &["client has a secret", "config.json"]);
}

#[test]
fn a_refusal_that_nobody_knows_is_told_in_its_own_words() {
    is_told("PlanetMisalignedException", "Mars is late.", &["PlanetMisalignedException", "Mars is late", " Request "]);
}

#[test]
fn an_unknown_user_is_told_what_a_wrong_password_is() {
    is_told("UserNotFoundException", "User does not exist.", &["username and password do not match"]);
}

/// Once, at the first form, whose username is kept.
fn is_told(name: &str, message: &str, words: &[&str]) {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = first(Script::new(), &ann).refuse(400, name, message);
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &cognito.config()).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        let told = browser.sign_in_error().await?;
        assert!(words.iter().all(|word| told.contains(word)), "{told}");
        assert_eq!(browser.username().await?, ann.username);
        leaves_nothing(browser, &cognito).await?;
        assert_eq!(cognito.requests().len(), 1);
        Ok(())
    });
}

#[test]
fn a_step_that_nobody_knows_is_named() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = first(Script::new(), &ann).challenge("RETINA_SCAN", json!({}));
        let cognito = Cognito::start(stage.origin(), script).await?;
        let mut config = cognito.config();
        config["contact"] = json!("the help desk");
        open(stage, browser, &config).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        let told = browser.sign_in_error().await?;
        assert!(told.contains("RETINA_SCAN") && told.contains("Ask the help desk to turn it off"), "{told}");
        leaves_nothing(browser, &cognito).await
    });
}

#[test]
fn a_choice_of_what_nobody_knows_is_named() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, None).select(&["RETINA_SCAN"]);
        // Beside what is known it is left out.
        let script = begin(script, &ann, None).select(&["RETINA_SCAN", "SMS_OTP", "EMAIL_OTP"]);
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, None)).await?;
        browser.submit_username(&ann.username).await?;
        let told = browser.sign_in_error().await?;
        assert!(told.contains("SELECT_CHALLENGE RETINA_SCAN"), "{told}");
        browser.submit_username(&ann.username).await?;
        browser.step("How do you want to sign in?").await?;
        assert_eq!(browser.options().await?.0, ["A code by email", "A code by text message"]);
        leaves_nothing(browser, &cognito).await
    });
}
