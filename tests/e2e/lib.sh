# SPDX-License-Identifier: MIT
# Sourced by the end-to-end tests. UVTREE_BUILD is the build (or install) tree under test; ctest sets it.
E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$E2E/../../scripts/lib.sh"
UVTREE_BUILD=${UVTREE_BUILD:-$UVTREE_SOURCE/build}
UVTREE=$UVTREE_BUILD/bin/uvtree
SKIPPED=77

# Where the injected object is, whatever the library directory is called.
uvtree_object() {
  ls "$UVTREE_BUILD"/lib/uvtree/libuvtree.so "$UVTREE_BUILD"/lib/*/uvtree/libuvtree.so 2>/dev/null | head -n 1
}

skip() {
  say "skipped: $*"
  exit "$SKIPPED"
}

fail() {
  say "FAILED: $*"
  exit 1
}

# The node binary of one of scripts/node-builds' builds; `path` is the node on the PATH.
node_build() {
  if [ "$1" = path ]; then
    command -v node
  else
    echo "$UVTREE_CACHE/node/$1/bin/node"
  fi
}

# A node to run our own scripts with.
tool_node() {
  local name
  for name in 20 22 24 18 path; do
    if [ -x "$(node_build $name || true)" ]; then
      node_build $name
      return
    fi
  done
  skip "no node here (scripts/node-builds)"
}

canonical_tree() {
  "$(tool_node)" "$E2E/canonical-tree.js" "$@"
}

# A scratch directory that is gone when the script ends. UVTREE_KEEP keeps it, to look at a failure.
scratch() {
  SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/uvtree-e2e.XXXXXX")
  # shellcheck disable=SC2064 # the directory as it is called now
  [ -n "${UVTREE_KEEP:-}" ] || trap "rm -rf '$SCRATCH'" EXIT
}

# record TRACE COMMAND...: records $LAYER (default uv), in a new directory; its standard output is the program's.
record() {
  local trace=$1
  shift
  "$UVTREE" record --layer "${LAYER:-uv}" ${STACKS:+--stacks} -o "$trace" -- "$@"
}

# Runs a command in a new, empty directory and keeps its output and status as NAME.out, NAME.status.
run_in() {
  local name=$1 status=0
  shift
  mkdir "$SCRATCH/$name.dir"
  (cd "$SCRATCH/$name.dir" && "$@") >"$SCRATCH/$name.out" 2>"$SCRATCH/$name.err" </dev/null || status=$?
  echo "$status" >"$SCRATCH/$name.status"
}

same() {
  diff -u "$1" "$2" >&2 || fail "$3"
}

# same_readers TRACE [READER]: what we read of it ourselves is byte for byte what babeltrace2 reads of it.
same_readers() {
  local reader
  for reader in "${2-direct}" babeltrace2; do
    UVTREE_READER=$reader "$UVTREE" convert "$1" -o "$SCRATCH/read-$reader" 2>"$SCRATCH/read.err" ||
      fail "reader $reader: $(cat "$SCRATCH/read.err")"
  done
  cmp "$SCRATCH/read-${2-direct}" "$SCRATCH/read-babeltrace2" >&2 || fail "$1: our reader differs from babeltrace2"
}

check_trace() {
  "$UVTREE" check "$1" >"$SCRATCH/check.out" 2>&1 || {
    head -n 40 "$SCRATCH/check.out" >&2
    fail "uvtree check reports violations"
  }
  same_readers "$1"
}
