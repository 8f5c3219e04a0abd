//! Lambda's side of the Runtime API: starts the function's `bootstrap`, hands it events and streams its answers.
//!
//! As on Lambda, each process handles one invocation at a time, and another one is started if none is idle.
//! Source: AWS, "Using the Lambda runtime API for custom runtimes" and "Response streaming for custom runtimes".

use std::collections::HashMap;
use std::env::var_os;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinSet;

use crate::http::{self, Body, Cut, header, listen, serve};
use crate::process::Group;

/// The time that Lambda gives a function to start.
const INIT: Duration = Duration::from_secs(10);
/// What separates a streamed answer's prelude from its body.
const DELIMITER: [u8; 8] = [0; 8];
/// The longest prelude that is accepted, in bytes: it holds only a status and headers.
const LONGEST_PRELUDE: usize = 64 * 1024;

/// Why an invocation has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// All processes are busy, and there may be no more of them.
    #[error("Every runtime is busy. Wait for an answer to end.")]
    Busy,
    /// The bootstrap does not exist or is not executable.
    #[error("{path} does not start ({source}). Build it: cargo build -p signet-backend")]
    Start {
        /// The program.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The process ended, or reported an error, before it answered.
    #[error("The function ended before it answered; the end of its log:\n{log}")]
    Died {
        /// The last lines of its log.
        log: String,
    },
}

/// The function's processes, and what is needed to start another. Dropping it ends them all.
#[derive(Debug)]
pub(crate) struct Runtimes {
    bootstrap: PathBuf,
    environment: HashMap<String, String>,
    log: PathBuf,
    /// How long the function may take, in milliseconds.
    timeout: u64,
    /// The idle processes. A closed sender means that the process has ended.
    idle: Arc<Mutex<Vec<mpsc::Sender<Invocation>>>>,
    free: Arc<Semaphore>,
    tasks: Mutex<JoinSet<()>>,
}

#[derive(Debug)]
struct Invocation {
    id: String,
    event: Bytes,
    answer: oneshot::Sender<Answer>,
}

/// The function's answer: its head, then its body in chunks.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Head,
    /// `None` is the end. If the channel closes without it, the answer broke off.
    pub(crate) body: mpsc::Receiver<Option<Bytes>>,
}

/// The prelude of a streamed answer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Head {
    pub(crate) status_code: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) cookies: Vec<String>,
}

impl Default for Head {
    fn default() -> Self {
        let headers = HashMap::from([("content-type".to_owned(), "application/octet-stream".to_owned())]);
        Self { status_code: 200, headers, cookies: Vec::new() }
    }
}

impl Runtimes {
    /// At most `most` processes of `bootstrap`. Their output goes to the file `log`. `timeout` is in milliseconds.
    pub(crate) fn new(
        bootstrap: PathBuf,
        environment: HashMap<String, String>,
        log: PathBuf,
        timeout: u64,
        most: usize,
    ) -> Self {
        Self {
            bootstrap,
            environment,
            log,
            timeout,
            idle: Arc::default(),
            free: Arc::new(Semaphore::new(most)),
            tasks: Mutex::default(),
        }
    }

    /// Starts a process and waits until it asks for work, so that a broken bootstrap is reported at once.
    pub(crate) async fn warm(&self) -> Result<(), Error> {
        let (runtime, attached) = self.start().await?;
        attached.await.map_err(|_| self.died())?;
        lock(&self.idle).push(runtime);
        Ok(())
    }

    /// Lets the function answer an event. Returns when the head of the answer has arrived.
    pub(crate) async fn invoke(&self, id: String, event: Bytes) -> Result<Answer, Error> {
        let idle = {
            let mut idle = lock(&self.idle);
            idle.retain(|runtime| !runtime.is_closed());
            idle.pop()
        };
        let runtime = match idle {
            Some(runtime) => runtime,
            None => self.start().await?.0,
        };
        let (answer, answered) = oneshot::channel();
        runtime.send(Invocation { id, event, answer }).await.map_err(|_| self.died())?;
        answered.await.map_err(|_| self.died())
    }

    fn died(&self) -> Error {
        Error::Died { log: tail(&self.log) }
    }

    async fn start(&self) -> Result<(mpsc::Sender<Invocation>, oneshot::Receiver<()>), Error> {
        let permit = Arc::clone(&self.free).try_acquire_owned().map_err(|_| Error::Busy)?;
        let failed = |source| Error::Start { path: self.bootstrap.clone(), source };
        if !self.bootstrap.exists() {
            return Err(failed(std::io::ErrorKind::NotFound.into()));
        }
        let (listener, port) = listen(0).await.map_err(failed)?;
        let log = File::options().create(true).append(true).open(&self.log).map_err(failed)?;
        let process = Group::spawn(
            Group::command(&self.bootstrap)
                // As on Lambda, the environment is the function's own; this machine adds only where its programs and certificates are.
                .env_clear()
                .envs(
                    ["PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"]
                        .into_iter()
                        .filter_map(|name| Some((name, var_os(name)?))),
                )
                .envs(&self.environment)
                .env("AWS_LAMBDA_RUNTIME_API", format!("127.0.0.1:{port}"))
                .stdout(log.try_clone().map_err(failed)?)
                .stderr(log),
        )
        .map_err(failed)?;

        let (work, jobs) = mpsc::channel(1);
        let (attach, attached) = oneshot::channel();
        let api = Arc::new(Api {
            work: work.clone(),
            jobs: tokio::sync::Mutex::new(jobs),
            idle: Arc::clone(&self.idle),
            attach: Mutex::new(Some(attach)),
            seen: Notify::new(),
            answer: Mutex::new(None),
            timeout: self.timeout,
        });
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(supervise(process, listener, api, permit));
        Ok((work, attached))
    }
}

/// Serves one process until it ends or fails to start in time. Callers that wait for its answer then see that there will be none.
async fn supervise(mut process: Group, listener: tokio::net::TcpListener, api: Arc<Api>, permit: OwnedSemaphorePermit) {
    let server = serve(listener, {
        let api = Arc::clone(&api);
        move |request| Arc::clone(&api).handle(request)
    });
    tokio::select! {
        _ = process.exited() => {}
        () = async {
            if tokio::time::timeout(INIT, api.seen.notified()).await.is_ok() {
                std::future::pending::<()>().await;
            }
        } => {}
    }
    drop(server);
    api.jobs.lock().await.close();
    drop(lock(&api.answer).take());
    drop(permit);
}

/// The Runtime API of one process.
#[derive(Debug)]
struct Api {
    work: mpsc::Sender<Invocation>,
    jobs: tokio::sync::Mutex<mpsc::Receiver<Invocation>>,
    idle: Arc<Mutex<Vec<mpsc::Sender<Invocation>>>>,
    attach: Mutex<Option<oneshot::Sender<()>>>,
    seen: Notify,
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
    timeout: u64,
}

impl Api {
    async fn handle(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let path = request.uri().path().to_owned();
        match (request.method(), path.rsplit('/').next().unwrap_or_default()) {
            (&Method::GET, "next") => self.next().await,
            (&Method::POST, "response") => self.response(request).await,
            (&Method::POST, "error") => {
                // The error is about an invocation or about the start; either way there is no answer. The body is read to its end:
                // otherwise hyper would close the connection, and the process uses it to ask for more work.
                request.into_body().collect().await.map_err(|_| Cut)?;
                if lock(&self.answer).take().is_some() {
                    lock(&self.idle).push(self.work.clone());
                }
                Ok(accepted())
            }
            _ => Ok(http::json(StatusCode::NOT_FOUND, &serde_json::json!({ "errorMessage": "No such path." }))),
        }
    }

    async fn next(&self) -> Result<Response<Body>, Cut> {
        self.seen.notify_one();
        if let Some(attach) = lock(&self.attach).take() {
            let _ = attach.send(());
        }
        let Invocation { id, event, answer } = self.jobs.lock().await.recv().await.ok_or(Cut)?;
        *lock(&self.answer) = Some(answer);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let mut response = Response::new(http::whole(event));
        let headers = response.headers_mut();
        http::set(headers, "content-type", "application/json");
        http::set(headers, "lambda-runtime-aws-request-id", &id);
        http::set(headers, "lambda-runtime-deadline-ms", &(now + u128::from(self.timeout)).to_string());
        http::set(headers, "lambda-runtime-invoked-function-arn", "arn:aws:lambda:local:000000000000:function:signet");
        Ok(response)
    }

    async fn response(&self, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
        let answer = lock(&self.answer).take().ok_or(Cut)?;
        let has_prelude =
            header(request.headers(), CONTENT_TYPE.as_str()) == "application/vnd.awslambda.http-integration-response";
        let mut chunks = request.into_body();
        let (head, first) = if has_prelude { prelude(&mut chunks).await? } else { (Head::default(), Bytes::new()) };
        let (to_client, body) = mpsc::channel(1);
        let mut client_is_there = answer.send(Answer { head, body }).is_ok();
        if client_is_there && !first.is_empty() {
            client_is_there = to_client.send(Some(first)).await.is_ok();
        }
        // The channel holds one chunk, so a client that reads slowly slows the function down. As on AWS, a client that has gone does
        // not stop the function: it runs to its end, and its output is thrown away.
        while let Some(frame) = chunks.frame().await {
            let frame = frame.map_err(|_| Cut)?;
            if let Some(trailers) = frame.trailers_ref()
                && trailers.contains_key("lambda-runtime-function-error-type")
            {
                lock(&self.idle).push(self.work.clone());
                return Ok(accepted());
            }
            if client_is_there && let Ok(chunk) = frame.into_data() {
                client_is_there = to_client.send(Some(chunk)).await.is_ok();
            }
        }
        if client_is_there {
            let _ = to_client.send(None).await;
        }
        lock(&self.idle).push(self.work.clone());
        Ok(accepted())
    }
}

/// Reads up to the delimiter. Returns the head and the part of the body that arrived with it.
async fn prelude(chunks: &mut Incoming) -> Result<(Head, Bytes), Cut> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(DELIMITER.len()).position(|window| window == DELIMITER) {
            let body = Bytes::copy_from_slice(&read[end + DELIMITER.len()..]);
            return serde_json::from_slice(&read[..end]).map(|head| (head, body)).map_err(|_| Cut);
        }
        if read.len() > LONGEST_PRELUDE {
            return Err(Cut);
        }
        let frame = chunks.frame().await.ok_or(Cut)?.map_err(|_| Cut)?;
        if let Ok(chunk) = frame.into_data() {
            read.extend_from_slice(&chunk);
        }
    }
}

fn accepted() -> Response<Body> {
    http::json(StatusCode::ACCEPTED, &serde_json::json!({ "status": "OK" }))
}

/// The last lines of a log, for an error message.
pub(crate) fn tail(log: &std::path::Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// Nothing here panics while holding a lock, so the data is consistent even if the lock is poisoned.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
