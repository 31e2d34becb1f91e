"""Where values may live, who may have changed them, and what leads to what."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple


class Kind(Enum):
    """What may happen to a region without an assignment to it."""

    DATA = "data"
    """Nothing, unless a method or function that is not known to leave it alone gets it."""
    OBJECT = "object"
    """A library's object: using it may change it and the objects that it holds, but no data."""
    CODE = "code"
    """A function or class of the session: using it may change all that it can reach."""
    UNKNOWN = "unknown"
    """Anything: an instance of the session's classes, a module of the user's, an iterator with code in it."""


@dataclass
class Region:
    """Values made in one place. ``code`` are global names that its code reads when it runs, ``stores`` those
    that it binds; ``hazards`` is what else running it may do, ``patches`` are the libraries into which it puts
    something; ``mutes`` says that calling it changes what it is called with, ``moves``
    that a library which gets it moves it on; ``function`` is the one function
    that it is, when it is one."""

    kind: Kind
    holds: set[int] = field(default_factory=set)
    writers: set[int] = field(default_factory=set)
    code: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()
    hazards: frozenset[str] = frozenset()
    patches: frozenset[str] = frozenset()
    mutes: bool = False
    moves: bool = False
    function: ast.FunctionDef | ast.Lambda | None = None


class Value(NamedTuple):
    """What an expression may be: one of the values in ``regions`` (none of them: something immutable that holds
    nothing), or what stands at ``path`` in a library."""

    regions: frozenset[int] = frozenset()
    path: str = ""


class Binding(NamedTuple):
    """What a name may stand for, and the cells that may have bound it last."""

    value: Value
    cells: frozenset[int]


NOTHING = Value()


def either(values: Iterable[Value]) -> Value:
    """One of several values."""
    found = list(values)
    paths = {value.path for value in found}
    path = paths.pop() if len(paths) == 1 else ""
    return Value(frozenset().union(*(value.regions for value in found)), path)


def join(one: Binding | None, other: Binding | None) -> Binding:
    """What holds when either of two bindings may."""
    if one is None or other is None:
        known = one or other
        assert known is not None  # noqa: S101 - nobody joins nothing with nothing
        return known
    return Binding(either([one.value, other.value]), one.cells | other.cells)


class Heap:
    """All regions of one session."""

    def __init__(self) -> None:
        self._regions: list[Region] = []
        self._sites: dict[object, int] = {}

    def __getitem__(self, region: int) -> Region:
        return self._regions[region]

    @property
    def size(self) -> int:
        """Grows with all that is learned."""
        return sum(1 + len(region.holds) + len(region.writers) for region in self._regions)

    def at(self, site: object, kind: Kind) -> int:
        """The region of a place in the code; the same again for the same place."""
        if site not in self._sites:
            self._sites[site] = len(self._regions)
            self._regions.append(Region(kind))
        return self._sites[site]

    def reach(self, regions: Iterable[int], names: Mapping[str, Binding]) -> tuple[set[int], set[str]]:
        """Every region that can be come to from these, through code by way of the names that it reads; and the
        names."""
        seen: set[int] = set()
        through: set[str] = set()
        waiting = list(regions)
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            region = self._regions[number]
            waiting += region.holds
            for name in region.code - through:
                through.add(name)
                if name in names:
                    waiting += names[name].value.regions
        return seen, through

    def of_kind(self, regions: Iterable[int], *kinds: Kind) -> Iterator[int]:
        """Those of the regions that are of one of the kinds."""
        return (number for number in regions if self._regions[number].kind in kinds)
