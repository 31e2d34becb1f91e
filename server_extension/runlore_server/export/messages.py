"""What the exporter and its process say to each other, a line of JSON at a time."""

from __future__ import annotations

from typing import Literal

import msgspec

GRACE = 3.0
"""Seconds from the end of its input until the process ends in the middle of a step, which does no harm."""


class Setup(msgspec.Struct, frozen=True):
    """The first line: where the runs are and where they go, and the descriptor of the lock that is held for it."""

    home: str
    tracking_uri: str
    lock: int | None


class Task(msgspec.Struct, frozen=True):
    """A run to bring."""

    session_id: str
    run_id: str


class Answer(msgspec.Struct, frozen=True):
    """How it went; ``away`` and ``refused`` are errors of ``TrackingStore``, ``failed`` is trouble of the home."""

    outcome: Literal["done", "refused", "away", "failed"]
    reason: str = ""
