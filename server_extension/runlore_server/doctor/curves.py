"""The curves of a run: its ``.curve`` files."""

from __future__ import annotations

import os
import struct
import sys
from array import array
from pathlib import Path
from typing import BinaryIO

from runlore.curve import HEADER, RECORD_SIZE, SENTINEL, open_curve
from runlore.errors import JournalFormatError
from runlore.record import RunRecord
from runlore_server.doctor.checkup import LATER_FORMAT, UNREADABLE, Checkup, is_later
from runlore_server.doctor.findings import Kind

MISSING = Kind(
    "curve-missing",
    "error",
    "curves that are announced and absent",
    "No point of these metrics is here.",
    "Where the run was exported, they are fetched from MLflow when they are next shown; else restore the files.",
)
NO_POINT = Kind(
    "curve-without-point",
    "note",
    "curves of killed kernels that never got a point",
    "The kernel died between the announcement and the first point.",
    "Nothing needs to be repaired.",
)
NO_CURVE = Kind(
    "no-curve",
    "error",
    "curve files that are none",
    "They cannot be read; the points of these metrics are lost.",
    "Nothing can; restore the files from a backup, if there is one.",
)
UNANNOUNCED = Kind(
    "curve-unannounced",
    "warning",
    "curve files that their journal does not name",
    "Their points are there, but no run shows them: the line that named them is lost.",
    "Restore the journal from a backup, if there is one; the files stay as they are.",
)
HOLES = Kind(
    "curve-holes",
    "note",
    "curves with places that were never filled",
    "A thread was stopped between taking a place and writing its point; readers leave such places out.",
    "Nothing needs to be repaired.",
)
TORN = Kind(
    "curve-torn",
    "note",
    "curve files that end within a point",
    "Their kernels were stopped while they wrote it; readers leave it out.",
    "Nothing needs to be repaired.",
)
CUT = Kind(
    "curve-cut",
    "error",
    "curve files that were cut off after their run had ended",
    "Their last points are lost; the others are there.",
    "Where the run was exported, MLflow has its curves; else restore the files from a backup.",
)
LATE = Kind(
    "points-after-end",
    "note",
    "curves with points from after their run's end",
    "They were logged with a time of their own, or the clock was set back.",
    "Nothing needs to be repaired.",
)

WHOLE = 4 << 20
"""Bytes of a curve that is read whole even without ``deep``; of a longer one its beginning and its end are."""

_CHUNK = RECORD_SIZE << 15
_SLACK = 60.0
"""Seconds after a run's end in which its points may still come."""

_UNWRITTEN = int.from_bytes(SENTINEL, sys.byteorder)


def check(checkup: Checkup, run: RunRecord, *, ended: bool, archived: frozenset[str]) -> None:
    """Check the curve files of a run.

    Args:
        run: the run.
        ended: whether nothing more is written to them.
        archived: the names of files whose points are in the run's archive as well.
    """
    there = _names(checkup, run.directory)
    for path in run.curves.values():
        checkup.seen["curves"] += 1
        if path.name in there:
            _check_file(checkup, run, path, ended)
        elif ended and path.name not in archived:
            checkup.add(NO_POINT if run.status == "killed" else MISSING, path)
    for name in sorted(there - {path.name for path in run.curves.values()}):
        if ended:
            checkup.add(UNANNOUNCED, run.directory / name)


def read_whole(checkup: Checkup, run: RunRecord) -> bool:
    """Whether all curves of the run are read whole by this checkup."""
    return checkup.deep or all(_size(path) <= WHOLE for path in run.curves.values())


def _size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _names(checkup: Checkup, directory: Path) -> set[str]:
    try:
        return {path.name for path in directory.iterdir() if path.name.endswith(".curve")}
    except FileNotFoundError:
        return set()
    except OSError as error:
        checkup.add(UNREADABLE, directory, error.strerror or str(error))
        return set()


def _check_file(checkup: Checkup, run: RunRecord, path: Path, ended: bool) -> None:
    try:
        file = open_curve(path)
        if file is None:
            if ended:
                checkup.add(NO_POINT, path)
            return
        with file:
            size = os.fstat(file.fileno()).st_size
            holes = _holes(file, size, whole=checkup.deep or size <= WHOLE)
            last = _last_time(file, size)
    except JournalFormatError as error:
        checkup.add(LATER_FORMAT if is_later(error) else NO_CURVE, path, str(error))
        return
    except OSError as error:
        checkup.add(UNREADABLE, path, error.strerror or str(error))
        return
    if not ended:
        return
    if torn := (size - len(HEADER)) % RECORD_SIZE:
        checkup.add(TORN if run.status == "killed" else CUT, path, f"{torn} bytes at its end")
    if holes:
        checkup.add(HOLES, path, f"{holes} places")
    end = None if run.duration is None else run.started + run.duration + _SLACK
    if end is not None and last is not None and last > end:
        checkup.add(LATE, path)


def _holes(file: BinaryIO, size: int, *, whole: bool) -> int:
    """Places that were never filled, in front of one that was."""
    holes = pending = 0
    start, parts = len(HEADER), [(len(HEADER), size)]
    if not whole:
        end = start + (size - start) // RECORD_SIZE * RECORD_SIZE
        parts = [(start, start + _CHUNK), (end - _CHUNK, end)]
    for begin, end in parts:
        file.seek(begin)
        left = end - begin
        while left > 0 and (content := file.read(min(_CHUNK, left))):
            left -= len(content)
            words = array("Q", content[: len(content) // RECORD_SIZE * RECORD_SIZE])
            values = words[2::3]
            unwritten = values.count(_UNWRITTEN)
            if unwritten == len(values):
                pending += unwritten
                continue
            tail = 0
            while values[-1 - tail] == _UNWRITTEN:
                tail += 1
            holes += pending + unwritten - tail
            pending = tail
    return holes


def _last_time(file: BinaryIO, size: int) -> float | None:
    """When the last point of the last chunk was logged."""
    count = (size - len(HEADER)) // RECORD_SIZE
    first = max(0, count - _CHUNK // RECORD_SIZE)
    file.seek(len(HEADER) + first * RECORD_SIZE)
    content = file.read((count - first) * RECORD_SIZE)
    for at in range(len(content) - RECORD_SIZE, -1, -RECORD_SIZE):
        if content[at + 16 : at + RECORD_SIZE] != SENTINEL:
            (found,) = struct.unpack_from("<d", content, at + 8)
            return float(found)
    return None
