"""A filter as a tree; ``str`` of a node is a text that reads as the same node."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Entity = Literal["attribute", "param", "metric", "tag", "load"]
Statistic = Literal["last", "min", "max", "best", "count", "step"]
Operator = Literal[
    "=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "not like", "ilike", "not ilike", "~", "!~",
    "is null", "is not null",
]  # fmt: skip

_PLAIN_NAME = re.compile(r"[^\s'\"`=<>!~(),.]+")


@dataclass(frozen=True)
class Ago:
    """A time so many seconds before the search."""

    seconds: float

    def __str__(self) -> str:
        return f"-{self.seconds!r}s"


@dataclass(frozen=True)
class Field:
    """What of a run is looked at; ``statistic`` is of metrics alone, a ``load`` is the machine's meanwhile."""

    entity: Entity
    name: str
    statistic: Statistic = "last"

    def __str__(self) -> str:
        if self.entity in ("attribute", "load"):
            return self.name
        plain = _PLAIN_NAME.fullmatch(self.name)
        name = self.name if plain else '"' + self.name.replace('"', '""') + '"'
        statistic = "" if self.statistic == "last" else f".{self.statistic}"
        return f"{self.entity}s.{name}{statistic}"


Value = str | float | Ago
"""A text, a number (seconds for times and durations), or a time before now."""


@dataclass(frozen=True)
class Comparison:
    """A field beside a value: several for ``in``, none for ``is null``."""

    field: Field
    operator: Operator
    values: tuple[Value, ...] = ()

    def __str__(self) -> str:
        shown = ", ".join(map(_shown, self.values))
        if self.operator in ("in", "not in"):
            shown = f"({shown})"
        return f"{self.field} {self.operator} {shown}".rstrip()


@dataclass(frozen=True)
class Text:
    """Runs whose name, experiment, notebook or id contains this, in whichever case."""

    text: str

    def __str__(self) -> str:
        return _shown(self.text)


@dataclass(frozen=True)
class Not:
    """Runs that the part does not find."""

    part: Node

    def __str__(self) -> str:
        return f"not {_inside(self.part)}"


@dataclass(frozen=True)
class And:
    """Runs that all of the parts find."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " and ".join(map(_inside, self.parts))


@dataclass(frozen=True)
class Or:
    """Runs that any of the parts finds."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return " or ".join(map(_inside, self.parts))


Node = Comparison | Text | Not | And | Or


def _inside(node: Node) -> str:
    return f"({node})" if isinstance(node, (And, Or)) else str(node)


def _shown(value: Value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value) if isinstance(value, float) else str(value)
