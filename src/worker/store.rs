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

use super::database::{Change, Database};
use super::{random, scope};
use crate::core::session::Record;
use crate::protocol::TabHalf;
use signet_cognito::Secret;

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
        Some(store) => store.read().await.unwrap_or_default(),
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
            let failed = store.write(record, memory).await.is_err();
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

    /// The record, and what is remembered: name and value, with a zero byte between.
    async fn read(&self) -> Result<(Option<Record>, Vec<(String, Secret)>), JsValue> {
        let (records, _) = opened(&self.database, &self.tab_key, RECORDS, &self.name).await?;
        let record = records.into_iter().next().and_then(|plain| Record::from_bytes(&Zeroizing::new(plain)));
        let mut memory = vec![];
        for plain in opened(&self.database, &self.browser_key, MEMORY, &JsValue::UNDEFINED).await?.0 {
            let plain = Secret::from_utf8(plain);
            if let Some((name, value)) = plain.expose().split_once('\0') {
                memory.push((name.to_owned(), Secret::new(value.to_owned())));
            }
        }
        Ok((record, memory))
    }

    async fn write(&self, record: Option<Write>, memory: Vec<(String, Option<Secret>)>) -> Result<(), JsValue> {
        let mut changes = vec![];
        if let Some(record) = record {
            let value = match record {
                Write::Save(record) => bytes(&record.to_bytes()),
                Write::Delete => JsValue::UNDEFINED,
            };
            changes.push(Change { store: RECORDS, key: self.name.clone(), value });
        }
        seal_all(&self.tab_key, &mut changes).await?;
        let mut remembered = vec![];
        for (key, value) in memory {
            let plain = value.map(|value| Zeroizing::new([&key, "\0", value.expose()].concat()));
            let value = plain.map_or(JsValue::UNDEFINED, |plain| bytes(plain.as_bytes()));
            remembered.push(Change { store: MEMORY, key: name(key.as_bytes()), value });
        }
        seal_all(&self.browser_key, &mut remembered).await?;
        changes.append(&mut remembered);
        JsFuture::from(self.database.change(&changes)?).await.map(drop)
    }

    /// Records of tabs that were closed without signing out.
    async fn delete_old(&self) -> Result<(), JsValue> {
        let [names, entries] = self.database.entries(RECORDS).await?;
        let mut old = vec![];
        for (key, entry) in names.iter().zip(entries.iter()) {
            let saved = Reflect::get(&entry, &"saved".into())?.as_f64().unwrap_or_default();
            if js_sys::Date::now() - saved > KEPT {
                old.push(Change { store: RECORDS, key, value: JsValue::UNDEFINED });
            }
        }
        if !old.is_empty() {
            // What is still there is tried again the next time.
            let _ = self.database.change(&old)?;
        }
        Ok(())
    }
}

/// What was sealed under a key, or under all keys of a range, in their order; and whether a flag that is true is among it. What cannot be opened was
/// sealed by another key, and is left out.
pub async fn opened(
    database: &Database,
    key: &CryptoKey,
    store: &str,
    range: &JsValue,
) -> Result<(Vec<Vec<u8>>, bool), JsValue> {
    let (mut opened, mut flag) = (vec![], false);
    for entry in database.values(store, range).await?.iter() {
        if entry.is_object() {
            opened.extend(unseal(key, &entry).await.ok());
        } else {
            flag = entry.is_truthy();
        }
    }
    Ok((opened, flag))
}

/// Seals what these changes put, if it is bytes: a flag goes as it is.
pub async fn seal_all(key: &CryptoKey, changes: &mut [Change]) -> Result<(), JsValue> {
    for change in changes {
        if change.value.is_object() {
            change.value = seal(key, &change.value).await?;
        }
    }
    Ok(())
}

/// As the browser takes them.
pub fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// What an entry is called, so that the database itself names nobody.
pub fn name(of: &[u8]) -> JsValue {
    bytes(&Sha256::digest(of))
}

async fn seal(key: &CryptoKey, plain: &JsValue) -> Result<JsValue, JsValue> {
    let nonce = bytes(&random::<NONCE>()?);
    let sealed = subtle()?.encrypt_with_object_and_buffer_source(&aes_gcm(&nonce)?, key, plain.unchecked_ref())?;
    let sealed = JsFuture::from(sealed).await?;
    let entry = object(&[
        ("nonce", nonce),
        ("sealed", Uint8Array::new(&sealed).into()),
        ("saved", js_sys::Date::now().into()),
    ])?;
    Ok(entry.into())
}

async fn unseal(key: &CryptoKey, entry: &JsValue) -> Result<Vec<u8>, JsValue> {
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
