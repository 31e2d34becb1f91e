"""Code: cells, the user's own modules, changed parameters, and the state of the repository."""

from __future__ import annotations

from collections.abc import Iterator

from runlore.events import ModuleLoaded
from runlore.session_record import SessionRecord
from runlore_server.verdict import scripts
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.sighting import Seen, Sighting, seen, short


def code(evidence: Evidence) -> Seen:
    """Cells, the user's own modules, changed parameters, and the state of the repository."""
    found = [
        Sighting(f"Parameter {name!r} was set to {short(repr(value))} for the rerun.")
        for name, value in evidence.plan.overrides.items()
    ]
    found += [
        Sighting(f"Cell {pair.ordinal} ran with another source in the rerun.", pair.ordinal)
        for pair in evidence.pairs
        if pair.rerun.source != pair.original.source
    ]
    found += scripts.changed(evidence)
    return seen("code", [*found, *_modules(evidence), *_git(evidence)])


def _modules(evidence: Evidence) -> Iterator[Sighting]:
    again: dict[str, list[ModuleLoaded]] = {}
    for loaded in _loads(evidence.rerun_session, {pair.rerun.ordinal for pair in evidence.pairs}):
        again.setdefault(loaded.module, []).append(loaded)
    taken: dict[str, int] = {}
    for loaded in _loads(evidence.session, {pair.ordinal for pair in evidence.pairs}):
        place = taken[loaded.module] = taken.get(loaded.module, -1) + 1
        others = again.get(loaded.module, [])
        if place < len(others) and others[place].digest != loaded.digest:
            text = (
                f"Module {loaded.module} ({loaded.path}) had another source in the rerun "
                f"({loaded.digest[:8]} -> {others[place].digest[:8]})."
            )
            yield Sighting(text, loaded.ordinal)


def _loads(session: SessionRecord, cells: set[int]) -> list[ModuleLoaded]:
    replayed = (cell for ordinal, cell in sorted(session.cells.items()) if ordinal in cells)
    return [*session.outside.modules, *(loaded for cell in replayed for loaded in cell.facts.modules)]


def _git(evidence: Evidence) -> Iterator[Sighting]:
    # The code that ran is recorded file by file; the repository also holds what nobody ran.
    one, other = evidence.run.git, evidence.rerun.git if evidence.rerun else None
    if one is None or other is None:
        return
    if one.commit != other.commit:
        text = f"The repository is at commit {_commit(other.commit)}; the original ran at {_commit(one.commit)}."
        yield Sighting(text, weak=True)
    if (one.dirty, one.patch) != (other.dirty, other.patch):
        yield Sighting("The repository's uncommitted changes are not the same.", weak=True)


def _commit(name: str | None) -> str:
    return name[:10] if name else "none"
