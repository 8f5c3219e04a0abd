//! Signet, the app: a page that displays, and a worker that holds the state.
//!
//! Everything outside `worker`, `page` and the two binaries is pure and builds natively. ARCHITECTURE.md has the map.

// A panic at a slice quotes the text, which would then appear in the console.
#![cfg_attr(not(test), warn(clippy::string_slice))]

pub mod core;
#[cfg(any(test, target_arch = "wasm32"))]
pub mod panics;
pub mod protocol;

#[cfg(target_arch = "wasm32")]
pub mod page;
#[cfg(target_arch = "wasm32")]
pub mod worker;
