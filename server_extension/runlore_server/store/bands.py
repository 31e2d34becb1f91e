"""Several curves of one metric summed up: their mean, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Curve = tuple[Floats, Floats]
"""x and value of each point, in logged order."""


@dataclass(frozen=True)
class Band:
    """What several curves have in common, place by place; all arrays are of equal length.

    Attributes:
        x: the places, ascending.
        mean: the mean of the curves that are there, each counting once.
        low: the least value of any of them.
        high: the greatest value of any of them.
        sd: the sample standard deviation between them (n - 1); 0 where there is one alone.
        count: how many there are.
    """

    x: Floats
    mean: Floats
    low: Floats
    high: Floats
    sd: Floats
    count: Floats


def band(curves: Sequence[Curve], points: int) -> Band:
    """Sum curves up on a grid that they share.

    Curves that were logged at the same places, and fit into ``points``, are compared point by point. Others are
    cut into equal stretches of x: each curve counts with its mean in a stretch, and the least and the greatest are
    those of all its points in there, so that no spike is lost. A curve counts from its first point to its last:
    where it has none in a stretch between them, it is interpolated. Values that are not finite do not count.

    Args:
        curves: one at least.
        points: places at the most, 2 at least.
    """
    kept = [_sorted(x, value) for x, value in curves]
    kept = [curve for curve in kept if len(curve[0])]
    if not kept:
        return Band(*(np.empty(0) for _ in range(6)))
    places = np.unique(np.concatenate([x for x, _ in kept]))
    if len(places) <= points and all(_stands_on(x, places) for x, _ in kept):
        edges = None
    else:
        fewest = min(len(x) for x, _ in kept)
        stretches = max(min(points, fewest), 1)
        edges = np.linspace(places[0], places[-1], stretches + 1)
        places = (edges[:-1] + edges[1:]) / 2
    means, lows, highs = (np.full((len(kept), len(places)), np.nan) for _ in range(3))
    for row, (x, value) in enumerate(kept):
        where = np.searchsorted(places, x) if edges is None else _stretch(x, edges)
        means[row], lows[row], highs[row] = _stretched(where, value, len(places))
        _fill(means[row], lows[row], highs[row])
    count = np.isfinite(means).sum(axis=0).astype(float)
    there = count > 0
    means, lows, highs, count, places = (
        means[:, there],
        lows[:, there],
        highs[:, there],
        count[there],
        places[there],
    )
    mean = np.nanmean(means, axis=0)
    spread = np.nansum((means - mean) ** 2, axis=0) / np.maximum(count - 1, 1)
    return Band(places, mean, np.nanmin(lows, axis=0), np.nanmax(highs, axis=0), np.sqrt(spread), count)


def _sorted(x: Floats, value: Floats) -> Curve:
    kept = np.isfinite(x) & np.isfinite(value)
    order = np.argsort(x[kept], kind="stable")
    return x[kept][order], value[kept][order]


def _stands_on(x: Floats, places: Floats) -> bool:
    """Whether a curve has a point at each of the places from its first to its last."""
    own = np.unique(x)
    first, last = np.searchsorted(places, (own[0], own[-1]))
    return bool(len(own) == last - first + 1)


def _stretch(x: Floats, edges: Floats) -> npt.NDArray[np.intp]:
    return np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)


def _stretched(where: npt.NDArray[np.intp], value: Floats, length: int) -> tuple[Floats, Floats, Floats]:
    """Mean, least and greatest of the values by their place; NaN where there are none."""
    count = np.bincount(where, minlength=length)
    total = np.bincount(where, weights=value, minlength=length)
    mean = np.divide(total, count, out=np.full(length, np.nan), where=count > 0)
    low, high = np.full(length, np.inf), np.full(length, -np.inf)
    np.minimum.at(low, where, value)
    np.maximum.at(high, where, value)
    low[count == 0] = high[count == 0] = np.nan
    return mean, low, high


def _fill(*rows: Floats) -> None:
    """Interpolate between a curve's first place and its last; all rows have the same gaps."""
    known = np.flatnonzero(np.isfinite(rows[0]))
    inside = np.arange(known[0], known[-1] + 1)
    for row in rows:
        row[inside] = np.interp(inside, known, row[known])
