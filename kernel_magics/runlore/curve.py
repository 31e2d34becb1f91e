"""Curve files: every point of one metric of one run, appended as it is logged.

Layout, little-endian: a header of 24 bytes (8 bytes magic, u32 version, 12 bytes zero), then records of
24 bytes: step i64, time f64 (Unix seconds), value f64. The file is mapped and grows in chunks. The values of
records not yet written hold a sentinel, a signalling NaN that arithmetic never produces, and the value is
the last field to be written, in one store of eight bytes (``struct`` would clear them first): a record is
there exactly when its value is. So a SIGKILL at any moment loses nothing that ``append`` returned from, and
leaves nothing half-written that a reader would take for a point. The writer cuts the unused tail off when it
closes.
"""

from __future__ import annotations

import errno
import itertools
import mmap
import os
import struct
import sys
import threading
import weakref
from pathlib import Path
from typing import BinaryIO, ClassVar
from urllib.parse import quote

from blake3 import blake3

from runlore.errors import JournalFormatError
from runlore.untrusted import open_regular

MAGIC = b"RUNLORE\x00"
VERSION = 1
HEADER = struct.pack("<8sI12x", MAGIC, VERSION)
RECORD_SIZE = 24
SENTINEL = struct.pack("<Q", 0x7FF4_524C_4E4F_4E45)
_RECORD = struct.Struct("<qdd")
_UNWRITTEN = bytes(RECORD_SIZE - len(SENTINEL)) + SENTINEL
_HEADER_WORDS, _RECORD_WORDS = len(HEADER) // 8, RECORD_SIZE // 8
_FIRST_CHUNK = 170  # about a page, so that a thousand short metrics stay small
_LARGEST_CHUNK = 43_690  # a MiB
_LONGEST_NAME = 200
_LARGEST = 1 << 32
"""Bytes of a curve that are still read: 178 million points."""
_MOST_MAPPED = 128
"""Curves mapped at a time. Each takes two file descriptors, of which a process often has no more than 1,024."""


def file_name(metric: str) -> str:
    """The file for a metric: its name percent-encoded, hashed when that would be too long for a file."""
    encoded = quote(metric, safe=" =+-_,()[]@")
    if len(encoded) > _LONGEST_NAME or encoded.startswith("."):
        encoded = "blake3-" + blake3(metric.encode()).hexdigest()[:32]
    return f"{encoded}.curve"


class CurveWriter:
    """Appends points to one curve file; safe to call from several threads of one process.

    Raises:
        OSError: the file cannot be created or, from ``append``, cannot grow (a full disk).
        ValueError: from ``append``, the step does not fit into 64 bits, or the writer was closed.
    """

    open_ones: ClassVar[weakref.WeakSet[CurveWriter]] = weakref.WeakSet()
    """The writers of this process that have not been closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._capacity = 0
        self._next = itertools.count()
        self._closed = False
        try:
            os.write(self._fd, HEADER)
            self._grow(_FIRST_CHUNK)
        except OSError:
            os.close(self._fd)
            raise
        self.open_ones.add(self)

    def append(self, step: int, time: float, value: float) -> None:
        """Append one point. When this returns, the point survives a SIGKILL of this process."""
        index = next(self._next)  # atomic: one slot a caller, whichever thread
        if index >= self._capacity:
            self._reserve(index)
        word = _HEADER_WORDS + index * _RECORD_WORDS
        self._integers[word] = step
        floats = self._floats
        floats[word + 1] = time
        floats[word + 2] = value

    def close(self) -> None:
        """Cut the unused tail off; further calls do nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self.open_ones.discard(self)
            self._integers.release()
            self._floats.release()
            os.ftruncate(self._fd, len(HEADER) + min(next(self._next), self._capacity) * RECORD_SIZE)
            os.close(self._fd)

    def _reserve(self, index: int) -> None:
        with self._lock:
            while index >= self._capacity:
                self._grow(min(self._capacity, _LARGEST_CHUNK))

    def _grow(self, records: int) -> None:
        # Written, not truncated to size: a full disk must be an OSError here, not a SIGBUS at the next store.
        start = len(HEADER) + self._capacity * RECORD_SIZE
        pattern = memoryview(_UNWRITTEN * records)
        done = 0
        while done < len(pattern):
            done += os.pwrite(self._fd, pattern[done:], start + done)
        # The views keep the mapping; it goes when the last thread that still writes through them is done.
        mapping = memoryview(mmap.mmap(self._fd, start + len(pattern)))
        self._integers, self._floats = mapping.cast("q"), mapping.cast("d")
        self._capacity += records


class UnmappedCurveWriter:
    """Appends points as ``CurveWriter`` does, slower, but holds no file open between two points.

    Raises:
        OSError: the file cannot be created or, from ``append``, cannot be written.
        ValueError: from ``append``, the step does not fit into 64 bits.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._write(HEADER, os.O_CREAT | os.O_EXCL)

    def append(self, step: int, time: float, value: float) -> None:
        """Append one point. When this returns, the point survives a SIGKILL of this process."""
        try:
            record = _RECORD.pack(step, time, value)
        except struct.error as error:
            raise ValueError(str(error)) from None
        self._write(record, 0)

    def close(self) -> None:
        """Nothing is open."""

    def _write(self, content: bytes, flags: int) -> None:
        with self._lock:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | flags, 0o600)
            try:
                done = os.write(file, content)
                if done < len(content):  # a full disk must not leave half a point in front of the next one
                    os.ftruncate(file, os.fstat(file).st_size - done)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
            finally:
                os.close(file)


def curve_writer(path: Path) -> CurveWriter | UnmappedCurveWriter:
    """A writer for a new curve: a mapped one unless very many are open already.

    A mapping is written in the machine's byte order, so big-endian machines do without.

    Raises:
        OSError: the file cannot be created.
    """
    mapped = sys.byteorder == "little" and len(CurveWriter.open_ones) < _MOST_MAPPED
    return CurveWriter(path) if mapped else UnmappedCurveWriter(path)


def open_curve(path: Path) -> BinaryIO | None:
    """A curve file, open at its first record; ``None`` where it is absent or has not got its header yet.

    Raises:
        JournalFormatError: it is no curve file, a later version's, or has far more points than anybody logs.
        OSError: it cannot be read, or is no file.
    """
    try:
        file = open_regular(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        content = file.read(len(HEADER))
        if len(content) == len(HEADER):
            _check_header(content, path.name)
            if (size := os.fstat(file.fileno()).st_size) > _LARGEST:
                raise JournalFormatError(f"{path.name} has {size} bytes, more than can be read: {_LARGEST}")
            return file
    except BaseException:
        file.close()
        raise
    file.close()
    return None


def _check_header(content: bytes, name: str) -> None:
    magic, version = struct.unpack_from("<8sI", content)
    if magic != MAGIC:
        raise JournalFormatError(f"{name} is no Runlore curve file")
    if version > VERSION:
        raise JournalFormatError(f"{name} has curve format {version}; upgrade Runlore to read it")


def read_records(path: Path) -> bytes:
    """All complete records of a curve file, as the bytes of ``step, time, value`` triples, in written order.

    A torn tail and slots that were reserved and never filled are left out. An absent file is an empty curve:
    its metric was announced and the kernel died before the first point.

    Raises:
        JournalFormatError, OSError: see ``open_curve``.
    """
    file = open_curve(path)
    if file is None:
        return b""
    with file:
        content = file.read()
    body = content[: len(content) // RECORD_SIZE * RECORD_SIZE]
    written = _written_prefix(body)
    head, rest = body[:written], body[written:]
    if rest == _UNWRITTEN * (len(rest) // RECORD_SIZE):
        return head
    # Threads fill their slots in any order, so unwritten ones may precede written ones.
    late = (rest[at : at + RECORD_SIZE] for at in range(0, len(rest), RECORD_SIZE))
    return head + b"".join(record for record in late if record[16:] != SENTINEL)


def last_point(path: Path) -> tuple[int, float, float] | None:
    """The last complete record as ``(step, time, value)``; ``None`` for an empty or absent curve."""
    records = read_records(path)
    return _RECORD.unpack_from(records, len(records) - RECORD_SIZE) if records else None


def points(records: bytes) -> list[tuple[int, float, float]]:
    """The records as ``(step, time, value)`` tuples."""
    return list(_RECORD.iter_unpack(records))


def _written_prefix(body: bytes) -> int:
    """How many bytes from the start hold written records without a hole."""
    at = body.find(SENTINEL)
    while at >= 0 and at % RECORD_SIZE != RECORD_SIZE - len(SENTINEL):
        at = body.find(SENTINEL, at + 1)  # the same eight bytes across two fields: not a sentinel
    return len(body) if at < 0 else at - at % RECORD_SIZE
