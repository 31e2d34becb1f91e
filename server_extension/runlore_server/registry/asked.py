"""What the process beside the server is asked about models."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from runlore_server.companion.process import Companion
from runlore_server.companion.work import Check, serve
from runlore_server.config import Config
from runlore_server.export.connection import SETTINGS
from runlore_server.registry.version import ModelVersion


class Look(msgspec.Struct, frozen=True, tag=True):
    """Tell which models there are, and which versions a run has; answered by ``Looked``."""

    mlflow_run_id: str | None


class Wanted(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Register a model of a run; answered by ``Looked`` with the versions of the run, that one first.

    Attributes:
        path: the model among the run's artifacts.
        folder: the folder of artifacts that it is in MLflow; ``None`` for a single file among others.
        digest: of its content.
        size: bytes, of a single file.
    """

    run_id: str
    mlflow_run_id: str
    name: str
    description: str
    path: str
    folder: str | None
    digest: str
    size: int


Task = Look | Wanted


class Looked(msgspec.Struct, frozen=True):
    """The names of registered models, where they were asked for, and the versions of the run."""

    versions: list[ModelVersion]
    names: list[str] = []


def registry_process(config: Config) -> Companion:
    """A process for a home, which takes any ``Task``."""
    return Companion(__name__, config, variables=SETTINGS)


def main() -> None:
    """Work until the input ends."""
    serve(Task, _open, "registry")


def _open(config: Config, check: Check) -> Callable[[Task], Looked]:  # noqa: ARG001 - it may end at any moment
    from runlore_server.registry.shelf import Shelf

    shelf = Shelf(config)

    def carry_out(task: Task) -> Looked:
        if not shelf.is_there:
            return Looked([])  # the first export makes it, and is to be the only one that does
        if isinstance(task, Look):
            versions = shelf.versions(task.mlflow_run_id) if task.mlflow_run_id is not None else []
            return Looked(versions, shelf.names())
        made = shelf.register(task)
        return Looked([made, *(one for one in shelf.versions(task.mlflow_run_id) if one != made)])

    return carry_out
