"""Curve files of runs whose curves are archived: a cache that is kept below a size."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from runlore.archive import FILE, Archive
from runlore.errors import JournalFormatError, RunNotFound
from runlore.events import SessionStarted
from runlore.home import Home
from runlore.process import is_alive
from runlore.record import RunRecord
from runlore_server.errors import AmbiguousRun
from runlore_server.store.folders import CurveFolder, curve_folders

_NOTED_EVERY = 3600.0
"""Seconds between two notes that a run was looked at."""


class Runs(Protocol):
    """Where the cache learns of runs; ``RunStore`` says what is raised."""

    @property
    def home(self) -> Home: ...
    def find(self, text: str) -> RunRecord: ...
    def session_info(self, run: RunRecord) -> SessionStarted: ...


@dataclass(frozen=True)
class Cached:
    """A curve file that may go, or went: its run, its bytes, when that was last looked at (Unix seconds)."""

    run_id: str
    path: Path
    size: int
    used: float


class CurveCache:
    """The curve files of archived runs of a home; safe to use from several threads.

    The runs that were looked at longest ago go first. Never goes the file of a run that still runs, one that some
    process may still write, and one whose points its archive does not have bit by bit.

    Args:
        store: the runs.
        limit: bytes that the files may have together.
    """

    def __init__(self, store: Runs, limit: int) -> None:
        self._store = store
        self._limit = limit
        self._lock = threading.Lock()
        self._noted: dict[str, float] = {}

    def note_use(self, run: RunRecord) -> None:
        """Remember that somebody looks at the run's curves: its folder gets the time of now.

        Times of access are not what is used: systems keep them or not, and backups change them. A home that cannot
        be written keeps no note.
        """
        now = time.time()
        if run.status == "running" or now < self._noted.get(run.run_id, 0.0) + _NOTED_EVERY:
            return
        self._noted[run.run_id] = now
        with suppress(OSError):
            os.utime(run.directory, (now, now))

    def excess(self) -> Iterator[Cached]:
        """The files that are too many, those to go first coming first; each was compared with its archive.

        Raises:
            PackageMissing: what reads archives is not installed.
        """
        archived = [
            folder for folder in curve_folders(self._store.home) if folder.archived is not None and folder.files
        ]
        over = sum(folder.size for folder in archived) - self._limit
        for folder in sorted(archived, key=lambda folder: (folder.used, folder.run_id)):
            if over <= 0:
                return
            for cached in self._removable(folder):
                over -= cached.size
                yield cached

    def trim(self) -> list[Cached]:
        """Delete what is too much; what was deleted.

        Raises:
            PackageMissing: what reads archives is not installed.
        """
        with self._lock:
            gone = []
            for cached in self.excess():
                with suppress(OSError):  # a reader has it open, where that hinders; or another process was faster
                    cached.path.unlink()
                    gone.append(cached)
            return gone

    def _removable(self, folder: CurveFolder) -> Iterator[Cached]:
        """The files of a run that its archive replaces."""
        from runlore_server.store.archive import digest_of

        try:
            run = self._store.find(folder.run_id)
            archive = Archive.open(folder.path / FILE)
            if archive is None or run.status == "running" or run.directory != folder.path:
                return
            archive.verify()
        except (RunNotFound, AmbiguousRun, JournalFormatError, OSError):
            return
        for name, size in folder.files.items():
            path, curve = folder.path / name, archive.curves.get(name)
            with suppress(JournalFormatError, OSError):
                if curve is not None and digest_of(path) == curve.digest and not self._may_be_written(path, run):
                    yield Cached(folder.run_id, path, size, folder.used)

    def _may_be_written(self, path: Path, run: RunRecord) -> bool:
        """Whether a process has the file open to write; where nobody can tell, whether the run's kernel lives."""
        found = _is_open_for_writing(path)
        return is_alive(self._store.session_info(run).process) is not False if found is None else found


def _is_open_for_writing(path: Path) -> bool | None:
    """Whether any process has; ``None`` where nobody can tell. While one has, a lease on the file is not given."""
    if sys.platform != "linux":
        return None
    import errno
    import fcntl
    import signal

    with path.open("rb") as file:
        try:
            fcntl.fcntl(
                file, fcntl.F_SETSIG, signal.SIGURG
            )  # what would tell of an end of the lease; it is ignored
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return True if error.errno == errno.EAGAIN else None
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
