//! The worker's edge: carries the core's effects out. Fetch, store, clock and randomness live here and nowhere else.

mod database;
mod fetch;
mod store;

pub use fetch::send;
pub use store::{forget, open, save};

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, DedicatedWorkerGlobalScope, MessageEvent};

use crate::app::{App, Effect, Input, RequestId, Streamed};
use crate::cognito::{Entropy, Ephemeral};
use crate::config::{Config, ConfigError};
use crate::http::{Head, Request};
use crate::protocol::{Intent, View, decode, encode};
use crate::secret::Secret;
use crate::time::UnixMillis;

/// The configuration's file, beside the worker's script.
const CONFIG: &str = "config.json";
/// How the page is told that the worker cannot go on; `boot.js` knows it too.
const STOPPED: &str = "stopped";

#[derive(Default)]
struct Worker {
    /// There once the configuration is read.
    app: Option<App>,
    /// Whether the page has said that it is there, and the store was read.
    restored: bool,
    /// What the page sent before; in order.
    early: Vec<Message>,
    /// For the first sign-in.
    ephemeral: Option<Ephemeral>,
    /// Requests that can be ended.
    aborts: HashMap<u32, AbortController>,
}

struct Message {
    intent: Intent,
    /// What was filled in.
    values: Vec<Secret>,
}

thread_local! {
    static WORKER: RefCell<Worker> = RefCell::default();
}

/// Listens to the page and reads the configuration.
pub fn start() {
    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
        post(&STOPPED.into());
    }));
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        if let Some(message) = read(&event.data()) {
            take(message);
        }
    });
    scope().set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    spawn_local(async {
        match configure().await {
            Ok(config) => {
                let early = WORKER.with_borrow_mut(|worker| {
                    worker.app = Some(App::new(config));
                    std::mem::take(&mut worker.early)
                });
                early.into_iter().for_each(take);
            }
            Err(problem) => show(&[View::Misconfigured { problem }]),
        }
    });
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

fn now() -> UnixMillis {
    #[allow(clippy::cast_possible_truncation)] // Whole milliseconds, far below 2⁵³.
    UnixMillis(js_sys::Date::now() as i64)
}

fn random<const N: usize>() -> Result<[u8; N], JsValue> {
    let mut bytes = [0; N];
    scope().crypto()?.get_random_values_with_u8_array(&mut bytes)?;
    Ok(bytes)
}

/// A fresh pair for one sign-in; `None` where the browser has no randomness.
fn ephemeral() -> Option<Ephemeral> {
    Ephemeral::new(&Entropy(random().ok()?)).ok()
}

/// An intent as the page posts it: its bytes, then what was filled in.
fn read(data: &JsValue) -> Option<Message> {
    let parts = data.dyn_ref::<Array>()?;
    let intent = decode(&parts.get(0).dyn_into::<Uint8Array>().ok()?.to_vec())?;
    let values = parts.iter().skip(1).map(|value| Secret::new(value.as_string().unwrap_or_default())).collect();
    Some(Message { intent, values })
}

fn post(message: &JsValue) {
    // Fails only for what cannot be cloned; these can.
    let _ = scope().post_message(message);
}

fn show(views: &[View]) {
    if !views.is_empty() {
        post(&Uint8Array::from(encode(&views).as_slice()));
    }
}

async fn configure() -> Result<Config, String> {
    let request = Request { method: "GET", url: address_of(CONFIG), headers: vec![], body: vec![] };
    let response = fetch::send(&request)
        .await
        .map_err(|_| format!("{CONFIG} could not be loaded: nothing answers at {}.", request.url))?;
    if !response.head.is_success() {
        return Err(format!(
            "{CONFIG} could not be loaded: the server answered {} for {}.",
            response.head.status, request.url
        ));
    }
    Config::from_json(&response.body).map_err(|error: ConfigError| format!("{CONFIG}: {error}."))
}

/// The absolute address of a file beside the worker's script.
fn address_of(file: &str) -> String {
    let script = scope().location().href();
    let folder = script.rfind('/').map_or("", |end| &script[..=end]);
    format!("{folder}{file}")
}

fn take(message: Message) {
    let ready = WORKER.with_borrow_mut(|worker| {
        let ready = worker.app.is_some() && (worker.restored || matches!(message.intent, Intent::Start { .. }));
        if ready {
            Some(message)
        } else {
            worker.early.push(message);
            None
        }
    });
    let Some(Message { intent, mut values }) = ready else { return };
    match intent {
        Intent::Start { tab } => spawn_local(async move {
            let record = store::open(tab).await;
            if record.is_none() {
                // While the person types: a third of what SRP takes.
                let ephemeral = ephemeral();
                WORKER.with_borrow_mut(|worker| worker.ephemeral = ephemeral);
            }
            deliver(Input::Restored(record));
            let early = WORKER.with_borrow_mut(|worker| {
                worker.restored = true;
                std::mem::take(&mut worker.early)
            });
            early.into_iter().for_each(take);
        }),
        Intent::Submit { .. } => match WORKER.with_borrow_mut(|worker| worker.ephemeral.take()).or_else(ephemeral) {
            Some(ephemeral) => {
                let password = values.pop().unwrap_or_else(|| Secret::new(String::new()));
                let username = values.pop().map(|name| name.expose().trim().to_owned()).unwrap_or_default();
                deliver(Input::SignIn { username, password, ephemeral });
            }
            None => post(&STOPPED.into()),
        },
        intent => deliver(Input::Intent(intent)),
    }
}

/// Steps the core and carries out what it asks for.
fn deliver(input: Input) {
    let effects =
        WORKER.with_borrow_mut(|worker| worker.app.as_mut().map(|app| app.step(now(), input)).unwrap_or_default());
    let mut views = vec![];
    for effect in effects {
        match effect {
            Effect::Show(view) => views.push(view),
            Effect::Send(id, request) => spawn_local(async move {
                let reply = fetch::send(&request).await;
                if let Some(id) = id {
                    deliver(Input::Replied(id, reply));
                }
            }),
            Effect::Stream(id, request) => stream(id, request),
            Effect::Abort(id) => {
                if let Some(controller) = WORKER.with_borrow_mut(|worker| worker.aborts.remove(&id.number())) {
                    controller.abort();
                }
            }
            Effect::Save(record) => store::save(record),
            Effect::Forget => store::forget(),
        }
    }
    show(&views);
}

fn stream(id: RequestId, request: Request) {
    let Ok(controller) = AbortController::new() else { return post(&STOPPED.into()) };
    let signal = controller.signal();
    WORKER.with_borrow_mut(|worker| worker.aborts.insert(id.number(), controller));
    spawn_local(async move {
        let last = match fetch::stream(&request, &signal, |part| deliver(Input::Streamed(id, part))).await {
            Ok(()) => Streamed::End,
            Err(no_answer) => Streamed::NoAnswer(no_answer),
        };
        WORKER.with_borrow_mut(|worker| worker.aborts.remove(&id.number()));
        deliver(Input::Streamed(id, last));
    });
}

/// What both kinds of request read of an answer.
fn head(response: &web_sys::Response) -> Head {
    let header = |name| response.headers().get(name).ok().flatten();
    Head {
        status: response.status(),
        request_id: header("x-amzn-requestid"),
        error_type: header("x-amzn-errortype"),
        retry_after: header("retry-after").and_then(|seconds| seconds.trim().parse().ok()),
    }
}
