# Sourced by every script: sets where the tools are and which Rust builds the app.
# setup.sh installs into one folder outside the checkout, which all checkouts share.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=${SIGNET_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/signet}
export PATH="$tools/bin:$tools/npm/node_modules/.bin:$HOME/.cargo/bin:$PATH"
export SIGNET_TOOLS="$tools"
# The toolchain that setup.sh builds if rustup cannot download the wasm32 target.
if [ -x "$tools/rust/bin/rustc" ]; then
  export RUSTUP_TOOLCHAIN=signet
fi
# trunk takes its tools from PATH and must not download any.
export TRUNK_OFFLINE=true
