"""A run's curves as MLflow gets them: few enough points for its tables, every spike among them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

from runlore.decimate import decimate
from runlore.record import RunRecord
from runlore_server.export.description import milliseconds
from runlore_server.export.names import mlflow_name
from runlore_server.store.curves import read_points
from runlore_server.store.summaries import CurveSummaries

POINTS = 2500
"""Of each metric at the most; more are never drawn, and MLflow takes minutes for what a curve file holds."""


class MetricPoint(NamedTuple):
    """One point of a metric; ``time`` is in milliseconds since 1970."""

    key: str
    value: float
    time: int
    step: int

    @property
    def identity(self) -> tuple[int, int, float | str]:
        """What tells it from the other points of its metric in MLflow, which holds a point once.

        NaN equals nothing, so it needs a word to be compared by; infinity is the largest number there.
        """
        value = "NaN" if math.isnan(self.value) else max(-sys.float_info.max, min(self.value, sys.float_info.max))
        return (self.time, self.step, value)


class Unsent:
    """Tells which points MLflow does not have yet, one metric after the other.

    Its databases drop a point that comes twice, other stores keep both.

    Args:
        partly: the metrics of which it has some points; nothing is asked about the others.
        history: all points that it has of a metric.
    """

    def __init__(self, partly: Collection[str], history: Callable[[str], Iterable[MetricPoint]]) -> None:
        self._partly = partly
        self._history = history
        self._key: str | None = None
        self._there: set[tuple[int, int, float | str]] = set()

    def __call__(self, point: MetricPoint) -> bool:
        """Whether the point is not there; one call a point."""
        if point.key not in self._partly:
            return True
        if point.key != self._key:
            self._key, self._there = point.key, {known.identity for known in self._history(point.key)}
        return point.identity not in self._there


def whole_curves(run: RunRecord) -> Iterator[MetricPoint]:
    """Each curve of an ended run, decimated, its first and its last point as they are; every time the same.

    Raises:
        JournalFormatError: a curve file is no such file, or a later version's.
        OSError: one cannot be read.
    """
    for metric, path in run.curves.items():
        key, points, seen = mlflow_name(metric), read_points(path), set()
        for step, time, value in points[decimate(points["value"], POINTS)].tolist():
            point = MetricPoint(key, value, milliseconds(time), step)
            if point.identity not in seen:
                seen.add(point.identity)
                yield point


def last_points(run: RunRecord, summaries: CurveSummaries) -> Iterator[MetricPoint]:
    """The last point of each curve, as it is now.

    Raises:
        JournalFormatError: a curve file is no such file, or a later version's.
        OSError: one cannot be read.
    """
    for metric, path in run.curves.items():
        if summary := summaries.of(path):
            yield MetricPoint(mlflow_name(metric), summary.last, milliseconds(summary.time), summary.step)
