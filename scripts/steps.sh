# Sourced by setup.sh: steps, alone or side by side. Each has a line with the time that it took, and shows that it moves: on a terminal
# a line that changes, elsewhere one each half minute. Before it comes $label.
step_names=() step_pids=() step_logs=() step_began=()
mkdir -p "$tools/log"
# So that a log has cargo's count of crates.
export CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=60

fail() { printf '\n%s\n' "$*" >&2; exit 1; }

# begin NAME COMMAND…: starts a step beside those that run.
begin() {
  local name=$1 log; shift
  log="$tools/log/${name//[^a-zA-Z0-9]/-}.log"
  # A process group of its own, which the end of this script ends. As the condition of an `if`, a command that fails in a function would not end it.
  set -m; ( set -e; "$@" ) </dev/null >"$log" 2>&1 & set +m
  step_names+=("$name") step_pids+=($!) step_logs+=("$log") step_began+=("$SECONDS")
}

# finish: waits for every step that runs, and fails with the first that does.
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

# moving FORMAT: what runs now, with cargo's last count of crates.
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

# finished I: the line of a step that has ended; if it failed, the end of what it said.
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

# Also after a Ctrl-C: nothing goes on by itself.
ends() { for pid in ${step_pids[@]+"${step_pids[@]}"}; do kill -- "-$pid" 2>/dev/null || true; done; }
trap ends EXIT
