"""Fewer points of a curve, with every spike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from tsdownsample import MinMaxDownsampler

FEWEST = 4
"""Points that a decimated curve may need: its first, its last, its least and its greatest."""


def decimate(values: npt.NDArray[np.float64], points: int) -> npt.NDArray[np.intp]:
    """Which of ``values`` to show when there is room for ``points`` of them.

    The curve is cut into equal stretches and the least and the greatest finite value of each are kept, so no
    spike is lost. The first and the last value are kept. Of each row of non-finite values the first is kept, to
    show the gap; where there are more gaps than a quarter of the room, only some of them.

    Args:
        values: in logged order.
        points: how many at the most, 4 at least.

    Returns:
        Indices into ``values``, ascending.
    """
    count = len(values)
    if count <= points:
        return np.arange(count)
    finite = np.isfinite(values)
    marks = np.union1d(_gaps(finite, points // 4 - 1), [0, count - 1])
    room = points - len(marks)
    if (kept := np.flatnonzero(finite)).size > room:
        kept = kept[_extremes(values if finite.all() else values[kept], room - room % 2)]
    return np.union1d(marks, kept).astype(np.intp)


def _extremes(values: npt.NDArray[np.float64], room: int) -> npt.NDArray[np.intp]:
    values = np.ascontiguousarray(values)  # a field of an array of points is none
    chosen: npt.NDArray[np.intp] = MinMaxDownsampler().downsample(values, n_out=room)  # type: ignore[no-untyped-call]
    return chosen


def _gaps(finite: npt.NDArray[np.bool_], room: int) -> npt.NDArray[np.intp]:
    """Where rows of non-finite values begin; an even choice of them when there are more than ``room``."""
    begins = np.flatnonzero(~finite & np.concatenate(([True], finite[:-1])))
    if len(begins) > room:
        begins = begins[np.linspace(0, len(begins) - 1, room).astype(np.intp)]
    return begins
