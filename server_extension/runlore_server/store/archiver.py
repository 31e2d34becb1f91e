"""Archiving the curves of runs that have ended, in the background, by one process of the home."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

from runlore.errors import JournalFormatError, PackageMissing, RunNotFound
from runlore_server.due import Due
from runlore_server.errors import AmbiguousRun
from runlore_server.ownership import Ownership
from runlore_server.store.curve_cache import CurveCache
from runlore_server.store.folders import curve_folders
from runlore_server.store.runs import RunStore

_RETRY = 60.0
"""Seconds until a run is tried again whose archive could not be written."""

_OWNER_INTERVAL = 5.0
"""Seconds between two attempts to become the one who archives."""

_TRIM_INTERVAL = 600.0
"""Seconds between two looks at the size of the cache, at the least."""

_NICENESS = 10
_log = logging.getLogger(__name__)


class Archiver:
    """Archives each run of a store once it has ended, and keeps the cache of curve files below its size.

    Works in a thread of its own, at low priority and at most half of the time, while it owns the home's archives.
    What fails is tried again a minute later; each trouble is logged once, and the curve files stay in any case.
    """

    def __init__(self, store: RunStore, cache: CurveCache) -> None:
        self._store = store
        self._cache = cache
        self._ownership = Ownership(store.home.path / "archive.lock")
        self._changed = threading.Condition()
        self._due = Due()
        self._busy = self._closing = False
        self._trim_at = 0.0
        self._troubles: set[str] = set()
        self._thread = threading.Thread(target=self._work, name="runlore archive", daemon=True)

    def start(self) -> None:
        """Begin with whatever is not archived yet, oldest first."""
        self._busy = True
        self._thread.start()

    def wake(self, run_ids: Iterable[str]) -> None:
        """Have these runs looked at: they are new or have changed."""
        now = time.monotonic()
        with self._changed:
            for run_id in run_ids:
                self._due.setdefault(run_id, now)
            self._changed.notify_all()

    def finish(self) -> None:
        """Wait until every run was tried, and the cache has its size; what could not be done is logged."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy or self._closing)

    def shutdown(self, timeout: float = 3.0) -> None:
        """Stop after the run that is under way; wait for that at most ``timeout`` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _work(self) -> None:
        if hasattr(os, "setpriority"):
            with suppress(OSError):  # of this thread alone, where the system is Linux
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
        self.wake(folder.run_id for folder in curve_folders(self._store.home) if folder.awaits_archiving)
        while (run_id := self._next()) is not None:
            began = time.monotonic()
            self._attempt(run_id)
            self._pause(time.monotonic() - began)
        self._ownership.release()

    def _next(self) -> str | None:
        """Wait for the next run to look at; ``None`` when closing."""
        while True:
            with self._changed:
                now = time.monotonic()
                run_id = self._due.first()
                if self._closing:
                    return None
                if run_id is not None and self._due[run_id] <= now:
                    self._busy = True
                    del self._due[run_id]
                    return run_id
                if now < self._trim_at:
                    self._rest(None if run_id is None else self._due[run_id] - now)
                    continue
            self._trim()

    def _rest(self, seconds: float | None) -> None:
        self._busy = False
        self._changed.notify_all()
        self._changed.wait(seconds)

    def _pause(self, seconds: float) -> None:
        """Leave the processor to others for as long as it was used."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing, seconds)

    def _attempt(self, run_id: str) -> None:
        try:
            if not self._ownership.acquire():
                self._again(run_id, _OWNER_INTERVAL)
                return
            self._archive(run_id)
        except (OSError, PackageMissing) as error:
            self._again(run_id, _RETRY)
            self._tell("files", f"curves are not archived at the moment, their files stay: {error}")
        except JournalFormatError as error:
            self._tell(run_id, f"the curves of run {run_id} are not archived: {error}")
        except Exception:  # noqa: BLE001 - a defect of ours must not end the archiving of the other runs
            _log.exception("the curves of run %s could not be archived", run_id)

    def _archive(self, run_id: str) -> None:
        try:
            run = self._store.find(run_id)
        except (RunNotFound, AmbiguousRun):
            return
        if run.status == "running":
            return  # its end wakes us
        from runlore_server.store.archive import archive_run  # here: importing pyarrow takes a third of a second

        archive_run(run)
        self._troubles.discard("files")

    def _again(self, run_id: str, seconds: float) -> None:
        with self._changed:
            self._due[run_id] = time.monotonic() + seconds

    def _trim(self) -> None:
        self._trim_at = time.monotonic() + _TRIM_INTERVAL
        try:
            if self._ownership.acquire() and (gone := self._cache.trim()):
                size = sum(cached.size for cached in gone)
                _log.info("%d curve files of archived runs, %d bytes, made room", len(gone), size)
        except (OSError, PackageMissing) as error:
            self._tell("cache", f"the cache of curve files is not trimmed: {error}")
        except Exception:  # noqa: BLE001 - as above
            _log.exception("the cache of curve files could not be trimmed")

    def _tell(self, about: str, text: str) -> None:
        if about not in self._troubles:
            self._troubles.add(about)
            _log.warning("%s", text)
