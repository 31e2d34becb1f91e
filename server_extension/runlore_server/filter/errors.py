"""What is wrong with a filter, and where."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from runlore_server.pointing import Misread


class FilterError(Misread):
    """A filter or an order is not one; ``text`` is all of it."""


def near(name: str, known: Iterable[str]) -> list[str]:
    """Those of the known names that resemble this one, the nearest first."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    return [by_folded[found] for found in get_close_matches(name.casefold()[:100], by_folded, n=2, cutoff=0.6)]
