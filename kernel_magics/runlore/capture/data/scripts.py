"""Python files that other processes read: code of the run that no import in the kernel tells of."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from runlore.capture.data.directories import Touched
from runlore.capture.data.kin import Kin
from runlore.capture.data.ledger import Ledger
from runlore.capture.data.notices import CLOSED, MOVED_IN, OPENED, WRITTEN
from runlore.capture.usercode import is_users

ENDS = (".py", ".pyc")


class Scripts:
    """Enters into the ledger which of them were read, and by which cell they were written.

    What the kernel itself reads is none of its business: a replay imports modules as they were. Where the system
    does not say who reads, that is what the kernel did not open in the same cell.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kin = Kin()
        self._opened: set[str] = set()

    def begin(self) -> None:
        """A cell begins."""
        self._opened = set()
        self._kin.forget()

    def opening(self, path: str) -> None:
        """The kernel is about to open such a file, by an absolute path."""
        self._opened.add(path)

    def waits(self, touched: Touched) -> bool:
        """Whether it may be another process that touched this, and it is not known yet."""
        source = source_of(touched.path)
        if source is None or not is_users(source):
            return False
        if touched.own and touched.pids != {None}:
            return False
        if None in touched.pids and touched.path in self._opened:
            return False
        return not self._ledger.knows(source) or bool(touched.what & (WRITTEN | MOVED_IN))

    def enter(self, touched: Touched, started: Callable[[], bool]) -> None:
        """Enter what was touched if a process of the user's did it.

        ``started`` says whether the user's code has started some: believed of those that are gone, or unknown.
        """
        source = source_of(touched.path)
        if source is None or not self._are_users(touched, started):
            return
        read = OPENED
        if touched.what & (WRITTEN | MOVED_IN) and source == touched.path:
            self._ledger.writing_script(source)
            read = CLOSED  # else it was opened to be written only
        if touched.what & read:
            self._ledger.reading_script(source, touched.by)

    def _are_users(self, touched: Touched, started: Callable[[], bool]) -> bool:
        for pid in touched.pids:
            kin = None if pid is None else self._kin.has(pid)
            if kin or (kin is None and started()):
                return True
        return False


def source_of(path: str) -> str | None:
    """The Python file whose code is read from ``path``, itself or its compiled form; ``None`` of other files."""
    if not path.endswith(ENDS):
        return None
    if path.endswith(".py"):
        return path
    try:
        return importlib.util.source_from_cache(path)
    except (ValueError, NotImplementedError):
        return None
