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
