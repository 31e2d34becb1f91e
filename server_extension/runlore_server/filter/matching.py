"""Whether a comparison holds for a value.

Values are texts for ``text``, ``word`` and ``loose`` fields, else numbers (Unix seconds, seconds); ``None`` where
a run has none. A comparison never holds for a value that is not there, ``!=`` and ``not in`` included, as in
MLflow; ``is null`` and ``not (..)`` find those runs.

Parameters and tags count as numbers beside a number without quotes; a text that is no number differs from it and
is neither less nor greater. Beside a text in quotes they are compared as texts, as in MLflow; ``<`` and its like
take two texts that both read as numbers for those numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

from runlore_server.filter.fields import type_of
from runlore_server.filter.patterns import like, regular
from runlore_server.filter.quantities import number
from runlore_server.filter.tree import Ago, Comparison, Value

Accepts = Callable[[Any], bool]
"""Takes a value of the field."""

_SYMBOLS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def acceptance(comparison: Comparison, now: float) -> Accepts:
    """The comparison as a function of the field's value; ``now`` is in Unix seconds."""
    wanted, symbol = comparison.operator, comparison.operator.removeprefix("not ")
    if wanted in ("is null", "is not null"):
        there = wanted == "is not null"
        return lambda value: (value is not None) is there
    values = [now - value.seconds if isinstance(value, Ago) else value for value in comparison.values]
    loose = type_of(comparison.field) == "loose"
    if symbol == "in":
        found = _one_of(values, loose=loose)
    elif symbol in ("~", "!~"):
        found = regular(cast(str, values[0]))
    elif symbol in ("like", "ilike"):
        found = like(cast(str, values[0]), ignore_case=symbol == "ilike")
    elif loose:
        return _loosely(symbol, values[0])
    else:
        return _plainly(_SYMBOLS[symbol], values[0])
    if wanted.startswith("not ") or wanted == "!~":
        return lambda value: value is not None and not found(value)
    return lambda value: value is not None and found(value)


def _plainly(holds: Callable[[Any, Any], bool], limit: Value) -> Accepts:
    return lambda value: value is not None and holds(value, limit)


def _loosely(symbol: str, limit: Value) -> Accepts:
    holds = _SYMBOLS[symbol]
    if isinstance(limit, float):

        def beside_number(value: str | None) -> bool:
            if value is None:
                return False
            amount = number(value)
            return symbol == "!=" if amount is None else holds(amount, limit)

        return beside_number
    threshold = number(cast(str, limit)) if symbol in ("<", "<=", ">", ">=") else None
    if threshold is None:
        return _plainly(holds, limit)

    def beside_text(value: str | None) -> bool:
        if value is None:
            return False
        amount = number(value)
        return holds(value, limit) if amount is None else holds(amount, threshold)

    return beside_text


def _one_of(values: list[Any], *, loose: bool) -> Accepts:
    wanted = frozenset(values)
    numbers = frozenset(value for value in values if isinstance(value, float)) if loose else frozenset()
    if not numbers:
        return wanted.__contains__
    return lambda value: value in wanted or number(value) in numbers
