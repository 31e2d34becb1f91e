"""Writing what a session records, and what to do where that fails: recording never stops the user's code."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeVar

from runlore import events as ev
from runlore.home import Home
from runlore.journal import JournalWriter
from runlore.objects import ObjectStore
from runlore.warner import Warner

T = TypeVar("T")

_OF_RUNS = (ev.MetricStarted, ev.ParamsLogged, ev.TagsSet, ev.NoteAdded, ev.ArtifactLogged, ev.NotCaptured)
"""What a forked process may say, about runs that were open at the fork."""

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_MOST_WAITING = 10_000
"""Events that wait for room on a full disk."""


class Recorder:
    """Writes one session's journal and objects.

    What it cannot write it warns of once and does without; events wait until there is room again, objects do not.
    Processes that the kernel forks write to the same journal, and of runs alone: see ``forked``.
    """

    def __init__(self, home: Home, session_id: str) -> None:
        self.home = home
        self.objects = ObjectStore(home.objects)
        self.session_id = session_id
        self._journal: JournalWriter | None = None
        self._waiting: deque[ev.AnyEvent] = deque()
        self._in_order = threading.RLock()
        self._warner = Warner()
        self._pid = os.getpid()
        self._worker: int | None = None
        self._inherited: frozenset[str] = frozenset()
        try:
            home.path.mkdir(parents=True, exist_ok=True, mode=0o700)  # as a parent it would be open to everybody
            home.session(session_id).mkdir(parents=True, mode=0o700)
            self._journal = JournalWriter(home.events(session_id))
        except OSError as error:
            self.cannot_write("this session", error)

    def records(self, run_id: str | None) -> bool:
        """Whether this process may write about a run, or about the session (``None``)."""
        if self._journal is None:
            return False
        pid = os.getpid()
        return pid == self._pid or (pid == self._worker and run_id in self._inherited)

    def append(self, event: ev.AnyEvent) -> None:
        """Write an event; do nothing without a journal, and in a forked process for what is not of an open run."""
        about = event.run_id if isinstance(event, _OF_RUNS) else None
        if self.records(about):
            try:
                self.write(event)
            except OSError as error:
                if error.errno in _NO_ROOM and len(self._waiting) < _MOST_WAITING:
                    self._waiting.append(event)
                self.cannot_write("the journal", error)

    def write(self, event: ev.AnyEvent) -> None:
        """Write an event, after those that wait for room.

        Raises:
            OSError: it could not be written.
        """
        if self._journal is None:
            return
        if self._waiting:
            with self._in_order:
                while self._waiting:
                    self._journal.append(self._waiting[0])
                    self._waiting.popleft()
        self._journal.append(event)

    def store(self, write: Callable[[], T], run_id: str | None = None) -> T | None:
        """The result of a write to the home, or ``None`` when it could not be made (which is then said)."""
        if not self.records(run_id):
            return None
        try:
            return write()
        except OSError as error:
            self.cannot_write("an object", error, run_id)
            return None

    def cannot_write(self, what: str, error: OSError, run_id: str | None = None) -> None:
        """Say once that recording fails, and note it in the journal if that still works."""
        where = error.filename or self.home.path
        self.warn(
            f"cannot record {what}: {error.strerror or error} ({where}). Your code runs on unrecorded; "
            "free space there, or set RUNLORE_HOME to a writable directory.",
            key=f"errno {error.errno}",
        )
        if what != "the journal":
            self.not_captured(what, str(error.strerror or error), run_id)

    def not_captured(self, what: str, why: str, run_id: str | None = None) -> None:
        """Write down what the record lacks."""
        self.append(ev.NotCaptured(time=time.time(), what=what, why=why, run_id=run_id))

    def explain_silence(self) -> None:
        """Say once why a point was not recorded, where that was not said already."""
        if self._pid != os.getpid():
            self.warn(
                "a run that a forked process starts is not recorded; start it before the fork, and log to it."
            )

    def warn(self, text: str, key: str | None = None) -> None:
        """Warn the user, once for each ``key``."""
        self._warner.warn(text, key or text)

    def share(self) -> None:
        """A process is about to be forked that may write to the journal too."""
        if self._journal is not None:
            self._journal.share()

    def forked(self, open_runs: Iterable[str]) -> None:
        """This is a forked process now, which may write about these runs; what waits, its parent will write."""
        inherited = frozenset(open_runs)
        self._inherited = inherited if self._worker is None else inherited & self._inherited
        self._worker = os.getpid()
        self._waiting.clear()
        self._in_order = threading.RLock()
        if self._journal is not None:
            self._journal.forked()
