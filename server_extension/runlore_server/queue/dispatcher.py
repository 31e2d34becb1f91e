"""What the owner of the queue does: start what is next, hear what becomes of it, stop what is to be stopped."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

import msgspec

from runlore.decodable import decodable
from runlore.errors import RunloreError
from runlore.home import Home
from runlore_server.gpus.assignment import Lease
from runlore_server.queue.announcing import announced
from runlore_server.queue.backend import (
    Backend,
    Began,
    Capacity,
    Ended,
    Event,
    LooksAhead,
    Lost,
    OutOfSight,
    Progressed,
    Staged,
)
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.request import Request
from runlore_server.queue.row import Row
from runlore_server.queue.settlement import Settlement
from runlore_server.queue.starting import FULL, Accepted, Postponed, Starter
from runlore_server.queue.status import Offer
from runlore_server.queue.turns import Free, Turns
from runlore_server.store.runs import RunStore

PAUSED, SLOTS, CAPACITY = "paused", "slots", "capacity"
"""Names of settings in the ledger: the first two are asked of the owner, the third it tells."""

_LAST_RETRY = 60.0
"""Seconds until a job that failed is tried again, at the most."""

_ROOM = 10.0
"""Seconds until a job is tried again for which the disk had no room."""

_MOST_NEXT = 16
"""How many of the jobs that wait a backend is told of."""

_log = logging.getLogger(__name__)


@dataclass
class _Active:
    """An attempt that a backend has."""

    row: Row
    backend: Backend
    lease: Lease
    deadline: float | None
    cancelled: bool = False
    timed_out: bool = False


class Dispatcher:
    """Carries out the queue's jobs by backends; used by one thread, in the one process that owns the queue.

    Args:
        home: where the runs are recorded.
        store: finds the originals.
        ledger: the jobs; nobody else may use this object, so that it sees the changes of all others.
        backends: by their names; the first is the default.
        first_retry: seconds until a job that failed is tried again; twice as long each further time.
    """

    def __init__(
        self,
        home: Home,
        store: RunStore,
        ledger: Ledger,
        backends: Mapping[str, Backend],
        first_retry: float = 1.0,
    ) -> None:
        self._ledger = ledger
        self._backends = backends
        self._default = next(iter(backends))
        self._first_retry = first_retry
        self._settlement = Settlement(home, ledger)
        self._starter = Starter(home, store, ledger)
        self._turns = Turns()
        self._active: dict[tuple[str, str], _Active] = {}
        self._heard: deque[tuple[str, Event | Accepted | Postponed]] = deque()
        self._not_before: dict[str, float] = {}
        self._offered: dict[str, Capacity] = {}
        self._seen: int | None = None
        self._next: dict[str, Request] = {}
        self.expectant = False
        """Whether a job is announced, and whoever does that waits to submit it."""
        self._lapse: float | None = None
        self._again = True
        self._closing = False

    @property
    def idle(self) -> bool:
        """Whether nothing is at work that would end with this process."""
        return not any(active.backend.bound for active in self._active.values())

    def recover(self) -> None:
        """Take over what an earlier owner began and goes on; clear up the rest and queue it again, each once."""
        self._free()  # an earlier owner may have told of other backends
        for row in self._ledger.in_state("running", "stopping"):
            backend = self._backends.get(row.backend or self._default)
            if backend is None:
                self._ledger.update(row.run_id, stage=f"on the backend {row.backend!r}, which is not configured")
                continue
            attempt = self._starter.attempt(row, _lease(row))
            try:
                if row.handle is not None and backend.reattach(row.handle, attempt):
                    self._active[backend.name, row.handle] = _active(row, backend)
                    continue
                if row.handle is None:
                    backend.reattach("", attempt)
            except OutOfSight as error:
                _log.warning("rerun %s is left alone: %s", row.run_id, error)
                self._ledger.update(row.run_id, stage=str(error))
                continue
            with self._or_failed(row):
                self._settlement.found(row, "the server died")

    def step(self, *, leaving: bool = False) -> None:
        """Do what there is to do now; cheap where there is nothing. On ``leaving``, nothing more is started.

        Raises:
            OSError, sqlite3.Error: the ledger cannot be used at the moment. Nothing is lost: call it again.
        """
        self._hear()
        self._cancel_late()
        seen, due = self._ledger.data_version(), self._due()
        if due or seen != self._seen or self._again or self._offered_otherwise():
            self._again = False
            try:
                self._cancel_stopped()
                self._start_what_is_next(leaving)
                self._hear()
            except BaseException:
                self._again = True
                raise
            self._seen = seen
        if isinstance(backend := self._backends[self._default], LooksAhead):
            backend.expect(self._next)

    def close(self) -> None:
        """Stop what cannot go on without this process; it is queued again. Blocks."""
        self._closing = True
        for backend in self._backends.values():
            backend.close()
        self._hear()

    # -- what is told of attempts --------------------------------------------------------------------------

    def _hear(self) -> None:
        for backend in self._backends.values():
            self._heard.extend((backend.name, event) for event in backend.poll())
        while self._heard:
            self._note(*self._heard[0])  # an event is forgotten only once it is written down
            self._heard.popleft()

    def _note(self, backend: str, event: Event | Accepted | Postponed) -> None:
        active = self._active.get((backend, event.handle))
        if active is None:
            return  # of an attempt that was given up
        run_id, token = active.row.run_id, active.row.token
        if isinstance(event, Accepted):
            self._ledger.update(run_id, fence=token, handle=event.handle)
        elif isinstance(event, Began):
            self._ledger.update(run_id, fence=token, process=event.process)
        elif isinstance(event, Staged):
            self._ledger.update(run_id, fence=token, stage=event.text)
        elif isinstance(event, Progressed):
            done, total = event.done, event.total
            self._ledger.update(run_id, fence=token, cells_done=done, cells_total=total, cell=event.cell)
        else:
            row = self._ledger.get(run_id)
            if row is not None and row.token == token and row.state in ("running", "stopping"):
                with self._or_failed(row):
                    self._settle(row, active, event)
            del self._active[backend, event.handle]
            self._again = True

    @contextmanager
    def _or_failed(self, row: Row) -> Iterator[None]:
        """What is wrong with the folder of one job ends that one; the others go on."""
        try:
            yield
        except (OSError, RunloreError) as error:
            if isinstance(error, OSError) and error.errno in FULL:
                raise
            self._ledger.end(row.run_id, "failed", now=time.time(), fence=row.token, error=str(error))

    def _settle(self, row: Row, active: _Active, event: Ended | Lost | Postponed) -> None:
        if isinstance(event, Postponed):
            self._not_before[row.run_id] = time.monotonic() + _ROOM
            self._settlement.requeue(row, error=event.why)
        elif isinstance(event, Lost):
            self._settlement.lost(row, event.why)
        elif event.verdict is not None:
            self._retried(row, self._settlement.judged(row, event.verdict))  # type: ignore[arg-type]
        elif event.error is not None:
            self._retried(row, self._settlement.failed(row, event.error))
        elif active.timed_out:
            why = f"it took longer than {row.request.timeout:g} s, which it was given"
            self._retried(row, self._settlement.failed(row, why))
        elif row.state == "stopping":
            self._settlement.cancelled(row)
        elif self._closing:
            self._settlement.requeue(row)
        else:
            self._settlement.lost(row, f"the backend {active.backend.name!r} stopped it")

    def _retried(self, row: Row, queued: bool) -> None:
        if queued:
            self._not_before[row.run_id] = time.monotonic() + min(self._first_retry * 2**row.failures, _LAST_RETRY)

    # -- stopping ------------------------------------------------------------------------------------------

    def _cancel_late(self) -> None:
        now = time.monotonic()
        for (_, handle), active in self._active.items():
            if active.deadline is not None and now > active.deadline and not active.cancelled:
                active.cancelled = active.timed_out = True
                active.backend.cancel(handle)

    def _cancel_stopped(self) -> None:
        stopping = {row.run_id: row for row in self._ledger.in_state("stopping")}
        known = set()
        for (_, handle), active in self._active.items():
            known.add(active.row.run_id)
            if active.row.run_id in stopping and not active.cancelled:
                active.cancelled = True
                active.backend.cancel(handle)
        for run_id in stopping.keys() - known:
            # Nobody here has it, and what has it cannot be reached: the wish is all that can be kept.
            self._settlement.cancelled(stopping[run_id], "its processes could not be reached from here")

    # -- starting ------------------------------------------------------------------------------------------

    def _due(self) -> bool:
        now = time.monotonic()
        due = [run_id for run_id, moment in self._not_before.items() if moment <= now]
        for run_id in due:
            del self._not_before[run_id]
        return bool(due) or (self._lapse is not None and self._lapse <= now)

    def _start_what_is_next(self, leaving: bool) -> None:
        free = self._free()
        self._next, self.expectant, self._lapse = {}, False, None
        if leaving or self._ledger.setting(PAUSED):
            return
        for row, lease in self._turns.next(self._ledger.in_turn(), free, self._default, self._not_before):
            backend = self._backends[row.backend or self._default]
            self._start(row, backend, lease)
        if self._active:
            local = (row for row in self._ledger.in_turn() if self._is_default(row.backend))
            first = (row for row in islice(local, _MOST_NEXT) if row.attempt == 0)
            self._next = {row.run_id: row.request for row in first if row.run_id not in self._not_before}
        told = announced(self._ledger, time.time())
        self.expectant = bool(told.requests)
        self._lapse = None if told.lapses is None else time.monotonic() + told.lapses
        coming = told.requests.items()
        self._next |= {run_id: request for run_id, request in coming if self._is_default(request.backend)}

    def _offered_otherwise(self) -> bool:
        """Whether a backend has other capacity than when it was last looked at: workers come and go."""
        return any(backend.capacity() != self._offered.get(name) for name, backend in self._backends.items())

    def _free(self) -> dict[str, Free]:
        """What each backend has to give now. It is told to other processes, too."""
        asked, free, told = self._ledger.setting(SLOTS), {}, {}
        for name, backend in self._backends.items():
            capacity = self._offered[name] = backend.capacity()
            chosen = asked is not None and name == self._default and capacity.trouble is None
            slots = asked if chosen else capacity.slots
            leases = [active.lease for active in self._active.values() if active.backend is backend]
            free[name] = Free(slots - len(leases), capacity.devices, leases)
            devices = None if capacity.devices is None else list(capacity.devices)
            told[name] = msgspec.to_builtins(Offer(slots, devices, capacity.trouble, capacity.giving))
        if told != self._ledger.setting(CAPACITY):
            self._ledger.put_setting(CAPACITY, told)
        return free

    def _is_default(self, backend: str | None) -> bool:
        return backend in {None, self._default}

    def _start(self, row: Row, backend: Backend, lease: Lease) -> None:
        begun = self._starter.start(row, backend, lease)
        if begun is None:
            self._again = True  # stopped meanwhile: another may go
            return
        self._active[backend.name, begun.event.handle] = _active(begun.row, backend, lease)
        self._heard.append((backend.name, begun.event))


def _active(row: Row, backend: Backend, lease: Lease | None = None) -> _Active:
    timeout = row.request.timeout
    deadline = None if timeout is None else time.monotonic() + timeout
    return _Active(row, backend, lease if lease is not None else _lease(row), deadline)


def _lease(row: Row) -> Lease:
    return Lease() if row.lease is None else msgspec.convert(row.lease, decodable(Lease))
