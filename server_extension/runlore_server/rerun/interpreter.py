"""The Python for an environment that is built again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from runlore.capture.lock import Lock
from runlore_server.errors import EnvironmentNotRebuildable
from runlore_server.rerun.uv import Uv, UvFailed

_PROBE_TIMEOUT = 60.0


def interpreter(lock: Lock, uv: Uv) -> str:
    """A Python of the recorded version: the recorded one, or another that uv finds.

    Raises:
        EnvironmentNotRebuildable: there is none.
    """
    if version_of(lock.base) == lock.python:
        return lock.base
    asked = lock.python if lock.implementation == "CPython" else f"{lock.implementation.lower()}@{lock.python}"
    # uv downloads one only where its user has said so.
    allowed = [] if os.environ.get("UV_PYTHON_DOWNLOADS") else ["--no-python-downloads"]
    try:
        return uv.find_python(asked, *allowed)
    except UvFailed:
        pass
    minor = asked.rpartition(".")[0]
    try:
        found = uv.find_python(minor, "--no-python-downloads")
        nearest = f"; nearest is {version_of(found)} ({found})"
    except UvFailed:
        nearest = ""
    raise EnvironmentNotRebuildable(
        {f"Python {lock.python}": f"it is not installed{nearest}; run: uv python install {asked}"}
    )


def version_of(python: str) -> str | None:
    """The version of an interpreter; ``None`` when it is gone or does not run."""
    if not python or not Path(python).is_file():
        return None
    try:
        return subprocess.run(  # noqa: S603 - an interpreter on this machine, isolated from folders of the user's
            [python, "-I", "-S", "-c", "import platform; print(platform.python_version())"],
            capture_output=True,
            text=True,
            check=True,
            timeout=_PROBE_TIMEOUT,
            stdin=subprocess.DEVNULL,
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
