//! Carries out the core's effects. Fetch, storage, timers, clock and randomness are here and nowhere else.

mod database;
mod fetch;
mod history;
mod locale;
mod store;

pub use fetch::{send, stream};
pub use history::History;
pub use store::Store;

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::PanicHookInfo;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, DedicatedWorkerGlobalScope, MessageEvent};

use crate::core::app::{App, Effect, Input, RequestId, Timer};
use crate::core::config::{Config, ConfigError};
use crate::core::session::Memory;
use crate::core::words::{config, setup as words};
use crate::panics;
use crate::protocol::{Errand, FormId, Intent, TabHalf, View, decode, encode};
use signet_cognito::Secret;
use signet_cognito::UnixMillis;
use signet_cognito::http::{Request, Response};

/// The configuration file, beside the worker's script, and Amplify's files, which are read if it is missing.
/// `public/worker_boot.js` names the first one too.
const CONFIG: [&str; 4] = ["config.json", "amplify_outputs.json", "amplifyconfiguration.json", "aws-exports.js"];

struct Worker {
    store: Store,
    history: History,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// The core; `None` until the configuration has been read.
    app: Option<App>,
    /// Whether the page has started and the store has been read.
    is_restored: bool,
    /// The page's messages before that, in order.
    early: Vec<Message>,
    /// The streamed requests under way, by number: one or two at a time.
    aborts: HashMap<u32, AbortController>,
    /// The timer of the newest alarm. It replaces any earlier one, because only one answer is under way.
    alarm: Option<Timeout>,
}

struct Message {
    intent: Intent,
    /// The values that the person filled in, in the order of the fields.
    values: Vec<Secret>,
}

/// Listens to the page and reads the configuration.
pub fn start() {
    std::panic::set_hook(Box::new(report));
    let worker = Rc::new_cyclic(|worker: &Weak<Worker>| {
        let (store, worker) = (Store::default(), worker.clone());
        let history = History::new(store.clone(), move |input| {
            if let Some(worker) = worker.upgrade() {
                worker.deliver(Input::History(input));
            }
        });
        Worker { store, history, state: RefCell::default() }
    });
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new({
        let worker = worker.clone();
        move |event: MessageEvent| {
            if let Some(message) = read(&event.data()) {
                worker.take(message);
            }
        }
    });
    // Replaces the handler of `worker_boot.js`.
    scope().set_onmessage(Some(on_message.into_js_value().unchecked_ref()));
    spawn_local(async move {
        let configured =
            configure().await.and_then(|config| Ok((config, random().map_err(|_| words::NO_RANDOMNESS.to_owned())?)));
        match configured {
            Ok((config, seed)) => {
                let early = {
                    let mut state = worker.state.borrow_mut();
                    state.app = Some(App::new(config, seed, locale::date));
                    std::mem::take(&mut state.early)
                };
                for message in early {
                    worker.take(message);
                }
            }
            Err(problem) => show(&[View::Misconfigured { problem }]),
        }
    });
}

impl Worker {
    fn take(self: &Rc<Self>, message: Message) {
        {
            let mut state = self.state.borrow_mut();
            let is_ready = state.app.is_some() && (state.is_restored || matches!(message.intent, Intent::Start { .. }));
            if !is_ready {
                return state.early.push(message);
            }
        }
        let Message { intent, values } = message;
        let Intent::Start { tab } = intent else { return self.deliver(Input::Intent(intent, values)) };
        let worker = self.clone();
        spawn_local(async move {
            let (record, memory) = worker.store.open(tab).await;
            let mut values = values.into_iter();
            let page = values.next().map(|page| page.expose().to_owned()).unwrap_or_default();
            let callback = values.next().unwrap_or_else(|| Secret::new(String::new()));
            worker.deliver(Input::Restored { record, memory: Memory::new(memory), page, callback });
            let early = {
                let mut state = worker.state.borrow_mut();
                state.is_restored = true;
                std::mem::take(&mut state.early)
            };
            for message in early {
                worker.take(message);
            }
            // Done while the person types: a third of the work of SRP.
            worker.deliver(Input::Idle);
        });
    }

    /// Steps the core and carries its effects out.
    fn deliver(self: &Rc<Self>, input: Input) {
        let effects = match &mut self.state.borrow_mut().app {
            Some(app) => app.step(now(), input),
            None => return,
        };
        let mut views = vec![];
        for effect in effects {
            match effect {
                Effect::Show(view) => views.push(view),
                Effect::Send(id, request) => {
                    let worker = self.clone();
                    spawn_local(async move {
                        let reply = fetch::send(&request).await;
                        if let Some(id) = id {
                            worker.deliver(Input::Replied(id, reply));
                        }
                    });
                }
                Effect::Stream(id, request) => self.stream(id, request),
                Effect::Abort(id) => {
                    if let Some(controller) = self.state.borrow_mut().aborts.remove(&id.number()) {
                        controller.abort();
                    }
                }
                Effect::Wait(timer, millis) => self.wait(timer, millis),
                Effect::Save(record) => self.store.save(Some(record)),
                Effect::Forget => self.store.save(None),
                Effect::Remember(name, value) => self.store.remember(name, value),
                Effect::History(owner, order) => self.history.carry_out(owner, order),
                Effect::Leave(url) => {
                    let worker = self.clone();
                    spawn_local(async move {
                        worker.history.settled().await;
                        if worker.store.written().await {
                            show(&[View::Errand(Errand::Leave { url })]);
                        } else {
                            worker.deliver(Input::NotKept);
                        }
                    });
                }
            }
        }
        if !views.is_empty() {
            show(&views);
        }
    }

    fn wait(self: &Rc<Self>, timer: Timer, millis: u32) {
        let worker = self.clone();
        // The browser reads the time as an i32. A longer one would fire at once.
        let millis = millis.min(i32::MAX as u32);
        if matches!(timer, Timer::Alarm(_)) {
            let alarm = Timeout::new(millis, move || worker.deliver(Input::Waited(timer)));
            // Dropping the earlier alarm cancels it.
            self.state.borrow_mut().alarm = Some(alarm);
        } else {
            spawn_local(async move {
                TimeoutFuture::new(millis).await;
                worker.deliver(Input::Waited(timer));
            });
        }
    }

    fn stream(self: &Rc<Self>, id: RequestId, request: Request) {
        let controller = AbortController::new().expect("every browser that runs this has AbortController");
        let signal = controller.signal();
        self.state.borrow_mut().aborts.insert(id.number(), controller);
        let worker = self.clone();
        spawn_local(async move {
            let last = fetch::stream(&request, &signal, |part| worker.deliver(Input::Streamed(id, part))).await;
            worker.state.borrow_mut().aborts.remove(&id.number());
            worker.deliver(Input::Streamed(id, last));
        });
    }
}

/// Reports a panic: in full to the console, and to the page as details that people may send to others.
fn report(panic: &PanicHookInfo<'_>) {
    web_sys::console::error_1(&panic.to_string().into());
    let stopped = Object::new();
    // Cannot fail for a new object.
    let _ = Reflect::set(&stopped, &"stopped".into(), &panics::details(panic).into());
    post(&stopped);
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

/// Reads a message from the page: an intent's bytes, or the name of one of the two intents that `public/start.js` sends before the page's code has loaded;
/// then the values beside it.
fn read(data: &JsValue) -> Option<Message> {
    let parts = data.dyn_ref::<Array>()?;
    let mut values: Vec<_> =
        parts.iter().skip(1).map(|value| Secret::new(value.as_string().unwrap_or_default())).collect();
    let first = parts.get(0);
    let intent = match first.as_string().as_deref() {
        Some("start") => Intent::Start { tab: values.pop().and_then(|half| TabHalf::from_hex(half.expose())) },
        Some("submit") => Intent::Submit { form: FormId::default() },
        Some(_) => return None,
        None => decode(&first.dyn_into::<Uint8Array>().ok()?.to_vec()).ok()?,
    };
    Some(Message { intent, values })
}

fn post(message: &JsValue) {
    // Fails only for values that cannot be cloned; these can.
    let _ = scope().post_message(message);
}

fn show(views: &[View]) {
    let bytes = encode(views).expect("no view has a sequence of unknown length");
    post(&Uint8Array::from(bytes.as_slice()));
}

async fn configure() -> Result<Config, String> {
    /// The file, or why it is missing. An error stops the search for other files.
    async fn load(file: &str) -> Result<Result<Vec<u8>, String>, String> {
        let request = Request { method: "GET", url: address_of(file), headers: vec![], body: vec![], cookies: false };
        let early = if file == CONFIG[0] { early_config() } else { None };
        let response = match early {
            Some(early) => whole(early).await,
            None => fetch::send(&request).await.ok(),
        };
        let response = response.ok_or_else(|| words::silent(file, &request.url))?;
        let (status, url) = (response.head.status, &request.url);
        let problem = words::refused(file, url, status);
        match status {
            200..=299 => Ok(Ok(response.body)),
            // S3 answers 403 for a missing file if the caller may not list the bucket.
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
        let wrong = |files: &str, error: &ConfigError| words::wrong(files, &config::problem(error));
        return match Config::extends(&text).map_err(|error| wrong(file, &error))? {
            None => Config::from_json(&text).map_err(|error| wrong(file, &error)),
            Some(base) => Config::from_json_over(&text, &load(&base).await??)
                .map_err(|error| wrong(&[file, words::WITH, &base].concat(), &error)),
        };
    }
    Err(words::missing(&missing.unwrap_or_default(), &CONFIG[1..]))
}

/// Takes the request for the configuration that `worker_boot.js` sent before the Wasm had loaded.
fn early_config() -> Option<Promise> {
    let early = Reflect::get(&scope(), &"config".into()).ok()?.dyn_into().ok()?;
    // Its response can be read once. Fails only for properties that cannot be deleted.
    let _ = Reflect::delete_property(&scope(), &"config".into());
    Some(early)
}

/// The whole response to a request; `None` if there is none or it breaks off.
async fn whole(early: Promise) -> Option<Response> {
    let response: web_sys::Response = JsFuture::from(early).await.ok()?.dyn_into().ok()?;
    fetch::read_whole(response.into()).await
}

/// The absolute address of a file beside the worker's script.
fn address_of(file: &str) -> String {
    let script = scope().location().href();
    let folder = script.rfind('/').and_then(|end| script.get(..=end)).unwrap_or_default();
    format!("{folder}{file}")
}
