//! What goes wrong while asking, and what a person can do then.

use serde_json::json;
use signet_e2e::{Browser, Error, Turn, test};
use signet_local::Fault;

const PROMPT: &str = "Why is the sky blue?";

/// Retry sends the same prompt again, once it has waited as long as it says, and an answer comes.
async fn retry_works(browser: &Browser) -> Result<(), Error> {
    browser.retry().await?;
    let turn = browser.turn_is("streaming").await?;
    assert_eq!(turn.asked, PROMPT);
    browser.click("#stop").await?;
    browser.turn_is("stopped").await?;
    Ok(())
}

fn says(turn: &Turn, words: &[&str]) {
    let note = turn.note.to_lowercase();
    assert!(words.iter().any(|word| note.contains(word)), "the note should say one of {words:?}: {:?}", turn.note);
}

#[test]
fn who_is_not_in_the_group_is_told_so() {
    test(async |stage, browser| {
        let bob = stage.bob();
        browser.sign_in(bob.username, bob.password).await?;
        browser.ask(PROMPT).await?;
        let turn = browser.turn_is("failed").await?;
        says(&turn, &["may not", "not allowed"]);
        // CloudFormation names a role after the stack and the template's logical id; the ID token of someone in no group names none.
        says(&turn, &["the role signet-", "AuthenticatedRole"]);
        assert!(turn.request_id.len() >= 36, "no request id: {:?}", turn.request_id);
        assert_eq!(turn.asked, PROMPT);
        Ok(())
    });
}

#[test]
fn a_refusal_says_what_it_was_and_can_be_retried() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        for (fault, words) in
            [(Fault::Status(429), &["too many"][..]), (Fault::Status(500), &["500"]), (Fault::Status(503), &["503"])]
        {
            stage.gateway().next(fault);
            browser.ask(PROMPT).await?;
            let turn = browser.turn_is("failed").await?;
            says(&turn, words);
            assert_eq!((turn.asked.as_str(), turn.answer.as_str()), (PROMPT, ""));
            assert!(turn.request_id.len() >= 36, "no request id: {:?}", turn.request_id);
            retry_works(browser).await?;
        }
        Ok(())
    });
}

#[test]
fn a_refusal_that_the_browser_hides_is_called_so() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        stage.gateway().next(Fault::NoCors403);
        browser.ask(PROMPT).await?;
        let turn = browser.turn_is("failed").await?;
        says(&turn, &["cors", "may not read"]);
        assert_eq!(turn.asked, PROMPT);
        retry_works(browser).await
    });
}

#[test]
fn a_dropped_connection_can_be_retried() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        // The browser tries again by itself when a connection that it used before is closed.
        for _ in 0..2 {
            stage.gateway().next(Fault::Drop);
        }
        browser.ask(PROMPT).await?;
        let turn = browser.turn_is("failed").await?;
        assert_ne!(turn.note, "");
        assert_eq!(turn.asked, PROMPT);
        retry_works(browser).await
    });
}

#[test]
fn an_unreachable_function_url_is_called_so() {
    test(async |stage, browser| {
        let alice = stage.alice();
        let mut config = stage.config().clone();
        // Nobody listens there: the port was ours until now.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        config["functionUrl"] = json!(format!("http://127.0.0.1:{port}/"));
        stage.app().set_config(Some(config.to_string().into_bytes()));
        browser.client().refresh().await?;
        browser.sign_in(alice.username, alice.password).await?;
        browser.ask(PROMPT).await?;
        let turn = browser.turn_is("failed").await?;
        says(&turn, &["there is no answer", "cannot be reached"]);
        assert_eq!(turn.asked, PROMPT);

        // Once it is reachable again, for another page of the same tab, the same person goes on.
        stage.app().set_config(Some(stage.config().to_string().into_bytes()));
        browser.client().refresh().await?;
        browser.signed_in().await?;
        browser.ask(PROMPT).await?;
        browser.turn_is("streaming").await?;
        Ok(())
    });
}

#[test]
fn an_error_in_mid_stream_keeps_the_text() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        // The demonstration breaks off a third into its answer, with the stock back end's `Error: …` line.
        browser.ask("demo:fail").await?;
        let turn = browser.turn_is("failed").await?;
        assert!(turn.answer.len() > 20, "the text is gone: {:?}", turn.answer);
        says(&turn, &["demo:fail"]);
        browser.element("#log article.turn:last-of-type button.retry").await?;
        Ok(())
    });
}

#[test]
fn an_error_before_the_first_word_is_shown() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        stage.gateway().next(Fault::Line(r#"Error: {"error":"the model was taken away"}"#.to_owned()));
        browser.ask(PROMPT).await?;
        let turn = browser.turn_is("failed").await?;
        says(&turn, &["the model was taken away"]);
        retry_works(browser).await
    });
}

#[test]
fn a_malformed_line_costs_only_itself() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        stage.gateway().next(Fault::Line(r#"{"chunk":"this line has no en"#.to_owned()));
        browser.ask(PROMPT).await?;
        let turn = browser.turn_is("failed").await?;
        assert!(turn.answer.contains("balanced"), "the rest of the answer is gone: {:?}", turn.answer);
        assert_ne!(turn.note, "");
        retry_works(browser).await
    });
}

#[test]
fn an_answer_that_ends_too_early_is_cut_off() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        for fault in [Fault::EndAfter(600), Fault::CutAfter(600)] {
            stage.gateway().next(fault);
            browser.ask(PROMPT).await?;
            let turn = browser.turn_is("cut-off").await?;
            assert!(turn.answer.len() > 20, "the text is gone: {:?}", turn.answer);
            assert_ne!(turn.note, "");
            retry_works(browser).await?;
        }
        Ok(())
    });
}
