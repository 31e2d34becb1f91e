"""What all backends on other machines have in common: they read what attempts tell of themselves in their places.

An engine (Dask, Slurm) starts ``node.carry_out`` somewhere, stops it, and may know that it is over. What happens
is read from files on the shared storage alone, so it does not matter which process began an attempt.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from runlore.errors import JournalFormatError
from runlore_server.backends import tenure
from runlore_server.backends.heartbeat import patience
from runlore_server.backends.node import Order
from runlore_server.backends.place import Place
from runlore_server.backends.report import ReportReader
from runlore_server.backends.returned import install
from runlore_server.queue.backend import Attempt, Capacity, Ended, Event, Lost, OutOfSight

_LOOK = 0.5
"""Seconds between two questions to the engine, and two looks at a heartbeat."""

_QUIET = 5.0
"""Seconds without a sign of life that are enough where the engine says that it is over."""

_SETTLING = 2.0
"""Seconds until all machines see what one has written."""

_GRACE = 10.0
"""Seconds for an attempt to stop by itself."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Over:
    """The engine has done with an attempt; ``why`` it could not even begin, where that is known."""

    why: str | None = None


@dataclass
class Held:
    """An attempt that was handed to the engine."""

    place: Place
    handle: str
    reader: ReportReader
    beat: bytes = b""
    seen: float = field(default_factory=time.monotonic)
    looked: float = 0.0
    stopping: float | None = None
    last: Ended | Lost | None = None
    troubled: bool = False

    @property
    def order(self) -> Order:
        return Order(attempt=self.place.attempt, patience=patience())


class RemoteBackend(ABC):
    """A backend whose attempts work in places of their own: on shared storage, or in homes that were sent.

    Args:
        name: by which requests call it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._held: dict[str, Held] = {}

    @property
    def name(self) -> str:
        """By which requests and the queue's status call it."""
        return self._name

    @property
    def bound(self) -> bool:
        """Whether its attempts end with this process."""
        return False

    # -- what an engine knows ------------------------------------------------------------------------------

    @abstractmethod
    def capacity(self) -> Capacity:
        """What it can do at the moment; cheap to ask."""

    @abstractmethod
    def _send(self, order: Order) -> str:
        """Have ``node.carry_out`` called with the order somewhere, once; a handle that also others understand."""

    @abstractmethod
    def _over(self, held: Held) -> Over | None:
        """Whether the engine has done with it; ``None`` while it has not, or cannot be asked."""

    @abstractmethod
    def _stop(self, held: Held) -> None:
        """Have it stopped, or never begun; do not wait for it. May be called again and again."""

    @abstractmethod
    def _kill(self, held: Held) -> None:
        """Have whatever is left of it killed where that can be reached; do not wait for it."""

    @abstractmethod
    def _forget(self, held: Held) -> None:
        """It is over: let go of what was kept for it."""

    # -- what the queue asks -------------------------------------------------------------------------------

    def submit(self, attempt: Attempt) -> str:
        """Begin an attempt.

        Raises:
            RunloreError, OSError: it cannot be begun.
        """
        place = Place(attempt)
        place.furnish()
        try:
            handle = self._send(Order(attempt=attempt, patience=patience()))
        except BaseException:
            tenure.revoke(place.home, attempt.run_id, attempt.number)
            raise
        self._hold(handle, place)
        return handle

    def cancel(self, handle: str) -> None:
        """Stop an attempt; for one that has ended, do nothing. ``poll`` tells when all its processes are dead."""
        held = self._held.get(handle)
        if held is not None and held.stopping is None:
            held.stopping = time.monotonic()
            attempt = held.place.attempt
            try:
                tenure.grant(held.place.home, attempt.run_id, attempt.token, attempt.number, stop=True)
            except OSError as error:
                _log.warning("rerun %s could not be told to stop by a file: %s", attempt.run_id, error)
            self._stop(held)

    def poll(self) -> list[Event]:
        """What happened since the last time, in its order. An attempt's last event is ``Ended`` or ``Lost``."""
        events: list[Event] = []
        for held in list(self._held.values()):
            try:
                events += self._news(held)
            except (OSError, JournalFormatError) as error:
                if (lost := self._out_of_sight(held, error)) is not None:
                    events.append(lost)
        return events

    def reattach(self, handle: str, attempt: Attempt) -> bool:
        """Take over an attempt that an earlier owner of the queue began.

        Raises:
            OutOfSight: the storage cannot be read. The attempt is left alone.
        """
        place = Place(attempt)
        try:
            counts = place.counts()
            if counts and handle:
                self._hold(handle, place)
                return True
            if counts:  # it was being handed over when its owner died; whether it was, nobody knows
                tenure.revoke(place.home, attempt.run_id, attempt.number)
                place.set_aside()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise OutOfSight(f"the rerun's folder cannot be read: {error}") from error
        return False

    def close(self) -> None:
        """Let go of what runs: it goes on, and another owner finds it again."""
        self._held.clear()

    # -- one attempt ---------------------------------------------------------------------------------------

    def _hold(self, handle: str, place: Place) -> None:
        self._held[handle] = Held(place, handle, ReportReader(place.report, handle))

    def _drop(self, held: Held) -> None:
        del self._held[held.handle]
        self._forget(held)

    def _news(self, held: Held) -> list[Event]:
        events: list[Event] = []
        if held.last is None:
            for event in held.reader.read():
                if isinstance(event, Ended | Lost):
                    held.last = event
                    break
                events.append(event)
        if held.last is None and time.monotonic() - held.looked >= _LOOK:
            held.looked = time.monotonic()
            held.last = self._missed(held)
        if held.last is not None:
            events.append(self._finish(held, held.last))
            self._drop(held)
        return events

    def _out_of_sight(self, held: Held, error: Exception) -> Lost | None:
        """What to conclude where the storage cannot be read: nothing, but for a folder that is gone for long."""
        if not held.troubled:
            _log.warning("rerun %s cannot be looked after: %s", held.place.attempt.run_id, error)
        held.troubled = True
        if held.place.folder.path.exists() or time.monotonic() - held.seen < patience():
            return None
        self._kill(held)
        self._drop(held)
        return Lost(held.handle, "the folder of the rerun is gone")

    def _missed(self, held: Held) -> Ended | Lost | None:
        """What has to be concluded from what an attempt does not tell."""
        now = time.monotonic()
        claimed, over = held.place.claimed, self._over(held)
        beat = held.place.beat()
        if beat != held.beat or not (claimed or over):
            held.beat, held.seen = beat, now
        if held.stopping is not None and now - held.stopping > _GRACE:
            held.stopping = now
            self._stop(held)
            self._kill(held)
        silent = now - held.seen
        if not claimed and over is not None:
            if held.stopping is not None:
                return Ended(held.handle, stopped=True)
            if silent < _SETTLING:
                return None
            return Ended(held.handle, error=over.why) if over.why else Lost(held.handle, "it was never begun")
        limit = patience()
        if over is not None and silent > min(_QUIET, limit):
            return Lost(held.handle, over.why or "the process that carried it out is gone")
        if silent > limit:
            return Lost(held.handle, f"there was no sign of life for {limit:g} s")
        return None

    def _finish(self, held: Held, last: Ended | Lost) -> Ended | Lost:
        """Make the end of an attempt hold; its last word.

        Raises:
            OSError: it cannot be done at the moment.
        """
        place, attempt = held.place, held.place.attempt
        if isinstance(last, Ended):
            if place.counts():
                install(place)
                place.promote()
                if not place.claimed:  # nor may anybody begin it now
                    tenure.revoke(place.home, attempt.run_id, attempt.number)
                return last
            last = Lost(held.handle, "another attempt counts by now")
        else:
            tenure.revoke(place.home, attempt.run_id, attempt.number)
        self._kill(held)
        place.set_aside()
        return last
