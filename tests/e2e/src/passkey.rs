//! Passkeys: a virtual authenticator in the browser that holds one, and what a relying party checks of its answers.
//! <https://www.w3.org/TR/webauthn-3/>. Chromium only.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde_json::{Value as Json, json};

use crate::{Browser, Error, cognito::random};

/// The relying party of these tests: the host of the app's origin.
pub const RELYING_PARTY: &str = "localhost";

/// A passkey whose private key the test has: for the browser's authenticator to hold and for the scripted Cognito to know.
#[derive(Clone)]
pub struct Passkey {
    id: Vec<u8>,
    user_handle: Vec<u8>,
    private_key: Vec<u8>,
    public_key: Vec<u8>,
}

impl std::fmt::Debug for Passkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passkey").field("id", &BASE64_URL_SAFE_NO_PAD.encode(&self.id)).finish_non_exhaustive()
    }
}

impl Passkey {
    /// A new one for a user handle of the relying party's.
    ///
    /// # Panics
    /// The machine has no randomness.
    pub fn new(user_handle: &str) -> Self {
        let random_source = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let private_key = EcdsaKeyPair::generate_pkcs8(algorithm, &random_source).expect("there is randomness");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, private_key.as_ref(), &random_source).expect("it was just made");
        Self {
            id: random::<16>().to_vec(),
            user_handle: user_handle.as_bytes().to_vec(),
            private_key: private_key.as_ref().to_vec(),
            public_key: pair.public_key().as_ref().to_vec(),
        }
    }

    /// Its credential id, base64url.
    pub fn id(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(&self.id)
    }

    /// In an answer of the scripted Cognito: the text for `CREDENTIAL_REQUEST_OPTIONS`, with a new challenge.
    pub fn request_options(&self) -> Json {
        json!({ "$": "request options", "id": self.id() })
    }

    /// In an expected request: the text of `CREDENTIAL`, an assertion by this passkey of the last challenge at the app's origin.
    pub fn assertion(&self) -> Json {
        json!({
            "$": "assertion", "id": self.id(), "user_handle": BASE64_URL_SAFE_NO_PAD.encode(&self.user_handle),
            "public_key": BASE64_STANDARD.encode(&self.public_key),
        })
    }

    /// Whether `credential`, the JSON of a `PublicKeyCredential`, is an assertion of this passkey's for the challenge (base64url) at the origin.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(&self, credential: &str, challenge: &str, origin: &str) -> Result<(), String> {
        verify(&self.assertion(), credential, challenge, origin)
    }
}

/// `known` is what [`Passkey::assertion`] says.
pub(crate) fn verify(known: &Json, credential: &str, challenge: &str, origin: &str) -> Result<(), String> {
    let credential: Json = serde_json::from_str(credential).map_err(|error| format!("it is not JSON: {error}"))?;
    let check = |what: &str, holds: bool| if holds { Ok(()) } else { Err(format!("{what} is wrong")) };
    let bytes = |pointer: &str| {
        let text = credential.pointer(pointer).and_then(Json::as_str);
        text.and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok())
            .ok_or_else(|| format!("{pointer} is not base64url"))
    };
    for (place, names) in [
        ("", &["authenticatorAttachment", "clientExtensionResults", "id", "rawId", "response", "type"][..]),
        ("/response", &["authenticatorData", "clientDataJSON", "signature", "userHandle"]),
    ] {
        let fields =
            credential.pointer(place).and_then(Json::as_object).ok_or_else(|| format!("{place:?} is no object"))?;
        if let Some(unknown) = fields.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(format!("{place}/{unknown} is not known"));
        }
    }
    check("/id", credential["id"] == known["id"])?;
    check("/rawId", credential["rawId"] == known["id"])?;
    check("/type", credential["type"] == "public-key")?;
    check("/clientExtensionResults", credential["clientExtensionResults"].is_object())?;
    let user_handle = &credential["response"]["userHandle"];
    check("/response/userHandle", user_handle.is_null() || *user_handle == known["user_handle"])?;

    let client_data = bytes("/response/clientDataJSON")?;
    let client: Json = serde_json::from_slice(&client_data).map_err(|error| format!("clientDataJSON: {error}"))?;
    check("clientDataJSON's type", client["type"] == "webauthn.get")?;
    check("clientDataJSON's challenge", client["challenge"] == challenge)?;
    check("clientDataJSON's origin", client["origin"] == origin)?;
    check("clientDataJSON's crossOrigin", client["crossOrigin"] != json!(true))?;

    // rpIdHash, one byte of flags (user present, user verified), four bytes of a counter.
    let authenticator_data = bytes("/response/authenticatorData")?;
    check("authenticatorData's length", authenticator_data.len() >= 37)?;
    let relying_party = digest(&SHA256, RELYING_PARTY.as_bytes());
    check("authenticatorData's rpIdHash", authenticator_data[..32] == *relying_party.as_ref())?;
    check("authenticatorData's flag UP", authenticator_data[32] & 1 != 0)?;
    check("authenticatorData's flag UV", authenticator_data[32] & 4 != 0)?;

    let public_key = BASE64_STANDARD.decode(known["public_key"].as_str().unwrap_or_default()).unwrap_or_default();
    let message = [&*authenticator_data, digest(&SHA256, &client_data).as_ref()].concat();
    let signature = bytes("/response/signature")?;
    let verified = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public_key).verify(&message, &signature);
    check("the signature", verified.is_ok())
}

/// Runs before the page's own scripts and remembers how passkeys are asked for, and which of the questions are over.
const WATCH: &str = "
    window.e2ePasskeys = [];
    const get = CredentialsContainer.prototype.get;
    CredentialsContainer.prototype.get = function (options) {
        const asked = { how: options.mediation ?? 'modal' };
        window.e2ePasskeys.push(asked);
        document.documentElement.dataset.e2ePasskeys = window.e2ePasskeys.length;
        return get.call(this, options).finally(() => { asked.how += ', ended'; });
    };
";

/// A virtual authenticator of the browser's. It says yes to everything without asking anybody.
#[derive(Debug)]
pub struct Authenticator<'a> {
    browser: &'a Browser,
    id: String,
}

impl Browser {
    /// Adds an authenticator that is built into the machine, keeps passkeys and verifies its user: CTAP 2, internal, resident keys.
    pub async fn add_authenticator(&self) -> Result<Authenticator<'_>, Error> {
        self.cdp("WebAuthn.enable", json!({})).await?;
        let options = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true,
        });
        let added = self.cdp("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await?;
        Ok(Authenticator { browser: self, id: added["authenticatorId"].as_str().unwrap_or_default().to_owned() })
    }

    /// From the next page on, notes how passkeys are asked for.
    pub async fn watch_passkeys(&self) -> Result<(), Error> {
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH })).await?;
        Ok(())
    }

    /// Waits until the page has asked for passkeys so often, and returns how: `conditional` or `modal`, and `ended` if that is over.
    pub async fn passkeys_asked_for(&self, times: usize) -> Result<Vec<String>, Error> {
        let asked = format!("window.e2ePasskeys.length >= {times} && window.e2ePasskeys.map(asked => asked.how)");
        Ok(serde_json::from_value(self.wait_for("a passkey to be asked for", &asked).await?)?)
    }
}

impl Authenticator<'_> {
    /// Makes it hold a passkey.
    pub async fn add(&self, passkey: &Passkey) -> Result<(), Error> {
        let credential = json!({
            "credentialId": BASE64_STANDARD.encode(&passkey.id), "isResidentCredential": true, "rpId": RELYING_PARTY,
            "privateKey": BASE64_STANDARD.encode(&passkey.private_key),
            "userHandle": BASE64_STANDARD.encode(&passkey.user_handle), "signCount": 1,
        });
        let params = json!({ "authenticatorId": self.id, "credential": credential });
        self.browser.cdp("WebAuthn.addCredential", params).await?;
        Ok(())
    }

    /// Whether somebody touches it when it is asked, as is so from the start. A browser that is asked waits otherwise, without a window of its own.
    pub async fn set_present(&self, is_present: bool) -> Result<(), Error> {
        let params = json!({ "authenticatorId": self.id, "enabled": is_present });
        self.browser.cdp("WebAuthn.setAutomaticPresenceSimulation", params).await?;
        Ok(())
    }

    /// From now on its user is verified, or is not: a wrong finger.
    pub async fn set_user_verified(&self, is_user_verified: bool) -> Result<(), Error> {
        let params = json!({ "authenticatorId": self.id, "isUserVerified": is_user_verified });
        self.browser.cdp("WebAuthn.setUserVerified", params).await?;
        Ok(())
    }

    /// The passkeys that it holds, as the DevTools protocol describes them; those that the page had it make are among them.
    pub async fn credentials(&self) -> Result<Vec<Json>, Error> {
        let mut held = self.browser.cdp("WebAuthn.getCredentials", json!({ "authenticatorId": self.id })).await?;
        Ok(serde_json::from_value(held["credentials"].take())?)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const ORIGIN: &str = "http://localhost:8080";

    /// What a platform's authenticator would answer; `change` spoils it before it is signed.
    pub(crate) fn assertion(passkey: &Passkey, change: impl FnOnce(&mut Json, &mut Vec<u8>)) -> Json {
        let mut client = json!({ "type": "webauthn.get", "challenge": "Y2g", "origin": ORIGIN, "crossOrigin": false });
        let mut data = digest(&SHA256, b"localhost").as_ref().to_vec();
        data.extend([5, 0, 0, 0, 2]);
        change(&mut client, &mut data);
        let client = client.to_string();
        let random_source = SystemRandom::new();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &passkey.private_key, &random_source).unwrap();
        let message = [&*data, digest(&SHA256, client.as_bytes()).as_ref()].concat();
        let signature = pair.sign(&random_source, &message).unwrap();
        let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({
            "id": passkey.id(), "rawId": passkey.id(), "type": "public-key", "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
            "response": {
                "authenticatorData": text(&data), "clientDataJSON": text(client.as_bytes()),
                "signature": text(signature.as_ref()), "userHandle": text(&passkey.user_handle),
            },
        })
    }

    fn verify(passkey: &Passkey, credential: &Json) -> Result<(), String> {
        passkey.verify(&credential.to_string(), "Y2g", ORIGIN)
    }

    #[test]
    fn an_assertion_is_accepted_with_and_without_a_user_handle() {
        let passkey = Passkey::new("ann");
        let mut good = assertion(&passkey, |_, _| ());
        assert_eq!(verify(&passkey, &good), Ok(()));
        good["response"]["userHandle"] = Json::Null;
        assert_eq!(verify(&passkey, &good), Ok(()));
    }

    #[test]
    fn what_the_authenticator_said_of_something_else_is_refused() {
        let passkey = Passkey::new("ann");
        let refused = |change: fn(&mut Json, &mut Vec<u8>)| verify(&passkey, &assertion(&passkey, change)).unwrap_err();
        assert_eq!(refused(|client, _| client["type"] = json!("webauthn.create")), "clientDataJSON's type is wrong");
        assert_eq!(refused(|client, _| client["challenge"] = json!("eA")), "clientDataJSON's challenge is wrong");
        assert_eq!(
            refused(|client, _| client["origin"] = json!("http://localhost")),
            "clientDataJSON's origin is wrong"
        );
        assert_eq!(refused(|client, _| client["crossOrigin"] = json!(true)), "clientDataJSON's crossOrigin is wrong");
        assert_eq!(refused(|_, data| data[0] ^= 1), "authenticatorData's rpIdHash is wrong");
        assert_eq!(refused(|_, data| data[32] = 4), "authenticatorData's flag UP is wrong");
        assert_eq!(refused(|_, data| data[32] = 1), "authenticatorData's flag UV is wrong");
        assert_eq!(refused(|_, data| data.truncate(36)), "authenticatorData's length is wrong");
    }

    #[test]
    fn another_key_or_another_shape_is_refused() {
        let [passkey, other] = [Passkey::new("ann"), Passkey::new("ann")];
        let good = assertion(&passkey, |_, _| ());
        for (pointer, value, problem) in [
            ("/id", json!("eA"), "/id is wrong"),
            ("/rawId", json!("eA"), "/rawId is wrong"),
            ("/type", json!("password"), "/type is wrong"),
            ("/clientExtensionResults", Json::Null, "/clientExtensionResults is wrong"),
            ("/response/userHandle", json!("Ym9i"), "/response/userHandle is wrong"),
            ("/response/signature", json!("+/=="), "/response/signature is not base64url"),
            (
                "/response/signature",
                assertion(&other, |_, _| ())["response"]["signature"].clone(),
                "the signature is wrong",
            ),
            ("/response", Json::Null, "\"/response\" is no object"),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(pointer).unwrap() = value;
            assert_eq!(verify(&passkey, &bad), Err(problem.to_owned()));
        }
        let mut more = good.clone();
        more["response"]["attestationObject"] = json!("");
        assert_eq!(verify(&passkey, &more), Err("/response/attestationObject is not known".to_owned()));
        assert!(passkey.verify("{", "Y2g", ORIGIN).unwrap_err().contains("not JSON"));
    }
}
