"""Noticing that a curve has grown, without reading it."""

from __future__ import annotations

from pathlib import Path

from runlore.curve import capacity, is_written, settled
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
            if self._known >= capacity(opened) or not is_written(opened, self._known):
                return False
            self._known = settled(opened, self._known + 1)
            return True
