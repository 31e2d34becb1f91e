"""The first cell that ended in another way or left other variables, and which."""

from __future__ import annotations

from runlore.record import CellRecord
from runlore_server.verdict.evidence import CellPair, Evidence
from runlore_server.verdict.rungs.hashes import hash_seeds
from runlore_server.verdict.rungs.sighting import Seen, Sighting, named, seen, short
from runlore_server.verdict.variables import compare_variables


def variables(evidence: Evidence) -> Seen:
    """The first cell that ended in another way or left other variables, and which."""
    recorded, found, reordered = False, list[Sighting](), set[str]()
    for pair in (pair for pair in evidence.pairs if pair.ordinal in evidence.needed):
        compared = compare_variables(evidence.objects, pair)
        recorded = recorded or compared.known
        if new := [name for name in compared.reordered if name not in reordered]:
            reordered.update(new)
            text = (
                f"After cell {pair.ordinal}, the same values in another order: {named(new)} "
                f"(the order of {'addresses' if _hashes_alike(evidence) else 'hashes or of addresses'})."
            )
            found.append(Sighting(text, pair.ordinal, cause=True))
        if compared.different:
            text = f"After cell {pair.ordinal}, the first to differ: {named(compared.different)}."
            return seen("variables", [*found, Sighting(text, pair.ordinal)])
        if (ending := other_ending(pair)) is not None:
            return seen("variables", [*found, ending])
    return seen("variables", found, recorded=recorded)


def _hashes_alike(evidence: Evidence) -> bool:
    one, other = hash_seeds(evidence)
    return one is not None and one == other


def other_ending(pair: CellPair) -> Sighting | None:
    """How the cell's two sides ended, where one failed and the other did not."""
    one, other = pair
    if "interrupted" in (one.outcome, other.outcome) or one.outcome == other.outcome or other.outcome is None:
        return None
    if "unknown" in (one.outcome, other.outcome):
        return None
    text = f"Cell {pair.ordinal} ended as {_ending(one)}, in the rerun as {_ending(other)}."
    return Sighting(text, pair.ordinal)


def _ending(cell: CellRecord) -> str:
    if cell.error is not None:
        return f"{cell.error.name}: {short(cell.error.message)}" if cell.error.message else cell.error.name
    return cell.outcome or "not ended"
