# shellcheck shell=bash
# shellcheck disable=SC2154 # work, scripts, here, folder and program are run.sh's
# Sourced by run.sh: what is claimed about each script of jobs/. Jobs that may run at the same time are submitted
# together.

small=(--epochs=50 --lbfgs-iterations=0 --directions=32 --grid=-1:1:11 --bootstrap=100)
sixteen=(--ntasks=16 --cpus-per-task=1)
# Seconds of work for 16 ranks, by the number of directions; results reach the file all the time.
long=(--dimension=4 --width=16 --epochs=5 --lbfgs-iterations=0 --train-quadrature=sobol:64 --quadrature=sobol:4000
  --grid=-1:1:21 --bootstrap=100 --round-seconds=0.2)
long_seconds=6

# ---- scripts that run to their end
# submit_pair NAME [options of sbatch] -- SCRIPT [options]: once by srun, once by mpirun; sets pair=(job job)
submit_pair() {
  local name=$1
  shift
  submit "$name-srun" srun "$@"
  pair=("$job")
  submit "$name-mpirun" mpirun "$@"
  pair+=("$job")
}

# claim_pair NAME RANKS JOB JOB: both end well with the same bits
claim_pair() {
  local name=$1 ranks=$2 launcher
  shift 2
  local jobs=("$@")
  for launcher in srun mpirun; do
    log=$work/$name-$launcher.log
    claim "$name by $launcher ends with code 0" ended "$1" COMPLETED 0
    claim "$name by $launcher is one program of $ranks ranks" log_counts 1 "^landscape_mpi .*, $ranks ranks"
    claim "$name by $launcher leaves a complete file" python complete "landscape-$1.h5"
    shift
  done
  claim "$name: the same bits by srun and by mpirun" python same "landscape-${jobs[0]}.h5" "landscape-${jobs[1]}.h5"
}

plain_scripts() {
  local single cpu list failing
  submit_pair single-node "${sixteen[@]}" -- "$scripts/single-node.sbatch" "${small[@]}"
  single=("${pair[@]}")
  submit_pair cpu-only "${sixteen[@]}" -- "$scripts/cpu-only.sbatch" "${small[@]}"
  cpu=("${pair[@]}")
  submit failing default "${sixteen[@]}" -- "$scripts/cpu-only.sbatch" --directions=many
  failing=$job
  claim_pair single-node 16 "${single[@]}"
  claim_pair cpu-only 16 "${cpu[@]}"
  list=("${single[@]}" "${cpu[@]}")
  claim "single-node and cpu-only: the same bits" python same "landscape-${list[0]}.h5" "landscape-${list[2]}.h5"
  log=$work/failing.log
  claim "a wrong option: the job fails with the program's code" ended "$failing" FAILED 2
  claim "a wrong option: said once, not by every rank" log_counts 1 "^landscape_mpi: .*many"
}

gpu_script() {
  local nodes=${#CLUSTER_NODES[@]} launcher jobs_of=() per_node tasks=()
  if ((CLUSTER_GPUS == 0)); then
    echo "        skipped: many-nodes-gpu, as this user cannot make devices for Slurm to hand out"
    return
  fi
  per_node=$((16 / nodes))
  tasks=(--nodes="$nodes" --ntasks=16 --ntasks-per-node="$per_node" --cpus-per-task=1)
  export STAND_IN=itself STAND_IN_PROGRAM=$LANDSCAPE_PROGRAM
  LANDSCAPE_PROGRAM=$here/stand_in.sh \
    submit_pair many-nodes-gpu "${tasks[@]}" -- "$scripts/many-nodes-gpu.sbatch" --device cpu "${small[@]}"
  jobs_of=("${pair[@]}")
  submit no-gpu default "${tasks[@]}" -- "$scripts/many-nodes-gpu.sbatch" "${small[@]}"
  claim_pair many-nodes-gpu 16 "${jobs_of[@]}"
  log=$work/many-nodes-gpu-srun.log
  claim "many-nodes-gpu by srun: 16 ranks, each with a GPU of its own" equal \
    "$(grep '^stand-in' "$log" | grep -E 'DEVICES=[0-9]+ ' | sort -u | wc -l)" 16
  log=$work/many-nodes-gpu-mpirun.log
  claim "many-nodes-gpu by mpirun: every rank sees the $per_node GPUs of its node" log_counts 16 \
    "^stand-in.*DEVICES=([0-9]+,){$((per_node - 1))}[0-9]+ "
  log=$work/no-gpu.log
  if nvidia-smi -L >/dev/null 2>&1; then
    echo "        skipped: many-nodes-gpu without a GPU, as this machine has one"
  else
    claim "many-nodes-gpu without a usable GPU ends at once with an error" ended "$job" FAILED 2
    claim "many-nodes-gpu without a usable GPU says so" log_says "^landscape_mpi: --device cuda cannot be had"
  fi
}

array_script() {
  local seeds list short zero seed
  submit array-seeds default --array=1-3 --output="$work/array-seeds-%a.log" -- \
    "$scripts/array-sweep.sbatch" "${small[@]}"
  seeds=$job
  submit array-list default --array=2-3 --output="$work/array-list-%a.log" -- \
    "$scripts/array-sweep.sbatch" activation=swish,tanh,sin "${small[@]}"
  list=$job
  submit array-short default --array=4 -- "$scripts/array-sweep.sbatch" seed=7,8,9
  short=$job
  submit array-zero default --array=0 -- "$scripts/array-sweep.sbatch" activation=swish,softplus
  zero=$job
  log=$work/array-seeds-1.log
  claim "array-sweep: three seeds end with code 0" ended "$seeds" COMPLETED 0
  for seed in 1 2 3; do
    log=$work/array-seeds-$seed.log
    claim "array-sweep: seed $seed has a complete file" python complete "sweep-seed-$seed.h5"
    claim "array-sweep: seed $seed was the one used" equal "$(python setting "sweep-seed-$seed.h5" seed)" "$seed"
  done
  log=$work/array-list-2.log
  claim "array-sweep: a list of values ends with code 0" ended "$list" COMPLETED 0
  claim "array-sweep: the second value of a list" equal "$(python setting sweep-activation-tanh.h5 activation)" tanh
  claim "array-sweep: the third value of a list" equal "$(python setting sweep-activation-sin.h5 activation)" sin
  claim "array-sweep: no other value of the list" test ! -e sweep-activation-swish.h5
  log=$work/array-short.log
  claim "array-sweep: a number beyond the list is a usage error" ended "$short" FAILED 2
  log=$work/array-zero.log
  claim "array-sweep: number 0 of a list is a usage error" ended "$zero" FAILED 2
  claim "array-sweep: number 0 of a list leaves no file" test ! -e sweep-activation-softplus.h5
  submit array-again default --array=2 -- "$scripts/array-sweep.sbatch" "${small[@]}"
  claim "array-sweep: submitted again, it ends with code 0" ended "$job" COMPLETED 0
  claim "array-sweep: submitted again, it computes nothing twice" log_says "\(resumed\)|Evaluated +0 losses"
}

debug_script() {
  local plain gdb
  LANDSCAPE_DEBUGGER=no-such-debugger submit debug-without default --cpus-per-task=1 -- \
    "$scripts/debug-single-node.sbatch"
  plain=$job
  LANDSCAPE_DEBUGGER=gdb submit debug-gdb default --cpus-per-task=1 -- \
    "$scripts/debug-single-node.sbatch" --directions=8
  gdb=$job
  log=$work/debug-without.log
  claim "debug-single-node without the debugger ends with code 0" ended "$plain" COMPLETED 0
  claim "debug-single-node says which debugger is missing" log_counts 1 "^MISSING: no-such-debugger"
  claim "debug-single-node leaves a complete file" python complete "landscape-debug-$plain.h5"
  claim "debug-single-node verifies its file" log_says "^== Info"
  log=$work/debug-gdb.log
  claim "debug-single-node under gdb ends with code 0" ended "$gdb" COMPLETED 0
  if command -v gdb >/dev/null; then
    claim "debug-single-node: four ranks ran under gdb" log_counts 4 "exited normally"
  else
    claim "debug-single-node says that gdb is missing" log_counts 1 "^MISSING: gdb"
  fi
  claim "debug-single-node: options after the script win" equal \
    "$(python setting "landscape-debug-$gdb.h5" directions)" 8
}

# The program is found from any folder: in the tree the script lies in, or on PATH.
finding_the_program() {
  local tree="$work/a tree" elsewhere="$work/some where" there path
  mkdir -p "$tree/build/release" "$elsewhere" "$work/bare" "$work/bin"
  cp -r "$scripts" "$tree/jobs"
  cp -r "$scripts" "$work/bare/jobs"
  ln -s "$LANDSCAPE_PROGRAM" "$tree/build/release/landscape_mpi"
  ln -s "$LANDSCAPE_PROGRAM" "$work/bin/landscape_mpi"
  cd "$elsewhere" || return
  unset LANDSCAPE_PROGRAM
  submit tree default --cpus-per-task=1 -- "../a tree/jobs/single-node.sbatch" "${small[@]}"
  there=$job
  PATH=$work/bin:$PATH submit path default --cpus-per-task=1 -- ../bare/jobs/single-node.sbatch "${small[@]}"
  path=$job
  submit nowhere default --cpus-per-task=1 -- ../bare/jobs/single-node.sbatch "${small[@]}"
  log=$work/tree.log
  claim "submitted from another folder, the tree's program runs" ended "$there" COMPLETED 0
  claim "the file lies in the folder sbatch was called from" python complete "$elsewhere/landscape-$there.h5"
  log=$work/path.log
  claim "without a build the program on PATH runs" ended "$path" COMPLETED 0
  log=$work/nowhere.log
  claim "without a program the job fails" ended "$job" FAILED 1
  claim "without a program the job says how to build it" log_says "cmake --preset release"
  cd "$folder" || return
  export LANDSCAPE_PROGRAM=$program
}

# ---- jobs that are interrupted
# Slurm's part, with a stand-in for the program: long waits at no cost, so these run beside all others.
submit_stand_ins() {
  local one=(--ntasks=1 --cpus-per-task=1)
  export LANDSCAPE_PROGRAM=$here/stand_in.sh
  STAND_IN=obedient submit time-limit srun "${one[@]}" --time=1 --signal=B:USR1@40 -- "$scripts/preemptible.sbatch"
  time_limit=$job
  STAND_IN=obedient submit cancelled srun "${one[@]}" -- "$scripts/preemptible.sbatch"
  cancelled=$job
  STAND_IN=loading submit loading-srun srun "${one[@]}" -- "$scripts/preemptible.sbatch"
  loading=("$job")
  STAND_IN=loading submit loading-mpirun mpirun "${one[@]}" -- "$scripts/preemptible.sbatch"
  loading+=("$job")
  STAND_IN=circling LANDSCAPE_MOST_PIECES=2 submit circling srun "${one[@]}" -- "$scripts/preemptible.sbatch"
  circling=$job
  export LANDSCAPE_PROGRAM=$program
  log=$work/cancelled.log
  wait_until 20 log_says "^stand-in" && scancel "$cancelled"
  log=$work/loading-srun.log
  wait_until 20 log_says "^stand-in" && scancel --batch --signal=USR1 "${loading[0]}"
  log=$work/loading-mpirun.log
  wait_until 20 log_says "^stand-in" && scancel --batch --signal=USR1 "${loading[1]}"
}

claim_stand_ins() {
  local launcher
  log=$work/cancelled.log
  claim "preemptible: a cancelled job stays cancelled" ended "$cancelled" CANCELLED 75
  claim "preemptible: a cancelled job is not started again" equal "$(job_field "$cancelled" Restarts)" "0 "
  for launcher in srun mpirun; do
    log=$work/loading-$launcher.log
    claim "preemptible: a signal while the program loads, $launcher: done in the end" ended "${loading[0]}" COMPLETED 0
    claim "preemptible: a signal while the program loads, $launcher: second piece" log_counts 1 "piece 2"
    loading=("${loading[@]:1}")
  done
  log=$work/circling.log
  claim "preemptible: a job that gets nowhere is given up" ended "$circling" FAILED 75
  claim "preemptible: a job that gets nowhere is tried as often as allowed" log_counts 2 "^stand-in"
  log=$work/time-limit.log
  claim "preemptible: stopped before the time limit, done in the end" ended "$time_limit" COMPLETED 0
  claim "preemptible: stopped before the time limit, second piece" log_counts 1 "piece 2"
}

# Sets M, so that 16 ranks work for some seconds on this machine as it is now.
measure() {
  submit measure srun "${sixteen[@]}" -- "$scripts/cpu-only.sbatch" "${long[@]}" --directions=24 --output=measure.h5
  log=$work/measure.log
  claim "cpu-only: options after the script win" ended "$job" COMPLETED 0
  n_directions=$(python directions measure.h5 "$long_seconds") || n_directions=100
  long+=(--directions="$n_directions")
}

# claim_finished HOW JOB RESTARTS: the job came back, went on in the same file, and nobody can tell
claim_finished() {
  claim "preemptible, $1: done in the end" ended "$2" COMPLETED 0
  claim "preemptible, $1: the same job, started once more" equal "$(job_field "$2" Restarts)" "1 "
  claim "preemptible, $1: one log, whose second piece resumed the file" log_counts 1 "^Output .*-$2.h5 \(resumed\)"
  claim "preemptible, $1: the file is complete" python complete "landscape-$2.h5"
  claim "preemptible, $1: the bits of an uninterrupted job" python same reference.h5 "landscape-$2.h5"
}

interrupted_jobs() {
  local signalled requeued preempted urgent node
  submit reference mpirun "${sixteen[@]}" -- "$scripts/cpu-only.sbatch" "${long[@]}" --output=reference.h5
  log=$work/reference.log
  claim "cpu-only: the uninterrupted job" ended "$job" COMPLETED 0

  submit signalled srun "${sixteen[@]}" -- "$scripts/preemptible.sbatch" "${long[@]}"
  signalled=$job
  log=$work/signalled.log
  claim "preemptible, USR1: runs" python begun "landscape-$signalled.h5" 60
  scancel --batch --signal=USR1 "$signalled"
  submit requeued mpirun "${sixteen[@]}" -- "$scripts/preemptible.sbatch" "${long[@]}"
  requeued=$job
  log=$work/requeued.log
  claim "preemptible, scontrol requeue: runs" python begun "landscape-$requeued.h5" 60
  scontrol requeue "$requeued"

  node=${CLUSTER_NODES[-1]}
  submit preempted srun "${sixteen[@]}" --nodelist="$node" -- "$scripts/preemptible.sbatch" "${long[@]}"
  preempted=$job
  log=$work/preempted.log
  claim "preemptible, preempted: runs" python begun "landscape-$preempted.h5" 60
  submit urgent default "${sixteen[@]}" --nodelist="$node" --partition=urgent -- \
    "$scripts/single-node.sbatch" "${small[@]}"
  urgent=$job

  log=$work/urgent.log
  claim "the job with the right of way runs at once" ended "$urgent" COMPLETED 0
  log=$work/signalled.log
  claim_finished USR1 "$signalled"
  claim "preemptible, USR1: the program says why it stopped" log_counts 1 "stopped by SIGUSR1 with .*--resume"
  claim "preemptible, USR1: the script puts the job back" log_counts 1 "back into the queue"
  log=$work/requeued.log
  claim_finished "scontrol requeue" "$requeued"
  claim "preemptible, scontrol requeue: the script leaves the queue alone" log_counts 0 "back into the queue"
  log=$work/preempted.log
  claim_finished preempted "$preempted"
  claim "preemptible, preempted: the script leaves the queue alone" log_counts 0 "back into the queue"
}
