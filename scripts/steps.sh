# Sourced by setup.sh: runs steps, alone or side by side. Each prints one line with the time it took. While steps run, a terminal shows a line that
# changes; elsewhere a line is printed every 30 seconds. $label starts each line.
step_names=() step_pids=() step_logs=() step_began=()
mkdir -p "$tools/log"
# Makes cargo write its progress to the logs.
export CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=60

fail() { printf '\n%s\n' "$*" >&2; exit 1; }

# begin NAME COMMAND…: starts a step in the background.
begin() {
  local name=$1 log; shift
  log="$tools/log/${name//[^a-zA-Z0-9]/-}.log"
  # `set -m` gives the step a process group of its own, so that `ends` can stop all of it.
  set -m; ( set -e; "$@" ) </dev/null >"$log" 2>&1 & set +m
  step_names+=("$name") step_pids+=($!) step_logs+=("$log") step_began+=("$SECONDS")
}

# finish: waits for all steps; exits as soon as one fails.
finish() {
  local shown=$SECONDS running
  while [ ${#step_pids[@]} -gt 0 ]; do
    running=" $(jobs -pr | tr '\n' ' ')"
    for i in "${!step_pids[@]}"; do
      [[ $running == *" ${step_pids[i]} "* ]] || finished "$i"
    done
    if [ ${#step_pids[@]} -gt 0 ]; then
      if [ -t 1 ]; then
        moving '\r\033[K%s'
      elif [ $((SECONDS - shown)) -ge 30 ]; then
        moving '%s\n'; shown=$SECONDS
      fi
      sleep 0.2
    fi
  done
}

step() { begin "$@"; finish; }

# moving FORMAT: prints what is running, with cargo's latest count of crates.
moving() {
  local text="  $label " count
  for i in "${!step_pids[@]}"; do
    count=$(tail -c 400 "${step_logs[i]}" | grep -oE '\] [0-9]+/[0-9]+' | tail -n 1) || true
    text+=" ${step_names[i]}${count#]}, $((SECONDS - step_began[i])) s;"
  done
  [ ! -t 1 ] || text=${text:0:$(($(tput cols 2>/dev/null || echo 80) - 1))}
  # shellcheck disable=SC2059
  printf "$1" "${text%;}"
}

# finished I: prints the line of step I; if the step failed, also the end of its log, and exits.
finished() {
  local name=${step_names[$1]} log=${step_logs[$1]} took=$((SECONDS - step_began[$1])) rc=0
  wait "${step_pids[$1]}" || rc=$?
  unset "step_names[$1]" "step_pids[$1]" "step_logs[$1]" "step_began[$1]"
  [ ! -t 1 ] || printf '\r\033[K'
  if [ $rc = 0 ]; then printf '  %s  %-46s%5ds\n' "$label" "$name" "$took"; return; fi
  printf '  %s  %-46s failed\n' "$label" "$name" >&2
  tr '\r' '\n' <"$log" | grep -vE '^ +(Compiling|Building|Download)|^ *$' | tail -n 40 >&2 || true
  if grep -qiE 'could not resolve|temporary failure|failed to fetch|network is unreachable|connection (refused|timed out)|ENOTFOUND|NewConnectionError|from versions: none|failed to download|resolve host|unable to connect' "$log"; then
    fail "There seems to be no network: \"$name\" could not download what it needs. Connect and run the same command again; what was done is kept."
  fi
  fail "\"$name\" failed; the whole log is $log. Mend that and run the same command again; what was done is kept."
}

# Stops the steps that still run, also after Ctrl-C.
ends() { for pid in ${step_pids[@]+"${step_pids[@]}"}; do kill -- "-$pid" 2>/dev/null || true; done; }
trap ends EXIT
