"""Many files of a directory as one: a list of their names, sizes and digests, kept as an object."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

from runlore.capture.data.identity import Identity
from runlore.untrusted import from_json

MANY = 1000
"""Files of one cell; more of them are put together by directory."""

_MOST_GROUPS = 64
_FEW = 16
"""Files of a directory that are still named one by one."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One file: path relative to the directory, size in bytes, BLAKE3 (``None`` where it could not be hashed)."""

    path: str
    size: int | None
    digest: str | None


class _Accessed(Protocol):
    path: str
    identity: Identity | None


A = TypeVar("A", bound=_Accessed)


def encode(directory: str, accessed: Iterable[_Accessed]) -> bytes:
    """The manifest of files below ``directory``: a JSON array, sorted by path."""
    entries = []
    for one in accessed:
        known = one.identity or Identity(None, None)
        entries.append(Entry(one.path[len(directory) + 1 :], known.size, known.digest))
    entries.sort(key=lambda entry: entry.path)
    return msgspec.json.encode(entries)


def decode(content: bytes) -> list[Entry]:
    """The files of a manifest.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return from_json(content, list[Entry])


def group(accessed: Sequence[A]) -> tuple[list[A], dict[str, list[A]]]:
    """What is named one by one, and by directory what is put together.

    Up to ``MANY`` files all are named. Of more, the deepest directories are joined with their parents until there
    are no more than 64 groups; a group of more than 16 files is put together.
    """
    if len(accessed) <= MANY:
        return list(accessed), {}
    groups: dict[str, list[A]] = defaultdict(list)
    for one in accessed:
        groups[one.path.rpartition(os.sep)[0]].append(one)
    while len(groups) > _MOST_GROUPS:
        depth = max(directory.count(os.sep) for directory in groups)
        if depth <= 1:
            break
        for directory in [d for d in groups if d.count(os.sep) == depth]:
            groups[directory.rpartition(os.sep)[0]] += groups.pop(directory)
    single = [one for found in groups.values() if len(found) <= _FEW for one in found]
    return single, {directory: found for directory, found in groups.items() if len(found) > _FEW}
