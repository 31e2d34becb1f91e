"""Asking the index about the packages of new runs, in the background: its answers of today are those to keep."""

from __future__ import annotations

import logging
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec

from runlore.capture.lock import Lock
from runlore.errors import ObjectMissing, RunNotFound
from runlore_server.errors import EnvironmentNotRebuildable, RerunRefused
from runlore_server.ownership import Ownership
from runlore_server.rerun import pins, recorded, requirements
from runlore_server.rerun.interpreter import interpreter
from runlore_server.rerun.pins import Pins
from runlore_server.rerun.uv import Uv, UvFailed
from runlore_server.store.runs import RunStore

_DELAY = 15.0
"""Seconds for which a new run has the processors to itself."""

_RETRY = 300.0
"""Seconds until an index that did not answer is asked again."""

_log = logging.getLogger(__name__)


class Pinning:
    """Has the pins of every lock of a store taken, from a thread of its own, by one process of the home.

    Args:
        store: the runs.
        delay: seconds from when a run is told of until the index is asked.
    """

    def __init__(self, store: RunStore, delay: float = _DELAY) -> None:
        self._store = store
        self._home = store.home
        self._delay = delay
        self._ownership = Ownership(self._home.path / "pins.lock")
        self._changed = threading.Condition()
        self._runs: dict[str, None] = {}
        self._settled: set[str] = set()
        self._later: dict[str, float] = {}
        """Locks that could not be looked up, and when to try again."""
        self._due = float("inf")
        self._closing = False
        self._uv: Uv | None = None
        self._trouble: str | None = None
        self._thread = threading.Thread(target=self._work, name="runlore pins", daemon=True)

    @property
    def trouble(self) -> str | None:
        """Why the hashes of a lock are not known; ``None`` when none is waiting for them."""
        return self._trouble

    def start(self) -> None:
        """Begin with the runs that the store has, the newest first."""
        self.wake(self._store.ids())
        self._thread.start()

    def wake(self, run_ids: Iterable[str]) -> None:
        """Have these runs looked at: they are new or have changed. MLflow tells of no lock."""
        own = [run_id for run_id in run_ids if not self._store.is_mirrored(run_id)]
        with self._changed:
            self._runs.update(dict.fromkeys(own))
            self._due = min(self._due, time.monotonic() + self._delay)
            self._changed.notify()

    def shutdown(self, timeout: float = 3.0) -> None:
        """Stop, with what uv is doing; wait for that at most ``timeout`` seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify()
            if self._uv is not None:
                self._uv.stop()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _work(self) -> None:
        while (run_ids := self._next()) is not None:
            for run_id in run_ids:
                if self._closing:
                    break
                try:
                    self._look(run_id)
                except Exception:  # noqa: BLE001 - a defect of ours must not end the pins of the other runs
                    _log.exception("the packages of run %s could not be looked up", run_id)
        self._ownership.release()

    def _next(self) -> list[str] | None:
        """Wait for runs to look at; ``None`` when closing."""
        with self._changed:
            while not self._closing:
                rest = self._due - time.monotonic()
                if self._runs and rest <= 0:
                    found, self._runs, self._due = list(self._runs), {}, float("inf")
                    return found
                self._changed.wait(rest if self._runs else None)
        return None

    def _look(self, run_id: str) -> None:
        try:
            told = recorded.of_run(self._home, self._store.find(run_id))
        except (RunNotFound, ObjectMissing, msgspec.MsgspecError):
            return  # it has no lock, or not yet: it is looked at again when it changes
        if told.lock in self._settled:
            return
        known = pins.read(self._home, told.lock)
        if known is not None and not known.lacking:
            self._settled.add(told.lock)
            return
        if self._later.get(told.lock, 0.0) > time.monotonic():
            self._again(run_id, self._later[told.lock])
            return
        try:
            if self._ownership.acquire():
                pins.write(self._home, told.lock, self._ask(recorded.lock_of(self._home, told)))
                self._settled.add(told.lock)  # what an index lacks is asked for again by whoever needs it
                self._trouble = None
                return
        except RerunRefused as error:
            self._settled.add(told.lock)
            self._tell(str(error))
            return
        except (OSError, UvFailed) as error:
            if not self._closing:
                self._tell(str(error))
        later = self._later[told.lock] = time.monotonic() + _RETRY
        self._again(run_id, later)

    def _ask(self, lock: Lock) -> Pins:
        """The pins of a lock.

        Raises:
            UvFailed: the index does not answer, or it is time to stop.
            RerunRefused: uv is missing.
        """
        with tempfile.TemporaryDirectory(prefix="runlore-", ignore_cleanup_errors=True) as folder:
            with self._changed:
                uv = self._uv = Uv(Path(folder))
                if self._closing:
                    uv.stop()
            try:
                python = ["--python", interpreter(lock, uv)]
            except EnvironmentNotRebuildable:
                python = ["--python", sys.executable, "--python-version", lock.python]
            return uv.pin(requirements.of_index(lock), *python)

    def _again(self, run_id: str, due: float) -> None:
        with self._changed:
            self._runs[run_id] = None
            self._due = min(self._due, due)

    def _tell(self, trouble: str) -> None:
        if self._trouble is None:
            _log.warning("the hashes of a run's packages are not known yet: %s", trouble)
        self._trouble = trouble
