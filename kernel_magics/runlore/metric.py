"""One metric of an open run: its steps, its file, and what becomes of its points while the disk is full."""

from __future__ import annotations

import itertools
import threading
import time as clock
from collections.abc import Callable
from typing import TYPE_CHECKING

from runlore.curve_writer import RECORD_WORDS, Append, CurveWriter, Writer, curve_writer

if TYPE_CHECKING:
    from runlore.lockstep import Lockstep

_TRIED_EVERY = 1.0
"""Seconds from one attempt to write on a full disk to the next."""


class Curve:
    """Takes the points of one metric; safe to use from several threads.

    A full disk costs the points for which there is no room, and no more: they are counted, one of them is tried
    every second, and the curve goes on with the first for which there is room again.

    Args:
        name: the metric's.
        create: makes the file and its writer, or says ``None`` where nothing is recorded.
        guard: stands between a writer and whoever appends to it.
        stopped: called when points cannot be written any more, with the reason.
        lost: called once it is known how many they were, with the reason of the first.

    Attributes:
        append: takes a point; raises what a writer's does. ``None`` where nothing is recorded and after the end.
        mapped: the writer, as long as ``append`` is no more than that of a mapped one.
        steps: the steps of points that are logged without one.
        lockstep: what has the steps and places of this curve and others; part it before this one is used alone.
    """

    __slots__ = (
        "_again", "_create", "_flush", "_guard", "_lock", "_lost", "_lost_told", "_reason", "_stopped", "_write",
        "_writer", "append", "lockstep", "mapped", "name", "steps",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        create: Callable[[], Writer | None],
        guard: Callable[[Append], Append],
        stopped: Callable[[str, OSError], None],
        lost: Callable[[str, int, OSError], None],
    ) -> None:
        self.name = name
        self.steps = itertools.count()  # a step a caller, whichever thread
        self.append: Append | None = None
        self.mapped: CurveWriter | None = None
        self.lockstep: Lockstep | None = None
        self._create, self._guard, self._stopped, self._lost_told = create, guard, stopped, lost
        self._lock = threading.RLock()
        self._flush: Callable[[], None] | None = None
        self._write: Append | None = None
        self._writer: Writer | None = None
        self._reason: OSError | None = None
        self._lost = 0
        self._again = 0.0
        try:
            self._writer = create()
        except OSError as error:
            self._stop(error)
        else:
            if self._writer is not None:
                self._route(guard(self._writer.append))

    def failed(self, error: OSError) -> None:
        """A point could not be appended: count it, and from now on try now and then."""
        with self._lock:
            if self._write is not None:
                self._stop(error)
                self._lost += 1

    def go_on(self, step: int) -> None:
        """Give the next point that is logged without a step this one."""
        self.steps = itertools.count(step)
        if self.mapped is not None:
            self.mapped.count(self.steps)

    def join(self, lockstep: Lockstep) -> CurveWriter:
        """Leave steps and places to that; the writer, which must be a mapped one."""
        writer, self.mapped = self.mapped, None
        if writer is None:
            raise ValueError(f"the curve {self.name!r} is not mapped")
        self.lockstep = lockstep
        return writer

    def leave(self, step: int, word: int) -> None:
        """The lockstep has parted, and the next point is to have this step and place."""
        if isinstance(self._writer, CurveWriter):
            self.steps = itertools.count(step)
            self._writer.places = itertools.count(word, RECORD_WORDS)
            self._writer.count(self.steps)
            self.lockstep = None  # only now: an interrupt before this is followed by another call
            self.mapped = self._writer

    def behind(self, flush: Callable[[], None]) -> None:
        """From now on call ``flush`` before each point, which writes those that wait with ``write``."""
        with self._lock:
            if self._flush is None and self._write is not None:
                self._flush = flush
                self._route(self._write)

    def write(self, step: int, time: float, value: float) -> None:
        """Append a point now; raises what a writer's ``append`` does."""
        with self._lock:  # a thread that makes the curve go on behind a full disk changes the writer
            write = self._write
        if write is None:
            raise ValueError("the curve was closed")
        write(step, time, value)

    def close(self) -> None:
        """Close the file; points that come later are refused."""
        if self.lockstep is not None:
            self.lockstep.part()
        with self._lock:
            self.append = self.mapped = self._write = None
            try:
                if self._writer is not None:
                    self._writer.close()
            except OSError as error:
                self._stopped(self.name, error)
            self._tell()

    def abandon(self) -> None:
        """Let go of the file without touching it: it is a parent's of this forked process."""
        self.append = self.mapped = self.lockstep = self._write = None
        if self._writer is not None:
            self._writer.abandon()

    def _route(self, write: Append) -> None:
        self.mapped = None
        if isinstance(self._writer, CurveWriter) and write == self._writer.append and self._flush is None:
            self._writer.count(self.steps)
            self.mapped = self._writer
        self._write = write
        self.append = write if self._flush is None else self._after_flush

    def _after_flush(self, step: int, time: float, value: float) -> None:
        if self._flush is not None:
            self._flush()
        self.write(step, time, value)

    def _stop(self, error: OSError) -> None:
        if self._reason is None:
            self._reason = error
            self._again = clock.monotonic() + _TRIED_EVERY
            self._route(self._guard(self._count))
            self._stopped(self.name, error)

    def _count(self, step: int, time: float, value: float) -> None:
        with self._lock:
            if self._write is None:
                raise ValueError("the curve was closed")
            if self._reason is not None:
                if not self._goes_on(step, time, value):
                    self._lost += 1
                return
        self.write(step, time, value)

    def _goes_on(self, step: int, time: float, value: float) -> bool:
        if clock.monotonic() < self._again:
            return False
        try:
            if self._writer is None:
                self._writer = self._create()
            else:
                self._writer.close()
                self._writer = curve_writer(self._writer.path, continues=True)
            if self._writer is None:
                return False
            self._writer.append(step, time, value)
        except OSError:
            self._again = clock.monotonic() + _TRIED_EVERY
            return False
        self._tell()
        self._route(self._guard(self._writer.append))
        return True

    def _tell(self) -> None:
        reason, lost = self._reason, self._lost
        self._reason, self._lost = None, 0
        if reason is not None and lost:
            self._lost_told(self.name, lost, reason)
