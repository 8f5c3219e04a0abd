//! Saves files and reads files that a person has chosen.

use js_sys::{Array, JsString};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File, HtmlAnchorElement, Url};

use super::document;

/// Saves a text as a file.
pub fn save(name: &str, media_type: &str, text: &str) {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let blob = Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options);
    let Ok(url) = blob.and_then(|blob| Url::create_object_url_with_blob(&blob)) else { return };
    if let Ok(link) = document().create_element("a") {
        let link: HtmlAnchorElement = link.unchecked_into();
        link.set_href(&url);
        link.set_download(name);
        link.click();
    }
    // The browser reads the address after the click and does not say when it has finished.
    gloo_timers::callback::Timeout::new(60_000, move || {
        // Fails only for a string that is not an address.
        let _ = Url::revoke_object_url(&url);
    })
    .forget();
}

/// The text of a file as a browser string. Empty if the file is gone or too long for a string.
pub async fn read(file: &File) -> JsString {
    JsFuture::from(file.text()).await.ok().and_then(|text| text.dyn_into().ok()).unwrap_or_default()
}
