"""Fewer points of a curve, with every spike: the one rule for the panel, for MLflow and for ``runlore.curves``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FEWEST = 4
"""Points that a decimated curve may need: its first, its last, its least and its greatest."""


def decimate(values: npt.NDArray[np.float64], points: int) -> npt.NDArray[np.intp]:
    """Which of ``values`` to show when there is room for ``points`` of them. Imports NumPy.

    The curve is cut into equal stretches and the least and the greatest finite value of each are kept, so no
    spike is lost. The first and the last value are kept. Of each row of non-finite values the first is kept, to
    show the gap; where there are more gaps than a quarter of the room, only some of them.

    Args:
        values: in logged order.
        points: how many at the most, 4 at least.

    Returns:
        Indices into ``values``, ascending.

    Raises:
        ValueError: there is room for less than 4 points.
    """
    import numpy as np

    if points < FEWEST:
        raise ValueError(f"a curve is drawn with {FEWEST} points at least, not {points}")
    count = len(values)
    if count <= points:
        return np.arange(count)
    values = np.ascontiguousarray(values)  # a field of an array of points is none
    finite = np.isfinite(values)
    if finite.all():
        return _without_repeats(np.concatenate(([0], _extremes(values, points - 2), [count - 1])))
    marks = np.union1d(_gaps(finite, points // 4 - 1), [0, count - 1])
    kept, room = np.flatnonzero(finite), points - len(marks)
    if len(kept) > room:
        kept = kept[_extremes(values[kept], room)]
    return np.union1d(marks, kept)


def _extremes(values: npt.NDArray[np.float64], room: int) -> npt.NDArray[np.intp]:
    """Where the least and the greatest of each of ``room // 2`` stretches are, ascending; some may repeat."""
    import numpy as np

    stretches = room // 2
    length, longer = divmod(len(values), stretches)
    found = []
    # The first ones are a value longer where the values cannot be shared out evenly: two tables instead of a loop.
    for start, rows, width in ((0, longer, length + 1), (longer * (length + 1), stretches - longer, length)):
        table = values[start : start + rows * width].reshape(rows, width)
        firsts = start + np.arange(rows) * width
        least, greatest = firsts + table.argmin(axis=1), firsts + table.argmax(axis=1)
        found.append(np.column_stack((np.minimum(least, greatest), np.maximum(least, greatest))).ravel())
    return np.concatenate(found)


def _without_repeats(indices: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    import numpy as np

    return indices[np.concatenate(([True], indices[1:] != indices[:-1]))]


def _gaps(finite: npt.NDArray[np.bool_], room: int) -> npt.NDArray[np.intp]:
    """Where rows of non-finite values begin; an even choice of them when there are more than ``room``."""
    import numpy as np

    begins = np.flatnonzero(~finite & np.concatenate(([True], finite[:-1])))
    if len(begins) > room:
        begins = begins[np.linspace(0, len(begins) - 1, room).astype(np.intp)]
    return begins
