//! The local AWS, for `make serve` and for the tests.
//!
//! MiniStack (the Python package `ministack`) holds the user pool, the identity pool, the roles and the function URL that
//! `infra/template.yaml` describes, and checks every signature and policy. A small gateway in front of it adds what it lacks: answers that
//! stream, the role of a group, checks of body hashes, and challenges that are bound to their session. The function is
//! the same `bootstrap` program that AWS runs; the gateway serves Lambda's Runtime API to it.
//!
//! ```text
//! browser ──► gateway ──► MiniStack          every request, byte for byte
//!                │  ▲        │
//!                │  └────────┘               a function URL request comes back as its Lambda event, or is refused
//!                └──► bootstrap              the event; its chunks go to the browser as they arrive
//! ```

mod administrator;
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
pub use progress::{CargoOutput, CargoReader};
pub use stack::{Error, Options, Stack, root};
pub use totp::totp_code;
