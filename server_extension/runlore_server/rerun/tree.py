"""All processes of one rerun: the runner, its kernel, and whatever the user's code started from there."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import psutil

MARK = "RUNLORE_RERUN"
"""Environment variable that holds the run's id in every process of its rerun. It is inherited like any other, so
it finds a process also after its parents have died, in a session of its own or after a restart of the server."""

_ROUND = 0.1


def members(run_id: str) -> list[psutil.Process]:
    """The living processes of the rerun that makes ``run_id``, except the calling one."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        # What has ended meanwhile, a zombie, or somebody else's, is passed over.
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == run_id:
                found[process.pid] = process
                # Children that were started with another environment belong to it as well.
                found.update({child.pid: child for child in process.children(recursive=True)})
    found.pop(os.getpid(), None)
    return [process for process in found.values() if _lives(process)]


def socket_folder(run_id: str) -> Path:
    """Where the rerun's kernel has its sockets: a short path, known to whoever may have to clear up."""
    return Path(tempfile.gettempdir()) / f"runlore-{run_id}"


def kill(run_id: str, within: float = 5.0) -> bool:
    """Kill every process of the rerun except the calling one, and remove their sockets.

    Returns:
        Whether all of them died within the seconds given.
    """
    deadline = time.monotonic() + within
    while alive := members(run_id):
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(alive, timeout=_ROUND)
        if time.monotonic() > deadline:
            return False
    shutil.rmtree(socket_folder(run_id), ignore_errors=True)
    return True


def adopt_orphans() -> None:
    """Let processes whose parent dies become children of the calling one, where the system can do that (Linux)."""
    if sys.platform == "linux":
        import ctypes

        set_child_subreaper = 36
        ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
