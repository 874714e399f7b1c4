#!/usr/bin/env bash
# Makes old-runs.tar.gz from text.txt and run.yaml with another build of the program.
#   make.sh PROGRAM
set -euo pipefail
program=$1
wait_for() { until [[ $(grep -c "$1" "$2") -ge $3 ]]; do sleep 0.01; done; }

"$program" prepare --input text.txt --output data --tokenizer bytes
"$program" pretrain run.yaml --set run.name=killed --set trainers.count=2 >killed.out 2>&1 &
wait_for 'checkpoint step [0-9]*0 ' killed.out 1
kill -9 $!
wait $! || true

# Held while it is asked to pause: it takes a step in milliseconds.
"$program" pretrain run.yaml --set run.name=stopped >stopped.out 2>&1 &
trainer=$!
wait_for 'checkpoint step [1-4]0 ' stopped.out 1
kill -STOP $trainer
"$program" pause stopped &
asking=$!
sleep 3
kill -CONT $trainer
wait $asking
"$program" rollback stopped --to 20 --skip 3
"$program" lr stopped --factor 0.5
"$program" resume stopped
wait_for 'checkpoint step [345]0 ' stopped.out 2
kill -TERM $trainer
wait $trainer

tar --exclude=control.sock --sort=name --owner=0 --group=0 --numeric-owner -czf old-runs.tar.gz data runs/killed runs/stopped text.txt run.yaml
