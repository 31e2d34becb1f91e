"""Which process wrote a journal, and whether it still lives."""

from __future__ import annotations

import os
import socket
from functools import lru_cache
from pathlib import Path

from runlore.events import ProcessIdentity

_CLOCK_TOLERANCE = 2.0
"""Seconds by which two readings of one process's start time may differ (boot time is an estimate)."""


@lru_cache(maxsize=1)
def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        import psutil

        return f"{psutil.boot_time():.0f}"


def current_process() -> ProcessIdentity:
    """The identity of the calling process."""
    import psutil

    return ProcessIdentity(
        pid=os.getpid(),
        started=psutil.Process().create_time(),
        host=socket.gethostname(),
        boot=_boot_id(),
    )


def is_alive(process: ProcessIdentity) -> bool | None:
    """Whether the process still runs; ``None`` when it runs on another host, where nobody here can see it."""
    if process.host != socket.gethostname():
        return None
    if process.boot != _boot_id():
        return False
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
