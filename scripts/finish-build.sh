#!/usr/bin/env bash
# Trunk's last step for a release: minifies the scripts, puts a hash into each file's name, writes the page's policy into index.html for hosts that send no
# headers, and prints the sizes. The size limits catch accidents.
set -euo pipefail
[ "${TRUNK_PROFILE:-debug}" = release ] || exit 0
source "$TRUNK_SOURCE_DIR/scripts/env.sh"
command -v esbuild >/dev/null || { echo "esbuild is missing: run scripts/setup.sh serve" >&2; exit 1; }
cd "$TRUNK_STAGING_DIR"

esbuild signet.js worker.js worker_boot.js --minify --tree-shaking=true --format=esm --target=es2022 --outdir=. --allow-overwrite --log-level=warning
# start.js is a classic script and must not become a module.
esbuild start.js --minify --target=es2022 --outdir=. --allow-overwrite --log-level=warning
# Trusted Types forbid innerHTML, so a component built through it would fail. `view!` does that to a subtree that is literal throughout.
! grep -q innerHTML signet.js || { echo "signet.js uses innerHTML: give some view! subtree a text or an attribute in braces" >&2; exit 1; }

# rename FILE USED_IN…: renames FILE to NAME-HASH.EXT, and its name in the other files.
rename() {
  local file=$1 hash new; shift
  hash=$(sha256sum "$file" | cut -c1-16)
  new=${file%.*}-$hash.${file##*.}
  mv "$file" "$new"
  sed -i "s|\b${file//./\\.}\b|$new|g" "$@"
}
# A file's hash covers the names in it, so a file is renamed before those that name it.
rename worker_bg.wasm worker.js start.js index.html
rename worker.js worker_boot.js
rename worker_boot.js start.js
rename signet_bg.wasm signet.js start.js
rename signet.js start.js
rename start.js index.html
rename signet.css index.html

# The page's policy, without frame-ancestors, which only a header can set, and without trunk serve's nonce, of which `trunk build` leaves placeholders.
policy=$(sed -n '/^csp = \[/,/^\]/s/^ *"\(.*\)",$/\1/p' "$TRUNK_SOURCE_DIR/Trunk.toml" | grep -v frame-ancestors | sed "s/ 'nonce-{{NONCE}}'//" | paste -sd ';' | sed 's/;/; /g')
[ -n "$policy" ]
sed -i -e 's| nonce="\?{{__TRUNK NONCE__}}"\?||g' -e "s|<meta charset=\"\?utf-8\"\?>|&<meta http-equiv=\"Content-Security-Policy\" content=\"$policy\">|" index.html
grep -q 'http-equiv="Content-Security-Policy"' index.html
! grep -q NONCE index.html

size() { brotli -q 11 -c "$@" | wc -c; }
sum() { local total=0 file; for file in "$@"; do total=$((total + $(size "$file"))); done; echo $total; }
check() {
  printf '  %-52s %7d of %d bytes\n' "$1" "$2" "$3"
  [ "$2" -le "$3" ] || { echo "  $1 is over its limit" >&2; exit 1; }
}
if command -v brotli >/dev/null; then
  echo "sizes, brotli -q 11:"
  for file in *; do printf '    %-48s %7d\n' "$file" "$(size "$file")"; done
  check "what paints the form" "$(sum index.html signet-*.css start-*.js seal.svg)" 15000
  check "the page" "$(sum signet-*.js signet_bg-*.wasm)" 200000
  check "the worker" "$(sum worker*.js worker_bg-*.wasm)" 390000
  check "all files of the app" "$(sum ./*)" 590000
else
  echo "sizes not checked: brotli is missing"
fi
