#!/usr/bin/env bash
# Installs Debian's Slurm for tests/backends/test_slurm.py, where there is none yet. No daemon is started by it.
set -euo pipefail
command -v slurmctld >/dev/null && command -v slurmd >/dev/null && command -v sbatch >/dev/null && exit
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "slurm is missing; install it, then run this again" >&2; exit 1; }
    as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends slurm-wlm
