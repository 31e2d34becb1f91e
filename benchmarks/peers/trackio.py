"""trackio, local."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.peers.peer import METRIC, Peer

_PROJECT = "bench"


class Trackio(Peer):
    """``trackio.log``: a thread writes to SQLite; read by the storage class that the package exports."""

    label = "trackio"
    module = "trackio"
    requirements = ("trackio>=0.20",)

    def __init__(self) -> None:
        os.environ.update(TRACKIO_DIR=str(Path("trackio").absolute()), HF_HUB_OFFLINE="1")
        import trackio

        self._trackio = trackio

    def start(self, run: str) -> None:
        self._trackio.init(project=_PROJECT, name=run, embed=False)

    def log(self, values: Sequence[float]) -> None:
        trackio = self._trackio
        for value in values:
            trackio.log({"loss": value})

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        trackio = self._trackio
        for row in rows:
            trackio.log(dict(row))

    def finish(self) -> None:
        self._trackio.finish()

    def locate(self, runs: Sequence[str]) -> None:  # noqa: ARG002 - they are found by their names
        self._storage = self._trackio.SQLiteStorage

    def points(self, run: str, metric: str) -> Sequence[float]:
        return self._values(run, metric, None)

    def curves(self, runs: Sequence[str], points: int) -> list[Sequence[float]]:
        return [self._values(run, METRIC, points) for run in runs]

    def _values(self, run: str, metric: str, most: int | None) -> list[float]:
        rows = self._storage.get_logs(_PROJECT, run, max_points=most)
        return [row[metric] for row in sorted(rows, key=lambda row: int(row["step"])) if metric in row]
