"""Runs that lose nothing, whatever the rules say."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.replay import read_plan
from runlore.untrusted import from_json
from runlore_server.config import Config
from runlore_server.errors import TrackingStoreAway
from runlore_server.looking import read_only
from runlore_server.retention.survey import KEEP_TAG
from runlore_server.store.exports_file import exports_path

_ENDED = ("succeeded", "failed", "cancelled")
"""States of a job that needs nothing more."""

_PAGE = 1000
"""How much MLflow is asked for at a time."""


def jobs(home: Home) -> tuple[set[str], set[str]]:
    """The runs that jobs of the queue make, and those that jobs need which have not ended.

    Raises:
        sqlite3.Error, OSError: the queue cannot be read.
    """
    made: set[str] = set()
    needed: set[str] = set()
    with read_only(home.path / "jobs.sqlite") as connection:
        rows = [] if connection is None else _rows(connection, "SELECT run_id, rerun_of, state, request FROM job")
    for run_id, original, state, request in rows:
        made.add(run_id)
        if state not in _ENDED:
            needed.add(original)
            try:
                told = from_json(request.encode(), dict[str, object])
            except msgspec.DecodeError as error:
                raise sqlite3.DatabaseError(f"a job in jobs.sqlite is damaged: {error}") from error
            against = told.get("against")
            needed.update(str(other) for other in (against if isinstance(against, list) else ()))
    return made, needed


def prepared(home: Home, recorded: Container[str]) -> set[str]:
    """The originals of reruns that are prepared, or have begun, and that no journal tells of.

    Args:
        home: the home.
        recorded: every run of a journal.

    Raises:
        OSError: a plan cannot be read.
    """
    found = set()
    for path in home.reruns.glob("*/plan.json"):
        if path.parent.name not in recorded:
            try:
                found.add(read_plan(path).rerun_of)
            except (FileNotFoundError, JournalFormatError):
                continue  # gone meanwhile, or none that could ever be carried out
    return found


def in_mlflow(home: Home) -> dict[str, set[str]]:
    """MLflow's ids of the runs that were brought to any of its stores.

    Raises:
        sqlite3.Error, OSError: what is known of the export cannot be read.
    """
    found: dict[str, set[str]] = {}
    with read_only(exports_path(home)) as connection:
        statement = "SELECT run_id, mlflow_run_id FROM export WHERE mlflow_run_id IS NOT NULL"
        for run_id, mlflow_id in [] if connection is None else _rows(connection, statement):
            found.setdefault(run_id, set()).add(mlflow_id)
    return found


def held_by_mlflow(config: Config, mlflow_ids: Mapping[str, Iterable[str]]) -> set[str]:
    """Those of the runs (MLflow's ids of each) that have a tag ``keep`` there, or a version of a registered model.

    MLflow is imported only where it may know one of them, with settings of its own in the environment.

    Raises:
        TrackingStoreAway: MLflow cannot be asked.
        ImportError: it is not installed here.
    """
    wanted = {mlflow_id: run_id for run_id, ids in mlflow_ids.items() for mlflow_id in ids}
    database = config.own_database
    if not wanted or (database is not None and not database.exists()):
        return set()
    from runlore_server.export.connection import SETTINGS, connect
    from runlore_server.export.tracking import TrackingStore

    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    TrackingStore(config).knock()
    try:
        client = connect(config)
        experiments = [one.experiment_id for one in _all(client.search_experiments)]
        pinned = partial(client.search_runs, experiments, f"tags.{KEEP_TAG} LIKE '%'")
        found = {version.run_id for version in _all(client.search_model_versions)}
        found |= {run.info.run_id for run in _all(pinned)} if experiments else set()
    except ImportError:
        raise
    except Exception as error:
        # Drivers of databases have errors of their own, without a common base.
        lines = str(error).strip().splitlines()
        told = config.without_secrets(lines[0]) if lines else type(error).__name__
        raise TrackingStoreAway(f"MLflow does not tell what it holds: {told}") from error
    return {wanted[mlflow_id] for mlflow_id in found & wanted.keys()}


def _all(search: Callable[..., Any]) -> Iterator[Any]:
    """All pages of what MLflow finds."""
    token = None
    while True:
        page = search(max_results=_PAGE, page_token=token)
        yield from page
        if not (token := page.token):
            return


def _rows(connection: sqlite3.Connection, statement: str) -> list[tuple[str, ...]]:
    """What the statement selects; nothing from a file whose writer has not made its tables yet."""
    if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        return []
    return connection.execute(statement).fetchall()
