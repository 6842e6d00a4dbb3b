#!/usr/bin/env bash
# Everything that wants a GPU, in one go: the tests, the four tools of compute-sanitizer, the whole program with two ranks on one card
# against the CPU, the benchmark, the comparison with PyTorch. Writes one results file named after card and date; says which steps could
# not be run. Exit code 1 if any step failed, 77 without a GPU.
#
#   run_on_gpu.sh BUILD_DIR [OUT_DIR]
#
# BUILD_DIR holds a build with -DLANDSCAPE_CUDA=ON: targets cuda_device_test and bench_cuda, which need neither MPI nor HDF5
# (-DLANDSCAPE_MPI=OFF), and for the whole program landscape_mpi. Environment: PYTHON (default python3), MPIRUN (default mpirun),
# SANITIZER_TIME (seconds per tool, default 300), QUICK=1 (cases A and B only).
set -uo pipefail

build=${1:?usage: run_on_gpu.sh BUILD_DIR [OUT_DIR]}
out=${2:-.}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
mpirun=${MPIRUN:-mpirun}
sanitizer_time=${SANITIZER_TIME:-300}
tests=$build/tests/cuda/cuda_device_test
bench=$build/tests/bench_cuda/bench_cuda
program=$build/landscape_mpi

card=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -n 1)
driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1)
if [[ -z $card ]]; then
  echo "run_on_gpu.sh: skipped, nvidia-smi is missing or sees no GPU" >&2
  exit 77
fi
for needed in "$tests" "$bench"; do
  [[ -x $needed ]] || { echo "run_on_gpu.sh: $needed is missing: build it first" >&2; exit 2; }
done
mkdir -p "$out"
results=$out/results-$(tr -c '[:alnum:]\n' '-' <<<"$card" | tr -s '-')-$(date -u +%Y-%m-%d).md
revision=$(git -C "$here" describe --always --dirty 2>/dev/null || echo unknown)
{
  echo "# CUDA backend on $card"
  echo
  echo "$(date -u '+%Y-%m-%d %H:%M UTC'), driver $driver, revision $revision"
} >"$results"

failures=0
missing=0
# not_run TITLE REASON: says so, in the results too
not_run() {
  printf '\n## %s\nNOT RUN: %s\n' "$1" "$2" | tee -a "$results"
  missing=$((missing + 1))
}
# step TITLE COMMAND...: runs it, appends its output, remembers a failure
step() {
  local title=$1 status=0
  shift
  echo "== $title"
  {
    echo
    echo "## $title"
    echo '```'
  } >>"$results"
  "$@" 2>&1 | tee -a "$results" || status=${PIPESTATUS[0]}
  echo '```' >>"$results"
  if ((status != 0)); then
    echo "FAILED with exit code $status" | tee -a "$results"
    failures=$((failures + 1))
  fi
}

export LANDSCAPE_REQUIRE_GPU=1
step "Tests" "$tests" --gtest_brief=1

# The sanitizers slow kernels down a hundredfold: the shapes at tile edges, every family, the gradient and the directions, each once.
filter='*EveryActivation:*LinearNetworks:*DirectionsAreThoseOfTheCpu:*GradientBits*:*FiniteDifferences*:*BitsDoNotDependOnBatchOrSlice'
if sanitizer=$(command -v compute-sanitizer); then
  for tool in memcheck racecheck initcheck synccheck; do
    step "compute-sanitizer $tool" timeout "$sanitizer_time" "$sanitizer" --tool "$tool" --error-exitcode 9 "$tests" \
      --gtest_brief=1 --gtest_filter="$filter"
  done
else
  not_run "compute-sanitizer" "compute-sanitizer is not installed"
fi

# The same minimizers on the CPU and, with two ranks on the card, on the GPU; `verify` computes every loss again on the CPU and allows
# 1e-12 of the largest of its direction.
whole_program() (
  folder=$(mktemp -d) || exit
  trap 'rm -rf "$folder"' EXIT
  work=(--quiet --directions=20 --grid=-1:1:21 --bootstrap=100)
  "$program" "${work[@]}" --device=cpu --output="$folder/cpu.h5" &&
    "$mpirun" -np 2 "$program" "${work[@]}" --device=cuda --minimizer="$folder/cpu.h5" --output="$folder/gpu.h5" &&
    "$program" verify "$folder/gpu.h5" --all --device=cpu
)
if [[ ! -x $program ]]; then
  not_run "Whole program, two ranks on one card" "$program is missing (built with -DLANDSCAPE_MPI=OFF?)"
elif ! command -v "$mpirun" >/dev/null; then
  not_run "Whole program, two ranks on one card" "$mpirun is missing: set MPIRUN"
else
  step "Whole program, two ranks on one card" whole_program
  if "$python" -c 'import h5py' 2>/dev/null; then
    step "CPU and GPU: roughness index to 1e-9, training steps" env LANDSCAPE_PROGRAM="$program" LANDSCAPE_REAL_PROGRAM="$program" \
      "$python" "$here/../app/test_gpu.py" Gpu.test_cpu_and_gpu_agree Gpu.test_training_takes_the_same_steps
  else
    not_run "CPU and GPU: roughness index to 1e-9, training steps" "$python has no h5py: set PYTHON"
  fi
fi

if [[ ${QUICK:-0} == 1 ]]; then
  step "Case A" "$bench" --case A
  step "Case B" "$bench" --case B
else
  step "Cases against the floor" "$bench"
  step "Gradient" "$bench" --gradient
  step "Kernel families by width" "$bench" --dispatch
fi

if "$python" -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
  if [[ ${QUICK:-0} == 1 ]]; then
    step "PyTorch on the same card, case B" "$python" "$here/bench_torch.py" --case B
  else
    step "PyTorch on the same card" "$python" "$here/bench_torch.py"
  fi
else
  not_run "PyTorch on the same card" "$python has no PyTorch that sees the GPU: set PYTHON"
fi

echo >>"$results"
echo "$failures steps failed, $missing were not run." | tee -a "$results"
echo "$results"
((failures == 0))
