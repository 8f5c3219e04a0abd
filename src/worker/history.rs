//! The history's store: conversations in IndexedDB, each sealed under a key of its owner's in this browser.
//!
//! The cipher's key is derived from the browser's half, which no script can read out, and the owner's name. Keys in the database are hashes, those
//! of one owner beside each other: `[owner]` in all, `[owner, conversation]`, and for tails `[owner, conversation, number]`.

use std::cell::RefCell;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{BroadcastChannel, CryptoKey};

use super::database::{Change, range};
use super::store::{CONVERSATIONS, SUMMARIES, TAILS, bytes, cipher_key, name, opened, seal_all, shelf};
use crate::core::history::{Input, Order, Reply, StoreFault, Tail};

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
    /// Of the last owner: text that comes is stored without waiting for its key to be derived.
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
                if *last_owner == owner
                    && last_id == id
                    && (last.turn, last.answer, last.part) == (tail.turn, tail.answer, tail.part) =>
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
            let carried = carry(&owner, &order).await;
            ORDERS.with_borrow_mut(|orders| orders.current = None);
            if let Some(reply) = reply(&owner, order, carried) {
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
            .and_then(|mine| database.change(&deleted(&mine)))
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

/// What an order brought: of each store that it reads, what was under the keys, in their order; and whether [`KEEP`] was among it.
#[derive(Default)]
struct Carried {
    opened: Vec<Vec<Vec<u8>>>,
    keep: bool,
}

async fn carry(owner: &str, order: &Order) -> Result<Carried, JsValue> {
    let (database, device) = shelf().ok_or(JsValue::NULL)?;
    let known = ORDERS.with_borrow(|orders| orders.key.clone());
    let key = match known {
        Some((of, key)) if of == owner => key,
        _ => cipher_key(&device, ["history ", owner].concat().as_bytes()).await?,
    };
    ORDERS.with_borrow_mut(|orders| orders.key = Some((owner.to_owned(), key.clone())));
    let Plan { reads, mut changes } = plan(&owner_name(owner), order)?;
    let mut carried = Carried::default();
    for (store, range) in reads {
        let (opened, keep) = opened(&database, &key, store, &range).await?;
        carried.opened.push(opened);
        carried.keep |= keep;
    }
    seal_all(&key, &mut changes).await?;
    // If everything was wiped meanwhile, there is nothing to be changed any more.
    if !changes.is_empty() && !ORDERS.with_borrow(|orders| orders.is_wiped) {
        JsFuture::from(database.change(&changes)?).await?;
    }
    Ok(carried)
}

/// What an order reads, and what it changes then.
#[derive(Default)]
struct Plan {
    reads: Vec<(&'static str, JsValue)>,
    changes: Vec<Change>,
}

/// The key of a conversation holds its owner's name: no other owner's has the same, even for the same id.
fn plan(owner: &JsValue, order: &Order) -> Result<Plan, JsValue> {
    let key = |id: &str| Array::of2(owner, &name(id.as_bytes()));
    let mut plan = Plan::default();
    match order {
        Order::Load | Order::Wipe { .. } => plan.reads.push((SUMMARIES, range(&Array::of1(owner))?)),
        Order::Read { id, .. } => {
            let range = range(&key(id))?;
            plan.reads.extend([(CONVERSATIONS, range.clone()), (TAILS, range)]);
        }
        Order::Save { id, summary, saved } => {
            let key = key(id);
            plan.changes.push(Change { store: TAILS, key: range(&key)?, value: JsValue::UNDEFINED });
            for (store, plain) in [(SUMMARIES, summary), (CONVERSATIONS, saved)] {
                plan.changes.push(Change { store, key: key.clone().into(), value: bytes(plain) });
            }
        }
        Order::Append { id, tail } => {
            // Greater than any before, also those of an earlier load of the page.
            let number = ORDERS.with_borrow_mut(|orders| {
                orders.last = js_sys::Date::now().max(orders.last + 1.0);
                orders.last
            });
            let key = key(id);
            key.push(&number.into());
            plan.changes.push(Change { store: TAILS, key: key.into(), value: bytes(&tail.to_bytes()) });
        }
        // Of summary and conversation, the range is the key itself and what begins with it, which is nothing.
        Order::Delete { id } => plan.changes.extend(deleted(&range(&key(id))?)),
        Order::Keep(keep) => {
            let key = Array::of2(owner, &KEEP.into()).into();
            plan.changes.push(Change { store: SUMMARIES, key, value: (*keep).into() });
        }
    }
    Ok(plan)
}

/// What is in a range, in each store.
fn deleted(range: &JsValue) -> [Change; 3] {
    STORES.map(|store| Change { store, key: range.clone(), value: JsValue::UNDEFINED })
}

/// What is to be said of an order that was carried out, or was not.
fn reply(owner: &str, order: Order, carried: Result<Carried, JsValue>) -> Option<Reply> {
    let carried = carried.map_err(|error| fault(&error));
    Some(match (order, carried) {
        (Order::Load, Ok(Carried { opened, keep })) => Reply::Loaded(Ok((opened.concat(), keep))),
        (Order::Load, Err(fault)) => Reply::Loaded(Err(fault)),
        (Order::Read { job, .. }, carried) => Reply::Read { job, found: carried.ok().and_then(found) },
        (Order::Wipe { .. }, carried) => {
            // Where it cannot be read whether they are to be kept, they are deleted: nobody's words stay by accident.
            if !carried.is_ok_and(|carried| carried.keep) {
                wipe(owner);
            }
            return None;
        }
        (Order::Append { .. }, Ok(_)) => return None,
        (order, Ok(_)) => {
            changed();
            Reply::Done { saved: if let Order::Save { id, .. } = order { Some(id) } else { None } }
        }
        (Order::Save { id, saved, .. }, Err(fault)) => Reply::NotSaved { id, saved, fault },
        (_, Err(fault)) => Reply::Failed(fault),
    })
}

/// A conversation and its tail.
fn found(Carried { opened, .. }: Carried) -> Option<(Vec<u8>, Vec<Tail>)> {
    let mut opened = opened.into_iter();
    let saved = opened.next()?.pop()?;
    Some((saved, opened.flatten().filter_map(|plain| Tail::from_bytes(&plain)).collect()))
}

/// By the names of DOM exceptions (Web IDL §2.8.1), or of the one that the target of an event has.
fn fault(error: &JsValue) -> StoreFault {
    let get = |of: &JsValue, name: &str| Reflect::get(of, &name.into()).unwrap_or_default();
    let told = get(&get(error, "target"), "error");
    match get(if told.is_object() { &told } else { error }, "name").as_string().as_deref() {
        Some("QuotaExceededError") => StoreFault::Full,
        // What a connection says that gave way to a newer version.
        Some("InvalidStateError") => StoreFault::Closed,
        _ => StoreFault::Refused,
    }
}
