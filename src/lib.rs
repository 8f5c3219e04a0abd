//! Signet, the app: a page that shows and a worker that knows.
//!
//! Everything outside `worker`, `page`, `ui` and the two binaries is pure and builds natively. ARCHITECTURE.md has the map.

pub mod app;
pub mod chat;
pub mod cognito;
pub mod config;
pub mod http;
pub mod protocol;
pub mod secret;
pub mod session;
pub mod sign;
pub mod stream;
pub mod time;

#[cfg(target_arch = "wasm32")]
pub mod page;
#[cfg(target_arch = "wasm32")]
pub mod ui;
#[cfg(target_arch = "wasm32")]
pub mod worker;
