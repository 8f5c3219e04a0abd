//! IndexedDB (<https://www.w3.org/TR/IndexedDB/>) as far as the session record needs it: values by key, in named stores.
//!
//! Ours, since the crates for it bring 10 kB of Wasm for ninety lines.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransactionMode};

use super::scope;

/// Of the set of stores.
const VERSION: u32 = 2;

/// An open database.
pub struct Database(IdbDatabase);

impl Database {
    /// Opens it, with these stores; they are made the first time.
    pub async fn open(name: &str, stores: &'static [&'static str]) -> Result<Self, JsValue> {
        let factory = scope().indexed_db()?.ok_or("the browser has no IndexedDB")?;
        let request = factory.open_with_u32(name, VERSION)?;
        let opening = request.clone();
        let on_upgrade = Closure::<dyn FnMut()>::new(move || {
            if let Some(database) = opening.result().ok().and_then(|result| result.dyn_into::<IdbDatabase>().ok()) {
                for store in stores {
                    // Fails only if it is there already.
                    let _ = database.create_object_store(store);
                }
            }
        });
        request.set_onupgradeneeded(Some(on_upgrade.as_ref().unchecked_ref()));
        Ok(Self(done(&request).await?.dyn_into()?))
    }

    /// The value under a key.
    pub async fn get(&self, store: &str, key: &JsValue) -> Result<Option<JsValue>, JsValue> {
        let value = done(&self.store(store, IdbTransactionMode::Readonly)?.get(key)?).await?;
        Ok(Some(value).filter(|value| !value.is_undefined()))
    }

    /// Puts a value under a key.
    pub async fn put(&self, store: &str, key: &JsValue, value: &JsValue) -> Result<(), JsValue> {
        done(&self.store(store, IdbTransactionMode::Readwrite)?.put_with_key(value, key)?).await.map(drop)
    }

    /// Puts a value under a key if there is none; the value that is there afterwards. One transaction, so that two tabs agree.
    pub async fn get_or_put(&self, store: &str, key: &JsValue, value: JsValue) -> Result<JsValue, JsValue> {
        let store = self.store(store, IdbTransactionMode::Readwrite)?;
        let there = done(&store.get(key)?).await?;
        if !there.is_undefined() {
            return Ok(there);
        }
        done(&store.put_with_key(&value, key)?).await?;
        Ok(value)
    }

    /// Deletes the value under a key.
    pub async fn delete(&self, store: &str, key: &JsValue) -> Result<(), JsValue> {
        done(&self.store(store, IdbTransactionMode::Readwrite)?.delete(key)?).await.map(drop)
    }

    /// All keys and values.
    pub async fn entries(&self, store: &str) -> Result<Vec<(JsValue, JsValue)>, JsValue> {
        let store = self.store(store, IdbTransactionMode::Readonly)?;
        let (keys, values) = (store.get_all_keys()?, store.get_all()?);
        // Both are listened to before either is awaited.
        let (keys, values) = (done(&keys), done(&values));
        let (keys, values): (Array, Array) = (keys.await?.dyn_into()?, values.await?.dyn_into()?);
        Ok(keys.iter().zip(values.iter()).collect())
    }

    fn store(&self, name: &str, mode: IdbTransactionMode) -> Result<IdbObjectStore, JsValue> {
        self.0.transaction_with_str_and_mode(name, mode)?.object_store(name)
    }
}

/// A request's result, once there is one. Listens at once, not when it is first polled.
fn done(request: &IdbRequest) -> impl Future<Output = Result<JsValue, JsValue>> + use<> {
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    let request = request.clone();
    async move {
        JsFuture::from(promise).await?;
        request.result()
    }
}
