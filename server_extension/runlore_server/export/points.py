"""A run's curves as MLflow gets them: few enough points for its tables, every spike among them."""

from __future__ import annotations

import math
from collections.abc import Iterator
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


def whole_curves(run: RunRecord) -> Iterator[MetricPoint]:
    """Each curve of an ended run, decimated, its first and its last point as they are.

    Raises:
        JournalFormatError: a curve file is no such file, or a later version's.
        OSError: one cannot be read.
    """
    for metric, path in run.metrics.items():
        key, points, seen = mlflow_name(metric), read_points(path), set()
        for step, time, value in points[decimate(points["value"], POINTS)].tolist():
            point = MetricPoint(key, value, milliseconds(time), step)
            # MLflow's tables hold a point once; NaN equals nothing, so it needs a word to be compared by.
            identity = (point.time, step, "NaN" if math.isnan(value) else value)
            if identity not in seen:
                seen.add(identity)
                yield point


def last_points(run: RunRecord, summaries: CurveSummaries) -> Iterator[MetricPoint]:
    """The last point of each curve, as it is now.

    Raises:
        JournalFormatError: a curve file is no such file, or a later version's.
        OSError: one cannot be read.
    """
    for metric, path in run.metrics.items():
        if summary := summaries.of(path):
            yield MetricPoint(mlflow_name(metric), summary.last, milliseconds(summary.time), summary.step)
