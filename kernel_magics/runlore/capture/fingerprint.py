"""Fingerprints of values: short, the same in every process, and taken without running a line of the user's code.

Looked at are exact types only: Python's own, NumPy arrays, torch CPU tensors, pandas frames, and objects of the
user's classes and of some libraries through the dictionary of their attributes, by the interpreter's descriptors.
Nothing is compared, hashed, printed or pickled by methods that a user's class could define.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable
from itertools import islice
from pathlib import PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from time import perf_counter
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, WeakSet

from blake3 import blake3

from runlore.capture import arrays
from runlore.capture.insides import attributes_of, has_exact_text, is_among, is_walked, mro_of, name_of

_DIGEST_BYTES = 10
_DEPTH = 40
_double = struct.Struct("<d").pack
_ordered: Any = OrderedDict.items
_DICTIONARIES = (OrderedDict, defaultdict, Counter)
_PATHS = (PosixPath, WindowsPath, PurePosixPath, PureWindowsPath)


class Limits(NamedTuple):
    """What one fingerprint may look at: so many values, of each block of memory so many bytes before sampling."""

    nodes: int
    block: int


CHEAP = Limits(nodes=256, block=64 * 1024)
FULL = Limits(nodes=5_000_000, block=1 << 62)


class _OutOfTime(Exception):
    pass


class _Unlooked(Exception):
    """Nothing can be said about the value at all."""


def fingerprint(value: Any, limits: Limits = CHEAP, deadline: float = float("inf")) -> str | None:
    """The fingerprint of a value; ``None`` where nothing can be said, or not before ``deadline``.

    ``<kind>:<hash>``, the kind being the type's name, followed by ``~`` where it was only sampled (large
    arrays: 16 pieces of 4 KiB; long lists: both ends and every n-th) or the limit on nodes was reached, and by
    ``?`` where it holds something that cannot be looked at. What is or holds a set has two hashes,
    ``<kind>:<content>:<order>``: with the elements in a fixed order, and of the order in which they iterate.

    Args:
        value: any object.
        limits: ``CHEAP`` or ``FULL``.
        deadline: of ``time.perf_counter``, in seconds.
    """
    look = Look(limits, deadline)
    try:
        return look.top(value)
    except Exception:  # noqa: BLE001 - it changes in another thread, or a library has other insides than known
        return None


class Look:
    """One walk through one value. ``out`` collects what is hashed."""

    def __init__(self, limits: Limits, deadline: float) -> None:
        self.limits = limits
        self._deadline = deadline
        self._left = limits.nodes
        self._out: list[bytes] = []
        self._orders: list[bytes] = []
        """Of each set in the value, its elements as they iterate."""
        self._ancestors: list[Any] = []
        self.sampled = False
        self.partial = False

    def top(self, value: Any) -> str:
        kind = type(value)
        name: str = name_of.__get__(kind)
        if kind is bool or value is None or (kind is int and -(2**53) < value < 2**53):
            return f"{name}:{value}"
        if kind is float:
            return f"{name}:{value.hex()}"
        self.add(value)
        order = f":{_digest(self._orders)}" if self._orders else ""
        return f"{name}{'~' * self.sampled}{'?' * self.partial}:{_digest(self._out)}{order}"

    def add(self, value: Any) -> None:  # noqa: C901, PLR0912 - one branch a type, the frequent ones first
        kind = type(value)
        out = self._out
        self._left -= 1
        if kind is float:
            out.append(b"f" + _double(value))
        elif kind is int:
            out.append(b"i%x" % value)
        elif kind is str:
            self._text(value)
        elif value is None or value is True or value is False or value is ... or value is NotImplemented:
            out.append(str(value).encode())
        elif kind is list or kind is tuple:
            self._sequence(value)
        elif kind is dict:
            self._dictionary(value)
        elif kind is bytes or kind is bytearray:
            self.block(memoryview(value))
        elif kind is set or kind is frozenset:
            self._set(value)
        elif kind is WeakSet or kind is WeakKeyDictionary:
            self._set(list(value if kind is WeakSet else value.items()))
        elif kind is complex:
            out.append(b"c" + _double(value.real) + _double(value.imag))
        elif kind is range or kind is slice:
            out.append(b"range")
            self._nested((value.start, value.stop, value.step), value)
        elif is_among(kind, _DICTIONARIES):
            self._named(kind)
            self._dictionary(value, kind)
        elif kind is deque:
            out.append(b"deque")
            self._nested(list(islice(value, self._left)), value)
            self.sampled |= self._left <= 0
        elif has_exact_text(value, kind):
            self._named(kind)
            out.append(str(value).encode())
        elif is_among(kind, _PATHS):
            out.append(b"path" + str(value).encode(errors="surrogatepass"))
        elif not arrays.add(self, value):
            self._object(value, kind)
        if self._left & 127 == 0 and perf_counter() > self._deadline:
            raise _OutOfTime

    def unlooked(self) -> None:
        """Something here cannot be looked at."""
        if not self._ancestors:
            raise _Unlooked
        self.partial = True
        self._out.append(b"?")

    def note(self, text: str) -> None:
        """Hash a text of the looker's own, such as a shape."""
        self._out.append(text.encode(errors="surrogatepass"))

    def block(self, content: memoryview) -> None:
        """Hash memory, C-contiguous; of more than the limit 16 pieces of 4 KiB."""
        flat = content.cast("B") if content.nbytes else b""
        size = len(flat)
        self._out.append(b"b%d" % size)
        if size <= self.limits.block:
            self._out.append(blake3(flat).digest())
            return
        self.sampled = True
        step = (size - 4096) // 15
        # In one piece: each call lets other threads run, and coming back costs more than the copy.
        pieces = b"".join(flat[index * step : index * step + 4096] for index in range(16))
        self._out.append(blake3(pieces).digest())
        if perf_counter() > self._deadline:
            raise _OutOfTime

    def _named(self, kind: type) -> None:
        self._out.append(f"<{name_of.__get__(kind)}>".encode())

    def _text(self, value: str) -> None:
        if len(value) > self.limits.block:
            self.sampled = True
            step = (len(value) - 4096) // 15
            parts = [value[index * step : index * step + 4096] for index in range(16)]
            value = f"{len(value)}:" + "".join(parts)
        content = value.encode(errors="surrogatepass")
        self._out.append(b"s%d:" % len(content))
        self._out.append(content)

    def _sequence(self, value: list[Any] | tuple[Any, ...]) -> None:
        length = len(value)
        self._out.append(b"%c%d" % (b"l" if type(value) is list else b"t", length))
        if length > self._left > 0:
            self.sampled = True
            third = max(self._left // 4, 1)
            value = [*value[:third], *value[third : -third or None : max(length // third, 1)], *value[-third:]]
        self._nested(value, value)

    def _dictionary(self, value: dict[Any, Any], kind: type = dict) -> None:
        length = len(value)
        self._out.append(b"d%d" % length)
        items: Iterable[Any] = _ordered(value) if kind is OrderedDict else dict.items(value)
        if 2 * length > self._left:
            self.sampled = True
            items = islice(items, max(self._left // 2, 1))
        if not self._enter(value):
            return
        for key, item in items:
            self.add(key)
            self.add(item)
        self._ancestors.pop()

    def _set(self, value: set[Any] | frozenset[Any] | list[Any]) -> None:
        self._out.append(b"set%d" % len(value))
        if not value or not self._enter(value):
            return
        whole = len(value) <= self._left
        self.sampled |= not whole
        outer, forms = self._out, []
        for element in value if whole else islice(value, self._left):
            self._out = []
            self.add(element)
            forms.append(b"".join(self._out))
        self._out = outer
        self._ancestors.pop()
        self._orders.append(b"".join(forms))
        if whole:
            outer += sorted(forms)

    def _nested(self, items: Iterable[Any], owner: Any) -> None:
        if self._enter(owner):
            for item in items:
                self.add(item)
            self._ancestors.pop()

    def _enter(self, owner: Any) -> bool:
        if self._left <= 0:
            self.sampled = True
            return False
        for up, ancestor in enumerate(reversed(self._ancestors)):
            if ancestor is owner:
                self._out.append(b"cycle%d" % up)
                return False
        if len(self._ancestors) >= _DEPTH:
            self.sampled = True
            return False
        self._ancestors.append(owner)
        return True

    def _object(self, value: Any, kind: type) -> None:
        if kind is FunctionType or kind is BuiltinFunctionType or kind is MethodType or issubclass(kind, type):
            self.unlooked()  # code is compared as source
            return
        bases = mro_of.__get__(kind)
        if len(bases) == 3 and bases[1] is tuple:  # a named tuple
            self._named(kind)
            self._nested(list(islice(tuple.__iter__(value), max(self._left, 0))), value)
            return
        attributes = attributes_of(value, kind) if is_walked(kind) else None
        if attributes is None:
            self.unlooked()
            return
        self._out.append(b"o" + name_of.__get__(kind).encode())
        self._dictionary(attributes)


def _digest(parts: Iterable[bytes]) -> str:
    return str(blake3(b"\0".join(parts)).hexdigest(_DIGEST_BYTES))
