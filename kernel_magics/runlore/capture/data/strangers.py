"""What was opened past Python: by libraries in this process, and by other processes."""

from __future__ import annotations

from functools import cache

import psutil

from runlore.capture import errands
from runlore.capture.data.directories import DirectoryWatch, Touched
from runlore.capture.data.identity import sign
from runlore.capture.data.ledger import Ledger
from runlore.capture.data.notices import CLOSED, CREATED, MOVED_IN, OPENED, WRITTEN
from runlore.capture.data.scope import Scope
from runlore.capture.data.scripts import Scripts

_MADE = CREATED | WRITTEN | MOVED_IN


class Strangers:
    """Enters into the ledger what only the watch of directories saw.

    What other processes open counts while the user has started some. A file that a library opened to change it in
    place is entered as written only: nothing tells that from its being written anew.
    """

    def __init__(self, scope: Scope, ledger: Ledger) -> None:
        self._scope = scope
        self._ledger = ledger
        self._started = False
        self.scripts = Scripts(ledger)
        self.watch = DirectoryWatch(scope, self._noticed, ledger.knows)

    def begin(self) -> None:
        """A cell begins."""
        self._started = False
        self.scripts.begin()

    def process_started(self) -> None:
        """The user's code starts a process."""
        self._started = True

    def conclude(self) -> None:
        """Enter everything that happened since the last call."""
        foreign, scripts = [], []
        for touched in self.watch.take():
            if self.scripts.waits(touched):
                scripts.append(touched)
            elif touched.own:
                self._enter(touched)
            elif self._scope.is_data(touched.path) and not _is_errand(touched):
                foreign.append(touched)
        if not foreign and not scripts:
            return
        started = cache(lambda: self._started or _has_children())
        for touched in scripts:
            self.scripts.enter(touched, started)
        for touched in foreign if foreign and started() else ():
            touched.by += ", another process"
            self._enter(touched)

    def _noticed(self, touched: Touched) -> None:
        # In the background, soon after it happened: if it was read, look at it before it changes.
        if self.scripts.waits(touched):
            self.scripts.enter(touched, lambda: self._started)
        elif touched.own and touched.what & OPENED and not touched.what & _MADE:
            self._enter_read(touched)

    def _enter(self, touched: Touched) -> None:
        path, what = touched.path, touched.what
        if self._ledger.wrote(path) or not self._scope.is_data(path):
            return
        if what & _MADE:
            signature = sign(path)
            if signature is None:
                return
            if self._ledger.changed_meanwhile(signature):
                if what & CLOSED and not what & (CREATED | MOVED_IN) and not self._ledger.knows(path):
                    self._ledger.read(path, signature, touched.by, "read and overwritten in one cell")
                self._ledger.writing(path, touched.by)
                return
        if what & OPENED:  # what is closed only was opened in an earlier cell
            self._enter_read(touched)

    def _enter_read(self, touched: Touched) -> None:
        path = touched.path
        if self._ledger.knows(path) or not self._scope.is_data(path):
            return
        signature = sign(path)
        if signature is not None and not self._ledger.read_inode(signature):
            self._ledger.read(path, signature, touched.by)


def _is_errand(touched: Touched) -> bool:
    """Whether only processes of Runlore's own did it."""
    return all(pid is not None and errands.is_one(pid) for pid in touched.pids)


def _has_children() -> bool:
    try:
        # Runlore itself asks git now and then.
        return any(child.name() != "git" for child in psutil.Process().children(recursive=True))
    except psutil.Error:
        return False
