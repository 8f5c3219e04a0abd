//! IndexedDB (<https://www.w3.org/TR/IndexedDB/>) as far as the session record and the history need it: values by key, in named stores.
//!
//! This calls the browser directly, because the crates for it do not fit. idb 0.6.5 frees its handlers when a request fails. The transaction's `abort`
//! event then calls a freed handler, which throws and ends the app. Neither idb nor `indexed_db_futures` 0.6.4 says why a transaction was aborted,
//! and we must tell a full disk from a refusal.

use std::cell::Cell;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Event, IdbDatabase, IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransaction, IdbTransactionMode,
    IdbVersionChangeEvent,
};

use super::scope;

/// The version of the set of stores.
const VERSION: u32 = 3;

/// Why a database operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// The browser has closed the connection, as browsers do to idle pages and when they evict data. Nothing was changed; opening the database again
    /// may help.
    #[error("the browser has closed the database")]
    Lost,
    /// A newer version of the app is open in another tab and has taken over the database. Opening it again does not help.
    #[error("a newer version of the app has taken over the database")]
    Superseded,
    /// The disk or the browser's quota is full.
    #[error("the storage is full")]
    Full,
    /// Anything else: the browser forbids storage, or an older tab does not let go of the database.
    #[error("the browser refuses storage")]
    Refused,
}

impl From<JsValue> for DatabaseError {
    /// Reads an exception, or the event that a failed request or transaction fires. The names are those of DOM exceptions (Web IDL §2.8.1).
    fn from(failure: JsValue) -> Self {
        let error = match failure.dyn_ref::<Event>() {
            None => failure,
            Some(event) => {
                let error = event.target().and_then(|target| Reflect::get(&target, &"error".into()).ok());
                match error {
                    Some(error) if error.is_object() => error,
                    // We abort no transaction ourselves. Chromium gives no reason when it closes the connection during one.
                    _ if event.type_() == "abort" => return Self::Lost,
                    _ => return Self::Refused,
                }
            }
        };
        let name = Reflect::get(&error, &"name".into()).ok().and_then(|name| name.as_string());
        match name.as_deref() {
            Some("QuotaExceededError") => Self::Full,
            Some("VersionError") => Self::Superseded,
            // In order: the connection is already closed; it was closed during a transaction; WebKit's storage process has ended.
            Some("InvalidStateError" | "AbortError" | "UnknownError") => Self::Lost,
            _ => Self::Refused,
        }
    }
}

/// A connection to the database. Dropping it closes it, after the transactions under way.
pub struct Database {
    connection: IdbDatabase,
    /// Whether a newer version of the app has asked for the database.
    is_superseded: Rc<Cell<bool>>,
    /// Closes the connection when another tab wants to upgrade or delete the database and waits for that.
    _gives_way: EventListener,
}

impl Drop for Database {
    fn drop(&mut self) {
        self.connection.close();
    }
}

/// One change of a set that is made as a whole or not at all.
#[derive(Clone)]
pub struct Change {
    /// The store.
    pub store: &'static str,
    /// The key. A deletion also accepts an `IDBKeyRange`.
    pub key: JsValue,
    /// The new value; `undefined` deletes.
    pub value: JsValue,
}

impl Database {
    /// Opens the database and creates missing stores. Does not wait for a tab with an older version of the app that keeps the
    /// database open, but returns [`DatabaseError::Refused`].
    pub async fn open(name: &str, stores: &'static [&'static str]) -> Result<Self, DatabaseError> {
        let factory = scope().indexed_db()?.ok_or(DatabaseError::Refused)?;
        let request = factory.open_with_u32(name, VERSION)?;
        let has_given_up = Rc::new(Cell::new(false));
        let on_upgrade = {
            let (request, has_given_up) = (request.clone(), has_given_up.clone());
            // The older tab may be closed when nothing here waits for it any more.
            Closure::once_into_js(move || {
                let database = request.result().ok().and_then(|result| result.dyn_into::<IdbDatabase>().ok());
                match (database, request.transaction()) {
                    // Otherwise the connection would stay open, with nothing to close it for the next version. Fails only if it is already aborted.
                    (_, Some(transaction)) if has_given_up.get() => drop(transaction.abort()),
                    (Some(database), _) => {
                        for store in stores {
                            // Fails only if the store exists.
                            let _ = database.create_object_store(store);
                        }
                    }
                    (None, _) => {}
                }
            })
        };
        request.set_onupgradeneeded(Some(on_upgrade.unchecked_ref()));
        let opened = Promise::new(&mut |resolve, reject| {
            request.set_onsuccess(Some(&resolve));
            request.set_onerror(Some(&reject));
            request.set_onblocked(Some(&reject));
        });
        if let Err(event) = JsFuture::from(opened).await {
            has_given_up.set(true);
            return Err(event.into());
        }
        let connection: IdbDatabase = request.result()?.dyn_into()?;
        let is_superseded = Rc::new(Cell::new(false));
        let gives_way = EventListener::new(&connection, "versionchange", {
            let (connection, is_superseded) = (connection.clone(), is_superseded.clone());
            move |event| {
                // A deletion has no new version.
                let new_version = event.dyn_ref::<IdbVersionChangeEvent>().and_then(IdbVersionChangeEvent::new_version);
                is_superseded.set(new_version.is_some());
                connection.close();
            }
        });
        Ok(Self { connection, is_superseded, _gives_way: gives_way })
    }

    /// Makes all of these changes, or none. They are committed when this returns: the browser carries them out even if the page is closed. The
    /// future has the outcome; it need not be awaited.
    pub fn change(
        &self,
        changes: &[Change],
    ) -> Result<impl Future<Output = Result<(), DatabaseError>> + use<>, DatabaseError> {
        let stores: Array = changes.iter().map(|change| JsValue::from(change.store)).collect();
        let transaction = self.transaction(&stores, IdbTransactionMode::Readwrite)?;
        // No closure of ours, because it would hold the transaction, which would hold the closure, for ever.
        let outcome = Promise::new(&mut |resolve, reject| {
            transaction.set_oncomplete(Some(&resolve));
            transaction.set_onabort(Some(&reject));
        });
        for Change { store, key, value } in changes {
            let store = transaction.object_store(store)?;
            if value.is_undefined() {
                store.delete(key)?
            } else {
                store.put_with_key(value, key)?
            };
        }
        // web-sys marks it as deprecated, but it is part of IndexedDB 3.0, and every engine has had it since 2021.
        #[allow(deprecated)]
        transaction.commit()?;
        let outcome = JsFuture::from(outcome);
        Ok(async move { outcome.await.map(drop).map_err(DatabaseError::from) })
    }

    /// The values under a key, or under all keys of a range, in the order of the keys. `undefined` stands for all keys.
    pub async fn values(&self, store: &str, range: &JsValue) -> Result<Array, DatabaseError> {
        Ok(finished(self.store(store, IdbTransactionMode::Readonly)?.get_all_with_key(range)?).await?.dyn_into()?)
    }

    /// Stores a value under a key unless there already is one. Returns the value that is there afterwards. One transaction, so that two tabs agree.
    pub async fn get_or_put(&self, store: &str, key: &JsValue, value: JsValue) -> Result<JsValue, DatabaseError> {
        let store = self.store(store, IdbTransactionMode::Readwrite)?;
        let existing = finished(store.get(key)?).await?;
        if !existing.is_undefined() {
            return Ok(existing);
        }
        finished(store.put_with_key(&value, key)?).await?;
        Ok(value)
    }

    /// All keys, and all values in the same order.
    pub async fn entries(&self, store: &str) -> Result<[Array; 2], DatabaseError> {
        let store = self.store(store, IdbTransactionMode::Readonly)?;
        let keys = finished(store.get_all_keys()?).await?;
        Ok([keys.dyn_into()?, finished(store.get_all()?).await?.dyn_into()?])
    }

    fn store(&self, name: &str, mode: IdbTransactionMode) -> Result<IdbObjectStore, DatabaseError> {
        Ok(self.transaction(&Array::of1(&name.into()), mode)?.object_store(name)?)
    }

    fn transaction(&self, stores: &Array, mode: IdbTransactionMode) -> Result<IdbTransaction, DatabaseError> {
        if self.is_superseded.get() {
            return Err(DatabaseError::Superseded);
        }
        Ok(self.connection.transaction_with_str_sequence_and_mode(stores, mode)?)
    }
}

/// All keys that are arrays and begin with `begin`.
pub fn range(begin: &Array) -> Result<JsValue, DatabaseError> {
    // An array is greater than any number, text or bytes (IndexedDB §2.4).
    let end = begin.concat(&Array::of1(&Array::new()));
    Ok(IdbKeyRange::bound(begin, &end)?.into())
}

/// Waits for a request's result.
async fn finished(request: IdbRequest) -> Result<JsValue, DatabaseError> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(promise).await?;
    Ok(request.result()?)
}
