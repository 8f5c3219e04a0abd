//! Passkeys: <https://www.w3.org/TR/webauthn-3/>.

use ::base64::Engine;
use ::base64::prelude::BASE64_URL_SAFE_NO_PAD;
use js_sys::{Array, Function, JSON, JsString, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::AbortSignal;

use super::window;

/// Why there is no passkey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// This browser does not support passkeys, or not on this page.
    Unsupported,
    /// The person declined or has no passkey here. Browsers do not say which.
    Refused,
}

/// Asks the browser for a passkey. `options` is the JSON that `PublicKeyCredential.parseRequestOptionsFromJSON` takes. With `autofill`, the browser offers
/// passkeys in the username's field, and the future waits until one is chosen. Returns the credential as the JSON of `PublicKeyCredential.toJSON`.
pub async fn get(options: &str, autofill: bool, signal: &AbortSignal) -> Result<JsString, Refusal> {
    let class = property(&window(), "PublicKeyCredential").filter(JsValue::is_truthy);
    let credentials = property(&window().navigator(), "credentials").filter(JsValue::is_truthy);
    let (Some(class), Some(credentials)) = (class, credentials) else { return Err(Refusal::Unsupported) };
    if autofill && !offers_autofill(&class).await {
        return Err(Refusal::Unsupported);
    }
    ask(&class, &credentials, options, autofill, signal).await.map_err(|error| {
        match property(&error, "name").and_then(|name| name.as_string()).as_deref() {
            Some("NotSupportedError" | "SecurityError") => Refusal::Unsupported,
            _ => Refusal::Refused,
        }
    })
}

async fn offers_autofill(class: &JsValue) -> bool {
    match call(class, "isConditionalMediationAvailable", &Array::new()) {
        Some(Ok(promise)) => JsFuture::from(Promise::from(promise)).await.is_ok_and(|is| is.is_truthy()),
        _ => false,
    }
}

async fn ask(
    class: &JsValue,
    credentials: &JsValue,
    options: &str,
    autofill: bool,
    signal: &AbortSignal,
) -> Result<JsString, JsValue> {
    let json = JSON::parse(options)?;
    let public_key = match call(class, "parseRequestOptionsFromJSON", &Array::of1(&json)) {
        Some(parsed) => parsed?,
        None => parse(json)?,
    };
    let request = Object::new();
    set(&request, "publicKey", &public_key)?;
    set(&request, "signal", signal)?;
    if autofill {
        set(&request, "mediation", &"conditional".into())?;
    }
    let asked = call(credentials, "get", &Array::of1(&request)).ok_or(JsValue::UNDEFINED)??;
    let credential = JsFuture::from(Promise::from(asked)).await?;
    // The credentials of some password managers have a `toJSON` that throws.
    let json = match call(&credential, "toJSON", &Array::new()) {
        Some(Ok(json)) => json,
        _ => to_json(&credential)?,
    };
    JSON::stringify(&json)
}

/// For browsers without <https://www.w3.org/TR/webauthn-3/#sctn-parseRequestOptionsFromJSON>: decodes the binary members, which are base64url in JSON.
fn parse(json: JsValue) -> Result<JsValue, JsValue> {
    decode(&json, "challenge")?;
    if let Some(allowed) = property(&json, "allowCredentials").and_then(|list| list.dyn_into::<Array>().ok()) {
        for credential in allowed.iter() {
            decode(&credential, "id")?;
        }
    }
    Ok(json)
}

/// For credentials without `toJSON`: builds <https://www.w3.org/TR/webauthn-3/#dictdef-authenticationresponsejson>.
fn to_json(credential: &JsValue) -> Result<JsValue, JsValue> {
    let (json, response) = (Object::new(), Object::new());
    for name in ["id", "type", "authenticatorAttachment"] {
        if let Some(value) = property(credential, name).filter(|value| !value.is_null()) {
            set(&json, name, &value)?;
        }
    }
    encode(credential, &json, "rawId")?;
    let of = property(credential, "response").ok_or(JsValue::UNDEFINED)?;
    for name in ["clientDataJSON", "authenticatorData", "signature", "userHandle"] {
        encode(&of, &response, name)?;
    }
    set(&json, "response", &response)?;
    let extensions = call(credential, "getClientExtensionResults", &Array::new()).ok_or(JsValue::UNDEFINED)??;
    set(&json, "clientExtensionResults", &extensions)?;
    Ok(json.into())
}

fn decode(object: &JsValue, name: &str) -> Result<(), JsValue> {
    let text = property(object, name).and_then(|text| text.as_string()).unwrap_or_default();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|error| JsValue::from(error.to_string()))?;
    set(object, name, &Uint8Array::from(bytes.as_slice()))
}

/// Copies a buffer as base64url. Does nothing if there is none.
fn encode(from: &JsValue, to: &JsValue, name: &str) -> Result<(), JsValue> {
    match property(from, name).filter(|buffer| !buffer.is_null()) {
        Some(buffer) => set(to, name, &BASE64_URL_SAFE_NO_PAD.encode(Uint8Array::new(&buffer).to_vec()).into()),
        None => Ok(()),
    }
}

/// A member; `None` if it is undefined.
fn property(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined())
}

fn set(object: &JsValue, name: &str, value: &JsValue) -> Result<(), JsValue> {
    Reflect::set(object, &name.into(), value).map(drop)
}

/// Calls a method; `None` if there is none.
fn call(object: &JsValue, name: &str, arguments: &Array) -> Option<Result<JsValue, JsValue>> {
    let method = property(object, name)?.dyn_into::<Function>().ok()?;
    Some(method.apply(object, arguments))
}
