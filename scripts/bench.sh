#!/usr/bin/env bash
# What `make bench` runs: set-up, missing builds, then the measurements against peers. Not part of `make test`, because timings depend on the machine.
# usage: scripts/bench.sh [RUNS]          both benches, each with so many runs; by default 9 of srp and 3 of stream
#        scripts/bench.sh srp [RUNS]      the first sign-in, beside Amplify's
#        scripts/bench.sh stream [RUNS] [cpu] [slow] [memory]      a streamed answer, beside React's and Streamdown's
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$root"
case ${1:-} in
  srp | stream) benches=$1; shift ;;
  *) benches='srp stream' ;;
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
