#!/bin/bash
# cli_function.sh with 20 seeds.
set -u
ION_SEEDS=20 bash "$IONSWEEP_SOURCE/tests/cli_function.sh"
