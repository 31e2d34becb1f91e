"""What a statement in SQL asks of the database that no replay can give back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runlore.events import UncontrolledKind

_STATEMENT = re.compile(r"\s*(?:copy|create|delete|insert|replace|select|update|with)\b", re.IGNORECASE)
_CHANCE = re.compile(r"\b(gen_random_uuid|rand|random|randomblob|uuid)\s*\(", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b(current_(?:date|time|timestamp))\b|\b(now|today)\s*\(\s*\)|\b(\w+)\s*\([^()]*'now'", re.IGNORECASE
)


def may_ask(text: str) -> bool:
    """Whether there may be such a statement anywhere in a text."""
    return (_CHANCE.search(text) or _CLOCK.search(text)) is not None


def asked(text: str) -> Iterator[tuple[UncontrolledKind, str]]:
    """What a text asks for that is a statement; nothing of any other."""
    if _STATEMENT.match(text):
        yield from (("urandom", f"{found[1].lower()}() in SQL") for found in _CHANCE.finditer(text))
        for found in _CLOCK.finditer(text):
            yield "clock", f"{next(filter(None, found.groups())).lower()} in SQL"
