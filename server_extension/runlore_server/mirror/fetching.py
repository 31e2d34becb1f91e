"""Having curves of mirrored runs fetched when somebody looks at them, once."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterable

from runlore.errors import RunNotFound
from runlore.events import LastPoint
from runlore.record import RunRecord
from runlore_server.config import Config
from runlore_server.errors import ExportRefused, TrackingStoreAway
from runlore_server.mirror.cached import is_current
from runlore_server.mirror.worker import Bring, mirror_process
from runlore_server.store.mirrored import is_live
from runlore_server.store.runs import RunStore

_FIRST_RETRY, _LAST_RETRY = 1.0, 10.0
_REST = 5.0
"""A curve of a run that still runs is fetched as a whole each time, so it rests for so many times as long."""

_IDLE = 60.0
"""Seconds without work until the process is ended that has MLflow in its memory."""

_log = logging.getLogger(__name__)

_Curve = tuple[str, str]
"""A run's id, or that of its session, and a metric."""


class Fetching:
    """A queue of curves and the thread that works it off; safe to use from several threads."""

    def __init__(self, config: Config, store: RunStore) -> None:
        self._store = store
        self._process = mirror_process(config)
        self._asking = threading.Lock()
        self._changed = threading.Condition()
        self._wanted: dict[_Curve, None] = {}
        self._not_before: dict[_Curve, float] = {}
        self._refused: dict[_Curve, str] = {}  # by session: another revision is another attempt
        self._seen: dict[_Curve, LastPoint] = {}  # by session: what MLflow had told when the curve was here
        self._delay = 0.0
        self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        """Curves that are on their way."""
        return len(self._wanted)

    def want(self, run: RunRecord, metrics: Iterable[str]) -> set[str]:
        """Have these curves of a mirrored run fetched where that is due; those that are on their way."""
        due = {metric for metric in metrics if self._is_due(run, metric)}
        if due:
            with self._changed:
                self._wanted.update({(run.run_id, metric): None for metric in sorted(due)})
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="runlore curves", daemon=True)
                    self._thread.start()
                self._changed.notify()
        return due

    def missing(self, run: RunRecord, metric: str) -> str | None:
        """Why there is nothing of a curve; ``None`` where that is all there is."""
        if (run.run_id, metric) in self._wanted:
            return "it is on its way from MLflow"
        return self._refused.get((run.session_id, metric))

    def bring(self, run: RunRecord) -> None:
        """Fetch all curves of a mirrored run that are not here, and wait for that.

        Raises:
            TrackingStoreAway, ExportRefused, OSError: see ``Companion.ask``.
        """
        for metric in run.metrics:
            if not is_current(run, metric):
                self._fetch(run, metric)

    def shutdown(self, timeout: float = 3.0) -> None:
        """Stop, in the middle of a curve too; wait for that at most ``timeout`` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._process.end()
        if self._thread is not None:
            self._thread.join(timeout)

    def _is_due(self, run: RunRecord, metric: str) -> bool:
        curve, told = (run.session_id, metric), run.reported.get(metric)
        live = told is not None and is_live(run.session_id)
        if curve in self._refused or self._not_before.get((run.run_id, metric), 0.0) > time.monotonic():
            return False
        if live and self._seen.get(curve) == told:
            return False
        found = is_current(run, metric)
        if found and live and told is not None:
            self._seen[curve] = told
        return not found

    def _work(self) -> None:
        while (curve := self._next()) is not None:
            run_id, metric = curve
            try:
                run = self._store.find(run_id)
                if metric in run.metrics and not is_current(run, metric):
                    self._fetch(run, metric)
            except RunNotFound:
                pass  # deleted meanwhile
            except (TrackingStoreAway, OSError, sqlite3.Error) as error:
                if not self._closing:
                    self._back_off(error)
                continue
            except ExportRefused as error:
                _log.warning("MLflow does not give the curve %s of run %s: %s", metric, run_id, error)
                self._refused[run.session_id, metric] = str(error)
                self._store.curves_came({run_id})  # nobody shall wait for it
            self._delay = 0.0
            with self._changed:
                self._wanted.pop(curve, None)

    def _back_off(self, error: Exception) -> None:
        if not self._delay:
            _log.warning("curves of MLflow are fetched later: %s", error)
        self._delay = min(max(self._delay * 2, _FIRST_RETRY), _LAST_RETRY)

    def _next(self) -> _Curve | None:
        """Wait for the next curve that is wanted; ``None`` when closing."""
        with self._changed:
            end = time.monotonic() + self._delay
            while not self._closing and (rest := end - time.monotonic()) > 0:
                self._changed.wait(rest)
            while not self._closing:
                for curve in self._wanted:
                    return curve
                if not self._changed.wait(_IDLE):
                    self._process.close()
        return None

    def _fetch(self, run: RunRecord, metric: str) -> None:
        with self._asking:
            began = time.monotonic()
            self._process.ask(Bring(run.session_id, run.run_id, metric))
            now = time.monotonic()
        if is_live(run.session_id):
            self._not_before[run.run_id, metric] = now + _REST * (now - began)
        self._store.curves_came({run.run_id})
