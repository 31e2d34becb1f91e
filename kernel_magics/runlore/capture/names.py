"""Which names of a namespace are the user's, told again before and after every cell."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from itertools import compress, count
from operator import ne
from typing import Any

from runlore.capture.insides import address

_IPYTHONS = frozenset(("In", "Out", "_oh", "_ih", "_dh", "_", "__", "___", "_i", "_ii", "_iii"))


def is_of_ipython(name: str) -> bool:
    """Whether a name is one that IPython gives to inputs and outputs."""
    return name in _IPYTHONS or (name[:1] == "_" and name.lstrip("_i").isdecimal())


class UserNames:
    """The names that pass a test, in the namespace's order; each is tested once.

    IPython adds a name for every cell, so a long session has many more names than variables.
    """

    def __init__(self, is_users: Callable[[str], bool]) -> None:
        self._is_users = is_users
        self._every: list[Any] = []
        self._passed: dict[Any, bool] = {}
        self._hidden: list[str] = []
        """Names that would have passed; one that has passed stays the user's also where it is hidden later."""

        self._names: list[str] = []

    def of(self, namespace: Mapping[str, Any], hidden: Container[str] = ()) -> tuple[list[str], list[Any]]:
        """The user's names but the hidden ones, and their values; as long as the names stay, the list does.

        A name that is no text, or the empty one, is nobody's.
        """
        try:
            return self._of(namespace, hidden)
        except (KeyError, RuntimeError):  # another thread changed it meanwhile
            return self._of(dict(namespace), hidden)

    def _of(self, namespace: Mapping[str, Any], hidden: Container[str]) -> tuple[list[str], list[Any]]:
        if not all(map(hidden.__contains__, self._hidden)):
            self._every, self._passed, self._hidden, self._names = [], {}, [], []
        every = list(namespace)
        added = every[len(self._every) :]
        del every[len(self._every) :]
        if every == self._every:  # as after almost every cell: some were added
            self._every += added
            more = [name for name in added if self._passes(name, hidden)]
            if more:
                self._names = self._names + more
        else:
            self._every = every + added
            self._names = [name for name in self._every if self._passes(name, hidden)]
        return self._names, list(map(namespace.__getitem__, self._names))

    def _passes(self, name: Any, hidden: Container[str]) -> bool:
        passes = self._passed.get(name)
        if passes is None:
            passes = type(name) is str and name != "" and self._is_users(name)
            if passes and name in hidden:
                self._hidden.append(name)
                passes = False
            self._passed[name] = passes
        return passes


class Bindings:
    """Remembers which object a variable was; variables are told by their place among the names."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self.places: dict[str, int] = {}
        self._addresses: list[int] = []
        self._known: list[int] = []
        """By place, the address of the object last marked there; 0 for none."""

    def update(self, names: list[str], values: list[Any]) -> list[int]:
        """Take in the present variables; the places of those that are not as marked."""
        if names is not self._names:
            known = dict(zip(self._names, self._known, strict=True)).get
            self._known = [known(name, 0) for name in names]
            self.places = {name: place for place, name in enumerate(names)}
            self._names = names
        self._addresses = list(map(address, values))
        return list(compress(count(), map(ne, self._addresses, self._known)))

    def mark(self, place: int, known: bool = True) -> None:
        """Remember the object at this place, or forget it."""
        self._known[place] = self._addresses[place] if known else 0
