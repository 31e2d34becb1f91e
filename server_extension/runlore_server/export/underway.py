"""How far the content of runs was sent, so that an export that is cut short goes on where it was.

It lies beside ``store.exports`` in the same file. Losing it costs only that points and files are sent again.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from runlore.home import Home
from runlore_server.database import open_database
from runlore_server.store.exports import exports_path, store_key

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sent_points (
    store TEXT NOT NULL,
    mlflow_run_id TEXT NOT NULL,
    content TEXT NOT NULL,
    points INTEGER NOT NULL,
    PRIMARY KEY (store, mlflow_run_id, content)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sent_files (
    store TEXT NOT NULL,
    mlflow_run_id TEXT NOT NULL,
    content TEXT NOT NULL,
    path TEXT NOT NULL,
    PRIMARY KEY (store, mlflow_run_id, content, path)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Sending:
    """The content of one ended run on its way: MLflow's id of the run, and ``Description.content``."""

    mlflow_run_id: str
    content: str


class Underway:
    """What tracking store has how much of which content; used by one thread.

    Every method raises ``OSError`` or ``sqlite3.Error`` where the file cannot be used.
    """

    def __init__(self, home: Home, tracking_uri: str) -> None:
        self._path = exports_path(home)
        self._store = store_key(tracking_uri)
        self._connection: sqlite3.Connection | None = None

    def points(self, sending: Sending) -> int:
        """How many of the run's points, in the order of ``points.whole_curves``, are there for certain."""
        row = self._execute(
            "SELECT points FROM sent_points WHERE store = ? AND mlflow_run_id = ? AND content = ?", sending
        ).fetchone()
        return 0 if row is None else int(row[0])

    def put_points(self, sending: Sending, count: int) -> None:
        """Remember how many points are there."""
        self._execute("INSERT OR REPLACE INTO sent_points VALUES (?, ?, ?, ?)", sending, count)

    def files(self, sending: Sending) -> set[str]:
        """The files of the run that are there completely, as paths among its artifacts."""
        rows = self._execute(
            "SELECT path FROM sent_files WHERE store = ? AND mlflow_run_id = ? AND content = ?", sending
        )
        return {str(path) for (path,) in rows}

    def put_file(self, sending: Sending, path: str) -> None:
        """Remember that a file is there."""
        self._execute("INSERT OR REPLACE INTO sent_files VALUES (?, ?, ?, ?)", sending, path)

    def forget(self, mlflow_run_id: str) -> None:
        """Forget a run: all of it is there, or MLflow has it no longer."""
        with self._open() as connection:
            for table in ("sent_points", "sent_files"):
                connection.execute(
                    f"DELETE FROM {table} WHERE store = ? AND mlflow_run_id = ?",  # noqa: S608 - names of ours
                    (self._store, mlflow_run_id),
                )

    def _execute(self, statement: str, sending: Sending, *values: object) -> sqlite3.Cursor:
        with self._open() as connection:
            return connection.execute(statement, (self._store, sending.mlflow_run_id, sending.content, *values))

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = open_database(self._path, _prepare)
        return self._connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(_SCHEMA)
