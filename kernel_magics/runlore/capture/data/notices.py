"""What the system's watchers of directories tell, in one vocabulary for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol

OPENED, CLOSED, WRITTEN, CREATED, MOVED_IN, DIRECTORY, OVERFLOW = (1 << bit for bit in range(7))
"""Opened; closed after reading only; closed after it could be written; made; renamed to this name; it is a
directory; notices were lost because there were too many."""


IN_OPEN, IN_CLOSE_WRITE, IN_CLOSE_NOWRITE, IN_MOVED_TO, IN_CREATE = 0x20, 0x8, 0x10, 0x80, 0x100
IN_DIRECTORY, IN_OVERFLOW = 0x40000000, 0x4000
"""Linux's bits for these, the same in fanotify and inotify."""

_MEANING = (
    (IN_OPEN, OPENED), (IN_CLOSE_WRITE, WRITTEN), (IN_CLOSE_NOWRITE, CLOSED), (IN_MOVED_TO, MOVED_IN),
    (IN_CREATE, CREATED), (IN_DIRECTORY, DIRECTORY), (IN_OVERFLOW, OVERFLOW),
)  # fmt: skip


@lru_cache(maxsize=256)
def meaning(mask: int) -> int:
    """What Linux's bits say, in the bits above."""
    return sum(what for bit, what in _MEANING if mask & bit)


def buffers(fd: int) -> Iterator[bytes]:
    """What waits to be read from a watcher's descriptor, which does not block."""
    while True:
        try:
            yield os.read(fd, 1 << 16)
        except OSError:
            return


class Notice(NamedTuple):
    """Something happened to ``name`` in the directory with this ``key``; ``what`` are the bits above.

    ``own`` is false where the system says that it was another process. ``pid`` is whose doing it was, ``None``
    where nobody says, and 0 for a process that cannot be seen from here.
    """

    key: bytes
    name: str
    what: int
    own: bool
    pid: int | None


class Watcher(Protocol):
    """A source of notices, such as ``Fanotify`` and ``Inotify``."""

    name: str
    fd: int

    def add(self, directory: str) -> bytes: ...

    def read(self) -> Iterator[Notice]: ...

    def close(self) -> None: ...
