"""Runs as a table: what their parameters were, and what they came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from runlore_server.filter.quantities import number
from runlore_server.store.entry import flat


class Column(msgspec.Struct, frozen=True):
    """A parameter in which runs differ.

    Attributes:
        name: the parameter; an entry of a nested one by its path, as in filters.
        together: others that changed whenever this one did and only then, so that nothing tells them apart.
        numeric: whether all values are numbers.
        values: one a run: the number, or which of the texts it is; ``None`` where the run has none.
    """

    name: str
    together: list[str]
    numeric: bool
    values: list[float | None]


class Table(msgspec.Struct, frozen=True):
    """What is to be explained, finite, and by what; all lists have one entry a run."""

    columns: list[Column]
    outcomes: list[float]


def differing(runs: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The parameters in which runs differ, by name; those that always change together are one column."""
    texts = [_leaves(flat(dict(params))) for params in runs]
    names = dict.fromkeys(name for text in texts for name in text)
    found: dict[object, Column] = {}
    for name in sorted(names):
        values = [text.get(name) for text in texts]
        kinds = {value: kind for kind, value in enumerate(dict.fromkeys(values))}
        if len(kinds) < 2:
            continue
        column = _column(name, values, kinds)
        found.setdefault(_pattern(column, len(kinds)), column).together.append(name)
    for column in found.values():
        column.together.remove(column.name)
    return list(found.values())


def _pattern(column: Column, kinds: int) -> object:
    """What columns have in common that nothing tells apart: the same runs are alike in them.

    Where no two runs are, numbers are in the same order, or in the opposite one.
    """
    values = column.values
    if kinds < len(values) or not column.numeric:
        places: dict[float | None, int] = {}
        return tuple(places.setdefault(value, len(places)) for value in values)
    order = sorted(range(len(values)), key=lambda at: (values[at] is None, values[at] or 0.0))
    return "order", min(tuple(order), tuple(reversed(order)))


def _leaves(texts: dict[str, str]) -> dict[str, str]:
    """Without parameters whose entries are there too."""
    parents = {name[:at] for name in texts for at, letter in enumerate(name) if letter == "."}
    return {name: text for name, text in texts.items() if name not in parents}


def _column(name: str, values: list[str | None], kinds: Mapping[str | None, int]) -> Column:
    numbers = {value: number(value) for value in kinds if value is not None}
    if None not in numbers.values():
        return Column(name, [], True, [None if value is None else numbers[value] for value in values])
    return Column(name, [], False, [None if value is None else float(kinds[value]) for value in values])
