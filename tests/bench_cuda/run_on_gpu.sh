#!/usr/bin/env bash
# Everything that wants a GPU, in parts of at most nine minutes: the tests, the four tools of compute-sanitizer, the
# cases against the floor of the card, a training step by network, the kernel families by width, PyTorch on the same
# card, and the whole program with two ranks on one card against the CPU. Appends tables to one results file named after
# card and date; says what could not be run and what did not finish. Exit code 1 if anything failed, 77 without a GPU.
#
#   run_on_gpu.sh BUILD_DIR [OUT_DIR]       with a build made with -DLANDSCAPE_CUDA=ON
#   run_on_gpu.sh [OUT_DIR]                 in the folder that bundle.sh made
#
# Environment: PART, of tests,sanitize,cases,gradient,dispatch,torch,program (default all; several with commas);
# PART_TIME, seconds for each part (540); SANITIZER_TIME, seconds for each tool (120); PYTHON (python3); MPIRUN
# (mpirun); QUICK=1, cases A and B only.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
if [[ -x $here/run && -d $here/app ]]; then
  out=${1:-.}
  tests=$here/app/cuda_device_test bench=$here/app/bench_cuda
  run=("$here/run")
  program=$here/launch/landscape_mpi mpirun=$here/launch/mpirun whole_runs=$here/test_gpu.py
  revision=$(<"$here/revision")
  [[ ! -d $here/reference ]] || export LANDSCAPE_REFERENCE_DIR=$here/reference
else
  build=${1:?usage: run_on_gpu.sh BUILD_DIR [OUT_DIR]}
  out=${2:-.}
  tests=$build/tests/cuda/cuda_device_test bench=$build/tests/bench_cuda/bench_cuda
  run=()
  program=$build/landscape_mpi mpirun=${MPIRUN:-mpirun} whole_runs=$here/../app/test_gpu.py
  [[ ! -x $program ]] || program=$(cd "$build" && pwd)/landscape_mpi
  revision=$(git -C "$here" describe --always --dirty 2>/dev/null || echo unknown)
fi
python=${PYTHON:-python3}
part_time=${PART_TIME:-540}
sanitizer_time=${SANITIZER_TIME:-120}
all_parts=tests,sanitize,cases,gradient,dispatch,torch,program
IFS=, read -ra parts <<<"${PART:-$all_parts}"
for part in "${parts[@]}"; do
  [[ ,$all_parts, == *,$part,* ]] || { echo "run_on_gpu.sh: PART has '$part': take some of $all_parts." >&2; exit 2; }
done
for seconds in "$part_time" "$sanitizer_time"; do
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "run_on_gpu.sh: '$seconds' is no number of seconds." >&2; exit 2; }
done

# ask NAME...: the first card's values of nvidia-smi
ask() {
  local IFS=,
  nvidia-smi --query-gpu="$*" --format=csv,noheader 2>/dev/null | head -n 1
}
card=$(ask name)
if [[ -z $card ]]; then
  echo "run_on_gpu.sh: skipped, nvidia-smi is missing or sees no GPU" >&2
  exit 77
fi
for needed in "$tests" "$bench"; do
  [[ -x $needed ]] || { echo "run_on_gpu.sh: $needed is missing: build it first" >&2; exit 2; }
done

# cuBLAS is opened by name at run time: where the loader does not look, it may lie with the toolkit or with PyTorch.
cublas=$(grep -aom 1 'libcublas\.so\.[0-9]*' "$tests" | head -n 1)
cublas=${cublas:-libcublas.so}
cublas_folder=
cublas_of_python() {
  "$python" - "$cublas" 2>/dev/null <<'PYTHON'
import glob, importlib.util, os, sys
spec = importlib.util.find_spec("nvidia")
found = [path for root in spec.submodule_search_locations for path in glob.glob(f"{root}/*/lib/{sys.argv[1]}")]
print(os.path.dirname(found[0]))
PYTHON
}
find_cublas() {
  local folder
  local -a known
  IFS=: read -ra known <<<"${LD_LIBRARY_PATH:-}"
  for folder in "${known[@]}"; do [[ ! -e $folder/$cublas ]] || return 0; done
  [[ $(ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null) != *"$cublas "* ]] || return 0
  for folder in "${CUDA_HOME:-/usr/local/cuda}/lib64" /usr/local/cuda/lib64 "$(cublas_of_python)"; do
    [[ ! -e $folder/$cublas ]] || { cublas_folder=$folder; return 0; }
  done
  return 1
}
cublas_said="$cublas where the loader looks"
find_cublas || cublas_said="$cublas NOT FOUND, so that networks wider than 128 fail: add its folder to LD_LIBRARY_PATH"
with_cublas=()
if [[ -n $cublas_folder ]]; then
  cublas_said="$cublas of $cublas_folder"
  with_cublas=(env LD_LIBRARY_PATH="$cublas_folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}")
  run=("${with_cublas[@]}" "${run[@]}")
fi

mkdir -p "$out" || exit
out=$(cd "$out" && pwd)
results=$out/results-$(tr -c '[:alnum:]\n' '-' <<<"$card" | tr -s '-')-$(date -u +%Y-%m-%d).md
failures=0
missing=0
say() { printf '%s\n' "$@" | tee -a "$results"; }
# not_run WHAT REASON
not_run() {
  say "- $1: NOT RUN, $2"
  missing=$((missing + 1))
}
# clocks: what the card does now
clocks() { ask clocks.sm clocks.max.sm power.draw power.limit temperature.gpu; }
state() { say "$1: SM clock, its maximum, power, its limit, degrees: $(clocks)"; }

[[ -s $results ]] || say "# CUDA backend on $card"
say '' "Run of $(date -u '+%Y-%m-%d %H:%M UTC'), driver $(ask driver_version), compute capability $(ask compute_cap),
revision $revision; $cublas_said."

line_by_line=()
! command -v stdbuf >/dev/null || line_by_line=(stdbuf -oL)
deadline=0
# bounded SECONDS COMMAND...: ends it after that time or at the part's end; what it has printed by then is kept
bounded() {
  local limit=$1 left=$((deadline - SECONDS))
  shift
  ((left > 0)) || return 124
  PYTHONUNBUFFERED=1 timeout --kill-after=10 "$((limit < left ? limit : left))" "${line_by_line[@]}" "$@"
}
# verdict STATUS: in words; remembers a failure
verdict() {
  case $1 in
    0) return 0 ;;
    124 | 137) say "NOT FINISHED in the time given: what is above is all of it." ;;
    *) say "FAILED with exit code $1." ;;
  esac
  failures=$((failures + 1))
}
# shown COMMAND...: its output as a block of the results
shown() {
  local status
  say '```'
  "$@" 2>&1 | tee -a "$results"
  status=${PIPESTATUS[0]}
  say '```'
  verdict "$status"
}
# benchmark TITLE COMMAND...: with the card's state before and after
benchmark() {
  say "## $1" ''
  shift
  state "Before"
  shown bounded "$part_time" "$@"
  state "After"
}

# named WHAT FILE: how many tests ended so, and which
named() {
  local names
  mapfile -t names < <(sed -n "s/^\[  $1 *\] \([^ ]*\) (.*/\1/p" "$2")
  echo "${#names[@]} ${names[*]}"
}

part_tests() {
  local log=$out/tests.log status
  say '## Tests' ''
  LANDSCAPE_REQUIRE_GPU=1 bounded "$part_time" "${run[@]}" "$tests" >"$log" 2>&1
  status=$?
  say "- passed: $(grep -c '^\[       OK \] .*(' "$log")"
  say "- not run: $(named SKIPPED "$log") $(grep -A 1 ': Skipped$' "$log" | grep -v ': Skipped$\|^--$' | sort -u)"
  say "- failed: $(named FAILED "$log")"
  if ((status != 0)); then
    say '```'
    say "$(grep -v '^\[ RUN \|^\[       OK\|^\[---' "$log" | head -n 100)"
    say '```'
  fi
  verdict "$status"
}

# The sanitizers slow kernels down a hundredfold: the shapes at tile edges, every family, the gradient and the
# directions, each once.
filter='*EveryActivation:*LinearNetworks:*DirectionsAreThoseOfTheCpu:*GradientBits*:*FiniteDifferences*'
filter+=':*BitsDoNotDependOnBatchOrSlice'
part_sanitize() {
  local sanitizer tool log status n
  say '## compute-sanitizer' ''
  for sanitizer in "$(command -v compute-sanitizer)" "${CUDA_HOME:-/usr/local/cuda}/bin/compute-sanitizer"; do
    [[ ! -x $sanitizer ]] || break
  done
  if [[ ! -x $sanitizer ]]; then
    not_run "compute-sanitizer" "it is not installed"
    return
  fi
  for tool in memcheck racecheck initcheck synccheck; do
    log=$out/sanitize-$tool.log
    LANDSCAPE_REQUIRE_GPU=1 bounded "$sanitizer_time" "${run[@]}" "$sanitizer" --tool "$tool" --error-exitcode 9 \
      "$tests" --gtest_filter="$filter" >"$log" 2>&1
    status=$?
    n=$(grep -c '^\[       OK \]' "$log")
    case $status in
      0) say "- $tool: $n tests, clean ($(grep -o '[A-Z]* SUMMARY.*' "$log" | tail -n 1))" ;;
      124 | 137)
        say "- $tool: NOT FINISHED in $sanitizer_time s, $n tests done, $(grep -c '^=========' "$log") lines said"
        failures=$((failures + 1))
        ;;
      *)
        say "- $tool: FAILED with exit code $status, $n tests passed; the first lines:" '```'
        say "$(grep '^=========\|^\[  FAILED\|Failure\|rror' "$log" | head -n 40)" '```'
        failures=$((failures + 1))
        ;;
    esac
  done
}

part_cases() {
  if [[ ${QUICK:-0} == 1 ]]; then
    benchmark "Case A" "${run[@]}" "$bench" --case A
    benchmark "Case B" "${run[@]}" "$bench" --case B
  else
    benchmark "Cases against the floor" "${run[@]}" "$bench"
  fi
}
part_gradient() { benchmark "Gradient" "${run[@]}" "$bench" --gradient; }
part_dispatch() { benchmark "Kernel families by width" "${run[@]}" "$bench" --dispatch; }

part_torch() {
  local cases=(A B C D) case
  if ! "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    say '## PyTorch on the same card' ''
    not_run "PyTorch" "$python has no PyTorch that sees the GPU: set PYTHON"
    return
  fi
  [[ ${QUICK:-0} != 1 ]] || cases=(A B)
  for case in "${cases[@]}"; do # one at a time, so that a slow one takes only itself along
    benchmark "PyTorch on the same card, case $case" "$python" "$here/bench_torch.py" --case "$case"
  done
}

# The same minimizers on the CPU and, with two ranks on the card, on the GPU; `verify` computes every loss again on the
# CPU and allows 1e-12 of the largest of its direction.
two_ranks() {
  local folder=$1 work=(--directions=20 --grid=-1:1:21 --bootstrap=100) kept='^Evaluated|^roughness index'
  bounded "$part_time" "$program" "${work[@]}" --device=cpu --output="$folder/cpu.h5" >"$folder/cpu" || return
  grep -E "$kept" "$folder/cpu"
  bounded "$part_time" "${with_cublas[@]}" "$mpirun" -np 2 "$program" "${work[@]}" --device=cuda \
    --minimizer="$folder/cpu.h5" --output="$folder/gpu.h5" >"$folder/gpu" || return
  grep -E "$kept" "$folder/gpu"
  bounded "$part_time" "$program" verify "$folder/gpu.h5" --all --device=cpu | sed "s|$folder/||"
}
part_program() {
  local folder
  say '## Whole program, two ranks on one card' ''
  if [[ ! -x $program ]]; then
    not_run "two ranks" "$program is missing (built with -DLANDSCAPE_MPI=OFF?)"
    return
  elif ! command -v "$mpirun" >/dev/null; then
    not_run "two ranks" "$mpirun is missing: set MPIRUN"
    return
  fi
  folder=$(mktemp -d) || return
  shown two_ranks "$folder"
  rm -rf "$folder"
  say '' 'CPU and GPU: roughness index to 1e-9, training steps' ''
  if ! "$python" -c 'import h5py, numpy' 2>/dev/null; then
    not_run "test_gpu.py" "$python has no h5py and numpy: set PYTHON"
    return
  fi
  shown bounded "$part_time" "${with_cublas[@]}" env PATH="$(dirname "$(command -v "$mpirun")"):$PATH" \
    LANDSCAPE_PROGRAM="$program" LANDSCAPE_REAL_PROGRAM="$program" \
    "$python" -B "$whole_runs" Gpu.test_cpu_and_gpu_agree Gpu.test_training_takes_the_same_steps
}

for part in "${parts[@]}"; do
  deadline=$((SECONDS + part_time))
  say ''
  "part_$part"
done
say '' "$failures failed or did not finish, $missing could not be run: ${parts[*]}."
echo "$results"
((failures == 0))
