//! `CUSTOM_AUTH`, with and without the password first, and `USER_PASSWORD_AUTH`.

use serde_json::{Value as Json, json};
use signet_e2e::cognito::{Cognito, Pending, Person, Script, srp_a};
use signet_e2e::{Browser, Error, test_from_blank};

use crate::choices::{done, leaves_nothing, open};

const QUESTION: &str = "One more question";

fn ann() -> Person {
    Person::new("ann@example.com", "Right horse 7!")
}

fn in_flow(cognito: &Cognito, flow: &str) -> Json {
    let mut config = cognito.config();
    config["authFlow"] = json!(flow);
    config
}

fn answered(script: Script, ann: &Person, answer: &str) -> Pending {
    script.respond("CUSTOM_CHALLENGE", json!({ "USERNAME": ann.user_id, "ANSWER": answer }))
}

fn asked(pending: Pending, ann: &Person, question: &str) -> Script {
    pending.challenge("CUSTOM_CHALLENGE", json!({ "USERNAME": ann.user_id, "question": question, "hint": "" }))
}

/// Waits for the question, in the pool's own words and no others of the challenge's.
async fn is_asked(browser: &Browser, question: &str) -> Result<(), Error> {
    let said = format!("document.querySelector('#step-to').innerText.trim() === {}", json!(question));
    browser.wait_for(&format!("the question {question:?}"), &said).await?;
    browser.step(QUESTION).await
}

async fn answer(browser: &Browser, answer: &str) -> Result<(), Error> {
    let empty = "document.querySelector('#step #answer').value === ''";
    browser.wait_for("an empty field", empty).await?;
    browser.fill("answer", answer).await?;
    browser.submit_step().await
}

#[test]
fn a_pools_own_questions_are_answered_one_after_the_other() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = asked(Script::new().initiate("CUSTOM_AUTH", json!({ "USERNAME": ann.username })), &ann, "2 + 3?");
        let script = asked(answered(script, &ann, "five"), &ann, "And your first pet?");
        let script = asked(answered(script, &ann, "Rex the 1st "), &ann, "And your first pet?");
        let script = answered(script, &ann, "Rex the 2nd").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &in_flow(&cognito, "CUSTOM_AUTH")).await?;
        browser.submit_username(&ann.username).await?;
        is_asked(browser, "2 + 3?").await?;
        answer(browser, "five").await?;
        is_asked(browser, "And your first pet?").await?;
        browser.client().refresh().await?;
        is_asked(browser, "And your first pet?").await?;
        // The same question once more is a new step, with nothing in it and the focus at its heading.
        answer(browser, "Rex the 1st ").await?;
        is_asked(browser, "And your first pet?").await?;
        browser.fill("answer", "Rex the 2nd\u{E007}").await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn a_pool_that_gives_up_leads_back_to_the_first_form() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let script = asked(Script::new().initiate("CUSTOM_AUTH", json!({ "USERNAME": ann.username })), &ann, "2 + 3?");
        let script =
            answered(script, &ann, "sixsix").refuse(400, "NotAuthorizedException", "Incorrect username or password.");
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &in_flow(&cognito, "CUSTOM_AUTH")).await?;
        browser.submit_username(&ann.username).await?;
        is_asked(browser, "2 + 3?").await?;
        answer(browser, "sixsix").await?;
        let told = browser.sign_in_error().await?;
        // There is no password here that could be wrong.
        assert!(told.contains("not accepted") && !told.contains("password"), "{told}");
        assert_eq!(browser.username().await?, ann.username);
        leaves_nothing(browser, &cognito).await
    });
}

#[test]
fn a_pools_own_question_follows_the_password() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let begin = |script: Script| {
            let parameters = json!({ "USERNAME": ann.username, "SRP_A": srp_a(), "CHALLENGE_NAME": "SRP_A" });
            script.initiate("CUSTOM_AUTH", parameters).password_verifier(&ann).password_proof(&ann)
        };
        let script = begin(Script::new()).wrong_password();
        let script = asked(begin(script), &ann, "2 + 3?");
        let script = answered(script, &ann, "five").tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &in_flow(&cognito, "CUSTOM_AUTH_WITH_SRP")).await?;
        browser.submit_sign_in(&ann.username, "Wrong horse 7!").await?;
        browser.error_at("password").await?;
        browser.type_into("#password", &format!("{}\u{E007}", ann.password)).await?;
        is_asked(browser, "2 + 3?").await?;
        browser.client().refresh().await?;
        is_asked(browser, "2 + 3?").await?;
        answer(browser, "five").await?;
        done(browser, &cognito, &ann).await
    });
}

#[test]
fn a_password_is_sent_only_where_the_configuration_says_so() {
    test_from_blank(async |stage, browser| {
        let ann = ann();
        let begin = |script: Script, password: &str| {
            script.initiate("USER_PASSWORD_AUTH", json!({ "USERNAME": ann.username, "PASSWORD": password }))
        };
        let script = begin(Script::new(), "Wrong horse 7!").refuse(
            400,
            "NotAuthorizedException",
            "Incorrect username or password.",
        );
        let script = begin(script, &ann.password).tokens(json!({ "email": ann.username })).identity_pool();
        let cognito = Cognito::start(stage.origin(), script).await?;
        open(stage, browser, &in_flow(&cognito, "USER_PASSWORD_AUTH")).await?;
        browser.submit_sign_in(&ann.username, "Wrong horse 7!").await?;
        browser.error_at("password").await?;
        browser.type_into("#password", &ann.password).await?;
        browser.click("#sign-in-button").await?;
        done(browser, &cognito, &ann).await
    });
}
