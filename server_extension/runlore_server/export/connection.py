"""MLflow's client, and the one place where MLflow is imported for the export: by a process of its own."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from runlore_server.config import Config

if TYPE_CHECKING:
    from mlflow import MlflowClient

SETTINGS: Mapping[str, str] = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # Its client repeats any request whose answer is lost, the creation of a run among them, which makes a second
    # one. The export begins a run that failed again itself, and looks first at what is there.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
}
"""Environment variables of the process that calls ``connect``, to be set before MLflow is imported."""


def connect(config: Config) -> MlflowClient:
    """A client of the tracking store; the default one is made where it is not there yet.

    Raises:
        MlflowException and whatever a driver below raises.
    """
    from mlflow import MlflowClient

    # It tells of every table that it makes; its warnings stay.
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    if (database := config.own_database) is not None and not database.exists():
        _create(database)
    return MlflowClient(tracking_uri=config.tracking_uri)


def _create(path: Path) -> None:
    """Let MLflow make its tables in another file first: it cannot go on with half of them after a kill."""
    from mlflow import MlflowClient

    staged = path.with_name(".staged.db")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for leftover in (staged, staged.with_name(f"{staged.name}-journal")):
        leftover.unlink(missing_ok=True)
    MlflowClient(tracking_uri=f"sqlite:///{staged.as_posix()}").search_experiments(max_results=1)
    os.replace(staged, path)
