"""Random states at the start of cells."""

from __future__ import annotations

from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.rungs.sighting import Seen, Sighting, seen


def random_states(evidence: Evidence) -> Seen:
    """For each library and generator, the first cell that began from another state than its original."""
    found: list[Sighting] = []
    recorded, told = False, set[str]()
    for pair in evidence.pairs:
        # Of a cell that loaded Runlore, the state is known from that moment on, and restored at that moment.
        if pair.ordinal < 0:
            continue
        for title, one, other in (
            ("The random state of", pair.original.rng, pair.rerun.rng),
            ("The state of generator", pair.original.generators, pair.rerun.generators),
        ):
            recorded = recorded or bool(one)
            for name in sorted((one.keys() & other.keys()) - told):
                if one[name] != other[name]:
                    told.add(name)
                    which = (
                        f"{title} {name} was another one"
                        if one is pair.original.rng
                        else f"{title} {name} had another state"
                    )
                    found.append(Sighting(f"{which} when cell {pair.ordinal} started.", pair.ordinal))
    found += [
        Sighting(f"In the rerun, {note.what}: {note.why}.")
        for note in evidence.not_captured_again()
        if note.what.startswith("random state")
    ]
    return seen("random state", found, recorded=recorded)
