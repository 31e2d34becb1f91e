"""How far two numbers may be apart and still count as numerically close.

|a - b| <= atol + rtol |a|, with the defaults of ``torch.testing.assert_close`` by the type of the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from runlore_server.store.curves import Points
from runlore_server.verdict.verdict import Tolerance

LARGEST_SPREAD = 0.01
"""Part of a metric's largest magnitude beyond which a spread of two reruns is no rounding any more."""


class Limits(NamedTuple):
    rtol: float
    atol: float


_DEFAULTS = {
    "float16": Limits(1e-3, 1e-5),
    "bfloat16": Limits(1.6e-2, 1e-5),
    "float32": Limits(1.3e-6, 1e-5),
    "complex64": Limits(1.3e-6, 1e-5),
}
_DOUBLE = Limits(1e-7, 1e-7)


def of_dtype(name: str) -> Limits:
    """The limits for numbers of this type; those of float64 for types not listed."""
    return _DEFAULTS.get(name, _DOUBLE)


def of_points(*curves: Points) -> Limits:
    """The limits for a metric: those of float32 where float32 holds every value, else of float64.

    A curve does not say which type its values had; one that float32 holds exactly most likely was one.
    """
    for points in curves:
        values = points["value"]
        finite = values[np.isfinite(values)]
        with np.errstate(over="ignore"):
            if (finite.astype(np.float32).astype(np.float64) != finite).any():
                return _DOUBLE
    return _DEFAULTS["float32"]


def spread(one: Mapping[str, Points], other: Mapping[str, Points]) -> dict[str, float]:
    """For each metric of two reruns from the same states, their largest difference.

    Metrics that one of them lacks, or has at other steps, are left out, and so are those that differ by more than
    ``LARGEST_SPREAD``.
    """
    found = {}
    for metric, points in one.items():
        again = other.get(metric)
        if again is None or not _same_steps(points, again) or not len(points):
            continue
        largest = float(distance(points["value"], again["value"]).max())
        highest = float(np.abs(points["value"][np.isfinite(points["value"])]).max(initial=0.0))
        if largest <= LARGEST_SPREAD * highest:
            found[metric] = largest
    return found


def close(
    original: Mapping[str, Points], rerun: Mapping[str, Points], spreads: Mapping[str, float] | None = None
) -> list[Tolerance] | None:
    """The tolerances by which every metric is close; ``None`` when one is not, or steps differ.

    Metrics with the same bits need none and are left out. ``spreads`` are those of two reruns.
    """
    if {name for name in original if len(original[name])} != {name for name in rerun if len(rerun[name])}:
        return None
    needed = []
    for metric, points in original.items():
        if not len(points):
            continue
        again = rerun[metric]
        if not _same_steps(points, again):
            return None
        limits, twice, off = of_points(points, again), None, distance(points["value"], again["value"])
        if not off.any():
            continue
        within = off <= limits.atol + limits.rtol * np.where(np.isfinite(off), np.abs(points["value"]), 0.0)
        if not within.all() and spreads is not None and metric in spreads:
            twice = 2 * spreads[metric]
            within |= off <= twice
        if not within.all():
            return None
        needed.append(
            Tolerance(metric=metric, rtol=limits.rtol, atol=limits.atol, spread=twice, largest=float(off.max()))
        )
    return needed


def distance(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """|a - b| of each pair: 0 for the same number or two NaNs, infinite where only one of them is finite."""
    equal = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(one - other)
    return np.where(equal, 0.0, np.where(np.isnan(off), np.inf, off)).astype(np.float64)


def _same_steps(one: Points, other: Points) -> bool:
    return len(one) == len(other) and bool((one["step"] == other["step"]).all())


def describe(one: Tolerance) -> str:
    """The tolerance that a metric needed, for a person."""
    allowed = f"|a-b| <= {one.atol:g} + {one.rtol:g}|a|"
    if one.spread is not None:
        allowed += f" or {one.spread:.3g}, twice the spread of two reruns from the same states"
    return f"{one.metric}: {allowed}; largest {one.largest:.3g}"
