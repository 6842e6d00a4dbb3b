# shellcheck shell=bash
# Sourced by the job scripts beside it: finds the program and starts it on every task of the Slurm allocation.

# The program of the release build under the project's folder $1, or the installed one.
find_program() {
  local candidate
  for candidate in "$1/build/release/landscape_mpi" "$1/bin/landscape_mpi"; do
    [[ -f $candidate && -x $candidate ]] && { echo "$candidate"; return; }
  done
  command -v landscape_mpi && return
  echo "$1 has no build/release/landscape_mpi; build it as the head of the job script says, or set LANDSCAPE_HOME." >&2
  return 1
}

# launch PROGRAM [options]: srun where Slurm speaks PMIx, else mpirun; returns the program's exit code. USR1 and TERM
# are passed on to the ranks, which finish their round and stop with code 75. A shell handles a signal only when its
# foreground command has ended, so the program runs in the background.
launch() {
  local launcher child code
  export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1} # srun no longer takes it from the job by itself (Slurm >= 22.05)
  export OMPI_MCA_mpi_yield_when_idle=1               # ranks that wait for rank 0's training must not take its cores
  if srun --mpi=list 2>&1 | grep -q pmix; then
    launcher=(srun --mpi=pmix --kill-on-bad-exit=0)
  else
    launcher=(mpirun -np "${SLURM_NTASKS:-1}" --bind-to none --quiet)
  fi
  "${launcher[@]}" "$@" &
  child=$!
  trap 'kill -USR1 "$child"' USR1
  trap 'kill -TERM "$child"' TERM
  while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break # still there: a signal only interrupted the wait
  done
  trap - USR1 TERM
  return "$code"
}
