#!/bin/bash
# tests/cli_kill.sh with many kills.
set -u
KILLS=200 exec bash "$IONSWEEP_SOURCE/tests/cli_kill.sh"
