# SPDX-License-Identifier: MIT
# Sourced by the scripts here: where things are, and how each of them speaks.
UVTREE_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
UVTREE_CACHE=${UVTREE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/uvtree}
export UVTREE_SOURCE UVTREE_CACHE

say() {
  printf '%s\n' "$*" >&2
}

die() {
  say "${0##*/}: $*"
  exit 1
}

# As root, or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "this needs root or sudo: $*"
  fi
}

# The build that is shown and measured.
build_release() {
  (cd "$UVTREE_SOURCE" && cmake --preset release && cmake --build --preset release) >/dev/null ||
    die "the build failed: cmake --workflow --preset release shows why"
}

# need_daemon PIDFILE: a session daemon where none answers. stop_daemon: where it is ours.
our_daemon=
need_daemon() {
  ! lttng --no-sessiond list >/dev/null 2>&1 || return 0
  lttng-sessiond --daemonize --no-kernel --pidfile="$1" >/dev/null
  our_daemon=$(cat "$1")
}

stop_daemon() {
  [ -z "$our_daemon" ] || kill "$our_daemon" 2>/dev/null || true
}

# Goes on in namespaces of its own, with a session daemon of its own: a session records every program on the machine
# that is preloaded, also those of others. What is started here ends with the script.
alone() {
  [ -z "${UVTREE_ALONE:-}" ] || return 0
  local map=
  [ "$(id -u)" -eq 0 ] || map=--map-root-user
  # shellcheck disable=SC2086 # nothing, or an option
  unshare $map --mount --pid --fork --mount-proc true 2>/dev/null || return 0 # then alone or not, as it happens
  # shellcheck disable=SC2016,SC2086 # the inner shell expands these
  UVTREE_ALONE=1 exec unshare $map --mount --pid --fork --mount-proc --kill-child bash -euc '
    mount -t tmpfs none /run
    mount -t tmpfs none /dev/shm
    unset LTTNG_HOME
    "$@"' bash "$0" "$@"
}
