"""What every contestant can do: keep the points of runs, and give them back."""

from __future__ import annotations

import importlib.metadata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

METRIC = "loss"
"""The metric that ``log`` and ``fill`` write to."""

TEN = tuple(f"m{number}" for number in range(10))
"""The metrics that ``log_ten`` writes to."""


class Peer(ABC):
    """One contestant, working in the current directory; made in a process of its own.

    What it needs is imported by ``__init__``, so that a class can be asked for its name where nothing of it is
    installed, and so that the import can be timed. ``log`` and ``log_ten`` hold the loop that a user would write.

    Attributes:
        label: what tables call it.
        module: what it imports, also the name of the distribution whose version is told; empty for what comes
            with Python.
        requirements: what pip installs for it; none where Runlore's own environment has it.
        is_floor: whether this is no tracker, only the least that the machine can do.
        reads: whether it takes part where curves are read; false where another one reads the same files.
        kill_rounds: how often it is killed.
    """

    label: ClassVar[str]
    module: ClassVar[str] = ""
    requirements: ClassVar[tuple[str, ...]] = ()
    is_floor: ClassVar[bool] = False
    reads: ClassVar[bool] = True
    kill_rounds: ClassVar[int] = 3

    @property
    def version(self) -> str:
        """The version of what is measured; empty for what comes with Python."""
        return importlib.metadata.version(self.module) if self.module else ""

    def prepared(self, values: Sequence[Any]) -> Sequence[Any]:
        """What ``log`` or ``log_ten`` is to be called with for these values; not timed: floors pack them."""
        return values

    @abstractmethod
    def start(self, run: str) -> None:
        """Open a run; one is open at a time."""

    @abstractmethod
    def log(self, values: Sequence[float]) -> None:
        """Log each value to ``METRIC`` by a call of its own, at the steps 0, 1, 2 and so on."""

    @abstractmethod
    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Log each row, a value for each of ``TEN``, by a call of its own or, where there is none, by ten."""

    def fill(self, values: Sequence[float]) -> None:
        """Log the values to ``METRIC`` in the fastest public way."""
        self.log(self.prepared(values))

    @abstractmethod
    def finish(self) -> None:
        """Close the run; when this returns, all points are where ``points`` finds them."""

    @abstractmethod
    def locate(self, runs: Sequence[str]) -> None:
        """Get ready to read these runs: import the reader, find their identities. Not timed."""

    @abstractmethod
    def points(self, run: str, metric: str) -> Sequence[float]:
        """All values of a curve in the order of their steps, as the contestant's own reader gives them."""

    def curves(self, runs: Sequence[str], points: int) -> list[Sequence[float]]:  # noqa: ARG002 - only some sample
        """The values of ``METRIC`` of each run as the contestant's own viewer would get them to draw.

        Args:
            runs: which ones, located before.
            points: how many of each at the most, where it can give fewer than all.
        """
        return [self.points(run, METRIC) for run in runs]

    def archive(self) -> bool:
        """Bring the runs that have ended to the smallest form in which they are kept; whether there is one."""
        return False

    def stored(self, value: float) -> float:
        """What reading back gives for a value that was logged."""
        return value
