#!/usr/bin/env bash
# Links a Wasm, without the exports of wasm-streams: Leptos brings it for server functions, of which there are none here, and what is exported is kept
# with all that it calls. rustc has put its linker on the path.
arguments=()
while [ $# -gt 0 ]; do
  case "$1 ${2:-}" in
    "--export "*intounderlying*) shift 2 ;;
    *) arguments+=("$1"); shift ;;
  esac
done
exec rust-lld "${arguments[@]}"
