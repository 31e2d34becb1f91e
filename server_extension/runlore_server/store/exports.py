"""What MLflow has of each run: a small SQLite file, so that an export goes on where it stopped.

Losing it loses nothing: exported runs are found again in MLflow by their tag ``runlore.run_id``.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3

from runlore.home import Home
from runlore_server.database import open_database, version_of

_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS export (
    store TEXT NOT NULL,
    run_id TEXT NOT NULL,
    mlflow_run_id TEXT,
    fingerprint TEXT,
    content TEXT,
    PRIMARY KEY (store, run_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS export_mlflow ON export (mlflow_run_id);
"""


@dataclass(frozen=True)
class Export:
    """How far the export of one run has come.

    ``mlflow_run_id`` is ``None`` where MLflow's user deleted the run or its experiment: it is then left alone.
    ``fingerprint`` stands for the description of the run that MLflow has (parameters, tags, status), ``content``
    for the curves and artifacts of an ended run; each is ``None`` until all of it is there.
    """

    mlflow_run_id: str | None
    fingerprint: str | None = None
    content: str | None = None


class Exports:
    """The exports to one tracking store; safe to use from several threads."""

    def __init__(self, home: Home, tracking_uri: str) -> None:
        self._path = exports_path(home)
        self._store = store_key(tracking_uri)
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def get(self, run_id: str) -> Export | None:
        """What is known of the run's export; ``None`` when nothing was exported."""
        with self._lock:
            row = (
                self._open()
                .execute(
                    "SELECT mlflow_run_id, fingerprint, content FROM export WHERE store = ? AND run_id = ?",
                    (self._store, run_id),
                )
                .fetchone()
            )
        return None if row is None else Export(*row)

    def put(self, run_id: str, export: Export) -> None:
        """Remember how far the run's export has come."""
        with self._lock, self._open() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO export VALUES (?, ?, ?, ?, ?)",
                (self._store, run_id, export.mlflow_run_id, export.fingerprint, export.content),
            )

    def forget(self, run_id: str) -> None:
        """Forget the run's export, because MLflow no longer has it."""
        with self._lock, self._open() as connection:
            connection.execute("DELETE FROM export WHERE store = ? AND run_id = ?", (self._store, run_id))

    def mlflow_ids(self, run_ids: Iterable[str]) -> dict[str, str]:
        """MLflow's ids of those of the runs that it has."""
        with self._lock:
            rows = self._open().execute(
                "SELECT run_id, mlflow_run_id FROM export WHERE store = ? AND mlflow_run_id IS NOT NULL"
                " AND run_id IN (SELECT value FROM json_each(?))",
                (self._store, json.dumps(list(run_ids))),
            )
            return dict(rows.fetchall())

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_database(self._path, _prepare)
        return self._connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    version_of(connection, "mlflow/exports.sqlite", _VERSION)
    connection.executescript(_SCHEMA)
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def exports_path(home: Home) -> Path:
    """The file of the home that holds the state of its exports."""
    return home.path / "mlflow" / "exports.sqlite"


def store_key(tracking_uri: str) -> str:
    """What stands for a tracking store in that file: only a digest, because its address may hold a password."""
    return blake3(tracking_uri.encode()).hexdigest()[:16]


def run_of_mlflow_id(home: Home, mlflow_run_id: str) -> str | None:
    """Runlore's id of the run that some tracking store knows by this id; ``None`` when none was exported so."""
    path = exports_path(home)
    if not path.is_file():
        return None
    connection = sqlite3.connect(path, timeout=30)
    try:
        row = connection.execute("SELECT run_id FROM export WHERE mlflow_run_id = ?", (mlflow_run_id,)).fetchone()
    except sqlite3.DatabaseError:  # it is damaged, or a server is just creating it and it has no table yet
        return None
    finally:
        connection.close()
    return None if row is None else str(row[0])
