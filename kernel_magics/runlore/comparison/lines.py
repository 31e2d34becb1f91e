"""The lines of a comparison: which points of a run are drawn where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from runlore.curve import read_records
from runlore.decimate import decimate

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    Values = npt.NDArray[np.float64]

Axis = Literal["step", "time"]

_UNITS = ((7200.0, 3600.0, "hours"), (120.0, 60.0, "minutes"), (0.0, 1.0, "seconds"))


@dataclass(frozen=True)
class View:
    """How runs are drawn.

    Attributes:
        x: by step, or by the time since the run's start.
        smoothing: weight of the past in the moving average, from 0 (none) to below 1.
        log_y: whether the values' axes are logarithmic.
        points: of each curve at the most, 4 at least.
    """

    x: Axis = "step"
    smoothing: float = 0.0
    log_y: bool = False
    points: int = 1000

    def __post_init__(self) -> None:
        if self.x not in ("step", "time"):
            raise ValueError(f"x is 'step' or 'time', not {self.x!r}")
        if not 0 <= self.smoothing < 1:
            raise ValueError(f"smoothing is a weight from 0 to below 1, not {self.smoothing!r}")


@dataclass(frozen=True)
class Points:
    """What is drawn of one curve: ``step``, ``elapsed`` seconds and ``value``, NaN where there is no number."""

    step: Values
    elapsed: Values
    value: Values


@dataclass(frozen=True)
class Line:
    """One curve in a chart. ``raw`` are its values, ``y`` those after smoothing."""

    run_id: str
    name: str
    color: str
    x: Values
    raw: Values
    y: Values


def read_points(path: Path, started: float, room: int) -> Points:
    """The points of a curve file that are drawn, every spike among them.

    Args:
        path: the file.
        started: Unix seconds at which its run did.
        room: points at the most.

    Raises:
        JournalFormatError, OSError, PackageMissing: see ``read_records``.
    """
    import numpy as np

    dtype = np.dtype([("step", "<i8"), ("time", "<f8"), ("value", "<f8")])
    records: np.ndarray[Any, Any] = np.frombuffer(read_records(path), dtype=dtype)
    shown = records[decimate(records["value"], room)]
    value = np.where(np.isfinite(shown["value"]), shown["value"], np.nan)
    return Points(shown["step"].astype(float), shown["time"] - started, value)


def unit_of(seconds: float) -> tuple[float, str]:
    """The unit in which so long a time is read best: its seconds and its name."""
    return next((unit, name) for least, unit, name in _UNITS if seconds >= least)


def placed(points: Points, view: View, unit: float) -> tuple[Values, Values, Values]:
    """``x``, raw and smoothed values; a gap stands wherever x falls: a loop that began again is a new line."""
    import numpy as np

    x = points.step if view.x == "step" else points.elapsed / unit
    falls = np.flatnonzero(np.diff(x) < 0) + 1
    x, raw = (np.insert(values, falls, np.nan) for values in (x, points.value))
    return x, raw, smooth(raw, view.smoothing) if view.smoothing else raw


def smooth(values: Values, weight: float) -> Values:
    """The exponential moving average, free of the pull towards zero at its start; NaN stays and does not count.

    Args:
        values: in the order of their points.
        weight: of the past, from 0 to below 1.

    Source: the bias correction of Kingma and Ba, "Adam", 2015, section 3.
    """
    import numpy as np

    averages = np.full(len(values), np.nan)
    total = norm = 0.0
    for index, value in enumerate(values.tolist()):
        if value == value:  # noqa: PLR0124 - not NaN
            total = weight * total + (1 - weight) * value
            norm = weight * norm + (1 - weight)
            averages[index] = total / norm
    return averages
