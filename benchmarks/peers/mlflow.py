"""MLflow on its default store, SQLite, a call a point."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from benchmarks.peers.peer import METRIC, Peer

_STORE = "sqlite:///mlflow.db"


class Mlflow(Peer):
    """``mlflow.log_metric``; read by the client, or as its own charts get sampled histories."""

    label = "mlflow, a call a point"
    module = "mlflow"
    reads = False
    kill_rounds = 1  # of half a minute, and each call is a transaction

    def __init__(self) -> None:
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
        import mlflow

        self._mlflow = mlflow
        mlflow.set_tracking_uri(_STORE)
        self._ids: dict[str, str] = {}

    def start(self, run: str) -> None:
        self._mlflow.start_run(run_name=run)

    def log(self, values: Sequence[float]) -> None:
        mlflow = self._mlflow
        for step, value in enumerate(values):
            mlflow.log_metric("loss", value, step=step)

    def log_ten(self, rows: Sequence[Mapping[str, float]]) -> None:
        mlflow = self._mlflow
        for step, row in enumerate(rows):
            mlflow.log_metrics(dict(row), step=step)

    def finish(self) -> None:
        self._mlflow.end_run()

    def locate(self, runs: Sequence[str]) -> None:
        found = self._mlflow.MlflowClient().search_runs(["0"], max_results=10_000)
        # The handler of its charts' requests calls the store; the client has no call for sampled histories.
        from mlflow.server.handlers import _get_tracking_store

        self._tracking_store = _get_tracking_store(_STORE, "mlruns")
        self._ids = {run.info.run_name: run.info.run_id for run in found if run.info.run_name in runs}

    def points(self, run: str, metric: str) -> Sequence[float]:
        history = self._mlflow.MlflowClient().get_metric_history(self._ids[run], metric)
        return [point.value for point in sorted(history, key=lambda point: point.step)]

    def curves(self, runs: Sequence[str], points: int) -> list[Sequence[float]]:
        sampled = self._tracking_store.get_metric_history_bulk_interval(
            run_ids=[self._ids[run] for run in runs],
            metric_key=METRIC,
            max_results=points,
            start_step=None,
            end_step=None,
        )
        curves: dict[str, list[float]] = {}
        for point in sampled:
            curves.setdefault(point.run_id, []).append(point.value)
        return list(curves.values())
