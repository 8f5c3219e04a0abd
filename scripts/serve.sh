#!/usr/bin/env bash
# What `make serve` does: set up, build the local AWS's own program, and hand over to it.
# PORT=8081 and AWS_PORT=4567 move the app and the local AWS.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$root"
scripts/setup.sh serve
source scripts/env.sh
began=$SECONDS
printf '  serve  %-46s' 'the local AWS (cargo build)'
cargo build --quiet -p signet-local --bin signet-local
printf '%6s.0 s\n' $((SECONDS - began))
exec "${CARGO_TARGET_DIR:-target}/debug/signet-local" serve
