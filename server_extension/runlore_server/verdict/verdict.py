"""What a rerun proved about a recorded run, and the file that keeps it."""

from __future__ import annotations

import contextlib
import math
from typing import Literal

import msgspec

from runlore.home import Home
from runlore_server.whole import write_whole

Word = Literal["BIT-EXACT", "DIVERGED", "FAILED", "UNVERIFIABLE"]
"""``BIT-EXACT``: every logged value came out again with the same bits. ``DIVERGED``: one did not. ``FAILED``: the
rerun broke where the original had not. ``UNVERIFIABLE``: neither can be said."""

_EXIT_CODES: dict[Word, int] = {"BIT-EXACT": 0, "DIVERGED": 1, "FAILED": 1, "UNVERIFIABLE": 2}

Number = float | Literal["NaN", "Infinity", "-Infinity"]
"""A number as JSON can carry it."""


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """The first point that differs; a value is ``None`` where that side has no such point."""

    metric: str
    step: int
    original: Number | None
    rerun: Number | None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one rerun.

    ``reason`` is one sentence. ``compared`` counts the points that both runs have. ``causes`` are the known
    differences between the two, most telling first.
    """

    verdict: Word
    reason: str
    compared: int = 0
    divergence: Divergence | None = None
    causes: list[str] = []

    @property
    def exit_code(self) -> int:
        """What a command ends with: 0 reproduced, 1 not reproduced, 2 nothing proved either way."""
        return _EXIT_CODES[self.verdict]


def as_number(value: float) -> Number:
    """``value``, or the word for it where JSON has no number."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def read_verdict(home: Home, run_id: str) -> Verdict | None:
    """The verdict on the rerun that made ``run_id``; ``None`` without one, or when its file is damaged."""
    try:
        return msgspec.json.decode((home.rerun(run_id) / "verdict.json").read_bytes(), type=Verdict)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write_verdict(home: Home, run_id: str, verdict: Verdict) -> None:
    """Keep the verdict; a reader sees the earlier one or this one, never half of it.

    Raises:
        OSError: the file cannot be written.
    """
    write_whole(home.rerun(run_id) / "verdict.json", msgspec.json.format(msgspec.json.encode(verdict)))


def drop_verdict(home: Home, run_id: str) -> None:
    """Forget the verdict of an earlier attempt."""
    with contextlib.suppress(FileNotFoundError):
        (home.rerun(run_id) / "verdict.json").unlink()
