"""Registering models of recorded runs in MLflow, the store of record."""

from __future__ import annotations

import sqlite3
import threading
from typing import Literal

import msgspec
from blake3 import blake3

from runlore.decodable import decodable
from runlore.errors import JournalFormatError
from runlore.home import is_mirrored
from runlore.record import RunRecord
from runlore_server.config import Config
from runlore_server.errors import ModelRefused, NotInMlflow
from runlore_server.ingest import Exporter
from runlore_server.registry.asked import Look, Looked, Task, Wanted, registry_process
from runlore_server.registry.models import Model, files_of, models_of
from runlore_server.registry.version import KnownVersions, ModelVersion
from runlore_server.store.exports import Exports

_LONGEST = 300.0
"""Seconds that MLflow may take; a large model is copied to it."""

_IDLE = 60.0
"""Seconds without a question until the process is ended that has MLflow in its memory."""

_LONGEST_NAME = 250
Export = Literal["there", "coming", "running", "deleted", "foreign"]


class Registry:
    """The models of a home's runs; safe to use from several threads, one at a time asks MLflow."""

    def __init__(self, config: Config, exports: Exports, exporter: Exporter) -> None:
        self._exports = exports
        self._exporter = exporter
        self._known = KnownVersions(config.home, config.tracking_uri)
        self._process = registry_process(config)
        self._asking = threading.Lock()
        self._idle: threading.Timer | None = None

    def versions(self, run: RunRecord) -> list[ModelVersion]:
        """What is known of the run's registered models; asks nobody. None where the file cannot be used."""
        try:
            return self._known.of(run.run_id)
        except (OSError, sqlite3.Error, JournalFormatError):
            return []

    def export(self, run: RunRecord) -> Export:
        """Whether MLflow has the run with its artifacts, which a model needs to be registered.

        ``deleted`` by a user of MLflow's, ``foreign`` where MLflow itself told of the run.
        """
        if is_mirrored(run.session_id):
            return "foreign"
        if run.status == "running":
            return "running"
        known = self._exports.get(run.run_id)
        if known is not None and known.mlflow_run_id is None:
            return "deleted"
        return "there" if known is not None and known.content is not None else "coming"

    def look(self, run: RunRecord) -> list[str]:
        """Ask MLflow which models there are, and take note of the run's versions; the models' names. Blocks.

        Raises:
            TrackingStoreAway, ExportRefused, OSError: see ``Companion.ask``.
        """
        known = self._exports.get(run.run_id)
        mlflow_run_id = known.mlflow_run_id if known is not None else None
        looked = self._ask(Look(mlflow_run_id))
        if mlflow_run_id is not None:
            self._known.put(run.run_id, looked.versions)
        return looked.names

    def register(self, run: RunRecord, path: str, name: str, description: str = "") -> ModelVersion:
        """Make a model of a run a new version of the registered model of this name, which is made if need be.

        What is registered under the name already, with the same content and from the same run, stays that version.

        Args:
            run: one that MLflow has.
            path: one of ``models_of(run)``.
            name: of the registered model.
            description: of the version, in Markdown.

        Raises:
            ModelRefused: the name is none, or the run has no such model.
            NotInMlflow: the run is not there.
            TrackingStoreAway, ExportRefused, OSError: see ``Companion.ask``.
        """
        name = checked_name(name)
        model = next((one for one in models_of(run) if one.path == path), None)
        if model is None:
            raise ModelRefused(f"run {run.run_id} has no model {path!r:.200} among its artifacts")
        if (export := self.export(run)) != "there":
            raise NotInMlflow(self.why_not(run, export))
        known = self._exports.get(run.run_id)
        if known is None or known.mlflow_run_id is None:
            raise NotInMlflow(self.why_not(run, "coming"))
        looked = self._ask(_wanted(run, known.mlflow_run_id, model, name, description))
        if not looked.versions:
            raise NotInMlflow("MLflow's store is gone from the home; it is made anew with the next export")
        self._known.put(run.run_id, looked.versions)
        return looked.versions[0]

    def why_not(self, run: RunRecord, export: Export) -> str:
        """Why a model of a run whose export is at this cannot be registered yet, or at all, and what to do."""
        trouble = self._exporter.status().error
        return {
            "there": "",
            "running": "the run goes on: its models can be registered once it has ended",
            "coming": "the run is on its way to MLflow"
            + (f", which has trouble: {trouble}" if trouble else "; that takes some seconds after its end"),
            "deleted": "the run, or its experiment, was deleted in MLflow; restore it there first",
            "foreign": f"run {run.name} came from MLflow: register its model there, where its artifacts are",
        }[export]

    def shutdown(self) -> None:
        """Stop, in the middle of a question too."""
        if self._idle is not None:
            self._idle.cancel()
        self._process.end()
        self._known.close()

    def _ask(self, task: Task) -> Looked:
        with self._asking:
            if self._idle is not None:
                self._idle.cancel()
            try:
                return msgspec.json.decode(self._process.ask(task, _LONGEST), type=decodable(Looked))
            finally:
                self._idle = threading.Timer(_IDLE, self._rest)
                self._idle.daemon = True
                self._idle.start()

    def _rest(self) -> None:
        if self._asking.acquire(blocking=False):
            try:
                self._process.close()
            finally:
                self._asking.release()


def checked_name(name: str) -> str:
    """The name of a registered model as MLflow takes it.

    Raises:
        ModelRefused: it is none.
    """
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ModelRefused(f"a model's name has from 1 to {_LONGEST_NAME} characters, all of them visible")
    if any(letter in name for letter in "/:") or name in (".", ".."):
        raise ModelRefused(f"a model's name is not . or .., and has no / and no : in it, unlike {name!r:.60}")
    return name


def _wanted(run: RunRecord, mlflow_run_id: str, model: Model, name: str, description: str) -> Wanted:
    files = files_of(run, model)
    digest = files[0].digest
    folder: str | None = model.path
    if model.kind == "file":
        folder = model.path.rpartition("/")[0] or None
        if folder is None or sum(path.startswith(f"{folder}/") for path in run.artifacts) > 1:
            folder = None
    else:
        listed = sorted((one.path.removeprefix(f"{model.path}/"), one.digest) for one in files)
        digest = blake3(msgspec.json.encode(listed)).hexdigest()
    return Wanted(
        run_id=run.run_id,
        mlflow_run_id=mlflow_run_id,
        name=name,
        description=description,
        path=model.path,
        folder=folder,
        digest=digest,
        size=model.size,
    )
