"""The cells of two runs, aligned by their text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher, unified_diff
from typing import Literal

import msgspec

from runlore_server.store.cells import ExecutedCell

_ALIKE = 0.5
"""Similarity from which two cells count as one that was edited."""

_LONG = 20_000
"""Characters of two cells together above which they are compared by lines instead of characters."""


class CellDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Two cells that stand opposite each other; ``a`` and ``b`` are their ordinals, ``diff`` is unified.

    ``only a``: the second run has no such cell. ``of_run`` tells whether a run was open in it.
    """

    status: Literal["same", "changed", "only a", "only b"]
    a: int | None
    b: int | None
    of_run: bool
    diff: str = ""


def align(a: Sequence[ExecutedCell], b: Sequence[ExecutedCell]) -> list[CellDiff]:
    """Every cell of both, in an order that keeps that of each."""
    matcher = SequenceMatcher(None, [cell.source for cell in a], [cell.source for cell in b], autojunk=False)
    found: list[CellDiff] = []
    for tag, a_start, a_end, b_start, b_end in matcher.get_opcodes():
        if tag == "equal":
            found += [
                _pair("same", one, other) for one, other in zip(a[a_start:a_end], b[b_start:b_end], strict=True)
            ]
        else:
            found += _changed(a[a_start:a_end], b[b_start:b_end])
    return found


def _changed(a: Sequence[ExecutedCell], b: Sequence[ExecutedCell]) -> Iterator[CellDiff]:
    """Within a block without an equal cell, those that are alike stand opposite each other, in order."""
    rest = list(b)
    for one in a:
        place = next((index for index, other in enumerate(rest) if _alike(one, other)), None)
        if place is None:
            yield _alone("only a", one)
            continue
        yield from (_alone("only b", other) for other in rest[:place])
        yield _pair("changed", one, rest[place])
        del rest[: place + 1]
    yield from (_alone("only b", other) for other in rest)


def _alike(one: ExecutedCell, other: ExecutedCell) -> bool:
    if one.cell_id is not None and one.cell_id == other.cell_id:
        return True
    texts = one.source, other.source
    if len(texts[0]) + len(texts[1]) > _LONG:
        return SequenceMatcher(None, texts[0].splitlines(), texts[1].splitlines()).ratio() > _ALIKE
    matcher = SequenceMatcher(None, *texts, autojunk=False)
    ratios = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return all(ratio() > _ALIKE for ratio in ratios)


def _pair(status: Literal["same", "changed"], one: ExecutedCell, other: ExecutedCell) -> CellDiff:
    return CellDiff(
        status=status,
        a=one.ordinal,
        b=other.ordinal,
        of_run=one.of_run or other.of_run,
        diff=_unified(one.source, other.source, one.ordinal, other.ordinal) if status == "changed" else "",
    )


def _alone(status: Literal["only a", "only b"], cell: ExecutedCell) -> CellDiff:
    first = status == "only a"
    texts = (cell.source, "") if first else ("", cell.source)
    return CellDiff(
        status=status,
        a=cell.ordinal if first else None,
        b=None if first else cell.ordinal,
        of_run=cell.of_run,
        diff=_unified(*texts, cell.ordinal, cell.ordinal),
    )


def _unified(one: str, other: str, a: int, b: int) -> str:
    lines = unified_diff(one.splitlines(), other.splitlines(), f"a: cell {a}", f"b: cell {b}", lineterm="")
    return "\n".join(lines)
