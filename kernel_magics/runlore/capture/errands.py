"""Processes that Runlore starts for itself, such as git: what they read is none of the user's doing."""

from __future__ import annotations

from collections import deque

_recent: deque[int] = deque(maxlen=256)
"""Ids; the system gives one again only after very many others."""


def sent(pid: int) -> None:
    """Remember a process of Runlore's own."""
    _recent.append(pid)


def is_one(pid: int) -> bool:
    """Whether this is, or was not long ago, a process of Runlore's own."""
    return pid in _recent
