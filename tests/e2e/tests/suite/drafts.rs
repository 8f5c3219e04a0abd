//! What is being typed is not lost, and is nobody else's.

use serde_json::json;
use signet_e2e::cognito::{Cognito, Person, Script, Tokens};
use signet_e2e::{Browser, Error, Stage, test, test_from_blank};

use crate::flow::{PROMPT, ann, answered, asks, expired, tokens};

const DRAFT: &str = "Half a thought\nin two lines";

/// Waits until this is being typed.
async fn draft_is(browser: &Browser, text: &str) -> Result<(), Error> {
    let expression = format!("document.querySelector('#prompt').value === {}", json!(text));
    browser.wait_for(&format!("the draft {text:?}"), &expression).await?;
    Ok(())
}

/// Types it, with its line break.
async fn types_the_draft(browser: &Browser) -> Result<(), Error> {
    // Shift+Enter: the keys of one call stay held to its end.
    for keys in ["Half a thought", "\u{E008}\u{E007}", "in two lines"] {
        browser.type_into("#prompt", keys).await?;
    }
    draft_is(browser, DRAFT).await
}

#[test]
fn a_reload_keeps_it_and_sending_it_does_not() {
    test(async |stage, browser| {
        browser.sign_in(stage.alice().username, stage.alice().password).await?;
        types_the_draft(browser).await?;
        for _ in 0..2 {
            browser.client().refresh().await?;
            draft_is(browser, DRAFT).await?;
        }
        browser.click("#send").await?;
        assert_eq!(browser.turn_is("streaming").await?.asked, DRAFT);
        draft_is(browser, "").await?;
        // What is typed while the answer comes is a draft of its own.
        browser.type_into("#prompt", "Next").await?;
        browser.client().refresh().await?;
        draft_is(browser, "Next").await?;
        browser.cut_off().await?;
        assert_eq!(browser.shown().await?[0].asked, DRAFT);
        browser.element("#prompt").await?.clear().await?;
        browser.type_into("#prompt", "x\u{E003}").await?;
        browser.client().refresh().await?;
        browser.cut_off().await?;
        draft_is(browser, "").await
    });
}

#[test]
fn signing_out_takes_it_along() {
    test(async |stage, browser| {
        let (alice, bob) = (stage.alice(), stage.bob());
        browser.sign_in(alice.username, alice.password).await?;
        browser.ask("Why? demo:pace 0").await?;
        browser.turn_is("done").await?;
        browser.act("edit-question").await?;
        browser.type_into("#log form.edit textarea", " On second thought").await?;
        types_the_draft(browser).await?;
        let kept = "Object.values({ ...sessionStorage }).filter(kept => kept.includes('thought')).length === 2";
        assert!(browser.value::<bool>(kept).await?);
        for person in [bob, alice] {
            browser.click("#sign-out").await?;
            browser.signed_out().await?;
            assert!(!browser.value::<String>("JSON.stringify({ ...sessionStorage })").await?.contains("thought"));
            browser.sign_in(person.username, person.password).await?;
            draft_is(browser, "").await?;
        }
        Ok(())
    });
}

/// Ann's first session: one answer, one that is refused, and the end of the session when she asks that again.
fn ended() -> Script {
    let script = answered(Script::new().srp(&ann()).tokens(tokens()).identity_pool());
    let script = script.ask(PROMPT).refuse(429, "TooManyRequestsException", "Rate exceeded");
    expired(script).refresh().refuse(400, "NotAuthorizedException", "Refresh Token has been revoked")
}

async fn starts(stage: &Stage, browser: &Browser, script: Script) -> Result<Cognito, Error> {
    let cognito = Cognito::start(stage.origin(), script).await?;
    stage.open(browser, &cognito.config()).await?;
    browser.sign_in(&ann().username, &ann().password).await?;
    asks(browser).await?;
    browser.ask(PROMPT).await?;
    browser.turn_is("failed").await?;
    types_the_draft(browser).await?;
    browser.click("#log article.turn:last-of-type button.retry:not([aria-disabled])").await?;
    browser.signed_out().await?;
    assert!(browser.sign_in_error().await?.contains("Your session has ended"));
    assert!(!browser.value::<String>("document.documentElement.outerHTML").await?.contains("Half a thought"));
    Ok(cognito)
}

#[test]
fn it_outlives_a_session_that_ends_by_itself() {
    test_from_blank(async |stage, browser| {
        let script = ended().srp(&ann()).tokens(tokens()).identity_pool().ask(DRAFT).stream(&["Indeed."]);
        let cognito = starts(stage, browser, script).await?;
        // Also a reload before the sign-in.
        browser.client().refresh().await?;
        browser.signed_out().await?;
        browser.element("#username").await?.clear().await?;
        browser.sign_in(&ann().username, &ann().password).await?;
        draft_is(browser, DRAFT).await?;
        browser.click("#send").await?;
        assert_eq!(browser.answer_shows("Indeed.").await?.asked, DRAFT);
        draft_is(browser, "").await?;
        cognito.finish().await
    });
}

#[test]
fn after_a_session_that_ended_by_itself_nobody_else_gets_it() {
    test_from_blank(async |stage, browser| {
        let ben = Person::new("ben@example.com", "Left horse 8!");
        let bens = Tokens::of(json!({ "email": "ben@example.com", "sub": ben.user_id }));
        let script = ended().srp(&ben).tokens(bens).identity_pool();
        let cognito = starts(stage, browser, script).await?;
        browser.element("#username").await?.clear().await?;
        browser.sign_in(&ben.username, &ben.password).await?;
        draft_is(browser, "").await?;
        browser.shows(&[]).await?;
        browser.list_is(&[]).await?;
        let all = browser
            .value::<String>("document.documentElement.outerHTML + JSON.stringify({ ...sessionStorage })")
            .await?;
        assert!(!all.contains(PROMPT) && !all.contains("Half a thought"), "{all}");
        cognito.finish().await
    });
}
