"""Bringing one run to MLflow, from whatever state it is in there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec

from runlore.errors import ObjectMissing, RunNotFound
from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.untrusted import from_json
from runlore_server.config import Config
from runlore_server.export.description import Description, describe
from runlore_server.export.files import stage
from runlore_server.export.points import last_points, whole_curves
from runlore_server.export.tracking import TrackingStore
from runlore_server.store.exports import Export, Exports
from runlore_server.store.runs import RunStore
from runlore_server.store.summaries import CurveSummaries
from runlore_server.verdict.verdict import read_verdict


class Closing(Exception):
    """The transfer was told to stop; the next one goes on."""


class Transfer:
    """Brings runs of a store to a tracking store, one after the other.

    Any step may be cut short in any way: what was not noted as done is done again, which changes nothing.
    ``check`` is called between two steps and may raise ``Closing``.
    """

    def __init__(
        self,
        config: Config,
        store: RunStore,
        summaries: CurveSummaries,
        exports: Exports,
        check: Callable[[], None],
    ) -> None:
        self._config = config
        self._store = store
        self._summaries = summaries
        self._check = check
        self._objects = ObjectStore(config.home.objects)
        self._exports = exports
        self._tracking = TrackingStore(config)
        self._platform = lru_cache(maxsize=64)(self._read_platform)

    def is_current(self, run_id: str) -> bool:
        """Whether MLflow has all there is of the run so far, the points of a running one aside.

        Raises:
            OSError, sqlite3.Error: what is known of the export cannot be read.
        """
        try:
            run = self._describe(self._store.find(run_id))
        except RunNotFound:
            return True
        known = self._exports.get(run_id)
        return known is not None and (known.fingerprint, known.content) == (run.fingerprint, run.content)

    def bring(self, run_id: str) -> None:
        """Bring MLflow up to the present state of the run.

        Raises:
            TrackingStoreAway, ExportRefused: see ``TrackingStore``.
            JournalFormatError: a curve of it cannot be read by this version.
            OSError, sqlite3.Error: a file of the home cannot be read or written.
            Closing: ``check`` said so.
        """
        try:
            record = self._store.find(run_id)
            run = self._describe(record)
        except RunNotFound:
            return
        known = self._exports.get(run_id) or Export(None)
        if run.status != "RUNNING" and (known.fingerprint, known.content) == (run.fingerprint, run.content):
            return
        self._tracking.knock()
        mlflow_run_id = self._tracking.open_run(run, known.mlflow_run_id)
        if mlflow_run_id is None:
            self._exports.put(run_id, Export(None, run.fingerprint, run.content))
            return
        if mlflow_run_id != known.mlflow_run_id:
            known = Export(mlflow_run_id)
            self._exports.put(run_id, known)
        if known.fingerprint != run.fingerprint:
            self._tracking.update(mlflow_run_id, run, self._parent(run))
        if run.content is None:
            for _ in self._tracking.log_points(mlflow_run_id, last_points(record, self._summaries)):
                self._check()
        elif run.content != known.content:
            self._send_content(mlflow_run_id, record, run)
        self._exports.put(run_id, Export(mlflow_run_id, run.fingerprint, run.content))

    def _send_content(self, mlflow_run_id: str, record: RunRecord, run: Description) -> None:
        for _ in self._tracking.log_points(mlflow_run_id, whole_curves(record)):
            self._check()
        self._config.mlflow_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Beside the objects, so that most of it can be links to them.
        with tempfile.TemporaryDirectory(dir=self._config.mlflow_directory, prefix=".staged-") as directory:
            missing = stage(record, self._store.session(record), self._objects, Path(directory))
            self._check()
            self._tracking.log_files(mlflow_run_id, Path(directory))
        if missing:
            lacking = "; ".join(f"{path}: {why}" for path, why in missing.items())
            self._tracking.set_tag(mlflow_run_id, "runlore.missing_artifacts", lacking)
        self._tracking.finish(mlflow_run_id, run)

    def _parent(self, run: Description) -> str | None:
        """MLflow's id of the original of a rerun, which is brought there first if need be."""
        if run.rerun_of is None:
            return None
        if (known := self._exports.get(run.rerun_of)) is None:
            self.bring(run.rerun_of)
            known = self._exports.get(run.rerun_of)
        return known.mlflow_run_id if known is not None else None

    def _describe(self, run: RunRecord) -> Description:
        platform = self._platform(run.environment) if run.environment is not None else None
        verdict = read_verdict(self._config.home, run.run_id)
        return describe(run, self._store.session_info(run), verdict, platform)

    def _read_platform(self, digest: str) -> str | None:
        try:
            environment = from_json(self._objects.get(digest), dict[str, object])
        except (ObjectMissing, msgspec.DecodeError):
            return None
        platform = environment.get("platform")
        return platform if isinstance(platform, str) else None
