//! The binary of the page's conversation. Natively there is none.

fn main() {
    #[cfg(all(target_arch = "wasm32", feature = "desk"))]
    signet::desk::start();
}
