//! The session record, over a reload: in IndexedDB, encrypted with AES-GCM.
//!
//! The cipher's key is derived (HKDF, RFC 5869) from two halves: a key that this browser made once, which no script can read out, and 32 bytes
//! that the tab's sessionStorage holds. So the record opens in this browser, in this tab, and for as long as the tab lives; a copied database
//! is no token, nor is what the page's storage holds. Where the browser refuses storage the session lives as long as the page.

use std::cell::RefCell;

use js_sys::{Array, Object, Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{CryptoKey, SubtleCrypto};
use zeroize::Zeroize;

use super::database::Database;
use super::{now, random, scope};
use crate::protocol::TabHalf;
use crate::session::Record;

const DATABASE: &str = "signet";
const KEYS: &str = "keys";
const RECORDS: &str = "records";
/// The key of this browser's half in [`KEYS`].
const DEVICE: &str = "device";
/// Of AES-GCM, in bytes (NIST SP 800-38D §8.2).
const NONCE: usize = 12;
/// A record whose tab is gone is deleted after this, in milliseconds: Cognito's refresh tokens live 30 days unless told otherwise.
const KEPT: f64 = 30.0 * 86_400_000.0;

struct Store {
    database: Database,
    key: CryptoKey,
    /// The record's name: a hash of the tab's half.
    name: JsValue,
}

enum Write {
    Save(Record),
    Forget,
}

#[derive(Default)]
struct Writes {
    store: Option<Store>,
    /// What is to be written next: the last word, whatever was said before it.
    waiting: Option<Write>,
    writing: bool,
    /// Whether the browser refuses storage, or the tab: nothing is kept, and nothing waits for it.
    refused: bool,
}

thread_local! {
    static WRITES: RefCell<Writes> = RefCell::default();
}

/// Opens the store for a tab; the record if there is one that can be read.
pub async fn open(tab: Option<TabHalf>) -> Option<Record> {
    let store = match tab {
        Some(tab) => Store::open(&tab).await.ok(),
        None => None,
    };
    let record = match &store {
        Some(store) => store.read().await.ok().flatten(),
        None => None,
    };
    WRITES.with_borrow_mut(|writes| {
        writes.refused = store.is_none();
        writes.waiting = writes.waiting.take().filter(|_| store.is_some());
        writes.store = store;
    });
    write();
    record
}

/// Writes the record.
pub fn save(record: Record) {
    next(Write::Save(record));
}

/// Deletes the record.
pub fn forget() {
    next(Write::Forget);
}

fn next(write_next: Write) {
    WRITES.with_borrow_mut(|writes| writes.waiting = Some(write_next).filter(|_| !writes.refused));
    write();
}

/// Writes one after the other, so that the last one said is the one that stays.
fn write() {
    let Some(store) = WRITES.with_borrow_mut(|writes| {
        if writes.writing || writes.waiting.is_none() {
            None
        } else {
            writes.store.take().inspect(|_| writes.writing = true)
        }
    }) else {
        return;
    };
    spawn_local(async move {
        while let Some(next) = WRITES.with_borrow_mut(|writes| writes.waiting.take()) {
            let written = match next {
                Write::Save(record) => store.save(&record).await,
                Write::Forget => store.database.delete(RECORDS, &store.name).await,
            };
            if written.is_err() {
                // A full or forbidden store costs the next reload, nothing now.
                web_sys::console::warn_1(
                    &"The session could not be stored; a reload will ask for the password.".into(),
                );
            }
        }
        WRITES.with_borrow_mut(|writes| {
            writes.store = Some(store);
            writes.writing = false;
        });
    });
}

impl Store {
    async fn open(tab: &TabHalf) -> Result<Self, JsValue> {
        let database = Database::open(DATABASE, &[KEYS, RECORDS]).await?;
        let key = cipher_key(&device_half(&database).await?, &tab.0).await?;
        let name = Uint8Array::from(Sha256::digest(tab.0).as_slice()).into();
        let store = Self { database, key, name };
        store.delete_old().await?;
        Ok(store)
    }

    async fn read(&self) -> Result<Option<Record>, JsValue> {
        let Some(entry) = self.database.get(RECORDS, &self.name).await? else { return Ok(None) };
        let field = |name: &str| Reflect::get(&entry, &name.into());
        let sealed = Uint8Array::new(&field("sealed")?);
        let plain = JsFuture::from(subtle()?.decrypt_with_object_and_js_u8_array(
            &aes_gcm(&field("nonce")?)?,
            &self.key,
            &sealed,
        )?)
        .await?;
        let mut plain = Uint8Array::new(&plain).to_vec();
        let record = Record::from_bytes(&plain);
        plain.zeroize();
        Ok(record)
    }

    async fn save(&self, record: &Record) -> Result<(), JsValue> {
        let nonce: JsValue = Uint8Array::from(random::<NONCE>()?.as_slice()).into();
        let plain = Uint8Array::from(record.to_bytes().as_slice());
        let sealed =
            JsFuture::from(subtle()?.encrypt_with_object_and_js_u8_array(&aes_gcm(&nonce)?, &self.key, &plain)?)
                .await?;
        let entry = object(&[
            ("nonce", nonce),
            ("sealed", Uint8Array::new(&sealed).into()),
            ("saved", js_sys::Date::now().into()),
        ])?;
        self.database.put(RECORDS, &self.name, &entry).await
    }

    /// Records of tabs that were closed without signing out.
    async fn delete_old(&self) -> Result<(), JsValue> {
        #[allow(clippy::cast_precision_loss)] // Milliseconds are far below 2⁵³.
        let now = now().0 as f64;
        for (name, entry) in self.database.entries(RECORDS).await? {
            let saved = Reflect::get(&entry, &"saved".into())?.as_f64().unwrap_or_default();
            if now - saved > KEPT {
                self.database.delete(RECORDS, &name).await?;
            }
        }
        Ok(())
    }
}

fn subtle() -> Result<SubtleCrypto, JsValue> {
    Ok(scope().crypto()?.subtle())
}

/// This browser's half: made once, kept as a key that can be used but not read.
async fn device_half(database: &Database) -> Result<CryptoKey, JsValue> {
    let mut bytes: [u8; 32] = random()?;
    let usages = Array::of1(&"deriveKey".into());
    let imported = subtle()?.import_key_with_str("raw", &Uint8Array::from(bytes.as_slice()), "HKDF", false, &usages);
    bytes.zeroize();
    let fresh = JsFuture::from(imported?).await?;
    database.get_or_put(KEYS, &DEVICE.into(), fresh).await?.dyn_into()
}

async fn cipher_key(device: &CryptoKey, tab: &[u8; 32]) -> Result<CryptoKey, JsValue> {
    let derivation = object(&[
        ("name", "HKDF".into()),
        ("hash", "SHA-256".into()),
        ("salt", Uint8Array::from(tab.as_slice()).into()),
        ("info", Uint8Array::from(b"signet session record".as_slice()).into()),
    ])?;
    let cipher = object(&[("name", "AES-GCM".into()), ("length", 256.into())])?;
    let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
    JsFuture::from(subtle()?.derive_key_with_object_and_object(&derivation, device, &cipher, false, &usages)?)
        .await?
        .dyn_into()
}

fn aes_gcm(nonce: &JsValue) -> Result<Object, JsValue> {
    object(&[("name", "AES-GCM".into()), ("iv", nonce.clone())])
}

fn object(fields: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object)
}
