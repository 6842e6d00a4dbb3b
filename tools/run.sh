#!/usr/bin/env bash
# Builds what is not built yet and runs landscape_mpi on this machine's cores; every option is passed on to the program.
#   tools/run.sh                                    the main job with its defaults; writes landscape.h5 here
#   tools/run.sh --preset published-1d --seed 7     any options of the program
#   LANDSCAPE_RANKS=4 tools/run.sh                  another number of MPI ranks
# Two ranks unless told otherwise (one per GPU where there are more): each uses its share of the cores through threads.
# Exits with the program's code: 0 done, 1 error, 2 usage, 75 stopped early and resumable. A cluster: see jobs/.
set -uo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
# shellcheck source-path=SCRIPTDIR/../jobs source=launch.sh
. "$LANDSCAPE_ROOT/jobs/launch.sh"

if [[ -n ${LANDSCAPE_RANKS:-} && ! $LANDSCAPE_RANKS =~ ^[1-9][0-9]*$ ]]; then
  echo "landscape_mpi: LANDSCAPE_RANKS is '$LANDSCAPE_RANKS', which is no number of ranks: give 1 or more." >&2
  exit 2
fi
landscape_setup run || exit 1
landscape_build release --target landscape_mpi || exit 1
program=$LANDSCAPE_ROOT/build/release/landscape_mpi

gpus=$(nvidia-smi -L 2>/dev/null | grep -c '^GPU')
ranks=${LANDSCAPE_RANKS:-$((gpus > 2 ? gpus : 2))}
options=(-np "$ranks")
if [[ $(mpirun --version 2>/dev/null) == *Open*MPI* || $(mpirun --version 2>/dev/null) == *OpenRTE* ]]; then
  # More ranks than slots is fine here, waiting ranks must not spin, and a container's root may start ranks. hwloc need
  # not say that a container has no /sys.
  options+=(--bind-to none)
  export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
  export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none HWLOC_HIDE_ERRORS=2
  prepare_mpirun
  ((EUID == 0)) && export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
(end_stuck_mpirun $$ </dev/null >/dev/null 2>&1 &) # mpirun takes this script's place, and number
exec mpirun "${options[@]}" "$program" "$@"
