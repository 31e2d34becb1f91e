"""Small SQLite files of what only a home knows: nothing could build them again. Reading them writes nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from runlore.errors import JournalFormatError
from runlore.untrusted import from_json
from runlore_server.database import RAW, make_private, version_of
from runlore_server.looking import read_only

T = TypeVar("T")

_WAIT = 10.0
"""Seconds to wait for another process that writes."""


class NotesFile:
    """One such file; safe to use from several threads and processes.

    Args:
        path: the file, made when first written.
        schema: statements that make what is missing in it.
        version: of the format.
        loss: what a person has to do again when it is damaged, such as "set the retention rules again".

    Raises, from every method:
        JournalFormatError: a later Runlore wrote the file, or it is damaged.
        sqlite3.Error, OSError: it cannot be read or written.
    """

    def __init__(self, path: Path, schema: str, version: int, loss: str) -> None:
        self._path = path
        self._schema = schema
        self._version = version
        self._loss = loss

    def all(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query finds; nothing without a file."""
        with RAW, self._named(), read_only(self._path) as connection:
            if connection is None or version_of(connection, self._path.name, self._version) == 0:
                return []
            return connection.execute(statement, values).fetchall()

    def entry(self, content: object, kind: type[T]) -> T:
        """What a row says that holds JSON.

        Raises:
            JournalFormatError: it is damaged.
        """
        try:
            if not isinstance(content, str):
                raise msgspec.DecodeError("a row holds no text")
            return from_json(content.encode(errors="replace"), kind)
        except msgspec.DecodeError as error:
            raise self._damaged(error) from error

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are on the disk, all or none, when the block ends."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_private(self._path)
        with RAW, self._named(), contextlib.closing(sqlite3.connect(self._path, timeout=_WAIT)) as connection:
            # No log beside the file: it is read by those who must not write anything.
            connection.execute("PRAGMA synchronous = FULL")
            if version_of(connection, self._path.name, self._version) < self._version:
                connection.executescript(
                    f"BEGIN IMMEDIATE; {self._schema} PRAGMA user_version = {self._version}; COMMIT"
                )
            with connection:
                yield connection

    def mend(self) -> None:
        """Undo what a writer left half done that was killed; readers could not."""
        if self._path.exists():
            with self.writing():
                pass

    @contextlib.contextmanager
    def _named(self) -> Iterator[None]:
        """A damaged file is told by its name; it is never replaced: nobody else knows what it says."""
        try:
            yield
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> JournalFormatError:
        return JournalFormatError(f"{self._path} is damaged ({error}); move it away, and {self._loss} again")
