#!/usr/bin/env bash
# Installs Debian's postgresql for the tests of the export, where there is none yet. No server is started by it.
set -euo pipefail
command -v initdb >/dev/null && exit
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null && exit
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "postgresql is missing; install it, then run this again" >&2; exit 1; }
    as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends postgresql
