//! The worker's binary. It is empty on any target but Wasm.

fn main() {
    #[cfg(all(target_arch = "wasm32", feature = "worker"))]
    signet::worker::start();
}
