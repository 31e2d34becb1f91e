"""The jobs that come next, prepared and booted while others are at work."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import msgspec
from msgspec.structs import replace

from runlore.errors import RunloreError
from runlore.home import Home
from runlore.record import RunRecord
from runlore_server.queue.request import Request
from runlore_server.queue.row import Row
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.prepare import prepare_as_asked
from runlore_server.rerun.warm import WarmRunners

_log = logging.getLogger(__name__)


_OPEN: dict[str, Any] = {"parameters": {}, "reseed": None, "resume_from": None}
"""What a request may say otherwise once its turn has come: nothing that a kernel is started with."""


class _Expected(msgspec.Struct):
    """What comes next: what was asked when its folder was prepared, and whether that has been done."""

    request: Request
    prepared: bool = False


class Ahead:
    """Prepares and boots jobs in a thread of its own, and takes that back where their turn does not come.

    Only those without devices are taken: what variables such a kernel gets is known before its turn.

    Args:
        home: where the reruns are recorded.
        find: finds an original by its id.
        warm: boots them.
        size: how many at a time.
    """

    def __init__(self, home: Home, find: Callable[[str], RunRecord], warm: WarmRunners, size: int) -> None:
        self._home, self._find, self._warm, self._size = home, find, warm, size
        self._lock = threading.RLock()
        self._expected: dict[str, _Expected] = {}
        self._refused: set[str] = set()
        self._thread: threading.Thread | None = None
        self._closed = False

    def expect(self, coming: Mapping[str, Request]) -> None:
        """These are next, the most urgent first; what was expected and is not among them is taken back."""
        with self._lock:
            suitable = (run_id for run_id, request in coming.items() if not request.gpus)
            kept = list(islice((run_id for run_id in suitable if run_id not in self._refused), self._size))
            if self._closed or kept == list(self._expected):
                return
            for run_id in self._expected.keys() - set(kept):
                self._take_back(run_id)
            known = self._expected
            self._expected = {run_id: known.get(run_id) or _Expected(coming[run_id]) for run_id in kept}
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._prepare, name="runlore ahead", daemon=True)
                self._thread.start()

    def prepared(self, row: Row) -> Folder | None:
        """The folder of a job whose turn has come, if it was prepared; it is no longer expected.

        Raises:
            RunloreError, OSError: it cannot be prepared as it is asked for now.
        """
        with self._lock:
            expected = self._expected.pop(row.run_id, None)
            self._refused.discard(row.run_id)
            if expected is None or not expected.prepared:
                return None
            folder = self._folder(row.run_id)
            if expected.request == row.request:
                return folder
            if replace(expected.request, **_OPEN) != replace(row.request, **_OPEN):
                self._warm.drop(folder)
                return None
            try:
                return self._prepared(row.run_id, row.request)
            except BaseException:
                self._warm.drop(folder)
                raise

    def close(self) -> None:
        """Take everything back."""
        with self._lock:
            self._closed = True
            for run_id in list(self._expected):
                self._take_back(run_id)
            self._expected.clear()
        self._warm.close()

    def _prepare(self) -> None:
        while True:
            with self._lock:
                waiting = [run_id for run_id, one in self._expected.items() if not one.prepared]
                if not waiting or self._closed:
                    self._thread = None
                    return
                run_id, expected = waiting[0], self._expected[waiting[0]]
                try:
                    expected.prepared = True
                    self._warm.boot(self._prepared(run_id, expected.request))
                except (RunloreError, OSError) as error:  # which is told when its turn has come
                    _log.debug("rerun %s is not prepared ahead: %s", run_id, error)
                    self._refused.add(run_id)
                    self._take_back(run_id)
                    del self._expected[run_id]

    def _prepared(self, run_id: str, request: Request) -> Folder:
        return prepare_as_asked(self._home, self._find(request.run_id), request, run_id, find=self._find)

    def _take_back(self, run_id: str) -> None:
        self._warm.drop(self._folder(run_id))
        if self._expected[run_id].prepared:
            shutil.rmtree(self._folder(run_id).path, ignore_errors=True)

    def _folder(self, run_id: str) -> Folder:
        return Folder(self._home.rerun(run_id))
