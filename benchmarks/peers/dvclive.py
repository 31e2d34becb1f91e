"""DVCLive: text files beside the code."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.peer import METRIC, Peer


class Dvclive(Peer):
    """``Live.log_metric`` and ``Live.next_step``; read by the parser that its own summary uses."""

    label = "DVCLive"
    module = "dvclive"
    requirements = ("dvclive>=3.40",)
    kill_rounds = 1  # of half a minute, and each call closes its file

    def __init__(self) -> None:
        os.environ["DVC_NO_ANALYTICS"] = "1"
        from dvclive import Live

        self._class = Live

    def start(self, run: str) -> None:
        self._live: Any = self._class(run, save_dvc_exp=False, report=None, monitor_system=False)

    def log(self, values: Sequence[float]) -> None:
        live = self._live
        for value in values:
            live.log_metric("loss", value)
            live.next_step()

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        live = self._live
        for row in rows:
            for name, value in row.items():
                live.log_metric(name, value)
            live.next_step()

    def fill(self, values: Sequence[float]) -> None:
        live = self._live
        for step, value in enumerate(values):
            live.step = step  # without the summary that ``next_step`` writes
            live.log_metric(METRIC, value)

    def finish(self) -> None:
        self._live.end()

    def locate(self, runs: Sequence[str]) -> None:  # noqa: ARG002 - they lie where their names say
        from dvclive.utils import parse_tsv

        self._parse = parse_tsv

    def points(self, run: str, metric: str) -> Sequence[float]:
        return [float(row[metric]) for row in self._parse(Path(run, "plots", "metrics", f"{metric}.tsv"))]
