"""SQLite files of the home: opened, replaced when they are damaged, and never both at once.

Which process opens or replaces a file holds a lock beside it for that moment. So none of several that meet the
same damaged file can take the new one of another for it, or remove what SQLite keeps beside that.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from runlore.errors import JournalFormatError
from runlore_server.ownership import Ownership

BESIDE = ("-wal", "-shm")
"""Endings of the files that SQLite keeps beside one."""

_RUINED = ("file is not a database", "database disk image is malformed")
"""What SQLite says then; Python has its number from 3.11 on."""

RAW = threading.RLock()
"""Held by who reads the header of a file past SQLite, and by who has a transaction on one that is read so: closing
any descriptor of a file takes the locks of all connections that this process has to it."""

_WAIT = 30.0
"""Seconds to wait for another process that opens the file; it needs milliseconds."""

_POLL = 0.005
_log = logging.getLogger(__name__)


def open_database(path: Path, prepare: Callable[[sqlite3.Connection], None], **options: Any) -> sqlite3.Connection:
    """Connect to a database and prepare it; one that is damaged is set aside, beside the new one.

    Args:
        path: the file; its directory is made if need be.
        prepare: makes what is missing in the database.
        options: of ``sqlite3.connect``.

    Raises:
        JournalFormatError: from ``prepare``, a later version wrote it.
        OSError, sqlite3.Error: it cannot be opened or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(path):
        try:
            return _opened(path, prepare, options)
        except sqlite3.DatabaseError as error:
            if str(error) not in _RUINED:
                raise
            aside = path.with_name(f"{path.name}.damaged")
            _log.warning("%s is damaged (%s); it is kept as %s and built again", path, error, aside.name)
            remove_beside(path)
            os.replace(path, aside)
            return _opened(path, prepare, options)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """While no other process opens or replaces this database.

    Where no lock can be had (a home that cannot be written, a file system without locks) there is none.

    Raises:
        TimeoutError: another process has held the lock for half a minute.
    """
    ownership = Ownership(path.with_name(f".{path.name}.lock"))
    end = time.monotonic() + _WAIT
    while not _taken(ownership):
        if time.monotonic() > end:
            raise TimeoutError(f"{path} is being opened by another process, which does not come to an end")
        time.sleep(_POLL)
    try:
        yield
    finally:
        ownership.release()


def _taken(ownership: Ownership) -> bool:
    try:
        return ownership.acquire()
    except OSError:
        return True  # who cannot even lock cannot replace either


def make_private(path: Path) -> None:
    """Make an empty file for nobody else to read, unless there is one.

    One that is there is not opened: to close it again would take the locks from every connection that this process
    has to it, whose journal others could then remove.

    Raises:
        OSError: it cannot be made.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def remove_beside(path: Path) -> None:
    """Remove what SQLite keeps beside the database; before the file itself, or it could be another's."""
    for suffix in BESIDE:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()


def version_of(connection: sqlite3.Connection, name: str, known: int) -> int:
    """The version in which the database was written; 0 for a new one, and of before there were versions.

    Args:
        name: the file's name, for the error.
        known: the last version that can be read.

    Raises:
        JournalFormatError: a later version wrote it.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > known:
        raise JournalFormatError(
            f"{name} has format {found}, this Runlore knows {known}; upgrade Runlore to use it"
        )
    return int(found)


def _opened(
    path: Path, prepare: Callable[[sqlite3.Connection], None], options: dict[str, Any]
) -> sqlite3.Connection:
    make_private(path)
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, "it cannot be written, as SQLite has to", str(path))
    connection: sqlite3.Connection = sqlite3.connect(path, timeout=30, check_same_thread=False, **options)
    try:
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection
