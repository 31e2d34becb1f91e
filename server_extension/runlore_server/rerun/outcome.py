"""How the execution of a rerun's cells ended, apart from what the cells themselves did."""

from __future__ import annotations

from typing import Literal

import msgspec

from runlore.errors import RunloreError

Failure = Literal["kernel not started", "runlore missing", "kernel died", "stopped", "internal"]
"""Why not all cells could be executed, where the cause is none of the cells."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the runner says at its end: ``failure`` is ``None`` when papermill went through the cells."""

    failure: Failure | None = None
    message: str | None = None


class ReplayNotStarted(RunloreError, RuntimeError):
    """The kernel runs but cannot replay; ``without_runlore`` says that Runlore is not installed there."""

    def __init__(self, python: str, error: str, message: str) -> None:
        self.without_runlore = error in {"ModuleNotFoundError", "ImportError"} and "runlore" in message
        super().__init__(
            f"the kernel's environment has no Runlore that can replay: {message}. "
            f"Run: {python} -m pip install --upgrade runlore"
            if self.without_runlore
            else f"the kernel cannot start the replay: {error}: {message}"
        )
