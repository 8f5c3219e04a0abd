//! Who is signed in, where, and for how long.

use fantoccini::Locator;
use signet_e2e::{Browser, Error, test, test_with_clock};

#[test]
fn a_wrong_password_and_an_unknown_user_get_the_same_sentence() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.submit_sign_in(alice.username, "not-the-Password-1").await?;
        let wrong_password = browser.sign_in_error().await?;
        password_is_asked_for_again(browser, alice.username).await?;

        browser.client().refresh().await?;
        browser.submit_sign_in("nobody@example.com", "not-the-Password-1").await?;
        let unknown_user = browser.sign_in_error().await?;
        password_is_asked_for_again(browser, "nobody@example.com").await?;
        assert_eq!(wrong_password, unknown_user);

        // The sentence is no dead end.
        for (selector, text) in [("#username", alice.username), ("#password", alice.password)] {
            browser.element(selector).await?.clear().await?;
            browser.type_into(selector, text).await?;
        }
        browser.click("#sign-in-button").await?;
        browser.signed_in().await
    });
}

/// The username is kept, and typing replaces the password.
async fn password_is_asked_for_again(browser: &Browser, username: &str) -> Result<(), Error> {
    let ready = "(() => { const field = document.activeElement; return field?.id === 'password' && field.selectionStart === 0 \
                 && field.selectionEnd === field.value.length; })()";
    browser.wait_for("the password field to have the focus, empty or selected", ready).await?;
    assert_eq!(browser.value::<String>("document.querySelector('#username').value").await?, username);
    Ok(())
}

#[test]
fn the_return_key_sends_the_form() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.type_into("#username", alice.username).await?;
        browser.type_into("#password", &format!("{}\u{E007}", alice.password)).await?;
        browser.signed_in().await
    });
}

#[test]
fn a_reload_keeps_the_person_signed_in() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        let sign_ins = stage.gateway().requests("InitiateAuth");
        browser.client().refresh().await?;
        browser.signed_in().await?;
        assert!(browser.who().await?.contains(alice.username));
        browser.ask("Am I still here?").await?;
        browser.turn_is("streaming").await?;
        assert_eq!(stage.gateway().requests("InitiateAuth"), sign_ins, "the password was proved again");
        Ok(())
    });
}

#[test]
fn signing_out_lasts() {
    test(async |stage, browser| {
        let (alice, bob) = (stage.alice(), stage.bob());
        browser.sign_in(alice.username, alice.password).await?;
        browser.ask("One question before I go").await?;
        browser.turn_is("streaming").await?;
        browser.click("#sign-out").await?;
        browser.signed_out().await?;
        assert!(
            !browser.value::<String>("document.documentElement.innerText").await?.contains("One question before I go")
        );

        browser.client().refresh().await?;
        browser.signed_out().await?;
        // Only a worker that found nobody in the store takes the next person's password.
        browser.sign_in(bob.username, bob.password).await?;
        assert!(browser.who().await?.contains(bob.username));
        assert_eq!(browser.turns().await?, 0);
        Ok(())
    });
}

#[test]
fn another_tab_is_another_session() {
    test(async |stage, browser| {
        let (alice, bob) = (stage.alice(), stage.bob());
        browser.sign_in(alice.username, alice.password).await?;
        let first = browser.client().window().await?;

        let second = browser.client().new_window(true).await?;
        browser.client().switch_to_window(second.handle).await?;
        browser.client().goto(stage.origin()).await?;
        browser.sign_in(bob.username, bob.password).await?;
        assert!(browser.who().await?.contains(bob.username));

        browser.client().switch_to_window(first).await?;
        browser.client().refresh().await?;
        browser.signed_in().await?;
        assert!(browser.who().await?.contains(alice.username));
        Ok(())
    });
}

#[test]
fn credentials_that_expire_are_renewed_without_a_word() {
    test(async |stage, browser| {
        let (alice, gateway) = (stage.alice(), stage.gateway());
        browser.sign_in(alice.username, alice.password).await?;
        browser.watch_answers().await?;
        let calls = || (gateway.requests("GetCredentialsForIdentity"), gateway.requests("InvokeFunctionUrl"));
        let (vended, sent) = calls();
        gateway.expire_credentials();
        browser.ask("Have my credentials expired?").await?;
        browser.turn_is("streaming").await?;
        assert_eq!(calls(), (vended + 1, sent + 2));
        let failed: Vec<_> = browser.looks().await?.into_iter().filter(|look| look.turn.state == "failed").collect();
        assert!(failed.is_empty(), "a failure was shown on the way: {failed:?}");
        Ok(())
    });
}

#[test]
fn a_clock_five_hours_behind_does_not_matter() {
    a_wrong_clock_does_not_matter("-5h");
}

#[test]
fn a_clock_five_hours_ahead_does_not_matter() {
    a_wrong_clock_does_not_matter("+5h");
}

fn a_wrong_clock_does_not_matter(offset: &str) {
    test_with_clock(offset, async |stage, browser| {
        let alice = stage.alice();
        let now =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970").as_millis();
        let off = browser.value::<f64>(&format!("Date.now() - {now}")).await?.abs();
        assert!(off > 4.9 * 3_600_000.0, "the browser's clock is off by {off} ms only, so this would prove nothing");
        browser.sign_in(alice.username, alice.password).await?;
        browser.ask("What is the time?").await?;
        browser.turn_is("streaming").await?;
        browser.client().refresh().await?;
        browser.signed_in().await?;
        browser.ask("And now?").await?;
        browser.turn_is("streaming").await?;
        Ok(())
    });
}

#[test]
fn a_password_manager_finds_its_fields() {
    test(async |_, browser| {
        for (selector, purpose) in [("#username", "username"), ("#password", "current-password")] {
            let field = browser.client().find(Locator::Css(selector)).await?;
            assert!(
                field.attr("autocomplete").await?.is_some_and(|value| value.split(' ').any(|word| word == purpose))
            );
        }
        Ok(())
    });
}
