//! The binary of the page's first screen. Natively there is none.

fn main() {
    #[cfg(all(target_arch = "wasm32", feature = "gate"))]
    signet::gate::start();
}
