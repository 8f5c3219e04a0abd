//! The WebDriver server of the chosen browser, one a test.

use std::{env, net::Ipv4Addr, process::Stdio, time::Duration};

use serde_json::{Value as Json, json};
use signet_local::root;
use tokio::{
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};

use crate::{Error, wait_until};

/// Where Debian's faketime keeps its library; the loader fills in the rest of the path.
const FAKETIME: &str = "/usr/$LIB/faketime/libfaketimeMT.so.1";

/// The browsers that the suite knows how to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Chromium by chromedriver. The only one with the Chrome DevTools Protocol.
    Chromium,
    /// Firefox by geckodriver.
    Firefox,
    /// WebKitGTK's `MiniBrowser` by `WebKitWebDriver`; run the tests under `xvfb-run`.
    WebKit,
}

impl Kind {
    /// The browser that the environment variable `E2E_BROWSER` names; Chromium if it names none.
    pub fn chosen() -> Result<Self, Error> {
        match env::var("E2E_BROWSER").as_deref() {
            Err(_) | Ok("" | "chromium") => Ok(Self::Chromium),
            Ok("firefox") => Ok(Self::Firefox),
            Ok("webkit") => Ok(Self::WebKit),
            Ok(other) => Err(Error::UnknownBrowser(other.to_owned())),
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Chromium => "chromedriver",
            Self::Firefox => "geckodriver",
            Self::WebKit => "WebKitWebDriver",
        }
    }

    /// What is asked of a new session. "eager": a test may hold back a file that the page's load event waits for.
    pub(crate) fn capabilities(self) -> Json {
        match self {
            Self::Chromium => json!({
                "pageLoadStrategy": "eager",
                "goog:chromeOptions": { "args": [
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1000,800",
                    // A heap snapshot cuts strings at 1024 characters unless told otherwise, and a token is longer.
                    "--js-flags=--heap-snapshot-string-limit=1000000",
                ]},
            }),
            Self::Firefox => json!({ "pageLoadStrategy": "eager", "moz:firefoxOptions": { "args": ["-headless"] } }),
            Self::WebKit => json!({
                "pageLoadStrategy": "eager",
                "webkitgtk:browserOptions": {
                    "binary": "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser",
                    "args": ["--automation"],
                },
            }),
        }
    }
}

/// A running WebDriver server. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    _process: Child,
    pub(crate) url: String,
}

impl Driver {
    /// Starts the server of `kind`. `clock_off` sets the browser's clock wrong, in faketime's words: `-5h`.
    pub(crate) async fn start(kind: Kind, clock_off: Option<&str>) -> Result<Self, Error> {
        let program = kind.program();
        let failed = |why: String| Error::NoDriver { program, why };
        let port = free_port().await.map_err(|error| failed(error.to_string()))?;
        let mut command = Command::new(program);
        command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // The browser inherits this: text is as wide as on every other machine, whatever fonts this one has.
        command.env("FONTCONFIG_FILE", root().join("tests/fonts.conf"));
        match kind {
            Kind::Chromium | Kind::WebKit => command.arg(format!("--port={port}")),
            Kind::Firefox => command.args(["--port", &port.to_string()]),
        };
        if let Some(offset) = clock_off {
            // The browser inherits this. Only what people call the time is wrong; timers go by the monotonic clock.
            // Without the last, libfaketime waits on the wrong clock and Chromium hangs.
            command.envs([
                ("LD_PRELOAD", FAKETIME),
                ("FAKETIME", offset),
                ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
                ("FAKETIME_FORCE_MONOTONIC_FIX", "0"),
            ]);
        }
        let mut process = command.spawn().map_err(|error| failed(error.to_string()))?;
        let mut ended = None;
        wait_until(&format!("{program} to listen"), Duration::from_secs(30), async || {
            ended = process.try_wait()?;
            Ok(ended.is_some() || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_ok())
        })
        .await?;
        match ended {
            Some(status) => Err(failed(format!("it ended at once ({status})"))),
            None => Ok(Self { _process: process, url: format!("http://127.0.0.1:{port}") }),
        }
    }
}

/// A port that was free a moment ago: of the three servers only chromedriver can choose one and tell.
async fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?.port())
}
