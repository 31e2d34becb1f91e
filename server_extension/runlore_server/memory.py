"""How much memory a process that reads a stranger's file may take: a few kilobytes can unpack to any size."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container's limit stands, in version 2 and 1 of control groups."""


def limit_memory(most: int | None = None) -> None:
    """Have this process get no more memory than ``most`` bytes, by default half of what the machine has.

    Asking for more then fails in it, instead of the kernel of the system choosing a process to kill. Where the
    system has no such limit (RLIMIT_DATA, which counts anonymous memory on Linux), nothing happens.
    """
    try:
        import resource
    except ImportError:  # not on Windows
        return
    wanted = most if most is not None else _total() // 2
    with contextlib.suppress(ValueError, OSError):  # the limit that there is may be lower already
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, resource.getrlimit(resource.RLIMIT_DATA)[1]))


def _total() -> int:
    """Bytes of memory that this machine, or its container, has."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for file in _LIMITS:
        with contextlib.suppress(OSError, ValueError):  # "max": no limit
            found = min(found, int(Path(file).read_text()))
    return found
