"""How far the content of runs was sent, so that an export that is cut short goes on where it was.

Losing it costs only that points and files are sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from runlore.home import Home
from runlore_server.store.exports_file import ExportsFile

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
    """What tracking store has how much of which content.

    Every method raises what ``ExportsFile.opened`` raises where the file cannot be used.
    """

    def __init__(self, home: Home, tracking_uri: str) -> None:
        self._file = ExportsFile(home, tracking_uri, _SCHEMA)

    def points(self, sending: Sending) -> int:
        """How many of the run's points, in the order of ``points.whole_curves``, are there for certain."""
        rows = self._execute(
            "SELECT points FROM sent_points WHERE store = ? AND mlflow_run_id = ? AND content = ?", sending
        )
        return int(rows[0][0]) if rows else 0

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
        with self._file.opened() as connection:
            for table in ("sent_points", "sent_files"):
                connection.execute(
                    f"DELETE FROM {table} WHERE store = ? AND mlflow_run_id = ?",  # noqa: S608 - names of ours
                    (self._file.store, mlflow_run_id),
                )

    def _execute(self, statement: str, sending: Sending, *values: object) -> list[tuple[Any, ...]]:
        key = (self._file.store, sending.mlflow_run_id, sending.content)
        with self._file.opened() as connection:
            return connection.execute(statement, (*key, *values)).fetchall()
