#!/usr/bin/env bash
# The job scripts of jobs/ on a real Slurm: a private one on this machine, which pretends to be two nodes with 20 cores
# and 16 GPUs each (one node where this user may not make namespaces).
#   tests/slurm/run.sh [PROGRAM]      the program, else LANDSCAPE_PROGRAM, else the tree's build/release/landscape_mpi
# Every script runs 16 ranks by srun and by mpirun and its file is read with h5py; interrupted jobs come back and finish
# their file with the bits of an uninterrupted job. As root on Debian or Ubuntu what is missing is installed.
# Prints a line for each claim, then "N passed, N failed". Exit codes: 0, 1 when something failed, 77 when Slurm cannot
# be had here (1 with LANDSCAPE_REQUIRE_SLURM=1). Afterwards nothing is left running, also after Ctrl-C; the files are
# kept when something failed.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd "$here/../.." && pwd -P)
# shellcheck source-path=SCRIPTDIR source=cluster.sh
. "$here/cluster.sh"
# shellcheck source-path=SCRIPTDIR source=../../tools/setup.sh
. "$root/tools/setup.sh"

CORES=20 GPUS=16 # of each node: 16 ranks, and room for jobs of one rank beside them

# ---- what is needed
skip() {
  echo "SKIPPED: $*"
  [[ -z ${LANDSCAPE_REQUIRE_SLURM:-} ]] || exit 1
  exit 77
}

has_slurm() {
  PATH=$PATH:/usr/sbin:/sbin
  landscape_command slurmctld slurmd munged sbatch srun scontrol squeue sinfo scancel setpriv setsid
}

# Debian starts the daemons it installs, unless a policy says no: one of this script's own where there is none.
own_policy=
install_slurm() {
  local policy=/usr/sbin/policy-rc.d code packages=(slurmctld slurmd slurm-client slurm-wlm-basic-plugins munge)
  if ((EUID != 0)) || ! landscape_command apt-get; then
    skip "Slurm is not installed. On Debian or Ubuntu, as root: apt-get install ${packages[*]}"
  fi
  echo "installing ${packages[*]}"
  mkdir -p "$LANDSCAPE_LOGS" && : >"$LANDSCAPE_LOGS/setup.log"
  if [[ ! -e $policy ]]; then
    own_policy=$policy
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
  fi
  landscape_apt install --no-install-recommends "${packages[@]}" || {
    landscape_apt update
    landscape_apt install --no-install-recommends "${packages[@]}"
  }
  code=$?
  rm -f ${own_policy:+"$own_policy"} "$LANDSCAPE_LOGS/setup.log.part"
  own_policy= # nothing left to remove
  hash -r
  ((code == 0)) && has_slurm && return
  tail -n 5 "$LANDSCAPE_LOGS/setup.log"
  skip "Slurm could not be installed; all that apt-get said is in $LANDSCAPE_LOGS/setup.log"
}

# ---- claims
passed=0 failed=0
# claim TEXT command...: passes when the command succeeds; a failure shows what the command and the job's log said
claim() {
  local text=$1 said
  shift
  if said=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf '%4d s  ok    %s\n' "$SECONDS" "$text"
  else
    failed=$((failed + 1))
    printf '%4d s  FAIL  %s\n' "$SECONDS" "$text"
    { echo "$*: $said"; [[ -s ${log:-} ]] && tail -n 25 "$log"; } | sed 's/^/        | /'
  fi
}

python() { "$LANDSCAPE_PYTHON" -B "$here/check.py" "$@"; }
log_says() { grep -qsE -- "$1" "$log"; }
# log_counts N PATTERN: the pattern is in exactly N lines
log_counts() { [[ $(grep -cE -- "$2" "$log") == "$1" ]]; }
equal() { [[ $1 == "$2" ]] || { echo "'$1' is not '$2'"; return 1; }; }

# ---- jobs
# submit NAME LAUNCHER [options of sbatch] -- SCRIPT [options]: sets job and log; LAUNCHER may be "default"
submit() {
  local name=$1 launcher=$2 options=()
  shift 2
  while [[ $1 != -- ]]; do options+=("$1"); shift; done
  shift
  log=$work/$name.log
  [[ $launcher == default ]] && launcher=
  job=$(LANDSCAPE_LAUNCHER=$launcher sbatch --parsable --output="$log" "${options[@]}" "$@") || job=none
}

# job_field JOB NAME: its value, once each where the tasks of an array differ
job_field() {
  scontrol -o show job "$1" 2>/dev/null | sed -n "s/.* $2=\([A-Z_0-9]*\).*/\1/p" | sort -u | tr '\n' ' '
}
is_over() { [[ $(job_field "$1" JobState) =~ ^((COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL)\ )+$ ]]; }

# ended JOB STATE CODE: the job is over within two minutes, as expected; after five minutes no job is waited for
ended() {
  local patience=$((300 - SECONDS))
  patience=$((patience > 120 ? 120 : patience < 1 ? 1 : patience))
  wait_until "$patience" is_over "$1" || { echo "job $1 is $(job_field "$1" JobState)"; return 1; }
  equal "$(job_field "$1" JobState)$(job_field "$1" ExitCode)" "$2 $3 "
}

# ---- the order of things
finish() {
  local code=$?
  trap '' INT TERM HUP
  cluster_down
  [[ -z $own_policy ]] || rm -f "$own_policy"
  cd / || exit 1
  if ((passed + failed > 0)); then
    claim "nothing is left running" wait_until 5 none_left
    if ((failed == 0 && code == 0)); then rm -rf "$work"; else echo "logs and files: $work"; fi
    echo "$passed passed, $failed failed"
    ((failed == 0)) || exit 1
  elif [[ -n ${work:-} ]]; then
    rm -rf "$work"
  fi
  exit "$code"
}

# Every process of the private cluster and of its jobs was started with the cluster's folder in its environment or
# arguments.
none_left() {
  local pid
  while IFS= read -r pid; do
    [[ -e /proc/$pid/exe && $pid != "$$" ]] || continue # the grep itself is gone
    echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
    return 1
  done < <(grep -lsF "$work/" /proc/[0-9]*/environ /proc/[0-9]*/cmdline | cut -d/ -f3 | sort -u)
}

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

program=${1:-${LANDSCAPE_PROGRAM:-$root/build/release/landscape_mpi}}
[[ -x $program ]] || { echo "There is no program $program: build it, or name it." >&2; exit 2; }
program=$(cd "$(dirname "$program")" && pwd)/${program##*/}
scripts=$root/jobs
landscape_python || skip "no python3 with numpy and h5py: install python3-h5py, or name one by LANDSCAPE_PYTHON"
has_slurm || install_slurm

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none HDF5_USE_FILE_LOCKING=FALSE
unset OMP_NUM_THREADS LANDSCAPE_JOBS LANDSCAPE_LAUNCHER LANDSCAPE_DEBUGGER LANDSCAPE_MOST_PIECES
export LANDSCAPE_PROGRAM=$program

work=$(mktemp -d "${TMPDIR:-/tmp}/landscape-slurm-XXXXXX") && chmod 755 "$work" || exit 1
cluster_up "$work/cluster" 2 "$CORES" "$GPUS" || skip "Slurm does not start here"
folder=$work/jobs
mkdir "$folder" && cd "$folder" || exit 1
# shellcheck source-path=SCRIPTDIR source=cases.sh
. "$here/cases.sh"

submit_stand_ins
measure
plain_scripts
gpu_script
array_script
debug_script
finding_the_program
interrupted_jobs
claim_stand_ins
