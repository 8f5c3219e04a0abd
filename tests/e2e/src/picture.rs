//! What is on the screen beside words: a QR code, and pictures of a step for who looks at them.

use std::path::PathBuf;

use base64::{Engine, prelude::BASE64_STANDARD};
use fantoccini::key::Key;
use serde::Deserialize;
use serde_json::json;

use crate::{Browser, Error};

/// Reads a PNG's pixels as shades of grey. Neither an image element nor a fetch: the page's policy has neither.
const PIXELS: &str = "
    const [png, done] = arguments;
    const bytes = Uint8Array.from(atob(png), character => character.charCodeAt(0));
    createImageBitmap(new Blob([bytes], { type: 'image/png' })).then(image => {
        const { width, height } = image;
        const context = new OffscreenCanvas(width, height).getContext('2d');
        context.drawImage(image, 0, 0);
        const { data } = context.getImageData(0, 0, width, height);
        const grey = Array.from({ length: width * height }, (_, at) => Math.round((data[4 * at] + data[4 * at + 1] + data[4 * at + 2]) / 3));
        done({ width, height, grey });
    }, error => done({ error: String(error) }));
";

#[derive(Deserialize)]
struct Pixels {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

impl Browser {
    /// Saves a screenshot `NAME.png` in the folder that `E2E_SHOTS` names; without it nothing.
    pub async fn picture(&self, name: &str) -> Result<(), Error> {
        match std::env::var_os("E2E_SHOTS") {
            Some(folder) => self.save_screenshot(&PathBuf::from(folder).join(format!("{name}.png"))).await,
            None => Ok(()),
        }
    }

    /// What a scanner reads in the one QR code that `selector` shows, as it is on the screen.
    pub async fn scan(&self, selector: &str) -> Result<String, Error> {
        let failed = |why: String| Error::Scan(why);
        let png = BASE64_STANDARD.encode(self.element(selector).await?.screenshot().await?);
        let answer = self.client().execute_async(PIXELS, vec![json!(png)]).await?;
        if let Some(why) = answer["error"].as_str() {
            return Err(failed(why.to_owned()));
        }
        let Pixels { width, height, grey } = serde_json::from_value(answer)?;
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| grey[y * width + x]);
        let grids = image.detect_grids();
        let [grid] = grids.as_slice() else {
            return Err(failed(format!("{} QR codes are in {width} by {height} pixels", grids.len())));
        };
        grid.decode().map(|(_, text)| text).map_err(|error| failed(error.to_string()))
    }

    /// Puts `text` into an input of the step as a paste does: at once, with one event.
    pub async fn paste(&self, name: &str, text: &str) -> Result<(), Error> {
        let selector = format!("main#step input[name={}]", json!(name));
        self.element(&selector).await?;
        let script = "const [selector, text] = arguments; const input = document.querySelector(selector); \
                      input.focus(); input.select(); document.execCommand('insertText', false, text);";
        self.client().execute(script, vec![json!(selector), json!(text)]).await?;
        Ok(())
    }

    /// Presses Tab until the focus is on what `selector` matches, as who has no mouse.
    pub async fn tab_to(&self, selector: &str) -> Result<(), Error> {
        let is_there = format!("!!document.activeElement?.matches({})", json!(selector));
        for _ in 0..20 {
            if self.value::<bool>(&is_there).await? {
                return Ok(());
            }
            self.press_key(Key::Tab).await?;
        }
        self.wait_for(&format!("{selector} to be reached by Tab"), &is_there).await?;
        Ok(())
    }

    /// Presses a key where the focus is.
    pub async fn press_key(&self, key: Key) -> Result<(), Error> {
        Ok(self.client().active_element().await?.send_keys(&char::from(key).to_string()).await?)
    }
}
