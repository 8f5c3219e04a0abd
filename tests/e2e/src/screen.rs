//! One screen of the app, looked at from all sides: what axe-core finds, the keyboard's way, the layout narrow and with large text, what a
//! screen reader is told; and a picture of each, with what a screen reader is given.

use std::fs;
use std::path::PathBuf;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value as Json, json};
use signet_local::root;

use crate::{Browser, Error, Stage};

/// Width and height in CSS pixels.
const SIZES: [(u32, u32); 2] = [(1280, 800), (320, 640)];
const THEMES: [&str; 2] = ["light", "dark"];
/// More than any screen has, a form's dates counted by their parts.
const MOST_STOPS: usize = 200;

/// Looks at screens, one after the other, and keeps what is wrong with them.
#[derive(Debug)]
pub struct Screens<'a> {
    stage: &'a Stage,
    browser: &'a Browser,
    folder: PathBuf,
    wrong: Vec<String>,
    /// What is brought into view before each picture.
    pub in_view: String,
}

impl<'a> Screens<'a> {
    /// Pictures and accessibility trees go to `target/screens/`.
    ///
    /// # Errors
    /// axe-core is not installed, or the browser is not Chromium.
    pub async fn start(stage: &'a Stage, browser: &'a Browser) -> Result<Self, Error> {
        let home = || std::env::var("HOME").map(|home| format!("{home}/.cache"));
        let tools = std::env::var("SIGNET_TOOLS")
            .or_else(|_| std::env::var("XDG_CACHE_HOME").or_else(|_| home()).map(|cache| format!("{cache}/signet")))
            .unwrap_or_default();
        let file = format!("{tools}/npm/node_modules/axe-core/axe.min.js");
        let axe = fs::read_to_string(&file)
            .map_err(|error| Error::NoStage(format!("{file}: {error}; scripts/setup.sh test installs it")))?;
        let script = format!("{{ {} e2e.axe = function () {{ {axe} }}; }}", include_str!("screen.js"));
        browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await?;
        let folder = root().join("target/screens");
        fs::create_dir_all(&folder)?;
        Ok(Self { stage, browser, folder, wrong: Vec::new(), in_view: String::new() })
    }

    /// Shows the app with this config.json as to somebody who was never here.
    pub async fn open(&self, config: &Json) -> Result<(), Error> {
        self.browser.client().goto("about:blank").await?;
        let all = json!({ "origin": self.stage.origin(), "storageTypes": "all" });
        self.browser.cdp("Storage.clearDataForOrigin", all).await?;
        self.stage.open(self.browser, config).await
    }

    /// Looks at what is shown under a name for the pictures. The focus must be in the element of the id `focus`; alerts must have said `said`
    /// since the last look, each once.
    pub async fn look(&mut self, name: &str, focus: &str, said: &[&str]) -> Result<(), Error> {
        let browser = self.browser;
        let mut wrong: Vec<String> = Vec::new();
        let at: String = browser.value("document.activeElement.id || document.activeElement.tagName").await?;
        if at != focus {
            wrong.push(format!("the focus is in {at}, not in {focus}"));
        }
        let alerts: Vec<String> = browser.value("e2e.told.alert.splice(0)").await?;
        if alerts.len() != said.len() || alerts.iter().zip(said).any(|(alert, part)| !alert.contains(part)) {
            wrong.push(format!("alerts said {alerts:?}, not {said:?}"));
        }
        wrong.extend(browser.value::<Vec<String>>("e2e.wrongMarkup()").await?);
        fs::write(self.folder.join(format!("{name}.txt")), self.accessibility_tree().await?)?;
        browser.client().execute("e2e.watchFocus();", vec![]).await?;
        for _ in 0..MOST_STOPS {
            if browser.value("e2e.isThrough()").await? {
                break;
            }
            for kind in ["rawKeyDown", "keyUp"] {
                let tab = json!({ "type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9 });
                browser.cdp("Input.dispatchKeyEvent", tab).await?;
            }
        }
        if !browser.value::<bool>("e2e.isThrough()").await? {
            wrong.push(format!("Tab comes to no end in {MOST_STOPS} presses"));
        }
        wrong.extend(browser.value::<Vec<String>>("e2e.wrongStops()").await?);
        for (width, height) in SIZES {
            let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
            browser.cdp("Emulation.setDeviceMetricsOverride", size).await?;
            for theme in THEMES {
                let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
                browser.cdp("Emulation.setEmulatedMedia", features).await?;
                let found: Vec<String> = browser.value(&format!("e2e.wrongByAxe({})", theme == "dark")).await?;
                wrong.extend(found.into_iter().map(|found| format!("{width} px, {theme}: {found}")));
                self.picture(&format!("{name}-{width}-{theme}")).await?;
            }
            for text in [200, 100] {
                let script = "document.documentElement.style.fontSize = arguments[0];";
                browser.client().execute(script, vec![json!(format!("{text}%"))]).await?;
                let found: Vec<String> = browser.value("e2e.wrongLayout()").await?;
                wrong.extend(found.into_iter().map(|found| format!("{width} px, text at {text} %: {found}")));
            }
        }
        browser.cdp("Emulation.clearDeviceMetricsOverride", json!({})).await?;
        self.wrong.extend(wrong.into_iter().map(|wrong| format!("{name}: {wrong}")));
        Ok(())
    }

    /// Looks once more at what is shown, wide and narrow, as the browser shows it with one of its media features and with text of this size in %.
    pub async fn look_with(&mut self, name: &str, feature: (&str, &str), text: u32) -> Result<(), Error> {
        let browser = self.browser;
        let script = "document.documentElement.style.fontSize = arguments[0];";
        browser.client().execute(script, vec![json!(format!("{text}%"))]).await?;
        for (width, height) in SIZES {
            let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
            browser.cdp("Emulation.setDeviceMetricsOverride", size).await?;
            let features = json!({ "features": [{ "name": feature.0, "value": feature.1 }] });
            browser.cdp("Emulation.setEmulatedMedia", features).await?;
            let found: Vec<String> = browser.value("e2e.wrongByAxe(false)").await?;
            let found = [found, browser.value("e2e.wrongLayout()").await?].concat();
            self.wrong.extend(found.into_iter().map(|found| format!("{name}: {width} px, {}: {found}", feature.1)));
            self.picture(&format!("{name}-{width}-{}", feature.1)).await?;
        }
        browser.client().execute(script, vec![json!("100%")]).await?;
        browser.cdp("Emulation.setEmulatedMedia", json!({ "features": [] })).await?;
        browser.cdp("Emulation.clearDeviceMetricsOverride", json!({})).await?;
        Ok(())
    }

    /// Of a conversation what is in view, since it scrolls; of anything else all.
    async fn picture(&self, name: &str) -> Result<(), Error> {
        if !self.in_view.is_empty() {
            let script = "document.querySelector(arguments[0]).scrollIntoView();";
            self.browser.client().execute(script, vec![json!(self.in_view)]).await?;
        }
        let is_all = !self.browser.value::<bool>("!!document.querySelector('#chat')").await?;
        let taken = self.browser.cdp("Page.captureScreenshot", json!({ "captureBeyondViewport": is_all })).await?;
        let picture = BASE64_STANDARD.decode(taken["data"].as_str().unwrap_or_default()).unwrap_or_default();
        Ok(fs::write(self.folder.join(format!("{name}.png")), picture)?)
    }

    /// What a screen reader is given: role, name and state of each part, a line each.
    async fn accessibility_tree(&self) -> Result<String, Error> {
        let tree = self.browser.cdp("Accessibility.getFullAXTree", json!({})).await?;
        let text = |value: &Json| value["value"].as_str().unwrap_or_default().to_owned();
        let mut lines = String::new();
        for node in tree["nodes"].as_array().into_iter().flatten() {
            let role = text(&node["role"]);
            if node["ignored"] == true || ["InlineTextBox", "generic", "none"].contains(&role.as_str()) {
                continue;
            }
            let states = node["properties"].as_array().into_iter().flatten();
            let states = states
                .map(|state| format!(" {}={}", state["name"].as_str().unwrap_or_default(), state["value"]["value"]));
            let about = [text(&node["description"]), text(&node["value"])].map(|text| format!(" {text:?}"));
            let states: String = states.collect();
            lines += &[&role, " ", &json!(text(&node["name"])).to_string(), &about.concat(), &states, "\n"].concat();
        }
        Ok(lines)
    }

    /// # Panics
    /// Something is wrong with a screen.
    pub fn finish(self) {
        assert!(self.wrong.is_empty(), "{} things are wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }
}
