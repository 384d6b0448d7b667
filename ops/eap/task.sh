#!/bin/sh
# Does a task of the conformance kit, for agents that give their tasks to a command: its wish stands in its prompt.
case "$(cat)" in
  *"conformance: wait"*) echo waiting; sleep 90 ;;
  *"conformance: slow"*) for step in 1 2 3; do echo "$((step * 25))% step $step"; sleep 1; done ;;
  *"conformance: artifact"*) head -c 200000 /dev/urandom | base64 > big.txt; echo made ;;
  *) echo done | tee done.txt ;;
esac
