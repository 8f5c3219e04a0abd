//! Signet, the app: a page that shows and a worker that knows.
//!
//! Everything outside `worker`, `page`, `ui` and the two binaries is pure and builds natively. ARCHITECTURE.md has the map.

// A panic at a slice quotes the text, and the console would show it.
#![cfg_attr(not(test), warn(clippy::string_slice))]

mod base64;
pub mod cognito;
pub mod core;
mod form;
mod hash;
pub mod http;
mod json;
#[cfg(any(test, target_arch = "wasm32"))]
pub mod panics;
pub mod protocol;
mod qr;
pub mod secret;
pub mod stream;
pub mod sts;
mod text;
pub mod time;

#[cfg(all(target_arch = "wasm32", feature = "desk"))]
pub mod desk;
#[cfg(all(target_arch = "wasm32", feature = "gate"))]
pub mod gate;
#[cfg(all(target_arch = "wasm32", any(feature = "desk", feature = "gate")))]
pub mod page;
#[cfg(all(target_arch = "wasm32", feature = "worker"))]
pub mod worker;
