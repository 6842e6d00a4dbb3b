#!/usr/bin/env bash
# In place of landscape_mpi, where a test is about Slurm and the job script: $STAND_IN says how it behaves.
[[ $STAND_IN == obedient ]] && trap 'kill "$!"; exit 75' USR1 TERM
echo "stand-in: $STAND_IN, CUDA_VISIBLE_DEVICES=${CUDA_VISIBLE_DEVICES:-} on $(uname -n)"
case $STAND_IN in
  obedient) # the first piece computes until it is told to stop, the next one is done
    ((${SLURM_RESTART_COUNT:-0} == 0)) || exit 0
    sleep 240 &
    wait
    ;;
  loading) # not there yet to take a signal, as while a cluster's file system fetches the libraries
    ((${SLURM_RESTART_COUNT:-0} > 0)) || sleep 240
    ;;
  circling) # gets nowhere
    exit 75
    ;;
  itself) # the program, after the line above
    exec "$STAND_IN_PROGRAM" "$@"
    ;;
esac
