"""Two runs' curves, point by point and bit by bit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from runlore_server.store.curves import POINT, Points

_WORKER = re.compile(r"worker-[\d.]+/")
"""How ``RunRecord.add_curve`` names the curves of forked processes."""


@dataclass(frozen=True)
class Point:
    """A logged point."""

    step: int
    value: float


@dataclass(frozen=True)
class Difference:
    """The first place where two runs part: what each logged as point number ``index`` of ``metric``."""

    metric: str
    index: int
    original: Point | None
    rerun: Point | None


@dataclass(frozen=True)
class Comparison:
    """``compared`` points stand on both sides; ``recorded`` are the original's; ``first`` is where they part."""

    compared: int
    recorded: int
    first: Difference | None


def compare(original: Mapping[str, Points], rerun: Mapping[str, Points], *, cut_off: bool = False) -> Comparison:
    """Compare every metric: the same steps in the same order, every value with the same bits.

    Args:
        original: metric to curve, in the order in which the metrics were first logged.
        rerun: the same of the rerun.
        cut_off: the original was stopped from outside, so what the rerun logged beyond its end is no difference.

    Where several processes logged a metric, which of them logged what is the system's choice: the points of all
    together are compared then, in any order, and without the steps where each process counted its own.

    The difference given is the one that comes first in the order in which the original logged its points over
    all metrics; points that only the rerun has come after all of the original's.
    """
    empty = np.empty(0, dtype=POINT)
    found: list[tuple[_Moment, Difference]] = []
    compared = recorded = 0
    spread = _spread_otherwise(original, rerun)
    for order, metric in enumerate([*original, *(name for name in rerun if name not in original)]):
        theirs, ours = original.get(metric, empty), rerun.get(metric, empty)
        if metric in spread:
            compared += len(theirs)
            recorded += len(theirs)
            continue
        compared += min(len(theirs), len(ours))
        recorded += len(theirs)
        index = _first_difference(theirs, ours)
        if index is None or (cut_off and index >= len(theirs)):
            continue
        difference = Difference(metric, index, _point(theirs, index), _point(ours, index))
        found.append((_moment(theirs, ours, index, order), difference))
    first = min(found, key=lambda item: item[0])[1] if found else None
    return Comparison(compared, recorded, first)


def _spread_otherwise(original: Mapping[str, Points], rerun: Mapping[str, Points]) -> set[str]:
    """The metrics whose points are the same on both sides, logged by other ones of several processes."""
    found: set[str] = set()
    for metric in {_WORKER.sub("", name) for name in (*original, *rerun) if _WORKER.match(name)}:
        names = {name for name in (*original, *rerun) if _WORKER.sub("", name) == metric}
        sides = [[side[name] for name in names if name in side] for side in (original, rerun)]
        counted = all(_counts(curve) for side in sides for curve in side)
        theirs, ours = (_in_any_order(side, counted) for side in sides)
        if theirs is not None and ours is not None and np.array_equal(theirs, ours):
            found |= names
    return found


def _counts(curve: Points) -> bool:
    return bool(np.array_equal(curve["step"], np.arange(len(curve))))


def _in_any_order(curves: list[Points], counted: bool) -> npt.NDArray[np.uint64] | None:
    """The points of several curves, sorted: values by bits, and steps unless each process counted its own."""
    if not curves:
        return None
    values = np.concatenate([_bits(curve) for curve in curves])
    steps = np.concatenate([curve["step"].astype(np.uint64) for curve in curves])
    if counted:
        steps = np.zeros_like(steps)
    return np.stack((steps, values))[:, np.lexsort((values, steps))]


class _Moment(NamedTuple):
    beyond_the_original: bool
    time: float
    order: int


def _moment(original: Points, rerun: Points, index: int, order: int) -> _Moment:
    # A clock may be set back while a run logs; within a metric the order of the file is the truth.
    if index < len(original):
        return _Moment(False, float(original["time"][: index + 1].max()), order)
    return _Moment(True, float(rerun["time"][: index + 1].max()), order)


def _first_difference(original: Points, rerun: Points) -> int | None:
    common = min(len(original), len(rerun))
    differs = original["step"][:common] != rerun["step"][:common]
    differs |= _bits(original)[:common] != _bits(rerun)[:common]
    if differs.any():
        return int(differs.argmax())
    return None if len(original) == len(rerun) else common


def _bits(records: Points) -> npt.NDArray[np.uint64]:
    # As numbers, NaN differs from itself and 0.0 equals -0.0.
    return np.ascontiguousarray(records["value"]).view(np.uint64)


def _point(records: Points, index: int) -> Point | None:
    return Point(int(records["step"][index]), float(records["value"][index])) if index < len(records) else None
