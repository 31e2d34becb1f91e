"""Reading curve files into arrays."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from runlore.curve import HEADER, RECORD_SIZE, SENTINEL, open_curve

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
    """An open curve file, as a context manager; an absent one has no records.

    Read, not mapped: the writer cuts the file when it closes, and a map of what was cut kills its process.

    Raises:
        JournalFormatError: the file is no curve file, or a later version's.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._file = open_curve(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def inode(self) -> int:
        """Tells the file from one that takes its place later; 0 for an absent one."""
        return os.fstat(self._file.fileno()).st_ino if self._file is not None else 0

    def value(self, index: int, name: str) -> float:
        """One field of one record that was written; faster than ``read`` where a few are looked up."""
        if self._file is None:
            raise IndexError(index)
        offset = len(HEADER) + index * RECORD_SIZE + _OFFSETS[name]
        (found,) = _FORMATS[name].unpack(os.pread(self._file.fileno(), 8, offset))
        return float(found)

    def read(self, start: int = 0, limit: int = -1) -> Slots:
        """The records from number ``start`` on, at most ``limit`` of them."""
        records = np.empty(0, POINT)
        if self._file is not None:
            self._file.seek(len(HEADER) + start * RECORD_SIZE)
            records = np.fromfile(self._file, POINT, limit)
        written: npt.NDArray[np.bool_] = records["value"].view("<u8") != _UNWRITTEN
        if written.all():
            return Slots(records, len(records), len(records))
        return Slots(records[written], int(written.argmin()), len(records))


def read_points(path: Path) -> Points:
    """All points of a curve; none for a file that is absent or has no point yet.

    Raises:
        JournalFormatError: the file is no curve file, or a later version's.
        OSError: it cannot be read.
    """
    with CurveFile(path) as file:
        return file.read().points
