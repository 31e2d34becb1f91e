"""Curves as they are looked at: as a whole, a window of one, or what came since the last look."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from runlore.decimate import decimate
from runlore_server.store.curves import CurveFile, Points, Slots

Axis = Literal["step", "time"]

_MOST_HELD = 64 << 20
"""Bytes of decimated curves that are kept: a thousand curves of 2,500 points."""


@dataclass(frozen=True)
class Window:
    """The part of a curve from ``low`` to ``high``, both included, on an axis; ``time`` is in Unix seconds."""

    axis: Axis
    low: float
    high: float

    def of(self, points: Points, *, ascending: bool) -> slice | npt.NDArray[np.intp]:
        """Which points lie within, and their neighbours on both sides: lines go on to the edges.

        Args:
            points: of a curve, in logged order.
            ascending: none of them lies before the one logged before it, which makes it much faster.
        """
        x = points[self.axis]
        if ascending:
            return slice(*self.bounds(len(x), x.__getitem__))
        inside = np.flatnonzero((x >= self.low) & (x <= self.high))
        if not len(inside):
            before = np.flatnonzero(x < self.low)[-1:]
            after = np.flatnonzero(x > self.high)[:1]
            return np.union1d(before, after)
        return np.unique(np.clip(np.concatenate((inside - 1, inside, inside + 1)), 0, len(x) - 1))

    def bounds(self, count: int, x: Callable[[int], float]) -> tuple[int, int]:
        """Where the part begins and where it has ended, neighbours included, among so many points that ascend."""
        first = bisect_left(range(count), self.low, key=x)
        end = bisect_right(range(count), self.high, lo=first, key=x)
        return max(first - 1, 0), min(end + 1, count)


@dataclass(frozen=True)
class View:
    """Some points of a curve.

    Attributes:
        count: points that the curve has.
        points: the points, in logged order.
        since: points that it had before the first one here, where these are what came since; else 0.
        has_hole: whether a thread has yet to write a point that stands before others; ``since`` cannot go on from
            this view then.
    """

    count: int
    points: Points
    since: int = 0
    has_hole: bool = False


@dataclass
class _Known:
    """What is known of a curve file as long as its record number ``count`` is not written."""

    inode: int
    count: int
    ascends: dict[Axis, bool] = field(default_factory=dict)
    """Whether no point lies before the one logged before it; for the axes on which a window was looked for."""
    views: OrderedDict[tuple[Window | None, int], Points] = field(default_factory=OrderedDict)


class CurveViews:
    """Views of curve files. Those of curves that have not grown are kept; safe to use from several threads."""

    def __init__(self, most_held: int = _MOST_HELD) -> None:
        self._most_held = most_held
        self._held = 0
        self._lock = threading.Lock()
        self._known: OrderedDict[Path, _Known] = OrderedDict()

    @property
    def held(self) -> int:
        """Bytes that are kept."""
        return self._held

    def view(self, path: Path, points: int, window: Window | None = None) -> View:
        """A curve, or a window of it, decimated.

        Args:
            path: the curve file; one that is absent has no points.
            points: how many at the most, 4 at least; see ``decimate``.
            window: which part; all of it by default.

        Raises:
            JournalFormatError: the file is no curve file, or a later version's.
            OSError: it cannot be read.
        """
        with CurveFile(path) as file:
            if (known := self._current(path, file)) is not None:
                with self._lock:
                    found = known.views.get((window, points))
                if found is not None:
                    return View(known.count, found)
                if window is not None and known.ascends.get(window.axis):
                    first, end = window.bounds(known.count, partial(file.value, name=window.axis))
                    return self._keep(path, known, points, window, file.read(first, end - first).points)
            slots = file.read()
            known = known or self._learn(path, slots, file.inode)
        within = slots.points
        if window is not None:
            ascending = _ascends(within[window.axis])
            within = within[window.of(within, ascending=ascending)]
            if known is not None:
                known.ascends[window.axis] = ascending
        if known is None:
            return View(len(slots.points), _fewer(within, points), has_hole=slots.has_hole)
        return self._keep(path, known, points, window, within)

    def since(self, path: Path, count: int, points: int) -> View:
        """What was logged after the first ``count`` points; the whole curve, decimated, where that is not short.

        Raises:
            JournalFormatError, OSError: as ``view``.
        """
        with CurveFile(path) as file:
            slots = file.read(max(count - 1, 0), points + 2)
        # Behind a hole that a slow thread left, points cannot be told by their number.
        if not 0 < count <= count - 1 + slots.settled or slots.has_hole or slots.settled > points + 1:
            return self.view(path, points)
        return View(count - 1 + slots.settled, slots.points[1:], since=count)

    def _current(self, path: Path, file: CurveFile) -> _Known | None:
        """What is known of the file if that is still true."""
        with self._lock:
            if (known := self._known.get(path)) is None:
                return None
            self._known.move_to_end(path)
        is_true = file.inode == known.inode and not len(file.read(known.count, 1).points)
        return known if is_true else None

    def _learn(self, path: Path, slots: Slots, inode: int) -> _Known | None:
        """Remember what a reading of the whole file showed; ``None`` where points may still come in between."""
        if slots.has_hole or not slots.settled:
            return None
        known = _Known(inode, slots.settled)
        with self._lock:
            if (before := self._known.pop(path, None)) is not None:
                self._held -= _size(before)
            self._known[path] = known
        return known

    def _keep(self, path: Path, known: _Known, points: int, window: Window | None, within: Points) -> View:
        shown = _fewer(within, points)
        with self._lock:
            if self._known.get(path) is known and (window, points) not in known.views:
                known.views[window, points] = shown
                self._held += shown.nbytes
                self._forget()
        return View(known.count, shown)

    def _forget(self) -> None:
        """Drop the views of the curves that were not looked at for longest, those of windows first."""
        if self._held <= self._most_held:
            return
        for windows in (True, False):
            for known in self._known.values():
                for key in [key for key in known.views if not windows or key[0] is not None]:
                    if self._held <= self._most_held:
                        return
                    self._held -= known.views.pop(key).nbytes


def _ascends(x: npt.NDArray[np.float64]) -> bool:
    return bool((x[1:] >= x[:-1]).all())


def _size(known: _Known) -> int:
    return sum(points.nbytes for points in known.views.values())


def _fewer(points: Points, room: int) -> Points:
    return points.take(decimate(points["value"], room))  # many times faster than by brackets
