"""The jobs on disk: one SQLite file that several servers on one home may read and write."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from runlore.events import ProcessIdentity
from runlore_server.database import open_database, version_of
from runlore_server.rerun.job import JobState
from runlore_server.rerun.request import Request

_VERSION = 2
_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
    run_id TEXT PRIMARY KEY,
    rerun_of TEXT NOT NULL,
    name TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    cut_short INTEGER NOT NULL DEFAULT 0,
    cells_done INTEGER NOT NULL DEFAULT 0,
    cells_total INTEGER NOT NULL,
    cell INTEGER,
    stage TEXT,
    submitted REAL NOT NULL,
    started REAL,
    ended REAL,
    error TEXT,
    process TEXT,
    change INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS job_by_state ON job (state, submitted);
CREATE INDEX IF NOT EXISTS job_by_change ON job (change);
"""
_NEXT_CHANGE = "(SELECT coalesce(max(change), 0) + 1 FROM job)"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One job as stored.

    ``attempt`` counts the times it was started, ``process`` is the runner of the last; ``cut_short`` counts those
    that ended with the death of their server. ``change`` grows with every change of any job. The other fields are
    those of ``Job``.
    """

    run_id: str
    rerun_of: str
    name: str
    request: Request
    state: JobState
    attempt: int
    cut_short: int
    cells_done: int
    cells_total: int
    cell: int | None
    stage: str | None
    submitted: float
    started: float | None
    ended: float | None
    error: str | None
    process: ProcessIdentity | None
    change: int


class Ledger:
    """The table of jobs; safe to use from several threads and processes.

    Raises:
        JournalFormatError: a later Runlore wrote the file.
        OSError, sqlite3.Error: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = open_database(path, _prepare, isolation_level=None)
        self._connection.row_factory = sqlite3.Row

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def add(self, *, run_id: str, rerun_of: str, name: str, request: Request, cells: int, now: float) -> None:
        """A new job, queued."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO job (run_id, rerun_of, name, request, state, cells_total, submitted, change)"  # noqa: S608
                f" VALUES (?, ?, ?, ?, 'queued', ?, ?, {_NEXT_CHANGE})",
                (run_id, rerun_of, name, msgspec.json.encode(request).decode(), cells, now),
            )

    def update(self, run_id: str, *, among: tuple[str, ...] = (), **values: Any) -> bool:
        """Set columns of a job, if its state is ``among`` those given (any by default); say whether it was."""
        if "process" in values:
            values["process"] = msgspec.json.encode(values["process"]).decode()
        columns = ", ".join(f"{name} = ?" for name in values)
        states = f" AND state IN ({', '.join('?' * len(among))})" if among else ""
        with self._writing() as connection:
            done = connection.execute(
                f"UPDATE job SET {columns}, change = {_NEXT_CHANGE} WHERE run_id = ?{states}",  # noqa: S608
                (*values.values(), run_id, *among),
            )
        return done.rowcount > 0

    def get(self, run_id: str) -> Row | None:
        """The job that makes this run."""
        rows = self._rows("WHERE run_id = ?", run_id)
        return rows[0] if rows else None

    def all(self) -> list[Row]:
        """Every job, newest first."""
        return self._rows("ORDER BY submitted DESC, run_id")

    def in_state(self, *states: str) -> list[Row]:
        """The jobs in these states, oldest first."""
        return self._rows(f"WHERE state IN ({', '.join('?' * len(states))}) ORDER BY submitted, run_id", *states)

    def changed_since(self, change: int) -> list[Row]:
        """The jobs that changed after the given change, in the order of their last changes."""
        return self._rows("WHERE change > ? ORDER BY change", change)

    def last_change(self) -> int:
        """The number of the last change of any job; 0 without jobs."""
        with self._lock:
            return int(self._connection.execute("SELECT coalesce(max(change), 0) FROM job").fetchone()[0])

    def _rows(self, where: str, *values: Any) -> list[Row]:
        with self._lock:
            rows = self._connection.execute(f"SELECT * FROM job {where}", values).fetchall()  # noqa: S608
        return [_row(dict(row)) for row in rows]

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            # Immediate: the number of the change is read and written under one lock.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if version_of(connection, "jobs.sqlite, the queue of reruns,", _VERSION) < _VERSION:
        connection.execute("DROP TABLE IF EXISTS job")  # of before the first release
    connection.executescript(_SCHEMA)
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def _row(values: dict[str, Any]) -> Row:
    for name in ("request", "process"):
        if values[name] is not None:
            values[name] = msgspec.json.decode(values[name])
    return msgspec.convert(values, Row)
