"""What the tests of gc and retention share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runlore.home import Home
from tests.journals import FakeKernel

DAY = 86_400.0
NOBODY_NEEDS = b"nobody needs this"


def age(home: Home, seconds: float = 30 * DAY) -> None:
    """Let everything in the home be so old."""
    then = time.time() - seconds
    for folder, names, files in os.walk(home.path):
        for name in (*names, *files):
            os.utime(Path(folder) / name, (then, then))


def objects(home: Home) -> set[str]:
    """The names of all that lies among the objects."""
    return {path.name for path in home.objects.iterdir()}


def tree(home: Home) -> dict[str, tuple[int, int]]:
    """Every file and folder of the home, with size and time of change."""
    found = {}
    for path in home.path.rglob("*"):
        stat = path.lstat()
        found[str(path)] = (stat.st_size, stat.st_mtime_ns)
    return found


def gc(home: Home, *arguments: str, code: int = 0) -> dict[str, Any]:
    """``runlore gc`` in a process of its own; the object that it prints."""
    done = start_gc(home, *arguments)
    said, complaint = done.communicate(timeout=120)
    assert done.returncode == code, said + complaint
    found = json.loads(said)
    assert isinstance(found, dict)
    return found


def start_gc(home: Home, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "runlore_server.cli", "gc", "--json", "--home", str(home.path), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def trained(kernel: Callable[..., FakeKernel], *values: float, **fields: Any) -> list[str]:
    """A closed session with a run a value of ``val_loss``, each with a checkpoint; their ids."""
    session, runs = kernel(), []
    for number, value in enumerate(values):
        run = session.start_run(f"run-{number}", time=1.7e9 + number, **fields)
        session.log(run, "val_loss", [(0, 9.0), (1, value)])
        session.artifact(run, "model.pt", f"weights {session.session_id} {number}".encode())
        session.artifact(run, "notes.txt", f"notes {session.session_id} {number}".encode())
        session.finish_run(run)
        runs.append(run)
    session.end()
    return runs
