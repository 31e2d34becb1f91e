"""Types that several threads decode."""

from __future__ import annotations

import os
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


def _renew() -> None:
    """Give a forked process a lock of its own: who held it at that moment is not there."""
    global _learning  # noqa: PLW0603 - it is one for the process
    _learning = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)
