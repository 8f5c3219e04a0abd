//! The Chrome DevTools Protocol, for what WebDriver cannot see: the page's memory, its worker, everything the console was told.
//! Chromium only. <https://chromedevtools.github.io/devtools-protocol/>

use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, protocol::WebSocketConfig},
};

use crate::{Browser, Error};

impl Browser {
    /// One command of the DevTools protocol to the page, through chromedriver.
    pub async fn cdp(&self, method: &str, params: Json) -> Result<Json, Error> {
        self.command("goog/cdp/execute", json!({ "cmd": method, "params": params })).await
    }

    /// A DevTools connection of the test's own to the page, beside chromedriver's.
    pub async fn devtools(&self) -> Result<Devtools, Error> {
        let failed = |why: String| Error::Devtools { method: "connection".to_owned(), why };
        let address = self
            .client()
            .capabilities()
            .and_then(|all| all.get("goog:chromeOptions")?.get("debuggerAddress")?.as_str().map(str::to_owned))
            .ok_or_else(|| failed("the browser names no debuggerAddress; only Chromium has one".to_owned()))?;
        let target = self.cdp("Target.getTargetInfo", json!({})).await?;
        let target = target["targetInfo"]["targetId"].as_str().unwrap_or_default();
        // A console message or a heap's strings may be long, and the sender is our own browser.
        let limits = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let url = format!("ws://{address}/devtools/page/{target}");
        let (socket, _) = tokio_tungstenite::connect_async_with_config(url, Some(limits), false)
            .await
            .map_err(|error| failed(error.to_string()))?;
        Ok(Devtools { socket, last_id: 0, events: Vec::new() })
    }
}

/// A DevTools connection to one page.
#[derive(Debug)]
pub struct Devtools {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_id: u64,
    events: Vec<Event>,
}

/// Something the browser told unasked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    method: String,
    #[serde(default)]
    params: Json,
    #[serde(default)]
    session_id: Option<String>,
}

impl Devtools {
    /// Sends a command and waits for its result. `session` is a worker's, or none for the page itself.
    pub async fn call(&mut self, session: Option<&str>, method: &str, params: Json) -> Result<Json, Error> {
        let failed = |why: String| Error::Devtools { method: method.to_owned(), why };
        self.last_id += 1;
        let mut command = json!({ "id": self.last_id, "method": method, "params": params });
        if let Some(session) = session {
            command["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(command.to_string())).await.map_err(|error| failed(error.to_string()))?;
        loop {
            let message = match self.socket.next().await {
                Some(Ok(Message::Text(text))) => serde_json::from_str::<Json>(&text)?,
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(failed(error.to_string())),
                None => return Err(failed("the browser closed the connection".to_owned())),
            };
            if message["id"] != self.last_id {
                self.events.push(serde_json::from_value(message)?);
            } else if message["error"].is_null() {
                return Ok(message["result"].clone());
            } else {
                return Err(failed(message["error"]["message"].to_string()));
            }
        }
    }

    /// The sessions of the page's workers that run now.
    pub async fn workers(&mut self) -> Result<Vec<String>, Error> {
        let attach = json!({ "autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true });
        self.call(None, "Target.setAutoAttach", attach).await?;
        // Those that run are told of before the answer.
        let attached = self.events.iter().filter(|event| event.method == "Target.attachedToTarget");
        let workers = attached.filter(|event| event.params["targetInfo"]["type"] == "worker");
        Ok(workers.filter_map(|event| event.params["sessionId"].as_str().map(str::to_owned)).collect())
    }

    /// The value of a JavaScript expression in a worker, or in the page. An exception is an error.
    pub async fn evaluate(&mut self, session: Option<&str>, expression: &str) -> Result<Json, Error> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call(session, "Runtime.evaluate", params).await?;
        if answer["exceptionDetails"].is_null() {
            Ok(answer["result"]["value"].take())
        } else {
            let why = answer["exceptionDetails"]["exception"]["description"].to_string();
            Err(Error::Devtools { method: "Runtime.evaluate".to_owned(), why })
        }
    }

    /// Everything the page's and its workers' consoles were told since the page began, and what they threw: one JSON text each.
    pub async fn console(&mut self) -> Result<Vec<String>, Error> {
        let workers = self.workers().await?;
        for session in std::iter::once(None).chain(workers.iter().map(|worker| Some(worker.as_str()))) {
            // What was said before this is told again.
            self.call(session, "Runtime.enable", json!({})).await?;
            self.call(session, "Log.enable", json!({})).await?;
        }
        let told = ["Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"];
        let heard = self.events.iter().filter(|event| told.contains(&event.method.as_str()));
        Ok(heard
            .map(|event| format!("{} {}", event.session_id.as_deref().map_or("page", |_| "worker"), event.params))
            .collect())
    }

    /// From now on every request of the page and its workers is kept, for [`Devtools::requests`].
    pub async fn watch_requests(&mut self) -> Result<(), Error> {
        let workers = self.workers().await?;
        for session in std::iter::once(None).chain(workers.iter().map(|worker| Some(worker.as_str()))) {
            self.call(session, "Network.enable", json!({})).await?;
        }
        self.events.clear();
        Ok(())
    }

    /// What was asked for since [`Devtools::watch_requests`] or since this was asked last: the addresses, and the kind and address of each frame
    /// or worker that came meanwhile.
    pub async fn requests(&mut self) -> Result<Vec<String>, Error> {
        // What the browser has told already is read before the answer to this.
        self.evaluate(None, "1").await?;
        let told = self.events.drain(..).filter_map(|event| {
            let text = |path: &str| event.params.pointer(path).and_then(Json::as_str).unwrap_or_default().to_owned();
            match event.method.as_str() {
                "Network.requestWillBeSent" => Some(text("/request/url")),
                "Network.webSocketCreated" | "Network.webTransportCreated" => Some(text("/url")),
                "Target.attachedToTarget" => Some(text("/targetInfo/type") + " " + &text("/targetInfo/url")),
                _ => None,
            }
        });
        Ok(told.collect())
    }

    /// Every string in the page's JavaScript heap after a garbage collection, each once. The workers' heaps are not in it.
    pub async fn heap_strings(&mut self) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Snapshot {
            strings: Vec<String>,
        }
        self.call(None, "HeapProfiler.enable", json!({})).await?;
        self.call(None, "HeapProfiler.collectGarbage", json!({})).await?;
        self.events.clear();
        self.call(None, "HeapProfiler.takeHeapSnapshot", json!({ "reportProgress": false })).await?;
        let snapshot: String = self
            .events
            .drain(..)
            .filter(|event| event.method == "HeapProfiler.addHeapSnapshotChunk")
            .fold(String::new(), |mut whole, event| {
                whole.push_str(event.params["chunk"].as_str().unwrap_or_default());
                whole
            });
        Ok(serde_json::from_str::<Snapshot>(&snapshot)?.strings)
    }
}
