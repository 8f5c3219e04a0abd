//! One browser session: going somewhere, asking the page, waiting for what it shows.

use std::{
    fmt::Debug,
    path::Path,
    time::{Duration, Instant},
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    elements::Element,
    error::CmdError,
    wd::{TimeoutConfiguration, WebDriverCompatibleCommand},
};
use hyper::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use url::Url;

use crate::{Error, Kind, driver::Driver};

/// How long a test waits for what should come at once or in a second or two.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long a script may take. Chromedriver waits so long for one whose page was left for another site, and says nothing earlier.
const SCRIPT: Duration = Duration::from_secs(8);
/// How long one script waits in the page; less than it may take.
const SLICE: Duration = Duration::from_secs(4);

/// Asks for `condition` again and again until it is true. `what` completes the sentence "waited for …".
///
/// For what a page does, [`Browser::wait_for`] is better: it waits in the page and misses nothing.
pub async fn wait_until(
    what: &str,
    limit: Duration,
    mut condition: impl AsyncFnMut() -> Result<bool, Error>,
) -> Result<(), Error> {
    let began = Instant::now();
    let mut again = tokio::time::interval(Duration::from_millis(20));
    while !condition().await? {
        if began.elapsed() > limit {
            return Err(Error::Waited { what: what.to_owned(), limit, seen: "it never came true".to_owned() });
        }
        again.tick().await;
    }
    Ok(())
}

/// A fresh browser with an empty profile.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    kind: Kind,
    // Dropped last: without its server the session cannot be closed.
    _driver: Driver,
}

impl Browser {
    /// Starts the browser that `E2E_BROWSER` names. `clock_off` sets its clock wrong, in faketime's words: `-5h`.
    pub async fn start(clock_off: Option<&str>) -> Result<Self, Error> {
        let kind = Kind::chosen()?;
        let driver = Driver::start(kind, clock_off).await?;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        if let Json::Object(capabilities) = kind.capabilities() {
            builder.capabilities(capabilities);
        }
        let browser = Self { client: builder.connect(&driver.url).await?, kind, _driver: driver };
        browser.scripts_may_take(SCRIPT).await?;
        Ok(browser)
    }

    async fn scripts_may_take(&self, limit: Duration) -> Result<(), Error> {
        self.client.update_timeouts(TimeoutConfiguration::new(Some(limit), None, None)).await?;
        Ok(())
    }

    /// Runs a script that may take a minute.
    pub(crate) async fn long_script(&self, script: &str) -> Result<Json, Error> {
        self.scripts_may_take(Duration::from_mins(1)).await?;
        let answer = self.client.execute_async(script, vec![]).await;
        self.scripts_may_take(SCRIPT).await?;
        Ok(answer?)
    }

    /// Which browser this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The WebDriver session, for what has no method here.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Ends the session and with it the browser.
    pub async fn close(self) -> Result<(), Error> {
        Ok(self.client.close().await?)
    }

    /// The first element that the CSS selector matches; waits for it to appear.
    pub async fn element(&self, selector: &str) -> Result<Element, Error> {
        self.wait_for(&format!("{selector} to appear"), &format!("document.querySelector({})", json!(selector)))
            .await?;
        Ok(self.client.find(Locator::Css(selector)).await?)
    }

    /// Clicks the first element that the CSS selector matches, as a person would: what covers it gets the click.
    pub async fn click(&self, selector: &str) -> Result<(), Error> {
        let clicked = self.element(selector).await?.click().await;
        self.used(selector, clicked).await
    }

    /// Types into the first element that the CSS selector matches, key by key.
    pub async fn type_into(&self, selector: &str, text: &str) -> Result<(), Error> {
        let typed = self.element(selector).await?.send_keys(text).await;
        self.used(selector, typed).await
    }

    async fn used(&self, selector: &str, outcome: Result<(), CmdError>) -> Result<(), Error> {
        match outcome {
            Ok(()) => Ok(()),
            Err(source) => Err(Error::Element {
                selector: selector.to_owned(),
                source: Box::new(source),
                seen: self.sight().await,
            }),
        }
    }

    /// The value of a JavaScript expression in the page.
    pub async fn value<T: DeserializeOwned>(&self, expression: &str) -> Result<T, Error> {
        Ok(serde_json::from_value(self.client.execute(&format!("return ({expression});"), vec![]).await?)?)
    }

    /// Waits in the page until the JavaScript expression is truthy and returns its value then.
    ///
    /// The expression is asked at every change of the document and at the events that change what is not in it (typing, focus).
    /// A reload on the way does not matter. `what` completes the sentence "waited for …".
    pub async fn wait_for(&self, what: &str, expression: &str) -> Result<Json, Error> {
        let script = format!(
            r"
            const [limit, done] = arguments;
            const asked = () => {{ try {{ return ({expression}); }} catch (error) {{ if (error instanceof TypeError) return null; throw error; }} }};
            const events = ['input', 'change', 'focusin', 'focusout', 'securitypolicyviolation'];
            let finished = false;
            const observer = new MutationObserver(look);
            const timer = setTimeout(() => finish({{ late: true }}), limit);
            function finish(result) {{
                if (finished) return;
                finished = true;
                observer.disconnect();
                clearTimeout(timer);
                for (const event of events) document.removeEventListener(event, look, true);
                done(result);
            }}
            function look() {{ const value = asked(); if (value) finish({{ value: value instanceof Node ? true : value }}); }}
            observer.observe(document, {{ childList: true, subtree: true, attributes: true, characterData: true }});
            for (const event of events) document.addEventListener(event, look, true);
            look();"
        );
        let began = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(began.elapsed());
            // A document that goes away, or is not there yet, takes the script with it: the next one is asked.
            let answer = match self.client.execute_async(&script, vec![json!(left.min(SLICE).as_millis())]).await {
                Ok(mut answer) => answer["value"].take(),
                Err(error) if left > Duration::ZERO && document_went_away(&error) => continue,
                Err(error) => return Err(error.into()),
            };
            if !answer.is_null() {
                return Ok(answer);
            }
            if left < Duration::from_millis(50) || began.elapsed() >= PATIENCE {
                return Err(Error::Waited { what: what.to_owned(), limit: PATIENCE, seen: self.sight().await });
            }
        }
    }

    /// What a person would see now, for a message about a test that failed.
    async fn sight(&self) -> String {
        let seen = self.value::<String>(
            "`${location.href} shows ${[...document.querySelectorAll('main')].find(main => main.checkVisibility())?.id ?? 'no main'}: \
             ${(document.body?.innerText ?? '').replace(/\\s+/g, ' ').slice(-600)}`",
        );
        seen.await.unwrap_or_else(|error| format!("and the page cannot be asked: {error}"))
    }

    /// Sends a WebDriver command of one browser's own: `path` below the session, `body` to be posted.
    pub(crate) async fn command(&self, path: &'static str, body: Json) -> Result<Json, Error> {
        Ok(self.client.issue_cmd(Own { path, body }).await?)
    }

    /// Saves a screenshot in `file`.
    pub async fn save_screenshot(&self, file: &Path) -> Result<(), Error> {
        Ok(std::fs::write(file, self.client.screenshot().await?)?)
    }
}

/// Whether a script failed only because its page was left while it ran.
fn document_went_away(error: &CmdError) -> bool {
    let text = error.to_string();
    [
        "navigation",
        "script timeout",
        "unloaded",
        "context was destroyed",
        "execution contexts cleared",
        "no such execution context",
        "browsing context",
    ]
    .iter()
    .any(|sign| text.contains(sign))
}

#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Json,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, url::ParseError> {
        base_url.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
