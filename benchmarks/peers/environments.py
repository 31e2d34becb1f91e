"""A virtual environment for each peer, because their requirements do not go together."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from benchmarks.peers.catalog import PEERS

DEFAULT = Path(".peers")
"""Where the environments are made and looked for, from the directory of the checkout."""


def install(directory: Path) -> dict[str, str]:
    """Make the environments that are not there yet, one for each set of requirements.

    Returns:
        For each peer that could not be installed, by its name, the last line of what the installer said.
    """
    failed = {}
    for name, peer in PEERS.items():
        if not peer.requirements or _is_ready(directory, name):
            continue
        place = directory / name
        for step in (
            ("venv", "--allow-existing", "--python", sys.executable, str(place)),
            ("pip", "install", "--quiet", "--python", str(place), *peer.requirements),
        ):
            done = subprocess.run([sys.executable, "-m", "uv", *step], capture_output=True, text=True, check=False)
            if done.returncode:
                failed[name] = ([line for line in done.stderr.splitlines() if line.strip()] or ["no reason"])[-1]
                break
    return failed


def interpreter(directory: Path, name: str) -> Path | None:
    """The Python that has what a peer needs: its own, else this one; ``None`` where it is not installed."""
    if _is_ready(directory, name):
        return _python(directory, name)
    module = PEERS[name].module
    return Path(sys.executable) if not module or importlib.util.find_spec(module) else None


def _python(directory: Path, name: str) -> Path:
    folder = "Scripts" if sys.platform == "win32" else "bin"
    return directory.absolute() / name / folder / "python"


def _is_ready(directory: Path, name: str) -> bool:
    python = _python(directory, name)
    if not PEERS[name].module or not python.exists():
        return False
    script = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
    return subprocess.run([python, "-c", script, PEERS[name].module], check=False).returncode == 0
