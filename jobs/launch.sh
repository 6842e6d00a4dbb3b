# shellcheck shell=bash
# Sourced by the job scripts beside it: finds the program and starts it on every task of the Slurm allocation.
#   LANDSCAPE_PROGRAM     the program, where it is not the one of this tree
#   LANDSCAPE_LAUNCHER    srun or mpirun, where the choice made here is not the right one

LANDSCAPE_JOBS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

# find_program BUILD...: prints LANDSCAPE_PROGRAM, else the program of the first of these builds (release, debug) that
# the tree has, else the installed program this folder came with, else the one on PATH.
find_program() {
  local build
  if [[ -n ${LANDSCAPE_PROGRAM:-} ]]; then
    command -v "$LANDSCAPE_PROGRAM" && return
    echo "LANDSCAPE_PROGRAM is '$LANDSCAPE_PROGRAM', which is no program." >&2
    return 1
  fi
  for build in "${@/#/$LANDSCAPE_JOBS/../build/}" "$LANDSCAPE_JOBS/../../../bin"; do
    [[ -f $build/landscape_mpi && -x $build/landscape_mpi ]] || continue
    echo "$(cd "$build" && pwd)/landscape_mpi"
    return
  done
  command -v landscape_mpi && return
  cat >&2 <<MESSAGE
landscape_mpi is neither built in $(dirname "$LANDSCAPE_JOBS") nor on PATH. Build it there, with modules loaded,
  tools/setup.sh run && cmake --preset release && cmake --build --preset release -j 8
or set LANDSCAPE_PROGRAM.
MESSAGE
  return 1
}

# with_defaults NAME=VALUE... -- [options]: OPTIONS becomes the options, and before them each default that is not
# overridden; the program takes no option twice.
with_defaults() {
  local default option defaults=()
  while [[ $1 != -- ]]; do defaults+=("$1"); shift; done
  shift
  OPTIONS=("$@")
  for default in "${defaults[@]}"; do
    for option; do
      [[ $option == "--${default%%=*}" || $option == "--${default%%=*}="* ]] && continue 2
      [[ ${default%%=*}$option == output-o* || ${default%%=*}$option == directions-n* ]] && continue 2
    done
    OPTIONS=("--$default" "${OPTIONS[@]}")
  done
}

# prepare_mpirun: what this mpirun needs to be told on any machine, unless the user has told it otherwise.
prepare_mpirun() {
  # With the shared-memory store of PMIx, mpirun now and then never ends where a rank is killed while it starts.
  export PMIX_MCA_gds="${PMIX_MCA_gds-hash}"
  # Without ssh mpirun ends, also where Slurm or a single node makes it needless, unless told that there is none.
  command -v ssh >/dev/null || command -v rsh >/dev/null || export OMPI_MCA_plm_rsh_agent="${OMPI_MCA_plm_rsh_agent-}"
}

# end_stuck_mpirun PID: kills an mpirun that waits on a lock for ten seconds while every process below it is dead; with
# the other store it is rare, not gone. A sound mpirun waits for events, also where its ranks are on other nodes only.
end_stuck_mpirun() {
  local name place processes pid stuck=0
  while sleep 1 && read -r name <"/proc/$1/comm"; do
    read -r place <"/proc/$1/wchan"
    [[ $name == @(mpirun|orterun|prterun) && $place == futex* ]] && ((++stuck)) || stuck=0
    processes=$(cat /proc/"$1"/task/*/children)
    for pid in $processes; do
      [[ $(</proc/"$pid"/stat) == *") Z "* ]] || stuck=0
    done
    ((stuck < 10)) || kill -KILL "$1"
  done 2>/dev/null
}

# launch PROGRAM [options]: by srun where Slurm speaks PMIx, else by mpirun; returns the program's exit code. USR1 makes
# the program finish what it is computing and stop with code 75. The shell passes the signal on, for which the program
# has to run in the background: a shell handles a signal only when its foreground command has ended.
launch() {
  local launcher=${LANDSCAPE_LAUNCHER:-} command child code signal asked_to_stop=
  export OMPI_MCA_mpi_yield_when_idle=1 # ranks that wait for rank 0's training must not take its cores
  if [[ -z $launcher ]]; then
    launcher=mpirun
    srun --mpi=list 2>&1 | grep -q pmix && launcher=srun
  fi
  if [[ $launcher == srun ]]; then
    # srun does not take over --cpus-per-task from the job by itself (Slurm 22.05 and later).
    [[ -z ${SLURM_CPUS_PER_TASK:-} ]] || export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK
    command=(srun --mpi=pmix --cpu-bind=cores --kill-on-bad-exit=0)
  else
    command=(mpirun --bind-to none)
    prepare_mpirun
    [[ -z ${SLURM_NTASKS:-} ]] || command+=(-np "$SLURM_NTASKS")
    if [[ -n ${SLURM_GPUS_PER_TASK:-} ]]; then
      # mpirun reaches other nodes by a step of one task each, which would show all ranks there one and the same GPU.
      export OMPI_MCA_plm_slurm_args=--gpus-per-node=$SLURM_GPUS_ON_NODE
      export PRTE_MCA_plm_slurm_args=$OMPI_MCA_plm_slurm_args
      command=(env -u SLURM_GPUS_PER_TASK -u SLURM_TRES_PER_TASK "${command[@]}")
    fi
  fi
  "${command[@]}" "$@" &
  child=$!
  [[ $launcher == mpirun ]] && end_stuck_mpirun "$child" </dev/null >/dev/null 2>&1 &
  trap 'asked_to_stop=yes; kill -USR1 "$child"' USR1 TERM
  wait "$child"
  while kill -0 "$child" 2>/dev/null; do wait "$child"; done # a signal only interrupts the wait
  wait "$child"
  code=$?
  trap - USR1 TERM
  # A signal that came before the program was there to take it ended the launcher; nothing is lost.
  [[ -n $asked_to_stop ]] && ((code == 128 + $(kill -l USR1))) && code=75
  if [[ -z $asked_to_stop ]] && ((code > 128)) && signal=$(kill -l "$code" 2>/dev/null); then
    [[ $signal == KILL ]] && signal+=", most likely as its node ran out of memory: take fewer ranks on a node"
    echo "landscape_mpi: a rank was ended by SIG$signal; go on with --resume." >&2
  fi
  return "$code"
}
