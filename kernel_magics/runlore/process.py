"""Which process wrote a journal, and whether it still lives."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec

_CLOCK_TOLERANCE = 2.0
"""Seconds by which two readings of one process's start time may differ (boot time is an estimate)."""


class ProcessIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What tells one process from every other one, also after its pid was used again.

    ``machine`` tells machines of one name apart, ``namespace`` the containers of one machine, whose pids mean
    nothing to each other; ``None`` where the system does not say.
    """

    pid: int
    started: float
    host: str
    boot: str
    machine: str | None = None
    namespace: str | None = None


@lru_cache(maxsize=1)
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        import psutil

        return f"{psutil.boot_time():.0f}"


@lru_cache(maxsize=1)
def _machine_id() -> str | None:
    try:
        return Path("/etc/machine-id").read_text().strip() or None
    except OSError:
        return None


def _namespace() -> str | None:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return None


def current_process() -> ProcessIdentity:
    """The identity of the calling process."""
    import psutil

    return ProcessIdentity(
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        host=socket.gethostname(),
        boot=_boot_id(),
        machine=_machine_id(),
        namespace=_namespace(),
    )


def is_alive(process: ProcessIdentity, holds: Callable[[], bool | None] = lambda: None) -> bool | None:
    """Whether the process still runs; ``None`` when it runs on another host, where nobody here can see it.

    Args:
        process: which one.
        holds: whether it still holds a lock of its own; asked where its pid means nothing here, because it runs in
            another container of this machine.
    """
    if process.host != socket.gethostname() or _differ(process.machine, _machine_id()):
        return None
    if process.boot != _boot_id():
        return False
    if _differ(process.namespace, _namespace()):
        return holds()
    if process.pid <= 0:
        return False  # nobody's
    import psutil

    try:
        found = psutil.Process(process.pid)
        same = abs(found.create_time() - process.started) <= _CLOCK_TOLERANCE
        return same and found.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _differ(one: str | None, other: str | None) -> bool:
    """Whether both are known, and not the same."""
    return one is not None and other is not None and one != other
