"""Aim, local."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import METRIC, Peer


class Aim(Peer):
    """``Run.track``, which has no call for ten values; read by its own sequences after ``aim storage reindex``."""

    label = "Aim"
    module = "aim"
    requirements = ("aim>=3.20",)

    def __init__(self) -> None:
        os.environ["AIM_UI_TELEMETRY_ENABLED"] = "0"
        import aim

        self._aim = aim
        self._store = str(Path("aim").absolute())
        aim.Repo.from_path(self._store, init=True)
        self._read: dict[str, dict[str, Any]] = {}

    def start(self, run: str) -> None:
        self._run = self._aim.Run(
            repo=self._store, experiment=run, system_tracking_interval=None, log_system_params=False
        )

    def log(self, values: Sequence[float]) -> None:
        run = self._run
        for step, value in enumerate(values):
            run.track(value, name="loss", step=step)

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        run = self._run
        for step, row in enumerate(rows):
            for name, value in row.items():
                run.track(value, name=name, step=step)

    def finish(self) -> None:
        self._run.close()

    def locate(self, runs: Sequence[str]) -> None:
        command = (*("-c", "from aim.cli.cli import cli_entry_point; cli_entry_point()"), "storage")
        subprocess.run([sys.executable, *command, "--repo", self._store, "reindex", "-y"], check=True)
        repository = self._aim.Repo.from_path(self._store)
        for found in repository.iter_runs():
            if found.experiment in runs:
                self._read[found.experiment] = {metric.name: metric for metric in found.metrics()}

    def points(self, run: str, metric: str) -> Sequence[float]:
        metrics = self._read.get(run, {})
        values: list[float] = metrics[metric].data.numpy()[1][0].tolist() if metric in metrics else []
        return values

    def curves(self, runs: Sequence[str], points: int) -> list[Sequence[float]]:
        return [self._read[run][METRIC].data.sample(points).numpy()[1][0] for run in runs]
