"""The machine's load while a run was open, summed up."""

from __future__ import annotations

from typing import NamedTuple

from runlore.curve import points, read_records
from runlore.errors import RunloreError
from runlore.record import RunRecord


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
    found = {}
    names = {path: name for name, path in run.curves.items()}
    for path in run.system.values():
        try:
            values = [value for _, _, value in points(read_records(path))]
        except (RunloreError, OSError):
            continue
        if values:
            found[names[path]] = Load(sum(values) / len(values), max(values), values[-1], len(values))
    return found
