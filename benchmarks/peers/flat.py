"""Flat files of 24-byte records, a file a metric: what the floors have in common."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.peer import METRIC, Peer

RECORD = struct.Struct("<qdd")
"""Step, time, value."""


class FlatFiles(Peer):
    """A floor that leaves a file of records for each metric."""

    is_floor = True
    reads = False

    def start(self, run: str) -> None:
        self._run = Path(run)
        self._run.mkdir()

    def file(self, metric: str) -> Path:
        """Where a metric of the open run is written."""
        return self._run / metric

    def points(self, run: str, metric: str) -> Sequence[float]:
        content = Path(run, metric).read_bytes()
        whole = content[: len(content) // RECORD.size * RECORD.size]
        # No point has the time 0: such a record was reserved and never written.
        return [value for _, time, value in RECORD.iter_unpack(whole) if time]

    def locate(self, runs: Sequence[str]) -> None:  # noqa: ARG002 - they lie where their names say
        import numpy as np

        self._numpy = np

    def curves(self, runs: Sequence[str], points: int) -> list[Sequence[float]]:
        np = self._numpy
        found: list[Sequence[float]] = []
        for run in runs:
            values = np.fromfile(Path(run, METRIC), "<f8")[2::3].copy()
            rows = values.reshape(points // 2, -1)
            found.append(np.concatenate((rows.min(axis=1), rows.max(axis=1))))
        return found
