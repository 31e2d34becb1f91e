"""Being the one process on a home that carries the queue's jobs out."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Mapping

from runlore.home import Home
from runlore_server.ownership import Ownership
from runlore_server.queue.backend import Backend
from runlore_server.queue.dispatcher import Dispatcher
from runlore_server.queue.ledger import Ledger
from runlore_server.store.runs import RunStore

INTERVAL = 0.25
"""Seconds between two looks at the ledger, which other processes may change."""

OFTEN = 0.025
"""The same where somebody waits for what a job comes to, perhaps to begin the next."""

_RETRY = 2.0
"""Seconds until what the disk or the ledger refused is tried again."""

_log = logging.getLogger(__name__)

Backends = Callable[[Home, RunStore, Callable[[], None]], Mapping[str, Backend]]
"""Makes the backends, by their names, the default first, when the queue is taken over; see ``LocalBackend``."""


def from_environment(home: Home, store: RunStore, wake: Callable[[], None]) -> Mapping[str, Backend]:
    """The backends that the environment names; see ``backends.configured``.

    Raises:
        SettingRefused: it names them wrongly, or what is not installed.
    """
    from runlore_server.backends.configured import configured  # which knows all that there are

    return configured(home, store, wake)


class Owner:
    """Takes the queue over once nobody else has it, and works it from then on.

    Args:
        home: whose queue.
        store: finds the runs that jobs repeat.
        backends: by which jobs are carried out.
        wake: set when there may be something to do.
        closing: set when it is to end.
    """

    def __init__(
        self, home: Home, store: RunStore, backends: Backends, wake: threading.Event, closing: threading.Event
    ) -> None:
        self._home = home
        self._store = store
        self._make_backends = backends
        self._wake = wake
        self._closing = closing
        self._ownership = Ownership(home.path / "jobs.lock")
        self._ledger: Ledger | None = None
        self._dispatcher: Dispatcher | None = None
        self._leaving = threading.Event()
        self._may_go = threading.Event()

    @property
    def held(self) -> bool:
        """Whether it owns the queue."""
        return self._ownership.held

    def exists(self) -> bool:
        """Whether anybody owns the queue."""
        looked = Ownership(self._home.path / "jobs.lock")
        free = looked.acquire()
        looked.release()
        return not free

    def work(self) -> None:
        """Carry jobs out until it is to end."""
        troubled = False
        while not self._closing.is_set():
            pause, leaving = INTERVAL, self._leaving.is_set()
            try:
                if not leaving:
                    self.take_over()
                if self._dispatcher is not None:
                    self._dispatcher.step(leaving=leaving)
                    pause = OFTEN if self._dispatcher.expectant else INTERVAL
                if leaving and (self._dispatcher is None or self._dispatcher.idle):
                    self._may_go.set()
                troubled = False
            except Exception:  # noqa: BLE001 - neither the disk's trouble nor a defect of ours may end the queue
                if not troubled:
                    _log.exception("the queue cannot work at the moment; it is tried again")
                troubled, pause = True, _RETRY
            self._wake.wait(pause)
            self._wake.clear()

    def wind_down(self, timeout: float | None) -> bool:
        """Start nothing more, and wait for what would end with this process; whether it is over by then.

        ``work`` must go on in another thread. ``give_up`` follows; then who waits for the queue takes it over.
        """
        self._leaving.set()
        self._wake.set()
        return self._may_go.wait(timeout)

    def take_over(self) -> bool:
        """Whether it owns the queue now; on becoming the owner, clear up after the one before.

        Raises:
            SettingRefused: how many reruns go on at once, or which devices there are, cannot be understood.
            OSError, sqlite3.Error: the home cannot be used.
        """
        if self._dispatcher is not None:
            return True
        if not self._ownership.acquire():
            return False
        try:
            self._ledger = Ledger(self._home.path / "jobs.sqlite")
            backends = self._make_backends(self._home, self._store, self._wake.set)
            self._dispatcher = Dispatcher(self._home, self._store, self._ledger, backends)
            self._dispatcher.recover()
        except BaseException:
            self.give_up()
            raise
        return True

    def give_up(self) -> None:
        """Stop what runs, and leave the queue to others. Blocks."""
        try:
            if self._dispatcher is not None:
                self._dispatcher.close()
        except (OSError, sqlite3.Error):
            _log.exception("what ran could not be put back; the queue's next owner does it")
        finally:
            self._dispatcher = None
            if self._ledger is not None:
                self._ledger.close()
                self._ledger = None
            self._ownership.release()
