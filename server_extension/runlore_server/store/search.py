"""Which runs a filter finds, in which order."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from runlore_server.filter.fields import type_of
from runlore_server.filter.matching import acceptance
from runlore_server.filter.order import Key
from runlore_server.filter.quantities import number
from runlore_server.filter.tree import And, Comparison, Field, Node, Not, Or, Text
from runlore_server.store.values import Scalar

Column = Callable[[Field], Sequence[Scalar]]
"""Gives a field of every run, by place."""

_ID = Field("attribute", "id")
_NAMES = tuple(Field("attribute", name) for name in ("name", "experiment", "notebook"))
_NEWEST_FIRST = Key(Field("attribute", "started"), descending=True)
_FEW = 8
"""The part of the runs (one in so many) up to which picking the first is cheaper than sorting all."""


@dataclass(frozen=True)
class Query:
    """What to look for.

    Attributes:
        where: the filter; every run without one.
        order: what counts first stands first; then, or without any, the newest run first. Runs that lack a field,
            or have a NaN, come last in either direction.
        limit: runs on the page at the most; all without it.
        offset: runs of the result before the page.
        before: the id of a run of the result after which the page begins, instead of ``offset``.
        deleted: whether runs that the user deleted count too; else only where the filter names ``deleted``.
    """

    where: Node | None = None
    order: tuple[Key, ...] = ()
    limit: int | None = None
    offset: int = 0
    before: str | None = None
    deleted: bool = False

    def fields(self) -> set[Field]:
        """Every field that has to be known."""
        return {key.field for key in self.order} | (_fields(self.where) if self.where is not None else set())


def _fields(node: Node) -> set[Field]:
    if isinstance(node, Comparison):
        return {node.field}
    if isinstance(node, Text):
        return {_ID, *_NAMES}
    parts = (node.part,) if isinstance(node, Not) else node.parts
    return {field for part in parts for field in _fields(part)}


def select(node: Node, places: list[int], column: Column, now: float) -> list[int]:
    """The places that the filter finds among these, in the order in which they stand; ``now`` in Unix seconds."""
    if isinstance(node, And):
        for part in node.parts:
            places = select(part, places, column, now)
        return places
    if isinstance(node, Or):
        found: set[int] = set()
        for part in node.parts:
            found.update(select(part, [place for place in places if place not in found], column, now))
        return [place for place in places if place in found]
    if isinstance(node, Not):
        excluded = set(select(node.part, places, column, now))
        return [place for place in places if place not in excluded]
    if isinstance(node, Text):
        return _naming(node.text.casefold(), places, column)
    accepts, values = acceptance(node, now), column(node.field)
    if type_of(node.field) not in ("number", "time", "duration"):
        known = _Known(accepts)  # texts repeat
        return [place for place in places if known[values[place]]]
    return [place for place in places if accepts(values[place])]


class _Known(dict[Any, bool]):
    """What a function of a value said of each value so far."""

    def __init__(self, accepts: Callable[[Any], bool]) -> None:
        super().__init__()
        self._accepts = accepts

    def __missing__(self, value: Any) -> bool:
        accepted = self[value] = self._accepts(value)
        return accepted


def _naming(text: str, places: list[int], column: Column) -> list[int]:
    ids = column(_ID)
    found = {place for place in places if text in str(ids[place])}
    for field in _NAMES:
        values = column(field)
        naming = {value for value in set(values) if value is not None and text in str(value).casefold()}
        if naming:
            found.update(place for place in places if values[place] in naming)
    return [place for place in places if place in found]


def ordered(places: list[int], keys: tuple[Key, ...], column: Column, count: int | None) -> list[int]:
    """The places in order, at least the first ``count``; those that no key tells apart stay as they stand.

    Args:
        places: the newest run first.
        keys: what counts first comes first.
        column: gives the values.
        count: how many are needed; all with ``None``.
    """
    if keys and keys[-1] == _NEWEST_FIRST:
        keys = keys[:-1]  # as they stand
    for key in keys[:0:-1]:
        places = _ordered_by(key, places, column, None)
    return _ordered_by(keys[0], places, column, count) if keys else places


def _ordered_by(key: Key, places: list[int], column: Column, count: int | None) -> list[int]:
    values = column(key.field)
    # What is not there is None; a NaN differs from itself.
    there = [place for place in places if (value := values[place]) is not None and value == value]  # noqa: PLR0124
    present = set(there) if len(there) < len(places) else None
    absent = [] if present is None else [place for place in places if place not in present]
    if type_of(key.field) != "loose":
        return [*_sorted(there, values.__getitem__, key, count), *absent]
    numbers = {text: number(str(text)) for text in {values[place] for place in there}}
    amounts = {place: amount for place in there if (amount := numbers[values[place]]) is not None}
    texts = [place for place in there if place not in amounts]
    by_amount = _sorted(list(amounts), amounts.__getitem__, key, count)
    return [*by_amount, *_sorted(texts, values.__getitem__, key, count), *absent]


def _sorted(places: list[int], value: Callable[[int], Any], key: Key, count: int | None) -> list[int]:
    if count is None or count * _FEW > len(places):
        return sorted(places, key=value, reverse=key.descending)
    pick = heapq.nlargest if key.descending else heapq.nsmallest
    return pick(count, places, key=value)
