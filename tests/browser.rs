//! What needs a browser and no page: the store and the fetch of the worker, in a worker.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::RefCell;

use signet::core::conversation::Part;
use signet::core::history::{Input, Order, Reply, StoreFault, Tail};
use signet::core::session::Record;
use signet::protocol::{AnswerId, TabHalf, TurnId};
use signet::worker::{carry_out, open, remember, save, send, settled, written};
use signet_cognito::{
    Secret,
    http::{NoAnswer, Request},
};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
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

thread_local! {
    static REPLIES: RefCell<Vec<Reply>> = RefCell::default();
}

fn order(owner: &str, order: Order) {
    carry_out(owner.to_owned(), order, |input| match input {
        Input::Stored(_, reply) => REPLIES.with_borrow_mut(|replies| replies.push(reply)),
        Input::ChangedElsewhere => REPLIES.with_borrow_mut(|replies| replies.push(Reply::Done { saved: None })),
        other => panic!("{other:?}"),
    });
}

/// What comes of these orders, one after the other.
async fn orders(owner: &str, all: impl IntoIterator<Item = Order>) -> Vec<Reply> {
    for one in all {
        order(owner, one);
    }
    settled().await;
    REPLIES.take()
}

/// As after a load of the page.
async fn reopened() {
    open(Some(TabHalf([5; 32]))).await;
}

fn saved(id: &str, text: &str) -> Order {
    Order::Save { id: id.into(), summary: format!("summary of {id}").into(), saved: text.into() }
}

fn tail(id: &str, answer: u32, text: &str) -> Order {
    let tail = Tail { turn: TurnId(0), answer: AnswerId(answer), part: Part::Text, text: text.into() };
    Order::Append { id: id.into(), tail }
}

fn read(id: &str) -> Order {
    Order::Read { job: 7, id: id.into() }
}

fn done(id: &str) -> Reply {
    Reply::Done { saved: Some(id.into()) }
}

fn loaded(summaries: &[&str], keep: bool) -> Reply {
    Reply::Loaded(Ok((summaries.iter().map(|summary| summary.as_bytes().to_vec()).collect(), keep)))
}

/// The text of a conversation, and that of its tail after a plus.
fn found(reply: &Reply) -> Option<String> {
    let Reply::Read { job: 7, found } = reply else { panic!("{reply:?}") };
    let (saved, tails) = found.as_ref()?;
    let tail: String = tails.iter().map(|tail| tail.text.as_str()).collect();
    Some(format!("{} + {tail}", String::from_utf8(saved.clone()).unwrap()))
}

async fn script(text: &str) -> JsValue {
    JsFuture::from(js_sys::Promise::resolve(&js_sys::eval(text).unwrap())).await.unwrap()
}

#[wasm_bindgen_test]
async fn a_conversation_is_there_after_a_reload_with_all_text_that_came() {
    reopened().await;
    let replies = orders("ann", [saved("a", "one"), tail("a", 0, "b"), tail("a", 0, "c")]).await;
    assert_eq!(replies, [done("a")]);
    for piece in ["d", "e", "f"] {
        orders("ann", [tail("a", 0, piece)]).await;
    }
    reopened().await;
    orders("ann", [tail("a", 1, "g")]).await;
    let replies = orders("ann", [Order::Load, read("a"), read("b")]).await;
    assert_eq!(replies[0], loaded(&["summary of a"], false));
    assert_eq!(found(&replies[1]), Some("one + bcdefg".into()), "in order");
    assert_eq!(found(&replies[2]), None);
    // Saved as a whole, it has no tail any more.
    let replies = orders("ann", [saved("a", "two"), read("a")]).await;
    assert_eq!(found(&replies[1]), Some("two + ".into()));
    let replies =
        orders("ann", [tail("a", 0, "x"), Order::Delete { id: "a".into() }, Order::Load, saved("a", "new"), read("a")]);
    let replies = replies.await;
    assert_eq!(replies[..3], [Reply::Done { saved: None }, loaded(&[], false), done("a")]);
    assert_eq!(found(&replies[3]), Some("new + ".into()), "its tail was deleted with it");
    orders("ann", [Order::Wipe { is_wanted: true }]).await;
}

#[wasm_bindgen_test]
async fn nobody_reads_or_wipes_what_is_anothers() {
    reopened().await;
    orders("ann", [saved("a", "ann's"), Order::Keep(true)]).await;
    let replies = orders("bob", [saved("a", "bob's"), Order::Load, read("a")]).await;
    assert_eq!(replies[1], loaded(&["summary of a"], false), "whether to keep them, each says alone");
    assert_eq!(found(&replies[2]), Some("bob's + ".into()));
    order("ann", saved("b", "on the way"));
    order("bob", saved("b", "too late"));
    orders("bob", [Order::Wipe { is_wanted: true }]).await;
    reopened().await;
    let replies = orders("bob", [Order::Load, read("a"), read("b")]).await;
    assert_eq!((&replies[0], found(&replies[1]), found(&replies[2])), (&loaded(&[], false), None, None));
    let replies = orders("ann", [Order::Load, read("a"), read("b")]).await;
    assert_eq!(replies[0], loaded(&["summary of b", "summary of a"], true), "in the order of the hashes");
    assert_eq!((found(&replies[1]), found(&replies[2])), (Some("ann's + ".into()), Some("on the way + ".into())));

    // Where it is not known yet whether to keep them, the store looks.
    let unsure = || Order::Wipe { is_wanted: false };
    assert_eq!(orders("ann", [unsure(), Order::Load]).await.len(), 1);
    assert!(found(&orders("ann", [read("a")]).await[0]).is_some());
    orders("ann", [Order::Keep(false), unsure()]).await;
    assert_eq!(orders("ann", [Order::Load]).await, [loaded(&[], false)]);
}

#[wasm_bindgen_test]
async fn a_wipe_overtakes_what_is_being_written() {
    reopened().await;
    orders("ann", [saved("a", "old")]).await;
    order("ann", saved("a", "sealed at this moment"));
    order("ann", tail("a", 0, "after it"));
    // Lets the first one begin.
    script("null").await;
    orders("ann", [Order::Wipe { is_wanted: true }]).await;
    let replies = orders("ann", [Order::Load, read("a")]).await;
    assert_eq!((&replies[0], found(&replies[1])), (&loaded(&[], false), None));
    script(
        "new Promise((resolve, reject) => {
            const opening = indexedDB.open('signet');
            opening.onsuccess = () => {
                const count = opening.result.transaction('tails').objectStore('tails').count();
                count.onsuccess = () => {
                    opening.result.close();
                    count.result === 0 ? resolve() : reject('tails are left');
                };
            };
        })",
    )
    .await;
}

#[wasm_bindgen_test]
async fn a_store_that_takes_nothing_says_why_and_hands_back() {
    let not_saved = |fault| Reply::NotSaved { id: "a".into(), saved: b"one".to_vec(), fault };
    open(None).await;
    let replies =
        orders("ann", [Order::Load, saved("a", "one"), tail("a", 0, "b"), read("a"), Order::Keep(true)]).await;
    let refused = StoreFault::Refused;
    assert_eq!(replies[..3], [Reply::Loaded(Err(refused)), not_saved(refused), Reply::Failed(refused)]);
    assert_eq!((found(&replies[3]), &replies[4]), (None, &Reply::Failed(refused)));
    order("ann", Order::Wipe { is_wanted: true });

    reopened().await;
    script(
        "globalThis.realPut = IDBObjectStore.prototype.put;
         IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError'); };",
    )
    .await;
    let replies = orders("ann", [saved("a", "one"), tail("a", 0, "b")]).await;
    script("IDBObjectStore.prototype.put = realPut").await;
    assert_eq!(replies, [not_saved(StoreFault::Full), Reply::Failed(StoreFault::Full)]);
    assert_eq!(orders("ann", [Order::Load]).await, [loaded(&[], false)], "nothing in part");
}

#[wasm_bindgen_test]
async fn tabs_with_other_versions_hold_nobody_up() {
    let opened = |version: u32| {
        format!(
            "new Promise((resolve, reject) => {{
                const opening = indexedDB.open('signet', {version});
                opening.onsuccess = () => resolve(globalThis.other = opening.result);
                opening.onerror = () => reject(opening.error);
            }})"
        )
    };
    let deleted = "new Promise((resolve, reject) => {
        other.close();
        const deleting = indexedDB.deleteDatabase('signet');
        deleting.onsuccess = resolve;
        deleting.onerror = () => reject(deleting.error);
    })";
    reopened().await;
    assert_eq!(orders("ann", [saved("a", "one")]).await, [done("a")]);
    script(&opened(4)).await;
    let replies = orders("ann", [saved("a", "two")]).await;
    assert!(matches!(replies[..], [Reply::NotSaved { fault: StoreFault::Closed, .. }]), "{replies:?}");
    script(deleted).await;

    // An old tab that does not let go.
    script(&opened(2)).await;
    reopened().await;
    assert_eq!(orders("ann", [Order::Load]).await, [Reply::Loaded(Err(StoreFault::Refused))]);
    script("other.close()").await;
    reopened().await;
    assert_eq!(orders("ann", [Order::Load]).await, [loaded(&[], false)]);
}

#[wasm_bindgen_test]
async fn tabs_tell_each_other_of_changes() {
    reopened().await;
    orders("ann", [Order::Load]).await;
    script(
        "globalThis.channel = new BroadcastChannel('signet-history');
         globalThis.told = new Promise(resolve => channel.onmessage = resolve);
         null",
    )
    .await;
    orders("ann", [saved("a", "one")]).await;
    script("told").await;
    script("channel.postMessage(null)").await;
    for _ in 0..1000 {
        if !REPLIES.with_borrow(Vec::is_empty) {
            break;
        }
        script("new Promise(resolve => setTimeout(resolve, 5))").await;
    }
    assert_eq!(REPLIES.take(), [Reply::Done { saved: None }]);
    orders("ann", [Order::Wipe { is_wanted: true }]).await;
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
