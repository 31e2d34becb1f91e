"""SQLite files of the home, all of which can be built again."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

_RUINED = ("file is not a database", "database disk image is malformed")
"""What SQLite says then; Python has its number from 3.11 on."""

_log = logging.getLogger(__name__)


def open_database(path: Path, prepare: Callable[[sqlite3.Connection], None], **options: Any) -> sqlite3.Connection:
    """Connect to a database and prepare it; one that is damaged is set aside, beside the new one.

    Args:
        path: the file; its directory is made if need be.
        prepare: makes what is missing in the database.
        options: of ``sqlite3.connect``.

    Raises:
        OSError, sqlite3.Error: it cannot be opened or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        return _opened(path, prepare, options)
    except sqlite3.DatabaseError as error:
        if str(error) not in _RUINED:
            raise
        aside = path.with_name(f"{path.name}.damaged")
        _log.warning("%s is damaged (%s); it is kept as %s and built again", path, error, aside.name)
        os.replace(path, aside)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                path.with_name(path.name + suffix).unlink()
        return _opened(path, prepare, options)


def _opened(
    path: Path, prepare: Callable[[sqlite3.Connection], None], options: dict[str, Any]
) -> sqlite3.Connection:
    connection: sqlite3.Connection = sqlite3.connect(path, timeout=30, check_same_thread=False, **options)
    try:
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection
