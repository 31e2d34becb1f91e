"""Errors in a text that a user wrote, which show the place in it."""

from __future__ import annotations

from collections.abc import Sequence

from runlore.errors import RunloreError

_CONTEXT = 60
"""Characters shown on each side of the place."""


class Misread(RunloreError, ValueError):
    """A text cannot be understood.

    Attributes:
        position: the character at fault, from 0; the text's length where something is missing at its end.
        suggestions: names that may have been meant, the nearest first.
        text: the whole text.
    """

    def __init__(self, message: str, text: str, position: int, suggestions: Sequence[str] = ()) -> None:
        self.text, self.position, self.suggestions = text, position, list(suggestions)
        meant = f"; did you mean {' or '.join(map(repr, self.suggestions))}?" if self.suggestions else ""
        place = f" (character {position + 1})" if text else ""
        super().__init__(f"{message}{meant}{place}")

    def pointed_out(self) -> str:
        """The text around the place, with a caret below the character."""
        start = max(self.position - _CONTEXT, 0)
        shown = self.text[start : self.position + _CONTEXT]
        line = "".join(char if char.isprintable() else " " for char in shown)
        return f"{line}\n{' ' * (self.position - start)}^" if self.text else ""
