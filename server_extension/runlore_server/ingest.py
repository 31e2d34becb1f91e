"""Keeping MLflow up to what the journals say, in the background, by one process of the home."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from runlore.errors import JournalFormatError
from runlore_server.config import Config
from runlore_server.errors import ExportRefused, TrackingStoreAway
from runlore_server.export.transfer import Closing, Transfer
from runlore_server.ownership import Ownership
from runlore_server.store.exports import Exports
from runlore_server.store.runs import RunStore
from runlore_server.store.summaries import CurveSummaries

LIVE_INTERVAL = 10.0
"""Seconds between two exports of a run that still runs."""

_FIRST_RETRY, _LAST_RETRY = 1.0, 10.0
_OWNER_INTERVAL = 5.0
"""Seconds between two attempts to become the one who exports."""

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
    """Exports every run of a store to MLflow, from a thread of its own, while it owns the home's export.

    What fails is tried again, at first soon, then every 10 seconds; what MLflow refuses is tried again when
    the run changes. Each trouble is logged once.
    """

    def __init__(self, config: Config, store: RunStore, summaries: CurveSummaries, exports: Exports) -> None:
        self._store = store
        self._transfer = Transfer(config, store, summaries, exports, self._check)
        self._ownership = Ownership(config.home.path / "ingest.lock")
        self._changed = threading.Condition()
        self._closing = False
        self._owner = True
        self._due: dict[str, float] = {}
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
        running = {run_id: self._store.is_running(run_id) for run_id in run_ids}
        with self._changed:
            for run_id, runs in running.items():
                if not runs:
                    self._live.pop(run_id, None)
                due = max(now, self._live.get(run_id, now))
                if run_id not in self._attempts or run_id not in self._due:
                    self._due[run_id] = min(due, self._due.get(run_id, due))
            self._changed.notify()

    def shutdown(self, timeout: float = 3.0) -> None:
        """Stop after the step that is under way; wait for that at most ``timeout`` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def status(self) -> ExportStatus:
        """How far the export has come."""
        with self._changed:
            pending = ((self._due.keys() | self._at_work) - self._live.keys()) | self._refused.keys()
            error = self._error or next(iter(self._refused.values()), None)
            return ExportStatus(len(pending), error, self._owner)

    def _work(self) -> None:
        while (run_id := self._next()) is not None:
            self._attempt(run_id)
        self._ownership.release()

    def _attempt(self, run_id: str) -> None:
        try:
            if self._own():
                self._transfer.bring(run_id)
            elif not self._transfer.is_current(run_id):
                self._postpone(run_id, _OWNER_INTERVAL)
                return
            self._succeeded(run_id)
        except Closing:
            return
        except (ExportRefused, JournalFormatError) as error:
            self._refuse(run_id, str(error))
        except (TrackingStoreAway, OSError, sqlite3.Error) as error:
            self._fail(run_id, error)
        except Exception:  # noqa: BLE001 - a defect of ours must not end the export of the other runs
            _log.exception("run %s could not be exported to MLflow", run_id)
            self._refuse(run_id, "an internal error; the server's log has the details")

    def _next(self) -> str | None:
        """Wait for the next run to look at; ``None`` when closing."""
        with self._changed:
            while not self._closing:
                run_id = min(self._due, key=self._due.__getitem__, default=None)
                self._at_work = set()
                if run_id is None:
                    self._changed.wait()
                    continue
                rest = max(self._due[run_id], self._pause_until) - time.monotonic()
                if rest <= 0:
                    del self._due[run_id]
                    self._at_work = {run_id}
                    return run_id
                self._changed.wait(rest)
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

    def _check(self) -> None:
        if self._closing:
            raise Closing
