#!/bin/bash
# A throwaway Slurm of one node for tests: munged, slurmctld and slurmd on the loopback, as any user.
#
#   slurm_local.sh start DIR   start the daemons; a client needs SLURM_CONF=DIR/slurm.conf
#   slurm_local.sh stop DIR    cancel its jobs, end its daemons
#
# Needs the Debian packages munge, slurmctld, slurmd and slurm-client (exit status 77 without). Everything
# lies in DIR and every port is its own. Only processes that it started are ended: by their pid, and only
# while that pid has the start time that was noted.
set -u
PATH=$PATH:/usr/sbin:/sbin

die() {
  echo "slurm_local: $*" >&2
  exit 1
}

# The first of two neighbouring ports that nobody listens on.
free_port() {
  local port=16816
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null ||
    (exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null; do
    port=$((port + 2))
  done
  echo "$port"
}

# configure DIR PORT. A requeued job may start again when its credential has expired, by default after 120 s
# (cred_expire); no RequeueExit, so that jobs have to requeue themselves.
configure() {
  local host user cpus memory
  host=$(hostname -s)
  user=$(id -un)
  cpus=$(nproc)
  memory=$(awk '/^MemTotal/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)
  cat >"$1/slurm.conf" <<CONF
ClusterName=throwaway
SlurmctldHost=$host(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$1/munge.sock,cred_expire=5
SlurmctldPort=$2
SlurmdPort=$(($2 + 1))
StateSaveLocation=$1/state
SlurmdSpoolDir=$1/spool
SlurmctldPidFile=$1/slurmctld.pidfile
SlurmdPidFile=$1/slurmd.pidfile
SlurmctldLogFile=$1/slurmctld.log
SlurmdLogFile=$1/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SwitchType=switch/none
MpiDefault=none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
JobRequeue=1
KillWait=5
MinJobAge=600
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus Boards=1 SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=$memory State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
CONF
  echo 'CgroupAutomount=no' >"$1/cgroup.conf"
}

# Start time of a process that is alive: field 22 of its stat, counted behind the name in parentheses.
born() {
  local line
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  # shellcheck disable=SC2086
  set -- ${line##*) }
  [ "$1" != Z ] && echo "${20}"
}

# alive DIR NAME
alive() {
  local pid time
  { read -r pid time <"$1/$2.pid"; } 2>/dev/null && [ "$(born "$pid")" = "$time" ]
}

# launch DIR NAME COMMAND: in a session of its own, its pid and start time noted.
launch() {
  local directory=$1 name=$2
  shift 2
  setsid "$@" >"$directory/$name.out" 2>&1 </dev/null &
  echo "$! $(born $!)" >"$directory/$name.pid"
}

# wait_until SECONDS COMMAND
wait_until() {
  local tries=$(($1 * 10))
  shift
  while ! "$@"; do
    [ $((tries--)) -gt 0 ] || return 1
    sleep 0.1
  done
}

munge_answers() {
  munge -S "$1/munge.sock" -n >/dev/null 2>&1
}

node_is_idle() {
  [ "$(sinfo -h -o %T 2>/dev/null)" = idle ]
}

start() {
  local directory=$1 program
  for program in munged slurmctld slurmd sbatch; do
    if ! command -v $program >/dev/null; then
      echo "slurm_local: no $program (Debian packages munge slurmctld slurmd slurm-client)" >&2
      exit 77
    fi
  done
  chmod 755 "$directory"
  mkdir -p "$directory/state" "$directory/spool"
  configure "$directory" "$(free_port)"
  (umask 077 && head -c 128 /dev/urandom >"$directory/munge.key")
  launch "$directory" munged munged --foreground --force --num-threads=2 \
    --socket="$directory/munge.sock" --key-file="$directory/munge.key" --seed-file="$directory/munge.seed" \
    --pid-file="$directory/munge.pidfile" --log-file="$directory/munge.log"
  wait_until 10 munge_answers "$directory" || die "munged does not answer: $(cat "$directory/munged.out")"
  export SLURM_CONF=$directory/slurm.conf
  launch "$directory" slurmctld slurmctld -D -f "$SLURM_CONF"
  launch "$directory" slurmd slurmd -D -f "$SLURM_CONF"
  wait_until 30 node_is_idle && return
  tail -n 20 "$directory/slurmctld.out" "$directory/slurmd.out" >&2
  stop "$directory"
  die "the node does not become idle"
}

no_jobs() {
  [ -z "$(squeue -h 2>/dev/null)" ]
}

# Ended, however it takes.
end() {
  local pid
  alive "$1" "$2" || return 0
  read -r pid _ <"$1/$2.pid"
  kill -TERM "$pid"
  wait_until 10 gone "$1" "$2" || kill -KILL "$pid"
}

gone() {
  ! alive "$1" "$2"
}

stop() {
  local job name
  export SLURM_CONF=$1/slurm.conf
  if alive "$1" slurmctld; then
    for job in $(squeue -h -r -o %i); do scancel "$job"; done
    wait_until 20 no_jobs
  fi
  for name in slurmd slurmctld munged; do end "$1" $name; done
}

if [ $# != 2 ] || [ ! -d "$2" ]; then die "usage: slurm_local.sh start|stop DIR"; fi
directory=$(cd "$2" && pwd)
case $1 in
  start) start "$directory" ;;
  stop) stop "$directory" ;;
  *) die "unknown word '$1'" ;;
esac
