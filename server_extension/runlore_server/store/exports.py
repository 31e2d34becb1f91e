"""What MLflow has of each run, so that an export goes on where it stopped.

Losing it loses nothing: exported runs are found again in MLflow by their tag ``runlore.run_id``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from runlore.home import Home
from runlore_server.store.exports_file import ExportsFile, exports_path

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
    """The exports to one tracking store; safe to use from several threads.

    Every method raises what ``ExportsFile.opened`` raises where the file cannot be used.
    """

    def __init__(self, home: Home, tracking_uri: str) -> None:
        self._file = ExportsFile(home, tracking_uri, _SCHEMA)

    def get(self, run_id: str) -> Export | None:
        """What is known of the run's export; ``None`` when nothing was exported."""
        with self._file.opened() as connection:
            row = connection.execute(
                "SELECT mlflow_run_id, fingerprint, content FROM export WHERE store = ? AND run_id = ?",
                (self._file.store, run_id),
            ).fetchone()
        return None if row is None else Export(*row)

    def put(self, run_id: str, export: Export) -> None:
        """Remember how far the run's export has come."""
        with self._file.opened() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO export VALUES (?, ?, ?, ?, ?)",
                (self._file.store, run_id, export.mlflow_run_id, export.fingerprint, export.content),
            )

    def forget(self, run_id: str) -> None:
        """Forget the run's export, because MLflow no longer has it."""
        with self._file.opened() as connection:
            connection.execute("DELETE FROM export WHERE store = ? AND run_id = ?", (self._file.store, run_id))

    def mlflow_ids(self, run_ids: Iterable[str]) -> dict[str, str]:
        """MLflow's ids of those of the runs that it has."""
        with self._file.opened() as connection:
            rows = connection.execute(
                "SELECT run_id, mlflow_run_id FROM export WHERE store = ? AND mlflow_run_id IS NOT NULL"
                " AND run_id IN (SELECT value FROM json_each(?))",
                (self._file.store, json.dumps(list(run_ids))),
            )
            return dict(rows.fetchall())

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        self._file.close()


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
