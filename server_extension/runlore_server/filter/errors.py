"""What is wrong with a filter, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from runlore.errors import RunloreError

_CONTEXT = 60
"""Characters shown on each side of the place."""


class FilterError(RunloreError, ValueError):
    """A filter or an order is not one.

    Attributes:
        position: the character at fault, from 0; the text's length where something is missing at its end.
        suggestions: names that may have been meant, the nearest first.
        text: the whole filter or order.
    """

    def __init__(self, message: str, text: str, position: int, suggestions: Sequence[str] = ()) -> None:
        self.text, self.position, self.suggestions = text, position, list(suggestions)
        meant = f"; did you mean {' or '.join(map(repr, self.suggestions))}?" if self.suggestions else ""
        super().__init__(f"{message}{meant} (character {position + 1})")

    def pointed_out(self) -> str:
        """The text around the place, with a caret below the character."""
        start = max(self.position - _CONTEXT, 0)
        shown = self.text[start : self.position + _CONTEXT]
        line = "".join(char if char.isprintable() else " " for char in shown)
        return f"{line}\n{' ' * (self.position - start)}^"


def near(name: str, known: Iterable[str]) -> list[str]:
    """Those of the known names that resemble this one, the nearest first."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    return [by_folded[found] for found in get_close_matches(name.casefold()[:100], by_folded, n=2, cutoff=0.6)]
