//! Signing in on the hosted UI's pages: out, back, and everything that may happen on the way.

use serde_json::{Value, json};
use signet_e2e::{Browser, Error, PATIENCE, Stage, has_devtools, parameter, test, test_from_blank, wait_until};
use signet_local::User;

use crate::secrets::nothing_is_found;

/// The button that the local AWS's configuration has.
const BUTTON: &str = "Continue with the hosted page";

/// The form is there, says nothing wrong, and a password is taken.
async fn form_is_usable(stage: &Stage, browser: &Browser) -> Result<(), Error> {
    browser.signed_out().await?;
    let alice = stage.alice();
    browser
        .wait_for(
            "the buttons to be usable",
            "!document.querySelector('.others [aria-disabled], #sign-in-button[aria-disabled]')",
        )
        .await?;
    assert_eq!(browser.value::<String>("document.querySelector('#sign-in-status').innerText.trim()").await?, "");
    for (selector, text) in [("#username", alice.username), ("#password", alice.password)] {
        browser.element(selector).await?.clear().await?;
        browser.type_into(selector, text).await?;
    }
    browser.click("#sign-in-button").await?;
    browser.signed_in().await
}

/// Comes back with `query`, is told `words` in a clean address, and can sign in there.
async fn is_told(stage: &Stage, browser: &Browser, query: &str, words: &str) -> Result<(), Error> {
    browser.client().goto(&format!("{}/?{query}", stage.origin())).await?;
    let error = browser.sign_in_error().await?;
    assert!(error.contains(words), "{words:?} is not in {error:?}");
    browser.address_is_clean(stage).await?;
    form_is_usable(stage, browser).await?;
    browser.click("#sign-out").await?;
    browser.signed_out().await
}

/// Signs out of the hosted UI's session too: over its page, and back to the form.
async fn sign_out_by_page(stage: &Stage, browser: &Browser) -> Result<(), Error> {
    let gateway = stage.gateway();
    let before = gateway.requests("/logout");
    browser.click("#sign-out").await?;
    wait_until("the way over /logout", PATIENCE, async || Ok(gateway.requests("/logout") == before + 1)).await?;
    // The page that is left shows a form too, which is under way.
    browser.wait_for("the way back", "!document.querySelector('#sign-in-button').ariaDisabled").await?;
    browser.signed_out().await
}

/// The state of an attempt that was begun, and that waits on the hosted page.
async fn begun(browser: &Browser) -> Result<String, Error> {
    browser.press(BUTTON).await?;
    Ok(parameter(&browser.hosted_page().await?, "state"))
}

#[test]
fn there_and_back_to_an_answer() {
    test_from_blank(async |stage, browser| {
        let (alice, gateway) = (stage.alice(), stage.gateway());
        stage.open_to_be_searched(browser).await?;
        browser.sign_in_by_page(BUTTON, alice).await?;
        browser.address_is_clean(stage).await?;
        assert!(browser.who().await?.contains(alice.username));
        browser.ask("Did I come by the page?").await?;
        browser.turn_is("done").await?;
        nothing_is_found(stage, browser, &[alice.password]).await?;
        browser.client().refresh().await?;
        browser.signed_in().await?;
        nothing_is_found(stage, browser, &[alice.password]).await?;

        sign_out_by_page(stage, browser).await?;
        browser.address_is_clean(stage).await?;
        form_is_usable(stage, browser).await?;
        // Who came by the form does not leave by the page.
        let signed_out = gateway.requests("/logout");
        browser.click("#sign-out").await?;
        browser.signed_out().await?;
        assert_eq!(gateway.requests("/logout"), signed_out);
        Ok(())
    });
}

#[test]
fn the_first_password_is_replaced_on_the_page() {
    test(async |stage, browser| {
        let carol = User { username: "lena@example.com", password: "Known-to-nobody-1", in_group: true };
        stage.gateway().invite(carol).await.expect("an account");
        browser.press(BUTTON).await?;
        browser.sign_in_there(carol.username, carol.password).await?;
        for field in ["#new_password", "#confirm_password"] {
            browser.type_into(field, "Known-to-nobody-2").await?;
        }
        browser.click("form button").await?;
        browser.signed_in().await?;
        assert!(browser.who().await?.contains(carol.username));
        browser.address_is_clean(stage).await
    });
}

#[test]
fn two_tabs_come_back_each_to_its_own_session() {
    test(async |stage, browser| {
        let people = [stage.alice(), stage.bob()];
        let mut tabs = vec![browser.client().window().await?];
        browser.press(BUTTON).await?;
        browser.hosted_page().await?;
        tabs.push(browser.client().new_window(true).await?.handle);
        browser.client().switch_to_window(tabs[1].clone()).await?;
        browser.client().goto(stage.origin()).await?;
        browser.press(BUTTON).await?;
        browser.hosted_page().await?;
        // The one that began last comes back first.
        for (tab, person) in tabs.iter().zip(people).rev() {
            browser.client().switch_to_window(tab.clone()).await?;
            browser.sign_in_there(person.username, person.password).await?;
            browser.signed_in().await?;
        }
        for (tab, person) in tabs.into_iter().zip(people) {
            browser.client().switch_to_window(tab).await?;
            browser.client().refresh().await?;
            browser.signed_in().await?;
            assert!(browser.who().await?.contains(person.username));
        }
        Ok(())
    });
}

#[test]
fn the_way_back_leads_to_a_form_that_works() {
    test(async |stage, browser| {
        browser.type_into("#username", "somebody").await?;
        begun(browser).await?;
        browser.client().back().await?;
        form_is_usable(stage, browser).await
    });
}

#[test]
fn the_way_back_to_a_page_that_was_kept_whole_leads_to_a_form_that_works() {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| {
        stage.app().let_pages_be_kept();
        browser.client().goto(stage.origin()).await?;
        browser.client().execute("window.e2eMark = true", vec![]).await?;
        begun(browser).await?;
        browser.client().back().await?;
        browser.signed_out().await?;
        assert!(browser.value::<bool>("!!window.e2eMark").await?, "the page was not kept, so this would prove nothing");
        form_is_usable(stage, browser).await
    });
}

#[test]
fn an_answer_that_brings_no_sign_in_is_told() {
    test(async |stage, browser| {
        for (query, words) in [
            ("error=access_denied", "The sign-in was cancelled"),
            ("error=server_error&error_description=The+provider+is+away", "The provider is away"),
            ("code=00000000-0000-0000-0000-000000000000", "already used, or it came too late"),
        ] {
            let state = begun(browser).await?;
            is_told(stage, browser, &format!("{query}&state={state}"), words).await?;
        }
        Ok(())
    });
}

#[test]
fn an_answer_to_nothing_is_told() {
    test(async |stage, browser| {
        let words = "not started in this browser, or it was already used";
        // Somebody else's, slipped in.
        is_told(stage, browser, "code=00000000-0000-0000-0000-000000000000&state=forged", words).await?;
        is_told(stage, browser, "error=access_denied&state=forged", words).await?;

        // One's own, once more.
        browser.sign_in_by_page(BUTTON, stage.alice()).await?;
        let address: String = browser.value("performance.getEntriesByType('navigation')[0].name").await?;
        let query = address.split_once('?').expect("an answer").1;
        assert!(query.contains("code=") && query.contains("state="));
        sign_out_by_page(stage, browser).await?;
        is_told(stage, browser, query, words).await
    });
}

#[test]
fn an_answer_while_somebody_is_signed_in_changes_nothing() {
    test(async |stage, browser| {
        let (bob, gateway) = (stage.bob(), stage.gateway());
        let state = begun(browser).await?;
        browser.client().back().await?;
        browser.sign_in(bob.username, bob.password).await?;
        let exchanged = gateway.requests("/oauth2/token");
        for query in [format!("code=stolen&state={state}"), format!("error=access_denied&state={state}")] {
            browser.client().goto(&format!("{}/?{query}", stage.origin())).await?;
            browser.signed_in().await?;
            browser.address_is_clean(stage).await?;
            assert!(browser.who().await?.contains(bob.username));
        }
        assert_eq!(gateway.requests("/oauth2/token"), exchanged);
        Ok(())
    });
}

#[test]
fn an_address_that_is_not_registered_is_named_beside_the_one_that_is() {
    test_from_blank(async |stage, browser| {
        let mut config = stage.config().clone();
        let registered = format!("{}/signet/", stage.origin());
        config["hostedUi"]["redirectSignIn"] = json!([registered]);
        stage.open(browser, &config).await?;
        browser.press(BUTTON).await?;
        let error = browser.sign_in_error().await?;
        for address in [&registered, &format!("{}/,", stage.origin())] {
            assert!(error.contains(address.as_str()), "{address:?} is not in {error:?}");
        }
        form_is_usable(stage, browser).await
    });
}

fn with_providers(stage: &Stage, providers: &Value) -> Value {
    let mut config = stage.config().clone();
    config["hostedUi"]["providers"] = providers.clone();
    config
}

#[test]
fn without_a_form_there_are_only_the_buttons() {
    test_from_blank(async |stage, browser| {
        let mut config = with_providers(stage, &json!([{ "label": "Work" }, { "label": "School" }]));
        config["passwordForm"] = json!(false);
        stage.open(browser, &config).await?;
        browser.signed_out().await?;
        browser.wait_for("the buttons", "document.querySelectorAll('main.gate .others button').length").await?;
        assert_eq!(browser.other_buttons().await?, ["Work", "School"]);
        let seen = "[...document.querySelectorAll('main.gate :is(input, label, .or, #sign-in-button)')].filter(part => part.checkVisibility()).length";
        assert_eq!(browser.value::<usize>(seen).await?, 0);
        browser.sign_in_by_page("School", stage.alice()).await
    });
}

#[test]
fn what_a_button_is_for_is_told_to_the_page() {
    test_from_blank(async |stage, browser| {
        let providers = json!([
            { "label": "Google", "identityProvider": "Google", "icon": "seal.svg" },
            { "label": "Work", "idpIdentifier": "example.com", "loginHint": "alice+1@example.com" },
            { "label": "Any" },
        ]);
        let mut config = with_providers(stage, &providers);
        config["hostedUi"]["prompt"] = json!("login");
        config["hostedUi"]["lang"] = json!("pt-BR");
        stage.open(browser, &config).await?;
        let page = format!("{}/", stage.origin());
        let mut once = std::collections::HashSet::new();
        for (label, identity_provider, idp_identifier, login_hint) in
            [("Google", "Google", "", ""), ("Work", "", "example.com", "alice+1@example.com"), ("Any", "", "", "")]
        {
            browser.press(label).await?;
            let address = browser.left_for_hosted_page().await?;
            for (name, value) in [
                ("identity_provider", identity_provider),
                ("idp_identifier", idp_identifier),
                ("login_hint", login_hint),
                ("prompt", "login"),
                ("lang", "pt-BR"),
                ("response_type", "code"),
                ("redirect_uri", &page),
                ("scope", "openid email profile"),
                ("client_id", config["userPoolClientId"].as_str().expect("a client")),
                ("code_challenge_method", "S256"),
            ] {
                assert_eq!(parameter(&address, name), value, "{name} of {label}");
            }
            for name in ["state", "nonce", "code_challenge"] {
                let value = parameter(&address, name);
                assert_eq!(value.len(), 43, "{name} of {label}");
                assert!(once.insert(value), "{name} of {label} is not new");
            }
            browser.client().back().await?;
            browser.signed_out().await?;
        }
        let icons = "[...document.querySelectorAll('main.gate .others button')].map(button => button.querySelector('img')?.naturalWidth > 0)";
        browser.wait_for("the icon", &format!("({icons})[0]")).await?;
        // The last two lead to other forms.
        assert_eq!(browser.value::<Vec<bool>>(icons).await?, [true, false, false, false, false]);
        Ok(())
    });
}

#[test]
fn a_session_of_the_page_is_renewed_like_another() {
    test(async |stage, browser| {
        browser.sign_in_by_page(BUTTON, stage.alice()).await?;
        is_renewed(stage, browser).await
    });
}

#[test]
fn a_session_of_the_form_is_renewed() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        is_renewed(stage, browser).await
    });
}

/// Keys that AWS refuses bring new tokens and new keys, and the answer comes.
async fn is_renewed(stage: &Stage, browser: &Browser) -> Result<(), Error> {
    let gateway = stage.gateway();
    let calls = || ["GetTokensFromRefreshToken", "GetCredentialsForIdentity"].map(|name| gateway.requests(name));
    let before = calls();
    gateway.expire_credentials();
    browser.watch_answers().await?;
    browser.ask("Do you still know me?").await?;
    browser.turn_is("streaming").await?;
    assert_eq!(calls(), before.map(|count| count + 1));
    let failed = browser.looks().await?.iter().filter(|look| look.turn.state == "failed").count();
    assert_eq!(failed, 0, "a failure was shown on the way");
    Ok(())
}

#[test]
fn a_session_that_cannot_be_renewed_is_over() {
    test(async |stage, browser| {
        let mia = User { username: "mia@example.com", password: "Known-to-nobody-1", in_group: true };
        let gateway = stage.gateway();
        gateway.add(mia).await.expect("an account");
        browser.sign_in_by_page(BUTTON, mia).await?;
        // Another account of that name; the tokens of this one are worth nothing.
        gateway.add(mia).await.expect("an account");
        gateway.expire_credentials();
        browser.ask("Who am I?").await?;
        let error = browser.sign_in_error().await?;
        assert!(error.contains("session has ended"), "{error}");
        form_is_usable(stage, browser).await
    });
}
