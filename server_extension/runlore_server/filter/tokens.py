"""A filter cut into words, quoted texts and operators."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from runlore_server.filter.errors import FilterError

LONGEST = 4000
"""Characters that a filter may have."""

Kind = Literal["word", "string", "field", "operator", "end"]
"""``field`` is a name with a quoted part, such as ``tags."x y"``."""

_TOKEN = re.compile(
    r"""\s+
    | (?P<field> [A-Za-z]+ \. (?: "(?:[^"]|"")+" | `[^`]+` ) (?: \.[A-Za-z]+ )? )
    | (?P<string> '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<operator> <= | >= | != | <> | == | !~ | [=<>~(),] )
    | (?P<word> [^\s'"`=<>!~(),]+ )""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Token:
    """One piece of the text; ``content`` is without its quotes, for ``field`` as written."""

    kind: Kind
    content: str
    position: int

    @property
    def keyword(self) -> str:
        """The word in lower case; empty for anything else, so that ``'and'`` in quotes is no keyword."""
        return self.content.lower() if self.kind == "word" else ""

    def is_operator(self, *symbols: str) -> bool:
        """Whether this is one of these symbols."""
        return self.kind == "operator" and self.content in symbols

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.content)


def tokens(text: str) -> list[Token]:
    """The pieces of a filter and a last one that stands for its end.

    Raises:
        FilterError: a quote is never closed, a character has no meaning here, or the text is too long.
    """
    if len(text) > LONGEST:
        raise FilterError(f"a filter has at most {LONGEST:,} characters, not {len(text):,}", text, LONGEST)
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            what = "this quote is never closed" if text[at] in "'\"`" else f"{text[at]!r} means nothing here"
            raise FilterError(what, text, at)
        if kind := match.lastgroup:
            found.append(_token(kind, match.group(), at))
        at = match.end()
    return [*found, Token("end", "", len(text))]


def _token(kind: str, content: str, position: int) -> Token:
    if kind == "string":
        quote = content[0]
        return Token("string", content[1:-1].replace(quote * 2, quote), position)
    if kind == "operator":
        return Token("operator", {"<>": "!=", "==": "="}.get(content, content), position)
    return Token("field" if kind == "field" else "word", content, position)
