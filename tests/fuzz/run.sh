#!/usr/bin/env bash
# run.sh FOLDER SECONDS: runs every fuzzer in FOLDER from its committed corpus, the seconds shared out among them,
# one on each core. Found inputs stay in FOLDER/found, crashing ones in FOLDER/crash-<fuzzer>-<hash>.
set -uo pipefail
folder=$(cd "$1" && pwd)
corpus=$(cd "$(dirname "$0")" && pwd)/corpus
fuzzers=("$folder"/fuzz_*)
cores=$(nproc)
each=$(( $2 * cores / ${#fuzzers[@]} ))
[ "$each" -ge 1 ] || each=1

fuzz() {
  local name=${1##*/fuzz_} more=()
  [ "$name" = yaml ] && more=("$3"/../../../configs/*/)
  mkdir -p "$2/found/$name"
  # No input may take more than 10 s, one block of 512 MiB, or 2 GiB in all.
  if ! "$1" -max_total_time="$4" -timeout=10 -malloc_limit_mb=512 -rss_limit_mb=2048 -max_len=16384 -print_final_stats=1 \
      -artifact_prefix="$2/crash-$name-" "$2/found/$name" "$3/$name" "${more[@]}" >"$2/$name.log" 2>&1; then
    grep -v '^#' "$2/$name.log"
    echo "fuzz: $name failed; again with: $1 $2/crash-$name-..."
    return 1
  fi
  echo "fuzz: $name: $(sed -n 's/.*number_of_executed_units: *//p' "$2/$name.log") inputs in ${4} s, nothing found"
}
export -f fuzz
printf '%s\n' "${fuzzers[@]}" | xargs -P "$cores" -I{} bash -c 'fuzz {} '"'$folder' '$corpus' $each"
