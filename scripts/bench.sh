#!/usr/bin/env bash
# What `make bench` runs: set-up, missing builds, then the measurements against peers. Not part of `make test`, because timings depend on the machine.
# usage: scripts/bench.sh [RUNS]          all of it, each bench with that many runs; by default 9 of srp, 3 of stream and 7 of submit
#        scripts/bench.sh srp [RUNS]      the first sign-in, beside Amplify's
#        scripts/bench.sh stream [RUNS] [cpu] [slow] [memory]      a streamed answer, beside React's and Streamdown's
#        scripts/bench.sh submit [RUNS]   a form sent at once on a slow link, beside two React pages with Amplify
#        scripts/bench.sh sizes           the largest crates of each Wasm file in dist/
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$root"
case ${1:-} in
  srp | stream | submit | sizes) benches=$1; shift ;;
  *) benches='sizes srp stream submit' ;;
esac
scripts/setup.sh test
source scripts/env.sh
if [ bench/package-lock.json -nt bench/node_modules/.package-lock.json ]; then
  npm ci --prefix bench --silent --no-audit --no-fund --ignore-scripts
fi
[[ $benches != *srp* ]] || cargo build --quiet -p signet-local -p signet-backend --bins --no-default-features
[ -f dist/index.html ] || trunk --log error build --release
CHROMIUM=$(command -v chromium)
export CHROMIUM
# Runs each bench, even if the one before failed.
failed=0
for bench in $benches; do
  node "bench/$bench.mjs" "$@" || failed=$?
done
exit "$failed"
