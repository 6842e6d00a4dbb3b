# shellcheck shell=bash
# Sourced by run.sh: a private Slurm (munged, slurmctld, slurmd) for this machine alone, which pretends to be several
# nodes with more cores and GPUs than it has. Nothing in /etc, /run or /var is touched, everything listens on the
# loopback interface, and the daemons are children of this shell, so that they are stopped by process id, however this
# ends.

# Ports from $1 upward that nobody answers on: as many as asked for by $2.
free_ports() {
  local port=$1 found=0
  while ((found < $2 && port < 32000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; found=$((found + 1)); }
    port=$((port + 1))
  done
}

# start NAME command...: in the background and out of reach of Ctrl-C, its output into the log folder, ended with this
# shell even where that is killed
start() {
  local name=$1
  shift
  setpriv --pdeathsig TERM setsid "$@" >"$CLUSTER/log/$name.out" 2>&1 </dev/null &
  DAEMONS+=("$!")
}

# wait_until SECONDS command...: success as soon as the command succeeds
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# More nodes than one on one machine need host names and PMIx folders of their own: namespaces, which root may make.
can_pretend_nodes() { unshare --uts --mount true 2>/dev/null; }

# node_daemon NAME: slurmd -D of a pretended node. Only namespaces tell the nodes apart.
node_daemon() {
  if can_pretend_nodes; then
    mkdir -p "$CLUSTER/tmp-of/$1"
    start "$1" unshare --uts --mount bash -c "hostname '$1' && mount --bind '$CLUSTER/tmp-of/$1' '$CLUSTER/tmp' &&
      mount --bind '$CLUSTER/hosts' /etc/hosts && exec slurmd -D -c -N '$1' -f '$SLURM_CONF'"
  else
    start "$1" slurmd -D -c -N "$1" -f "$SLURM_CONF"
  fi
}

# cluster_up FOLDER NODES CPUS GPUS: CPUS and GPUS of each node. Exports SLURM_CONF, sets CLUSTER_NODES (names) and
# CLUSTER_GPUS to what could be had; 1 and the daemons' last words where it does not come up.
cluster_up() {
  local nodes=$2 cpus=$3 gpus=$4 host ports i variable names
  CLUSTER=$1 DAEMONS=()
  host=$(uname -n) host=${host%%.*}
  names=("$host")
  if can_pretend_nodes; then
    for ((i = 0; i < nodes; i++)); do names[i]=node$((i + 1)); done
  fi
  CLUSTER_NODES=("${names[@]}")
  mapfile -t ports < <(free_ports $((20000 + RANDOM % 10000)) $((${#names[@]} + 2)))
  while IFS= read -r variable; do unset "$variable"; done < <(compgen -e | grep -E '^(SLURM|SBATCH|SRUN|SALLOC)_')
  mkdir -p "$CLUSTER"/{log,munge,state,spool,dev,tmp} || return
  echo "127.0.0.1 localhost $host ${names[*]}" >"$CLUSTER/hosts"
  chmod 711 "$CLUSTER" "$CLUSTER/munge"
  head -c 128 /dev/urandom >"$CLUSTER/munge/key" && chmod 400 "$CLUSTER/munge/key"

  # A device file is all that makes a GPU for Slurm.
  for ((i = 0; i < gpus; i++)); do mknod "$CLUSTER/dev/gpu$i" c 1 3 2>/dev/null || gpus=0; done
  # shellcheck disable=SC2034 # the caller's
  CLUSTER_GPUS=$gpus
  echo "AutoDetect=off" >"$CLUSTER/gres.conf"
  ((gpus == 0)) || echo "Name=gpu File=$CLUSTER/dev/gpu[0-$((gpus - 1))]" >>"$CLUSTER/gres.conf"
  cat >"$CLUSTER/slurm.conf" <<CONF
ClusterName=landscape
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${ports[0]}
SlurmdPort=${ports[1]}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
# A job that is requeued starts again only when its old credential has expired.
AuthInfo=socket=$CLUSTER/munge/socket,cred_expire=5
StateSaveLocation=$CLUSTER/state
SlurmdSpoolDir=$CLUSTER/spool/%n
SlurmctldPidFile=$CLUSTER/slurmctld.pid
SlurmdPidFile=$CLUSTER/slurmd.%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MpiDefault=none
# PMIx keeps its files under the job's number: two clusters of one user must not count from the same one.
FirstJobId=$((RANDOM * 1000 + 1))
KillWait=20
ReturnToService=2
GresTypes=gpu
NodeName=DEFAULT CPUs=$cpus Boards=1 SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=1000
NodeName=DEFAULT Gres=gpu:$gpus State=UNKNOWN
$(for i in "${!names[@]}"; do
    echo "NodeName=${names[i]} NodeHostname=${names[i]} NodeAddr=127.0.0.1 Port=${ports[i + 2]}"
  done)
PartitionName=usual Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=2
CONF
  export SLURM_CONF=$CLUSTER/slurm.conf SLURM_PMIX_TMPDIR=$CLUSTER/tmp
  export OMPI_MCA_oob_tcp_if_include=lo OMPI_MCA_btl_tcp_if_include=lo

  start munged munged --foreground --force --key-file="$CLUSTER/munge/key" --socket="$CLUSTER/munge/socket" \
    --pid-file="$CLUSTER/munge/pid" --log-file="$CLUSTER/log/munged.log" --seed-file="$CLUSTER/munge/seed"
  wait_until 10 test -S "$CLUSTER/munge/socket" || { tail -n 5 "$CLUSTER"/log/*.out >&2; return 1; }
  start slurmctld slurmctld -D -c -f "$SLURM_CONF"
  for i in "${names[@]}"; do
    mkdir -p "$CLUSTER/spool/$i"
    node_daemon "$i"
  done
  wait_until 20 cluster_is_idle && return
  tail -n 5 "$CLUSTER"/log/*.out >&2
  return 1
}

cluster_is_idle() { [[ $(sinfo -h -p usual -t idle -o %D 2>/dev/null) == "${#CLUSTER_NODES[@]}" ]]; }
cluster_is_empty() { [[ -z $(squeue -h 2>/dev/null) ]]; }

# Ends the jobs, then the daemons in the order of their needs.
cluster_down() {
  local i pid pids=()
  [[ -n ${DAEMONS[*]:-} ]] || return 0
  if [[ -n $(squeue -h 2>/dev/null) ]]; then
    mapfile -t pids < <(scontrol listpids 2>/dev/null | awk 'NR > 1 && $1 > 0 { print $1 }')
    scancel --user="$(id -un)" 2>/dev/null
    wait_until 5 cluster_is_empty || kill -KILL "${pids[@]}" 2>/dev/null
    wait_until 5 cluster_is_empty
  fi
  for ((i = ${#DAEMONS[@]} - 1; i >= 0; i--)); do
    pid=${DAEMONS[i]}
    kill "$pid" 2>/dev/null
    wait_until 10 is_gone "$pid" || kill -KILL "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  DAEMONS=()
}

is_gone() { [[ ! -d /proc/$1 || $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) == Z* ]]; }
