//! The page's binary. Natively there is none.

fn main() {
    #[cfg(target_arch = "wasm32")]
    signet::page::start();
}
