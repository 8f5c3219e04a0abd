//! The page's binary. It is empty on any target but Wasm.

fn main() {
    #[cfg(target_arch = "wasm32")]
    signet::page::start();
}
