"""The SQLite files of a home, looked at in copies: SQLite writes beside even a file that is only read."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from runlore.capture.data.clerk import CACHE
from runlore.errors import RunloreError
from runlore.home import Home
from runlore.untrusted import open_regular
from runlore_server.automation.notes import NAME as AUTOMATION
from runlore_server.automation.notes import AutomationNotes
from runlore_server.database import BESIDE
from runlore_server.doctor.checkup import LATER_FORMAT, UNREADABLE, Checkup, is_later
from runlore_server.doctor.findings import Kind
from runlore_server.queue.ledger import Ledger
from runlore_server.retention.notes import NAME as RETENTION
from runlore_server.retention.notes import RetentionNotes
from runlore_server.store.annotations import NAME as ANNOTATIONS
from runlore_server.store.annotations import Annotations
from runlore_server.store.exports_file import exports_path
from runlore_server.store.filters import SavedFilters
from runlore_server.sweep.sweep import DATABASE as SWEEPS

DAMAGED = Kind(
    "database-damaged",
    "error",
    "damaged databases of things that only they hold",
    "Names and notes of runs, filters, rules of retention, the queue or sweeps cannot be read, in part or at all.",
    "Restore the file from a backup, or remove it to begin with an empty one.",
)
DAMAGED_PROJECTION = Kind(
    "projection-damaged",
    "warning",
    "damaged files that can be made anew",
    "Nothing recorded is lost; what they speed up is slower, or they are made anew when they are next used.",
    "'runlore doctor --repair' removes them; they are made anew.",
    mends=True,
)
NOT_CHECKED = Kind(
    "not-checked",
    "note",
    "databases that were not checked",
    "They are too large for the temporary folder, or changed all the time.",
    "Try again while nothing else uses this home, with TMPDIR on a larger disk.",
)

INDEX = "index.sqlite"
_JOBS, _FILTERS = "jobs.sqlite", "filters.sqlite"
_LARGEST = 1 << 30
_ATTEMPTS = 5
_LONGEST = 120.0
"""Seconds for SQLite's own check of one file."""

_FORGED = re.compile(r"\b(CHECK|GENERATED|DEFAULT\s*\(|AS\s*\()", re.IGNORECASE)
"""What can compute in a table's definition; none of ours has it."""

_OPTUNAS = "CHECK (version_info_id=1)"
"""What Optuna's has."""


class Database(NamedTuple):
    """A file: its path in the home, whether it can be made anew, and how its rows are read from a copied home."""

    path: Path
    projection: bool
    read: Callable[[Home], object]


def databases(home: Home) -> list[Database]:
    """Every SQLite file that is Runlore's own; MLflow's is MLflow's."""
    return [
        Database(home.path / _JOBS, False, lambda copy: _closed(Ledger(copy.path / _JOBS))),
        Database(home.path / _FILTERS, False, lambda copy: SavedFilters(copy).all()),
        Database(home.path / ANNOTATIONS, False, lambda copy: Annotations(copy).all()),
        Database(home.path / RETENTION, False, lambda copy: _retention(RetentionNotes(copy))),
        Database(home.path / AUTOMATION, False, lambda copy: _automation(AutomationNotes(copy))),
        Database(home.path / SWEEPS, False, lambda _: None),
        Database(exports_path(home), True, lambda _: None),
        Database(home.path / INDEX, True, lambda _: None),
        Database(home.path / CACHE, True, lambda _: None),
    ]


def _retention(notes: RetentionNotes) -> None:
    notes.rules()
    notes.retired()


def _automation(notes: AutomationNotes) -> None:
    notes.criteria()
    notes.schedules()


def _closed(ledger: Ledger) -> None:
    with contextlib.closing(ledger):
        ledger.all()


def job_ids(copy: Home) -> set[str]:
    """The runs that reruns in the queue make, by a copied home."""
    if not (copy.path / _JOBS).is_file():
        return set()
    with contextlib.closing(Ledger(copy.path / _JOBS)) as ledger:
        return {row.run_id for row in ledger.all()}


@contextlib.contextmanager
def copies(checkup: Checkup) -> Iterator[Home]:
    """A home that holds copies of all databases that are whole, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="runlore-doctor-") as folder:
        shadow = Home(folder)
        for database in databases(checkup.home):
            if database.path.is_file():
                _check(checkup, database, shadow)
            elif os.path.lexists(database.path):
                checkup.add(UNREADABLE, database.path, "it is no regular file")
        yield shadow


def _check(checkup: Checkup, database: Database, shadow: Home) -> None:
    checkup.tell(f"database {database.path.name}", 0, 1)
    checkup.seen["databases"] += 1
    copy = shadow.path / database.path.relative_to(checkup.home.path)
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not _copied(database.path, copy):
            _forget(copy)
            checkup.add(NOT_CHECKED, database.path)
            return
        _look(copy, deep=checkup.deep)
        database.read(shadow)
    except RunloreError as error:
        _forget(copy)
        checkup.add(LATER_FORMAT if is_later(error) else DAMAGED, database.path, str(error))
    except OSError as error:
        _forget(copy)
        checkup.add(UNREADABLE, database.path, error.strerror or str(error))
    except (sqlite3.Error, ValueError, UnicodeDecodeError, RecursionError) as error:
        _forget(copy)
        checkup.add(DAMAGED_PROJECTION if database.projection else DAMAGED, database.path, str(error))


def _copied(path: Path, copy: Path) -> bool:
    """Copy a database and what it has not written back yet, as they are at one moment."""
    for _ in range(_ATTEMPTS):
        before = _signature(path)
        size = sum(size for size, _ in before)
        if size > min(_LARGEST, shutil.disk_usage(copy.parent).free // 2):
            return False
        _copy(path, copy)
        with contextlib.suppress(FileNotFoundError):
            _copy(path.with_name(path.name + BESIDE[0]), copy.with_name(copy.name + BESIDE[0]))
        if _signature(path) == before:
            return True
        _forget(copy)
    return False


def _copy(path: Path, copy: Path) -> None:
    with open_regular(path) as source, copy.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)


def _signature(path: Path) -> list[tuple[int, int]]:
    found = []
    for suffix in ("", BESIDE[0]):
        try:
            facts = os.stat(path.with_name(path.name + suffix))
            found.append((facts.st_size, facts.st_mtime_ns))
        except FileNotFoundError:
            found.append((0, 0))
    return found


def _forget(copy: Path) -> None:
    for suffix in ("", *BESIDE):
        copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _look(copy: Path, *, deep: bool) -> None:
    """Have SQLite check the copy.

    Raises:
        sqlite3.Error: it is damaged, or holds what no file of Runlore's does.
    """
    end = time.monotonic() + _LONGEST
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.set_progress_handler(lambda: time.monotonic() > end, 10_000)
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master"):
            if kind not in ("table", "index") or (sql and _FORGED.search(sql.replace(_OPTUNAS, ""))):
                raise sqlite3.DatabaseError(f"its {kind} {name} is none of Runlore's")
        (said,) = connection.execute(f"PRAGMA {'integrity' if deep else 'quick'}_check(1)").fetchone()
        if said != "ok":
            raise sqlite3.DatabaseError(said)
