#!/usr/bin/env bash
# What `make serve` does: set up, with the local AWS built, and hand over to it.
# PORT=8081 and AWS_PORT=4567 move the app and the local AWS.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$root"
scripts/setup.sh serve
source scripts/env.sh
exec "${CARGO_TARGET_DIR:-target}/debug/signet-local" serve
