"""The background work on what was opened: hashing it, finding its other identities, writing it down."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, NamedTuple

from runlore import events as ev
from runlore.capture import audit
from runlore.capture.data.accesses import Read, Written
from runlore.capture.data.entries import Entries
from runlore.capture.data.identity import Identity, StatCache, identify

if TYPE_CHECKING:
    from runlore.session import Session

CACHE = "data-cache.sqlite"
"""In the home: digests of files that were hashed before."""

_MOST_WAITING = 100_000
_MOST_SETTLED = 20_000
_PATIENCE = 3.0
"""Seconds that the end of a session waits at the most: a kernel is killed soon after it was asked to end."""

_LONG = 30.0
"""Seconds after which what a cell has read is written down although it goes on."""

_BREATH = 0.004
"""Seconds for which the work pauses after every few files as long as a cell runs, not to slow it down."""

_FEW = 32
_CHUNK = 2**20
_QUICK = 256 * 2**20
"""Bytes that the user waits for to be hashed, before they are overwritten."""


class CellEnd(NamedTuple):
    """Everything that cell ``ordinal`` opened has been handed in; ``writes`` by path."""

    ordinal: int | None
    writes: dict[str, Written]


class Clerk:
    """Takes what was opened and appends events to the journal once the contents are known."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._entries = Entries(session, self._content)
        self._queue: queue.SimpleQueue[Read | CellEnd | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._cache: StatCache | None = None
        self._settled: list[Read] = []
        self._oldest = 0.0
        self._lost = 0
        self._hurry = threading.Event()
        self.waiting: dict[str, Read] = {}
        """Reads by path whose content is not known yet."""
        self.busy = False
        """Whether a cell runs."""
        self.hashing: Callable[[Sequence[str]], AbstractContextManager[None]] = lambda _: nullcontext()
        """Entered with the paths of files while they are hashed."""

    # -- in the user's threads -----------------------------------------------------------------------------

    def take(self, read: Read) -> None:
        """A file was opened for reading."""
        if len(self.waiting) >= _MOST_WAITING:
            self._lost += 1
            return
        self.waiting[read.path] = read
        self._put(read)

    def end_cell(self, ordinal: int | None, writes: dict[str, Written]) -> None:
        """A cell has ended, which wrote these files."""
        self._put(CellEnd(ordinal, writes))

    def settle(self, path: str) -> None:
        """Hash this file now, if it was read and is not hashed yet: it is about to be overwritten."""
        read = self.waiting.get(path)
        if read is None or read.signature is None or read.signature.size > _QUICK:
            return
        with self.hashing([path]):
            self._know(read, identify(path, read.signature))

    def _put(self, item: Read | CellEnd) -> None:
        self._queue.put(item)
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="runlore-data", daemon=True)
                    self._thread.start()

    def _know(self, read: Read, identity: Identity) -> None:
        with self._lock:
            if read.identity is None:
                read.identity = identity
            if self.waiting.get(read.path) is read:
                del self.waiting[read.path]

    def close(self) -> None:
        """Finish; what cannot be hashed in a few seconds is written down without its digest."""
        if self._thread is None:
            return
        self._queue.put(None)
        self._thread.join(_PATIENCE)
        self._hurry.set()
        self._thread.join(_PATIENCE / 3)

    # -- in the background ---------------------------------------------------------------------------------

    def _work(self) -> None:
        audit.mute_thread()
        self._cache = StatCache(self._session.home.path / CACHE)
        going = True
        while going:
            try:
                item = self._queue.get(timeout=_LONG if self._settled else None)
                if isinstance(item, Read):
                    item = self._hash(item)
                if item is None:
                    going = False
                elif isinstance(item, CellEnd):
                    self._conclude(item)
                if self._settled and (
                    len(self._settled) >= _MOST_SETTLED or time.monotonic() - self._oldest > _LONG
                ):
                    self._write_early()
            except queue.Empty:
                self._write_early()
            except Exception as error:  # noqa: BLE001 - one odd file must not end the work on all others
                self._session.not_captured("data", f"{type(error).__name__}: {error}")
        self._conclude(CellEnd(None, {}))
        self._cache.close()

    def _hash(self, first: Read) -> Read | CellEnd | None:
        """Hash a file and some of those that wait behind it; what came next that is none, or the first again."""
        reads = [first]
        after: Read | CellEnd | None = first
        if self.busy:
            time.sleep(_BREATH)
        while len(reads) < _FEW:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                break
            if not isinstance(item, Read):
                after = item
                break
            reads.append(item)
        with self.hashing([read.path for read in reads if read.ask is None]):
            for read in reads:
                if read.ask is not None and not self._hurry.is_set():
                    read.ask()
                    read.ask = None
                self._know(read, read.identity or identify(read.path, read.signature, self._cache, self._hurry))
                read.signature = None
        if not self._settled:
            self._oldest = time.monotonic()
        self._settled += reads
        return after

    def _content(self, path: str) -> Iterator[bytes]:
        with self.hashing([path]), open(path, "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def _conclude(self, end: CellEnd) -> None:
        mine = [read for read in self._settled if read.ordinal == end.ordinal]
        self._settled = [read for read in self._settled if read.ordinal != end.ordinal]
        for read in mine:
            if read.fresh:
                read.why = "made while this cell ran, by what was not seen"
        self._entries.add_reads(end.ordinal, [r for r in mine if not (r.fresh and r.path in end.writes)])
        unknown = [written for written in end.writes.values() if written.identity is None]
        for start in range(0, len(unknown), _FEW):
            some = unknown[start : start + _FEW]
            with self.hashing([written.path for written in some]):
                for written in some:
                    written.identity = identify(written.path, written.signature, self._cache, self._hurry)
        self._entries.add_writes(end.ordinal, list(end.writes.values()))
        if end.ordinal is not None:
            self._session.append(ev.DataRecorded(time=time.time(), ordinal=end.ordinal))
        if self._lost:
            lost, self._lost = self._lost, 0
            self._session.not_captured("data", f"{lost} files were opened faster than they could be hashed")
        if self._cache is not None:
            self._cache.flush()

    def _write_early(self) -> None:
        """Write down what no later event can change, for the memory's sake and in case the kernel is killed."""
        done = [read for read in self._settled if not read.fresh]
        self._settled = [read for read in self._settled if read.fresh]
        self._oldest = time.monotonic()
        for ordinal in {read.ordinal for read in done}:
            self._entries.add_reads(ordinal, [read for read in done if read.ordinal == ordinal])
