//! The history's store: conversations in IndexedDB, each sealed under a key of its owner's in this browser.
//!
//! The cipher's key is derived from the browser's half, which no script can read out, and the owner's name. Keys in the database are hashes, those
//! of one owner beside each other: `[owner]` in all, `[owner, conversation]`, and for tails `[owner, conversation, number]`.

use std::cell::RefCell;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{BroadcastChannel, CryptoKey};

use super::database::{Change, Database, range};
use super::store::{CONVERSATIONS, SUMMARIES, TAILS, cipher_key, name, seal, shelf, unseal};
use crate::history::{Input, Order, Reply, StoreFault, Tail};

/// How tabs tell each other that something has changed.
const CHANNEL: &str = "signet-history";
/// Beside the summaries: whether they stay when the person signs out.
const KEEP: &str = "keep";

const STORES: [&str; 3] = [SUMMARIES, CONVERSATIONS, TAILS];

type Deliver = fn(Input);

#[derive(Default)]
struct Orders {
    /// In order, each with its owner and whom to tell.
    waiting: Vec<(String, Order, Deliver)>,
    /// Whose order is being carried out.
    current: Option<String>,
    /// Whether everything of that owner's was wiped since it began.
    is_wiped: bool,
    /// The newest wipe; another order may not be told apart from it.
    wiping: Option<Promise>,
    key: Option<(String, CryptoKey)>,
    /// The last tail's number.
    last: f64,
    channel: Option<BroadcastChannel>,
    /// Who waits for all of it to be done.
    listeners: Vec<Function>,
}

thread_local! {
    static ORDERS: RefCell<Orders> = RefCell::default();
}

/// Carries an order out after those before it; `deliver` is told what came of it. A wipe is under way when this returns.
pub fn carry_out(owner: String, order: Order, deliver: Deliver) {
    if matches!(order, Order::Wipe { is_wanted: true }) {
        return wipe(&owner);
    }
    if matches!(order, Order::Load) {
        listen(deliver);
    }
    let is_idle = ORDERS.with_borrow_mut(|orders| {
        match (&order, orders.waiting.last_mut()) {
            // What came while the last piece was being written is written in one.
            (Order::Append { id, tail }, Some((last_owner, Order::Append { id: last_id, tail: last }, _)))
                if *last_owner == owner && last_id == id && (last.turn, last.answer) == (tail.turn, tail.answer) =>
            {
                last.text.push_str(&tail.text);
            }
            _ => orders.waiting.push((owner, order, deliver)),
        }
        orders.current.is_none()
    });
    if is_idle {
        work();
    }
}

/// Waits until everything that was ordered is done.
pub async fn settled() {
    let promise = Promise::new(&mut |resolve, _| {
        ORDERS.with_borrow_mut(|orders| orders.listeners.push(resolve));
    });
    work();
    // Neither is rejected where anybody could do something about it.
    let _ = JsFuture::from(promise).await;
    if let Some(wiping) = ORDERS.with_borrow_mut(|orders| orders.wiping.take()) {
        let _ = JsFuture::from(wiping).await;
    }
}

fn work() {
    if ORDERS.with_borrow(|orders| orders.current.is_some()) {
        return;
    }
    spawn_local(async {
        // Another one may have begun before this one was run.
        while let Some((owner, order, deliver)) = next() {
            let reply = carry(&owner, order).await;
            ORDERS.with_borrow_mut(|orders| orders.current = None);
            if let Some(reply) = reply {
                deliver(Input::Stored(owner, reply));
            }
        }
    });
}

fn next() -> Option<(String, Order, Deliver)> {
    let (next, listeners) = ORDERS.with_borrow_mut(|orders| {
        if orders.current.is_some() {
            return (None, vec![]);
        }
        if orders.waiting.is_empty() {
            return (None, std::mem::take(&mut orders.listeners));
        }
        let next = orders.waiting.remove(0);
        (orders.current, orders.is_wiped) = (Some(next.0.clone()), false);
        (Some(next), vec![])
    });
    for resolve in listeners {
        // A promise's own function cannot fail.
        let _ = resolve.call0(&JsValue::UNDEFINED);
    }
    next
}

/// Deletes everything of an owner's, and drops what was still to be done for them.
fn wipe(owner: &str) {
    let mut wiping = None;
    if let Some((database, _)) = shelf() {
        let mine = Array::of1(&owner_name(owner));
        wiping = range(&mine)
            .and_then(|mine| database.change(&STORES.map(|store| Change::Delete { store, key: mine.clone() })))
            .map_err(|_| web_sys::console::warn_1(&"The conversations could not be deleted.".into()))
            .ok();
    }
    ORDERS.with_borrow_mut(|orders| {
        orders.waiting.retain(|(other, ..)| other != owner);
        orders.is_wiped |= orders.current.as_deref() == Some(owner);
        orders.wiping = wiping;
        orders.key = None;
    });
    changed();
}

fn owner_name(owner: &str) -> JsValue {
    name(["history ", owner].concat().as_bytes())
}

/// Tells the other tabs.
fn changed() {
    if let Some(channel) = ORDERS.with_borrow(|orders| orders.channel.clone()) {
        // Fails only on a closed one.
        let _ = channel.post_message(&JsValue::NULL);
    }
}

/// Listens to the other tabs, from the first time on.
fn listen(deliver: Deliver) {
    if ORDERS.with_borrow(|orders| orders.channel.is_some()) {
        return;
    }
    // Without it each tab shows what it knows.
    let Ok(channel) = BroadcastChannel::new(CHANNEL) else { return };
    let on_message = Closure::<dyn FnMut()>::new(move || deliver(Input::ChangedElsewhere));
    channel.set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    ORDERS.with_borrow_mut(|orders| orders.channel = Some(channel));
}

async fn carry(owner: &str, order: Order) -> Option<Reply> {
    let store = Store::of(owner).await;
    match order {
        Order::Load => Some(Reply::Loaded(load(store).await.map_err(|error| fault(&error)))),
        Order::Read { job, id } => {
            let found = async { store?.read(&id).await }.await;
            Some(Reply::Read { job, found: found.ok().flatten() })
        }
        Order::Wipe { .. } => {
            // Where it cannot be read whether they are to be kept, they are deleted: nobody's words stay by accident.
            if !matches!(load(store).await, Ok((_, true))) {
                wipe(owner);
            }
            None
        }
        write => {
            let written = async { store?.write(&write).await }.await;
            match (written, write) {
                (Ok(()), Order::Append { .. }) => None,
                (Ok(()), write) => {
                    changed();
                    Some(Reply::Done { saved: if let Order::Save { id, .. } = write { Some(id) } else { None } })
                }
                (Err(error), Order::Save { id, saved, .. }) => {
                    Some(Reply::NotSaved { id, saved, fault: fault(&error) })
                }
                (Err(error), _) => Some(Reply::Failed(fault(&error))),
            }
        }
    }
}

async fn load(store: Result<Store, JsValue>) -> Result<(Vec<Vec<u8>>, bool), JsValue> {
    store?.load().await
}

/// By the names of DOM exceptions (Web IDL §2.8.1).
fn fault(error: &JsValue) -> StoreFault {
    match Reflect::get(error, &"name".into()).ok().and_then(|name| name.as_string()).as_deref() {
        Some("QuotaExceededError") => StoreFault::Full,
        // What a connection says that gave way to a newer version.
        Some("InvalidStateError") => StoreFault::Closed,
        _ => StoreFault::Refused,
    }
}

/// The conversations of one owner.
struct Store {
    database: Database,
    key: CryptoKey,
    owner: JsValue,
}

impl Store {
    async fn of(owner: &str) -> Result<Self, JsValue> {
        let (database, device) = shelf().ok_or(JsValue::NULL)?;
        let known = ORDERS.with_borrow(|orders| orders.key.clone());
        let key = match known {
            Some((of, key)) if of == owner => key,
            _ => {
                let key = cipher_key(&device, ["history ", owner].concat().as_bytes()).await?;
                ORDERS.with_borrow_mut(|orders| orders.key = Some((owner.to_owned(), key.clone())));
                key
            }
        };
        Ok(Self { database, key, owner: owner_name(owner) })
    }

    /// The key of a conversation: no other owner's has the same, even for the same id.
    fn name(&self, id: &str) -> Array {
        Array::of2(&self.owner, &name(id.as_bytes()))
    }

    async fn load(&self) -> Result<(Vec<Vec<u8>>, bool), JsValue> {
        self.opened(SUMMARIES, &Array::of1(&self.owner)).await
    }

    async fn read(&self, id: &str) -> Result<Option<(Vec<u8>, Vec<Tail>)>, JsValue> {
        let name = self.name(id);
        let (mut read, mut tails) = (None, vec![]);
        for store in [CONVERSATIONS, TAILS] {
            for plain in self.opened(store, &name).await?.0 {
                if store == TAILS {
                    tails.extend(Tail::from_bytes(&plain));
                } else {
                    read = Some(plain);
                }
            }
        }
        Ok(read.map(|read| (read, tails)))
    }

    /// What is under the keys that begin so, in their order; and whether [`KEEP`] is among it.
    async fn opened(&self, store: &str, begin: &Array) -> Result<(Vec<Vec<u8>>, bool), JsValue> {
        let (mut opened, mut keep) = (vec![], false);
        for entry in self.database.values(store, &range(begin)?).await? {
            if entry.is_object() {
                // What cannot be opened was sealed by another key.
                opened.extend(unseal(&self.key, &entry).await.ok());
            } else {
                keep = entry.is_truthy();
            }
        }
        Ok((opened, keep))
    }

    async fn write(&self, order: &Order) -> Result<(), JsValue> {
        let (mut changes, mut to_seal) = (vec![], vec![]);
        let bytes;
        match order {
            Order::Save { id, summary, saved } => {
                let name = self.name(id);
                changes.push(Change::Delete { store: TAILS, key: range(&name)? });
                to_seal.extend([(SUMMARIES, name.clone(), summary.as_slice()), (CONVERSATIONS, name, saved)]);
            }
            Order::Append { id, tail } => {
                // Greater than any before, also those of an earlier load of the page.
                let number = ORDERS.with_borrow_mut(|orders| {
                    orders.last = js_sys::Date::now().max(orders.last + 1.0);
                    orders.last
                });
                let key = self.name(id);
                key.push(&number.into());
                bytes = tail.to_bytes();
                to_seal.push((TAILS, key, bytes.as_slice()));
            }
            Order::Delete { id } => {
                // Of summary and conversation, the range is the key itself and what begins with it, which is nothing.
                let range = range(&self.name(id))?;
                changes.extend(STORES.map(|store| Change::Delete { store, key: range.clone() }));
            }
            Order::Keep(keep) => {
                let key = Array::of2(&self.owner, &KEEP.into()).into();
                changes.push(Change::Put { store: SUMMARIES, key, value: (*keep).into() });
            }
            Order::Load | Order::Read { .. } | Order::Wipe { .. } => {}
        }
        for (store, key, plain) in to_seal {
            changes.push(Change::Put { store, key: key.into(), value: seal(&self.key, plain).await? });
        }
        // If everything was wiped meanwhile, there is nothing to be changed any more.
        if ORDERS.with_borrow(|orders| orders.is_wiped) {
            return Ok(());
        }
        JsFuture::from(self.database.change(&changes)?).await.map(drop)
    }
}
