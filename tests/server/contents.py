"""All that an MLflow store has of exported runs, in a form in which two stores can be compared."""

from __future__ import annotations

import hashlib
import math
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import Run

from runlore_server.config import Config
from tests.server.exporting import all_runs, client, files_of

PARENT = "mlflow.parentRunId"

Row = tuple[str, str, float, int, int, bool]
"""A point in MLflow's table: its run, metric, value, time and step, and whether it is NaN."""


@dataclass(frozen=True)
class Content:
    """One run as MLflow has it; ``points`` counts each point of each metric, ``files`` has hashes by path."""

    name: str
    status: str
    started: int
    ended: int | None
    experiment: str
    params: dict[str, str]
    tags: dict[str, str]
    latest: dict[str, str]
    points: Counter[Any]
    files: dict[str, str]


def contents(config: Config, rows: list[Row], directory: Path) -> dict[str, Content]:
    """Every run of a store by Runlore's id; fails where a run is there twice.

    Args:
        config: where it is.
        rows: of its table of metrics.
        directory: an empty one, for the artifacts.
    """
    mlflow = client(config)
    names = {found.experiment_id: found.name for found in mlflow.search_experiments()}
    runs = all_runs(config)
    ours = {run.info.run_id: run.data.tags["runlore.run_id"] for run in runs}
    assert len(set(ours.values())) == len(runs), "a run is there twice"
    points: dict[str, Counter[Any]] = {key: Counter() for key in ours}
    for run, *point in rows:
        if run in points:  # not one that was deleted
            points[run][tuple(point)] += 1
    return {
        ours[run.info.run_id]: Content(
            name=run.info.run_name,
            status=run.info.status,
            started=run.info.start_time,
            ended=run.info.end_time,
            experiment=names[run.info.experiment_id],
            params=dict(run.data.params),
            tags=_tags(run, ours),
            latest={key: "NaN" if math.isnan(value) else str(value) for key, value in run.data.metrics.items()},
            points=points[run.info.run_id],
            files=_hashes(files_of(config, run.info.run_id, _made(directory / run.info.run_id))),
        )
        for run in runs
    }


def sqlite_rows(path: Path) -> list[Row]:
    """The table of metrics of a store in SQLite."""
    connection = sqlite3.connect(path)
    try:
        return [_row(found) for found in connection.execute(QUERY)]
    finally:
        connection.close()


def postgres_rows(connection: Any) -> list[Row]:
    """The table of metrics of a store in PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(QUERY)
        return [_row(found) for found in cursor.fetchall()]


QUERY = "SELECT run_uuid, key, value, timestamp, step, is_nan FROM metrics"


def _row(found: Any) -> Row:
    run, key, value, time, step, is_nan = found
    return (str(run), str(key), float(value), int(time), int(step), bool(is_nan))


def _tags(run: Run, ours: Mapping[str, str]) -> dict[str, str]:
    tags = dict(run.data.tags)
    if PARENT in tags:
        tags[PARENT] = ours[tags[PARENT]]
    return tags


def _hashes(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*")
        if path.is_file()
    }


def _made(directory: Path) -> Path:
    directory.mkdir(parents=True)
    return directory
