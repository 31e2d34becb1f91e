"""Writing curve files: through a mapping where that is safe, with plain writes elsewhere.

A store into a mapping costs less than half of a write. But it has no way to fail except SIGBUS, and on network
file systems others see it late or never; ``filesystems.py`` says where each is used.
"""

from __future__ import annotations

import errno
import itertools
import mmap
import os
import struct
import sys
import threading
import time as clock
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Union

from runlore.curve import HEADER, RECORD, RECORD_SIZE, UNWRITTEN
from runlore.filesystems import Room, room_of

Append = Callable[[int, float, float], None]
"""Takes step, time in Unix seconds and value of a point."""

_WORD = 8
RECORD_WORDS = RECORD_SIZE // _WORD
_HEADER_WORDS = len(HEADER) // _WORD
_FIRST_CHUNK = 170  # about a page, so that a thousand short metrics stay small
_LARGEST_CHUNK = 43_690  # a MiB
_OPEN = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NEW = os.O_CREAT | os.O_EXCL
_SHARE = 8
"""One in so many of the process's file descriptors is a curve's; a mapped curve takes two."""
_FEWEST_HELD, _MOST_HELD = 16, 4096
_FLUSHED_EVERY = 1.0
"""Seconds after which a network file system is asked to pass on what it holds back, at the least."""
_FLUSHED_SHARE = 20
"""How many times as long as it took the last time until it is asked again."""


class CurveWriter:
    """Appends points to one curve file, through a mapping; safe to call from several threads of one process.

    Args:
        path: the file.
        continues: the file is there, and its writer was closed; it is a new one otherwise.

    Attributes:
        places: the first word of the next point; each caller, whichever thread, draws one of its own.
        points: the step and the first word of the next point that is logged without a step, drawn at once.
        end: where the room of the file ends; ``reserve`` a place from there on before use.
        steps, times, values: the file as words, from such places on that a point has one index in all of them.
            Stored in this order, one by one: ``struct.pack_into`` writes zeros first, and a kill leaves them.

    Raises:
        OSError: the file cannot be created, mapped or, from ``append``, grow (a full disk).
        ValueError: from ``append``, the step does not fit into 64 bits, or the writer was closed.
    """

    def __init__(self, path: Path, *, continues: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._fd = os.open(path, _OPEN if continues else _OPEN | _NEW, 0o600)
        self._closed = False
        try:
            written = _whole_records(self._fd) if continues else 0
            if not continues and os.pwrite(self._fd, HEADER, 0) < len(HEADER):
                raise _no_space(path)
            self.end = _HEADER_WORDS + written * RECORD_WORDS
            self.places = itertools.count(self.end, RECORD_WORDS)
            self.count(itertools.count())
            self._grow()
        except BaseException:
            os.close(self._fd)
            if not continues:
                path.unlink()
            raise
        _holding.add(self)

    def append(self, step: int, time: float, value: float) -> None:
        """Append one point. When this returns, the point survives a SIGKILL of this process."""
        self.put(next(self.places), step, time, value)  # atomic: one place a caller, whichever thread

    def put(self, word: int, step: int, time: float, value: float) -> None:
        """Store one point at a place that was drawn for it; raises as ``append`` does."""
        if word >= self.end:
            self.reserve(word)
        self.steps[word] = step
        self.times[word] = time
        self.values[word] = value

    def count(self, steps: Iterator[int]) -> None:
        """Take the steps of ``points`` from there."""
        self.points = zip(steps, self.places)  # noqa: B905 - neither ends

    def close(self) -> None:
        """Cut the unused tail off; further calls do nothing."""
        with self._lock:
            if self._closed:
                return
            self._let_go()
            try:
                os.ftruncate(self._fd, min(next(self.places), self.end) * _WORD)
            finally:
                os.close(self._fd)

    def abandon(self) -> None:
        """Close without touching the file: in a forked process, it is still the parent's."""
        if not self._closed:  # without the lock, which a thread that is not here may have held at the fork
            self._let_go()
            os.close(self._fd)

    def _let_go(self) -> None:
        self._closed = True
        _holding.discard(self)
        for view in (self.steps, self.times, self.values):
            view.release()

    def reserve(self, word: int) -> None:
        """Make room for the point at this place; raises as ``append`` does."""
        with self._lock:
            while word >= self.end:
                if self._closed:
                    raise ValueError("the curve was closed")
                self._grow()

    def _grow(self) -> None:
        # Written, not truncated to size: a full disk must be an OSError here, not a SIGBUS at the next store.
        start = self.end * _WORD
        pattern = memoryview(UNWRITTEN * min(max(start // RECORD_SIZE, _FIRST_CHUNK), _LARGEST_CHUNK))
        done = 0
        while done < len(pattern):
            try:
                done += os.pwrite(self._fd, pattern[done:], start + done)
            except OSError:
                if done < RECORD_SIZE:
                    os.ftruncate(self._fd, start)
                    raise
                break  # the last of the disk is used too
        records = done // RECORD_SIZE
        # The views keep the mapping; it goes when the last thread that still writes through them is done.
        try:
            mapping = memoryview(mmap.mmap(self._fd, start + records * RECORD_SIZE))
        except OSError:
            os.ftruncate(self._fd, start)
            raise
        self.steps = mapping.cast("q")
        self.times, self.values = mapping[_WORD:].cast("d"), mapping[2 * _WORD :].cast("d")
        self.end += records * RECORD_WORDS


class PlainCurveWriter:
    """Appends points as ``CurveWriter`` does, with a write each.

    Args:
        path: the file.
        continues: the file is there; it is a new one otherwise.
        flushes: once in a while ask the file system to pass on what it was given, because it is another machine's.

    Raises:
        OSError: the file cannot be created or, from ``append``, cannot be written or passed on.
        ValueError: from ``append``, the step does not fit into 64 bits, or the writer was closed.
    """

    def __init__(self, path: Path, *, continues: bool = False, flushes: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._flushes = flushes
        self._flushed = clock.monotonic()
        self._wait = _FLUSHED_EVERY
        self._closed = False
        self._fd: int | None = None
        self._keeps = len(_holding) < _most_held()
        if self._keeps:
            _holding.add(self)
        try:
            if not continues:
                self._write(HEADER, _NEW)
        except OSError:
            self.abandon()
            raise

    def append(self, step: int, time: float, value: float) -> None:
        """Append one point. When this returns, the point survives a SIGKILL of this process."""
        try:
            record = RECORD.pack(step, time, value)
        except struct.error as error:
            raise ValueError(str(error)) from None
        with self._lock:
            if self._closed:
                raise ValueError("the curve was closed")
            self._write(record, 0)

    def close(self) -> None:
        """Pass on what is held back; further calls do nothing."""
        with self._lock:
            fd = self._fd
            try:
                if self._flushes and fd is not None:
                    os.fsync(fd)
            finally:
                self.abandon()

    def abandon(self) -> None:
        """Close without touching the file: in a forked process, it is still the parent's."""
        self._closed = True
        _holding.discard(self)
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _write(self, content: bytes, flags: int) -> None:
        file = self._fd
        if file is None:
            file = os.open(self.path, _OPEN | os.O_APPEND | flags, 0o600)
            if self._keeps:
                self._fd = file
        try:
            done = os.write(file, content)
            if done < len(content):  # a full disk must not leave half a point in front of the next one
                os.ftruncate(file, os.fstat(file).st_size - done)
                raise _no_space(self.path)
            if self._flushes and self._fd is not None and clock.monotonic() > self._flushed + self._wait:
                self._flush(file)
        finally:
            if self._fd is None:
                os.close(file)

    def _flush(self, file: int) -> None:
        start = clock.monotonic()
        try:
            os.fsync(file)
        finally:
            self._flushed = clock.monotonic()
            self._wait = max(_FLUSHED_EVERY, _FLUSHED_SHARE * (self._flushed - start))


Writer = Union[CurveWriter, PlainCurveWriter]

_holding: weakref.WeakSet[Writer] = weakref.WeakSet()
"""The writers of this process that hold a file open."""


def curve_writer(path: Path, *, continues: bool = False) -> Writer:
    """The writer of a curve for where it lies: a mapped one, unless that is unsafe or very many are open already.

    A mapping is written in the machine's byte order, so big-endian machines do without.

    Args:
        path: the file.
        continues: the file is there, and its writer was closed; it is a new one otherwise.

    Raises:
        OSError: the file cannot be created or opened.
    """
    room = room_of(path.parent)
    mappable = sys.byteorder == "little" and hasattr(os, "pwrite")
    if mappable and room is Room.MAPPED and len(_holding) < _most_held():
        try:
            return CurveWriter(path, continues=continues)
        except OSError as error:
            if error.errno not in _NO_MAPPING:
                raise
    return PlainCurveWriter(path, continues=continues, flushes=room is Room.REMOTE)


_NO_MAPPING = {errno.ENODEV, errno.EINVAL, errno.EPERM, errno.ENOMEM, errno.ENOSYS, errno.EOPNOTSUPP}
"""What a system says that maps no files here, or no more of them."""


def _most_held() -> int:
    try:
        import resource
    except ImportError:
        return 128
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _MOST_HELD if most < 0 else min(max(most // _SHARE, _FEWEST_HELD), _MOST_HELD)


def _whole_records(fd: int) -> int:
    return max(os.fstat(fd).st_size - len(HEADER), 0) // RECORD_SIZE


def _no_space(path: Path) -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
