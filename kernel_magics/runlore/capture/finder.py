"""The generators that can be reached from the user's variables: where they are, and by which path."""

from __future__ import annotations

import ast
import weakref
from collections.abc import Container, Iterable, Mapping
from typing import Any, NamedTuple

from runlore.capture.generators import kind_of, of_libraries, source_of
from runlore.capture.insides import address
from runlore.capture.members import Members, is_leaf, members
from runlore.capture.names import Bindings, UserNames, is_of_ipython

_DEEPEST = 6
_MOST_VISITED = 1_000
"""Objects that are looked at below one variable, nearest first; about a quarter of a millisecond."""

_TURNS = 16
"""Walks within which each variable is looked through at least once."""


class Found(NamedTuple):
    """A generator and the first path that leads to it, such as ``loaders['train'].generator``."""

    path: str
    generator: Any


class _Shape(NamedTuple):
    """How objects of one type are looked through; ``kind`` names a generator's, and those have no children."""

    kind: str | None
    children: Members | None


class GeneratorFinder:
    """Finds the generators below a namespace; remembers what it learned about types and variables.

    A variable under which nothing was found is looked through again when it is another object, when the code has
    named it since, and in turn with the others like it.
    """

    def __init__(self) -> None:
        self._shapes: dict[int, tuple[weakref.ref[type], _Shape]] = {}
        self._names = UserNames(lambda name: not is_of_ipython(name))
        self._barren = Bindings()
        """Variables under which nothing was found, by the objects that they were."""
        self._walks = 0
        self.cut_short: list[str] = []
        """The variables that the last walk did not look through to the end."""

    def find(
        self, namespace: Mapping[str, Any], hidden: Container[str] = (), named: Iterable[str] | None = None
    ) -> list[Found]:
        """Every generator but those that belong to a library as a whole, each once.

        Args:
            namespace: the variables to begin with.
            hidden: names of variables to leave out; IPython's own (``_``, ``_3``, ``Out``) always are.
            named: the words of the code that ran since the last walk; all of them by default.
        """
        found: list[Found] = []
        seen = dict.fromkeys(map(address, of_libraries()), True)
        self.cut_short = []
        self._walks += 1
        names, values = self._names.of(namespace, hidden)
        due, places = set(self._barren.update(names, values)), self._barren.places
        due.update(range(len(names)) if named is None else (places[name] for name in named if name in places))
        due.update(range(self._walks % _TURNS, len(names), _TURNS))
        for place in sorted(due):
            barren = is_leaf(values[place]) or not self._walk(names[place], values[place], seen, found)
            self._barren.mark(place, barren)
        return found

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
