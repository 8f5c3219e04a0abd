//! The history's store: conversations in IndexedDB, each encrypted with its owner's key in this browser.
//!
//! The key is derived from the browser's half, which no script can read, and the owner's name. Keys in the database are hashes. Those of one owner are
//! next to each other: `[owner]` for all, `[owner, conversation]`, and for tails `[owner, conversation, number]`.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use web_sys::BroadcastChannel;

use super::database::{Change, DatabaseError, range};
use super::store::{CONVERSATIONS, Opened, SUMMARIES, Store, TAILS, bytes, name, seal_all, unsealed};
use crate::core::history::{Input, Order, Reply, StoreFault, Tail};

/// The channel on which tabs announce changes to each other.
const CHANNEL: &str = "signet-history";
/// The key, among the summaries, of the flag that keeps the conversations after sign-out.
const KEEP: &str = "keep";

const STORES: [&str; 3] = [SUMMARIES, CONVERSATIONS, TAILS];

/// Carries out the history's orders. Clones share their queue.
#[derive(Clone)]
pub struct History(Rc<Inner>);

struct Inner {
    store: Store,
    /// Receives the replies, and the news from other tabs.
    deliver: Box<dyn Fn(Input)>,
    orders: RefCell<Orders>,
}

#[derive(Default)]
struct Orders {
    /// The queued orders, each with its owner.
    waiting: Vec<(String, Order)>,
    /// The owner of the order that is being carried out.
    current: Option<String>,
    /// Whether everything that this owner has was deleted since the order began.
    is_wiped: bool,
    /// The newest deletion of everything that an owner has; no other order may run beside it.
    wiping: Option<Promise>,
    /// The number of the last tail.
    last_tail: f64,
    channel: Option<Channel>,
    /// Resolved when every order has been carried out.
    listeners: Vec<Function>,
}

struct Channel {
    channel: BroadcastChannel,
    _listener: EventListener,
}

impl History {
    /// A history in this store. `deliver` receives the replies to its orders and the news of changes by other tabs.
    pub fn new(store: Store, deliver: impl Fn(Input) + 'static) -> Self {
        Self(Rc::new(Inner { store, deliver: Box::new(deliver), orders: RefCell::default() }))
    }

    /// Carries an order out after those before it. But an [`Order::Wipe`] that the person wants runs ahead of queued orders: the deletion is
    /// committed when this returns.
    pub fn carry_out(&self, owner: String, order: Order) {
        if matches!(order, Order::Wipe { is_wanted: true }) {
            return self.wipe(&owner);
        }
        if matches!(order, Order::Load) {
            self.listen();
        }
        {
            let waiting = &mut self.0.orders.borrow_mut().waiting;
            match (&order, waiting.last_mut()) {
                // Text that arrived during a write is written in one go.
                (Order::Append { id, tail }, Some((last_owner, Order::Append { id: last_id, tail: last })))
                    if *last_owner == owner
                        && last_id == id
                        && (last.turn, last.answer, last.part) == (tail.turn, tail.answer, tail.part) =>
                {
                    last.text.push_str(&tail.text);
                }
                _ => waiting.push((owner, order)),
            }
        }
        self.work();
    }

    /// Waits until every order has been carried out.
    pub async fn settled(&self) {
        let settled = Promise::new(&mut |resolve, _| self.0.orders.borrow_mut().listeners.push(resolve));
        self.work();
        // This promise is never rejected.
        let _ = JsFuture::from(settled).await;
        self.wiped().await;
    }

    /// Waits for the newest deletion.
    async fn wiped(&self) {
        let wiping = self.0.orders.borrow().wiping.clone();
        if let Some(wiping) = wiping {
            let _ = JsFuture::from(wiping).await;
        }
    }

    fn work(&self) {
        if self.0.orders.borrow().current.is_some() {
            return;
        }
        let history = self.clone();
        spawn_local(async move {
            // Another task may have begun before this one ran.
            while let Some((owner, order)) = history.next() {
                let carried = history.carry(&owner, &order).await;
                history.0.orders.borrow_mut().current = None;
                if let Some(reply) = history.reply(&owner, order, carried) {
                    (history.0.deliver)(Input::Stored(owner, reply));
                }
            }
        });
    }

    fn next(&self) -> Option<(String, Order)> {
        let mut orders = self.0.orders.borrow_mut();
        if orders.current.is_some() {
            return None;
        }
        if orders.waiting.is_empty() {
            for resolve in std::mem::take(&mut orders.listeners) {
                // A promise's own function cannot fail, and runs nothing at once.
                let _ = resolve.call0(&JsValue::UNDEFINED);
            }
            return None;
        }
        let next = orders.waiting.remove(0);
        (orders.current, orders.is_wiped) = (Some(next.0.clone()), false);
        Some(next)
    }

    /// Deletes everything that an owner has, and drops the owner's queued orders.
    fn wipe(&self, owner: &str) {
        let store = self.0.store.clone();
        let mine = owner_name(owner);
        let delete = move |opened: &Opened| opened.database.change(&deleted(&range(&Array::of1(&mine))?));
        let at_once = store.opened().and_then(|opened| {
            opened.forget_owner_key();
            delete(&opened)
        });
        let mut orders = self.0.orders.borrow_mut();
        orders.waiting.retain(|(other, _)| other != owner);
        orders.is_wiped |= orders.current.as_deref() == Some(owner);
        let earlier = orders.wiping.take();
        orders.wiping = Some(future_to_promise(async move {
            let mut outcome = match at_once {
                Ok(deletion) => deletion.await,
                Err(error) => Err(error),
            };
            if outcome == Err(DatabaseError::Lost) {
                outcome = store.run(async |opened| delete(opened)?.await).await;
            }
            // If nothing can be stored, there is nothing to delete.
            if outcome.is_err() && store.opened().is_ok() {
                web_sys::console::warn_1(&"The conversations could not be deleted.".into());
            }
            if let Some(earlier) = earlier {
                JsFuture::from(earlier).await?;
            }
            Ok(JsValue::UNDEFINED)
        }));
        drop(orders);
        self.announce();
    }

    /// Announces a change to the other tabs.
    fn announce(&self) {
        if let Some(Channel { channel, .. }) = &self.0.orders.borrow().channel {
            // Fails only on a closed channel.
            let _ = channel.post_message(&JsValue::NULL);
        }
    }

    /// Listens to the other tabs. Only the first call has an effect.
    fn listen(&self) {
        let mut orders = self.0.orders.borrow_mut();
        if orders.channel.is_some() {
            return;
        }
        // Without a channel, each tab shows only its own changes.
        let Ok(channel) = BroadcastChannel::new(CHANNEL) else { return };
        let history = Rc::downgrade(&self.0);
        let listener = EventListener::new(&channel, "message", move |_| {
            if let Some(history) = history.upgrade() {
                (history.deliver)(Input::ChangedElsewhere);
            }
        });
        orders.channel = Some(Channel { channel, _listener: listener });
    }

    async fn carry(&self, owner: &str, order: &Order) -> Result<Carried, DatabaseError> {
        // A deletion that found the connection lost is still pending. It must not delete what this order stores.
        self.wiped().await;
        self.0
            .store
            .run(async |opened| {
                let key = opened.owner_key(owner).await?;
                let Plan { reads, mut changes } = self.plan(&owner_name(owner), order)?;
                let mut carried = Carried::default();
                for (store, range) in reads {
                    let (plain, keep) = unsealed(&opened.database, &key, store, &range).await?;
                    carried.plain.push(plain);
                    carried.keep |= keep;
                }
                seal_all(&key, &mut changes).await?;
                // If everything was deleted meanwhile, there is nothing left to change.
                if !changes.is_empty() && !self.0.orders.borrow().is_wiped {
                    opened.database.change(&changes)?.await?;
                }
                Ok(carried)
            })
            .await
    }

    /// The key of a conversation begins with its owner's name, so no two owners share one, even with the same id.
    fn plan(&self, owner: &JsValue, order: &Order) -> Result<Plan, DatabaseError> {
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
                // Greater than any number before, including those from earlier loads of the page.
                let mut orders = self.0.orders.borrow_mut();
                orders.last_tail = js_sys::Date::now().max(orders.last_tail + 1.0);
                let key = key(id);
                key.push(&orders.last_tail.into());
                plan.changes.push(Change { store: TAILS, key: key.into(), value: bytes(&tail.to_bytes()) });
            }
            // Of the summary and the conversation, this range holds exactly one key.
            Order::Delete { id } => plan.changes.extend(deleted(&range(&key(id))?)),
            Order::Keep(keep) => {
                let key = Array::of2(owner, &KEEP.into()).into();
                plan.changes.push(Change { store: SUMMARIES, key, value: (*keep).into() });
            }
        }
        Ok(plan)
    }

    /// The reply to an order that was carried out or failed.
    fn reply(&self, owner: &str, order: Order, carried: Result<Carried, DatabaseError>) -> Option<Reply> {
        let carried = carried.map_err(fault);
        Some(match (order, carried) {
            (Order::Load, Ok(Carried { plain, keep })) => Reply::Loaded(Ok((plain.concat(), keep))),
            (Order::Load, Err(fault)) => Reply::Loaded(Err(fault)),
            (Order::Read { job, .. }, carried) => Reply::Read { job, found: carried.ok().and_then(found) },
            (Order::Wipe { .. }, carried) => {
                // Conversations are deleted unless the flag to keep them was read, so that none stays by accident.
                if !carried.is_ok_and(|carried| carried.keep) {
                    self.wipe(owner);
                }
                return None;
            }
            (Order::Append { .. }, Ok(_)) => return None,
            (order, Ok(_)) => {
                self.announce();
                Reply::Done { saved: if let Order::Save { id, .. } = order { Some(id) } else { None } }
            }
            (Order::Save { id, saved, .. }, Err(fault)) => Reply::NotSaved { id, saved, fault },
            (_, Err(fault)) => Reply::Failed(fault),
        })
    }
}

fn owner_name(owner: &str) -> JsValue {
    name(["history ", owner].concat().as_bytes())
}

/// What an order read: for each store, the values in the order of their keys; and whether [`KEEP`] was set.
#[derive(Default)]
struct Carried {
    plain: Vec<Vec<Vec<u8>>>,
    keep: bool,
}

/// The reads of an order, and the changes that follow.
#[derive(Default)]
struct Plan {
    reads: Vec<(&'static str, JsValue)>,
    changes: Vec<Change>,
}

/// Deletes a range from each store.
fn deleted(range: &JsValue) -> [Change; 3] {
    STORES.map(|store| Change { store, key: range.clone(), value: JsValue::UNDEFINED })
}

/// A conversation and its tail.
fn found(Carried { plain, .. }: Carried) -> Option<(Vec<u8>, Vec<Tail>)> {
    let mut plain = plain.into_iter();
    let saved = plain.next()?.pop()?;
    Some((saved, plain.flatten().filter_map(|tail| Tail::from_bytes(&tail)).collect()))
}

fn fault(error: DatabaseError) -> StoreFault {
    match error {
        DatabaseError::Full => StoreFault::Full,
        DatabaseError::Superseded => StoreFault::Closed,
        DatabaseError::Lost | DatabaseError::Refused => StoreFault::Refused,
    }
}
