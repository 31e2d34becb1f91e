"""MLflow's model registry, through ``MlflowClient`` alone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore_server.config import Config
from runlore_server.errors import ExportRefused
from runlore_server.export.files import OWN, link
from runlore_server.export.tracking import TrackingStore
from runlore_server.registry.asked import Wanted
from runlore_server.registry.version import ModelVersion

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as Registered

MOST_NAMES = 1000
"""Registered models that are named."""

_PAGE = 100
_RUN_TAG, _PATH_TAG, _DIGEST_TAG = "runlore.run_id", "runlore.artifact", "runlore.digest"


class Shelf(TrackingStore):
    """The models of one tracking store; used by one thread. MLflow is imported with the first call.

    Every method raises ``TrackingStoreAway`` when the store cannot be reached or is out of order, and
    ``ExportRefused`` when it does not take what was sent. Each may be called again, which does nothing twice.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._objects = ObjectStore(config.home.objects)

    def names(self) -> list[str]:
        """The names of the registered models, in alphabetical order."""
        found: list[str] = []
        token: str | None = None
        while len(found) < MOST_NAMES:
            self.knock()
            with self._translated():
                page = self._connect().search_registered_models(
                    max_results=_PAGE, order_by=["name ASC"], page_token=token
                )
            found.extend(str(one.name) for one in page)
            token = page.token or None
            if token is None:
                break
        return found[:MOST_NAMES]

    def versions(self, mlflow_run_id: str) -> list[ModelVersion]:
        """Every version that a run's models have."""
        return [_version(one) for one in self._registered(mlflow_run_id)]

    def register(self, wanted: Wanted) -> ModelVersion:
        """Make a model of the run a version; the one that it is where it was registered so before."""
        for known in self._registered(wanted.mlflow_run_id):
            if known.name == wanted.name and known.tags.get(_DIGEST_TAG) == wanted.digest:
                return _version(known)
        with self._translated():
            run = self._get(wanted.mlflow_run_id)
        if run is None or run.info.lifecycle_stage == "deleted":
            raise ExportRefused("MLflow has the run no longer: it was deleted there")
        folder = wanted.folder if wanted.folder is not None else self._copied(wanted)
        with self._translated():
            from mlflow.exceptions import MlflowException

            client = self._connect()
            try:
                client.create_registered_model(wanted.name)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            made = client.create_model_version(
                wanted.name,
                f"{run.info.artifact_uri}/{folder}",
                run_id=wanted.mlflow_run_id,
                tags={_RUN_TAG: wanted.run_id, _PATH_TAG: wanted.path, _DIGEST_TAG: wanted.digest},
                description=wanted.description or None,
            )
        return _version(made)

    def _registered(self, mlflow_run_id: str) -> list[Registered]:
        self.knock()
        with self._translated():
            found = self._connect().search_model_versions(f"run_id = '{mlflow_run_id}'", max_results=_PAGE)
        return list(found)

    def _copied(self, wanted: Wanted) -> str:
        """A single file in a folder of its own, which is what MLflow gives out as a model; that folder."""
        folder = f"{OWN}/models/{wanted.digest[:16]}"
        name = wanted.path.rpartition("/")[2]
        with self._translated():
            if f"{folder}/{name}" in {
                one.path for one in self._connect().list_artifacts(wanted.mlflow_run_id, folder)
            }:
                return folder
        try:
            content = self._objects.verified(wanted.digest, wanted.size)
        except ObjectMissing as error:
            raise ExportRefused(str(error)) from error
        with tempfile.TemporaryDirectory(dir=self._config.mlflow_directory, prefix=".model-") as directory:
            staged = Path(directory) / name
            link(content, staged)
            with self._translated():
                self._connect().log_artifact(wanted.mlflow_run_id, str(staged), folder)
        return folder


def _version(registered: Registered) -> ModelVersion:
    return ModelVersion(
        name=str(registered.name),
        version=str(registered.version),
        path=registered.tags.get(_PATH_TAG),
        created=registered.creation_timestamp / 1000,
    )
