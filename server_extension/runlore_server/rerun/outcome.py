"""How the execution of a rerun's cells ended, apart from what the cells themselves did."""

from __future__ import annotations

from typing import Literal

import msgspec

from runlore.errors import RunloreError

Failure = Literal["kernel not started", "runlore missing", "kernel died", "kernel lost", "stopped", "internal"]
"""Why not all cells could be executed, where the cause is none of the cells."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the runner says at its end: ``failure`` is ``None`` when papermill went through the cells.

    ``left_out`` are the bytes of output that the notebook lacks, by the ordinals of cells that showed too much.
    """

    failure: Failure | None = None
    message: str | None = None
    left_out: dict[int, int] = {}


class ReplayNotStarted(RunloreError, RuntimeError):
    """The kernel cannot be started, or runs but cannot replay; ``failure`` says which."""

    def __init__(self, failure: Failure, message: str) -> None:
        self.failure: Failure = failure
        super().__init__(message)
