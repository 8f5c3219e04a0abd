//! The clipboard.

use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{Blob, BlobPropertyBag, Clipboard, ClipboardItem};

use super::window;

/// The browser did not allow the page to write to the clipboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused;

/// Writes a text that may arrive later; `None` if it never will. Writing begins with the call, not when the returned future is polled, because the
/// clipboard is open only while a button is being pressed. It accepts a promise for the text.
pub fn write(text: impl Future<Output = Option<String>> + 'static) -> impl Future<Output = Result<(), Refused>> {
    let blob = future_to_promise(async {
        let text = text.await.ok_or(JsValue::NULL)?;
        let options = BlobPropertyBag::new();
        options.set_type("text/plain");
        Ok(Blob::new_with_str_sequence_and_options(&Array::of1(&text.into()), &options)?.into())
    });
    let written = begin(&blob);
    async move { JsFuture::from(written.map_err(|_| Refused)?).await.map_err(|_| Refused).map(drop) }
}

fn begin(blob: &Promise) -> Result<Promise, JsValue> {
    let clipboard = Reflect::get(&window().navigator(), &"clipboard".into())?;
    // Only secure contexts have a clipboard.
    if clipboard.is_undefined() {
        return Err(JsValue::UNDEFINED);
    }
    let record = Object::new();
    Reflect::set(&record, &"text/plain".into(), blob)?;
    let item = ClipboardItem::new_with_record_from_str_to_blob_promise(&record)?;
    Ok(clipboard.unchecked_into::<Clipboard>().write(&Array::of1(&item)))
}
