"""What was computed of the columns of a table."""

from __future__ import annotations

import msgspec


class Weight(msgspec.Struct, frozen=True):
    """How much hangs on a parameter.

    Attributes:
        importance: the part of the variance that hangs on it, from 0.
        spread: the standard error of that.
        direction: the rank correlation with what the runs come to, from -1 to 1; ``None`` for texts.
        chance: how often chance alone brings about as much of it, from 0 to 1.
    """

    importance: float
    spread: float
    direction: float | None
    chance: float | None


class Weighed(msgspec.Struct, frozen=True):
    """The part of the variance that all columns predict, 1 being all; and their weights, in their order."""

    explained: float
    weights: list[Weight]
