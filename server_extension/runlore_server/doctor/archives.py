"""The archive of a run's curves: ``curves.parquet`` in its folder."""

from __future__ import annotations

import os
from pathlib import Path

from blake3 import blake3

from runlore.archive import FILE, Archive
from runlore.curve import RECORD_SIZE, SENTINEL, open_curve
from runlore.errors import JournalFormatError, PackageMissing
from runlore.record import RunRecord
from runlore_server.doctor.checkup import LATER_FORMAT, UNREADABLE, Checkup, is_later
from runlore_server.doctor.findings import Kind

DAMAGED = Kind(
    "archive-damaged",
    "error",
    "damaged archives of curves",
    "Where the curve files are gone, their points cannot be read here.",
    "Remove the archive: it is made again from the curve files, or fetched from MLflow where those are gone.",
)
DIFFERS = Kind(
    "curve-differs",
    "error",
    "curve files whose points are not those that were archived",
    "Something changed the files after their runs had ended; the archives have what was logged.",
    "Remove the curve files: their points are then read from the archives.",
)
UNVERIFIED = Kind(
    "archive-unverified",
    "note",
    "archives of curves that were not read",
    "pyarrow is not installed, so only their index was looked at.",
    "pip install pyarrow",
)

_CHUNK = RECORD_SIZE << 15


def check(checkup: Checkup, run: RunRecord) -> frozenset[str]:
    """Check a run's archive; the names of the curve files whose points are in it."""
    path = run.directory / FILE
    try:
        archive = Archive.open(path)
        if archive is None:
            return frozenset()
        checkup.seen["archives"] += 1
        if checkup.deep:
            _verify(checkup, archive)
    except JournalFormatError as error:
        checkup.add(LATER_FORMAT if is_later(error) else DAMAGED, path, str(error))
        return frozenset()
    except OSError as error:
        checkup.add(UNREADABLE, path, error.strerror or str(error))
        return frozenset()
    return frozenset(archive.curves)


def _verify(checkup: Checkup, archive: Archive) -> None:
    try:
        archive.verify()
    except PackageMissing as error:
        checkup.add(UNVERIFIED, archive.path, str(error))
    for curve in archive.index.curves:
        path = archive.path.with_name(curve.file)
        if os.path.lexists(path) and _digest(path) not in (None, curve.digest):
            checkup.add(DIFFERS, path, f"metric {curve.metric}")


def _written(part: bytes) -> bytes:
    """The written ones of these records."""
    if SENTINEL not in part:
        return part[: len(part) // RECORD_SIZE * RECORD_SIZE]
    records = (part[at : at + RECORD_SIZE] for at in range(0, len(part), RECORD_SIZE))
    return b"".join(record for record in records if len(record) == RECORD_SIZE and record[16:] != SENTINEL)


def _digest(path: Path) -> str | None:
    digest = blake3()
    try:
        file = open_curve(path)
        if file is not None:
            with file:
                while part := file.read(_CHUNK):
                    digest.update(_written(part))
        return str(digest.hexdigest())
    except (JournalFormatError, OSError):
        return None  # the check of curves tells
