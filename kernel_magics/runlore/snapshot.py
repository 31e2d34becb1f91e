"""The user's variables as an interrupt left them: kept, and put in place of running the cell again.

They are pickled in one piece, so what variables share they share again. Functions and classes that earlier cells
made are kept by name, because a replay makes them again; those of the interrupted cell are kept as they are. A
pickle can execute code, so it is read only where the home's own key has signed it.
"""

from __future__ import annotations

import io
import os
import pickle
import re
import sys
import time
import types
import warnings
from collections.abc import Container, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runlore.capture.insides import address
from runlore.capture.names import is_of_ipython
from runlore.keeping import (
    KeepingUnpickler,
    TooLarge,
    keeping_pickler,
)
from runlore.library_objects import LibraryObjects
from runlore.module_data import put_module_states, user_modules

LARGEST = 256 * 2**20
"""Bytes of a snapshot."""

LONGEST = 10.0
"""Seconds that taking one may last."""

_SECRET = re.compile(r"passw|secret|token|api_?key|credential|auth", re.IGNORECASE)
_SHORTEST = 8
"""Characters of a value that can be told from others as a secret."""

_PROTOCOL = 5


@dataclass
class Kept:
    """Variables that were kept, and why others were not."""

    content: bytes
    missing: dict[str, str] = field(default_factory=dict)


@dataclass
class Resumed:
    """What a snapshot holds, ready to be put in place.

    ``names`` are all variables that there were, ``result`` the value that the cell showed, ``modules`` the data of
    the user's own modules.
    """

    names: list[str]
    variables: dict[str, Any]
    modules: dict[str, dict[str, Any]]
    cwd: str
    result: Any

    def apply(self, namespace: MutableMapping[str, Any], hidden: Container[str]) -> None:
        """Make the namespace, the user's modules and the directory what they were."""
        there = set(self.names)
        for name in [name for name in namespace if is_users(name, hidden) and name not in there]:
            del namespace[name]
        namespace.update(self.variables)
        put_module_states(self.modules)
        if self.cwd:
            os.chdir(self.cwd)


class SnapshotError(Exception):
    """Variables cannot be put back; the text says why."""


def is_users(name: str, hidden: Container[str]) -> bool:
    """Whether a variable is the user's, not IPython's."""
    return name not in hidden and not is_of_ipython(name) and not (name.startswith("__") and name.endswith("__"))


def take(
    namespace: Mapping[str, Any],
    hidden: Container[str],
    began: Iterable[tuple[str, int]],
    source: str,
    result: Any,
) -> Kept:
    """Keep the user's variables.

    Args:
        namespace: the variables.
        hidden: the names of those that are not the user's.
        began: which object each variable was when the cell began, by ``runlore.capture.insides.address``.
        source: the cell; what it does not name and has not bound may be left to the replay where need be.
        result: the value that the cell showed, if it came that far.

    Raises:
        TooLarge: they are too many or too large.
    """
    users = {name: value for name, value in list(namespace.items()) if is_users(name, hidden)}
    taking = _Taking(users, dict(began), set(re.findall(r"\w+", source)), result)
    taking.leave_out_secrets()
    try:
        content = taking.pickled()
    except TooLarge:
        content = taking.pickled(by_hash=True)
    except Exception:  # noqa: BLE001 - an object of the user's may raise anything
        taking.leave_out_unpicklable()
        content = taking.pickled()
    return Kept(content, taking.missing)


def load(content: bytes, namespace: Mapping[str, Any]) -> Resumed:
    """What a snapshot holds, built but not yet put in place.

    Args:
        content: signed by this home's key, or it must not come here.
        namespace: the variables of the replay, for large ones that the snapshot names by their hash.

    Raises:
        SnapshotError: it was taken by another Python, or it cannot be rebuilt here.
    """
    stream = io.BytesIO(content)
    try:
        made_by = pickle.load(stream)  # noqa: S301 - signed
        if made_by != _interpreter():
            raise SnapshotError(f"it was taken by {made_by}; this is {_interpreter()}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Resumed(*KeepingUnpickler(stream, namespace).load())
    except SnapshotError:
        raise
    except Exception as error:
        raise SnapshotError(f"it cannot be rebuilt: {type(error).__name__}: {error}") from error


class _Taking:
    """One snapshot in the making."""

    def __init__(self, users: dict[str, Any], before: dict[str, int], named: set[str], result: Any) -> None:
        self._users, self._before, self._named, self._result = users, before, named, result
        self._kept = dict(users)
        self._modules = user_modules()
        self._libraries = LibraryObjects()
        self._deadline = time.monotonic() + LONGEST
        self.missing: dict[str, str] = {}

    def leave_out_secrets(self) -> None:
        secrets = {value for name, value in os.environ.items() if len(value) >= _SHORTEST and _SECRET.search(name)}
        for name, value in self._users.items():
            if type(value) is str and (_SECRET.search(name) or value in secrets):
                self._leave_out(name, "it looks like a secret, and secrets are not written to the disk")

    def leave_out_unpicklable(self) -> None:
        for name, why in self._unpicklable(self._kept).items():
            self._leave_out(name, why)
        for values in self._modules.values():
            for name in self._unpicklable(values):
                del values[name]
        if self._unpicklable({"": self._result}):
            self._result = None

    def _leave_out(self, name: str, why: str) -> None:
        """What the cell neither bound nor names is in a replay what it was, and so are definitions."""
        value = self._users[name]
        same = self._before.get(name) == address(value)
        if not same or (name in self._named and not _is_definition(value)):
            self.missing[name] = why
        del self._kept[name]

    def pickled(self, *, by_hash: bool = False) -> bytes:
        """All of it; ``by_hash`` keeps of large arrays that were there before no more than their hash."""
        sink = _Sink(self._deadline)
        pickle.dump(_interpreter(), sink, protocol=_PROTOCOL)
        self._dump(sink, (list(self._users), self._kept, self._modules, _directory(), self._result), by_hash)
        return sink.getvalue()

    def _unpicklable(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Which of the values cannot be kept, and why."""
        found = {}
        for name, value in values.items():
            try:
                self._dump(_Sink(self._deadline, keep=False), value)
            except TooLarge:
                if time.monotonic() > self._deadline:
                    raise
            except Exception as error:  # noqa: BLE001 - an object of the user's may raise anything
                found[name] = f"{type(value).__name__}: {error}"
        return found

    def _dump(self, sink: _Sink, value: Any, by_hash: bool = False) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            keeping_pickler(sink, _PROTOCOL, self._users, self._before, self._libraries, by_hash=by_hash).dump(
                value
            )


class _Sink(io.RawIOBase):
    """Takes what a pickler writes, within the limits."""

    def __init__(self, deadline: float, *, keep: bool = True) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._keep = keep
        self._size = 0
        self._deadline = deadline

    def write(self, part: Any) -> int:
        with memoryview(part) as view:
            size = view.nbytes
            self._size += size
            if self._size > LARGEST:
                raise TooLarge(f"the variables take more than {LARGEST >> 20} MiB")
            if time.monotonic() > self._deadline:
                raise TooLarge(f"keeping the variables takes more than {LONGEST:.0f} seconds")
            if self._keep:
                self._parts.append(bytes(view))
        return size

    def getvalue(self) -> bytes:
        return b"".join(self._parts)


def _is_definition(value: Any) -> bool:
    return isinstance(value, types.FunctionType) or issubclass(type(value), type)


def _interpreter() -> str:
    return f"{sys.implementation.cache_tag} with pickle protocol {_PROTOCOL}"


def _directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return ""
