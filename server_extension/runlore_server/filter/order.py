"""By what runs are ordered: ``metrics.loss ASC, started DESC``."""

from __future__ import annotations

from dataclasses import dataclass

from runlore_server.filter.errors import FilterError
from runlore_server.filter.fields import field
from runlore_server.filter.tokens import tokens
from runlore_server.filter.tree import Field

MOST_KEYS = 5
"""Fields in one order."""


@dataclass(frozen=True)
class Key:
    """One field of an order; ``str`` gives what reads as the same key."""

    field: Field
    descending: bool = False

    def __str__(self) -> str:
        return f"{self.field} {'DESC' if self.descending else 'ASC'}"


def parse_order(text: str) -> tuple[Key, ...]:
    """The fields in the order in which they count; each ascends unless ``DESC`` follows. None for a blank text.

    Raises:
        FilterError: it is no order; the error knows the character.
    """
    found = tokens(text)
    if len(found) == 1:
        return ()
    keys: list[Key] = []
    at = 0
    while True:
        token = found[at]
        if token.kind not in ("word", "field"):
            raise FilterError(f"expected a field, such as metrics.loss, not {token}", text, token.position)
        named, direction = field(token, text), found[at + 1].keyword
        at += 2 if direction in ("asc", "desc") else 1
        keys.append(Key(named, direction == "desc"))
        if len(keys) > MOST_KEYS:
            raise FilterError(f"an order has at most {MOST_KEYS} fields", text, token.position)
        if found[at].kind == "end":
            return tuple(keys)
        if not found[at].is_operator(","):
            message = f"expected ASC, DESC, ',' or the end, not {found[at]}"
            raise FilterError(message, text, found[at].position)
        at += 1
