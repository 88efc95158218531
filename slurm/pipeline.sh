#!/bin/bash
# Submit a sweep with what comes after it, each job waiting for the one before: run, analyze, draw.
set -u

usage() {
  cat <<HELP
usage: slurm/pipeline.sh [OPTIONS] SWEEP FILE.nc [-- OPTIONS OF ionsweep run]
  --parts N         solve N parts as an array of jobs, then make one file of them
  --analyze         then 'ionsweep analyze FILE.nc'
  --draw COMMAND    then a command, such as 'python3 postprocess/map.py FILE.nc --of ecs_K'
  --sbatch OPTIONS  options of sbatch for the jobs that solve: '--ntasks=64 --time=2:00:00 -p long'
  --plan            say what the study takes and whether Slurm would accept the jobs; submit nothing
Jobs that Slurm would refuse are refused before any is submitted (exit status 2). Analysis and drawing take
one task each; what all jobs need goes into the environment: SBATCH_PARTITION, SBATCH_ACCOUNT (man sbatch). A
job that fails takes those that wait for it out of the queue (Reason=DependencyNeverSatisfied).
HELP
}

parts=1 analyze=no draw='' options=() plan=no
while [ $# -gt 0 ]; do
  case $1 in
    --parts) parts=${2:-} && shift ;;
    --draw) draw=${2:-} && shift ;;
    --sbatch) read -ra options <<<"${2:-}" && shift ;;
    --analyze) analyze=yes ;;
    --plan) plan=yes ;;
    --help | -h) usage && exit ;;
    --) break ;;
    -*) echo "pipeline.sh: unknown option '$1'" >&2 && exit 2 ;;
    *) break ;;
  esac
  shift
done
if [ $# -lt 2 ] || ! [[ $parts =~ ^[1-9][0-9]*$ ]]; then
  usage >&2
  exit 2
fi
sweep=$1 file=$2
shift 2
[ "${1:-}" = -- ] && shift
here=$(cd "$(dirname "$0")" && pwd)
program=${IONSWEEP:-ionsweep}
small=(--ntasks=1 --requeue --open-mode=append --kill-on-invalid-dep=yes)

# The command of the jobs that solve, before options that this run adds.
if [ "$parts" -gt 1 ]; then
  solving=(--array="1-$parts" "${options[@]}" "$here/array.sbatch" "$parts" "$sweep" "$file" "$@")
else
  solving=("${options[@]}" "$here/run.sbatch" "$sweep" "$file" "$@")
fi
takes=()
for ((i = 1; i <= parts; i++)); do takes+=(--take "${file%.nc}.part-$i.nc"); done
merging=("${small[@]}" --ntasks=2 "$here/run.sbatch" "$sweep" "$file" "${takes[@]}" "$@")

# each_job COMMAND: call it with the name of each job in turn and what sbatch is to be told; end where it fails.
each_job() {
  "$1" solve "${solving[@]}" || return
  [ "$parts" = 1 ] || "$1" merge "${merging[@]}" || return
  [ $analyze = no ] || "$1" analyze "${small[@]}" --job-name=ionsweep-analyze \
    --wrap "$(printf '%q ' "$program" analyze "$file")" || return
  [ -z "$draw" ] || "$1" draw "${small[@]}" --job-name=ionsweep-draw --wrap "$draw"
}

# What Slurm says to a job, on stderr: when one that solves would start, or why never.
try() {
  local name=$1 said
  shift
  if ! said=$(sbatch --test-only "$@" 2>&1); then
    printf '%s\n' "$said" "pipeline.sh: Slurm refuses the job '$name', nothing was submitted" >&2
    return 2
  fi
  [ "$name" != solve ] || echo "$said" >&2
}

# Submit a job after the last one.
last=
submit() {
  local name=$1
  shift
  if ! last=$(sbatch --parsable ${last:+--dependency=afterok:$last} "$@"); then
    echo "pipeline.sh: the job '$name' was not submitted; those before it are in the queue" >&2
    return 1
  fi
  last=${last%%;*} # "JOB;CLUSTER" where there are several clusters
  echo "$name: job $last"
}

[ "$plan" = no ] || "$program" plan "$sweep" || exit
each_job try || exit
[ "$plan" = yes ] || each_job submit
