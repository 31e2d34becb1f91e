"""What no replay gives back: interrupts, what the original left behind, the clock, the network and their like."""

from __future__ import annotations

from runlore.events import UncontrolledUsed
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.sighting import Seen, Sighting, seen, short
from runlore_server.verdict.surroundings import already_there, listings

_ALWAYS_NEW = frozenset(("clock", "uuid", "urandom", "process id", "temporary path"))
_COMPARED = frozenset(("environment variable", "environment copy", "directory contents"))
"""Of these the record tells whether they were the same."""

_KINDS = {
    "clock": "the clock",
    "uuid": "a fresh uuid",
    "urandom": "the system's random numbers (urandom)",
    "network": "the network, whose answers are not recorded",
    "subprocess": "a subprocess",
    "directory listing": "the order of a directory listing, which the file system chooses",
    "address order": "the order of objects by their address, id()",
    "process id": "the id of its process or of a thread",
    "file time": "the times of a file",
    "temporary path": "the fresh name of a temporary file",
    "machine state": "what the machine or the interpreter was busy with",
    "schedule": "work whose moments the system chooses",
}
_SELDOM = frozenset(("schedule", "temporary path"))
"""Many cells have to do with them, and few depend on them: named where two reruns differ, too."""

_LAST = ("address order", *_SELDOM)
"""Named after what else a cell used."""


def uncontrolled(evidence: Evidence) -> Seen:
    """Interrupts, what the original left behind, and what the cells used that no replay gives back."""
    found = [
        Sighting(one.text, one.cell, weak=not one.telling, lasting=one.lasting)
        for one in (*already_there(evidence), *listings(evidence))
    ]
    for pair in evidence.pairs:
        stopped = pair.original.interrupted or pair.original.outcome == "interrupted"
        if stopped and not pair.put_back:
            text = (
                f"Cell {pair.ordinal} was interrupted by the user; "
                "the rerun can stop it only at about the same moment."
            )
            found.append(Sighting(text, pair.ordinal))
        uses: dict[str, list[UncontrolledUsed]] = {}
        for used in [*pair.original.facts.uncontrolled, *pair.rerun.facts.uncontrolled]:
            if used.kind not in _COMPARED:
                uses.setdefault(used.kind, []).append(used)
        for kind, events in sorted(uses.items(), key=lambda item: item[0] in _LAST):
            details = dict.fromkeys(short(event.detail) for event in events)
            named = ", ".join(list(details)[:3])
            text = f"Cell {pair.ordinal} used {_KINDS.get(kind, kind)} ({named})."
            racy = kind in _SELDOM
            found.append(Sighting(text, pair.ordinal, weak=racy, always_new=kind in _ALWAYS_NEW, racy=racy))
    return seen("uncontrolled", found)


def used_by_libraries(evidence: Evidence) -> list[Sighting]:
    """What only the rerun's side saw used: it is a helper, which follows libraries too (``capture.clocks``)."""
    found = []
    for pair in evidence.pairs:
        known = {(used.kind, used.detail) for used in pair.original.facts.uncontrolled}
        uses: dict[str, list[str]] = {}
        for used in pair.rerun.facts.uncontrolled:
            if used.kind in _ALWAYS_NEW and (used.kind, used.detail) not in known:
                uses.setdefault(used.kind, []).append(used.detail)
        for kind, details in sorted(uses.items()):  # the clock first: with chance, libraries mostly name things
            text = f"Cell {pair.ordinal} used {_KINDS[kind]} ({', '.join(details[:3])})."
            found.append(Sighting(text, pair.ordinal, always_new=True))
    return found
