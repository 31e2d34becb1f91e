"""Curve files: every point of one metric of one run, appended as it is logged.

Layout, little-endian: a header of 24 bytes (8 bytes magic, u32 version, 12 bytes zero), then records of
24 bytes: step i64, time f64 (Unix seconds), value f64. The file is mapped and grows in chunks. The fields of
records not yet written hold a sentinel, a signalling NaN that arithmetic never produces, and the value is
the last field to be written, in one store of eight bytes (``struct`` would clear them first): a record is
there exactly when its value is. So a SIGKILL at any moment loses nothing that ``append`` returned from, and
leaves nothing half-written that a reader would take for a point. The writer cuts the unused tail off when it
closes. ``curve_writer.py`` writes; this is the format and how it is read.

A reader that copies the file while it is written may meet a value without its step, half a number, or a record
without those before it, because it came too early for them. So it asks first how far the file is settled, and
reads again what it has seen of the rest: what was stored before something that has been seen is there then. Where
threads leave holes behind that, the sentinel in place of a step or time tells what to read again.
"""

from __future__ import annotations

import os
import re
import struct
from bisect import bisect_left
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from blake3 import blake3

from runlore.errors import JournalFormatError
from runlore.untrusted import open_regular

if TYPE_CHECKING:
    from runlore.archive import Archived

MAGIC = b"RUNLORE\x00"
VERSION = 1
HEADER = struct.pack("<8sI12x", MAGIC, VERSION)
RECORD_SIZE = 24
SENTINEL = struct.pack("<Q", 0x7FF4_524C_4E4F_4E45)
RECORD = struct.Struct("<qdd")
UNWRITTEN = SENTINEL * 3
_LONGEST_NAME = 200
_LARGEST = 1 << 32
"""Bytes of a curve that are still read: 178 million points."""
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
"""Names that Windows has for something else, with any ending."""


def file_name(metric: str, process: str = "") -> str:
    """The file of a metric's points that one process logs: the name, percent-encoded.

    What file systems would not keep apart or not take is told by a hash: names that differ in case alone, and very
    long ones. ``!``, which no encoded name contains, goes before what is added.

    Args:
        metric: its name.
        process: which forked process of the kernel logs it (see ``events.MetricStarted``), if it is one.
    """
    encoded = quote(metric, safe=" =+-_,()[]@")
    if len(encoded) > _LONGEST_NAME or encoded.startswith("."):
        encoded = "blake3-" + blake3(metric.encode()).hexdigest()[:32]
    elif metric != metric.lower():
        encoded += "!" + blake3(metric.encode()).hexdigest()[:8]
    elif _DEVICE.match(encoded):
        encoded = f"%{ord(encoded[0]):X}{encoded[1:]}"
    return f"{encoded}!{process}.curve" if process else f"{encoded}.curve"


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

    A torn tail and slots that were reserved and never filled are left out. Where the file is gone they come from
    the archive beside it; without that it is an empty curve: its metric was announced and the kernel died before
    the first point.

    Raises:
        JournalFormatError, OSError: see ``open_curve`` and ``archive.archived``.
        PackageMissing: they are in an archive, and pyarrow is not installed.
    """
    file = open_curve(path)
    if file is None:
        found = _archived(path)
        return found.records() if found is not None else b""
    with file:
        before = settled(file)
        body = read_again(file, 0, capacity(file))[: capacity(file) * RECORD_SIZE]
        whole = min(_whole_prefix(body), before * RECORD_SIZE)
        head, rest = body[:whole], body[whole:]
        if rest == UNWRITTEN * (len(rest) // RECORD_SIZE):
            return head
        values = [rest[at + 16 : at + 24] for at in range(0, len(rest), RECORD_SIZE)]
        seen = max((index for index, value in enumerate(values, 1) if value != SENTINEL), default=0)
        return head + _written(file, whole // RECORD_SIZE, seen)


def _written(file: BinaryIO, first: int, count: int) -> bytes:
    """The written ones of these records, the last of which was seen before.

    Threads fill their slots in any order, so unwritten ones may precede written ones still.
    """
    content = read_again(file, first, count)
    found = []
    for index in range(count):
        record = content[index * RECORD_SIZE : (index + 1) * RECORD_SIZE]
        if record[16:] != SENTINEL:
            found.append(read_again(file, first + index) if SENTINEL in (record[:8], record[8:16]) else record)
    return b"".join(found)


def settled(file: BinaryIO, first: int = 0) -> int:
    """The number of the record from which on one may be written meanwhile; to be asked before reading.

    Args:
        file: the curve file.
        first: the number of a record before which nobody will read.
    """
    count = capacity(file)
    if first >= count or is_written(file, count - 1):
        return count
    return first + bisect_left(range(first, count), True, key=lambda index: not is_written(file, index))


def is_written(file: BinaryIO, index: int) -> bool:
    """Whether the file has this record."""
    value = os.pread(file.fileno(), len(SENTINEL), len(HEADER) + (index + 1) * RECORD_SIZE - len(SENTINEL))
    return len(value) == len(SENTINEL) and value != SENTINEL and index < capacity(file)


def capacity(file: BinaryIO) -> int:
    """Whole records that the file has room for, to be asked after reading.

    A writer that closes cuts off what it has not used, and who reads at that moment finds zeros there.
    """
    return max(os.fstat(file.fileno()).st_size - len(HEADER), 0) // RECORD_SIZE


def read_again(file: BinaryIO, first: int, count: int = 1) -> bytes:
    """Some records, with all that was stored before what has been seen of them or of one behind them."""
    # Not by the file's own buffer, which may be older than what was seen.
    content, at = b"", len(HEADER) + first * RECORD_SIZE
    while len(content) < count * RECORD_SIZE and (
        part := os.pread(file.fileno(), count * RECORD_SIZE - len(content), at + len(content))
    ):
        content += part
    return content[: len(content) // RECORD_SIZE * RECORD_SIZE]


def last_point(path: Path) -> tuple[int, float, float] | None:
    """The last complete record as ``(step, time, value)``; ``None`` for an empty or absent curve.

    Raises:
        JournalFormatError, OSError: see ``read_records``; of an archive, its index is enough.
    """
    if not os.path.lexists(path):
        found = _archived(path)
        return found.curve.last_point if found is not None else None
    records = read_records(path)
    return RECORD.unpack_from(records, len(records) - RECORD_SIZE) if records else None


def _archived(path: Path) -> Archived | None:
    from runlore.archive import archived  # here: a kernel that only writes curves does without

    return archived(path)


def points(records: bytes) -> list[tuple[int, float, float]]:
    """The records as ``(step, time, value)`` tuples."""
    return list(RECORD.iter_unpack(records))


def _whole_prefix(body: bytes) -> int:
    """How many bytes from the start hold records that are written and were read as a whole."""
    at = body.find(SENTINEL)
    while at >= 0 and at % len(SENTINEL):
        at = body.find(SENTINEL, at + 1)  # the same eight bytes across two fields: not a sentinel
    return len(body) if at < 0 else at - at % RECORD_SIZE
