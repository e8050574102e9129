# SPDX-License-Identifier: MIT
# Sourced by scripts/bench: servers that are up at once, and take turns under load.
#   servers MODE...         a round of $workload
# Each mode has a folder, $scratch/MODE. A server writes there where it listens, and ends when $scratch/hold does.

# Whoever records hears every preloaded program of its session daemon: each mode of ours has its own, in a mount
# namespace of its own. Where that may not be, modes are up one after another.
apart=()
# shellcheck disable=SC2016 # the inner shell expands these
[ -z "${UVTREE_ALONE:-}" ] || apart=(unshare --mount bash -euc '
  mount -t tmpfs none /run
  mount -t tmpfs none /dev/shm
  lttng-sessiond --daemonize --no-kernel --pidfile="$1" >/dev/null
  shift
  exec "$@"' bash)

# listening FILE PID: until FILE has a server's port; false if process PID ends before.
listening() {
  until [ -s "$1" ]; do
    kill -0 "$2" 2>/dev/null || return 1
    sleep 0.02
  done
}

# The server behind the workload's.
start_backend() {
  local kind
  backend=
  case $workload in express*) kind=lines ;; proxy) kind=http ;; *) return 0 ;; esac
  taskset -c 1 node "$here/backend.js" "$kind" "$scratch/backend" <"$scratch/hold" 9>&- &
  backend=$!
  listening "$scratch/backend" "$backend" || die "the backend of $workload does not start"
}

start_server() {
  local at=$scratch/$mode prefix options behind=
  mkdir "$at"
  tracer "$mode"
  ! ours "$mode" || [ ${#apart[@]} -eq 0 ] || prefix=("${apart[@]}" "$at/daemon" "${prefix[@]}")
  [ -z "$backend" ] || behind=$(cut -d ' ' -f 1 "$scratch/backend")
  (cd "$at" && exec "${prefix[@]}" taskset -c 0 "$node" "${options[@]}" "$here/server.js" "$workload" "$at/listening" \
    "$modules" "$behind") <"$scratch/hold" >"$at/out" 2>"$at/err" 9>&- &
  started[$mode]=$!
}

# Those that run are in `up`.
start_servers() {
  local at
  for mode in "$@"; do start_server; done
  for mode in "$@"; do
    at=$scratch/$mode
    if listening "$at/listening" "${started[$mode]}"; then
      read -r "port[$mode]" "pid[$mode]" <"$at/listening"
      answered[$mode]=0
      up+=("$mode")
    else
      not_running
    fi
  done
}

# load PORT SECONDS: "PER_SECOND COUNT" of requests.
load() {
  if [ "$workload" = websocket ]; then
    taskset -c 1 node "$here/websocket-load.js" "$1" "$2"
    return
  fi
  local path=/
  case $workload in express*) path=/user/42 ;; esac
  # wrk takes whole seconds only, but tells what it has when it is interrupted.
  timeout --foreground -s INT "$2" taskset -c 1 wrk -t1 -c32 -d100 "http://127.0.0.1:$1$path" >"$scratch/wrk" || true
  ! grep -q 'Non-2xx' "$scratch/wrk" || die "$workload answers with errors: $(grep 'Non-2xx' "$scratch/wrk")"
  awk '/requests in/ { count = $1 } /^Requests\/sec/ { rate = $2 } END { print rate + 0, count + 0 }' "$scratch/wrk"
}

# The time that a process's threads ran, in seconds.
ran() { cat "/proc/$1/task/"*/schedstat 2>/dev/null | awk '{ n += $1 } END { print n / 1e9 }'; }

warm_up() {
  local rate count
  read -r rate count <<<"$(load "${port[$mode]}" "$warm")"
  answered[$mode]=$((answered[$mode] + count))
}

# turn N
turn() {
  local times cpu rate count
  for times in 1 2 4 8 16 32; do # until anything was answered at all
    cpu=$(ran "${pid[$mode]}")
    read -r rate count <<<"$(load "${port[$mode]}" "$(awk "BEGIN { print $seconds * $times }")")"
    [ "$count" -eq 0 ] || break
  done
  result rate "$rate" "$1"
  [ "$count" -eq 0 ] || result cpu "$(awk "BEGIN { print ($(ran "${pid[$mode]}") - $cpu) / $count }")" "$1"
  answered[$mode]=$((answered[$mode] + count))
}

# The order is another in each round, and within it the same in each turn: every server rests for as long as the others
# do before it is under load again. A server that rested for longer was slower than an equal one (V8 gives memory back
# after some seconds without work).
take_turns() {
  local n order
  mapfile -t order < <(printf '%s\n' "${up[@]}" | shuf --random-source=<(yes "$round $workload"))
  for n in $(seq "$turns"); do
    for mode in "${order[@]}"; do
      progress "$mode"
      turn "$n"
    done
  done
}

# What a process took at most, and how much of that are the buffers that it shares with LTTng; in KiB.
memory() {
  result rss "$(awk '/^VmHWM/ { print $2 }' "/proc/${pid[$mode]}/status")"
  result buffers "$(awk '/^[0-9a-f]+-/ { ours = /\/dev\/shm\// } /^Rss:/ && ours { n += $2 } END { print n + 0 }' "/proc/${pid[$mode]}/smaps")"
}

end_servers() {
  exec 9>&-
  for mode in "${!started[@]}"; do
    wait "${started[$mode]}" || true
    at=$scratch/$mode
    [ ! -s "$at/daemon" ] || kill "$(cat "$at/daemon")" 2>/dev/null || true
    recorded "${answered[$mode]:-0}"
    rm -rf "$at"
  done
  [ -z "$backend" ] || wait "$backend" || true
  rm -f "$scratch/backend" "$scratch/hold"
}

# Servers that are up at once.
side_by_side() {
  local mode up=()
  local -A started port pid answered daemons
  mkfifo "$scratch/hold"
  exec 9<>"$scratch/hold" # both ends: this does not wait for a reader
  start_backend
  start_servers "$@"
  [ "$warm" = 0 ] || for mode in "${up[@]}"; do warm_up; done
  for mode in "${up[@]}"; do daemons[$mode]=$(cpu_of_daemons "${pid[$mode]}"); done
  take_turns
  for mode in "${up[@]}"; do
    result daemons "$(awk "BEGIN { print ($(cpu_of_daemons "${pid[$mode]}") - ${daemons[$mode]}) / ($turns * $seconds) }")"
    memory
  done
  end_servers
}

servers() {
  if [ ${#apart[@]} -gt 0 ]; then
    side_by_side "$@"
    return
  fi
  local one
  for one in "$@"; do side_by_side "$one"; done
}
