#!/usr/bin/env bash
# A Slurm of one machine for the tests: cluster.sh FOLDER MAX_ARRAY_SIZE
# Everything is kept in FOLDER, which must be empty. Writes FOLDER/ready when jobs can be submitted
# (with SLURM_CONF=FOLDER/slurm.conf), and runs until its standard input ends or it is signalled; then no daemon is left.
# Exit code 77: Slurm cannot run here; the reason is on standard error.
set -uo pipefail
PATH=$PATH:/usr/sbin:/sbin

folder=$1
max_array=$2
pids=()

cannot() {
  echo "$1" >&2
  exit 77
}

# Everything that was started with this configuration, however far from this process.
ours() {
  grep -l -z -x -F "SLURM_CONF=$folder/slurm.conf" /proc/[0-9]*/environ 2>/dev/null | cut -d / -f 3
}

end_with() {
  local pid
  for pid in $(ours); do kill "-$1" "$pid" 2>/dev/null; done
  for _ in $(seq "$2"); do
    [ -z "$(ours)" ] && return
    sleep 0.1
  done
}

clean_up() {
  trap '' TERM INT HUP
  rm -f "$folder/ready"
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  end_with TERM 30
  end_with KILL 30
}

for program in munged slurmctld slurmd sbatch scontrol squeue scancel; do
  command -v "$program" >/dev/null || cannot "$program is not installed (packages slurm-wlm and munge)"
done
[ "$(id -u)" = 0 ] || cannot "slurmd needs root"

free_port() {
  python3 - <<'PYTHON'
import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])
PYTHON
}

host=$(hostname -s)
mkdir -p "$folder"/{state,spool,munge,log}
chmod 755 "$folder" "$folder/munge"
dd if=/dev/urandom of="$folder/munge/key" bs=1024 count=1 status=none
chmod 600 "$folder/munge/key"
export SLURM_CONF=$folder/slurm.conf
cat >"$SLURM_CONF" <<CONF
ClusterName=laqtest
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=6
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
MaxArraySize=$max_array
MinJobAge=300
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=100000
PriorityType=priority/basic
InactiveLimit=0
KillWait=10
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF

trap clean_up EXIT
trap 'exit 0' TERM INT HUP

munged --foreground --key-file="$folder/munge/key" --socket="$folder/munge/socket" \
  --pid-file="$folder/munge/pid" --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed" \
  --force --num-threads=2 >"$folder/log/munged.out" 2>&1 </dev/null &
pids+=($!)
for _ in $(seq 100); do [ -S "$folder/munge/socket" ] && break; sleep 0.05; done
[ -S "$folder/munge/socket" ] || cannot "munged does not start: $(tail -n 1 "$folder/log/munged.out")"
slurmctld -D -f "$SLURM_CONF" >"$folder/log/slurmctld.out" 2>&1 </dev/null &
pids+=($!)
slurmd -D -N "$host" -f "$SLURM_CONF" >"$folder/log/slurmd.out" 2>&1 </dev/null &
pids+=($!)

for _ in $(seq 300); do
  for pid in "${pids[@]}"; do
    kill -0 "$pid" 2>/dev/null || cannot "a daemon of Slurm ended: $(grep -h -i -E 'error|fatal' "$folder"/log/*.log | tail -n 1)"
  done
  if sinfo --noheader --format=%T 2>/dev/null | grep -q -x idle; then
    touch "$folder/ready"
    break
  fi
  sleep 0.1
done
[ -e "$folder/ready" ] || cannot "Slurm's node does not become idle: $(tail -n 1 "$folder/log/slurmctld.log")"

cat <&0 >/dev/null &   # until standard input ends
wait $!
