"""The generators that can be reached from the user's variables: where they are, and by which path."""

from __future__ import annotations

import ast
import weakref
from collections.abc import Iterable, Mapping
from time import perf_counter
from typing import Any, NamedTuple

from runlore.capture.generators import kind_of, of_libraries, source_of
from runlore.capture.insides import address
from runlore.capture.members import Members, is_leaf, members
from runlore.capture.names import UserVariables, Variables

_DEEPEST = 6
_MOST_VISITED = 1_000
"""Objects that are looked at below one variable, nearest first; about a quarter of a millisecond."""

_TURNS, _IN_TURN = 16, 100e-6
"""Walks within which each variable is looked through, as far as no walk takes so many seconds longer for that."""

_LONGEST = 5e-3
"""Seconds of one walk through all that is due; what is left is due in the next."""


class Found(NamedTuple):
    """A generator and the first path that leads to it, such as ``loaders['train'].generator``."""

    path: str
    generator: Any


class _Shape(NamedTuple):
    """How objects of one type are looked through; ``kind`` names a generator's, and those have no children."""

    kind: str | None
    children: Members | None


class GeneratorFinder:
    """Finds the generators below variables; remembers what it learned about types and variables.

    A variable under which nothing was found is looked through again when it is another object, when the code has
    named it since, and in turn with the others like it.

    Args:
        users: whose looks are handed to ``find``.
    """

    def __init__(self, users: UserVariables) -> None:
        self._shapes: dict[int, tuple[weakref.ref[type], _Shape]] = {}
        self._anew = users.follow()
        self._holding: set[str] = set()
        """Variables under which something was found."""
        self._turn = 0
        self.cut_short: list[str] = []
        """The variables that the last walk did not look through to the end."""
        self.put_off = 0
        """How many variables the last walk had no time for."""

    def find(self, variables: Variables, named: Iterable[str] | None = None) -> list[Found]:
        """Every generator but those that belong to a library as a whole, each once.

        Args:
            variables: where to look.
            named: the words of the code that ran since the last walk; all of them by default.
        """
        found: list[Found] = []
        seen = dict.fromkeys(map(address, of_libraries()), True)
        self.cut_short = []
        self.put_off = 0
        names, values, _, places = variables
        self._anew.update(names if named is None else named, self._holding)
        self._anew.intersection_update(places)
        end = perf_counter() + _LONGEST
        for name in sorted(self._anew, key=places.__getitem__):
            if name not in self._holding and perf_counter() > end:
                self.put_off += 1
            else:
                self._look_through(name, values[places[name]], seen, found)
        end = min(end, perf_counter() + _IN_TURN)
        for _ in range(-(-len(names) // _TURNS)):
            self._turn = (self._turn + 1) % len(names)
            self._look_through(names[self._turn], values[self._turn], seen, found)
            if perf_counter() > end:
                break
        return found

    def _look_through(self, name: str, variable: Any, seen: dict[int, bool], found: list[Found]) -> None:
        self._anew.discard(name)
        if is_leaf(variable):
            self._holding.discard(name)
        elif self._walk(name, variable, seen, found):
            self._holding.add(name)
        else:
            self._holding.discard(name)

    def _walk(self, name: str, variable: Any, seen: dict[int, bool], found: list[Found]) -> bool:
        """Look through one variable, nearest first; say whether something was there.

        ``seen`` has the objects that were looked through, by address, and whether something was below them.
        """
        kind, children = self._shape(type(variable))
        if kind is None and (children is None or next(children(variable), None) is None):
            return False
        # An entry: the object, the entry that led to it, the step from there, and the depth.
        nodes: list[tuple[Any, int, str, int]] = [(variable, -1, name, 0)]
        passed: list[int] = []
        visited, there = 0, False
        for index, (value, _, _, depth) in enumerate(nodes):
            kind, children = self._shape(type(value))
            if kind is not None:
                there = True
                identity = address(source_of(value, kind))
                if identity not in seen:
                    seen[identity] = True
                    found.append(Found(_path(nodes, index), value))
            elif children is not None and depth < _DEEPEST:
                identity = address(value)
                if identity in seen:
                    there |= seen[identity]
                    continue
                seen[identity] = False
                passed.append(identity)
                for step, child in children(value):
                    visited += 1
                    nodes.append((child, index, step, depth + 1))
                if visited > _MOST_VISITED:
                    self.cut_short.append(name)
                    break
        if there:
            seen.update(dict.fromkeys(passed, True))
        return there

    def at(self, path: str, namespace: Mapping[str, Any]) -> Any:
        """The object to which a path of ``find`` leads.

        Raises:
            LookupError: there is none.
        """
        try:
            name, *steps = _steps(path)
        except (SyntaxError, ValueError) as error:
            raise LookupError(f"{path!r} is no path") from error
        if name not in namespace:
            raise LookupError(f"there is no variable {name!r}")
        value = namespace[name]
        for step in steps:
            children = self._shape(type(value)).children
            value = next((child for at, child in children(value) if at == step), self) if children else self
            if value is self:
                raise LookupError(f"nothing is at {step} of it")
        return value

    def _shape(self, kind: type) -> _Shape:
        known = self._shapes.get(address(kind))
        if known is not None and known[0]() is kind:
            return known[1]
        generator = kind_of(kind)
        shape = _Shape(generator, members(kind) if generator is None else None)
        self._shapes[address(kind)] = (weakref.ref(kind), shape)
        return shape


def _path(nodes: list[tuple[Any, int, str, int]], index: int) -> str:
    steps = []
    while index >= 0:
        _, parent, step, _ = nodes[index]
        steps.append(step)
        index = parent
    return "".join(reversed(steps))


def _steps(path: str) -> list[str]:
    """A path taken apart: the variable's name, then its steps as ``children`` give them."""
    node, steps = ast.parse(path, mode="eval").body, []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            steps.append(f".{node.attr}")
        elif isinstance(node, ast.Subscript):
            steps.append(f"[{ast.literal_eval(node.slice)!r}]")
        else:
            raise ValueError(path)
        node = node.value
    return [node.id, *reversed(steps)]
