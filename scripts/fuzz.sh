#!/usr/bin/env bash
# Runs every fuzz target for a number of seconds (default 30), or only those named.
# Usage: scripts/fuzz.sh [seconds] [target...]
# libFuzzer needs coverage instrumentation, which the stable compiler gives by LLVM's own pass; the address
# sanitizer is not needed, because unsafe code is denied in all of these crates.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
shift || true
host=$(rustc -vV | sed -n 's/^host: //p')
out=$PWD/.cache/fuzz
export CARGO_TARGET_DIR=$out/target
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=4"

mapfile -t targets < <(cd fuzz/fuzz_targets && printf '%s\n' *.rs | sed 's/\.rs$//')
if (($#)); then targets=("$@"); fi
args=()
for target in "${targets[@]}"; do args+=(--bin "$target"); done
# The product's own lock file decides the versions of everything that is fuzzed.
cp Cargo.lock fuzz/Cargo.lock
cargo build --release --target "$host" --manifest-path fuzz/Cargo.toml "${args[@]}"

failed=()
for target in "${targets[@]}"; do
  corpus=$out/corpus/$target
  mkdir -p "$corpus" "$out/artifacts/$target"
  seeds=fuzz/seeds/$target
  [ -d "$seeds" ] || seeds=
  echo "== $target, $seconds s"
  log=$out/$target.log
  if "$CARGO_TARGET_DIR/$host/release/$target" "$corpus" ${seeds:+"$seeds"} \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 -print_final_stats=1 -verbosity=1 \
    -artifact_prefix="$out/artifacts/$target/" >"$log" 2>&1; then
    grep -E 'stat::number_of_executed_units|stat::average_exec_per_sec' "$log" | sed 's/^stat::/   /'
  else
    tail -n 30 "$log"
    failed+=("$target")
  fi
done
if ((${#failed[@]})); then
  echo "fuzzing found something in: ${failed[*]} (inputs in $out/artifacts)" >&2
  exit 1
fi
echo "no findings in ${#targets[@]} targets"
