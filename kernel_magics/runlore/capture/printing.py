"""What a tracked cell prints while it runs, for whoever looks before the journal has it.

A reader of the journal learns what a cell showed when it has ended. Until then its text lies in a file of the
session (see ``runlore.live_output``), on which nothing depends: a thread of its own writes it, twice a second at
the most, no more than a million characters, and it is gone when the cell ends. Replays have none: their runner
hears them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from runlore.capture import audit
from runlore.live_output import FILE, LiveWriter

if TYPE_CHECKING:
    from runlore.session import Session

_PACE = 0.5
"""Seconds before what was printed is written; cells that end sooner leave no trace on the disk."""

Texts = Iterable[tuple[str, str]]
"""Names of streams, and what was printed there."""


class LivePrinting:
    """Takes the text of the running cell; no method but ``close`` waits for the disk."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._writer = LiveWriter(session.home.session(session.session_id) / FILE)
        self._pid = os.getpid()
        self._ordinal: int | None = None
        self._texts: list[tuple[str, str]] = []
        self._anew = False
        self._waits = self._closed = False
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, ordinal: int, name: str, text: str, before: Callable[[], Texts]) -> None:
        """A cell prints this, and printed ``before`` already; without an open run nothing is taken."""
        if self._ordinal == ordinal:
            self._tell([(name, text)])
        elif self._session.active_run is not None and self._session.plan is None:
            self._ordinal = ordinal
            self._tell([*before(), (name, text)], anew=True)

    def cleared(self) -> None:
        """The cell took back what it had printed."""
        if self._ordinal is not None:
            self._tell([], anew=True)

    def ended(self) -> None:
        """The cell has ended."""
        if self._ordinal is not None:
            self._ordinal = None
            self._tell([], anew=True)

    def close(self) -> None:
        """The session ends: leave nothing behind."""
        if self._thread is not None and os.getpid() == self._pid:
            with self._writing:
                self._closed = True
                self._writer.end()

    def _tell(self, texts: list[tuple[str, str]], *, anew: bool = False) -> None:
        with self._changed:
            if anew:
                self._texts = []
            self._texts += texts
            self._anew |= anew
            self._waits = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="runlore-printing", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        audit.mute_thread()
        while True:
            with self._changed:
                while not self._waits:
                    self._changed.wait()
            time.sleep(_PACE)
            with self._writing:
                if self._closed:
                    return
                with self._changed:
                    ordinal, texts, anew = self._ordinal, self._texts, self._anew
                    self._texts, self._anew, self._waits = [], False, False
                self._write(ordinal, texts, anew=anew)

    def _write(self, ordinal: int | None, texts: Texts, *, anew: bool) -> None:
        if ordinal is None:
            self._writer.end()
            return
        if anew:
            self._writer.begin(ordinal)
        for name, together in groupby(texts, key=lambda one: one[0]):
            self._writer.add(name, "".join(text for _, text in together))
