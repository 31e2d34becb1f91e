"""Curves that are logged together: one step and one place in their files serve all of them.

Most loops log the same names in every step. What a point needs before it is stored, a step and a place, is then
drawn once for all of them and not once for each, which is a sixth of the cost of ten numbers.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from runlore.curve_writer import RECORD_WORDS

if TYPE_CHECKING:
    from runlore.metric import Curve

Failed = Callable[["Curve", int, float, float, "ValueError | OSError"], None]


class Lockstep:
    """Takes the points of new curves until one of them goes its own way; safe to use from several threads.

    Args:
        curves: without a point yet, known to this thread alone, and mapped.
        failed: called with a point that a curve did not take, and the reason.
    """

    def __init__(self, curves: Sequence[Curve], failed: Failed) -> None:
        self.curves = curves
        self._failed = failed
        self._writers = [curve.join(self) for curve in curves]
        self._lock = threading.Lock()
        self._parted: list[None] = []
        self._unparted = iter(self._parted.__len__, 1)
        self._places = itertools.count(max(next(writer.places) for writer in self._writers), RECORD_WORDS)
        self._count(itertools.count())
        self._rest: tuple[int, int] | None = None
        self._end = min(writer.end for writer in self._writers)

    def log(self, step: int | None, time: float, values: Collection[float]) -> bool:
        """Append a point to each curve, unless they have parted; says which.

        Args:
            step: one that fits into 64 bits; by default the one after the last.
            time: Unix seconds.
            values: one a curve.

        Raises:
            Exception: what ``failed`` does.
        """
        point = next(self._points, None)
        if point is None:
            return False
        _, next_step, word = point
        if step is None:
            step = next_step
        elif step != next_step:
            self._count(itertools.count(step + 1))
        try:  # what ``CurveWriter.append`` does
            if word >= self._end:
                self._reserve(word)
            for writer, value in zip(self._writers, values):  # noqa: B905 - as many as there are curves
                writer.steps[word] = step
                writer.times[word] = time
                writer.values[word] = value
        except (ValueError, OSError):
            self._log_apart(step, word, time, values)
        return True

    def part(self) -> None:
        """Let each curve go on alone, behind the points of all."""
        with self._lock:
            if self._rest is None:
                self._parted.append(None)
                self._rest = next(self._steps), next(self._places)
            for curve in self.curves:  # those that are left, if an interrupt came between
                if curve.lockstep is self:
                    curve.leave(*self._rest)

    def _count(self, steps: Iterator[int]) -> None:
        self._steps = steps
        # In C as a whole, so that no thread draws a point once ``_parted`` has an entry.
        self._points = zip(self._unparted, steps, self._places)  # noqa: B905 - the first ends, the others never

    def _reserve(self, word: int) -> None:
        for writer in self._writers:
            if word >= writer.end:
                writer.reserve(word)
        self._end = min(writer.end for writer in self._writers)

    def _log_apart(self, step: int, word: int, time: float, values: Collection[float]) -> None:
        self.part()
        for curve, writer, value in zip(self.curves, self._writers, values):  # noqa: B905 - see ``log``
            try:
                writer.put(word, step, time, value)
            except (ValueError, OSError) as error:
                self._failed(curve, step, time, value, error)


class Row:
    """The curves of a set of names that is logged at once.

    Attributes:
        curves: in the order of the names.
        lockstep: what logs all of them, as long as they are the ones that were new together and have not parted.
    """

    __slots__ = ("curves", "lockstep")

    def __init__(self, curves: list[Curve]) -> None:
        self.curves = curves
        lockstep = curves[0].lockstep if curves else None
        self.lockstep = lockstep if lockstep is not None and lockstep.curves == curves else None
