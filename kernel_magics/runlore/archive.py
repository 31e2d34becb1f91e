"""The archive of a run's curves: one Parquet file beside the curve files, and in their place once they are gone.

Columns ``metric`` (text), ``step`` (int64), ``time`` and ``value`` (float64); rows in logged order, metric by
metric. Times that are whole multiples of 2**-22 seconds, as a clock's are from 2004 to 2038, are written as their
number (int64), which packs into half the bytes. The key ``runlore`` of the file's metadata holds an ``Index`` as
JSON: which rows are which metric's, and each curve in a few numbers, known without reading a page.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

import msgspec
from blake3 import blake3

from runlore.errors import JournalFormatError, PackageMissing
from runlore.parquet import DOUBLE, INT64, TEXT, Layout, check_pages, read_layout
from runlore.untrusted import from_json, open_regular

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from runlore.record import RunRecord

FILE = "curves.parquet"
FORMAT = 1
KEY = b"runlore"
TICKS = 1 << 22
"""In a second, where times are whole numbers."""

_MOST_POINTS = (1 << 32) // 24  # as of a curve file
_LONGEST_SCHEMA = 1 << 14
_COLUMNS = ("metric", TEXT), ("step", INT64), ("time", INT64), ("value", DOUBLE)
_FLOAT_TIMES = (*_COLUMNS[:2], ("time", DOUBLE), _COLUMNS[3])
_READ = ("step", "time", "value")
_CHUNK = 1 << 17
_HELD = 64
"""Archives whose index is kept in memory."""
_GROUPS_HELD = 4
"""Row groups kept unpacked, of some 3 MB each: neighbours in a row group are often read one after the other."""

Number = float | Literal["NaN", "Infinity", "-Infinity"]
Identity = tuple[int, int, int]
"""Tells an archive from one that takes its place: inode, size, time of change."""


class ArchiveReplaced(OSError):
    """Another archive took the place of the one that was being read."""


class ArchivedCurve(msgspec.Struct, frozen=True):
    """One curve of an archive.

    ``rows`` rows from ``first`` on are its points; ``digest`` is the BLAKE3 of these as records of a curve file,
    ``size`` how many bytes that file had, ``None`` where there was none. ``last``, ``step`` and ``time`` (Unix
    seconds) are those of the last point, ``None`` without any; ``min`` and ``max`` are over finite values.
    """

    metric: str
    file: str
    first: int
    rows: int
    digest: str
    size: int | None = None
    last: Number | None = None
    step: int | None = None
    time: Number | None = None
    min: float | None = None
    max: float | None = None

    @property
    def last_point(self) -> tuple[int, float, float] | None:
        """Step, time and value of the last point."""
        if self.step is None or self.time is None or self.last is None:
            return None
        return self.step, float(self.time), float(self.last)


class LeftOut(msgspec.Struct, frozen=True):
    """A metric that is not in the archive: its file, of ``size`` bytes, is no curve file, or there is none."""

    metric: str
    file: str
    size: int | None
    why: str


class Index(msgspec.Struct, frozen=True):
    """What is in an archive."""

    curves: list[ArchivedCurve]
    left_out: list[LeftOut] = []
    format: int = FORMAT


class _Format(msgspec.Struct):
    format: int


class Archive:
    """An archive whose structure was found to be sound; immutable, and not open between two reads.

    Attributes:
        index: what is in it.
        curves: the same by the name of the curve file.
        identity: tells it from one that takes its place.
    """

    def __init__(self, path: Path, identity: Identity, layout: Layout, index: Index) -> None:
        self.path = path
        self.identity = identity
        self.index = index
        self.curves = {curve.file: curve for curve in index.curves}
        self.layout = layout
        self._starts = [0]
        for group in layout.groups:
            self._starts.append(self._starts[-1] + group.rows)

    @classmethod
    def beside(cls, path: Path) -> Archive | None:
        """The archive in the folder of a curve file; ``None`` without one.

        Raises:
            JournalFormatError: it is none, damaged, or a later version's.
            OSError: it cannot be read.
        """
        return cls.open(path.with_name(FILE))

    @classmethod
    def open(cls, path: Path) -> Archive | None:
        """The archive at ``path``; ``None`` where there is nothing. Raises what ``beside`` does."""
        try:
            stat = os.stat(path)
            return _opened(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def records(self, curve: ArchivedCurve, start: int = 0, limit: int = -1) -> bytes:
        """Points of a curve from number ``start`` on, at most ``limit``, as the bytes of records of a curve file.

        Raises:
            JournalFormatError: the archive is damaged.
            PackageMissing: pyarrow is not installed.
            OSError: it cannot be read, or another one has taken its place.
        """
        first = curve.first + min(start, curve.rows)
        end = curve.first + (curve.rows if limit < 0 else min(start + limit, curve.rows))
        parts = []
        for number, at in enumerate(self._starts[:-1]):
            if first < self._starts[number + 1] and at < end:
                parts.append(_group(self, number)[max(first - at, 0) : max(end - at, 0)].tobytes())
        return b"".join(parts)

    def verify(self) -> None:
        """Read all of it, and find each curve to have the digest in the index.

        Raises:
            JournalFormatError: one has another.
            PackageMissing, OSError: as ``records``.
        """
        for curve in self.index.curves:
            digest, at = blake3(), 0
            while part := self.records(curve, at, _CHUNK):
                digest.update(part)
                at += _CHUNK
            if digest.hexdigest() != curve.digest:
                raise JournalFormatError(f"the archive of curves is damaged at metric {curve.metric!r}")

    def read_group(self, number: int) -> npt.NDArray[np.void]:
        """The points of a row group. Raises what ``records`` does."""
        try:
            import numpy as np
            from pyarrow import ArrowException
            from pyarrow.parquet import ParquetFile
        except ImportError:
            raise PackageMissing("pyarrow", "reads the archived curves of runs") from None
        group = self.layout.groups[number]
        points: npt.NDArray[np.void] = np.empty(group.rows, [("step", "<i8"), ("time", "<f8"), ("value", "<f8")])
        with open_regular(self.path) as file:
            if _identity(file) != self.identity:
                raise ArchiveReplaced(errno.ESTALE, "it was replaced while it was read", str(self.path))
            try:
                check_pages(file, group, [place for place, (name, _) in enumerate(_COLUMNS) if name in _READ])
                table = ParquetFile(file, pre_buffer=False).read_row_group(
                    number, columns=list(_READ), use_threads=False
                )
                for name in _READ:
                    column = table.column(name).to_numpy()
                    points[name] = column / TICKS if name == "time" and column.dtype.kind == "i" else column
            except (ValueError, ArrowException, OSError) as error:
                if getattr(error, "errno", None) is not None:
                    raise
                raise JournalFormatError(f"{self.path.name} is damaged: {error}") from error
        return points


@dataclass(frozen=True)
class Archived:
    """A curve whose file is gone, in the archive beside it."""

    archive: Archive
    curve: ArchivedCurve

    def records(self, start: int = 0, limit: int = -1) -> bytes:
        """See ``Archive.records``; another archive with the same curve may take its place meanwhile."""
        try:
            return self.archive.records(self.curve, start, limit)
        except ArchiveReplaced:
            again = archived(self.archive.path.with_name(self.curve.file))
            if again is None or again.curve.digest != self.curve.digest:
                raise
            return again.archive.records(again.curve, start, limit)


def archived(path: Path) -> Archived | None:
    """The curve that ``path`` was the file of, as the archive has it; ``None`` where it has not.

    Raises:
        JournalFormatError, OSError: see ``Archive.beside``.
    """
    archive = Archive.beside(path)
    curve = archive.curves.get(path.name) if archive is not None else None
    return Archived(archive, curve) if archive is not None and curve is not None else None


def is_lost(run: RunRecord, metric: str) -> bool:
    """Whether the home has neither the file of an ended run's curve nor an archive with it.

    A kernel that was killed may have announced a metric and written nothing.

    Raises:
        OSError: the archive cannot be read.
    """
    path = run.curves[metric]
    if run.status == "running" or os.path.lexists(path):
        return False
    try:
        if archived(path) is not None:
            return False
    except JournalFormatError:
        return True  # as good as none
    return run.status != "killed" or not run.directory.is_dir()


@lru_cache(maxsize=_HELD)
def _opened(path: Path, identity: Identity) -> Archive:  # noqa: ARG001 - by which it is kept
    with open_regular(path) as file:
        try:
            layout = read_layout(file)
            _check(layout)
            index = _index(layout)
        except (ValueError, msgspec.DecodeError) as error:
            if isinstance(error, JournalFormatError):
                raise
            raise JournalFormatError(f"{path.name} is no archive of curves: {error}") from error
        return Archive(path, _identity(file), layout, index)


@lru_cache(maxsize=_GROUPS_HELD)
def _group(archive: Archive, number: int) -> npt.NDArray[np.void]:
    return archive.read_group(number)


def _identity(file: BinaryIO) -> Identity:
    stat = os.fstat(file.fileno())
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _check(layout: Layout) -> None:
    if layout.columns not in (_COLUMNS, _FLOAT_TIMES):
        raise ValueError("its columns are others")
    if layout.rows > _MOST_POINTS:
        raise ValueError(f"it has {layout.rows} points, more than can be read: {_MOST_POINTS}")
    if any(len(value) > _LONGEST_SCHEMA for key, value in layout.metadata.items() if key != KEY):
        raise ValueError("its metadata is too long")


def _index(layout: Layout) -> Index:
    text = layout.metadata.get(KEY)
    if not isinstance(text, bytes):
        raise ValueError("it has no index")
    if (found := from_json(text, _Format).format) > FORMAT:
        raise JournalFormatError(f"{FILE} has format {found}; upgrade Runlore to read it")
    index: Index = from_json(text, Index)
    if any(curve.first < 0 or not 0 <= curve.rows <= layout.rows - curve.first for curve in index.curves):
        raise ValueError("its index names rows that it has not")
    if sum(curve.rows for curve in index.curves) > layout.rows:
        raise ValueError("its index names rows twice")
    return index
