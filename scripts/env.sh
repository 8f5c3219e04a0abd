# Sourced by every script: where the tools live, and which Rust builds the app.
# Everything that setup.sh installs by itself goes to one folder outside the checkout, so that all checkouts share it.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${SIGNET_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/signet}
export PATH="$tools/bin:$tools/npm/node_modules/.bin:$HOME/.cargo/bin:$PATH"
export SIGNET_TOOLS="$tools"
# A toolchain of setup.sh's own making, where rustup could not download the wasm32 target. Nothing else is changed.
if [ -x "$tools/rust/bin/rustc" ]; then
  export RUSTUP_TOOLCHAIN=signet
fi
# The npm binaryen, Debian's Chromium and its driver are found by name; trunk must not try to fetch its own.
export TRUNK_OFFLINE=true
