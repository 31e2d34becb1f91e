"""Whether recorded cells drew random numbers, as far as the states that were recorded around them tell."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from runlore.record import CellRecord


def drew(cells: Iterable[CellRecord], executed: Mapping[int, CellRecord]) -> bool:
    """Whether one of the cells moved a random state on; one after which none was recorded may have.

    Args:
        cells: the cells asked about.
        executed: all cells of their session by ordinal.
    """
    order = sorted(executed)
    following = {one: executed[other] for one, other in itertools.pairwise(order)}
    return any(_moved(cell, following.get(cell.ordinal)) for cell in cells)


def _moved(cell: CellRecord, after: CellRecord | None) -> bool:
    if after is None:
        return cell.outcome is not None
    before = cell.rng | cell.imported_rng
    return any(after.rng.get(name, state) != state for name, state in before.items()) or any(
        after.generators.get(path, state) != state for path, state in cell.generators.items()
    )
