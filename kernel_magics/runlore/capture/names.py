"""Which variables of a namespace are the user's, told again before and after every cell."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from itertools import compress
from operator import ne
from typing import Any, NamedTuple

from runlore.capture.insides import address

_IPYTHONS = frozenset(("In", "Out", "_oh", "_ih", "_dh", "_", "__", "___", "_i", "_ii", "_iii"))


def is_of_ipython(name: str) -> bool:
    """Whether a name is one that IPython gives to inputs and outputs."""
    return name in _IPYTHONS or (name[:1] == "_" and name.lstrip("_i").isdecimal())


class Variables(NamedTuple):
    """The user's variables at one moment, in the namespace's order. It holds on to them: let go of it soon.

    ``addresses`` tell which objects they were, also later on; ``places`` where each name stands.
    """

    names: list[str]
    values: list[Any]
    addresses: list[int]
    places: Mapping[str, int]


class UserVariables:
    """Looks at a namespace, once for all who want to know what has changed in it.

    The user's are the names that are text, not empty, not hidden and not IPython's. Each is tested once: IPython
    adds names for every cell, so a long session has many more of them than variables.
    """

    def __init__(self) -> None:
        self._every: list[Any] = []
        self._chosen: list[bool] = []
        """For each name, whether it is the user's."""
        self._passed: dict[Any, bool] = {}
        self._hidden: list[str] = []
        """Names that would have passed; one that has passed stays the user's also where it is hidden later."""

        self._names: list[str] = []
        self._places: dict[str, int] = {}
        self._addresses: list[int] = []
        """Of the objects that were last seen under the names; 0 for none."""

        self._followers: list[set[str]] = []
        self.present: Variables | None = None
        """What all may look at, while they are told of a cell's start or end; in a script there is nothing."""

    def follow(self) -> set[str]:
        """A set for one follower, who empties it: each look adds the names that are new or bound anew."""
        self._followers.append(set(self._names))
        return self._followers[-1]

    @contextmanager
    def shown(self, variables: Variables | None) -> Iterator[None]:
        """Let these be the present ones meanwhile."""
        self.present = variables
        try:
            yield
        finally:
            self.present = None

    def look(self, namespace: Mapping[str, Any], hidden: Container[str] = ()) -> Variables:
        """The user's variables now; as long as their names stay, the list of the names does."""
        values = self._values(dict(namespace), hidden)  # another thread may change it meanwhile
        addresses = list(map(address, values))
        if addresses != self._addresses:
            anew = list(compress(self._names, map(ne, addresses, self._addresses)))
            for follower in self._followers:
                follower.update(anew)
            self._addresses = addresses
        return Variables(self._names, values, addresses, self._places)

    def _values(self, namespace: dict[str, Any], hidden: Container[str]) -> list[Any]:
        if not all(map(hidden.__contains__, self._hidden)):
            self._every, self._passed, self._hidden = [], {}, []
        every = list(namespace)
        added = every[len(self._every) :]
        del every[len(self._every) :]
        if every and every == self._every:  # as after almost every cell: some were added
            self._every += added
            more = [name for name in added if self._passes(name, hidden)]
            self._chosen += [self._passed[name] for name in added]
            if more:
                self._places.update({name: place for place, name in enumerate(more, len(self._names))})
                self._names, self._addresses = self._names + more, self._addresses + [0] * len(more)
        else:
            known = dict(zip(self._names, self._addresses, strict=True))
            self._every = every + added
            self._names = [name for name in self._every if self._passes(name, hidden)]
            self._chosen = [self._passed[name] for name in self._every]
            self._places = {name: place for place, name in enumerate(self._names)}
            self._addresses = [known.get(name, 0) for name in self._names]
        return list(compress(namespace.values(), self._chosen))

    def _passes(self, name: Any, hidden: Container[str]) -> bool:
        passes = self._passed.get(name)
        if passes is None:
            passes = type(name) is str and name != "" and not is_of_ipython(name)
            if passes and name in hidden:
                self._hidden.append(name)
                passes = False
            self._passed[name] = passes
        return passes
