#!/usr/bin/env bash
# What `make serve` does: set up, build the local AWS and the function, and hand over to the local AWS.
# PORT=8081 and AWS_PORT=4567 move the app and the local AWS. Answers come from a demonstration, unless MODEL_BACKEND is set:
#   bedrock   Amazon Bedrock, with your AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
#   openai    an OpenAI-compatible endpoint, with your OPENAI_BASE_URL, OPENAI_MODEL and OPENAI_API_KEY
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$root"
scripts/setup.sh serve
source scripts/env.sh
began=$SECONDS
name='the local AWS and the function (cargo build)'
printf '  serve  %s\n' "$name"
# The AWS SDK is most of the function's build, and only Bedrock needs it.
features=--no-default-features
[ "${MODEL_BACKEND:-demo}" = bedrock ] && features=--features=signet-backend/aws
cargo build -p signet-local -p signet-backend --bins "$features"
printf '  serve  %-46s%5s.0 s\n' "$name" $((SECONDS - began))
exec "${CARGO_TARGET_DIR:-target}/debug/signet-local" serve
