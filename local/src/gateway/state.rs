//! What all requests to the gateway share, and what tests can ask of it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::HeaderMap;
use serde_json::Value;

use crate::aws::Aws;
use crate::http::set;
use crate::runtime::Runtimes;
use crate::sign_in::Sessions;

/// A fault that a test injects into the next request to the function URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request gets this status, with CORS headers, instead of an answer.
    Status(u16),
    /// The connection is closed without an answer.
    Drop,
    /// The connection breaks after this many bytes of the answer.
    CutAfter(usize),
    /// The answer ends normally after this many bytes.
    EndAfter(usize),
    /// Nothing more is sent after this many bytes; the connection stays open.
    StallAfter(usize),
    /// This line is inserted after the first line of the answer.
    Line(String),
    /// A 403 without CORS headers, which a page cannot read.
    NoCors403,
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) url: String,
    pub(crate) aws: Aws,
    /// Where MiniStack keeps the user pool's signing keys.
    pub(crate) keys: PathBuf,
    pub(crate) app_origin: String,
    pub(crate) user_pool: String,
    pub(crate) identity_pool: String,
    /// The app's config.json.
    pub(crate) config: Value,
    pub(crate) cors: Cors,
    pub(crate) runtimes: Runtimes,
    pub(crate) state: Mutex<State>,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding the lock, so the state is consistent even if the lock is poisoned.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What changes from request to request.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Every secret that was handed out.
    pub(super) issued: HashSet<String>,
    /// The tokens that `GetOpenIdToken` has handed out.
    pub(super) identity_tokens: HashSet<String>,
    /// The caller that each access key belongs to.
    pub(super) callers: HashMap<String, Caller>,
    /// The access keys that count as expired.
    pub(super) expired: HashSet<String>,
    pub(super) faults: VecDeque<Fault>,
    pub(super) sessions: Sessions,
    /// How often each operation was called.
    pub(super) requests: BTreeMap<String, usize>,
}

impl State {
    /// Records keys that are handed out, and the caller they belong to.
    pub(super) fn hand_out(&mut self, secrets: impl Iterator<Item = String>, access_key: String, caller: Caller) {
        self.issued.extend(secrets);
        self.callers.insert(access_key, caller);
    }
}

/// The caller that an access key belongs to.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) user_arn: String,
    pub(super) user_id: String,
}

/// The function URL's CORS configuration, for the answers that MiniStack sends without CORS headers.
#[derive(Debug)]
pub(crate) struct Cors {
    pub(crate) origins: Vec<String>,
    pub(crate) exposes: String,
}

impl Cors {
    /// Sets the headers for an allowed origin. Existing ones are replaced: browsers reject an answer that has one twice.
    pub(super) fn apply(&self, origin: &str, headers: &mut HeaderMap) {
        if self.origins.iter().any(|allowed| allowed == origin) {
            set(headers, "access-control-allow-origin", origin);
            set(headers, "access-control-expose-headers", &self.exposes);
            set(headers, "vary", "Origin");
        }
    }
}
