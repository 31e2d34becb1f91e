"""Data: files that the cells read and had not made themselves."""

from __future__ import annotations

import os

import msgspec

from runlore.capture.data.manifest import Entry, decode
from runlore.errors import ObjectMissing
from runlore.events import FileRead
from runlore.record import CellRecord
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.sighting import Seen, Sighting, named, seen


def data(evidence: Evidence) -> Seen:
    """Files that the cells read and had not made themselves."""
    found: list[Sighting] = _checkpoints(evidence)
    made: set[str] = set()
    recorded = False
    for pair in evidence.pairs:
        again = _first_reads(pair.rerun)
        for path, read in _first_reads(pair.original).items():
            if path in made:
                continue
            recorded = True
            other = again.get(path)
            if other is not None and None not in (read.digest, other.digest) and read.digest != other.digest:
                found.append(Sighting(f"Data differ: {path} ({_change(evidence, read, other)}).", pair.ordinal))
            elif read.digest is None:
                why = f": {read.why}" if read.why else ""
                found.append(Sighting(f"{path} was read unverified{why}.", pair.ordinal, weak=True))
        made.update(written.path for written in pair.original.facts.writes)
    return seen("data", found, recorded=recorded)


def _checkpoints(evidence: Evidence) -> list[Sighting]:
    before, resumed = evidence.run.checkpoint, evidence.plan.resumed
    if (before.files if before is not None else {}) == (resumed.files if resumed is not None else {}):
        return []
    whose = (resumed.source if resumed is not None else None, before.source if before is not None else None)
    rerun, original = (f"from the checkpoint of run {run}" if run is not None else "anew" for run in whose)
    return [Sighting(f"The rerun began {rerun}, the original {original}.", evidence.run.cell)]


def _first_reads(cell: CellRecord) -> dict[str, FileRead]:
    found: dict[str, FileRead] = {}
    for read in cell.facts.reads:
        found.setdefault(read.path, read)
    return found


def _change(evidence: Evidence, read: FileRead, other: FileRead) -> str:
    before, after = _files(evidence, read), _files(evidence, other)
    if before is None or after is None:
        return f"{_content(read)} -> {_content(other)}"
    parts = {
        "changed": [path for path in before if path in after and before[path] != after[path]],
        "gone": [path for path in before if path not in after],
        "new": [path for path in after if path not in before],
    }
    told = [f"{len(paths)} {what}: {named(paths)}" for what, paths in parts.items() if paths]
    return f"of {len(before)} files {'; '.join(told)}"


def _files(evidence: Evidence, read: FileRead) -> dict[str, Entry] | None:
    """The files by name where many of a directory are told as one."""
    if read.digest is None or not read.path.endswith(os.sep):
        return None
    try:
        return {entry.path: entry for entry in decode(evidence.objects.get(read.digest))}
    except (ObjectMissing, msgspec.DecodeError):
        return None


def _content(read: FileRead) -> str:
    size = f", {read.size} bytes" if read.size is not None else ""
    return f"{(read.digest or 'unknown')[:8]}{size}"
