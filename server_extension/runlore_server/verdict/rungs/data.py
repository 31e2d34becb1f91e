"""Data: files that the cells read and had not made themselves."""

from __future__ import annotations

from runlore.events import FileRead
from runlore.record import CellRecord
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.sighting import Seen, Sighting, seen


def data(evidence: Evidence) -> Seen:
    """Files that the cells read and had not made themselves."""
    found: list[Sighting] = []
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


def _first_reads(cell: CellRecord) -> dict[str, FileRead]:
    found: dict[str, FileRead] = {}
    for read in cell.facts.reads:
        found.setdefault(read.path, read)
    return found


def _content(read: FileRead) -> str:
    size = f", {read.size} bytes" if read.size is not None else ""
    return f"{(read.digest or 'unknown')[:8]}{size}"
