"""Where runners hatch: a process that has imported all that they need, and forks one whenever it is asked to.

A forked runner is at work after some milliseconds instead of half a second of a processor, and shares its memory
with the others. It is a process like any other in all else: a session, a keeper, an environment and a log of its
own. The nest has no threads and does nothing else, so that forks of it are clean. It ends with its owner, and some
time after the last runner did; its own death ends none of them.

The first runners, one for each processor, hatch as soon as they could start a kernel, and import papermill
themselves while that boots: nobody waits longer for them than for runners that are programs. For the next ones the
nest has imported papermill.

Kernels do not hatch so. What comes of one interpreter has one layout of addresses, and the order of whatever is
hashed by its address with it: reruns that agree in that would prove less than they seem to.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time
from typing import Any, NoReturn

import msgspec

MOST_BYTES = 160_000
"""Of one datagram; an environment is a few thousand."""

_LINGER = 120.0
"""Seconds without a runner after which the nest ends."""

_SETTLED = 2.0
"""Seconds in which the first runners and their kernels have booted; until then they need the processors more."""


class Wish(msgspec.Struct, frozen=True):
    """A runner that is asked for: its folder and its whole environment."""

    folder: str
    environ: dict[str, str]


class Hatched(msgspec.Struct, frozen=True, tag=True):
    """The answer: the process, which leads a session of its own."""

    pid: int


class Ended(msgspec.Struct, frozen=True, tag=True):
    """Told when a runner has ended; ``status`` is negative for a signal."""

    pid: int
    status: int


Told = Hatched | Ended


def main() -> None:
    """Serve on the socket whose descriptor is the argument: wishes, each with the runner's input and its log.

    It returns when the owner is gone and all runners are, or when nobody has needed one for a while.
    """
    from runlore_server.rerun.replayer import warm_up
    from runlore_server.rerun.runner import import_papermill

    warm_up()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)  # its owner decides
    owner = socket.socket(fileno=int(sys.argv[1]))
    ended, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    heard: list[Any] = [owner, ended]
    running: set[int] = set()
    idle_since = time.monotonic()
    whole, first = False, len(os.sched_getaffinity(0))
    while running or (owner in heard and time.monotonic() - idle_since < _LINGER):
        ready, _, _ = select.select(heard, [], [], _LINGER if whole else _SETTLED)
        if not whole and (not ready or (owner in ready and len(running) >= first)):
            import_papermill()
            whole = True
        if owner in ready:
            message, descriptors, _, _ = socket.recv_fds(owner, MOST_BYTES, 2)
            if message:
                running.add(pid := _hatch(message, descriptors, (owner.fileno(), ended, tell)))
                _say(owner, Hatched(pid))
            else:
                heard.remove(owner)
        if ended in ready:
            os.read(ended, 4096)
        for pid in list(running):
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                running.discard(pid)
                idle_since = time.monotonic()
                _say(owner, Ended(pid, os.waitstatus_to_exitcode(status)))


def _say(owner: socket.socket, told: Told) -> None:
    with contextlib.suppress(OSError):  # it is gone, as the next look at the socket tells
        owner.send(msgspec.json.encode(told))


def _hatch(message: bytes, descriptors: list[int], nest: tuple[int, ...]) -> int:
    """Fork the process of a wish; its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            _become(msgspec.json.decode(message, type=Wish), descriptors, nest)
        finally:
            os._exit(1)
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _become(wish: Wish, descriptors: list[int], nest: tuple[int, ...]) -> NoReturn:
    """Go on in the forked process as one that was started as a program would."""
    from runlore_server.rerun.keeper import keep
    from runlore_server.rerun.runner import main as run

    signal.set_wakeup_fd(-1)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(name, signal.SIG_DFL)
    os.setsid()
    commands, log = descriptors
    for descriptor, target in ((commands, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)
    for descriptor in {*descriptors, *nest}:
        os.close(descriptor)
    os.chdir(wish.folder)
    os.environ.clear()
    os.environ.update(wish.environ)
    keep()
    run(wish.folder)
