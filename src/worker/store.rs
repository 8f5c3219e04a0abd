//! The session record, over a reload: in IndexedDB, encrypted with AES-GCM.
//!
//! The cipher's key is derived (HKDF, RFC 5869) from two halves: a key that this browser made once, which no script can read out, and 32 bytes
//! that the tab's sessionStorage holds. So the record opens in this browser, in this tab, and for as long as the tab lives; a copied database
//! is no token, nor is what the page's storage holds. Where the browser refuses storage the session lives as long as the page.
//!
//! What the browser remembers for all its tabs (devices that a user pool knows, a guest's identity, attempts at the hosted UI) is encrypted under
//! the browser's half alone.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{CryptoKey, SubtleCrypto};
use zeroize::{Zeroize, Zeroizing};

use super::database::Database;
use super::{now, random, scope};
use crate::protocol::TabHalf;
use crate::secret::Secret;
use crate::session::Record;

const DATABASE: &str = "signet";
const KEYS: &str = "keys";
const RECORDS: &str = "records";
const MEMORY: &str = "memory";
/// Of the history: what the list shows of each conversation, the conversations, and what came after they were saved.
pub const SUMMARIES: &str = "summaries";
pub const CONVERSATIONS: &str = "conversations";
pub const TAILS: &str = "tails";
/// The key of this browser's half in [`KEYS`].
const DEVICE: &str = "device";
/// Of AES-GCM, in bytes (NIST SP 800-38D §8.2).
const NONCE: usize = 12;
/// A record whose tab is gone is deleted after this, in milliseconds: Cognito's refresh tokens live 30 days unless told otherwise.
const KEPT: f64 = 30.0 * 86_400_000.0;

struct Store {
    database: Database,
    /// This browser's half of every key.
    device: CryptoKey,
    /// For the record: it needs the tab.
    tab_key: CryptoKey,
    /// For what the browser remembers.
    browser_key: CryptoKey,
    /// The record's name: a hash of the tab's half.
    name: JsValue,
}

enum Write {
    Save(Record),
    Delete,
}

#[derive(Default)]
struct Writes {
    store: Option<Rc<Store>>,
    /// What is to be done with the record: the last word, whatever was said before it.
    record: Option<Write>,
    /// What is to be remembered or forgotten, in order.
    memory: Vec<(String, Option<Secret>)>,
    writing: bool,
    /// Who waits for all of it to be written.
    waiting: Vec<Function>,
    /// Whether the store was asked for: until then nothing can be written.
    opened: bool,
    /// Whether the last write failed.
    failed: bool,
}

thread_local! {
    static WRITES: RefCell<Writes> = RefCell::default();
}

/// Opens the store for a tab; the record if there is one that can be read, and what this browser remembers.
pub async fn open(tab: Option<TabHalf>) -> (Option<Record>, Vec<(String, Secret)>) {
    let store = match tab {
        Some(tab) => Store::open(&tab).await.ok(),
        None => None,
    };
    let (record, memory) = match &store {
        Some(store) => (store.read().await.ok().flatten(), store.memory().await.unwrap_or_default()),
        None => (None, vec![]),
    };
    WRITES.with_borrow_mut(|writes| {
        writes.store = store.map(Rc::new);
        writes.opened = true;
    });
    write();
    (record, memory)
}

/// Writes the record, or deletes it.
pub fn save(record: Option<Record>) {
    WRITES.with_borrow_mut(|writes| writes.record = Some(record.map_or(Write::Delete, Write::Save)));
    write();
}

/// Keeps a value in this browser under a name, or nothing any more.
pub fn remember(name: String, value: Option<Secret>) {
    WRITES.with_borrow_mut(|writes| writes.memory.push((name, value)));
    write();
}

/// Waits until all is written; whether it was.
pub async fn written() -> bool {
    let promise = Promise::new(&mut |resolve, _| {
        WRITES.with_borrow_mut(|writes| writes.waiting.push(resolve));
    });
    write();
    // It is never rejected.
    let _ = JsFuture::from(promise).await;
    WRITES.with_borrow(|writes| writes.store.is_some() && !writes.failed)
}

/// The database, and this browser's half of every key, if the browser lets the page store anything.
pub fn shelf() -> Option<(Database, CryptoKey)> {
    WRITES.with_borrow(|writes| writes.store.as_ref().map(|store| (store.database.clone(), store.device.clone())))
}

/// Writes one thing after the other, so that the last one said is the one that stays.
fn write() {
    let Some(store) = WRITES.with_borrow_mut(|writes| {
        if !writes.opened || writes.writing {
            return None;
        }
        writes.writing = true;
        Some(writes.store.clone())
    }) else {
        return;
    };
    spawn_local(async move {
        loop {
            let (record, memory) =
                WRITES.with_borrow_mut(|writes| (writes.record.take(), std::mem::take(&mut writes.memory)));
            if record.is_none() && memory.is_empty() {
                break;
            }
            // Where the browser refuses storage the session lives as long as the page.
            let Some(store) = &store else { continue };
            let written = async {
                match record {
                    Some(Write::Save(record)) => store.save(&record).await?,
                    Some(Write::Delete) => store.database.delete(RECORDS, &store.name).await?,
                    None => {}
                }
                for (name, value) in memory {
                    store.remember(&name, value.as_ref()).await?;
                }
                Ok::<_, JsValue>(())
            };
            let failed = written.await.is_err();
            if failed {
                // A full or forbidden store costs the next reload, nothing now.
                web_sys::console::warn_1(
                    &"The session could not be stored; a reload will ask for the password.".into(),
                );
            }
            WRITES.with_borrow_mut(|writes| writes.failed = failed);
        }
        let waiting = WRITES.with_borrow_mut(|writes| {
            writes.writing = false;
            std::mem::take(&mut writes.waiting)
        });
        for resolve in waiting {
            // A promise's own function cannot fail.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
}

impl Store {
    async fn open(tab: &TabHalf) -> Result<Self, JsValue> {
        let database = Database::open(DATABASE, &[KEYS, RECORDS, MEMORY, SUMMARIES, CONVERSATIONS, TAILS]).await?;
        let device = device_half(&database).await?;
        let tab_key = cipher_key(&device, &tab.0).await?;
        let browser_key = cipher_key(&device, b"memory").await?;
        let store = Self { database, device, tab_key, browser_key, name: name(&tab.0) };
        store.delete_old().await?;
        Ok(store)
    }

    async fn read(&self) -> Result<Option<Record>, JsValue> {
        let Some(entry) = self.database.get(RECORDS, &self.name).await? else { return Ok(None) };
        let mut plain = unseal(&self.tab_key, &entry).await?;
        let record = Record::from_bytes(&plain);
        plain.zeroize();
        Ok(record)
    }

    async fn save(&self, record: &Record) -> Result<(), JsValue> {
        let entry = seal(&self.tab_key, &record.to_bytes()).await?;
        self.database.put(RECORDS, &self.name, &entry).await
    }

    /// Name and value, with a zero byte between. What cannot be read is left out: another key made it.
    async fn memory(&self) -> Result<Vec<(String, Secret)>, JsValue> {
        let mut memory = vec![];
        for (_, entry) in self.database.entries(MEMORY).await? {
            let Ok(plain) = unseal(&self.browser_key, &entry).await else { continue };
            let plain = Secret::from_utf8(plain);
            if let Some((name, value)) = plain.expose().split_once('\0') {
                memory.push((name.to_owned(), Secret::new(value.to_owned())));
            }
        }
        Ok(memory)
    }

    async fn remember(&self, key: &str, value: Option<&Secret>) -> Result<(), JsValue> {
        let Some(value) = value else { return self.database.delete(MEMORY, &name(key.as_bytes())).await };
        let plain = Zeroizing::new([key, "\0", value.expose()].concat());
        let entry = seal(&self.browser_key, plain.as_bytes()).await?;
        self.database.put(MEMORY, &name(key.as_bytes()), &entry).await
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

/// What an entry is called, so that the database itself names nobody.
pub fn name(of: &[u8]) -> JsValue {
    Uint8Array::from(Sha256::digest(of).as_slice()).into()
}

pub async fn seal(key: &CryptoKey, plain: &[u8]) -> Result<JsValue, JsValue> {
    let nonce: JsValue = Uint8Array::from(random::<NONCE>()?.as_slice()).into();
    let plain = Uint8Array::from(plain);
    let sealed = subtle()?.encrypt_with_object_and_js_u8_array(&aes_gcm(&nonce)?, key, &plain)?;
    let sealed = JsFuture::from(sealed).await?;
    let entry = object(&[
        ("nonce", nonce),
        ("sealed", Uint8Array::new(&sealed).into()),
        ("saved", js_sys::Date::now().into()),
    ])?;
    Ok(entry.into())
}

pub async fn unseal(key: &CryptoKey, entry: &JsValue) -> Result<Vec<u8>, JsValue> {
    let field = |name: &str| Reflect::get(entry, &name.into());
    let sealed = Uint8Array::new(&field("sealed")?);
    let plain = subtle()?.decrypt_with_object_and_js_u8_array(&aes_gcm(&field("nonce")?)?, key, &sealed)?;
    Ok(Uint8Array::new(&JsFuture::from(plain).await?).to_vec())
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

pub async fn cipher_key(device: &CryptoKey, salt: &[u8]) -> Result<CryptoKey, JsValue> {
    let derivation = object(&[
        ("name", "HKDF".into()),
        ("hash", "SHA-256".into()),
        ("salt", Uint8Array::from(salt).into()),
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
