#!/usr/bin/env bash
# Trunk's last step for a release: drops what the Wasm and its glue do not use, minifies, gives every file a hash in its name, writes the page's policy
# into index.html for hosts that send no headers, and holds the sizes to the budget. A build above it fails.
set -euo pipefail
[ "${TRUNK_PROFILE:-debug}" = release ] || exit 0
source "$TRUNK_SOURCE_DIR/scripts/env.sh"
for program in node wasm-opt esbuild; do
  command -v $program >/dev/null || { echo "$program is missing: run scripts/setup.sh test" >&2; exit 1; }
done
cd "$TRUNK_STAGING_DIR"

# The classes are wasm-streams', which Leptos brings for server functions.
node "$root/scripts/shrink.mjs" signet.js signet_bg.wasm
node "$root/scripts/shrink.mjs" desk.js desk_bg.wasm IntoUnderlyingByteSource IntoUnderlyingSink IntoUnderlyingSource
node "$root/scripts/shrink.mjs" worker.js worker_bg.wasm
esbuild signet.js desk.js worker.js boot.js worker_boot.js passkey.js --minify --tree-shaking=true --format=esm --target=es2022 --outdir=. --allow-overwrite --log-level=warning

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
rename desk_bg.wasm desk.js boot.js
rename desk.js boot.js
rename boot.js index.html
rename signet_bg.wasm signet.js index.html
rename signet.js index.html
rename signet.css index.html

# The page's policy without what only a header can say and without trunk serve's nonce; `trunk build` leaves placeholders for that one.
policy=$(sed -n '/^csp = \[/,/^\]/s/^ *"\(.*\)",$/\1/p' "$TRUNK_SOURCE_DIR/Trunk.toml" | grep -v frame-ancestors | sed "s/ 'nonce-{{NONCE}}'//" | paste -sd ';' | sed 's/;/; /g')
[ -n "$policy" ]
sed -i -e 's| nonce="\?{{__TRUNK NONCE__}}"\?||g' -e "s|<meta charset=\"\?utf-8\"\?>|&<meta http-equiv=\"Content-Security-Policy\" content=\"$policy\">|" index.html
grep -q 'http-equiv="Content-Security-Policy"' index.html
! grep -q NONCE index.html

# A page and a glue of two builds do not run together. The Wasm has none: on its preload Chromium ignores an integrity, and says so in the console.
glue=$(echo signet-*.js)
sri=sha384-$(node -p 'crypto.createHash("sha384").update(fs.readFileSync(process.argv[1])).digest("base64")' "$glue")
sed -i "s|<link crossorigin href=[^ ]*$glue|& integrity=$sri|" index.html
grep -q "$glue integrity=$sri" index.html || { echo "index.html should preload $glue" >&2; exit 1; }

size() { brotli -q 11 -c "$@" | wc -c; }
sum() { local total=0 file; for file in "$@"; do total=$((total + $(size "$file"))); done; echo $total; }
check() {
  printf '  %-52s %7d of %d bytes\n' "$1" "$2" "$3"
  [ "$2" -le "$3" ] || { echo "  $1 is over its budget" >&2; exit 1; }
}
if command -v brotli >/dev/null; then
  echo "sizes, brotli -q 11:"
  for file in *; do printf '    %-48s %7d\n' "$file" "$(size "$file")"; done
  check "what the first screen waits for" "$(sum index.html signet-*.css boot-*.js signet-*.js signet_bg-*.wasm)" 60000
  check "all files of the app" "$(sum ./*)" 220000
else
  echo "sizes not checked: brotli is missing"
fi
