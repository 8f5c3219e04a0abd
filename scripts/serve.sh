#!/usr/bin/env bash
# What `make serve` runs: set-up, which also builds the local AWS, then the local AWS and the app.
# PORT=8081 and AWS_PORT=4567 choose other ports for the app and the local AWS.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$root"
scripts/setup.sh serve
source scripts/env.sh
exec "${CARGO_TARGET_DIR:-target}/debug/signet-local" serve
