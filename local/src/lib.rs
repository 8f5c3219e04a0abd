//! The AWS of a laptop, for `make serve` and for the tests.
//!
//! MiniStack (the Python package `ministack`) keeps the user pool, the identity pool, the roles and the function URL that
//! `infra/template.yaml` describes, and judges every signature and policy. What it lacks, a small gateway in front of it adds: answers
//! that stream, the role of a group, a hash compared with the body it is for, a challenge answered only in its session. The function itself is the very `bootstrap` binary that
//! AWS runs; the gateway speaks Lambda's Runtime API to it.
//!
//! ```text
//! browser ──► gateway ──► MiniStack          every request, byte for byte
//!                │  ▲        │
//!                │  └────────┘               a function URL request comes back as its Lambda event, or refused
//!                └──► bootstrap              the event; its chunks go to the browser as they come
//! ```

mod app;
mod aws;
mod gateway;
mod http;
mod identity;
mod people;
mod process;
mod progress;
mod runtime;
mod sign_in;
mod stack;
mod totp;

pub use app::{App, Error as AppError, Port};
pub use gateway::{Fault, Gateway};
pub use people::User;
pub use process::Group;
pub use progress::{BuildOutput, Output};
pub use stack::{Error, Options, Stack, root};
pub use totp::totp_code;
