"""Noticing that a curve has grown, without reading it."""

from __future__ import annotations

import os
from bisect import bisect_left
from pathlib import Path

from runlore.curve import HEADER, RECORD_SIZE, SENTINEL
from runlore.untrusted import open_regular


class CurveGrowth:
    """Watches one curve file that a kernel appends to.

    The kernel writes through a map of the file, so neither its size nor its modification time tells of a new
    point; the record after the last one known does.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = 0

    def grew(self) -> bool:
        """Whether points came since the last call; the first call tells whether there are any."""
        try:
            opened = open_regular(self._path)
        except OSError:
            return False
        with opened:
            file = opened.fileno()
            capacity = (os.fstat(file).st_size - len(HEADER)) // RECORD_SIZE
            if self._known >= capacity or not _written(file, self._known):
                return False
            after = range(self._known + 1, capacity)
            self._known += 1 + bisect_left(after, True, key=lambda index: not _written(file, index))
            return True


def _written(file: int, index: int) -> bool:
    value = os.pread(file, len(SENTINEL), len(HEADER) + (index + 1) * RECORD_SIZE - len(SENTINEL))
    return len(value) == len(SENTINEL) and value != SENTINEL
