#!/usr/bin/env bash
# What `make serve` runs: set-up, which also builds the local AWS and the function, then the local AWS and the app.
# PORT=8081 and AWS_PORT=4567 choose other ports for the app and the local AWS. Answers come from a demonstration, unless MODEL_BACKEND is set:
#   bedrock   Amazon Bedrock, with your AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
#   openai    an OpenAI-compatible endpoint, with your OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$root"
scripts/setup.sh serve
source scripts/env.sh
exec "${CARGO_TARGET_DIR:-target}/debug/signet-local" serve
