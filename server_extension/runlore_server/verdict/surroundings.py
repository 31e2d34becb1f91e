"""What cells found around them beside the data they read: files that were there already, and listings."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from runlore.errors import ObjectMissing
from runlore.events import UncontrolledKind
from runlore.objects import ObjectStore
from runlore.record import CellRecord
from runlore.session_record import SessionRecord
from runlore.untrusted import from_json
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.sighting import named

_ASKS = re.compile(
    r"\b(exists|lexists|isfile|is_file|isdir|is_dir|stat|access|listdir|scandir|i?glob|iterdir|walk|touch)\b"
    r"|writefile|exist_ok|\b(?:open\s*\(|mode\s*=)[^\n]*['\"][axr]b?t?\+?['\"]"
)
"""Text whose effect can depend on whether a file is there."""

_WRITEFILE = re.compile(r"%%(?:write)?file[ \t]+(\S+\.py)[ \t]*(?:\n|$)")


class Found(NamedTuple):
    """What another rerun might find too; ``telling`` where the code is seen to ask for it.

    What is ``lasting`` is the same for any other rerun; a file to which each adds, and a folder, are not.
    """

    text: str
    cell: int
    telling: bool = True
    lasting: bool = True


def already_there(evidence: Evidence) -> Iterator[Found]:
    """Files that the original made and the rerun found, since the original had left them."""
    asks = any(_ASKS.search(pair.original.source) for pair in evidence.pairs) or _module_asks(evidence)
    known: set[str] = set()
    again: set[str] = set()
    makers: dict[str, int] = {}
    for pair in evidence.pairs:
        known.update(read.path for read in pair.original.facts.reads)
        for written in pair.original.facts.writes:
            if written.new and written.path not in known:
                makers[written.path] = pair.ordinal
            known.add(written.path)
    told: set[str] = set()
    for pair in evidence.pairs:
        opened = [read.path for read in pair.rerun.facts.reads]
        mine = {written.path: written.new for written in pair.rerun.facts.writes}
        for path in dict.fromkeys([*opened, *(path for path, new in mine.items() if new is False)]):
            if path in makers and path not in again and path not in told and pair.ordinal <= makers[path]:
                told.add(path)
                lasting = not asks or _left(evidence.session, path) == _left(evidence.rerun_session, path)
                yield Found(_there(shown(evidence, path), makers[path]), pair.ordinal, asks, lasting)
        for path in (path for path, cell in makers.items() if cell == pair.ordinal):
            # What is there and was not made again was there before.
            if path not in {*mine, *again, *told} and os.path.lexists(path):
                told.add(path)
                lasting = mine.keys() == {written.path for written in pair.original.facts.writes}
                yield Found(_there(shown(evidence, path), pair.ordinal), pair.ordinal, asks, lasting)
        again.update(mine)
        # Code is no data, so no file is recorded; the magic itself says what it found.
        if (name := _WRITEFILE.match(pair.original.source)) is not None and (
            _says(evidence, pair.original, f'"Writing {name[1]}')
            and _says(evidence, pair.rerun, f'"Overwriting {name[1]}')
        ):
            yield Found(_there(name[1], pair.ordinal), pair.ordinal)


def _left(session: SessionRecord, path: str) -> str | None:
    """The content of a file as the session's last cell to write it left it."""
    left = [one for _, cell in sorted(session.cells.items()) for one in cell.facts.writes if one.path == path]
    return (left[-1].undated or left[-1].digest) if left else None


def _there(name: str, cell: int) -> str:
    return (
        f"{name}, which cell {cell} made, was already there when the rerun started; remove it to repeat the run."
    )


def _says(evidence: Evidence, cell: CellRecord, text: str) -> bool:
    try:
        return cell.outputs is not None and text.encode() in evidence.objects.get(cell.outputs)
    except ObjectMissing:
        return False


def _module_asks(evidence: Evidence) -> bool:
    loaded = [one for pair in evidence.pairs for one in pair.original.facts.modules]
    for module in [*evidence.session.outside.modules, *loaded]:
        try:
            source = evidence.objects.get(module.digest)
        except ObjectMissing:
            continue
        if _ASKS.search(source.decode(errors="replace")):
            return True
    return False


def listings(evidence: Evidence) -> Iterator[Found]:
    """Directories that held other names when the rerun listed them."""
    own = {written.path for cell in evidence.session.cells.values() for written in cell.facts.writes}
    told: set[tuple[str, str]] = set()
    for pair in evidence.pairs:
        before, after = (details(cell, "directory contents", last=True) for cell in pair)
        for directory in before.keys() & after.keys():
            one, other = before[directory], after[directory]
            if one == other or (one, other) in told:
                continue
            told.add((one, other))
            changes = _changes(evidence.objects, one, other)
            if changes is None:
                yield Found(f"The listing of {shown(evidence, directory)} differs.", pair.ordinal)
                continue
            added, removed = changes
            parts = [
                f"{named(names)} {'was' if len(names) == 1 else 'were'} {how}"
                for names, how in ((added, "added"), (removed, "removed"))
                if names
            ]
            foreign = removed or any(str(Path(directory, name)) not in own for name in added)
            text = f"The listing of {shown(evidence, directory)} differs: {', '.join(parts)}."
            yield Found(text, pair.ordinal, bool(foreign), not added)


def details(cell: CellRecord, kind: UncontrolledKind, *, last: bool = False) -> dict[str, str]:
    """The digest by the name, of the first or last that stands for a name; the name is what may hold spaces."""
    found: dict[str, str] = {}
    for used in cell.facts.uncontrolled:
        if used.kind != kind:
            continue
        one, _, other = used.detail.partition(" ") if last else used.detail.rpartition(" ")
        name, digest = (other, one) if last else (one, other)
        found.setdefault(name, digest)
    return found


def _changes(objects: ObjectStore, one: str, other: str) -> tuple[list[str], list[str]] | None:
    """Names that were added and removed."""
    try:
        before, after = (set(from_json(objects.get(digest), list[str])) for digest in (one, other))
    except (ObjectMissing, msgspec.MsgspecError):
        return None
    return sorted(after - before), sorted(before - after)


def shown(evidence: Evidence, path: str) -> str:
    """A path as short as it can be said: relative to the session's folder where it lies below it."""
    info = evidence.session.info
    below = (info.cwd.rstrip(os.sep) + os.sep) if info is not None else ""
    return path[len(below) :] if below and path.startswith(below) else path
