//! Signet, the app: a page that shows and a worker that knows.
//!
//! Everything outside `worker`, `page`, `ui` and the two binaries is pure and builds natively. ARCHITECTURE.md has the map.

mod base64;
pub mod core;
mod form;
mod hash;
mod json;
pub mod protocol;
mod qr;
mod text;

#[cfg(all(target_arch = "wasm32", feature = "desk"))]
pub mod desk;
#[cfg(all(target_arch = "wasm32", feature = "gate"))]
pub mod gate;
#[cfg(all(target_arch = "wasm32", any(feature = "desk", feature = "gate")))]
pub mod page;
#[cfg(all(target_arch = "wasm32", feature = "worker"))]
pub mod worker;

/// Half the size of std's.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
