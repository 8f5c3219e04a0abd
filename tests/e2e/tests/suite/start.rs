//! From the first byte of the page to the moment it works, or says why it cannot.

use serde_json::{Value, json};
use signet_e2e::{Browser, Error, PATIENCE, Stage, has_devtools, test, test_from_blank, wait_until};

#[test]
fn without_its_config_the_app_names_the_file() {
    config_is_refused(None, &["config.json"]);
}

#[test]
fn a_config_that_is_not_json_is_refused() {
    config_is_refused(Some("<!doctype html>"), &["config.json", "JSON"]);
}

#[test]
fn a_missing_field_is_named_with_what_was_expected() {
    changed_config_is_refused("userPoolClientId", None, &["config.json", "userPoolClientId", "missing", "app client"]);
}

#[test]
fn a_field_of_the_wrong_type_is_named_with_what_was_expected() {
    changed_config_is_refused(
        "identityPoolId",
        Some(&json!(12)),
        &["config.json", "identityPoolId", "expected", "identity pool id"],
    );
}

#[test]
fn a_field_of_the_wrong_form_is_named_with_what_was_expected() {
    changed_config_is_refused(
        "functionUrl",
        Some(&json!("not a URL")),
        &["config.json", "functionUrl", "expected", "function URL"],
    );
}

fn config_is_refused(config: Option<&str>, words: &[&str]) {
    test_from_blank(async |stage, browser| {
        stage.app().set_config(config.map(Into::into));
        refusal_says(stage, browser, words).await
    });
}

fn changed_config_is_refused(field: &str, value: Option<&Value>, words: &[&str]) {
    test_from_blank(async |stage, browser| {
        let mut config = stage.config().clone();
        match value {
            Some(value) => config[field] = value.clone(),
            None => drop(config.as_object_mut().and_then(|fields| fields.remove(field))),
        }
        stage.app().set_config(Some(config.to_string().into_bytes()));
        refusal_says(stage, browser, words).await
    });
}

async fn refusal_says(stage: &Stage, browser: &Browser, words: &[&str]) -> Result<(), Error> {
    browser.client().goto(stage.origin()).await?;
    let text = browser.fatal().await?;
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
    // Mended, the app works after a reload.
    stage.app().set_config(Some(stage.config().to_string().into_bytes()));
    browser.click("#reload").await?;
    let alice = stage.alice();
    browser.sign_in(alice.username, alice.password).await
}

/// Text must be as wide on every machine, or what fits on a line differs.
#[test]
fn text_is_drawn_in_the_fonts_of_the_tests() {
    if !has_devtools() {
        return;
    }
    test(async |_, browser| {
        browser.wait_for("the title", "document.querySelector('#sign-in-title')").await?;
        browser.cdp("DOM.enable", json!({})).await?;
        browser.cdp("CSS.enable", json!({})).await?;
        let document = browser.cdp("DOM.getDocument", json!({})).await?;
        for (selector, font) in [("#sign-in-title", "DejaVu Serif"), ("#sign-in-button", "DejaVu Sans")] {
            let query = json!({ "nodeId": document["root"]["nodeId"], "selector": selector });
            let found = browser.cdp("DOM.querySelector", query).await?;
            let used = browser.cdp("CSS.getPlatformFontsForNode", json!({ "nodeId": found["nodeId"] })).await?;
            let names: Vec<_> =
                used["fonts"].as_array().into_iter().flatten().map(|used| &used["familyName"]).collect();
            assert_eq!(names, [font], "scripts/setup.sh test installs the fonts that tests/fonts.conf names");
        }
        Ok(())
    });
}

#[test]
fn a_worker_script_that_does_not_load_costs_nothing_typed() {
    a_file_that_does_not_load_costs_nothing_typed("worker_boot", ".js");
}

#[test]
fn a_worker_glue_that_does_not_load_costs_nothing_typed() {
    a_file_that_does_not_load_costs_nothing_typed("worker-", ".js");
}

#[test]
fn a_worker_wasm_that_does_not_load_costs_nothing_typed() {
    a_file_that_does_not_load_costs_nothing_typed("worker_bg", ".wasm");
}

#[test]
fn a_page_wasm_that_does_not_load_costs_nothing_typed() {
    a_file_that_does_not_load_costs_nothing_typed("signet_bg", ".wasm");
}

#[test]
fn a_page_glue_that_does_not_load_costs_nothing_typed() {
    a_file_that_does_not_load_costs_nothing_typed("signet-", ".js");
}

fn a_file_that_does_not_load_costs_nothing_typed(begin: &str, end: &str) {
    test_from_blank(async |stage, browser| {
        let path = stage.file(begin, end)?;
        let alice = stage.alice();
        stage.app().hold(&path);
        browser.client().goto(stage.origin()).await?;
        browser.type_into("#username", alice.username).await?;
        stage.app().lose(&path);
        let text = browser.fatal().await?;
        assert!(text.len() > 20, "no sentence: {text:?}");

        stage.app().heal();
        browser.click("#reload").await?;
        browser.element("main#sign-in #username").await?;
        assert_eq!(browser.value::<String>("document.querySelector('#username').value").await?, alice.username);
        browser.type_into("#password", alice.password).await?;
        browser.click("#sign-in-button").await?;
        browser.signed_in().await
    });
}

#[test]
fn a_worker_that_dies_later_costs_nothing_typed() {
    if !has_devtools() {
        return;
    }
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        browser.type_into("#prompt", "Half a thought").await?;
        let mut devtools = browser.devtools().await?;
        let workers = devtools.workers().await?;
        assert_eq!(workers.len(), 1, "one worker a tab");
        // As a panic looks from outside: Rust's panic is a Wasm trap here.
        let die = "setTimeout(() => { throw new WebAssembly.RuntimeError('unreachable'); })";
        devtools.evaluate(Some(&workers[0]), die).await?;
        browser.fatal().await?;
        browser.click("#reload").await?;
        browser.signed_in().await?;
        browser
            .wait_for("the prompt to be back", "document.querySelector('#prompt').value === 'Half a thought'")
            .await?;
        Ok(())
    });
}

/// How a person sends the sign-in form.
#[derive(Debug, Clone, Copy)]
enum Sent {
    Click,
    Enter,
    PasswordManager,
}

#[test]
fn a_form_sent_before_the_pages_wasm_is_there_does_not_wait_for_it() {
    test_from_blank(async |stage, browser| {
        let alice = stage.alice();
        stage.app().hold(&stage.file("signet_bg", ".wasm")?);
        let before = stage.gateway().requests("InitiateAuth");
        browser.client().goto(stage.origin()).await?;
        browser.submit_sign_in(alice.username, alice.password).await?;
        wait_until("InitiateAuth", PATIENCE, async || Ok(stage.gateway().requests("InitiateAuth") > before)).await?;
        stage.app().heal();
        browser.signed_in().await
    });
}

#[test]
fn a_form_sent_while_every_script_is_held_back_is_acted_upon() {
    for how in [Sent::Click, Sent::Enter, Sent::PasswordManager] {
        test_from_blank(async |stage, browser| {
            let alice = stage.alice();
            for (begin, end) in [
                ("worker_boot", ".js"),
                ("worker-", ".js"),
                ("worker_bg", ".wasm"),
                ("signet-", ".js"),
                ("signet_bg", ".wasm"),
            ] {
                stage.app().hold(&stage.file(begin, end)?);
            }
            browser.client().goto(stage.origin()).await?;
            browser.type_into("#username", alice.username).await?;
            browser.type_into("#password", alice.password).await?;
            match how {
                Sent::Click => browser.click("#sign-in-button").await?,
                Sent::Enter => browser.type_into("#password", "\u{e007}").await?,
                Sent::PasswordManager => {
                    browser.value::<Value>("document.querySelector('#sign-in-form').requestSubmit() ?? null").await?;
                }
            }
            // It is heard by the one script that the page does not stand without, and nothing goes to whoever hosts the page.
            browser
                .wait_for("a word about the wait", "document.querySelector('#sign-in-status').innerText.trim()")
                .await?;
            assert_eq!(browser.value::<String>("location.pathname + location.search").await?, "/", "{how:?}");
            assert!(!browser.value::<bool>("!!document.querySelector('main#chat')").await?);
            stage.app().heal();
            browser.signed_in().await
        });
    }
}

#[test]
fn the_form_never_stands_without_the_script_that_hears_it() {
    test_from_blank(async |stage, browser| {
        browser.client().goto(stage.origin()).await?;
        // A classic script without `async` or `defer` holds the parser back, so what follows it is not there before it has run.
        let first =
            "(({ src, async, defer, type }) => [new URL(src).pathname, async || defer || type])(document.scripts[0])";
        let (path, is_late): (String, Value) = browser.value(first).await?;
        assert_eq!((path, is_late), (stage.file("start-", ".js")?, json!("")));
        let order = "document.scripts[0].compareDocumentPosition(document.querySelector('#sign-in-form')) & Node.DOCUMENT_POSITION_FOLLOWING";
        assert_ne!(browser.value::<u32>(order).await?, 0);
        Ok(())
    });
}

#[test]
fn what_was_typed_before_the_wasm_came_is_not_lost() {
    test_from_blank(async |stage, browser| {
        let alice = stage.alice();
        stage.app().hold(&stage.file("signet_bg", ".wasm")?);
        browser.client().goto(stage.origin()).await?;
        browser.type_into("#username", alice.username).await?;
        browser.type_into("#password", alice.password).await?;
        stage.app().heal();
        browser.click("#sign-in-button").await?;
        browser.signed_in().await
    });
}

#[test]
fn a_form_sent_without_any_script_goes_nowhere() {
    test_from_blank(async |stage, browser| {
        let alice = stage.alice();
        stage.app().lose(&stage.file("start-", ".js")?);
        browser.client().goto(stage.origin()).await?;
        browser.submit_sign_in(alice.username, alice.password).await?;
        // The browser must not send the password to whoever hosts the page, and what was typed stays.
        assert_eq!(browser.value::<String>("location.pathname + location.search").await?, "/");
        assert_eq!(browser.value::<String>("document.querySelector('#password').value").await?, alice.password);
        stage.app().heal();
        browser.client().refresh().await?;
        browser.sign_in(alice.username, alice.password).await
    });
}

#[test]
fn a_config_that_breaks_while_somebody_is_signed_in_is_named_after_a_reload() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        stage.app().set_config(Some(b"{}".to_vec()));
        browser.client().refresh().await?;
        assert!(browser.fatal().await?.contains("identityPoolId"));
        stage.app().set_config(Some(stage.config().to_string().into_bytes()));
        browser.click("#reload").await?;
        browser.signed_in().await
    });
}
