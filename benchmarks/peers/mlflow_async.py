"""MLflow's asynchronous logging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.peers.mlflow import Mlflow


class MlflowAsync(Mlflow):
    """``mlflow.log_metric(synchronous=False)``: a thread writes, and the end of a run waits for it."""

    label = "mlflow, asynchronous"
    kill_rounds = 3

    def log(self, values: Sequence[float]) -> None:
        mlflow = self._mlflow
        for step, value in enumerate(values):
            mlflow.log_metric("loss", value, step=step, synchronous=False)

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        mlflow = self._mlflow
        for step, row in enumerate(rows):
            mlflow.log_metrics(dict(row), step=step, synchronous=False)

    def finish(self) -> None:
        self._mlflow.flush_async_logging()
        super().finish()
