//! What needs a browser and no page: the store and the fetch of the worker, in a worker.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::unwrap_used)]

use signet::http::{NoAnswer, Request};
use signet::protocol::TabHalf;
use signet::secret::Secret;
use signet::session::Record;
use signet::time::Skew;
use signet::worker::{forget, open, save, send};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn record(token: &str) -> Record {
    Record {
        id_token: Secret::new(token.into()),
        refresh_token: Secret::new("refresh".into()),
        identity: None,
        skew: Skew::default(),
    }
}

/// Opens until the store holds what is expected: writes go on in the background, and each opening gives them their turn.
async fn opens_with(tab: TabHalf, expected: Option<&Record>) {
    for _ in 0..100 {
        if open(Some(tab.clone())).await.as_ref() == expected {
            return;
        }
    }
    panic!("the store does not come to hold {expected:?}");
}

#[wasm_bindgen_test]
async fn a_record_is_there_for_its_own_tab_until_it_is_forgotten() {
    let (tab, other) = (TabHalf([1; 32]), TabHalf([2; 32]));
    assert_eq!(open(Some(tab.clone())).await, None);
    save(record("first"));
    save(record("second"));
    opens_with(tab.clone(), Some(&record("second"))).await;
    assert_eq!(open(Some(other)).await, None, "another tab's half opens nothing");
    opens_with(tab.clone(), Some(&record("second"))).await;
    forget();
    opens_with(tab, None).await;
}

#[wasm_bindgen_test]
async fn without_a_tab_nothing_is_kept() {
    assert_eq!(open(None).await, None);
}

#[wasm_bindgen_test]
async fn an_answer_is_read_whole_whatever_its_status() {
    let origin = js_sys::Reflect::get(&js_sys::global(), &"origin".into()).unwrap().as_string().unwrap();
    let get = |path: &str| Request { method: "GET", url: format!("{origin}{path}"), headers: vec![], body: vec![] };
    let found = send(&get("/")).await.unwrap();
    assert!(found.head.is_success() && !found.body.is_empty());
    let missing = send(&get("/no-such-file")).await.unwrap();
    assert_eq!(missing.head.status, 404);
}

#[wasm_bindgen_test]
async fn an_address_where_nothing_listens_is_unreachable() {
    // Port 9 is discard (RFC 863), where nothing listens.
    let request = Request { method: "POST", url: "http://127.0.0.1:9/".into(), headers: vec![], body: vec![] };
    assert_eq!(send(&request).await, Err(NoAnswer::Unreachable));
}
