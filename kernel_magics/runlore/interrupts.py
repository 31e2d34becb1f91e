"""Whether SIGINT reached this process while a cell ran, also where the cell's code caught what it raised.

And how it is kept from the work around a cell, which must be done whole.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator

_UNSET = -1


@contextlib.contextmanager
def held_off() -> Iterator[list[int]]:
    """Let no interrupt stop what is done meanwhile; those that came are in the list that this gives.

    IPython would tell the user of an error in a hook of ours, and go on with the cell, half recorded.
    """
    came: list[int] = []
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield came  # ignored anyway, nothing of Python's, or not for this thread
        return
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)


class InterruptWatch:
    """Listens between ``arm`` and ``disarm`` on Python's wakeup descriptor; handlers stay as they are.

    Where somebody else uses that descriptor, as an event loop with signal handlers does, nothing is known.
    """

    def __init__(self) -> None:
        self._reader: socket.socket | None = None
        self._writer: socket.socket | None = None
        self._armed = False
        self._is_unread = False
        """Whether something may have arrived since it was last looked."""

        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

    def arm(self) -> None:
        """Begin to listen."""
        self._armed = False
        if threading.current_thread() is not threading.main_thread():
            return
        if self._reader is None or self._writer is None:
            self._reader, self._writer = socket.socketpair()
            self._reader.setblocking(False)
            self._writer.setblocking(False)
        if self._is_unread:
            self._came()
        self._is_unread = True
        before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        if before in (_UNSET, self._writer.fileno()):  # nobody's, or left from a cell whose end was never seen
            self._armed = True
        else:
            signal.set_wakeup_fd(before)

    def disarm(self) -> bool | None:
        """Stop listening; say whether SIGINT came, ``None`` where that is not known."""
        if not self._armed or self._writer is None:
            return None
        self._armed = False
        if threading.current_thread() is not threading.main_thread():
            return None
        now = signal.set_wakeup_fd(_UNSET)
        came = self._came()
        if now != self._writer.fileno():  # the code has put its own in place
            if now != _UNSET:
                signal.set_wakeup_fd(now)
            return came or None
        return came

    def _came(self) -> bool:
        """Whether SIGINT is among what arrived; takes it all away."""
        found = b""
        try:
            while self._reader is not None and (more := self._reader.recv(4096)):
                found += more
        except BlockingIOError:
            self._is_unread = False
        return signal.SIGINT in found

    def _forked(self) -> None:
        # A worker's signals are its own.
        if self._armed:
            self._armed = False
            with contextlib.suppress(ValueError):
                signal.set_wakeup_fd(_UNSET)
