//! What needs a browser and no page: the store and the fetch of the worker, in a worker.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::unwrap_used)]

use signet::http::{NoAnswer, Request};
use signet::protocol::TabHalf;
use signet::secret::Secret;
use signet::session::Record;
use signet::worker::{open, remember, save, send, written};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// A guest's session.
fn record(identity: &str) -> Record {
    let json = format!(r#"{{"version":2,"skew":0,"guest":true,"identityId":"{identity}"}}"#);
    Record::from_bytes(json.as_bytes()).unwrap()
}

#[wasm_bindgen_test]
async fn a_record_is_there_for_its_own_tab_until_it_is_forgotten() {
    let (tab, other) = (TabHalf([1; 32]), TabHalf([2; 32]));
    assert_eq!(open(Some(tab.clone())).await.0, None);
    save(Some(record("first")));
    save(Some(record("second")));
    assert!(written().await);
    assert_eq!(open(Some(tab.clone())).await.0, Some(record("second")));
    assert_eq!(open(Some(other)).await.0, None, "another tab's half opens nothing");
    open(Some(tab.clone())).await;
    save(None);
    assert!(written().await);
    assert_eq!(open(Some(tab)).await.0, None);
}

#[wasm_bindgen_test]
async fn what_is_remembered_is_there_for_every_tab() {
    let secret = |text: &str| Secret::new(text.to_owned());
    open(Some(TabHalf([3; 32]))).await;
    remember("guest".to_owned(), Some(secret("one")));
    remember("device".to_owned(), Some(secret("two\0three")));
    remember("guest".to_owned(), Some(secret("four")));
    assert!(written().await);
    let mut memory = open(Some(TabHalf([4; 32]))).await.1;
    memory.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(memory, [("device".to_owned(), secret("two\0three")), ("guest".to_owned(), secret("four"))]);
    remember("device".to_owned(), None);
    remember("guest".to_owned(), None);
    assert!(written().await);
    assert_eq!(open(Some(TabHalf([3; 32]))).await.1, []);
}

#[wasm_bindgen_test]
async fn without_a_tab_nothing_is_kept() {
    assert_eq!(open(None).await, (None, vec![]));
    save(Some(record("lost")));
    assert!(!written().await);
}

#[wasm_bindgen_test]
async fn an_answer_is_read_whole_whatever_its_status() {
    let origin = js_sys::Reflect::get(&js_sys::global(), &"origin".into()).unwrap().as_string().unwrap();
    let get = |path: &str| {
        let url = format!("{origin}{path}");
        Request { method: "GET", url, headers: vec![], body: vec![], cookies: false }
    };
    let found = send(&get("/")).await.unwrap();
    assert!(found.head.is_success() && !found.body.is_empty());
    let missing = send(&get("/no-such-file")).await.unwrap();
    assert_eq!(missing.head.status, 404);
}

#[wasm_bindgen_test]
async fn an_address_where_nothing_listens_is_unreachable() {
    // Port 9 is discard (RFC 863), where nothing listens.
    let request =
        Request { method: "POST", url: "http://127.0.0.1:9/".into(), headers: vec![], body: vec![], cookies: false };
    assert_eq!(send(&request).await, Err(NoAnswer::Unreachable));
}
