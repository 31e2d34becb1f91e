"""Keeping MLflow up to what the journals say, in the background, by one process of the home."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from runlore.errors import RunNotFound
from runlore.record import RunRecord
from runlore_server.config import Config
from runlore_server.due import Due
from runlore_server.errors import ExportRefused, TrackingStoreAway
from runlore_server.export.describer import Describer
from runlore_server.export.worker import Task, export_process
from runlore_server.ownership import Ownership
from runlore_server.store.exports import Exports
from runlore_server.store.runs import RunStore

LIVE_INTERVAL = 10.0
"""Seconds between two exports of a run that still runs."""

_FIRST_RETRY, _LAST_RETRY = 1.0, 10.0
_OWNER_INTERVAL = 5.0
"""Seconds between two attempts to become the one who exports."""

_IDLE = 60.0
"""Seconds without work until the process is ended that has MLflow in its memory."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExportStatus:
    """How far the export has come.

    ``pending`` counts the runs that MLflow does not have in their present state, the newest points of running ones
    aside. ``error`` is why the last attempt failed. ``owner`` is false where another process on the home exports.
    """

    pending: int
    error: str | None
    owner: bool


class Exporter:
    """Exports every run of a store to MLflow, by a process of its own, while it owns the home's export.

    A thread says which run is next. Runs that MLflow told of are not brought back to it. What fails is tried
    again, at first soon, then every 10 seconds; what MLflow refuses is tried again when the run changes. Each
    trouble is logged once.
    """

    def __init__(self, config: Config, store: RunStore, exports: Exports) -> None:
        self._store = store
        self._exports = exports
        self._describer = Describer(config.home)
        self._ownership = Ownership(config.home.path / "ingest.lock")
        self._process = export_process(config, self._ownership)
        self._changed = threading.Condition()
        self._closing = False
        self._owner = True
        self._due = Due()
        self._live: dict[str, float] = {}  # running runs that MLflow knows, and when their next points go there
        self._refused: dict[str, str] = {}
        self._attempts: dict[str, int] = {}
        self._at_work: set[str] = set()
        self._pause_until = 0.0
        self._error: str | None = None
        self._thread = threading.Thread(target=self._work, name="runlore export", daemon=True)

    def start(self) -> None:
        """Begin with whatever of the store MLflow does not have yet, oldest first."""
        self.wake(reversed(self._store.ids()))
        self._thread.start()

    def wake(self, run_ids: Iterable[str]) -> None:
        """Have these runs looked at: they are new or have changed."""
        now = time.monotonic()
        own = [run_id for run_id in run_ids if not self._store.is_mirrored(run_id)]
        running = {run_id: self._store.is_running(run_id) for run_id in own}
        with self._changed:
            for run_id, runs in running.items():
                if not runs:
                    self._live.pop(run_id, None)
                due = max(now, self._live.get(run_id, now))
                if run_id not in self._attempts or run_id not in self._due:
                    self._due[run_id] = min(due, self._due.get(run_id, due))
            self._changed.notify()

    def shutdown(self) -> None:
        """Stop after the step that is under way, in the middle of it where that takes more than seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._process.end()
        if self._thread.is_alive():
            self._thread.join()

    def status(self) -> ExportStatus:
        """How far the export has come."""
        with self._changed:
            pending = ((self._due.keys() | self._at_work) - self._live.keys()) | self._refused.keys()
            error = self._error or next(iter(self._refused.values()), None)
            return ExportStatus(len(pending), error, self._owner)

    def _work(self) -> None:
        while not self._closing:
            if (run_id := self._next()) is not None:
                self._attempt(run_id)
            else:
                self._process.close()
        self._ownership.release()

    def _attempt(self, run_id: str) -> None:
        try:
            if self._own():
                self._bring(run_id)
            elif not self._is_current(run_id):
                self._postpone(run_id, _OWNER_INTERVAL)
                return
            self._succeeded(run_id)
        except ExportRefused as error:
            self._refuse(run_id, str(error))
        except (TrackingStoreAway, OSError, sqlite3.Error) as error:
            if not self._closing:
                self._fail(run_id, error)
        except Exception:  # noqa: BLE001 - a defect of ours must not end the export of the other runs
            _log.exception("run %s could not be exported to MLflow", run_id)
            self._refuse(run_id, "an internal error; the server's log has the details")

    def _bring(self, run_id: str) -> None:
        run = self._found(run_id)
        if run is None or (run.status != "running" and self._is_known(run)):
            return
        original = run.rerun_of
        if original is not None and original in self._store and self._exports.get(original) is None:
            self._bring(original)
        self._process.ask(Task(run.session_id, run_id))

    def _is_current(self, run_id: str) -> bool:
        """Whether MLflow has all there is of the run so far, the points of a running one aside."""
        run = self._found(run_id)
        return run is None or self._is_known(run)

    def _found(self, run_id: str) -> RunRecord | None:
        try:
            return self._store.find(run_id)
        except RunNotFound:
            return None

    def _is_known(self, run: RunRecord) -> bool:
        try:
            described = self._describer.describe(run, self._store.session_info(run))
        except RunNotFound:
            return True
        known = self._exports.get(run.run_id)
        return known is not None and (known.fingerprint, known.content) == (
            described.fingerprint,
            described.content,
        )

    def _next(self) -> str | None:
        """Wait for the next run to look at; ``None`` when closing, or when there was none for long."""
        end = time.monotonic() + _IDLE
        with self._changed:
            while not self._closing and (now := time.monotonic()) < end:
                run_id = self._due.first()
                self._at_work = set()
                due = end if run_id is None else max(self._due[run_id], self._pause_until)
                if run_id is not None and due <= now:
                    del self._due[run_id]
                    self._at_work = {run_id}
                    return run_id
                self._changed.wait(min(due, end) - now)
        return None

    def _own(self) -> bool:
        owner = self._ownership.acquire()
        if owner != self._owner:
            _log.info("another server on this home exports to MLflow" if not owner else "exporting to MLflow")
        self._owner = owner
        return owner

    def _succeeded(self, run_id: str) -> None:
        running = self._store.is_running(run_id)
        with self._changed:
            self._attempts.pop(run_id, None)
            self._refused.pop(run_id, None)
            if running:
                self._live[run_id] = time.monotonic() + LIVE_INTERVAL
                if run_id in self._due:
                    self._due[run_id] = self._live[run_id]
            if self._error is not None and not self._attempts:
                _log.info("the export to MLflow works again")
                self._error = None

    def _postpone(self, run_id: str, seconds: float) -> None:
        with self._changed:
            self._due[run_id] = time.monotonic() + seconds

    def _refuse(self, run_id: str, reason: str) -> None:
        running = self._store.is_running(run_id)
        with self._changed:
            if running:
                self._live[run_id] = time.monotonic() + LIVE_INTERVAL
            news = self._refused.get(run_id) != reason
            self._attempts.pop(run_id, None)
            self._refused[run_id] = reason
        if news:
            _log.warning("run %s is not in MLflow: %s", run_id, reason)

    def _fail(self, run_id: str, error: Exception) -> None:
        with self._changed:
            attempt = self._attempts[run_id] = self._attempts.get(run_id, 0) + 1
            delay = min(_FIRST_RETRY * 2 ** (attempt - 1), _LAST_RETRY)
            self._due[run_id] = time.monotonic() + delay
            if isinstance(error, TrackingStoreAway):
                self._pause_until = self._due[run_id]
            news, self._error = self._error is None, str(error)
        if news:
            _log.warning("the export to MLflow waits, nothing is lost: %s", error)
