"""The runs of a search by what they have in a field."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runlore_server.filter.tree import And, Comparison, Field, Node, Or
from runlore_server.store.values import Scalar, column_of

MOST_GROUPS = 1000
"""Groups that are told of at once: those with the newest runs."""

PARENT = Field("attribute", "rerun_of")
_ID = Field("attribute", "id")
_STARTED = Field("attribute", "started")
_RERUNS = Field("attribute", "reruns")


@dataclass
class Group:
    """Runs that have the same in a field.

    Attributes:
        value: what they have; ``None`` for those that have nothing.
        where: finds them among the runs that were searched.
        count: how many there are.
        newest: when the last of them started, in Unix seconds.
        best: the best value of the metric that was asked for; ``None`` where none has any.
    """

    value: Scalar
    where: Node
    count: int = 0
    newest: float = 0.0
    best: float | None = None


@dataclass(frozen=True)
class Groups:
    """The groups, that of the newest run first; how many there are in all, and how many runs they hold."""

    groups: list[Group]
    total: int
    runs: int


def grouped(
    places: list[int], by: Field, best: Field | None, column: Callable[[Field], Sequence[Scalar]]
) -> Groups:
    """The groups of the runs at these places.

    Grouped by ``rerun_of``, a run stands with its reruns; those that have none and are none stand together.

    Args:
        places: the newest run first.
        by: what makes a group.
        best: the statistic of a metric of which each group's best is wanted.
        column: gives the values.
    """
    values = _families(column) if by == PARENT else column(by)
    started = column(_STARTED)
    amounts = column(best) if best is not None else None
    pick = min if best is not None and column_of(best) == "min" else max
    found: dict[Scalar, Group] = {}
    for place in places:
        value = values[place]
        if value != value:  # a NaN differs from itself  # noqa: PLR0124
            value = None
        group = found.get(value)
        if group is None:
            group = found[value] = Group(value, _having(by, value))
        group.count += 1
        group.newest = max(group.newest, float(started[place] or 0.0))
        amount = amounts[place] if amounts is not None else None
        if isinstance(amount, float) and math.isfinite(amount):
            group.best = amount if group.best is None else pick(group.best, amount)
    return Groups(list(found.values())[:MOST_GROUPS], len(found), len(places))


def _families(column: Callable[[Field], Sequence[Scalar]]) -> list[Scalar]:
    """The id of the run that each repeats, or its own where it is repeated."""
    own, originals, reruns = column(_ID), column(PARENT), column(_RERUNS)
    return [
        original or (run_id if count else None)
        for run_id, original, count in zip(own, originals, reruns, strict=True)
    ]


def _having(by: Field, value: Scalar) -> Node:
    """Finds the runs that have this."""
    if by == PARENT and value is None:
        return And((Comparison(PARENT, "is null"), Comparison(_RERUNS, "=", (0.0,))))
    if value is None:
        return Comparison(by, "is null")
    same = Comparison(by, "=", (value,))
    return Or((Comparison(_ID, "=", (value,)), same)) if by == PARENT else same
