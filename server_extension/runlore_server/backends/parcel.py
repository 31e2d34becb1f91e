"""What an attempt needs on a machine that does not see the home: the run as a bundle, and the files that it reads.

Files below the bundle's root (the repository, else the working directory) are sent as they are on the owner's
disk; whatever lies elsewhere must be on the machine itself, at the same path.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from runlore.capture.data import manifest as listing
from runlore.capture.data.clerk import CACHE
from runlore.capture.data.identity import StatCache, identify
from runlore.errors import ObjectMissing
from runlore.events import ModuleLoaded, ScriptRead
from runlore.objects import ObjectStore
from runlore.record import CellRecord
from runlore.replay import Resumed
from runlore.session_record import SessionRecord
from runlore_server.backends import limits
from runlore_server.backends.place import Place
from runlore_server.bundle.manifest import SUFFIX, Member
from runlore_server.bundle.moving import below
from runlore_server.bundle.reading import digest_of
from runlore_server.bundle.writing import write_bundle
from runlore_server.errors import RerunRefused
from runlore_server.rerun import data
from runlore_server.rerun.prepare import original_of, replayed_cells

BUNDLE = f"bundle{SUFFIX}"
FILES = "files/"
OBJECTS = "objects/"


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, each member by its digest.

    ``run_id`` and ``session_id`` are the original's. ``root`` is the folder at the owner from which ``files/...``
    count. The run goes on from the checkpoint ``resumed``, whose files are among ``objects/...``.
    """

    run_id: str
    session_id: str
    root: str
    resumed: Resumed | None
    members: list[Member]


@dataclass(frozen=True)
class Packed:
    """A parcel, and where the owner has the content of each digest."""

    parcel: Parcel
    sources: dict[str, Path]


def pack(place: Place) -> Packed:
    """Put together what a prepared attempt needs.

    Raises:
        RerunRefused: it cannot be carried out elsewhere; the text says what to do.
        OSError: the home cannot be read or written.
        JournalFormatError: plan or launch file is damaged.
    """
    if place.attempt.request.against:
        raise RerunRefused(
            "a comparison with further runs needs machines that see RUNLORE_HOME: put it on storage that they "
            "share, or take another backend"
        )
    home, folder = place.home, place.folder
    run, session = original_of(home, folder)
    place.engine.mkdir(mode=0o700, exist_ok=True)
    bundle = place.engine / BUNDLE
    root = write_bundle(home, run, session, bundle, None).root
    plan = folder.plan()
    found = {BUNDLE: bundle}
    cells = replayed_cells(run, session)
    wanted = {cell.ordinal for cell in plan.cells}
    selected = [cell for cell in cells if cell.ordinal in wanted]
    objects = ObjectStore(home.objects)
    for path, source in _sources(objects, session, cells):
        if (name := below(path, root)) is not None:
            found.setdefault(FILES + name, source)
    for path in {*_read(objects, selected), *_read(objects, cells)}:
        if (name := below(path, root)) is not None and Path(path).is_file():
            found[FILES + name] = Path(path)
    for digest in plan.resumed.files.values() if plan.resumed is not None else ():
        found[OBJECTS + digest] = objects.path(digest)
    members, sources = _members(place, found)
    parcel = Parcel(
        run_id=run.run_id, session_id=session.session_id, root=root, resumed=plan.resumed, members=members
    )
    if (size := sum(member.size for member in members)) > (most := limits.size(limits.PARCEL)):
        raise RerunRefused(
            f"{size / 2**30:.3g} GiB would have to be sent to a machine that does not see RUNLORE_HOME, and "
            f"{most / 2**30:.3g} GiB are sent at the most: put the data outside of {root}, at a path where all "
            f"machines have it, or raise {limits.PARCEL}"
        )
    return Packed(parcel, sources)


def _members(place: Place, found: dict[str, Path]) -> tuple[list[Member], dict[str, Path]]:
    members, sources = [], {}
    cache = StatCache(place.home.path / CACHE)
    try:
        for name, path in sorted(found.items()):
            if name == BUNDLE:
                with path.open("rb") as file:
                    digest: str | None = digest_of(file)
            else:
                digest = identify(str(path), cache=cache).digest
            if digest is None:
                raise RerunRefused(f"{path}, which the run reads, cannot be read")
            members.append(Member(name=name, size=path.stat().st_size, digest=digest))
            sources[digest] = path
    finally:
        cache.close()
    return members, sources


def _read(objects: ObjectStore, cells: list[CellRecord]) -> Iterator[str]:
    """The paths of all files that the cells read and had not written."""
    for _, read in data.inputs(cells):
        if not read.path.endswith(os.sep):
            yield read.path
            continue
        try:
            entries = listing.decode(objects.get(read.digest or ""))
        except (ObjectMissing, msgspec.DecodeError):
            continue  # which files those were is lost, as the verdict will say
        yield from (read.path + entry.path for entry in entries)


def _sources(objects: ObjectStore, session: SessionRecord, cells: list[CellRecord]) -> Iterator[tuple[str, Path]]:
    """The Python files that were executed, for processes that cells start; kernels take them from the record."""
    executed: list[ModuleLoaded | ScriptRead] = [
        *session.outside.modules,
        *(module for cell in cells for module in cell.facts.modules),
        *(script for cell in cells for script in cell.facts.scripts),
    ]
    for one in reversed(executed):  # as it was last
        if one.digest is not None and (kept := objects.path(one.digest)).is_file():
            yield one.path, kept
