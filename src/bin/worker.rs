//! The worker's binary. Natively there is none.

fn main() {
    #[cfg(all(target_arch = "wasm32", feature = "worker"))]
    signet::worker::start();
}
