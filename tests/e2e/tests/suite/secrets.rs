//! What the page must not hold, and must not be talked into.

use serde_json::json;
use signet_e2e::{Browser, Error, PATIENCE, Stage, has_devtools, test, test_from_blank, wait_until};

/// Puts `control` everywhere that is searched: on the heap at the end of a string longer than a token, in each linear memory, in the document, the
/// URL, the cookies, the three kinds of storage, and the console. A search that misses it proves nothing.
const PLANT: &str = r"
    const [control, done] = arguments;
    window.e2eControl = { control: 'x'.repeat(10_000) + control };
    for (const memory of window.e2eMemories) {
        const end = memory.buffer.byteLength;
        memory.grow(1);
        new TextEncoder().encodeInto(control, new Uint8Array(memory.buffer, end));
    }
    document.documentElement.dataset.control = control;
    history.replaceState(null, '', '#' + control);
    document.cookie = 'control=' + control;
    sessionStorage.setItem('control', control);
    localStorage.setItem('control', control);
    console.log(control);
    const open = indexedDB.open('control', 1);
    open.onupgradeneeded = () => open.result.createObjectStore('control').put(new TextEncoder().encode(control), 'control');
    open.onsuccess = () => { open.result.close(); done(); };
";

#[test]
fn the_page_never_holds_a_secret() {
    if !has_devtools() {
        return;
    }
    test_from_blank(async |stage, browser| {
        let alice = stage.alice();
        browser.remember_memories().await?;
        browser.client().goto(stage.origin()).await?;
        browser.sign_in(alice.username, alice.password).await?;
        browser.ask("Do you see my keys?").await?;
        browser.turn_is("done").await?;
        no_secret_is_found(browser, &issued(stage)).await?;

        // The session comes back from the store without passing through the page either.
        browser.client().refresh().await?;
        browser.signed_in().await?;
        browser.ask("And now?").await?;
        browser.turn_is("streaming").await?;
        no_secret_is_found(browser, &issued(stage)).await
    });
}

fn issued(stage: &Stage) -> Vec<String> {
    let mut secrets = stage.gateway().issued();
    assert!(secrets.len() >= 5, "three tokens, a secret key and a session token were issued, not {}", secrets.len());
    secrets.push(stage.alice().password.to_owned());
    secrets
}

/// Neither `typed` nor anything that the local AWS handed out, in a page that was opened to be searched.
pub async fn nothing_is_found(stage: &Stage, browser: &Browser, typed: &[&str]) -> Result<(), Error> {
    if !has_devtools() {
        return Ok(());
    }
    let mut secrets = stage.gateway().issued();
    assert!(!secrets.is_empty(), "nothing was handed out");
    secrets.extend(typed.iter().map(|&secret| secret.to_owned()));
    no_secret_is_found(browser, &secrets).await
}

/// Before the page began, its memories must have been asked for.
pub async fn no_secret_is_found(browser: &Browser, secrets: &[String]) -> Result<(), Error> {
    let control = "control-4f1d8c2a9b7e";
    wait_until("the page's Wasm module", PATIENCE, async || {
        Ok(browser.value::<usize>("window.e2eMemories.length").await? == 1)
    })
    .await?;
    browser.client().execute_async(PLANT, vec![json!(control)]).await?;
    let holdings = browser.holdings().await?;
    let console = browser.devtools().await?.console().await?;
    assert_eq!(holdings.memories(), 1, "the page has one Wasm module");
    assert_eq!(holdings.places_of(control), holdings.places(), "the search does not find the control everywhere");
    assert!(console.iter().any(|line| line.contains(control)), "the search did not find the control in the console");

    for (number, secret) in secrets.iter().enumerate() {
        // The secret itself stays out of the message.
        let places = holdings.places_of(secret);
        assert!(places.is_empty(), "secret {number}, {} bytes long, was found in {places:?}", secret.len());
        assert!(!console.iter().any(|line| line.contains(secret.as_str())), "secret {number} was told to the console");
    }
    Ok(())
}

/// Tries to run script that the app did not bring: by markup, by an inline script, by an address, by eval. In a task of the page's own, since
/// a script of WebDriver's may use eval under any policy.
const INJECT: &str = r"
    const [done] = arguments;
    setTimeout(() => {
        window.injected = [];
        const refused = [];
        const attempt = (name, act) => { try { act(name); } catch (error) { refused.push(name); } };
        attempt('innerHTML', () => { document.createElement('div').innerHTML = '<img src=x>'; });
        attempt('script text', name => { document.createElement('script').text = `window.injected.push('${name}')`; });
        attempt('script address', () => { document.createElement('script').src = 'https://example.com/x.js'; });
        attempt('worker address', () => { new Worker('data:text/javascript,1'); });
        attempt('eval', name => { (0, eval)(`window.injected.push('${name}')`); });
        attempt('Function', name => { new Function(`window.injected.push('${name}')`)(); });
        const script = document.createElement('script');
        script.append(`window.injected.push('inline script')`);
        document.body.append(script);
        done({ refused, injected: window.injected });
    });
";

#[test]
fn the_policy_is_in_force_and_the_app_keeps_to_it() {
    test(async |stage, browser| {
        let alice = stage.alice();
        let header = "fetch(location.href).then(answer => arguments[0](answer.headers.get('content-security-policy')))";
        let policy = browser.client().execute_async(header, vec![]).await?.as_str().unwrap_or_default().to_owned();
        for part in ["default-src 'none'", "require-trusted-types-for 'script'"] {
            assert!(policy.contains(part), "{part} is not in {policy:?}");
        }
        for part in ["'unsafe-inline'", "'unsafe-eval'", "'nonce-", "data:", "blob:"] {
            assert!(!policy.contains(part), "{part} is in {policy:?}");
        }

        browser.sign_in(alice.username, alice.password).await?;
        browser.ask("Did anything break the policy?").await?;
        browser.turn_is("done").await?;
        if has_devtools() {
            assert_eq!(violations(browser).await?, Vec::<String>::new());
        }

        let outcome = browser.client().execute_async(INJECT, vec![]).await?;
        let refused = ["innerHTML", "script text", "script address", "worker address", "eval", "Function"];
        assert_eq!(outcome, json!({ "refused": refused, "injected": [] }));
        if has_devtools() {
            assert!(!violations(browser).await?.is_empty(), "the search for violations finds none where there are");
        }
        Ok(())
    });
}

/// What the consoles of page and worker were told of the policy.
async fn violations(browser: &Browser) -> Result<Vec<String>, Error> {
    let mut console = browser.devtools().await?.console().await?;
    console.retain(|line| line.contains("Content Security Policy") || line.contains("Trusted"));
    Ok(console)
}
