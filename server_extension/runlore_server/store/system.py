"""The machine's load while a run was open, summed up."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from runlore.curve import points, read_records
from runlore.errors import RunloreError
from runlore.record import RunRecord
from runlore_server.filter.fields import LOADS

_DEVICE = re.compile(r"^gpu_\d+_")
"""The beginning of what is measured of one device."""

_RECENT = 5.0
"""Seconds: as often as a kernel measures."""


class Load(NamedTuple):
    """What was measured so many ``times``; percentages, megabytes or watts, as the metric's name says."""

    mean: float
    max: float
    last: float
    times: int

    def __str__(self) -> str:
        often = "once" if self.times == 1 else f"{self.times} times"
        return f"mean {self.mean:.4g}, at most {self.max:.4g} (measured {often})"


def loads(run: RunRecord) -> dict[str, Load]:
    """The run's system metrics by the names of their curves; those of which no point can be read are left out."""
    names = {path: name for name, path in run.curves.items()}
    read = {names[path]: _values(path) for path in run.system.values()}
    return {name: Load(_mean(v), max(v), v[-1], len(v)) for name, v in read.items() if v}


def load_of(run: RunRecord) -> dict[str, float]:
    """What ``LOADS`` names of the run, where it was measured; devices are taken together at each measurement."""
    measured: dict[str, list[list[float]]] = {}
    for metric, path in run.system.items():
        name = _DEVICE.sub("gpu_", metric.removeprefix("system/"))
        if name in LOADS and (values := _values(path)):
            measured.setdefault(name, []).append(values)
    found: dict[str, float] = {}
    for name, devices in measured.items():
        joined = [*map(_mean if name.endswith("percentage") else math.fsum, zip(*devices, strict=False))]
        found |= {name: _mean(joined), f"{name}.max": max(joined)}
    return found


class RecentLoads:
    """``load_of`` runs that the index does not have yet; of one that still runs as it was some seconds ago."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, dict[str, float]]] = {}

    def of(self, run: RunRecord) -> Mapping[str, float]:
        """The load of a run as it was recently."""
        if not run.system:
            return {}
        now = time.monotonic()
        until, found = self._known.get(run.run_id, (now, {}))
        if until <= now:
            found = load_of(run)
            self._known[run.run_id] = (now + _RECENT if run.status == "running" else math.inf, found)
        return found


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _values(path: Path) -> list[float]:
    """The finite values of a curve; none where it cannot be read."""
    try:
        return [value for _, _, value in points(read_records(path)) if math.isfinite(value)]
    except (RunloreError, OSError):
        return []
