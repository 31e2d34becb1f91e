"""Runlore itself, as a script uses it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.peers.peer import METRIC, Peer

if TYPE_CHECKING:
    from runlore.record import RunRecord


class Runlore(Peer):
    """``runlore.log`` into a run of ``runlore.start_run``; read as the server reads it for the panel."""

    label = "runlore"
    module = "runlore"
    kill_rounds = 100

    def __init__(self) -> None:
        os.environ["RUNLORE_HOME"] = str(Path("home").absolute())
        import runlore

        self._runlore = runlore
        self._ids: dict[str, str] = {}
        self._paths: dict[str, dict[str, Path]] = {}

    def start(self, run: str) -> None:
        self._run = self._runlore.start_run(run)

    def log(self, values: Sequence[float]) -> None:
        runlore = self._runlore
        for value in values:
            runlore.log(loss=value)

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        runlore = self._runlore
        for row in rows:
            runlore.log(row)

    def finish(self) -> None:
        self._run.finish()

    def locate(self, runs: Sequence[str]) -> None:
        from runlore_server.store.views import CurveViews

        recorded = [run for run in self._recorded() if run.name in runs]
        self._paths = {run.name: run.metrics for run in recorded}
        self._ids = {run.name: run.run_id for run in recorded}
        self._views = CurveViews()

    def points(self, run: str, metric: str) -> Sequence[float]:
        values: list[float] = self._runlore.curves(self._ids[run], metric)["value"].tolist()
        return values

    def archive(self) -> bool:
        from runlore_server.store.archive import archive_run

        for run in self._recorded():
            archive_run(run)
            for file in run.metrics.values():  # a cache of the archive now
                file.unlink()
        return True

    def curves(self, runs: Sequence[str], points: int) -> list[Sequence[float]]:
        found: list[Any] = [self._views.view(self._paths[run][METRIC], points).points["value"] for run in runs]
        return found

    def _recorded(self) -> list[RunRecord]:
        from runlore.home import Home
        from runlore.session_record import sessions

        return [run for session in sessions(Home.default()) for run in session.runs.values()]
