"""All processes of one rerun: the runner, its kernel, and whatever the user's code started from there."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

MARK = "RUNLORE_RERUN"
"""Environment variable that holds the run's id in every process of its rerun. It is inherited like any other, so
it finds a process also after its parents have died, in a session of its own or after a restart of the server."""

REMOTE = "remote.json"
"""The file, beside the sockets, that tells of a rerun's kernel on a gateway."""

_ROUND = 0.1
_MOMENT = 0.002

_SET_CHILD_SUBREAPER = 36
"""Option of Linux' ``prctl``."""


def members(run_id: str, root: int | None = None) -> list[psutil.Process]:
    """The living processes of the rerun that makes ``run_id``, except the calling one.

    ``root`` is a process of which it is known; whatever descends from it belongs to the rerun, marked or not. If
    it is the calling one, the process above it is left out too: its keeper.
    """
    processes: dict[int, psutil.Process] = {}
    children: dict[int, list[int]] = {}
    found: list[int] = [] if root is None else [root]
    for process in psutil.process_iter():
        # What has ended meanwhile, a zombie, or somebody else's, is passed over.
        with contextlib.suppress(psutil.Error, OSError):
            processes[process.pid] = process
            children.setdefault(process.ppid(), []).append(process.pid)
            if process.environ().get(MARK) == run_id:
                found.append(process.pid)
    spared = {os.getpid(), os.getppid()} if root == os.getpid() else {os.getpid()}
    family: set[int] = set()
    while found:
        if (pid := found.pop()) not in family:
            family.add(pid)
            # Children that were started with another environment belong to it as well.
            found += children.get(pid, [])
    return [process for pid, process in processes.items() if pid in family - spared and _lives(process)]


def own_sockets(run_id: str, runner: int | None = None) -> Path:
    """Where the kernel of a runner, by default the calling one, has its sockets: a short path, nobody else's.

    The runner of an owner of the queue that died may still be at its end when the rerun is started anew.
    """
    return Path(tempfile.gettempdir()) / f"runlore-{run_id}.{runner or os.getpid()}"


def sockets(run_id: str) -> list[Path]:
    """Such folders of all runners of the rerun, for whoever has to clear up."""
    return list(Path(tempfile.gettempdir()).glob(f"runlore-{run_id}.*"))


def kill(run_id: str, root: int | None = None, within: float = 5.0) -> bool:
    """Kill every process of the rerun except the calling one (see ``members``), and remove their sockets.

    A kernel of it that lives on a gateway is ended there.

    Returns:
        Whether all of them died within the seconds given.
    """
    deadline = time.monotonic() + within
    while alive := members(run_id, root):
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(alive, timeout=_ROUND)
        if time.monotonic() > deadline:
            return False
    clear_sockets(sockets(run_id))
    return True


def kill_own(run_id: str) -> bool:
    """``kill``, called by the rerun's runner; quicker where there are many processes.

    On Linux all that descends from a runner remains below it, since it adopts orphans: nobody's mark is read.

    Returns:
        Whether all of them died in time.
    """
    if sys.platform != "linux":
        return kill(run_id, root=os.getpid())
    if not kill_children():
        return False
    clear_sockets([own_sockets(run_id)])
    return True


def kill_children(within: float = 5.0) -> bool:
    """Kill everything that descends from the calling process.

    Returns:
        Whether all of it died within the seconds given.
    """
    deadline = time.monotonic() + within
    while _has_children():
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                process.kill()
        look_again = time.monotonic() + _ROUND
        while _has_children() and time.monotonic() < look_again:
            time.sleep(_MOMENT)
        if time.monotonic() > deadline:
            return False
    return True


def clear_sockets(folders: Iterable[Path]) -> None:
    """Remove them, and end the kernels on a gateway that they tell of."""
    for folder in folders:
        if (folder / REMOTE).exists():
            from runlore_server.rerun.remote import end_left

            end_left(folder)
        shutil.rmtree(folder, ignore_errors=True)


def adopt_orphans() -> None:
    """Let processes whose parent dies become children of the calling one, where the system can do that (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _has_children() -> bool:
    """Whether the calling process has children that live; those that have ended are taken note of."""
    try:
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
