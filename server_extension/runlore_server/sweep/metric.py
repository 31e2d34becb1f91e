"""The metric that a sweep is about, read from the curves of its trials' runs, also while they train."""

from __future__ import annotations

import difflib
import math
from pathlib import Path

import numpy as np

from runlore.errors import RunNotFound
from runlore.record import RunRecord
from runlore_server.backends.followed import Followed, arrived
from runlore_server.errors import OptionsRefused
from runlore_server.store.curves import CurveFile, Points, read_points
from runlore_server.store.runs import RunStore
from runlore_server.sweep.request import SweepRequest

_REPORTS, _FEW_REPORTS = 100, 25
"""Values of a whole training that are reported while it runs, the first to a pruner. More tell nobody more, and
each is a transaction of the database."""

_TAIL = 0.1


class Metric:
    """Reads one metric as a request says; ``stride`` are the steps between two reports."""

    def __init__(self, request: SweepRequest, steps: int | None) -> None:
        self._name = request.metric
        self._reading = request.reading
        self._maximize = request.direction == "maximize"
        reports = _REPORTS if request.pruner != "none" else _FEW_REPORTS
        self.stride = max((request.most_steps or steps or 0) // reports, 1)

    def value(self, run: RunRecord) -> float | None:
        """The value of a run that has ended; ``None`` where it has not logged the metric.

        Raises:
            JournalFormatError, OSError: its curve cannot be read.
        """
        path = run.metrics.get(self._name)
        points = read_points(path)["value"] if path is not None else np.empty(0)
        if not len(points):
            return None
        if self._reading == "tail":
            return float(np.mean(points[-max(round(len(points) * _TAIL), 1) :]))
        if self._reading == "best":
            finite = points[~np.isnan(points)]
            return math.nan if not len(finite) else float(finite.max() if self._maximize else finite.min())
        return float(points[-1])

    def follow(self, reported: int | None) -> Follower:
        """A reader of the points of one more run, behind the step up to which they were reported before."""
        return Follower(self._name, self.stride, self._reading == "best", self._maximize, reported)


class Follower:
    """Reads what a run logs while it trains, each point once."""

    def __init__(self, name: str, stride: int, best: bool, maximize: bool, reported: int | None) -> None:
        self._name = name
        self._stride = stride
        self._best = best
        self._better = max if maximize else min
        self._path: Path | None = None
        self._read = 0
        self._came = ("", 0)
        self._reported = -1 if reported is None else reported // stride
        self._value: float | None = None

    def new(self, store: RunStore, run_id: str) -> list[tuple[int, float]]:
        """Step and value of the points since the last look, those that are to be reported.

        Raises:
            JournalFormatError, OSError: the curve cannot be read.
        """
        try:
            path = store.find(run_id).metrics.get(self._name)
        except RunNotFound:  # it has not begun, or its record is where the home is not seen
            return self._arrived(arrived(store.home, run_id))
        if path is None:
            return []
        if path != self._path:  # another attempt has begun, in a session of its own
            self._path, self._read, self._value = path, 0, None
        with CurveFile(path) as curve:
            slots = curve.read(self._read)
        self._read += slots.settled
        return self._new(slots.points[: slots.settled])

    def _arrived(self, came: Followed | None) -> list[tuple[int, float]]:
        """What is new in points that are all there is each time, or the same with fewer of them."""
        if came is None or (came.session, came.seen) == self._came:
            return []
        self._came, self._value = (came.session, came.seen), None
        return self._new(came.points)

    def _new(self, points: Points) -> list[tuple[int, float]]:
        found = []
        for step, value in zip(points["step"].tolist(), points["value"].tolist(), strict=True):
            self._value = self._kept(value)
            if step // self._stride > self._reported:
                self._reported = step // self._stride
                found.append((step, self._value))
        return found

    def _kept(self, value: float) -> float:
        """What a point makes of the value so far."""
        if not self._best or self._value is None or math.isnan(self._value):
            return value
        return self._value if math.isnan(value) else self._better(self._value, value)


def required(run: RunRecord, name: str) -> None:
    """Refuse a metric that the original never logged.

    Raises:
        OptionsRefused: it has logged others, or has ended without any.
    """
    if name in run.metrics or (not run.metrics and run.status not in ("finished", "running")):
        return
    if not run.metrics:
        raise OptionsRefused(
            f"run {run.run_id} logged no metric, so there is nothing to sweep by; log one: runlore.log({name}=...)"
        )
    listed = ", ".join(sorted(run.metrics))
    near = difflib.get_close_matches(name, run.metrics, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise OptionsRefused(f"run {run.run_id} logged no metric {name!r}; its metrics: {listed}{hint}")


def steps(run: RunRecord, name: str) -> int | None:
    """The steps of a metric in a run, counted from 0; ``None`` where it has none."""
    path = run.metrics.get(name)
    points = read_points(path) if path is not None else None
    return int(points["step"].max()) + 1 if points is not None and len(points) else None
