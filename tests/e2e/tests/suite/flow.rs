//! What the tests of a whole sign-in against the scripted Cognito share.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use signet_e2e::cognito::{Cognito, Person, Script, Tokens};
use signet_e2e::{Browser, Error, PATIENCE, Stage, has_devtools, wait_until};

use crate::secrets::no_secret_is_found;

pub const PROMPT: &str = "Why is the sky blue?";

pub fn ann() -> Person {
    Person::new("ann@example.com", "Right horse 7!")
}

/// Ann's tokens.
pub fn tokens() -> Tokens {
    Tokens::of(json!({ "email": "ann@example.com" }))
}

/// A question that is answered.
pub fn answered(script: Script) -> Script {
    script.ask(PROMPT).stream(&["Because it ", "scatters ", "light."])
}

/// A question whose keys AWS does not take any more; what follows must bring others, and the question again.
pub fn expired(script: Script) -> Script {
    script.ask(PROMPT).refuse(403, "ExpiredTokenException", "The security token included in the request is expired")
}

/// Asks, and waits for the whole answer.
pub async fn asks(browser: &Browser) -> Result<(), Error> {
    let before = browser.turns().await?;
    browser.ask(PROMPT).await?;
    let count = format!("document.querySelectorAll('#log article.turn').length > {before}");
    browser.wait_for("the question in the log", &count).await?;
    assert_eq!(browser.turn_is("done").await?.answer, "Because it scatters light.");
    Ok(())
}

/// Goes on in a new tab, which shares nothing with this one but what the browser keeps for all.
pub async fn new_tab(stage: &Stage, browser: &Browser) -> Result<(), Error> {
    let tab = browser.client().new_window(true).await?;
    browser.client().switch_to_window(tab.handle).await?;
    if has_devtools() {
        browser.remember_memories().await?;
    }
    Ok(browser.client().goto(stage.origin()).await?)
}

/// Waits until the step begins in view: its heading, not its end.
pub async fn heading_is_in_view(browser: &Browser) -> Result<(), Error> {
    let two_frames = "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => \
                      done(document.querySelector('#step-title').getBoundingClientRect().top)));";
    let top = browser.client().execute_async(two_frames, vec![]).await?;
    assert!(top.as_f64().is_some_and(|top| top >= 0.0), "the heading is {top} px above what can be seen");
    Ok(())
}

/// Shows the app, which is watched for secrets from now on.
pub async fn open(stage: &Stage, browser: &Browser, config: &Json) -> Result<(), Error> {
    if has_devtools() {
        browser.remember_memories().await?;
    }
    stage.open(browser, config).await
}

/// The page is there, the person is signed in, and no secret of the script so far is anywhere in the page.
pub async fn signed_in_without_a_trace(browser: &Browser, cognito: &Cognito) -> Result<(), Error> {
    browser.signed_in().await?;
    keeps_no_secret(browser, cognito).await
}

/// No token, password, code or key that passed so far is anywhere in the page.
pub async fn keeps_no_secret(browser: &Browser, cognito: &Cognito) -> Result<(), Error> {
    let secrets = cognito.secrets();
    assert!(!secrets.is_empty(), "the script has no secret");
    if has_devtools() { no_secret_is_found(browser, &secrets).await } else { Ok(()) }
}

/// Signs out. Of the person only `remembered` things are left, encrypted: a device, a guest's identity.
pub async fn sign_out_leaves(browser: &Browser, remembered: usize) -> Result<(), Error> {
    browser.click("#sign-out").await?;
    browser.signed_out().await?;
    assert_eq!(browser.value::<String>("document.querySelector('#username').value").await?, "");
    is_left(browser, remembered).await
}

/// Waits until the browser keeps no session, and so many things that are remembered.
pub async fn is_left(browser: &Browser, remembered: usize) -> Result<(), Error> {
    let mut left = kept(browser).await?;
    let wanted = Kept { records: 0, memory: remembered, tab: vec!["signet.tab".to_owned()], plain: 0 };
    wait_until("the session to be forgotten", PATIENCE, async || {
        left = kept(browser).await?;
        Ok(left == wanted)
    })
    .await
    .map_err(|error| match error {
        Error::Waited { what, limit, .. } => Error::Waited { what, limit, seen: format!("{left:?}, not {wanted:?}") },
        other => other,
    })
}

/// What the app keeps in this browser.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub struct Kept {
    /// Sessions, and sign-ins on their way.
    pub records: usize,
    /// Devices, a guest's identity, attempts at the hosted UI.
    pub memory: usize,
    /// Names in sessionStorage.
    pub tab: Vec<String>,
    /// Entries that are more than a nonce, sealed bytes and a time.
    pub plain: usize,
}

/// `control` is what the search for secrets plants.
const KEPT: &str = "
    const done = arguments[0];
    const promised = request => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    (async () => {
        const database = await promised(indexedDB.open('signet'));
        const all = async name => promised(database.transaction(name).objectStore(name).getAll());
        const [records, memory] = [await all('records'), await all('memory')];
        database.close();
        const isSealed = entry => Object.keys(entry).sort().join() === 'nonce,saved,sealed' && entry.sealed instanceof Uint8Array;
        done({
            records: records.length, memory: memory.length, plain: [...records, ...memory].filter(entry => !isSealed(entry)).length,
            tab: Object.keys(sessionStorage).filter(name => name !== 'control').sort(),
        });
    })().catch(error => done({ error: String(error) }));
";

pub async fn kept(browser: &Browser) -> Result<Kept, Error> {
    Ok(serde_json::from_value(browser.client().execute_async(KEPT, vec![]).await?)?)
}

/// What the step says below its heading.
pub async fn step_says(browser: &Browser) -> Result<String, Error> {
    browser.value("document.querySelector('main#step #step-to').innerText.trim()").await
}

/// The labels of the step's fields, of radio buttons too, in order.
pub async fn labels(browser: &Browser) -> Result<Vec<String>, Error> {
    browser
        .value("[...document.querySelectorAll('main#step :is(label, legend)')].map(label => label.innerText.trim())")
        .await
}

/// Waits until the step's error is `part` of a sentence, and the field has the focus and is marked.
pub async fn error_is(browser: &Browser, part: &str, field: &str) -> Result<(), Error> {
    let expression = format!(
        "(() => {{ const input = document.getElementById({}); \
         return document.querySelector('main#step #step-error').innerText.includes({}) && input.getAttribute('aria-invalid') === 'true' \
         && input.getAttribute('aria-describedby').includes('step-error') && document.activeElement === input; }})()",
        json!(field),
        json!(part)
    );
    browser.wait_for(&format!("the error {part:?} at {field}"), &expression).await?;
    Ok(())
}
