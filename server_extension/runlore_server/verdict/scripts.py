"""Python files that processes of the cells read.

A replay imports modules as they were; another process reads its files as they are now.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from runlore.capture.data.identity import identify
from runlore.events import ScriptRead
from runlore_server.rerun.data import recovery
from runlore_server.verdict import guesses
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.sighting import Sighting
from runlore_server.verdict.surroundings import shown

_UNWATCHED = frozenset(("data", "directories left unwatched"))
"""What the kernel says it could not record where nobody saw what other processes read."""


def changed(evidence: Evidence) -> list[Sighting]:
    """Files that had another content in the rerun; where the record has gaps, those that may have had one, too.

    What a replayed cell writes before it is read is none of them.
    """
    watched = not any(note.what in _UNWATCHED for note in evidence.not_captured())
    found = [*_between_cells(evidence), *_in_cells(evidence, watched=watched)]
    if not watched:
        found += [Sighting(one.text, one.cell, weak=True) for one in guesses.changed_scripts(evidence)]
    return list({one.text: one for one in found}.values())


def _in_cells(evidence: Evidence, *, watched: bool) -> Iterator[Sighting]:
    replays: dict[int | None, int] = {pair.rerun.ordinal: pair.ordinal for pair in evidence.pairs}
    told: set[str] = set()
    for pair in (pair for pair in evidence.pairs if not pair.put_back):
        one, other = _first(pair.original.facts.scripts), _first(pair.rerun.facts.scripts)
        whose = f"which a process of cell {pair.ordinal} read"
        for path, read in one.items():
            again = other.get(path)
            made = read.writer is not None and read.writer in replays.values()
            if made and (again is None or replays.get(again.writer) == read.writer):
                continue
            if path not in told and (how := _difference(evidence, read, again)) is not None:
                told.add(path)
                yield Sighting(f"{shown(evidence, path)}, {whose}, {how}.", pair.ordinal)
        ended = pair.original.started + (pair.original.duration or 0.0)
        for path in other.keys() - one.keys() if watched else ():
            if path not in told and other[path].writer is None:
                told.add(path)
                new = _modified(path) > ended
                text = f"{shown(evidence, path)}, {whose} in the rerun, was not read by the original's."
                yield Sighting(text, pair.ordinal, weak=not new)


def _between_cells(evidence: Evidence) -> Iterator[Sighting]:
    """Of processes that lived on; what was read after the last replayed cell is none of the run's."""
    if not evidence.pairs:
        return
    last = evidence.pairs[-1].original
    end = last.started + (last.duration or 0.0)
    again = _first(evidence.rerun_session.outside.scripts)
    for path, read in _first(evidence.session.outside.scripts).items():
        if read.time > end or read.writer is not None:
            continue
        if (how := _difference(evidence, read, again.get(path))) is not None:
            yield Sighting(f"{shown(evidence, path)}, which a process of the session read, {how}.")


def _difference(evidence: Evidence, read: ScriptRead, again: ScriptRead | None) -> str | None:
    """How the file differed in the rerun, and how to get it back; ``None`` where nothing tells of a difference."""
    if read.digest is None:
        return None
    now = again.digest if again is not None else None
    if now is None:  # the rerun's processes may have been too quick for anyone to see
        now = identify(read.path).digest
    if now == read.digest:
        return None
    if now is None and os.path.lexists(read.path):
        return None
    state = "is gone" if now is None else f"had another content in the rerun ({read.digest[:8]} -> {now[:8]})"
    how = recovery(evidence.objects, read)
    return f"{state}; to get it back: {how}" if how else state


def _first(reads: Sequence[ScriptRead]) -> dict[str, ScriptRead]:
    found: dict[str, ScriptRead] = {}
    for read in reads:
        found.setdefault(read.path, read)
    return found


def _modified(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except (OSError, ValueError):  # a forged path can hold anything
        return 0.0
