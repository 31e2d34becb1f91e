"""Types that several threads decode."""

from __future__ import annotations

import threading
from typing import TypeVar

import msgspec

T = TypeVar("T")

_learning = threading.Lock()
_known: set[object] = set()


def decodable(kind: type[T]) -> type[T]:
    """``kind``, once msgspec knows how to decode it.

    It learns a class when it meets it first, alone or within another. A thread that decodes the class meanwhile
    crashes the process.
    """
    if kind not in _known:
        with _learning:
            msgspec.json.Decoder(kind)
            _known.add(kind)
    return kind
