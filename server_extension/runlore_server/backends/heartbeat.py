"""The right of an attempt to go on, which it renews as long as it lives; without it, it ends itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Literal

from runlore.errors import JournalFormatError
from runlore_server.backends import tenure
from runlore_server.backends.place import Place

VARIABLE = "RUNLORE_LEASE"
_PATIENCE = 30.0
_LEAST = 1.0

Wish = Literal["go on", "stop", "give up"]


def patience() -> float:
    """Seconds without a sign of life after which the queue gives an attempt up: ``$RUNLORE_LEASE``, else 30."""
    try:
        return max(float(os.environ.get(VARIABLE, "")), _LEAST)
    except ValueError:
        return _PATIENCE


class Heartbeat:
    """Renews the right of one attempt, on the machine that carries it out.

    It is over when another attempt counts, or when nothing could be read and written for half of the time after
    which the queue gives up: so an attempt that was cut off has ended before another one begins, whatever the
    machines' clocks say; each measures with its own. Then ``kill`` is called, from a thread that waits for nothing
    and touches no file: the storage may be what hangs.

    Args:
        place: the attempt's.
        seconds: after which the queue gives up, the same there and here.
        kill: ends the attempt's processes; may be called again and again.
    """

    def __init__(self, place: Place, seconds: float, kill: Callable[[], object]) -> None:
        self._place = place
        self._limit = seconds / 2
        self._kill = kill
        self._wish: Wish = "go on"
        self._renewed = time.monotonic()
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to renew, in threads that end with ``stop``."""
        for task in (self._renew, self._watch):
            threading.Thread(target=task, name=f"runlore heartbeat {task.__name__}", daemon=True).start()

    def stop(self) -> None:
        """The attempt has ended."""
        self._ended.set()

    @property
    def wish(self) -> Wish:
        """What the queue wants of the attempt. Once it is to give up, nothing that it does counts any more."""
        return self._wish

    def _renew(self) -> None:
        beat = 0
        while not self._ended.is_set():
            asked, beat = time.monotonic(), beat + 1
            try:
                found = tenure.read(self._place.home, self._place.attempt.run_id)
                if found.token != self._place.attempt.token:
                    self._wish = "give up"
                    return
                if found.stop and self._wish == "go on":
                    self._wish = "stop"
                self._place.heartbeat.write_bytes(str(beat).encode())
                self._renewed = asked  # the time before: what was read may be as old as that
            except (OSError, JournalFormatError):
                pass  # it is tried again; for how long, the other thread knows
            self._ended.wait(min(1.0, self._limit / 8))

    def _watch(self) -> None:
        while not self._ended.wait(min(0.2, self._limit / 8)):
            if time.monotonic() - self._renewed > self._limit:
                self._wish = "give up"
            if self._wish == "give up":
                self._kill()
