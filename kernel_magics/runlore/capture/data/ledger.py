"""What the running cell has opened so far, put together from all watchers."""

from __future__ import annotations

import os
import time

from runlore.capture.data.accesses import Read, Written
from runlore.capture.data.clerk import Clerk
from runlore.capture.data.identity import Identity, Signature, sign

TICK = 10_000_000
"""Nanoseconds by which a file's times may lag behind the clock."""

_SMALL_DATABASE = 16 * 2**20
"""Bytes; up to that a database is hashed before it is used: SQLite writes unseen."""


class Ledger:
    """One page a cell: what it read, what it wrote; handed to the clerk at its end.

    Reading what the same cell has made is left out: it is made again whenever the cell runs.
    """

    def __init__(self, clerk: Clerk) -> None:
        self._clerk = clerk
        self._ordinal: int | None = None
        self._began = self._first = time.time_ns()
        self._spans: list[tuple[int, int, int]] = []
        """Begin, end and ordinal of each cell, times in nanoseconds."""
        self._seen: set[int] = set()
        """Hashes of the paths that were read: of 100,000 paths nothing else is kept."""
        self._inodes: set[tuple[int, int]] = set()
        self._writes: dict[str, Written] = {}
        self._writers: dict[tuple[int, int], tuple[int | None, Signature, str]] = {}
        self._script_writers: dict[str, int | None] = {}
        """The last cell to write each Python file, by path."""
        self._removed: set[str] = set()
        """Paths that the cell deleted, of files that it had not made."""
        self._databases: dict[str, Signature | None] = {}
        self.problem: str | None = None
        """What could not be entered, since it was last asked for."""

    def begin(self, ordinal: int) -> None:
        """What comes next, this cell opens."""
        self._ordinal, self._began = ordinal, time.time_ns()
        self._clerk.busy = True

    def end(self) -> None:
        """The cell is over; what comes next belongs to none."""
        if self._ordinal is not None:
            self._spans.append((self._began, time.time_ns(), self._ordinal))
        self._ordinal, self._began = None, time.time_ns()
        self._clerk.busy = False

    def changed_meanwhile(self, signature: Signature) -> bool:
        """Whether a file changed since the cell began."""
        return signature.ctime >= self._began - TICK

    def knows(self, path: str) -> bool:
        """Whether the cell is known to have opened this path."""
        return hash(path) in self._seen or path in self._writes

    def wrote(self, path: str) -> bool:
        """Whether the cell is known to have opened this path for writing."""
        return path in self._writes

    def read_inode(self, signature: Signature) -> bool:
        """Whether the cell is known to have read this file, by whatever name."""
        return signature[:2] in self._inodes

    def reading(self, path: str, by: str) -> None:
        """A file that may exist is about to be read, by an absolute path."""
        if by == "sqlite3":
            self._databases.setdefault(path, sign(path))
        if not self.knows(path) and (signature := sign(path)) is not None:
            self.read(path, signature, by)

    def read(self, path: str, signature: Signature, by: str, doubt: str | None = None) -> None:
        """A file was read that looked like this; ``doubt`` says why its content then cannot be known."""
        self._seen.add(hash(path))
        self._inodes.add(signature[:2])
        read = Read(self._ordinal, path, signature, by)
        if signature[:2] in self._writers or signature.ctime >= self._first - TICK:
            self._find_writer(read, signature)
        if by == "sqlite3" and (log := sign(path + "-wal")) is not None and log.size:
            doubt = "part of it lies in a write-ahead log"
        if doubt is not None:
            read.identity = Identity(None, signature.size, doubt)
        self._clerk.take(read)
        if by == "sqlite3" and signature.size <= _SMALL_DATABASE:
            self._clerk.settle(path)

    def _find_writer(self, read: Read, signature: Signature) -> None:
        written = self._writers.get(signature[:2])
        if written is not None and written[1] == signature:
            read.writer = written[0]
        elif written is not None and written[2] == read.path and written[0] is not None:
            read.writer, read.why = written[0], f"changed after cell {written[0]} wrote it"
        elif self.changed_meanwhile(signature):
            read.fresh = self._ordinal is not None
        else:
            for began, ended, ordinal in reversed(self._spans):
                if signature.ctime >= ended:
                    break
                if signature.ctime >= began:
                    read.why = f"made while cell {ordinal} ran, by what was not seen"
                    break

    def reading_script(self, path: str, by: str) -> None:
        """Another process has read a Python file, by an absolute path."""
        if not self.knows(path) and (signature := sign(path)) is not None:
            self._seen.add(hash(path))
            read = Read(self._ordinal, path, signature, by)
            read.script, read.writer = True, self._script_writers.get(path)
            self._clerk.take(read)

    def writing_script(self, path: str) -> None:
        """A Python file is written, by an absolute path; what it held may have been read before."""
        self._clerk.settle(path)
        self._script_writers[path] = self._ordinal

    def read_remote(self, read: Read) -> None:
        """An object of a store was read; nothing of it is on this machine."""
        if not self.knows(read.path):
            self._seen.add(hash(read.path))
            read.ordinal = self._ordinal
            self._clerk.take(read)

    def writing(self, path: str, by: str, *, ahead: bool = False) -> None:
        """A file is written, by an absolute path; what it held may have been read before.

        ``ahead`` says that this is told right before it is opened.
        """
        if path in self._clerk.waiting:
            self._clerk.settle(path)
        if path not in self._writes:
            written = self._writes[path] = Written(path, None, by)
            if ahead:
                written.new = self._lacks(path)

    def _lacks(self, path: str) -> bool:
        return path not in self._removed and not os.path.lexists(path)

    def write_remote(self, written: Written) -> None:
        """An object of a store is being written."""
        self._writes.setdefault(written.path, written)

    def moving(self, source: str, target: str) -> None:
        """A file or directory is about to get another name."""
        self._clerk.settle(source)
        self._clerk.settle(target)
        lacked = self._lacks(target)
        below = source + os.sep
        for path in [path for path in self._writes if path == source or path.startswith(below)]:
            moved = self._writes.pop(path)
            moved.path = target + path[len(source) :]
            moved.new = lacked
            self._writes[moved.path] = moved
        if target not in self._writes:
            self._writes[target] = Written(target, None, "open")
            self._writes[target].new = lacked

    def removing(self, path: str) -> None:
        """A file is about to be deleted."""
        self._clerk.settle(path)
        if self._writes.pop(path, None) is None and os.path.lexists(path):
            self._removed.add(path)

    def conclude(self) -> bool:
        """Hand over what was opened since the last call; whether it was anything. Written is what did change."""
        self._removed.clear()
        if self._databases:
            self._look_at_databases()
        if not self._writes and not self._seen:
            return False
        writes, self._writes = self._writes, {}
        written = {}
        for path, access in writes.items():
            if access.identity is None:
                signature = sign(path)
                if signature is None or not self.changed_meanwhile(signature):
                    continue
                access.signature = signature
                self._writers[signature[:2]] = (self._ordinal, signature, path)
            written[path] = access
        self._seen = set()
        self._inodes = set()
        self._clerk.end_cell(self._ordinal, written)
        return True

    def _look_at_databases(self) -> None:
        # SQLite writes, unseen, through a connection that an earlier cell may have opened.
        for path, known in list(self._databases.items()):
            signature = sign(path)
            if signature != known:
                self._databases[path] = signature
                if signature is not None and path not in self._writes:
                    self._writes[path] = Written(path, None, "sqlite3")
