//! IndexedDB (<https://www.w3.org/TR/IndexedDB/>) as far as the session record and the history need it: values by key, in named stores.
//!
//! Ours, since the crates for it bring 10 kB of Wasm for ninety lines.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransactionMode};

use super::scope;

/// Of the set of stores.
const VERSION: u32 = 3;

/// An open database.
#[derive(Clone)]
pub struct Database(IdbDatabase);

/// One of several changes that are made together or not at all.
#[derive(Clone)]
pub struct Change {
    /// In which store.
    pub store: &'static str,
    /// Under which key; to delete, also an `IDBKeyRange`.
    pub key: JsValue,
    /// What is put there; `undefined` deletes what is there.
    pub value: JsValue,
}

impl Database {
    /// Opens it, with these stores; they are made the first time. Fails while a tab with an older version of the app holds it open and does not
    /// let go: nobody waits for that.
    pub async fn open(name: &str, stores: &'static [&'static str]) -> Result<Self, JsValue> {
        let factory = scope().indexed_db()?.ok_or("the browser has no IndexedDB")?;
        let request = factory.open_with_u32(name, VERSION)?;
        let opening = request.clone();
        // It may run after this function has ended, when the older tab is closed at last.
        let on_upgrade = Closure::once_into_js(move || {
            if let Some(database) = opening.result().ok().and_then(|result| result.dyn_into::<IdbDatabase>().ok()) {
                for store in stores {
                    // Fails only if it is there already.
                    let _ = database.create_object_store(store);
                }
                let _ = give_way(&database);
            }
        });
        request.set_onupgradeneeded(Some(on_upgrade.unchecked_ref()));
        let promise = Promise::new(&mut |resolve, reject| {
            request.set_onsuccess(Some(&resolve));
            request.set_onerror(Some(&reject));
            request.set_onblocked(Some(&reject));
        });
        JsFuture::from(promise).await?;
        let database = request.result()?.dyn_into()?;
        give_way(&database)?;
        Ok(Self(database))
    }

    /// Makes all of these changes, or none. They are on their way, and need this page no longer, when this returns; the promise tells the outcome. It is
    /// rejected with an event, whose target says why: a function of ours that said it would hold the transaction, which holds the function, for good.
    pub fn change(&self, changes: &[Change]) -> Result<Promise, JsValue> {
        let names: Array = changes.iter().map(|change| JsValue::from(change.store)).collect();
        let transaction = self.0.transaction_with_str_sequence_and_mode(&names, IdbTransactionMode::Readwrite)?;
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
        // Named deprecated by mistake: it is in every engine since 2021.
        #[allow(deprecated)]
        transaction.commit()?;
        Ok(outcome)
    }

    /// The values under a key, or under all keys of a range, in the order of the keys; all there are for `undefined`.
    pub async fn values(&self, store: &str, range: &JsValue) -> Result<Array, JsValue> {
        done(self.store(store, IdbTransactionMode::Readonly)?.get_all_with_key(range)?).await?.dyn_into()
    }

    /// Puts a value under a key if there is none; the value that is there afterwards. One transaction, so that two tabs agree.
    pub async fn get_or_put(&self, store: &str, key: &JsValue, value: JsValue) -> Result<JsValue, JsValue> {
        let store = self.store(store, IdbTransactionMode::Readwrite)?;
        let there = done(store.get(key)?).await?;
        if !there.is_undefined() {
            return Ok(there);
        }
        done(store.put_with_key(&value, key)?).await?;
        Ok(value)
    }

    /// All keys, and all values in the same order.
    pub async fn entries(&self, store: &str) -> Result<[Array; 2], JsValue> {
        let store = self.store(store, IdbTransactionMode::Readonly)?;
        let keys = done(store.get_all_keys()?).await?;
        Ok([keys.dyn_into()?, done(store.get_all()?).await?.dyn_into()?])
    }

    fn store(&self, name: &str, mode: IdbTransactionMode) -> Result<IdbObjectStore, JsValue> {
        self.0.transaction_with_str_and_mode(name, mode)?.object_store(name)
    }
}

/// All keys that are arrays which begin so.
pub fn range(begin: &Array) -> Result<JsValue, JsValue> {
    // An array is greater than any number, text or bytes (IndexedDB §2.4).
    let end = begin.concat(&Array::of1(&Array::new()));
    Ok(IdbKeyRange::bound(begin, &end)?.into())
}

/// Closes the database when a newer version of the app wants it, which waits for that.
fn give_way(database: &IdbDatabase) -> Result<(), JsValue> {
    let close: Function = Reflect::get(database, &"close".into())?.dyn_into()?;
    database.set_onversionchange(Some(&close.bind0(database)));
    Ok(())
}

/// A request's result, once there is one.
async fn done(request: IdbRequest) -> Result<JsValue, JsValue> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(promise).await?;
    request.result()
}
