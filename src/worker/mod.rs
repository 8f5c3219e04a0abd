//! The worker's edge: carries the core's effects out. Fetch, store, clock and randomness live here and nowhere else.

mod database;
mod fetch;
mod history;
mod locale;
mod store;

pub use fetch::send;
pub use history::{carry_out, settled};
pub use store::{open, remember, save, written};

use std::cell::RefCell;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{AbortController, DedicatedWorkerGlobalScope, MessageEvent};

use crate::core::app::{App, Effect, Input, RequestId, Timer};
use crate::core::config::{Config, ConfigError};
use crate::core::session::Memory;
use crate::core::words::{config, setup as words};
use crate::protocol::{Intent, View, decode, encode};
use signet_cognito::{
    Secret, UnixMillis,
    http::{Head, Request},
};

/// The configuration's file, beside the worker's script; and what Amplify writes, which are read where it is not there.
const CONFIG: [&str; 4] = ["config.json", "amplify_outputs.json", "amplifyconfiguration.json", "aws-exports.js"];
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
    /// Requests that can be ended: one or two at a time.
    aborts: Vec<(u32, AbortController)>,
    /// The timer of the newest alarm. It is for the one answer under way: that of an earlier one would say nothing, and is not kept for it.
    alarm: Option<i32>,
}

impl Worker {
    fn take_abort(&mut self, id: RequestId) -> Option<AbortController> {
        let at = self.aborts.iter().position(|(of, _)| *of == id.number())?;
        Some(self.aborts.swap_remove(at).1)
    }
}

struct Message {
    intent: Intent,
    /// What was filled in, in the order of the fields.
    values: Vec<Secret>,
}

thread_local! {
    static WORKER: RefCell<Worker> = RefCell::default();
}

/// Listens to the page and reads the configuration.
pub fn start() {
    // In a release a panic is a trap without words, which the worker's script hears of.
    #[cfg(debug_assertions)]
    std::panic::set_hook(Box::new(|info| web_sys::console::error_1(&info.to_string().into())));
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| {
        if let Some(message) = read(&event.data()) {
            take(message);
        }
    });
    scope().set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    spawn_local(async {
        let configured =
            configure().await.and_then(|config| Ok((config, random().map_err(|_| words::NO_RANDOMNESS.to_owned())?)));
        match configured {
            Ok((config, seed)) => {
                let early = WORKER.with_borrow_mut(|worker| {
                    worker.app = Some(App::new(config, seed, locale::date));
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

/// An intent as the page posts it: its bytes, then what goes beside it.
fn read(data: &JsValue) -> Option<Message> {
    let parts = data.dyn_ref::<Array>()?;
    let intent = decode(&parts.get(0).dyn_into::<Uint8Array>().ok()?.to_vec()).ok()?;
    let values = parts.iter().skip(1).map(|value| Secret::new(value.as_string().unwrap_or_default())).collect();
    Some(Message { intent, values })
}

fn post(message: &JsValue) {
    // Fails only for what cannot be cloned; these can.
    let _ = scope().post_message(message);
}

fn show(views: &[View]) {
    // Fails only for a sequence of unknown length; views have none.
    let Ok(bytes) = encode(views) else { return post(&STOPPED.into()) };
    post(&Uint8Array::from(bytes.as_slice()));
}

async fn configure() -> Result<Config, String> {
    /// The file, or why there is none; an error if nothing answers.
    async fn load(file: &str) -> Result<Result<Vec<u8>, String>, String> {
        let request = Request { method: "GET", url: address_of(file), headers: vec![], body: vec![], cookies: false };
        let response = fetch::send(&request).await.map_err(|_| words::silent(file, &request.url))?;
        let (status, url) = (response.head.status, &request.url);
        let problem = words::refused(file, url, status);
        match status {
            200..=299 => Ok(Ok(response.body)),
            // S3 answers 403 for what is not there to whoever may not list the bucket.
            403 | 404 => Ok(Err(problem)),
            _ => Err(problem),
        }
    }
    let mut missing = None;
    for file in CONFIG {
        let text = match load(file).await? {
            Ok(text) => text,
            Err(problem) => {
                missing.get_or_insert(problem);
                continue;
            }
        };
        let said = |files: &str, error: &ConfigError| words::wrong(files, &config::problem(error));
        return match Config::extends(&text).map_err(|error| said(file, &error))? {
            None => Config::from_json(&text).map_err(|error| said(file, &error)),
            Some(base) => Config::from_json_over(&text, &load(&base).await??)
                .map_err(|error| said(&[file, words::WITH, &base].concat(), &error)),
        };
    }
    Err(words::missing(&missing.unwrap_or_default(), &CONFIG[1..]))
}

/// The absolute address of a file beside the worker's script.
fn address_of(file: &str) -> String {
    let script = scope().location().href();
    let folder = script.rfind('/').and_then(|end| script.get(..=end)).unwrap_or_default();
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
    let Some(Message { intent, values }) = ready else { return };
    let Intent::Start { tab } = intent else { return deliver(Input::Intent(intent, values)) };
    spawn_local(async move {
        let (record, memory) = store::open(tab).await;
        let mut values = values.into_iter();
        let page = values.next().map(|page| page.expose().to_owned()).unwrap_or_default();
        let callback = values.next().unwrap_or_else(|| Secret::new(String::new()));
        deliver(Input::Restored { record, memory: Memory::new(memory), page, callback });
        let early = WORKER.with_borrow_mut(|worker| {
            worker.restored = true;
            std::mem::take(&mut worker.early)
        });
        early.into_iter().for_each(take);
        // While the person types: a third of what SRP takes.
        deliver(Input::Idle);
    });
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
                if let Some(controller) = WORKER.with_borrow_mut(|worker| worker.take_abort(id)) {
                    controller.abort();
                }
            }
            Effect::Wait(timer, millis) => wait(timer, millis),
            Effect::Save(record) => store::save(Some(record)),
            Effect::Forget => store::save(None),
            Effect::Remember(name, value) => store::remember(name, value),
            Effect::History(owner, order) => {
                history::carry_out(owner, order, |input| deliver(Input::History(input)));
            }
            Effect::Leave(url) => spawn_local(async move {
                settled().await;
                if store::written().await {
                    show(&[View::Leave { url }]);
                } else {
                    deliver(Input::NotKept);
                }
            }),
        }
    }
    if !views.is_empty() {
        show(&views);
    }
}

fn wait(timer: Timer, millis: u32) {
    // Goes with the timer, whether it comes to its end or not.
    let over = Closure::<dyn Fn()>::new(move || deliver(Input::Waited(timer))).into_js_value();
    let millis = i32::try_from(millis).unwrap_or(i32::MAX);
    // Fails only in a worker that is ending.
    let set = scope().set_timeout_with_callback_and_timeout_and_arguments_0(over.unchecked_ref(), millis);
    if matches!(timer, Timer::Alarm(_))
        && let Some(old) = WORKER.with_borrow_mut(|worker| std::mem::replace(&mut worker.alarm, set.ok()))
    {
        scope().clear_timeout_with_handle(old);
    }
}

fn stream(id: RequestId, request: Request) {
    let Ok(controller) = AbortController::new() else { return post(&STOPPED.into()) };
    let signal = controller.signal();
    WORKER.with_borrow_mut(|worker| worker.aborts.push((id.number(), controller)));
    spawn_local(async move {
        let last = fetch::stream(&request, &signal, |part| deliver(Input::Streamed(id, part))).await;
        WORKER.with_borrow_mut(|worker| worker.take_abort(id));
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
