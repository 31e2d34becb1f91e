"""Data: files that the cells read and had not made themselves."""

from __future__ import annotations

from runlore.events import FileRead
from runlore.record import CellRecord
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.sighting import Seen, Sighting, seen


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
                text = f"Data differ: {path} ({_content(read)} -> {_content(other)})."
                found.append(Sighting(text, pair.ordinal))
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


def _content(read: FileRead) -> str:
    size = f", {read.size} bytes" if read.size is not None else ""
    return f"{(read.digest or 'unknown')[:8]}{size}"
