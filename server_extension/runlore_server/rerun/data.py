"""The data that a rerun starts from: whether it still is what the recorded cells read.

``prepare`` refuses a rerun whose data is gone. The runner hashes all of it right before the first cell and writes
what it found to ``data.json`` in the rerun's folder (``read_checks``), for whoever asks afterwards.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import msgspec

from runlore.capture.data import manifest
from runlore.capture.data.clerk import CACHE
from runlore.capture.data.identity import Identity, StatCache, identify
from runlore.errors import ObjectMissing
from runlore.events import FileRead
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import CellRecord
from runlore.session_record import SessionRecord
from runlore_server.document import read_if_there, write_document
from runlore_server.errors import DataMissing
from runlore_server.rerun.folder import Folder

Status = Literal["same", "changed", "missing", "unverified"]
"""``unverified``: nobody can say, because it was not hashed then, cannot be read now, or lies in a store."""

_MOST_NAMED = 5


class DataCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one file that the cells need; of many, where ``path`` ends with a separator.

    ``cell`` is the first that read it. ``recorded`` and ``found`` are BLAKE3 digests, then and now. ``recover``
    is a command that brings the recorded content back, where one is known, and ``why`` what else there is to say.
    """

    path: str
    status: Status
    cell: int
    recorded: str | None = None
    found: str | None = None
    recover: str | None = None
    why: str | None = None

    def sentence(self) -> str:
        """What a person is told."""
        hashes = f" ({_short(self.recorded)} -> {_short(self.found)})" if self.status == "changed" else ""
        how = f"; to get it back: {self.recover}" if self.recover and self.status != "same" else ""
        why = f": {self.why}" if self.why else ""
        state = {
            "same": "is as it was",
            "changed": "has changed",
            "missing": "is missing",
            "unverified": "could not be verified",
        }[self.status]
        if self.status == "missing":
            hashes = f" (was {_short(self.recorded)})"
        return f"{self.path}, read by cell {self.cell}, {state}{hashes}{why}{how}"


class Checks(msgspec.Struct, frozen=True):
    """What ``data.json`` says."""

    checks: list[DataCheck]


AnyChecks: Any = Checks | list[DataCheck]
"""The same, and as it was once written."""


def inputs(cells: Sequence[CellRecord]) -> Iterator[tuple[int, FileRead]]:
    """Each file that these cells, in this order, read and had not written, with the first of them to read it."""
    known: set[str] = set()
    ordinals: set[int] = set()
    for cell in cells:
        if cell.snapshot is not None and cell is not cells[-1]:
            continue  # its variables are put in place of running it: it neither needs nor makes any file
        ordinals.add(cell.ordinal)
        for read in cell.facts.reads:
            if read.path not in known and read.writer not in ordinals:
                known.add(read.path)
                yield cell.ordinal, read
        known.update(written.path for written in cell.facts.writes)


def require(home: Home, cells: Sequence[CellRecord]) -> None:
    """Make sure that every file is there that these cells need; its content is not looked at.

    A file is not missed that came into being while the session ran and whose making nobody saw: it may come again.

    Raises:
        DataMissing: one is not there.
    """
    gone = [
        DataCheck(
            path=read.path,
            status="missing",
            cell=ordinal,
            recorded=read.digest,
            recover=recovery(ObjectStore(home.objects), read),
        )
        for ordinal, read in inputs(cells)
        if read.why is None and not _is_remote(read.path) and not os.path.lexists(read.path)
    ]
    if gone:
        more = f" (and {len(gone) - _MOST_NAMED} more)" if len(gone) > _MOST_NAMED else ""
        named = "; ".join(check.sentence() for check in gone[:_MOST_NAMED])
        raise DataMissing(f"the data of the run is not all there: {named}{more}", [check.path for check in gone])


def verify(home: Home, folder: Folder) -> list[DataCheck]:
    """Check all data of a prepared rerun and keep the result in its folder.

    Raises:
        OSError: the folder cannot be written.
        JournalFormatError: plan or launch file is damaged.
    """
    plan, launch = folder.plan(), folder.launch()
    session = SessionRecord(home, launch.session)
    session.refresh()
    cells = [session.cells[cell.ordinal] for cell in plan.cells if cell.ordinal in session.cells]
    checks = check(home, cells, session)
    write_document(folder.data_file, Checks(checks))
    return checks


def read_checks(folder: Folder) -> list[DataCheck] | None:
    """What was found before the first cell; ``None`` when nothing was looked at, or the file is damaged."""
    found = read_if_there(folder.data_file, AnyChecks)
    return found.checks if isinstance(found, Checks) else found


def check(home: Home, cells: Sequence[CellRecord], session: SessionRecord) -> list[DataCheck]:
    """Compare the files that these cells need with what they were; several are read at a time."""
    objects = ObjectStore(home.objects)
    cache = StatCache(home.path / CACHE)
    try:
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            return list(pool.map(lambda one: _check(objects, cache, session, *one), inputs(cells)))
    finally:
        cache.close()


def _check(
    objects: ObjectStore, cache: StatCache, session: SessionRecord, ordinal: int, read: FileRead
) -> DataCheck:
    recover = recovery(objects, read)
    found = DataCheck(path=read.path, status="unverified", cell=ordinal, recorded=read.digest, recover=recover)
    if _is_remote(read.path):
        return msgspec.structs.replace(found, why="it lies in a store, which was not asked")
    if not Path(read.path).exists():
        return msgspec.structs.replace(found, status="missing", why=read.why)
    if read.digest is None:
        return msgspec.structs.replace(found, why=read.why or "it was not hashed then")
    if read.path.endswith(os.sep):
        return _check_many(found, objects, cache)
    now = identify(read.path, cache=cache)
    if now.digest is None:
        return msgspec.structs.replace(found, why=now.why)
    if now.digest == read.digest:
        return msgspec.structs.replace(found, status="same", found=now.digest, recover=None)
    return msgspec.structs.replace(
        found, status="changed", found=now.digest, why=_overwriter(session, read.path, now.digest)
    )


def _check_many(found: DataCheck, objects: ObjectStore, cache: StatCache) -> DataCheck:
    try:
        entries = manifest.decode(objects.get(found.recorded or ""))
    except (ObjectMissing, msgspec.DecodeError):
        return msgspec.structs.replace(found, why="the list of its files is lost")
    differ: list[tuple[Status, str]] = []
    for entry in entries:
        path = found.path + entry.path
        now = identify(path, cache=cache) if Path(path).exists() else Identity(None, None)
        if entry.digest is None or (now.digest is None and now.size is not None):
            differ.append(("unverified", entry.path))
        elif now.digest != entry.digest:
            differ.append(("changed" if now.digest is not None else "missing", entry.path))
    if not differ:
        return msgspec.structs.replace(found, status="same", found=found.recorded, recover=None)
    worst: Status = min((status for status, _ in differ), key=("missing", "changed", "unverified").index)
    named = ", ".join(f"{path} is {status}" for status, path in differ[:_MOST_NAMED])
    why = f"{len(differ)} of {len(entries)} files differ, such as {named}"
    return msgspec.structs.replace(found, status=worst, why=why)


def _overwriter(session: SessionRecord, path: str, digest: str) -> str | None:
    for ordinal, cell in sorted(session.cells.items()):
        for written in cell.facts.writes:
            if written.path == path and written.digest == digest:
                return f"cell {ordinal} of the recorded session wrote over it"
    return None


def recovery(objects: ObjectStore, read: FileRead) -> str | None:
    """A shell command that brings the recorded content back to its place."""
    place, version = shlex.quote(read.path), read.version
    repository, path, commit = (version.get(key) for key in ("repository", "path", "commit"))
    if repository and path and commit and "git" in version:
        return f"git -C {shlex.quote(repository)} show {shlex.quote(f'{commit}:{path}')} > {place}"
    if repository and path and "dvc" in version:
        where, what = shlex.quote(repository), shlex.quote(path)
        if commit:
            return f"dvc get --rev {shlex.quote(commit)} --force -o {place} {where} {what}"
        return f"cd {where} && dvc checkout {what}"
    if read.digest is not None and not read.path.endswith(os.sep):
        kept = _kept(objects, read.digest)
        return f"cp {shlex.quote(str(kept))} {place}" if kept is not None else None
    return None


def _kept(objects: ObjectStore, digest: str) -> Path | None:
    try:
        path = objects.path(digest)
    except ObjectMissing:
        return None
    return path if path.is_file() else None


def _is_remote(path: str) -> bool:
    return "://" in path


def _short(digest: str | None) -> str:
    return digest[:12] if digest else "unknown"
