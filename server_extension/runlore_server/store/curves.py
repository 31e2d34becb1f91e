"""Reading curves into arrays, from their files or from the archive that took their place."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt

from runlore.archive import archived
from runlore.curve import HEADER, RECORD_SIZE, SENTINEL, capacity, open_curve, read_again, settled

if TYPE_CHECKING:
    from typing_extensions import Self

POINT = np.dtype([("step", "<i8"), ("time", "<f8"), ("value", "<f8")])
"""One logged point; ``time`` is in Unix seconds."""

Points = npt.NDArray[np.void]
"""Points in the order in which they were logged: a one-dimensional array of ``POINT``."""

_OFFSETS = {"step": 0, "time": 8, "value": 16}
_FORMATS = {"step": struct.Struct("<q"), "time": struct.Struct("<d"), "value": struct.Struct("<d")}
_UNWRITTEN = int.from_bytes(SENTINEL, "little")


@dataclass(frozen=True)
class Slots:
    """A row of records, written or not.

    Attributes:
        points: the written ones.
        settled: how many are written before the first that is not.
        length: all of them.
    """

    points: Points
    settled: int
    length: int

    @property
    def has_hole(self) -> bool:
        """Whether a thread has yet to fill a record before others that are written."""
        return len(self.points) > self.settled


class CurveFile:
    """An open curve file, as a context manager; where it is absent, the curve in the archive beside it.

    A curve that is in neither has no records. Read, not mapped: the writer cuts the file when it closes, and a map
    of what was cut kills its process.

    Raises:
        JournalFormatError: the file is no curve file, or a later version's; so with the archive.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._file = open_curve(path)
        self._archived = archived(path) if self._file is None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def inode(self) -> int:
        """Tells the file from one that takes its place later; 0 where there is none."""
        if self._archived is not None:
            return self._archived.archive.identity[0]
        return os.fstat(self._file.fileno()).st_ino if self._file is not None else 0

    def value(self, index: int, name: str) -> float:
        """One field of one record that was written; faster than ``read`` where a few are looked up."""
        if self._file is None:
            return float(self.read(index, 1).points[name][0])
        offset = len(HEADER) + index * RECORD_SIZE + _OFFSETS[name]
        (found,) = _FORMATS[name].unpack(os.pread(self._file.fileno(), 8, offset))
        return float(found)

    def read(self, start: int = 0, limit: int = -1) -> Slots:
        """The records from number ``start`` on, at most ``limit`` of them.

        Raises:
            JournalFormatError, PackageMissing, OSError: see ``Archived.records``.
        """
        records = np.empty(0, POINT)
        if self._archived is not None:
            records = np.frombuffer(self._archived.records(start, limit), POINT)
            return Slots(records, len(records), len(records))
        ready = 0
        if self._file is not None:
            ready = max(settled(self._file, start) - start, 0)
            self._file.seek(len(HEADER) + start * RECORD_SIZE)
            records = np.fromfile(self._file, POINT, limit)
            records = records[: max(capacity(self._file) - start, 0)]
        blank = records.view("<u8") == _UNWRITTEN
        whole = min(int(blank.argmax()) // len(_OFFSETS) if blank.any() else len(records), ready)
        if self._file is None or whole == len(records):
            return Slots(records, len(records), len(records))
        behind = np.flatnonzero(_written(records[whole:]))
        if not len(behind):
            return Slots(records[:whole], whole, len(records))
        # They came while this was reading: what was stored before the last of them is there now.
        again = self._again(self._file, start + whole, int(behind[-1]) + 1)
        written = _written(again)
        without_hole = len(again) if written.all() else int(written.argmin())
        return Slots(np.concatenate((records[:whole], again[written])), whole + without_hole, len(records))

    def _again(self, file: BinaryIO, start: int, count: int) -> Points:
        again: Points = np.frombuffer(read_again(file, start, count), POINT).copy()
        fields = again.view("<u8").reshape(-1, len(_OFFSETS)) == _UNWRITTEN
        for index in np.flatnonzero(fields[:, :2].any(axis=1) & ~fields[:, 2]):
            again[index] = np.frombuffer(read_again(file, start + int(index)), POINT)[0]
        return again


def _written(records: Points) -> npt.NDArray[np.bool_]:
    written: npt.NDArray[np.bool_] = records["value"].view("<u8") != _UNWRITTEN
    return written


def read_points(path: Path) -> Points:
    """All points of a curve; none where it has no point yet, or is neither in a file nor in an archive.

    Raises:
        JournalFormatError: the file is no curve file, or a later version's.
        OSError: it cannot be read.
    """
    with CurveFile(path) as file:
        return file.read().points
