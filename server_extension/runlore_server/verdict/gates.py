"""What must hold before equal results say anything: nothing lost, and nothing put in that was not recorded."""

from __future__ import annotations

import re

from runlore.errors import ObjectMissing
from runlore.events import FileRead
from runlore.objects import ObjectStore
from runlore.record import CellRecord
from runlore.states import StateFile
from runlore_server.verdict.evidence import CellPair, Evidence
from runlore_server.verdict.ladder import Ladder

_UNVERIFIED = {
    "data": "The data were not verified",
    "directories left unwatched": "The data were not verified",
    "interpreter state after interrupt": "Interpreter state after interrupt",
}
"""What the kernel says it could not record and results rest on."""

_POINTS = re.compile(r"(\d+ point\(s\)|points) of metric ")
"""How it says that points are missing of which a rerun has all."""


def unusable(evidence: Evidence) -> str | None:
    """Why the record cannot be compared with at all; ``None`` when it can."""
    if evidence.launch.status == "running":
        return "The original was still running when the rerun began; verify it once it has ended."
    for title, session in (("original", evidence.session), ("rerun", evidence.rerun_session)):
        if session.damaged_lines:
            return (
                f"The journal of the {title}, session {session.session_id}, has {session.damaged_lines} damaged "
                "line(s); what they said is unknown."
            )
        for note in [*session.not_captured, *(note for run in session.runs.values() for note in run.not_captured)]:
            if note.run_id in (evidence.run.run_id, evidence.plan.run_id) and _POINTS.match(note.what):
                return f"The record of the {title} lacks {note.what}: {note.why}."
    lacking = _missing_objects(evidence)
    return f"The record of the original is incomplete: {lacking}." if lacking else None


def doubts(evidence: Evidence, ladder: Ladder) -> list[str]:
    """Why equal results would not show that the recorded run was repeated; a sentence each."""
    gates = [rung for rung in ladder.rungs if rung.rung in ("code", "data", "random state")]
    found = [text for rung in gates if rung.status == "differs" for text in rung.evidence]
    for pair in (pair for pair in evidence.pairs if pair.ordinal in evidence.needed):
        uses = [*pair.original.facts.uncontrolled, *pair.rerun.facts.uncontrolled]
        hosts = dict.fromkeys(used.detail for used in uses if used.kind == "network")
        if hosts:
            named = ", ".join(hosts)
            found.append(f"Cell {pair.ordinal} used the network ({named}), whose answers are not recorded.")
    return [*found, *gaps(evidence)]


def gaps(evidence: Evidence) -> list[str]:
    """What the cells had and no record holds: files that could not be hashed, states after interrupts."""
    found = []
    replayed = {pair.ordinal for pair in evidence.pairs}
    for pair in (pair for pair in evidence.pairs if pair.ordinal in evidence.needed):
        found += [
            f"Cell {pair.ordinal} read {read.path}, which could not be verified ({read.why or 'not hashed'})."
            for read in [*pair.original.facts.reads, *pair.original.facts.scripts]
            if read.digest is None and read.writer not in replayed and not _same_version(read, pair.rerun)
        ]
        if pair.original.opened and not pair.original.data_recorded:
            found.append(
                f"Cell {pair.ordinal} opened files of which not all were written down before the kernel's end."
            )
        found += _after_interrupt(evidence, pair)
    found += [
        f"{_UNVERIFIED[note.what]}: {note.why}." for note in evidence.not_captured() if note.what in _UNVERIFIED
    ]
    return list(dict.fromkeys(found))


def _same_version(read: FileRead, rerun: CellRecord) -> bool:
    """Whether the rerun read the same version of a remote object, as its server names versions."""
    etag = read.version.get("etag")
    return etag is not None and any(
        again.path == read.path and again.version.get("etag") == etag for again in rerun.facts.reads
    )


def _after_interrupt(evidence: Evidence, pair: CellPair) -> list[str]:
    """Variables that were lost with an interrupt, as far as a later cell names them."""
    snapshot = pair.original.snapshot
    if snapshot is None or not snapshot.missing:
        return []
    later = "\n".join(other.original.source for other in evidence.pairs if other.ordinal > pair.ordinal)
    return [
        f"Interpreter state after interrupt: {name} of cell {pair.ordinal} could not be kept ({why})."
        for name, why in snapshot.missing.items()
        if not name.isidentifier() or re.search(rf"\b{re.escape(name)}\b", later)
    ]


def _missing_objects(evidence: Evidence) -> str | None:
    """The first object that the rerun had to start from and could not."""
    objects = ObjectStore(evidence.home.objects)
    states = StateFile(evidence.home.states(evidence.plan.original))
    needed: dict[str, str] = {}
    for cell in evidence.plan.cells:
        for name, digest in [*cell.rng.items(), *cell.imported_rng.items(), *cell.generators.items()]:
            needed.setdefault(digest, f"the random state of {name} in cell {cell.ordinal}")
    for digest, what in needed.items():
        if problem := _problem(states, digest):
            return f"{what} is lost ({problem})"
    if evidence.run.environment is not None and (problem := _problem(objects, evidence.run.environment)):
        return f"the environment is lost ({problem})"
    return None


def _problem(store: ObjectStore | StateFile, digest: str) -> ObjectMissing | None:
    try:
        store.get(digest)
    except ObjectMissing as error:
        return error
    return None
