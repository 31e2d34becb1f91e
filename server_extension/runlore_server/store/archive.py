"""Writing the archive of an ended run's curves: compressed, read back whole, and only then put in its place."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import tempfile
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from runlore.archive import FILE, KEY, TICKS, Archive, ArchivedCurve, Index, LeftOut, Number
from runlore.errors import JournalFormatError
from runlore.home import is_mirrored
from runlore.record import RunRecord
from runlore_server.store.curves import POINT, CurveFile, Points
from runlore_server.store.summaries import CurveSummary, extended

PARTIAL = ".curves-"
"""How the names of archives begin that are being written."""

_ROWS = 1 << 17
"""Rows of a row group: a multiple of the 128 values of a block of deltas. Short curves share one."""
_SAMPLE = 1 << 16
"""Values by which it is decided how values are packed."""
_NO_FILE = (errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.ENXIO)
"""What opening a pipe, a device, a folder or a loop of links in place of a curve gives."""

_locks: weakref.WeakValueDictionary[Path, threading.Lock] = weakref.WeakValueDictionary()
"""Of the archives that are being written: the export and the archiver do not do the same work."""


@dataclass(frozen=True)
class _Survey:
    """What one reading of all curves of a run told.

    ``ticks``: whether every time is a whole multiple of a tick. ``sample`` are values from all curves.
    """

    index: Index
    ticks: bool
    sample: npt.NDArray[np.float64]


def is_archived(run: RunRecord) -> bool:
    """Whether the run's archive has all there is of its curves, as far as the sizes of their files tell.

    A run that has neither files nor an archive has nothing that could be archived.

    Raises:
        OSError: the run's folder cannot be read.
    """
    try:
        archive = Archive.open(run.directory / FILE)
    except JournalFormatError:
        return False
    # By name as well: a metric is called otherwise once a second process logs it too.
    sizes = {(metric, path.name): _size(path) for metric, path in run.curves.items()}
    if archive is None:
        return all(size is None for size in sizes.values())
    known = {(curve.metric, curve.file): curve.size for curve in archive.index.curves}
    known |= {(curve.metric, curve.file): curve.size for curve in archive.index.left_out}
    return all(curve in known and size in (None, known[curve]) for curve, size in sizes.items())


def archive_run(run: RunRecord, directory: Path | None = None) -> Path | None:
    """Write the archive of an ended run unless it is there; ``None`` where there is nothing of it to archive.

    The same curves give the same bytes. A metric whose file is no curve file is left out, and named. At any moment
    the archive is there whole or not at all; curve files are not touched. Memory does not grow with the curves.

    Args:
        run: the run.
        directory: where the archive goes; by default into the run's folder, beside the curves.

    Raises:
        JournalFormatError: an archive from which curves would have to come is damaged; or what was written does
            not read as the curves do, which are kept then.
        OSError: a curve cannot be read, or the archive not written.
    """
    directory = directory or run.directory
    path = directory / FILE
    with _locks.setdefault(path, threading.Lock()):
        if is_mirrored(run.session_id) or (directory == run.directory and is_archived(run)):
            return path if path.exists() else None
        survey = _survey(run)
        handle, name = tempfile.mkstemp(prefix=PARTIAL, suffix=".part", dir=directory)
        partial = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                _write(run, survey, file)
                file.flush()
                os.fsync(file.fileno())
            _verify(partial, survey.index)
            os.replace(partial, path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise
        _sync(directory)
    return path


def digest_of(path: Path) -> str:
    """What ``ArchivedCurve.digest`` would be for a curve as it is now.

    Raises:
        JournalFormatError, OSError: see ``CurveFile``.
    """
    digest = blake3()
    for points in _chunks(path):
        digest.update(points.view("u1").data)
    return digest.hexdigest()


def _survey(run: RunRecord) -> _Survey:
    curves, left_out, samples, first, ticks = [], [], [], 0, True
    room = max(_SAMPLE // max(len(run.curves), 1), 64)
    for metric, path in run.curves.items():
        size, digest, rows = _size(path), blake3(), 0
        summary: CurveSummary | None = None
        if size is None and run.status != "killed" and not _is_archived_curve(path):
            left_out.append(LeftOut(metric, path.name, None, "its file is gone"))
            continue
        try:
            for points in _chunks(path):
                digest.update(points.view("u1").data)
                ticks = ticks and _are_ticks(points["time"])
                summary = extended(summary, points)
                if rows < room:
                    samples.append(points["value"][: room - rows].copy())
                rows += len(points)
        except (JournalFormatError, OSError) as error:
            if size is None or (isinstance(error, OSError) and error.errno not in _NO_FILE):
                raise
            left_out.append(LeftOut(metric, path.name, size, str(error)))
            continue
        described = ArchivedCurve(metric, path.name, first, rows, digest.hexdigest(), size)
        curves.append(described if summary is None else _summed_up(described, summary))
        first += rows
    return _Survey(Index(curves, left_out), ticks, np.concatenate(samples) if samples else np.empty(0))


def _summed_up(curve: ArchivedCurve, summary: CurveSummary) -> ArchivedCurve:
    return msgspec.structs.replace(
        curve,
        last=_number(summary.last),
        step=summary.step,
        time=_number(summary.time),
        min=summary.min,
        max=summary.max,
    )


def _number(value: float) -> Number:
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"


def _write(run: RunRecord, survey: _Survey, file: Any) -> None:
    names = [curve.metric for curve in survey.index.curves]
    unit = {"unit": f"1/{TICKS} s" if survey.ticks else "s", "since": "1970-01-01 UTC"}
    schema = pa.schema(
        [
            pa.field("metric", pa.dictionary(pa.int32(), pa.string()), nullable=False),
            pa.field("step", pa.int64(), nullable=False),
            pa.field("time", pa.int64() if survey.ticks else pa.float64(), nullable=False, metadata=unit),
            pa.field("value", pa.float64(), nullable=False),
        ]
    )
    with pq.ParquetWriter(file, schema, **_packing(survey)) as writer:
        for codes, points in _full_groups(run, survey.index.curves):
            metric = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string()))
            times = (points["time"] * TICKS).astype("<i8") if survey.ticks else points["time"].copy()
            columns = [metric, points["step"].copy(), times, points["value"].copy()]
            writer.write_table(
                pa.Table.from_arrays([pa.array(column) for column in columns], schema=schema), _ROWS
            )
        writer.add_key_value_metadata({KEY.decode(): msgspec.json.encode(survey.index).decode()})


def _packing(survey: _Survey) -> dict[str, Any]:
    """How the columns are packed; values by a dictionary where few differ, which a sample tells."""
    encoding = {"step": "DELTA_BINARY_PACKED", "time": "BYTE_STREAM_SPLIT", "value": "BYTE_STREAM_SPLIT"}
    if survey.ticks:
        encoding["time"] = "DELTA_BINARY_PACKED"
    common = {"compression": "zstd", "write_statistics": ["metric"]}
    by_dictionary = {"use_dictionary": ["value"]}
    by_bytes = {"use_dictionary": False, "column_encoding": {"value": "BYTE_STREAM_SPLIT"}}
    if _packed_size(survey.sample, by_dictionary) < _packed_size(survey.sample, by_bytes):
        del encoding["value"]
        return {**common, "use_dictionary": ["metric", "value"], "column_encoding": encoding}
    return {**common, "use_dictionary": ["metric"], "column_encoding": encoding}


def _packed_size(values: npt.NDArray[np.float64], packing: dict[str, Any]) -> int:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"value": values}), sink, compression="zstd", write_statistics=False, **packing)
    return int(sink.tell())


def _full_groups(
    run: RunRecord, curves: Sequence[ArchivedCurve]
) -> Iterator[tuple[npt.NDArray[np.int32], npt.NDArray[np.void]]]:
    """The points of all curves, one after the other, in row groups, with the number of the curve of each."""
    codes, rows, filled = np.empty(_ROWS, np.int32), np.empty(_ROWS, POINT), 0
    for number, curve in enumerate(curves):
        left = curve.rows  # what was logged since the survey is left to the next archive
        for chunk in _chunks(run.directory / curve.file):
            points, left = chunk[:left], left - min(left, len(chunk))
            while len(points):
                part, points = points[: _ROWS - filled], points[_ROWS - filled :]
                codes[filled : filled + len(part)] = number
                rows[filled : filled + len(part)] = part
                filled += len(part)
                if filled == _ROWS:
                    yield codes, rows
                    filled = 0
    if filled:
        yield codes[:filled], rows[:filled]


def _chunks(path: Path) -> Iterator[Points]:
    """The points of a curve, so many at a time that they fit into a row group."""
    with CurveFile(path) as file:
        start = 0
        while True:
            slots = file.read(start, _ROWS)
            yield slots.points
            start += slots.length
            if slots.length < _ROWS:
                return


def _are_ticks(times: npt.NDArray[np.float64]) -> bool:
    """Whether the bits of all of them come back from whole numbers of ticks."""
    with np.errstate(all="ignore"):
        ticks = times * TICKS
        exact = (np.abs(ticks) < 1 << 53) & (ticks == np.rint(ticks)) & ((times != 0) | ~np.signbit(times))
        return bool(exact.all())


def _verify(partial: Path, index: Index) -> None:
    """Read an archive back: its points by their digests, and the names of the metrics beside them.

    Raises:
        JournalFormatError: it is not what was to be written.
    """
    archive = Archive.open(partial)
    if archive is None or archive.index != index:
        raise JournalFormatError("the archive of curves does not read as it was written")
    archive.verify()
    expected = np.repeat(np.arange(len(index.curves)), [curve.rows for curve in index.curves])
    codes = {curve.metric: code for code, curve in enumerate(index.curves)}
    start = 0
    with pq.ParquetFile(partial, read_dictionary=["metric"]) as file:
        for number in range(file.num_row_groups):
            for names in (
                file.read_row_group(number, columns=["metric"], use_threads=False).column("metric").chunks
            ):
                found = np.array([codes.get(name, -1) for name in names.dictionary.to_pylist()])
                if not np.array_equal(found[names.indices.to_numpy()], expected[start : start + len(names)]):
                    raise JournalFormatError("the archive of curves names other metrics than were to be written")
                start += len(names)


def _is_archived_curve(path: Path) -> bool:
    archive = Archive.beside(path)
    return archive is not None and path.name in archive.curves


def _size(path: Path) -> int | None:
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return None


def _sync(directory: Path) -> None:
    """Make the name durable, where the system can."""
    with contextlib.suppress(OSError):
        file = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
