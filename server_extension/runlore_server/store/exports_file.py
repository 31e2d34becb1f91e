"""The SQLite file that holds the state of a home's exports to MLflow; each table of it has a module of its own.

Losing it loses nothing: what it says is found in MLflow again, or sent once more.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blake3 import blake3

from runlore.home import Home
from runlore_server.database import open_database, version_of

_VERSION = 1


class ExportsFile:
    """The file, for whoever keeps a table in it; safe to use from several threads.

    Attributes:
        store: what stands for the tracking store in its rows: a digest, because its address may hold a password.
    """

    def __init__(self, home: Home, tracking_uri: str, schema: str) -> None:
        """Args:
        home: whose exports.
        tracking_uri: where to.
        schema: makes the tables that are missing; each has the store as the first column of its key.
        """
        self.store = blake3(tracking_uri.encode()).hexdigest()[:16]
        self._path = exports_path(home)
        self._schema = schema
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def exists(self) -> bool:
        """Whether there is such a file, or it would be made."""
        return self._connection is not None or self._path.is_file()

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """The file, to be read or changed by one thread at a time: all of a change is kept, or none.

        Raises:
            JournalFormatError: a later version wrote it.
            OSError, sqlite3.Error: it cannot be used.
        """
        with self._lock:
            if self._connection is None:
                self._connection = open_database(self._path, self._prepare)
            with self._connection:
                yield self._connection

    def close(self) -> None:
        """Close the file; a later use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        version_of(connection, "mlflow/exports.sqlite", _VERSION)
        connection.executescript(self._schema)
        connection.execute(f"PRAGMA user_version = {_VERSION}")


def exports_path(home: Home) -> Path:
    """Where the file of a home lies."""
    return home.path / "mlflow" / "exports.sqlite"
