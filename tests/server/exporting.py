"""Exporting a home to MLflow in the tests, and looking at what is there."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil
from mlflow import MlflowClient
from mlflow.entities import Run
from typing_extensions import Self

from runlore.home import Home
from runlore_server.config import Config
from runlore_server.ingest import Exporter
from runlore_server.store.exports import Exports
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import Verdict

_EXPORT = """
import sys, time
from runlore_server.config import Config
from runlore_server.ingest import Exporter
from runlore_server.store.exports import Exports
from runlore_server.store.runs import RunStore
config = Config.resolve(*sys.argv[1:])
store = RunStore(config.home)
store.refresh()
exporter = Exporter(config, store, Exports(config.home, config.tracking_uri))
exporter.start()
print("started", flush=True)
while exporter.status().pending:
    time.sleep(0.01)
exporter.shutdown()
"""


class Following:
    """An exporter in this process that follows a home."""

    def __init__(self, home: Home, tracking_uri: str | None = None) -> None:
        self.config = Config.resolve(home.path, tracking_uri)
        self.store = RunStore(home)
        self.store.refresh()
        self.exporter = Exporter(self.config, self.store, Exports(home, self.config.tracking_uri))
        self.exporter.start()

    def is_done(self) -> bool:
        """Whether MLflow has all that is in the home by now."""
        self.exporter.wake(self.store.refresh())
        return not self.exporter.status().pending


class ExportingProcess:
    """A process that exports a home and ends when nothing is left to do, or with the context that it manages."""

    def __init__(self, home: Home, tracking_uri: str | None = None) -> None:
        self._command = [sys.executable, "-c", _EXPORT, str(home.path)]
        if tracking_uri is not None:
            self._command.append(tracking_uri)
        self._process = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.kill_both()

    def start_again(self) -> None:
        """Start it where it is not running."""
        if self._process.poll() is not None:
            self._process = self._start()

    def is_done(self) -> bool:
        assert self._process.poll() in (None, 0), "the export failed"
        return self._process.poll() == 0

    def wait(self) -> None:
        assert self._process.wait(240) == 0

    def kill(self) -> None:
        """SIGKILL this process alone; the one that it started, in which MLflow's client is, has to notice that."""
        self._process.kill()
        self._process.wait()

    def kill_worker(self) -> None:
        """SIGKILL the process in which MLflow's client is, if there is one."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for worker in psutil.Process(self._process.pid).children():
                worker.kill()

    def kill_both(self) -> None:
        """SIGKILL all of it."""
        self.kill_worker()
        self.kill()

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        return process


def export(home: Home, eventually: Callable[..., Any], tracking_uri: str | None = None) -> Config:
    """Export all that is in the home, and stop."""
    following = Following(home, tracking_uri)
    try:
        eventually(lambda: not following.exporter.status().pending)
        assert following.exporter.status().error is None
    finally:
        following.exporter.shutdown()
    return following.config


def client(config: Config) -> MlflowClient:
    return MlflowClient(tracking_uri=config.tracking_uri)


def in_mlflow(config: Config, run_id: str, experiment: str = "digits") -> list[Run]:
    """The runs that MLflow has for one of ours."""
    mlflow = client(config)
    found = mlflow.get_experiment_by_name(experiment)
    return list(mlflow.search_runs([found.experiment_id], f"tags.\"runlore.run_id\" = '{run_id}'"))


def all_runs(config: Config) -> list[Run]:
    """Every run that MLflow has and nobody deleted."""
    mlflow = client(config)
    return list(mlflow.search_runs([found.experiment_id for found in mlflow.search_experiments()]))


def history(config: Config, mlflow_run_id: str, metric: str) -> list[tuple[int, float]]:
    """The points of a metric as MLflow has them."""
    return [(point.step, point.value) for point in client(config).get_metric_history(mlflow_run_id, metric)]


def files_of(config: Config, mlflow_run_id: str, directory: Path) -> Path:
    """All artifacts of a run, fetched into a directory."""
    return Path(client(config).download_artifacts(mlflow_run_id, "", str(directory)))


def write_verdict(home: Home, run_id: str, verdict: Verdict) -> None:
    home.rerun(run_id).mkdir(parents=True, exist_ok=True)
    (home.rerun(run_id) / "verdict.json").write_bytes(msgspec.json.encode(verdict))
