"""How thoroughly to measure, and whom."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from benchmarks.peers import environments
from benchmarks.peers.catalog import PEERS

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """What a run of the benchmarks is to do.

    Attributes:
        quick: only see that everything works: sizes and rounds so small that the figures say nothing.
        peers: where the peers' environments are.
        only: names of the contestants that take part; all by default.
    """

    quick: bool = False
    peers: Path = environments.DEFAULT
    only: tuple[str, ...] = tuple(PEERS)

    def sized(self, usual: T, quick: T) -> T:
        """A number of rounds, runs or points, as the plan says."""
        return quick if self.quick else usual

    def rounds(self, usual: int) -> int:
        """How often to repeat what is usually done so often."""
        return self.sized(usual, 1)
