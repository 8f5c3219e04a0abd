//! Keeps the session record over a reload: in IndexedDB, encrypted with AES-GCM.
//!
//! The cipher's key is derived (HKDF, RFC 5869) from two halves: a key that this browser made once, which no script can read, and 32 bytes
//! in the tab's sessionStorage. So the record opens in this browser, in this tab, and for as long as the tab lives. A copied database alone
//! is useless, and so is the content of the page's storage. If the browser refuses storage, the session lives as long as the page.
//!
//! Data that the browser remembers for all its tabs (devices that a user pool knows, a guest's identity, attempts at the hosted UI) is encrypted
//! with the browser's half alone.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use sha2::{Digest, Sha256};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{CryptoKey, SubtleCrypto};
use zeroize::{Zeroize, Zeroizing};

use super::database::{Change, Database, DatabaseError};
use super::{random, scope};
use crate::core::session::Record;
use crate::protocol::TabHalf;
use signet_cognito::Secret;

const DATABASE: &str = "signet";
const KEYS: &str = "keys";
const RECORDS: &str = "records";
const MEMORY: &str = "memory";
/// The history's stores: the list's entries, the conversations, and the text that arrived after they were saved.
pub const SUMMARIES: &str = "summaries";
pub const CONVERSATIONS: &str = "conversations";
pub const TAILS: &str = "tails";
/// The key of this browser's half in [`KEYS`].
const DEVICE: &str = "device";
/// The length of AES-GCM's nonce, in bytes (NIST SP 800-38D §8.2).
const NONCE: usize = 12;
/// How long a closed tab's record is kept, in milliseconds: Cognito's refresh tokens live 30 days by default.
const KEPT: f64 = 30.0 * 86_400_000.0;

/// The browser's storage, as one tab uses it. Clones share the store.
#[derive(Clone, Default)]
pub struct Store(Rc<Inner>);

#[derive(Default)]
struct Inner {
    /// The open database, or why there is none; `None` before [`Store::open`].
    opened: RefCell<Option<Result<Rc<Opened>, DatabaseError>>>,
    writes: RefCell<Writes>,
}

/// The database and the keys to its content.
pub struct Opened {
    /// The connection.
    pub database: Database,
    /// The tab's half of the record's key.
    tab: TabHalf,
    /// This browser's half of every key.
    device: CryptoKey,
    /// The record's key, which needs the tab's half too.
    tab_key: CryptoKey,
    /// The key to the data that the browser remembers for all tabs.
    browser_key: CryptoKey,
    /// The last owner and the key to that history, so that storing new text need not derive it each time.
    owner_key: RefCell<Option<(String, CryptoKey)>>,
    /// The record's name: a hash of the tab's half.
    name: JsValue,
}

enum Write {
    Save(Record),
    Delete,
}

#[derive(Default)]
struct Writes {
    /// The newest write of the record, which replaces any earlier one.
    record: Option<Write>,
    /// Values to remember or forget, in order.
    memory: Vec<(String, Option<Secret>)>,
    is_writing: bool,
    /// Resolved when everything is written.
    waiting: Vec<Function>,
    /// Whether [`Store::open`] has finished. Nothing is written before that.
    is_open: bool,
    /// Whether the last write failed.
    has_failed: bool,
}

impl Store {
    /// Opens the store for a tab. Returns the tab's record, if there is a readable one, and the values that this browser remembers. Without a tab half,
    /// nothing is stored.
    pub async fn open(&self, tab: Option<TabHalf>) -> (Option<Record>, Vec<(String, Secret)>) {
        let opened = match tab {
            Some(tab) => Opened::new(tab).await.map(Rc::new),
            None => Err(DatabaseError::Refused),
        };
        self.0.opened.replace(Some(opened));
        let stored = self.run(async |opened| opened.read().await).await.unwrap_or_default();
        self.0.writes.borrow_mut().is_open = true;
        self.write();
        stored
    }

    /// Writes the record, or deletes it.
    pub fn save(&self, record: Option<Record>) {
        self.0.writes.borrow_mut().record = Some(record.map_or(Write::Delete, Write::Save));
        self.write();
    }

    /// Keeps a value in this browser under a name, or deletes it.
    pub fn remember(&self, name: String, value: Option<Secret>) {
        self.0.writes.borrow_mut().memory.push((name, value));
        self.write();
    }

    /// Waits until all writes have ended. Returns whether they succeeded.
    pub async fn written(&self) -> bool {
        let written = Promise::new(&mut |resolve, _| self.0.writes.borrow_mut().waiting.push(resolve));
        self.write();
        // This promise is never rejected.
        let _ = JsFuture::from(written).await;
        self.opened().is_ok() && !self.0.writes.borrow().has_failed
    }

    /// The open database, or why there is none.
    pub fn opened(&self) -> Result<Rc<Opened>, DatabaseError> {
        self.0.opened.borrow().clone().unwrap_or(Err(DatabaseError::Refused))
    }

    /// Runs an operation on the database. If the browser has closed the connection, opens the database again and runs the operation once more.
    pub async fn run<T>(
        &self,
        operation: impl AsyncFn(&Opened) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let opened = self.opened()?;
        match operation(&opened).await {
            Err(DatabaseError::Lost) => operation(&*self.reopened(&opened).await?).await,
            outcome => outcome,
        }
    }

    /// Opens the database again in place of a lost connection. The keys are read again too: the browser may have deleted them with everything else,
    /// and another tab may have made new ones.
    async fn reopened(&self, lost: &Rc<Opened>) -> Result<Rc<Opened>, DatabaseError> {
        let is_current = || self.opened().is_ok_and(|opened| Rc::ptr_eq(&opened, lost));
        if !is_current() {
            return self.opened();
        }
        let opened = Opened::new(lost.tab.clone()).await.map(Rc::new);
        // Another operation that found the connection lost may have been faster. One connection is enough.
        if !is_current() {
            return self.opened();
        }
        // After any other failure the next operation tries again.
        if matches!(opened, Ok(_) | Err(DatabaseError::Superseded)) {
            self.0.opened.replace(Some(opened.clone()));
        }
        opened
    }

    /// Writes one change after the other, so that the newest one wins.
    fn write(&self) {
        {
            let mut writes = self.0.writes.borrow_mut();
            if !writes.is_open || writes.is_writing {
                return;
            }
            writes.is_writing = true;
        }
        let store = self.clone();
        spawn_local(async move {
            let writes = &store.0.writes;
            loop {
                let (record, memory) = {
                    let mut writes = writes.borrow_mut();
                    (writes.record.take(), std::mem::take(&mut writes.memory))
                };
                if record.is_none() && memory.is_empty() {
                    break;
                }
                // If the browser refuses storage, the session lives as long as the page.
                if store.opened().is_err() {
                    continue;
                }
                let written = store.run(async |opened| opened.write(record.as_ref(), &memory).await).await;
                if written.is_err() {
                    // This affects only the next reload.
                    web_sys::console::warn_1(
                        &"The session could not be stored; a reload will ask for the password.".into(),
                    );
                }
                writes.borrow_mut().has_failed = written.is_err();
            }
            let waiting = {
                let mut writes = writes.borrow_mut();
                writes.is_writing = false;
                std::mem::take(&mut writes.waiting)
            };
            for resolve in waiting {
                // A promise's own function cannot fail.
                let _ = resolve.call0(&JsValue::UNDEFINED);
            }
        });
    }
}

impl Opened {
    async fn new(tab: TabHalf) -> Result<Self, DatabaseError> {
        let database = Database::open(DATABASE, &[KEYS, RECORDS, MEMORY, SUMMARIES, CONVERSATIONS, TAILS]).await?;
        let device = device_half(&database).await?;
        let tab_key = cipher_key(&device, &tab.0).await?;
        let browser_key = cipher_key(&device, b"memory").await?;
        let name = name(&tab.0);
        let opened = Self { database, tab, device, tab_key, browser_key, owner_key: RefCell::default(), name };
        opened.delete_old().await?;
        Ok(opened)
    }

    /// The key of an owner's history.
    pub async fn owner_key(&self, owner: &str) -> Result<CryptoKey, DatabaseError> {
        let known = self.owner_key.borrow().clone();
        if let Some((known_owner, key)) = known
            && known_owner == owner
        {
            return Ok(key);
        }
        let key = cipher_key(&self.device, ["history ", owner].concat().as_bytes()).await?;
        self.owner_key.replace(Some((owner.to_owned(), key.clone())));
        Ok(key)
    }

    /// Forgets the key that [`Self::owner_key`] keeps.
    pub fn forget_owner_key(&self) {
        self.owner_key.take();
    }

    /// The tab's record, and the values that the browser remembers. These are stored as name and value with a zero byte between.
    async fn read(&self) -> Result<(Option<Record>, Vec<(String, Secret)>), DatabaseError> {
        let (records, _) = unsealed(&self.database, &self.tab_key, RECORDS, &self.name).await?;
        let record = records.into_iter().next().and_then(|plain| Record::from_bytes(&Zeroizing::new(plain)));
        let mut memory = vec![];
        for plain in unsealed(&self.database, &self.browser_key, MEMORY, &JsValue::UNDEFINED).await?.0 {
            let plain = Secret::from_utf8(plain);
            if let Some((name, value)) = plain.expose().split_once('\0') {
                memory.push((name.to_owned(), Secret::new(value.to_owned())));
            }
        }
        Ok((record, memory))
    }

    async fn write(&self, record: Option<&Write>, memory: &[(String, Option<Secret>)]) -> Result<(), DatabaseError> {
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
            let plain = value.as_ref().map(|value| Zeroizing::new([key, "\0", value.expose()].concat()));
            let value = plain.map_or(JsValue::UNDEFINED, |plain| bytes(plain.as_bytes()));
            remembered.push(Change { store: MEMORY, key: name(key.as_bytes()), value });
        }
        seal_all(&self.browser_key, &mut remembered).await?;
        changes.append(&mut remembered);
        self.database.change(&changes)?.await
    }

    /// Deletes the records of tabs that were closed without signing out.
    async fn delete_old(&self) -> Result<(), DatabaseError> {
        let [names, entries] = self.database.entries(RECORDS).await?;
        let mut old = vec![];
        for (key, entry) in names.iter().zip(entries.iter()) {
            let saved = Reflect::get(&entry, &"saved".into())?.as_f64().unwrap_or_default();
            if js_sys::Date::now() - saved > KEPT {
                old.push(Change { store: RECORDS, key, value: JsValue::UNDEFINED });
            }
        }
        if !old.is_empty() {
            // If it fails, the next load tries again.
            drop(self.database.change(&old)?);
        }
        Ok(())
    }
}

/// Reads and decrypts the values under a key, or under all keys of a range, in the order of the keys. Also returns whether a set flag is among them. Values
/// that cannot be decrypted were encrypted with another key, and are left out.
pub async fn unsealed(
    database: &Database,
    key: &CryptoKey,
    store: &str,
    range: &JsValue,
) -> Result<(Vec<Vec<u8>>, bool), DatabaseError> {
    let (mut plain, mut flag) = (vec![], false);
    for entry in database.values(store, range).await?.iter() {
        if entry.is_object() {
            plain.extend(unseal(key, &entry).await.ok());
        } else {
            flag = entry.is_truthy();
        }
    }
    Ok((plain, flag))
}

/// Encrypts the bytes in these changes. A flag is stored as it is.
pub async fn seal_all(key: &CryptoKey, changes: &mut [Change]) -> Result<(), DatabaseError> {
    for change in changes {
        if change.value.is_object() {
            change.value = seal(key, &change.value).await?;
        }
    }
    Ok(())
}

/// The bytes as a value of the browser's.
pub fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}

/// The key of an entry: a hash, so that the database contains no names.
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

/// This browser's half: made once, and stored as a key that can be used but not read.
async fn device_half(database: &Database) -> Result<CryptoKey, DatabaseError> {
    let mut bytes: [u8; 32] = random()?;
    let usages = Array::of1(&"deriveKey".into());
    let imported = subtle()?.import_key_with_str("raw", &Uint8Array::from(bytes.as_slice()), "HKDF", false, &usages);
    bytes.zeroize();
    let fresh = JsFuture::from(imported?).await?;
    Ok(database.get_or_put(KEYS, &DEVICE.into(), fresh).await?.dyn_into()?)
}

async fn cipher_key(device: &CryptoKey, salt: &[u8]) -> Result<CryptoKey, JsValue> {
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
