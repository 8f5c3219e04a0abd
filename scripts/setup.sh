#!/usr/bin/env bash
# Installs what `make serve` or `make test` needs and this machine lacks. Idempotent; a second run takes about a second.
# usage: scripts/setup.sh serve|test
set -euo pipefail
source "$(dirname "$0")/env.sh"
what=${1:-serve}
ministack=1.5.33 awscli=1.46.3 trunk=0.21.14 binaryen=132.0.0 esbuild=0.28.2 axe=4.14.1
wasm_bindgen=$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p;}' "$root/Cargo.lock")
mkdir -p "$tools/log"

fail() { printf '\n%s\n' "$*" >&2; exit 1; }

# step NAME COMMAND…: one line with the elapsed time; on failure the end of the log and what it was.
step() {
  local name=$1 log began=$SECONDS; shift
  log="$tools/log/${name//[^a-zA-Z0-9]/-}.log"
  printf '  setup  %-46s' "$name"
  # In a subshell of its own: as the condition of an `if`, a command that fails inside a function would not end it.
  local rc; set +e; ( set -e; "$@" ) >"$log" 2>&1; rc=$?; set -e
  if [ $rc = 0 ]; then printf '%5ds\n' $((SECONDS - began)); return; fi
  printf ' failed\n' >&2
  tail -n 15 "$log" >&2
  if grep -qiE 'could not resolve|temporary failure|failed to fetch|network is unreachable|connection (refused|timed out)|ENOTFOUND|NewConnectionError|from versions: none|failed to download|resolve host|unable to connect' "$log"; then
    fail "There seems to be no network: \"$name\" could not download what it needs. Connect and run the same command again; what was done is kept."
  fi
  fail "\"$name\" failed; the whole log is $log. Mend that and run the same command again; what was done is kept."
}

apt() {
  command -v apt-get >/dev/null || fail "This machine has no apt-get. Install by hand, then run again: $*"
  local sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
  $sudo apt-get -qq update
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$@"
}

# need PROGRAM PACKAGE…: the Debian packages, where the program is missing.
need() { local program=$1; shift; command -v "$program" >/dev/null || step "$*" apt "$@"; }

command -v cargo >/dev/null || fail "Rust is missing. Install it from https://rustup.rs, then run the same command again."
rust_needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml") rust_found=$(rustc --version | cut -d' ' -f2)
[ "$(printf '%s\n' "$rust_needed" "$rust_found" | sort -V | head -n1)" = "$rust_needed" ] ||
  fail "Rust is $rust_found, too old: $rust_needed or newer is needed. Run: rustup update stable"
command -v python3 >/dev/null || fail "python3 is missing (3.10 or newer). Install it (Debian: apt-get install python3 python3-venv), then run the same command again."
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 is $(python3 -V), too old: 3.10 or newer is needed."
python3 -c 'import venv, ensurepip' 2>/dev/null || step "python3-venv" apt python3-venv
need cc gcc libc6-dev
need npm nodejs npm

# --- a wasm32 standard library -----------------------------------------------------------------------------------------------------
has_wasm32() { [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib" ]; }

debian_rust() {
  apt rustc-web cargo-web rust-web-src rust-web-llvm rust-web-clippy
  # rust-lld is a link to the lld of the LLVM that rustc was built with, a package of its own.
  local lld; lld=$(readlink -f "$(dpkg -L rust-web-llvm | grep '/rust-lld$' | head -n1)" || true)
  [ -x "$lld" ] || apt "lld-$(/usr/bin/rustc -vV | sed -n 's/^LLVM version: \([0-9]*\).*/\1/p')"
}

# std for wasm32 from the packaged source, and a toolchain folder that joins it with /usr's rustc. Nothing under /usr changes.
build_std() {
  local seed=$tools/std-seed dir=$tools/rust.new version
  rm -rf "$seed" "$dir"; mkdir -p "$seed/src"
  printf '[package]\nname = "seed"\nversion = "0.0.0"\nedition = "2021"\n[profile.release]\npanic = "abort"\n' > "$seed/Cargo.toml"
  : > "$seed/src/lib.rs"
  # embed-bitcode: without it `lto = true` cannot use these libraries. `test` is for cargo test --target wasm32-unknown-unknown.
  ( cd "$seed" && unset RUSTUP_TOOLCHAIN && RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR=$seed/target \
      /usr/bin/cargo build --release --target wasm32-unknown-unknown -Zbuild-std=std,panic_abort,proc_macro,test )
  mkdir -p "$dir/bin" "$dir/lib/rustlib/wasm32-unknown-unknown/lib"
  find "$seed/target/wasm32-unknown-unknown/release/deps" -name '*.rlib' ! -name 'libseed-*' -exec cp {} "$dir/lib/rustlib/wasm32-unknown-unknown/lib/" \;
  ln -s /usr/bin/cargo "$dir/bin/cargo"; ln -s /usr/bin/rustdoc "$dir/bin/rustdoc"
  for p in cargo-clippy clippy-driver; do [ -x /usr/bin/$p ] && ln -s /usr/bin/$p "$dir/bin/$p"; done
  local host; host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
  ln -s "/usr/lib/rustlib/$host" "$dir/lib/rustlib/$host"
  printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$tools/rust" > "$dir/bin/rustc"
  chmod +x "$dir/bin/rustc"
  rm -rf "$tools/rust"; mv "$dir" "$tools/rust"; rm -rf "$seed"
  rustup toolchain link signet "$tools/rust"
}

if ! has_wasm32; then
  command -v rustup >/dev/null ||
    fail "This Rust has no wasm32-unknown-unknown target and no rustup to add it. Install Rust from https://rustup.rs, then run the same command again."
  if ! timeout 120 rustup target add wasm32-unknown-unknown >"$tools/log/rustup.log" 2>&1; then
    echo "  setup  rustup cannot download the wasm32 target here: building it from Debian's Rust"
    step "Debian's rustc with std sources" debian_rust
    step "std for wasm32-unknown-unknown" build_std
    export RUSTUP_TOOLCHAIN=signet
  fi
fi
# A linked toolchain is known to one rustup home; the tools folder may be shared with another.
if [ -x "$tools/rust/bin/rustc" ] && ! rustup toolchain list | grep -q '^signet'; then rustup toolchain link signet "$tools/rust"; fi

# --- build tools -------------------------------------------------------------------------------------------------------------------
# These run on the host, so they need no optimisation: the work is cargo's and wasm-opt's. A debug build takes a fifth of the time.
has() { [ "$("$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n1)" = "$2" ]; }
cargo_install() { CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$tools/build cargo install --quiet --debug --force --root "$tools" "$@"; }
has trunk $trunk || step "trunk $trunk" cargo_install --locked --no-default-features --features rustls "trunk@$trunk"
has wasm-bindgen "$wasm_bindgen" || step "wasm-bindgen $wasm_bindgen" cargo_install "wasm-bindgen-cli@$wasm_bindgen"
rm -rf "$tools/build"
npm_tool() {
  [ "$(cat "$tools/npm/$1" 2>/dev/null)" = "$2" ] || step "$1 $2" \
    sh -c "npm install --silent --no-audit --no-fund --prefix '$tools/npm' $1@$2 && echo $2 > '$tools/npm/$1'"
}
npm_tool binaryen $binaryen
npm_tool esbuild $esbuild

# --- the local AWS: two environments, since both pin botocore ----------------------------------------------------------------------
venv() {
  local dir=$tools/$1; shift
  rm -rf "$dir"; python3 -m venv "$dir"; "$dir/bin/pip" install --quiet --disable-pip-version-check "$@"; echo "$*" > "$dir/.installed"
}
[ "$(cat "$tools/ministack/.installed" 2>/dev/null)" = "ministack==$ministack cryptography" ] || step "MiniStack $ministack" venv ministack "ministack==$ministack" cryptography
[ "$(cat "$tools/awscli/.installed" 2>/dev/null)" = "awscli==$awscli" ] || step "AWS CLI $awscli" venv awscli "awscli==$awscli"

# --- what only the checks need -----------------------------------------------------------------------------------------------------
if [ "$what" = test ]; then
  cargo clippy --version >/dev/null 2>&1 || step "clippy" rustup component add clippy
  RUSTUP_TOOLCHAIN='' cargo fmt --version >/dev/null 2>&1 || step "rustfmt" env RUSTUP_TOOLCHAIN= rustup component add rustfmt
  need chromium chromium
  need chromedriver chromium-driver
  need brotli brotli
  need faketime faketime
  npm_tool axe-core $axe
  [ "$(cat "$tools/cfnlint/.installed" 2>/dev/null)" = "cfn-lint" ] || step "cfn-lint" venv cfnlint cfn-lint
fi
