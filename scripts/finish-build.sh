#!/usr/bin/env bash
# Trunk's last step for a release: gives the files that Trunk does not hash a hash in their names, writes the page's policy into index.html for hosts
# that send no headers, and holds the sizes to the budget. A build above it fails.
set -euo pipefail
[ "${TRUNK_PROFILE:-debug}" = release ] || exit 0
cd "$TRUNK_STAGING_DIR"

# Comments are for readers of the source.
sed -i '\|^ *//|d' boot.js worker_boot.js passkey.js

# rename FILE USED_IN…: FILE becomes NAME-HASH.EXT, also where it is named.
rename() {
  local file=$1 hash new; shift
  hash=$(sha256sum "$file" | cut -c1-16)
  new=${file%.*}-$hash.${file##*.}
  mv "$file" "$new"
  sed -i "s|\b${file//./\\.}\b|$new|g" "$@"
}
# From the innermost on, since each name is part of the next file.
rename worker_bg.wasm worker.js worker_boot.js
rename worker.js worker_boot.js
rename worker_boot.js index.html
rename passkey.js boot.js
rename boot.js index.html

# The page's policy without what only a header can say and without trunk serve's nonce; `trunk build` leaves placeholders for that one.
policy=$(sed -n '/^csp = \[/,/^\]/s/^ *"\(.*\)",$/\1/p' "$TRUNK_SOURCE_DIR/Trunk.toml" | grep -v frame-ancestors | sed "s/ 'nonce-{{NONCE}}'//" | paste -sd ';' | sed 's/;/; /g')
[ -n "$policy" ]
sed -i -e 's| nonce="\?{{__TRUNK NONCE__}}"\?||g' -e "s|<meta charset=\"\?utf-8\"\?>|&<meta http-equiv=\"Content-Security-Policy\" content=\"$policy\">|" index.html
grep -q 'http-equiv="Content-Security-Policy"' index.html
! grep -q NONCE index.html

size() { brotli -q 11 -c "$@" | wc -c; }
sum() { local total=0 file; for file in "$@"; do total=$((total + $(size "$file"))); done; echo $total; }
check() {
  printf '  %-52s %7d of %d bytes\n' "$1" "$2" "$3"
  [ "$2" -le "$3" ] || { echo "  $1 is over its budget" >&2; exit 1; }
}
if command -v brotli >/dev/null; then
  echo "sizes, brotli -q 11:"
  for file in *; do printf '    %-48s %7d\n' "$file" "$(size "$file")"; done
  check "what the first screen waits for" "$(sum index.html signet-*.css boot-*.js signet-*.js signet-*.wasm)" 60000
  check "all files of the app" "$(sum ./*)" 140000
else
  echo "sizes not checked: brotli is missing"
fi
