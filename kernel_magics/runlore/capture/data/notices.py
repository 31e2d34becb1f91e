"""What the system's watchers of directories tell, in one vocabulary for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

OPENED, CLOSED, WRITTEN, CREATED, MOVED_IN, DIRECTORY, OVERFLOW = (1 << bit for bit in range(7))
"""Opened; closed after reading only; closed after it could be written; made; renamed to this name; it is a
directory; notices were lost because there were too many."""


class Notice(NamedTuple):
    """Something happened to ``name`` in the directory with this ``key``; ``what`` are the bits above.

    ``own`` is false where the system says that it was another process.
    """

    key: bytes
    name: str
    what: int
    own: bool


class Watcher(Protocol):
    """A source of notices, such as ``Fanotify`` and ``Inotify``."""

    name: str
    fd: int

    def add(self, directory: str) -> bytes: ...

    def read(self) -> Iterator[Notice]: ...

    def close(self) -> None: ...
