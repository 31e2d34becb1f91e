"""The SQLite file of the run index: made when there is something to write, replaced when it is no good."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from runlore_server.database import alone, make_private, remove_beside
from runlore_server.filter.fields import LOADS

FORMAT = 3
"""Raised whenever something is to be written differently; a file of another format is replaced."""

_WAIT = 5.0
"""Seconds to wait for another process that writes."""

LOAD_COLUMNS = ", ".join(f'"{name}"' for name in LOADS)

_SCHEMA = f"""
CREATE TABLE session (
    key INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL, mtime INTEGER NOT NULL, summed INTEGER NOT NULL,
    notebook TEXT, user TEXT, info BLOB
);
CREATE INDEX session_summed ON session (key) WHERE NOT summed;
CREATE TABLE run (
    row INTEGER PRIMARY KEY AUTOINCREMENT, run_id TEXT NOT NULL UNIQUE, session INTEGER NOT NULL,
    started REAL NOT NULL, duration REAL, name TEXT, experiment TEXT, kind TEXT, status TEXT, rerun_of TEXT,
    gpu TEXT, gpus INTEGER
);
CREATE INDEX run_session ON run (session);
CREATE TABLE record (row INTEGER PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE param (name TEXT, row INTEGER, value TEXT, PRIMARY KEY (name, row)) WITHOUT ROWID;
CREATE TABLE tag (name TEXT, row INTEGER, value TEXT, PRIMARY KEY (name, row)) WITHOUT ROWID;
CREATE TABLE metric (
    name TEXT, row INTEGER, last REAL, step INTEGER, time REAL, count INTEGER, min REAL, max REAL,
    PRIMARY KEY (name, row)
) WITHOUT ROWID;
CREATE TABLE load (row INTEGER PRIMARY KEY, {LOAD_COLUMNS});
CREATE TABLE verdict (run_id TEXT PRIMARY KEY, mtime INTEGER NOT NULL, word TEXT) WITHOUT ROWID;
"""


class IndexFile:
    """The file and a connection to it. Not for several threads at once; raises ``sqlite3.Error``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._inode = 0

    def reading(self) -> sqlite3.Connection | None:
        """A connection for reading; ``None`` while there is no file, or one of another format."""
        if self._connection is None and self._path.is_file():
            with alone(self._path):
                connection = self._connect()
            if _format(connection) == FORMAT:
                self._connection = connection
            else:
                connection.close()
        return self._connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection within a transaction, which ends with the block; the file is made where there is none."""
        connection = self.reading() or self._make()
        connection.execute("BEGIN IMMEDIATE")
        with connection:  # commits, or rolls back what raised
            yield connection

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def remove(self) -> None:
        """Delete the file, unless another one has taken its place since it was opened.

        Processes that have it open go on with what they have.
        """
        self.close()
        with alone(self._path), contextlib.suppress(FileNotFoundError):
            if self._inode in (0, os.stat(self._path).st_ino):
                self._unlink()

    def _unlink(self) -> None:
        remove_beside(self._path)
        self._path.unlink(missing_ok=True)

    def _connect(self) -> sqlite3.Connection:
        with contextlib.suppress(OSError):
            self._inode = os.stat(self._path).st_ino
        connection = sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            _format(connection)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _make(self) -> sqlite3.Connection:
        with alone(self._path):
            if self._path.is_file():
                with contextlib.closing(self._connect()) as connection:
                    other = _format(connection) != FORMAT and _has_tables(connection)
                if other:
                    self._unlink()
            with contextlib.suppress(OSError):  # SQLite says better what is wrong
                make_private(self._path)
            connection = self._connect()
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                if _format(connection) == 0:  # else another process was faster
                    for statement in filter(str.strip, _SCHEMA.split(";")):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {FORMAT}")
                connection.execute("COMMIT")
            except sqlite3.Error:
                connection.close()
                raise
        self._connection = connection
        return connection


def _format(connection: sqlite3.Connection) -> int:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    return int(found)


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
