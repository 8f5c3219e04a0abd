//! The parts of the worker that need a browser but no page, in a worker: the store, the history and the requests.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::RefCell;
use std::rc::Rc;

use signet::core::app::Streamed;
use signet::core::conversation::Part;
use signet::core::history::{Input, Order, Reply, StoreFault, Tail};
use signet::core::record::{Account, Proof, Record};
use signet::protocol::{AnswerId, TabHalf, TurnId};
use signet::worker::{History, Store, send, stream};
use signet_cognito::http::{Head, NoAnswer, Request};
use signet_cognito::{IdentityId, Secret, Skew};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::AbortController;

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// A guest's session.
fn record(identity: &str) -> Record {
    Record::Session(Account { proof: Proof::Guest, identity: Some(IdentityId(identity.to_owned())), skew: Skew(0) })
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// Runs JavaScript; waits for the promise that it may give.
async fn script(text: &str) -> JsValue {
    JsFuture::from(js_sys::Promise::resolve(&js_sys::eval(text).unwrap())).await.unwrap()
}

#[wasm_bindgen_test]
async fn only_the_tab_that_stored_a_record_reads_it_until_it_is_deleted() {
    let (tab, other) = (TabHalf([1; 32]), TabHalf([2; 32]));
    let store = Store::default();
    assert_eq!(store.open(Some(tab.clone())).await.0, None);
    store.save(Some(record("first")));
    store.save(Some(record("second")));
    assert!(store.written().await);
    assert_eq!(Store::default().open(Some(tab.clone())).await.0, Some(record("second")));
    assert_eq!(Store::default().open(Some(other)).await.0, None, "another tab's half opens nothing");
    let store = Store::default();
    store.open(Some(tab.clone())).await;
    store.save(None);
    assert!(store.written().await);
    assert_eq!(Store::default().open(Some(tab)).await.0, None);
}

#[wasm_bindgen_test]
async fn every_tab_reads_what_the_browser_remembers() {
    let store = Store::default();
    store.open(Some(TabHalf([3; 32]))).await;
    store.remember("guest".to_owned(), Some(secret("one")));
    store.remember("device".to_owned(), Some(secret("two\0three")));
    store.remember("guest".to_owned(), Some(secret("four")));
    assert!(store.written().await);
    let store = Store::default();
    let mut memory = store.open(Some(TabHalf([4; 32]))).await.1;
    memory.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(memory, [("device".to_owned(), secret("two\0three")), ("guest".to_owned(), secret("four"))]);
    store.remember("device".to_owned(), None);
    store.remember("guest".to_owned(), None);
    assert!(store.written().await);
    assert_eq!(Store::default().open(Some(TabHalf([3; 32]))).await.1, []);
}

#[wasm_bindgen_test]
async fn without_a_tab_nothing_is_stored() {
    let store = Store::default();
    assert_eq!(store.open(None).await, (None, vec![]));
    store.save(Some(record("lost")));
    assert!(!store.written().await);
}

/// A load of the page: its store and its history.
struct Tab {
    store: Store,
    history: History,
    replies: Rc<RefCell<Vec<Reply>>>,
}

impl Tab {
    /// With a store that stores nothing unless there is a tab.
    async fn open(tab: Option<TabHalf>) -> Self {
        let store = Store::default();
        store.open(tab).await;
        let replies = Rc::<RefCell<Vec<Reply>>>::default();
        let history = History::new(store.clone(), {
            let replies = replies.clone();
            move |input| match input {
                Input::Stored(_, reply) => replies.borrow_mut().push(reply),
                Input::ChangedElsewhere => replies.borrow_mut().push(Reply::Done { saved: None }),
                other => panic!("{other:?}"),
            }
        });
        Self { store, history, replies }
    }

    /// As after a load of the page.
    async fn loaded() -> Self {
        Self::open(Some(TabHalf([5; 32]))).await
    }

    fn order(&self, owner: &str, order: Order) {
        self.history.carry_out(owner.to_owned(), order);
    }

    /// Carries these orders out, one after the other; the replies.
    async fn orders(&self, owner: &str, all: impl IntoIterator<Item = Order>) -> Vec<Reply> {
        for one in all {
            self.order(owner, one);
        }
        self.history.settled().await;
        self.replies.take()
    }
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

/// The text of a conversation, a plus, and the text of its tail.
fn found(reply: &Reply) -> Option<String> {
    let Reply::Read { job: 7, found } = reply else { panic!("{reply:?}") };
    let (saved, tails) = found.as_ref()?;
    let tail: String = tails.iter().map(|tail| tail.text.as_str()).collect();
    Some(format!("{} + {tail}", String::from_utf8(saved.clone()).unwrap()))
}

#[wasm_bindgen_test]
async fn a_conversation_survives_a_reload_with_all_the_text_that_came() {
    let tab = Tab::loaded().await;
    let replies = tab.orders("ann", [saved("a", "one"), tail("a", 0, "b"), tail("a", 0, "c")]).await;
    assert_eq!(replies, [done("a")]);
    for piece in ["d", "e", "f"] {
        tab.orders("ann", [tail("a", 0, piece)]).await;
    }
    let tab = Tab::loaded().await;
    tab.orders("ann", [tail("a", 1, "g")]).await;
    let replies = tab.orders("ann", [Order::Load, read("a"), read("b")]).await;
    assert_eq!(replies[0], loaded(&["summary of a"], false));
    assert_eq!(found(&replies[1]), Some("one + bcdefg".into()), "in order");
    assert_eq!(found(&replies[2]), None);
    // A conversation that is saved as a whole has no tail.
    let replies = tab.orders("ann", [saved("a", "two"), read("a")]).await;
    assert_eq!(found(&replies[1]), Some("two + ".into()));
    let replies = tab.orders(
        "ann",
        [tail("a", 0, "x"), Order::Delete { id: "a".into() }, Order::Load, saved("a", "new"), read("a")],
    );
    let replies = replies.await;
    assert_eq!(replies[..3], [Reply::Done { saved: None }, loaded(&[], false), done("a")]);
    assert_eq!(found(&replies[3]), Some("new + ".into()), "its tail was deleted with it");
    tab.orders("ann", [Order::Wipe { is_wanted: true }]).await;
}

#[wasm_bindgen_test]
async fn no_owner_reads_or_deletes_the_conversations_of_another() {
    let tab = Tab::loaded().await;
    tab.orders("ann", [saved("a", "ann's"), Order::Keep(true)]).await;
    let replies = tab.orders("bob", [saved("a", "bob's"), Order::Load, read("a")]).await;
    assert_eq!(replies[1], loaded(&["summary of a"], false), "each owner decides alone whether to keep them");
    assert_eq!(found(&replies[2]), Some("bob's + ".into()));
    tab.order("ann", saved("b", "on the way"));
    tab.order("bob", saved("b", "too late"));
    tab.orders("bob", [Order::Wipe { is_wanted: true }]).await;
    let tab = Tab::loaded().await;
    let replies = tab.orders("bob", [Order::Load, read("a"), read("b")]).await;
    assert_eq!((&replies[0], found(&replies[1]), found(&replies[2])), (&loaded(&[], false), None, None));
    let replies = tab.orders("ann", [Order::Load, read("a"), read("b")]).await;
    assert_eq!(replies[0], loaded(&["summary of b", "summary of a"], true), "in the order of the hashes");
    assert_eq!((found(&replies[1]), found(&replies[2])), (Some("ann's + ".into()), Some("on the way + ".into())));

    // While it is not known yet whether to keep them, the store looks.
    let unsure = || Order::Wipe { is_wanted: false };
    assert_eq!(tab.orders("ann", [unsure(), Order::Load]).await.len(), 1);
    assert!(found(&tab.orders("ann", [read("a")]).await[0]).is_some());
    tab.orders("ann", [Order::Keep(false), unsure()]).await;
    assert_eq!(tab.orders("ann", [Order::Load]).await, [loaded(&[], false)]);
}

#[wasm_bindgen_test]
async fn deletion_runs_ahead_of_queued_writes() {
    let tab = Tab::loaded().await;
    tab.orders("ann", [saved("a", "old")]).await;
    tab.order("ann", saved("a", "sealed at this moment"));
    tab.order("ann", tail("a", 0, "after it"));
    // Lets the first one begin.
    script("null").await;
    tab.orders("ann", [Order::Wipe { is_wanted: true }]).await;
    let replies = tab.orders("ann", [Order::Load, read("a")]).await;
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
async fn a_store_that_cannot_write_says_why_and_returns_the_conversation() {
    let not_saved = |fault| Reply::NotSaved { id: "a".into(), saved: b"one".to_vec(), fault };
    let tab = Tab::open(None).await;
    let replies =
        tab.orders("ann", [Order::Load, saved("a", "one"), tail("a", 0, "b"), read("a"), Order::Keep(true)]).await;
    let refused = StoreFault::Refused;
    assert_eq!(replies[..3], [Reply::Loaded(Err(refused)), not_saved(refused), Reply::Failed(refused)]);
    assert_eq!((found(&replies[3]), &replies[4]), (None, &Reply::Failed(refused)));
    tab.order("ann", Order::Wipe { is_wanted: true });

    let tab = Tab::loaded().await;
    script(
        "globalThis.realPut = IDBObjectStore.prototype.put;
         IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError'); };",
    )
    .await;
    let replies = tab.orders("ann", [saved("a", "one"), tail("a", 0, "b")]).await;
    script("IDBObjectStore.prototype.put = realPut").await;
    assert_eq!(replies, [not_saved(StoreFault::Full), Reply::Failed(StoreFault::Full)]);
    assert_eq!(tab.orders("ann", [Order::Load]).await, [loaded(&[], false)], "nothing is stored in part");
}

#[wasm_bindgen_test]
async fn tabs_with_other_versions_keep_nobody_waiting() {
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
    let tab = Tab::loaded().await;
    assert_eq!(tab.orders("ann", [saved("a", "one")]).await, [done("a")]);
    script(&opened(4)).await;
    let replies = tab.orders("ann", [saved("a", "two")]).await;
    assert!(matches!(replies[..], [Reply::NotSaved { fault: StoreFault::Closed, .. }]), "{replies:?}");
    script(deleted).await;

    // An old tab that does not let go of the database.
    script(&opened(2)).await;
    let tab = Tab::loaded().await;
    assert_eq!(tab.orders("ann", [Order::Load]).await, [Reply::Loaded(Err(StoreFault::Refused))]);
    script("other.close()").await;
    let tab = Tab::loaded().await;
    assert_eq!(tab.orders("ann", [Order::Load]).await, [loaded(&[], false)]);
}

#[wasm_bindgen_test]
async fn tabs_tell_each_other_of_changes() {
    let tab = Tab::loaded().await;
    tab.orders("ann", [Order::Load]).await;
    script(
        "globalThis.channel = new BroadcastChannel('signet-history');
         globalThis.told = new Promise(resolve => channel.onmessage = resolve);
         null",
    )
    .await;
    tab.orders("ann", [saved("a", "one")]).await;
    script("told").await;
    script("channel.postMessage(null)").await;
    for _ in 0..1000 {
        if !tab.replies.borrow().is_empty() {
            break;
        }
        script("new Promise(resolve => setTimeout(resolve, 5))").await;
    }
    assert_eq!(tab.replies.take(), [Reply::Done { saved: None }]);
    tab.orders("ann", [Order::Wipe { is_wanted: true }]).await;
}

/// Makes the browser close the connection under the next transaction, as it does to idle pages.
const CLOSED: &str = "{
    const { transaction } = IDBDatabase.prototype;
    IDBDatabase.prototype.transaction = function (...arguments_) {
        IDBDatabase.prototype.transaction = transaction;
        this.close();
        return transaction.apply(this, arguments_);
    };
}";
/// The same, but while the transaction is under way.
const ABORTED: &str = "{
    const { commit } = IDBTransaction.prototype;
    IDBTransaction.prototype.commit = function () {
        IDBTransaction.prototype.commit = commit;
        this.abort();
        this.db.close();
    };
}";

#[wasm_bindgen_test]
async fn a_connection_that_the_browser_closed_is_opened_again() {
    let tab = Tab::loaded().await;
    for lost in [CLOSED, ABORTED] {
        script(lost).await;
        assert_eq!(tab.orders("ann", [saved("a", "one")]).await, [done("a")]);
        script(lost).await;
        tab.store.save(Some(record("kept")));
        tab.store.remember("guest".to_owned(), Some(secret("kept too")));
        assert!(tab.store.written().await);
        let later = Store::default();
        let memory = vec![("guest".to_owned(), secret("kept too"))];
        assert_eq!(later.open(Some(TabHalf([5; 32]))).await, (Some(record("kept")), memory));
        tab.store.save(None);
        tab.store.remember("guest".to_owned(), None);
        assert!(tab.store.written().await);

        script(CLOSED).await;
        let replies = tab.orders("ann", [Order::Load, read("a")]).await;
        assert_eq!(replies[0], loaded(&["summary of a"], false));
        assert_eq!(found(&replies[1]), Some("one + ".into()));

        // The deletion still comes before what is saved after it.
        script(lost).await;
        tab.order("ann", Order::Wipe { is_wanted: true });
        let replies = tab.orders("ann", [saved("b", "later"), Order::Load, read("a"), read("b")]).await;
        assert_eq!(replies[1], loaded(&["summary of b"], false));
        assert_eq!((found(&replies[2]), found(&replies[3])), (None, Some("later + ".into())));
        tab.orders("ann", [Order::Wipe { is_wanted: true }]).await;
    }
}

#[wasm_bindgen_test]
async fn a_record_and_a_conversation_are_stored_although_the_browser_deleted_the_database() {
    let tab = Tab::loaded().await;
    assert_eq!(tab.orders("ann", [saved("a", "one")]).await, [done("a")]);
    script(
        "new Promise((resolve, reject) => {
            const deleting = indexedDB.deleteDatabase('signet');
            deleting.onsuccess = resolve;
            deleting.onerror = () => reject(deleting.error);
        })",
    )
    .await;
    tab.store.save(Some(record("kept")));
    assert!(tab.store.written().await);
    assert_eq!(tab.orders("ann", [saved("b", "two")]).await, [done("b")]);
    // Under keys that are in the database.
    let later = Tab::loaded().await;
    assert_eq!(later.store.open(Some(TabHalf([5; 32]))).await.0, Some(record("kept")));
    assert_eq!(later.orders("ann", [Order::Load]).await, [loaded(&["summary of b"], false)]);
    later.store.save(None);
    assert!(later.store.written().await);
    later.orders("ann", [Order::Wipe { is_wanted: true }]).await;
}

#[wasm_bindgen_test]
async fn a_newer_version_of_the_app_is_named_and_not_fought() {
    let newer = "new Promise((resolve, reject) => {
        const opening = indexedDB.open('signet', 4);
        opening.onsuccess = () => resolve(globalThis.newer = opening.result);
        opening.onerror = () => reject(opening.error);
    })";
    let deleted = "new Promise((resolve, reject) => {
        IDBFactory.prototype.open = realOpen;
        newer.close();
        const deleting = indexedDB.deleteDatabase('signet');
        deleting.onsuccess = resolve;
        deleting.onerror = () => reject(deleting.error);
    })";
    let counted = "globalThis.realOpen = IDBFactory.prototype.open;
        globalThis.opens = 0;
        IDBFactory.prototype.open = function (...arguments_) { opens++; return realOpen.apply(this, arguments_); };
        null";
    let is_superseded = |replies: &[Reply]| {
        matches!(
            replies,
            [
                Reply::NotSaved { fault: StoreFault::Closed, .. },
                Reply::Failed(StoreFault::Closed),
                Reply::Loaded(Err(StoreFault::Closed))
            ]
        )
    };
    let orders = || [saved("a", "one"), Order::Keep(true), Order::Load];

    // It asks for the database.
    let tab = Tab::loaded().await;
    script(newer).await;
    script(counted).await;
    let replies = tab.orders("ann", orders()).await;
    assert!(is_superseded(&replies), "{replies:?}");
    tab.store.save(Some(record("lost")));
    assert!(!tab.store.written().await);
    assert_eq!(script("opens").await, 0);
    script(deleted).await;

    // It came while the browser had closed the connection.
    let tab = Tab::loaded().await;
    script(
        "{
            const { transaction } = IDBDatabase.prototype;
            IDBDatabase.prototype.transaction = function (...arguments_) {
                IDBDatabase.prototype.transaction = transaction;
                globalThis.held = this;
                return transaction.apply(this, arguments_);
            };
        }",
    )
    .await;
    assert_eq!(tab.orders("ann", [Order::Load]).await, [loaded(&[], false)]);
    script("held.close()").await;
    script(newer).await;
    script(counted).await;
    let replies = tab.orders("ann", orders()).await;
    assert!(is_superseded(&replies), "{replies:?}");
    assert_eq!(script("opens").await, 1, "it is opened again once");
    script(deleted).await;
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

/// Answers every request with what `response` evaluates to, and keeps what was sent as `sent`.
async fn answered(response: &str) {
    let text = format!(
        "globalThis.realFetch ??= fetch;
         globalThis.sent = [];
         globalThis.fetch = async (request) => {{
            const {{ method, url, mode, cache, credentials, redirect, referrerPolicy }} = request;
            const body = await request.clone().text();
            sent.push({{ method, url, mode, cache, credentials, redirect, referrerPolicy, headers: [...request.headers], body }});
            return {response};
         }};
         null"
    );
    script(&text).await;
}

async fn sent() -> String {
    script("fetch = realFetch; JSON.stringify(sent)").await.as_string().unwrap()
}

#[wasm_bindgen_test]
async fn nothing_but_the_request_is_sent() {
    answered(
        "new Response('{}', { status: 429, headers: { 'x-amzn-requestid': 'r-1', 'x-amzn-errortype': 'E', 'retry-after': ' 7 ' } })",
    )
    .await;
    let mut request = Request {
        method: "POST",
        url: "https://example.com/path".into(),
        headers: vec![("x-amz-target".into(), "T".into()), ("authorization".into(), "A".into())],
        body: b"{\"a\":1}".to_vec(),
        cookies: false,
    };
    let response = send(&request).await.unwrap();
    let head = Head { status: 429, request_id: Some("r-1".into()), error_type: Some("E".into()), retry_after: Some(7) };
    assert_eq!((response.head, response.body.as_slice()), (head, b"{}".as_slice()));
    request.cookies = true;
    send(&request).await.unwrap();
    let sent_with = |credentials: &str| {
        format!(
            r#"{{"method":"POST","url":"https://example.com/path","mode":"cors","cache":"no-store","credentials":"{credentials}","redirect":"error","referrerPolicy":"no-referrer","headers":[["authorization","A"],["x-amz-target","T"]],"body":"{{\"a\":1}}"}}"#
        )
    };
    assert_eq!(sent().await, format!("[{},{}]", sent_with("omit"), sent_with("include")));
}

#[wasm_bindgen_test]
async fn a_header_that_the_browser_refuses_is_an_error() {
    let request = Request {
        method: "POST",
        url: "http://127.0.0.1:9/".into(),
        headers: vec![("x-amz-security-token".into(), "two\nlines".into())],
        body: vec![],
        cookies: false,
    };
    assert_eq!(send(&request).await, Err(NoAnswer::Unreachable));
}

#[wasm_bindgen_test]
async fn an_answer_without_cors_headers_is_unreadable() {
    // The worker's own script has another origin than this address, at which something answers.
    answered("request.mode === 'no-cors' ? new Response() : Promise.reject(new TypeError('Failed to fetch'))").await;
    let request =
        Request { method: "POST", url: "https://example.com/".into(), headers: vec![], body: vec![], cookies: false };
    assert_eq!(send(&request).await, Err(NoAnswer::Unreadable));
    let sent = sent().await;
    let probe = r#"{"method":"HEAD","url":"https://example.com/","mode":"no-cors","cache":"no-store","credentials":"omit","redirect":"follow","referrerPolicy":"no-referrer","headers":[],"body":""}"#;
    assert!(sent.ends_with(&format!("{probe}]")), "{sent}");
}

/// The parts of a streamed answer and how it ended, as `Debug` writes them. `on_bytes` is called at each piece.
async fn streamed(controller: &AbortController, on_bytes: impl Fn()) -> Vec<String> {
    let request =
        Request { method: "POST", url: "https://example.com/".into(), headers: vec![], body: vec![], cookies: false };
    let mut parts = vec![];
    let last = stream(&request, &controller.signal(), |part| {
        if matches!(part, Streamed::Bytes(_)) {
            on_bytes();
        }
        parts.push(format!("{part:?}"));
    })
    .await;
    parts.push(format!("{last:?}"));
    parts
}

#[wasm_bindgen_test]
async fn a_streamed_answer_comes_in_pieces_and_can_be_stopped() {
    let new = || AbortController::new().unwrap();
    let head = |status| Streamed::Head(Head { status, ..Head::default() });
    let bytes = |text: &str| Streamed::Bytes(text.as_bytes().to_vec());
    let debug = |parts: &[Streamed]| parts.iter().map(|part| format!("{part:?}")).collect::<Vec<_>>();
    let answer = |end: &str| {
        format!(
            "new Response(new ReadableStream({{
                start(controller) {{
                    for (const text of ['one', 'two']) controller.enqueue(new TextEncoder().encode(text));
                    {end};
                }},
            }}))"
        )
    };
    answered(&answer("controller.close()")).await;
    assert_eq!(streamed(&new(), || ()).await, debug(&[head(200), bytes("one"), bytes("two"), Streamed::End]));
    answered(&answer("request.signal.addEventListener('abort', () => controller.error(request.signal.reason))")).await;
    let controller = new();
    assert_eq!(streamed(&controller, || controller.abort()).await, debug(&[head(200), bytes("one"), Streamed::Broken]));
    answered("new Response(null, { status: 204 })").await;
    assert_eq!(streamed(&new(), || ()).await, debug(&[head(204), Streamed::End]));
    sent().await;

    // Stopped before there is an answer: the browser's own fetch rejects with the signal's reason.
    let controller = new();
    controller.abort();
    assert_eq!(streamed(&controller, || ()).await, debug(&[Streamed::NoAnswer(NoAnswer::Unreachable)]));
}
