"""What a process and its companion say to each other, a line of JSON at a time."""

from __future__ import annotations

from typing import Literal

import msgspec


class Setup(msgspec.Struct, frozen=True):
    """The first line.

    ``curve_cache`` is in bytes. ``lock`` is the descriptor of the lock that is held for the work. For ``grace``
    seconds after its input has ended the companion may go on with a step.
    """

    home: str
    tracking_uri: str
    curve_cache: int
    lock: int | None
    grace: float


class Answer(msgspec.Struct, frozen=True):
    """How a task went; ``away`` and ``refused`` are errors of MLflow's, ``failed`` is trouble of the home."""

    outcome: Literal["done", "refused", "away", "failed"]
    reason: str = ""
    result: msgspec.Raw = msgspec.Raw(b"null")
