"""What the cells of two runs showed, where they stand opposite each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Literal

import msgspec

from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore.record import CellRecord
from runlore_server.diff.cells import CellDiff
from runlore_server.verdict.outputs import compare_outputs


class OutputsDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What two cells showed that stand opposite each other; ``a`` and ``b`` are their ordinals.

    ``same`` leaves out of account what a verdict does: addresses, timings, progress bars. ``unknown``: what a side
    showed is lost.
    """

    status: Literal["same", "changed", "only a", "only b", "unknown"]
    a: int | None
    b: int | None


def compare_shown(
    cells: list[CellDiff],
    a: Mapping[int, CellRecord],
    b: Mapping[int, CellRecord],
    objects: ObjectStore,
) -> Iterator[OutputsDiff]:
    """Every pair of cells of which one at least showed something, in the order of ``cells``.

    Args:
        cells: how the cells are aligned.
        a: the cells of the first session, by ordinal.
        b: those of the second.
        objects: where their outputs are.
    """
    for pair in cells:
        one = a[pair.a] if pair.a is not None else None
        other = b[pair.b] if pair.b is not None else None
        shown = [cell is not None and _shows(cell, objects) for cell in (one, other)]
        if not any(shown):
            continue
        if one is None or other is None or not all(shown):
            yield OutputsDiff(status="only a" if shown[0] else "only b", a=pair.a, b=pair.b)
        else:
            yield OutputsDiff(status=_status(one, other, objects), a=pair.a, b=pair.b)


def _shows(cell: CellRecord, objects: ObjectStore) -> bool:
    if cell.outputs is None:
        return False
    try:
        return objects.get(cell.outputs).strip() != b"[]"
    except ObjectMissing:
        return True  # nobody knows what, but something was kept


def _status(one: CellRecord, other: CellRecord, objects: ObjectStore) -> Literal["same", "changed", "unknown"]:
    if one.outputs is None or other.outputs is None:
        return "unknown"
    days = date.fromtimestamp(one.started), date.fromtimestamp(other.started)
    try:
        found = compare_outputs(objects, one.outputs, other.outputs, days)
    except ObjectMissing:
        return "unknown"
    return "changed" if found.differences else "same"
