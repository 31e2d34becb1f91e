"""The why-ladder: what differs between a run and its rerun, from code to what nothing controls."""

from __future__ import annotations

import re
from collections.abc import Sequence

from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.code import code
from runlore_server.verdict.rungs.data import data
from runlore_server.verdict.rungs.environment import environment, threads
from runlore_server.verdict.rungs.hashes import UNKNOWN_HASHES
from runlore_server.verdict.rungs.sighting import Seen, Sighting
from runlore_server.verdict.rungs.states import random_states
from runlore_server.verdict.rungs.uncontrolled import uncontrolled
from runlore_server.verdict.rungs.variables import variables
from runlore_server.verdict.verdict import Rung, Verdict

AGREES = (
    "Two reruns from the same states agree with each other and differ from the original: the code is "
    "deterministic, so look for environment, data or state that the record does not hold."
)
DIFFERS = (
    "Two reruns from the same states differ from each other too: the code itself is not deterministic (the clock, "
    "os.urandom, the order of hashes or of threads, the network)."
)
AGREES_BY_CHANCE = (
    "Two reruns from the same states agree with each other and differ from the original: what raced may have "
    "ended alike twice, or environment, data or state that the record does not hold is to blame."
)
NO_CAUSE = (
    "No recorded difference explains it: the code may depend on the clock, os.urandom, the order of hashes or of "
    "threads, files or the network."
)


_BY_HASH = re.compile(r"\b(set|frozenset|hash)\s*\(|\{[^{}:]*\}|\.(keys|union|intersection|difference)\(")


class Ladder:
    """All rungs of one rerun. ``parted`` is the cell at which the two sides part, ``None`` where nobody knows."""

    def __init__(self, evidence: Evidence, parted: int | None = None) -> None:
        self._evidence = evidence
        seen = [
            code(evidence),
            environment(evidence),
            data(evidence),
            random_states(evidence),
            threads(evidence),
            variables(evidence),
            uncontrolled(evidence),
        ]
        self._seen = [_needed(one, evidence.needed) for one in seen]
        places = [parted, *(one.cell for one in self._of("variables").sightings if not one.cause)]
        known = [place for place in places if place is not None]
        self.parted = min(known) if known else None

    @property
    def rungs(self) -> list[Rung]:
        return [
            Rung(rung=seen.rung, status=seen.status, evidence=[sighting.text for sighting in seen.sightings])
            for seen in self._seen
        ]

    @property
    def explained(self) -> bool:
        """Whether a rung down to threads and hardware differs before the two sides part."""
        return bool(self._causes(self._recorded(), weak=False))

    @property
    def used_uncontrolled(self) -> bool:
        """Whether something that no replay gives back was used before the two sides part."""
        return bool(self._used(None))

    def causes(self, again: str | None = None, used_again: Sequence[str] = ()) -> list[str]:
        """The causes, the first true one first; then what the record lacks.

        Args:
            again: what a second rerun said, if there was one.
            used_again: what that one saw used, without which it and the first would have come out alike.
        """
        recorded = self._recorded()
        certain = self._causes(recorded, weak=False)
        possible = self._causes(recorded, weak=True)
        if not self._depends_on_hashes():
            possible = [one for one in possible if one != UNKNOWN_HASHES]
        places = self._of("variables").sightings
        # What both reruns found as they began cannot tell them apart.
        lasting = [one.text for one in self._of("uncontrolled").sightings if one.lasting and again == "differs"]
        raced = {one.text for one in self._of("uncontrolled").sightings if one.racy}
        used = [*(one for one in self._used(again) if one not in lasting), *used_again]
        used.sort(key=raced.__contains__)  # named after what else a cell used, by libraries too
        told = [] if again is None else [AGREES if again == "agrees" else DIFFERS]
        where = [one.text for one in places]
        if certain or used:
            # Where a cause is named, that two reruns agree sends nobody to look for another one.
            found = [*certain, *used, *where, *(one for one in told if one != AGREES), *possible]
        else:
            likely = [one for one in possible if one == UNKNOWN_HASHES]
            likely_raced = [
                one.text
                for one in self._of("uncontrolled").sightings
                if one.racy and not self._too_late(one) and not (one.always_new and again == "agrees")
            ]
            if likely_raced and again == "agrees":
                told = [AGREES_BY_CHANCE]
            found = [*likely, *likely_raced, *(told or [NO_CAUSE]), *where, *possible]
        found += lasting
        found += [f"Later: {one.text}" for one in recorded if self._too_late(one) and not one.weak]
        return list(dict.fromkeys([*found, *self._lacking()]))

    def _used(self, again: str | None) -> list[str]:
        """What was used and may explain the difference: no clock does where two reruns agree."""
        orders = (one for one in self._of("variables").sightings if one.cause)
        used = [*self._of("uncontrolled").sightings, *orders]
        races = again == "differs"
        found = [one for one in used if not self._too_late(one) and (not one.weak or (one.racy and races))]
        if again == "agrees":
            found = [one for one in found if not one.always_new]
        found.sort(key=lambda one: -(one.cell if one.cell is not None else -1))
        return [one.text for one in found]

    def _depends_on_hashes(self) -> bool:
        """Whether a cell up to where the sides part handles sets or hashes, as far as its text shows."""
        needed = (pair for pair in self._evidence.pairs if pair.ordinal in self._evidence.needed)
        cells = (pair for pair in needed if self.parted is None or pair.ordinal <= self.parted)
        return any(_BY_HASH.search(pair.original.source) for pair in cells)

    def _of(self, rung: str) -> Seen:
        return next(seen for seen in self._seen if seen.rung == rung)

    def _recorded(self) -> list[Sighting]:
        return [
            one for seen in self._seen if seen.rung not in ("variables", "uncontrolled") for one in seen.sightings
        ]

    def _causes(self, sightings: list[Sighting], *, weak: bool) -> list[str]:
        return [one.text for one in sightings if one.weak == weak and not self._too_late(one)]

    def _too_late(self, sighting: Sighting) -> bool:
        return self.parted is not None and sighting.cell is not None and sighting.cell > self.parted

    def _lacking(self) -> list[str]:
        evidence = self._evidence
        unknown = [pair for pair in evidence.pairs if pair.original.outcome == "unknown"]
        found = []
        if unknown:
            which = "1 cell" if len(unknown) == 1 else f"{len(unknown)} cells"
            found.append(
                f"{which} ran before Runlore was loaded: how they ended and their random states were not recorded."
            )
        notes = evidence.not_captured()
        return [*found, *(f"Not captured of the original, {note.what}: {note.why}." for note in notes)]


def _needed(seen: Seen, cells: frozenset[int]) -> Seen:
    """What was seen in cells that the run does not rest on is told, and explains nothing."""
    sightings = [
        one if one.cell is None or one.cell in cells else one._replace(weak=True, racy=False)
        for one in seen.sightings
    ]
    if seen.status == "differs" and all(one.weak for one in sightings):
        return Seen(seen.rung, "same", sightings)
    return seen._replace(sightings=sightings)


def wants_second(verdict: Verdict) -> bool:
    """Whether a second rerun from the same states can say more: nothing recorded explains the difference."""
    upper = ("code", "environment", "data", "random state", "threads and hardware")
    return (
        verdict.verdict == "DIVERGED"
        and verdict.again is None
        and all(rung.status != "differs" for rung in verdict.ladder if rung.rung in upper)
    )
