#!/usr/bin/env bash
# What `make bench` does: set up, build what is missing, measure Signet against Amplify. Not part of `make test`: timings are this machine's.
# usage: scripts/bench.sh [RUNS]: how often each of the two is measured, 9 by default
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$root"
scripts/setup.sh test
source scripts/env.sh
if [ bench/package-lock.json -nt bench/node_modules/.package-lock.json ]; then
  npm ci --prefix bench --silent --no-audit --no-fund --ignore-scripts
fi
cargo build --quiet -p signet-local --bin signet-local
[ -f dist/index.html ] || trunk --log error build --release
CHROMIUM=$(command -v chromium) exec node bench/srp.mjs "$@"
