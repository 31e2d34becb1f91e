"""Which epoch a step belongs to, as far as a run tells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from runlore_server.store.views import Window

if TYPE_CHECKING:
    from runlore.record import RunRecord
    from runlore_server.store.views import CurveViews

Floats = npt.NDArray[np.float64]

_METRICS = ("epoch", "train/epoch", "trainer/epoch")
_PARAMS = ("steps_per_epoch", "batches_per_epoch", "iters_per_epoch", "iterations_per_epoch")
_MOST_POINTS = 100_000


@dataclass(frozen=True)
class Epochs:
    """The epochs of a run: in between what was told they go evenly, and after it for one more at the most.

    Attributes:
        steps: ascending.
        epochs: the epoch at each of these steps.
    """

    steps: Floats
    epochs: Floats

    def at(self, steps: npt.NDArray[np.int64]) -> Floats:
        """The epoch of each step."""
        found: Floats = np.interp(steps, self.steps, self.epochs)
        if len(self.steps) > 1 and self.steps[-1] > self.steps[-2]:
            pace = max((self.epochs[-1] - self.epochs[-2]) / (self.steps[-1] - self.steps[-2]), 0.0)
            found += np.clip((steps - self.steps[-1]) * pace, 0, 1)
        return found

    def window(self, low: float, high: float) -> Window:
        """The steps between two epochs, and those up to the next that was told on both sides."""
        inside = np.flatnonzero((self.epochs >= low) & (self.epochs <= high))
        if len(inside):
            first, last = max(inside[0] - 1, 0), min(inside[-1] + 1, len(self.steps) - 1)
        else:
            last = min(int(np.searchsorted(self.epochs, low)), len(self.steps) - 1)
            first = max(last - 1, 0)
        ends = np.array([math.inf if low <= self.epochs[0] else 0, math.inf if high >= self.epochs[-1] else 0])
        return Window("step", float(self.steps[first] - ends[0]), float(self.steps[last] + ends[1]))


def epochs_of(run: RunRecord, views: CurveViews) -> Epochs | None:
    """The epochs of a run: by its metric ``epoch``, else by its parameter ``steps_per_epoch``; ``None`` without.

    Raises:
        JournalFormatError, OSError: as ``CurveViews.view``.
    """
    for name in _METRICS:
        if (path := run.curves.get(name)) is not None:
            points = views.view(path, _MOST_POINTS).points
            points = points[np.isfinite(points["value"])]
            if len(points):
                order = np.argsort(points["step"], kind="stable")
                return Epochs(points["step"][order].astype(float), points["value"][order])
    for name in _PARAMS:
        length = run.params.get(name)
        if isinstance(length, (int, float)) and not isinstance(length, bool) and 0 < length < math.inf:
            return Epochs(np.array([0.0, 1e15]), np.array([0.0, 1e15 / length]))
    return None
