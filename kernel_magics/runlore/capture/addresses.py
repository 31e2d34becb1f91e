"""Objects that are told apart and ordered by where they lie in memory, which is elsewhere in every process.

An object whose class defines no ``__hash__`` is hashed by its address: sets of such objects iterate in the order
of addresses, and ``sorted(objects, key=hash)`` is that order. The standard ``repr`` shows the address as well.
"""

from __future__ import annotations

import re
import types
from collections import deque
from collections.abc import Iterable
from itertools import islice
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from runlore.capture.insides import address, attributes_of, is_among, is_walked, mro_of, name_of, names_in

_MOST = 20
"""Elements of a container that are looked at, the first ones."""

_WORD = re.compile(r"[^\W\d]\w*")
_HASHES = re.compile(r"\b(set|frozenset|hash|WeakSet|WeakKeyDictionary)\b|\{[^{}:]*\}")
"""Text that may put objects into an order of their hashes."""

_SHOWS = re.compile(r"\b(repr|str|ascii)\b")
_HASHES_ONE = re.compile(r"\bhash\s*\(")
_UNORDERED: tuple[type, ...] = (set, frozenset, WeakSet, WeakKeyDictionary)
_ORDERED: tuple[type, ...] = (list, tuple, deque)
_NOBODYS = (type(None), type(...), type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType)
"""Types of what stands in many containers, and by its address in no order that anybody asks for."""

_HASH, _REPR = "__hash__", "__repr__"
_Kinds = dict[int, type]
"""Types by their addresses, so that none is asked for its hash."""


def placed_by_address(source: str, namespace: dict[str, Any]) -> list[str]:
    """The types of objects that a cell may order by their addresses, by the standard ``__hash__`` or ``__repr__``.

    They are looked for in the sets that the cell's text names, and where it hashes or shows objects, in the lists
    and dictionaries too.

    Args:
        source: the cell.
        namespace: the user's variables, as the cell left them.
    """
    asked = [_HASH] * bool(_HASHES.search(source)) + [_REPR] * bool(_SHOWS.search(source))
    alone = "hash" in source and _HASHES_ONE.search(source) is not None
    in_sets: _Kinds = {}
    in_order: _Kinds = {}
    for name in dict.fromkeys(_WORD.findall(source)):
        value: Any = namespace.get(name)
        kind = type(value)
        if is_among(kind, _UNORDERED):
            _collect(in_sets, value)
        elif is_among(kind, _ORDERED):
            _collect(in_order, value)
        elif kind is dict:
            _collect(in_order, value)
            _collect(in_order, value.values())
        elif not is_among(kind, _NOBODYS) and is_walked(kind):
            if alone:
                _collect(in_sets, [value])
            for attribute in islice((attributes_of(value, kind) or {}).values(), _MOST):
                if is_among(type(attribute), _UNORDERED):
                    _collect(in_sets, attribute)
    found = [kind for kind in in_sets.values() if _is_standard(kind, _HASH)]
    found += [
        kind
        for kind in in_order.values()
        if not is_among(kind, _NOBODYS) and any(_is_standard(kind, method) for method in asked)
    ]
    return list(dict.fromkeys(map(name_of.__get__, found)))


def _collect(kinds: _Kinds, values: Iterable[Any]) -> None:
    types = list(map(type, islice(values, _MOST)))
    kinds.update(zip(map(address, types), types, strict=True))


def _is_standard(kind: type, method: str) -> bool:
    """Whether the class has this method from ``object``; no code of the class's is asked."""
    definitions = (names_in.__get__(base).get(method, kind) for base in mro_of.__get__(kind))
    return next(found for found in definitions if found is not kind) is vars(object)[method]
