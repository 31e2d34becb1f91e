"""From a recorded run to a bundle. The same record gives the same bytes."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from blake3 import blake3

from runlore import journal
from runlore.archive import FILE as ARCHIVE
from runlore.errors import ObjectMissing
from runlore.events import (
    AnyEvent,
    CellFinished,
    SessionEnded,
    SessionStarted,
    UncontrolledUsed,
    encode,
)
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.process import ProcessIdentity
from runlore.record import CellRecord, RunRecord
from runlore.session_record import SessionRecord
from runlore.states import StateFile, StateWriter
from runlore_server.bundle.manifest import CURVES, EVENTS, MANIFEST, OBJECTS, STATES, Manifest, Member
from runlore_server.bundle.moving import below
from runlore_server.errors import RerunRefused
from runlore_server.rerun.prepare import replayed_cells
from runlore_server.retention.mentions import mentioned, mentioned_in

_TIME = (1980, 1, 1, 0, 0, 0)
"""The oldest that a ZIP file knows: the same bundle is the same bytes whenever it was written."""


def write_bundle(
    home: Home, run: RunRecord, session: SessionRecord, file: Path, criteria: dict[str, Any] | None
) -> Manifest:
    """Write what it takes to repeat a run elsewhere and to judge how that comes out.

    Left out are other runs, what came after the run, the names of user and machine (but for those in paths), and
    what only its home can read: variables kept at an interrupt, and digests of environment variables, made
    with the home's key.

    Args:
        home: where the run is recorded.
        run: a run that has ended.
        session: its session.
        file: what to write, whole or not at all.
        criteria: the success criteria to put in.

    Raises:
        RerunRefused: the run cannot be rerun elsewhere, or its record is incomplete.
        OSError: the file cannot be written, or the record not be read.
    """
    if run.status in ("running", "killed"):
        state = "is still running" if run.status == "running" else "was killed"
        raise RerunRefused(f"run {run.run_id} {state}; only a run that has ended can be bundled")
    cells = replayed_cells(run, session)
    if stopped := [cell.ordinal for cell in cells[:-1] if cell.snapshot is not None]:
        raise RerunRefused(
            f"cell {stopped[0]} was interrupted, and what it left can be put back only in the home that recorded "
            "it; run the notebook again without the interrupt, and bundle that run"
        )
    kept = b"".join(encode(event) for event in _events(home, run, session, cells[-1].ordinal))
    contents: dict[str, bytes | Path] = {EVENTS: kept, STATES: _states(home, session, cells)}
    contents |= {CURVES + path.name: path for path in _curves(run)}
    contents |= {OBJECTS + path.name: path for path in _objects(home, kept)}
    cwd = session.info.cwd if session.info is not None else ""
    root = run.git.root if run.git is not None and run.git.root and below(cwd, run.git.root) is not None else cwd
    manifest = Manifest(
        run_id=run.run_id,
        session_id=session.session_id,
        name=run.name,
        experiment=run.experiment,
        root=root,
        directory=below(cwd, root) or ".",
        runlore=version("runlore"),
        criteria=criteria,
        members=[_member(name, content) for name, content in sorted(contents.items())],
    )
    _pack(manifest, contents, file)
    return manifest


def _events(home: Home, run: RunRecord, session: SessionRecord, last: int) -> Iterator[AnyEvent]:
    """The events of the cells up to the last one and of the run; read again, since records forget some."""
    end, ended = run.started + (run.duration or 0.0), 0.0
    for line in journal.lines(home.events(session.session_id)):
        if line.damage is not None:
            raise RerunRefused(f"the journal of session {session.session_id} is damaged: {line.damage}")
        event = line.event
        if event is None or isinstance(event, SessionEnded) or not _belongs(event, run, last, end):
            continue
        ended = max(ended, event.time)
        if isinstance(event, SessionStarted):
            process = ProcessIdentity(pid=event.process.pid, started=event.process.started, host="", boot="")
            event = msgspec.structs.replace(event, user=None, process=process)
        if isinstance(event, CellFinished):
            event = msgspec.structs.replace(event, snapshot=None)
        yield event
    yield SessionEnded(time=ended)


def _belongs(event: AnyEvent, run: RunRecord, last: int, end: float) -> bool:
    if isinstance(event, UncontrolledUsed) and not means_something(event):
        return False
    run_id = getattr(event, "run_id", None)
    if run_id is not None:
        return bool(run_id == run.run_id)
    ordinal = getattr(event, "ordinal", None)
    if ordinal is None:
        return isinstance(event, SessionStarted) or event.time <= end
    return bool(ordinal <= last)


def means_something(used: UncontrolledUsed) -> bool:
    """Whether it says anything to who has not the key of the home in which it was recorded."""
    if used.kind == "environment copy":
        return False
    return used.kind != "environment variable" or used.detail.endswith(" unset")


def _states(home: Home, session: SessionRecord, cells: list[CellRecord]) -> bytes:
    file = StateFile(home.states(session.session_id))
    digests = {
        digest
        for cell in cells
        for digest in (*cell.rng.values(), *cell.imported_rng.values(), *cell.generators.values())
    }
    with tempfile.TemporaryDirectory(prefix="runlore-") as folder:
        path = Path(folder, STATES)
        writer = StateWriter(path)
        try:
            writer.put_all([file.get(digest) for digest in sorted(digests)])
        except ObjectMissing as error:
            raise RerunRefused(f"the record of the run cannot be bundled: {error}") from error
        finally:
            writer.close()
        return path.read_bytes() if path.exists() else b""


def _curves(run: RunRecord) -> list[Path]:
    files = [path for path in run.curves.values() if path.is_file()]
    if len(files) < len(run.curves) and (archive := run.directory / ARCHIVE).is_file():
        files.append(archive)
    return files


class _Stored:
    """The digests of the objects that a home has."""

    def __init__(self, home: Home) -> None:
        self._directory = home.objects

    def __contains__(self, digest: object) -> bool:
        return isinstance(digest, bytes) and (self._directory / digest.decode()).is_file()


def _objects(home: Home, events: bytes) -> list[Path]:
    """The objects that the events name, directly or through other objects; each one is verified."""
    store, stored = ObjectStore(home.objects), _Stored(home)
    found = mentioned(events, stored)
    waiting = list(found)
    while waiting:
        path = store.path(waiting.pop().decode())
        new = mentioned_in(path, stored, is_object=True) - found
        found |= new
        waiting += new
    paths = [store.path(digest.decode()) for digest in sorted(found)]
    try:
        return [store.verified(path.name, os.stat(path).st_size) for path in paths]
    except ObjectMissing as error:
        raise RerunRefused(f"the record of the run is damaged: {error}") from error


def _member(name: str, content: bytes | Path) -> Member:
    if isinstance(content, bytes):
        return Member(name=name, size=len(content), digest=str(blake3(content).hexdigest()))
    hasher = blake3().update_mmap(content)
    return Member(name=name, size=content.stat().st_size, digest=str(hasher.hexdigest()))


def _pack(manifest: Manifest, contents: dict[str, bytes | Path], file: Path) -> None:
    told = msgspec.json.format(msgspec.json.encode(manifest))
    staged = file.with_name(f".{file.name}.staged")
    try:
        with zipfile.ZipFile(staged, "w") as archive:
            for name, content in [(MANIFEST, told), *sorted(contents.items())]:
                info = zipfile.ZipInfo(name, _TIME)
                info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
                with archive.open(info, "w", force_zip64=True) as member:
                    if isinstance(content, bytes):
                        member.write(content)
                    else:
                        with content.open("rb") as source:
                            shutil.copyfileobj(source, member, 1 << 20)
        os.replace(staged, file)
    except BaseException:
        staged.unlink(missing_ok=True)
        raise
