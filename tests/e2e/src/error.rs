//! What can go wrong between a test and the browser.

use std::time::Duration;

/// Why a test could not do, or did not see, what it wanted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `E2E_BROWSER` names a browser that this suite cannot drive.
    #[error("E2E_BROWSER is {0:?}; it can be chromium, firefox or webkit")]
    UnknownBrowser(String),
    /// The local AWS or the app's server did not start.
    #[error("the tests have no stage: {0}")]
    NoStage(String),
    /// The WebDriver server did not start.
    #[error("{program} did not start: {why}; scripts/setup.sh test installs it")]
    NoDriver {
        /// The WebDriver server's program.
        program: &'static str,
        /// What happened.
        why: String,
    },
    /// The WebDriver server runs, but gave no session.
    #[error("the browser did not start: {0}")]
    NoSession(#[from] fantoccini::error::NewSessionError),
    /// A WebDriver command failed.
    #[error("the browser refused a WebDriver command: {0}")]
    WebDriver(#[from] fantoccini::error::CmdError),
    /// An element is there, but did not take a click or a key.
    #[error("{selector} could not be used: {source}; {seen}")]
    Element {
        /// Its CSS selector.
        selector: String,
        /// What WebDriver said.
        source: Box<fantoccini::error::CmdError>,
        /// What there was on the screen.
        seen: String,
    },
    /// A condition did not come true in time.
    #[error("waited {} s for {what}, in vain; {seen}", limit.as_secs())]
    Waited {
        /// The condition, as it completes "waited for …".
        what: String,
        /// How long it was waited for.
        limit: Duration,
        /// What there was instead.
        seen: String,
    },
    /// The page answered a script with something else than it was asked for.
    #[error("the page's answer has an unexpected shape: {0}")]
    Shape(#[from] serde_json::Error),
    /// The Chrome DevTools Protocol refused, or its connection broke.
    #[error("the DevTools protocol's {method} failed: {why}")]
    Devtools {
        /// The protocol's method.
        method: String,
        /// What happened.
        why: String,
    },
    /// The app did not send what a script expects.
    #[error("the scripted Cognito: {0}")]
    Script(String),
    /// A scanner reads no QR code on the screen.
    #[error("no QR code could be read: {0}")]
    Scan(String),
    /// A file of the test's could not be read or written.
    #[error("a file of the test could not be read or written: {0}")]
    File(#[from] std::io::Error),
}
