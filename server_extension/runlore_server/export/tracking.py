"""MLflow's tracking store, through ``MlflowClient`` alone."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from runlore_server.config import Config
from runlore_server.errors import ExportRefused, TrackingStoreAway
from runlore_server.export.connection import connect
from runlore_server.export.description import DOUBLE_TAG, PARENT_TAG, RUN_TAG, SESSION_TAG, Description
from runlore_server.export.names import LONGEST_TAG, shortened
from runlore_server.export.points import MetricPoint, Unsent

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

T = TypeVar("T")

_POINTS_A_BATCH = 1000
_ENTRIES_A_BATCH = 50
"""Parameters or tags; MLflow takes a hundred of them, but only a megabyte a request."""

_REFUSALS = {"INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE", "ENDPOINT_NOT_FOUND"}
_KNOCK_TIMEOUT = 3.0


class TrackingStore:
    """One tracking store; used by one thread. MLflow is imported with the first call.

    Every method raises ``TrackingStoreAway`` when the store cannot be reached or is out of order, and
    ``ExportRefused`` when it does not take what was sent. Whether what failed was done all the same is not known
    then; each may be called again, which does nothing twice.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client: MlflowClient | None = None
        self._experiments: dict[str, str | None] = {}

    @property
    def is_there(self) -> bool:
        """Whether there is a store to ask; looking does not make the home's own one."""
        database = self._config.own_database
        return database is None or database.exists()

    def knock(self) -> None:
        """See whether a tracking server listens at all. MLflow's client may wait for minutes."""
        parts = urlsplit(self._config.tracking_uri)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return
        if parts.scheme in getproxies() and not proxy_bypass(parts.hostname):
            return
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
        try:
            socket.create_connection((parts.hostname, port), _KNOCK_TIMEOUT).close()
        except OSError as error:
            raise TrackingStoreAway(
                f"no MLflow server answers at {self._config.shown_tracking_uri}: {error}"
            ) from error

    def open_run(self, run: Description, known: str | None) -> Run | None:
        """The run as MLflow has it now; it is created where it is not there yet.

        Args:
            run: the run.
            known: MLflow's id of it, where one was given out before.

        Returns:
            ``None`` where a user of MLflow deleted the run or its experiment, which is to be respected.
        """
        with self._translated():
            found = self._get(known) if known else None
            if found is not None and found.data.tags.get(SESSION_TAG) != run.session_id:
                # A rerun that was cut short and made anew: its first attempt is no record of anything.
                self._connect().delete_run(found.info.run_id)
                found = None
            if found is None:
                experiment = self._experiment(run.experiment)
                if experiment is None:
                    return None
                # It may have been created just before a crash, when nobody could note its id any more.
                found = self._found(experiment, run) or self._create(experiment, run)
            return None if found.info.lifecycle_stage == "deleted" else found

    def update(self, there: Run, run: Description, parent: str | None) -> None:
        """Bring parameters and tags up to date; ``parent`` is MLflow's id of the original of a rerun.

        A parameter cannot change in MLflow: a later value becomes the tag ``runlore.param.<name>``.
        """
        tags = {**run.tags, **({PARENT_TAG: parent} if parent else {})}
        with self._translated():
            from mlflow.entities import Param, RunTag

            client, known = self._connect(), there.info.run_id
            for name, value in run.params.items():
                if there.data.params.get(name, value) != value:
                    tags[f"runlore.param.{name}"[:250]] = value
            params = _news(run.params, there.data.params, changes=False)
            for batch in _batches(params, _ENTRIES_A_BATCH):
                client.log_batch(known, params=[Param(*entry) for entry in batch], synchronous=True)
            for batch in _batches(_news(tags, there.data.tags, changes=True), _ENTRIES_A_BATCH):
                client.log_batch(known, tags=[RunTag(*entry) for entry in batch], synchronous=True)

    def log_points(
        self, there: Run, points: Iterable[MetricPoint], fresh: Collection[str] = ()
    ) -> Iterator[list[MetricPoint]]:
        """Send points, a batch at a time; yields each, sent, so that the caller can take note or stop.

        Args:
            there: the run as it was before.
            points: the points, one metric after the other; those that MLflow has already are not stored twice.
            fresh: metrics whose points here are known not to be there.
        """
        from_database = self._config.artifact_root is not None
        partly = set() if from_database else there.data.metrics.keys() - set(fresh)
        is_unsent = Unsent(partly, lambda key: self._history(there.info.run_id, key))
        for batch in _batches(points, _POINTS_A_BATCH):
            with self._translated():
                from mlflow.entities import Metric

                metrics = [
                    Metric(point.key, point.value, point.time, point.step) for point in batch if is_unsent(point)
                ]
                if metrics:
                    self._connect().log_batch(there.info.run_id, metrics=metrics, synchronous=True)
            yield batch

    def log_files(self, mlflow_run_id: str, directory: Path, paths: Iterable[str]) -> Iterator[str]:
        """Send files as artifacts under their paths below ``directory``; yields each, sent."""
        for path in paths:
            folder = str(PurePosixPath(path).parent) if "/" in path else None
            with self._translated():
                self._connect().log_artifact(mlflow_run_id, str(directory / path), folder)
            yield path

    def set_tag(self, mlflow_run_id: str, name: str, value: str) -> None:
        """Set one tag."""
        with self._translated():
            self._connect().set_tag(mlflow_run_id, name, shortened(value, LONGEST_TAG))

    def finish(self, there: Run, run: Description) -> None:
        """Set status and end time of a run that has ended; by then it is the only one of its kind."""
        with self._translated():
            self._remove_doubles(there, self._search(there.info.experiment_id, run))
            self._connect().set_terminated(there.info.run_id, run.status, run.ended)

    def _connect(self) -> MlflowClient:
        if self._client is None:
            self._client = connect(self._config)
        return self._client

    def _get(self, mlflow_run_id: str) -> Run | None:
        from mlflow.exceptions import MlflowException

        try:
            return self._connect().get_run(mlflow_run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return None
            raise

    def _history(self, mlflow_run_id: str, key: str) -> list[MetricPoint]:
        found = self._connect().get_metric_history(mlflow_run_id, key)
        return [MetricPoint(point.key, point.value, point.timestamp, point.step) for point in found]

    def _search(self, experiment: str, run: Description) -> list[Run]:
        from mlflow.entities import ViewType

        query = f"tags.\"{RUN_TAG}\" = '{run.run_id}' and tags.\"{SESSION_TAG}\" = '{run.session_id}'"
        return list(self._connect().search_runs([experiment], query, ViewType.ALL))

    def _found(self, experiment: str, run: Description) -> Run | None:
        """The one of MLflow's runs for this run that counts: one that is not deleted, and has got furthest."""
        found = sorted(
            self._search(experiment, run),
            key=lambda other: (other.info.lifecycle_stage == "deleted", _is_bare(other), other.info.run_id),
        )
        if not found:
            return None
        self._remove_doubles(found[0], found[1:])
        return found[0]

    def _remove_doubles(self, kept: Run, others: Iterable[Run]) -> None:
        """Delete what a creation left whose answer was lost. What holds more than that is somebody's own copy."""
        for other in others:
            if (
                other.info.run_id != kept.info.run_id
                and other.info.lifecycle_stage == "active"
                and _is_bare(other)
            ):
                self._connect().set_tag(other.info.run_id, DOUBLE_TAG, kept.info.run_id)
                self._connect().delete_run(other.info.run_id)

    def _create(self, experiment: str, run: Description) -> Run:
        # The first tags go with the creation: only by them can the run be found again.
        tags = dict(list(run.tags.items())[:_ENTRIES_A_BATCH])
        tags |= {RUN_TAG: run.run_id, SESSION_TAG: run.session_id}
        return self._connect().create_run(experiment, start_time=run.started, tags=tags, run_name=run.name)

    def _experiment(self, name: str) -> str | None:
        """The id of the experiment with this name, made where there is none; ``None`` where it was deleted."""
        if self._config.artifact_root is not None and name == "Default":
            name = "default"  # MLflow's own puts its artifacts below whatever directory was current
        if name not in self._experiments:
            from mlflow.exceptions import MlflowException

            client, root = self._connect(), self._config.artifact_root
            found = client.get_experiment_by_name(name)
            if found is None:
                try:
                    client.create_experiment(name, root.as_uri() if root is not None else None)
                except MlflowException as error:
                    if error.error_code != "RESOURCE_ALREADY_EXISTS":
                        raise
                found = client.get_experiment_by_name(name)
            if found is None or found.lifecycle_stage == "deleted":
                return None
            self._experiments[name] = found.experiment_id
        return self._experiments[name]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn whatever MLflow and what is below it raise into the two errors of this class."""
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            refused = error.error_code in _REFUSALS
            self._experiments.clear()
            raise (ExportRefused if refused else TrackingStoreAway)(self._text(error)) from error
        except Exception as error:
            # Drivers of databases and object stores have errors of their own, without a common base.
            raise TrackingStoreAway(f"{type(error).__name__}: {self._text(error)}") from error

    def _text(self, error: Exception) -> str:
        lines = str(error).strip().splitlines()
        return self._config.without_secrets(lines[0]) if lines else type(error).__name__


def _is_bare(run: Run) -> bool:
    """Whether the run was created and nothing more."""
    return run.info.status == "RUNNING" and not run.data.params and not run.data.metrics


def _news(wanted: Mapping[str, str], there: Mapping[str, str], *, changes: bool) -> Iterator[tuple[str, str]]:
    for name, value in wanted.items():
        if name not in there or (changes and there[name] != value):
            yield name, value


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
