# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034
# Sourced by the tests of `uvtree record`. Each runs in namespaces of its own: it sees no session daemon but those that it
# starts, may kill them, and nothing of it outlives it. UVT_EMITTER and UVT_CATCHER are programs of this folder.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
: "${UVT_EMITTER:=$UVTREE_BUILD/tests/e2e/record/emitter}" "${UVT_CATCHER:=$UVTREE_BUILD/tests/e2e/record/catcher}"
PROVIDER=$(dirname "$(uvtree_object)")/libuvtree-lttng.so

if [ -z "${UVT_PRIVATE:-}" ]; then
  map=
  [ "$(id -u)" -eq 0 ] || map=--map-root-user
  unshare $map --mount --pid --fork --mount-proc true 2>/dev/null || skip "no namespaces here"
  # Ends by itself: with the first process of its pid namespace, all others end.
  UVT_PRIVATE=1 exec unshare $map --mount --pid --fork --mount-proc --kill-child "$(realpath "$0")" "$@"
fi
mount -t tmpfs private /run
mount -t tmpfs private /dev/shm
unset LTTNG_HOME LD_PRELOAD UVTREE_OBJECT LTTNG_SESSIOND_PATH
scratch
cd "$SCRATCH" || exit 1

# status EXPECTED WHAT COMMAND...: runs it, output to out and err.
status() {
  local expected=$1 what=$2 got=0
  shift 2
  "$@" >out 2>err </dev/null || got=$?
  [ "$got" -eq "$expected" ] || fail "$what: status $got, not $expected: $(cat err)"
}

# One line of ours on standard error, and it says that.
one_line() {
  [ "$(grep -c '' err)" -eq 1 ] && grep -q -e "$1" err || fail "not one line with \"$1\": $(cat err)"
}

# An emitter that is held is at a known place: it has emitted its pairs once, and waits until it is released to emit as
# many again (emitter.c). held_emitter PAIRS RATE: its command line, in the array `emitter`.
held_emitter() {
  rm -f hold hold.reached
  mkfifo hold
  emitter=("$UVT_EMITTER" "$PROVIDER" "$1" "$2" 1 "$PWD/hold")
}

# await_held WHAT [PID [FOLDER]]: until the emitter that process PID (default: the last one that went into the background)
# records is held, in that folder.
await_held() {
  local recorder=${2:-$!} reached=${3:-.}/hold.reached
  until [ -e "$reached" ]; do
    kill -0 "$recorder" 2>/dev/null || fail "$1: the emitter does not get so far: $(cat err)"
    sleep 0.05
  done
}

release_emitter() {
  echo go >hold
}

# eventually COMMAND...: tries again until it succeeds. What must happen does at once; the bound is for what is broken.
eventually() {
  local tries=1200
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    sleep 0.05
  done
}

daemons() {
  pgrep 'lttng-|^uvt' || true
}

no_daemons() {
  [ -z "$(daemons)" ]
}

# Nothing is left: no process, no session, no shared memory but the two pages on which LTTng's programs wait for a daemon.
nothing_left() {
  eventually no_daemons || fail "$1: still running: $(daemons | xargs ps -o pid,args -p)"
  local files
  files=$(find /dev/shm -type f ! -name 'lttng-ust-wait-*')
  [ -z "$files" ] || fail "$1: left in /dev/shm: $files"
}

no_sessions() {
  lttng --no-sessiond list 2>&1 | grep -q 'no available recording session' || fail "$1: sessions left: $(lttng --no-sessiond list 2>&1)"
}

# How many records of that name are in a trace, as babeltrace2 reads it.
count_records() {
  babeltrace2 "$1" 2>/dev/null | grep -c "uvtree:$2:" || true
}
