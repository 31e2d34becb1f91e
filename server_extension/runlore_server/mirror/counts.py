"""What a look at MLflow brought."""

from __future__ import annotations

from typing import NamedTuple


class Counts(NamedTuple):
    """Runs that are shown now, and how many of them came, changed or went."""

    runs: int
    came: int
    changed: int
    gone: int
