"""Being the one process on a home that does some work; the system frees the lock when that process dies."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path


class Ownership:
    """An exclusive lock on a file, held from ``acquire`` until ``release`` or the end of the process.

    Nothing in the file matters, and it stays. Safe to use from several threads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._file: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._file is not None

    @property
    def descriptor(self) -> int | None:
        """The open file while the lock is held; a process that inherits it holds the lock as long as it lives."""
        return self._file

    def acquire(self) -> bool:
        """Take the lock if nobody else has it; say whether it is held now.

        Raises:
            OSError: the file cannot be opened.
        """
        with self._lock:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                file = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
                if not _lock(file):
                    os.close(file)
                    return False
                self._file = file
            return True

    def release(self) -> None:
        """Give the lock back; without it, do nothing."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None


def _lock(file: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
