//! `USER_AUTH`: the username first, then one of several first factors.

use serde_json::{Value as Json, json};
use signet_e2e::cognito::{Cognito, Pending, Person, Script, srp_a};
use signet_e2e::{Browser, Error, has_devtools, test_from_blank};

use crate::secrets::no_secret_is_found;

const ALL: [&str; 4] = ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP"];
const ENTER: &str = "\u{E007}";
const TAB: &str = "\u{E004}";
const DOWN: &str = "\u{E015}";

const CHOOSE: &str = "How do you want to sign in?";
const CODE: &str = "Type your code";
const PASSWORD: &str = "Type your password";

fn ann() -> Person {
    Person::new("ann@example.com", "Right horse 7!")
}

pub fn user_auth(cognito: &Cognito, preferred: Option<&str>) -> Json {
    let mut config = cognito.config();
    config["authFlow"] = json!("USER_AUTH");
    config["preferredChallenge"] = json!(preferred);
    config
}

/// The request that begins a sign-in.
pub fn begin(script: Script, ann: &Person, preferred: Option<&str>) -> Pending {
    let mut parameters = json!({ "USERNAME": ann.username });
    if let Some(preferred) = preferred {
        parameters["PREFERRED_CHALLENGE"] = json!(preferred);
    }
    script.initiate("USER_AUTH", parameters)
}

/// The choice of a factor whose challenge follows.
pub fn chosen(script: Script, ann: &Person, factor: &str) -> Pending {
    script.respond("SELECT_CHALLENGE", json!({ "USERNAME": ann.username, "ANSWER": factor }))
}

/// The choice of the password, with the first half of its proof.
fn chosen_password(script: Script, ann: &Person) -> Pending {
    let responses = json!({ "USERNAME": ann.username, "ANSWER": "PASSWORD_SRP", "SRP_A": srp_a() });
    script.respond("SELECT_CHALLENGE", responses).password_verifier(ann).password_proof(ann)
}

/// A code that was sent; the user pool says its own name of the user with it.
pub fn sent(pending: Pending, ann: &Person, factor: &str) -> Script {
    let (medium, destination) = if factor == "EMAIL_OTP" { ("EMAIL", "a***@e***") } else { ("SMS", "+*******67") };
    let parameters = json!({
        "USERNAME": ann.user_id, "CODE_DELIVERY_DELIVERY_MEDIUM": medium, "CODE_DELIVERY_DESTINATION": destination,
    });
    pending.challenge(factor, parameters)
}

pub fn code(script: Script, ann: &Person, factor: &str, code: &str) -> Pending {
    let mut responses = json!({ "USERNAME": ann.user_id });
    responses[format!("{factor}_CODE")] = json!(code);
    script.respond(factor, responses)
}

/// Goes to the app, so that what it leaves in memory can be searched afterwards.
pub async fn open(stage: &signet_e2e::Stage, browser: &Browser, config: &Json) -> Result<(), Error> {
    if has_devtools() {
        browser.remember_memories().await?;
    }
    stage.open(browser, config).await
}

/// Signed in, with all of the script done, and nothing left in the page that it must not hold.
pub async fn done(browser: &Browser, cognito: &Cognito, ann: &Person) -> Result<(), Error> {
    browser.signed_in().await?;
    assert!(browser.who().await?.contains(&ann.username));
    leaves_nothing(browser, cognito).await
}

pub async fn leaves_nothing(browser: &Browser, cognito: &Cognito) -> Result<(), Error> {
    cognito.finish().await?;
    if has_devtools() {
        no_secret_is_found(browser, &cognito.secrets()).await?;
    }
    Ok(())
}

async fn text(browser: &Browser) -> Result<String, Error> {
    browser.value("document.querySelector('main#step').innerText").await
}

#[test]
fn a_code_by_email_is_chosen_and_a_reload_comes_back_to_each_step() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, None).select(&ALL);
        let script = sent(chosen(script, &ann, "EMAIL_OTP"), &ann, "EMAIL_OTP");
        let script =
            code(script, &ann, "EMAIL_OTP", "73910586").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, None)).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CHOOSE).await?;
        // PASSWORD and PASSWORD_SRP are one to a person.
        let shown = ["Password", "A code by email", "A code by text message"].map(str::to_owned).to_vec();
        assert_eq!(browser.options().await?, (shown.clone(), Some(0)));
        browser.client().refresh().await?;
        browser.step(CHOOSE).await?;
        assert_eq!(browser.options().await?, (shown, Some(0)));
        browser.choose_option("choice", "EMAIL_OTP").await?;
        browser.submit_step().await?;
        browser.step(CODE).await?;
        assert!(text(browser).await?.contains("A code was sent by email to a***@e***."));
        browser.client().refresh().await?;
        browser.step(CODE).await?;
        assert!(text(browser).await?.contains("A code was sent by email to a***@e***."));
        // With the spaces that people copy along.
        browser.fill("code", " 7391 0586 ").await?;
        browser.submit_step().await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn a_code_by_text_message_is_chosen_without_a_mouse() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, None).select(&ALL);
        let script = sent(chosen(script, &ann, "SMS_OTP"), &ann, "SMS_OTP");
        let script = code(script, &ann, "SMS_OTP", "739105").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, None)).await?;
        browser.wait_for("the configuration", "document.querySelector('#password').disabled").await?;
        for key in [TAB, &ann.username, ENTER] {
            browser.key(key).await?;
        }
        browser.step(CHOOSE).await?;
        // From the heading into the group, down to the third, and off.
        for key in [TAB, DOWN, DOWN] {
            browser.key(key).await?;
        }
        assert_eq!(browser.options().await?.1, Some(2));
        browser.key(ENTER).await?;
        browser.step(CODE).await?;
        assert!(text(browser).await?.contains("A code was sent by text message to +*******67."));
        for key in [TAB, "739105", ENTER] {
            browser.key(key).await?;
        }
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn the_password_is_chosen_and_proved_at_the_second_attempt() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, None).select(&ALL);
        let script = chosen_password(script, &ann).wrong_password();
        // The session ended with it.
        let script = begin(script, &ann, Some("PASSWORD_SRP")).also("/AuthParameters/SRP_A", srp_a());
        let script = script
            .password_verifier(&ann)
            .password_proof(&ann)
            .tokens(json!({ "email": ann.username }))
            .identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, None)).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CHOOSE).await?;
        browser.choose_option("choice", "PASSWORD_SRP").await?;
        browser.submit_step().await?;
        browser.step(PASSWORD).await?;
        // A password manager sees whose password it is.
        let account = "(() => { const field = document.querySelector('#step #username'); return [field.value, field.readOnly, field.autocomplete]; })()";
        assert_eq!(browser.value::<Json>(account).await?, json!([ann.username, true, "username"]));
        browser.client().refresh().await?;
        browser.step(PASSWORD).await?;
        browser.fill("password", "Wrong horse 7!").await?;
        browser.submit_step().await?;
        let told = browser.error_at("password").await?;
        assert!(told.contains("do not match"), "{told}");
        browser.fill("password", &ann.password).await?;
        browser.submit_step().await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn where_the_password_cannot_be_proved_it_is_sent() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, None).select(&["EMAIL_OTP", "PASSWORD"]);
        let script = chosen(script, &ann, "PASSWORD").also("/ChallengeResponses/PASSWORD", json!("Wrong horse 7!"));
        let script = script.refuse(400, "NotAuthorizedException", "Incorrect username or password.");
        let script = begin(script, &ann, Some("PASSWORD")).also("/AuthParameters/PASSWORD", json!(ann.password));
        let script = script.tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, None)).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CHOOSE).await?;
        assert_eq!(browser.options().await?.0, ["Password", "A code by email"]);
        browser.submit_step().await?;
        browser.step(PASSWORD).await?;
        browser.fill("password", "Wrong horse 7!").await?;
        browser.submit_step().await?;
        browser.error_at("password").await?;
        browser.fill("password", &ann.password).await?;
        browser.key(ENTER).await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn what_cannot_be_chosen_is_not_asked() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, None).select(&["EMAIL_OTP"]);
        let script = sent(chosen(script, &ann, "EMAIL_OTP"), &ann, "EMAIL_OTP");
        let script = code(script, &ann, "EMAIL_OTP", "739105").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, None)).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CODE).await?;
        browser.fill("code", "739105").await?;
        browser.submit_step().await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn a_preferred_code_by_email_comes_at_once() {
    a_preferred_code_comes_at_once("EMAIL_OTP");
}

#[test]
fn a_preferred_code_by_text_message_comes_at_once() {
    a_preferred_code_comes_at_once("SMS_OTP");
}

fn a_preferred_code_comes_at_once(factor: &str) {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = sent(begin(Script::new(), &ann, Some(factor)), &ann, factor);
        let script = code(script, &ann, factor, "739105").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, Some(factor))).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CODE).await?;
        browser.fill("code", "739105").await?;
        browser.submit_step().await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn a_preferred_password_is_asked_with_the_username_and_proved() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let preferred = Some("PASSWORD_SRP");
        let with_srp = |script| begin(script, &ann, preferred).also("/AuthParameters/SRP_A", srp_a());
        let script = with_srp(Script::new()).password_verifier(&ann).password_proof(&ann).wrong_password();
        let script = with_srp(script).password_verifier(&ann).password_proof(&ann);
        let script = script.tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, preferred)).await?;
        browser.submit_sign_in(&ann.username, "Wrong horse 7!").await?;
        browser.error_at("password").await?;
        assert_eq!(browser.username().await?, ann.username);
        browser.type_into("#password", &ann.password).await?;
        browser.click("#sign-in-button").await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn a_preferred_password_is_asked_with_the_username_and_sent() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, Some("PASSWORD")).also("/AuthParameters/PASSWORD", json!(ann.password));
        let script = script.tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, Some("PASSWORD"))).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        done(browser, &cognito, &ann).await
    });
}

/// As Cognito does for a user who has not set up what is preferred, or where the app client does not offer it.
#[test]
fn a_password_that_was_typed_answers_a_choice_that_is_asked_all_the_same() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let preferred = Some("PASSWORD_SRP");
        let script = begin(Script::new(), &ann, preferred).also("/AuthParameters/SRP_A", srp_a()).select(&ALL);
        let script = chosen_password(script, &ann).tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, preferred)).await?;
        browser.submit_sign_in(&ann.username, &ann.password).await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn another_way_offers_all_of_them() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = sent(begin(Script::new(), &ann, Some("EMAIL_OTP")), &ann, "EMAIL_OTP");
        let script = begin(script, &ann, None).select(&ALL);
        // From the password step, too.
        let script = begin(script, &ann, None).select(&ALL);
        let script = sent(chosen(script, &ann, "SMS_OTP"), &ann, "SMS_OTP");
        let script = code(script, &ann, "SMS_OTP", "739105").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, Some("EMAIL_OTP"))).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CODE).await?;
        browser.press("Sign in another way").await?;
        browser.step(CHOOSE).await?;
        browser.submit_step().await?;
        browser.step(PASSWORD).await?;
        browser.press("Sign in another way").await?;
        browser.step(CHOOSE).await?;
        browser.choose_option("choice", "SMS_OTP").await?;
        browser.submit_step().await?;
        browser.step(CODE).await?;
        browser.fill("code", "739105").await?;
        browser.submit_step().await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn another_code_can_be_asked_for_after_a_while() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, None).select(&ALL);
        let script = sent(chosen(script, &ann, "EMAIL_OTP"), &ann, "EMAIL_OTP");
        let script = sent(begin(script, &ann, Some("EMAIL_OTP")), &ann, "EMAIL_OTP");
        // In the session of the second code; the script checks that.
        let script = code(script, &ann, "EMAIL_OTP", "739106").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, None)).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CHOOSE).await?;
        browser.choose_option("choice", "EMAIL_OTP").await?;
        browser.submit_step().await?;
        browser.step(CODE).await?;
        for _ in 0..2 {
            // A press is for nothing until the seconds are over, and a reload does not shorten them.
            browser.wait_for("the seconds to be counted", &countdown(29)).await?;
            browser.client().execute("document.querySelector('#step-others button').click();", vec![]).await?;
            browser.client().refresh().await?;
            browser.step(CODE).await?;
        }
        browser.pass_time(30).await?;
        browser.press("Send another code").await?;
        // It says so itself: another countdown begins, and the focus is at the heading.
        let heading = "document.activeElement.id === 'step-title'";
        browser.wait_for("another countdown", &format!("{} && {heading}", countdown(30))).await?;
        browser.fill("code", "739106").await?;
        browser.submit_step().await?;
        done(browser, &cognito, &ann).await
    });
}

/// Whether another code must be waited for, for this many seconds or less, but not much.
fn countdown(most: u32) -> String {
    format!(
        "(() => {{ const button = document.querySelector('#step-others button[aria-disabled=true]'); \
         const seconds = button.innerText.match(/^Send another code \\(in (\\d+) s\\)$/)?.[1]; return seconds > 0 && seconds <= {most}; }})()"
    )
}

#[test]
fn a_wrong_code_and_an_old_one_are_told_at_the_field() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = sent(begin(Script::new(), &ann, Some("EMAIL_OTP")), &ann, "EMAIL_OTP");
        let script = code(script, &ann, "EMAIL_OTP", "739104").refuse(
            400,
            "CodeMismatchException",
            "Invalid code or auth state for the user.",
        );
        let script = code(script, &ann, "EMAIL_OTP", "739105").refuse(
            400,
            "ExpiredCodeException",
            "Your software token has already been used once.",
        );
        let script = code(script, &ann, "EMAIL_OTP", "739106").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, Some("EMAIL_OTP"))).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CODE).await?;
        // Nothing typed is nothing sent: the browser says so itself.
        browser.submit_step().await?;
        browser.wait_for("the empty field to have the focus", "document.activeElement.id === 'code'").await?;
        for (typed, word) in [("739104", "not right"), ("739105", "not valid any more")] {
            browser.fill("code", typed).await?;
            browser.key(ENTER).await?;
            let told = browser.error_at("code").await?;
            assert!(told.contains(word), "{told}");
        }
        browser.fill("code", "739106").await?;
        browser.key(ENTER).await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn a_spent_session_leads_back_to_the_first_form_with_the_username() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = sent(begin(Script::new(), &ann, Some("EMAIL_OTP")), &ann, "EMAIL_OTP");
        let script = code(script, &ann, "EMAIL_OTP", "739104").refuse(
            400,
            "NotAuthorizedException",
            "Invalid session for the user, session is expired.",
        );
        let script = sent(begin(script, &ann, Some("EMAIL_OTP")), &ann, "EMAIL_OTP");
        let script = code(script, &ann, "EMAIL_OTP", "739105").refuse(
            400,
            "NotAuthorizedException",
            "Invalid session for the user, session can only be used once.",
        );
        let script = sent(begin(script, &ann, Some("EMAIL_OTP")), &ann, "EMAIL_OTP");
        let script = code(script, &ann, "EMAIL_OTP", "739106").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, Some("EMAIL_OTP"))).await?;
        browser.submit_username(&ann.username).await?;
        for typed in ["739104", "739105"] {
            browser.step(CODE).await?;
            browser.fill("code", typed).await?;
            browser.submit_step().await?;
            let told = browser.sign_in_error().await?;
            assert!(told.contains("took too long"), "{told}");
            assert_eq!(browser.username().await?, ann.username);
            browser
                .wait_for(
                    "the focus in the form",
                    "document.querySelector('#sign-in').contains(document.activeElement)",
                )
                .await?;
            browser.click("#sign-in-button").await?;
        }
        browser.step(CODE).await?;
        browser.fill("code", "739106").await?;
        browser.submit_step().await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn back_to_sign_in_keeps_the_username() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, None).select(&ALL);
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, None)).await?;
        browser.submit_username(&ann.username).await?;
        browser.step(CHOOSE).await?;
        browser.press("Back to sign in").await?;
        browser.signed_out().await?;
        assert_eq!(browser.username().await?, ann.username);
        // What was left is not come back to.
        browser.client().refresh().await?;
        browser.signed_out().await?;
        leaves_nothing(browser, &cognito).await
    });
}

#[test]
fn a_form_that_is_sent_twice_is_sent_once() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = begin(Script::new(), &ann, None).select(&ALL);
        let script = sent(chosen(script, &ann, "EMAIL_OTP"), &ann, "EMAIL_OTP");
        let script = code(script, &ann, "EMAIL_OTP", "739105").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &user_auth(&cognito, None)).await?;
        let twice = async |selector: &str| {
            let script = "const button = document.querySelector(arguments[0]); button.click(); button.click();";
            browser.client().execute(script, vec![json!(selector)]).await
        };
        browser.wait_for("the configuration", "document.querySelector('#password').disabled").await?;
        browser.type_into("#username", &ann.username).await?;
        twice("#sign-in-button").await?;
        browser.step(CHOOSE).await?;
        browser.choose_option("choice", "EMAIL_OTP").await?;
        twice("#step-submit").await?;
        browser.step(CODE).await?;
        browser.fill("code", "739105").await?;
        twice("#step-submit").await?;
        done(browser, &cognito, &ann).await
    });
}
