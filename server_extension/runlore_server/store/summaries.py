"""What the list of runs shows of curves."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runlore.curve import HEADER, RECORD_SIZE
from runlore_server.store.curves import CurveFile, Points
from runlore_server.store.summing import archived_summary

_CHUNK = 1 << 19
"""Points held in memory at a time (12 MiB) where a whole file is only summed up."""


@dataclass(frozen=True)
class CurveSummary:
    """A curve in a few numbers.

    ``last``, ``step`` and ``time`` (Unix seconds) are those of the last point; ``min`` and ``max`` are over finite
    values, ``None`` without any.
    """

    last: float
    step: int
    time: float
    count: int
    min: float | None
    max: float | None


class CurveSummaries:
    """Summaries of curves, kept so that of a growing file only the new part is read; safe to use from threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Path, _Summing] = {}

    def of(self, path: Path) -> CurveSummary | None:
        """The summary of a curve as it is now; ``None`` when it has no point.

        Raises:
            JournalFormatError: the file is no curve file, or a later version's.
            OSError: it cannot be read.
        """
        with self._lock:
            summing = self._known.setdefault(path, _Summing(path))
            return summing.summary()


class _Summing:
    """One curve, summed up as far as all its slots are filled; points beyond a hole are read each time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reset()

    def _reset(self) -> None:
        self._seen = (-1, -1)
        self._settled = 0
        self._sum: CurveSummary | None = None
        self._shown: CurveSummary | None = None
        self._full = False

    def summary(self) -> CurveSummary | None:
        try:
            stat = os.stat(self._path)
        except FileNotFoundError:
            found = archived_summary(self._path)
            return CurveSummary(**found._asdict()) if found is not None else None
        seen = (stat.st_size, stat.st_mtime_ns)
        if self._full and seen == self._seen:
            return self._shown
        if stat.st_size < len(HEADER) + self._settled * RECORD_SIZE:
            self._reset()  # written anew
        self._seen = seen
        while True:
            with CurveFile(self._path) as file:
                slots = file.read(self._settled, _CHUNK)
            self._sum = extended(self._sum, slots.points[: slots.settled])
            self._settled += slots.settled
            whole = slots.settled == slots.length
            if not whole or slots.length < _CHUNK:
                break
        late = slots.points[slots.settled :]
        # A file without a free slot has been closed (or is about to grow, which changes its size).
        self._full = whole
        self._shown = extended(self._sum, late)
        return self._shown


def extended(before: CurveSummary | None, points: Points) -> CurveSummary | None:
    """The summary of a curve after more of its points."""
    if not len(points):
        return before
    values = points["value"]
    finite = values[np.isfinite(values)]
    lows = [float(finite.min())] if len(finite) else []
    highs = [float(finite.max())] if len(finite) else []
    if before is not None and before.min is not None and before.max is not None:
        lows.append(before.min)
        highs.append(before.max)
    return CurveSummary(
        last=float(values[-1]),
        step=int(points["step"][-1]),
        time=float(points["time"][-1]),
        count=len(points) + (before.count if before is not None else 0),
        min=min(lows, default=None),
        max=max(highs, default=None),
    )
