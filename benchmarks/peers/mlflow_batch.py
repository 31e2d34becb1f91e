"""MLflow as whoever collects points and sends a thousand at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import time
from typing import Any

from benchmarks.peers.mlflow import Mlflow

_BATCH = 1000
"""Points that one request may hold."""


class MlflowBatch(Mlflow):
    """``MlflowClient.log_batch``; what was not sent yet is lost at a SIGKILL."""

    label = "mlflow, log_batch of 1,000"
    reads = True
    kill_rounds = 3

    def start(self, run: str) -> None:
        from mlflow.entities import Metric

        self._metric, self._client = Metric, self._mlflow.MlflowClient()
        self._run_id: str = self._client.create_run("0", run_name=run).info.run_id
        self._waiting: list[Any] = []

    def log(self, values: Sequence[float]) -> None:
        for step, value in enumerate(values):
            self._waiting.append(self._metric("loss", value, int(time() * 1000), step))
            if len(self._waiting) >= _BATCH:
                self._send()

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        for step, row in enumerate(rows):
            now = int(time() * 1000)
            self._waiting += [self._metric(name, value, now, step) for name, value in row.items()]
            if len(self._waiting) >= _BATCH:
                self._send()

    def finish(self) -> None:
        self._send()
        self._client.set_terminated(self._run_id)

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._client.log_batch(self._run_id, metrics=waiting)
