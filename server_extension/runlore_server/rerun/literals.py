"""Literals in a cell's source: where they stand in its text, magics and all, and how another one is put there."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_LONGEST = 1000
_TRANSPARENT = re.compile(r"%%(track|time|capture)\b")
_MAGIC_LINE = re.compile(r"^(\s*)([%!].*|.*\?\s*)$")
_MAGIC_VALUE = re.compile(r"^(\s*[\w, ]+=\s*)[%!].*$")


@dataclass(frozen=True)
class Place:
    """A literal's text in a cell: from (``line``, ``column``) to the end, lines from 1, columns in bytes from
    0."""

    cell: int
    line: int
    column: int
    end_line: int
    end_column: int


def statements(source: str) -> list[ast.stmt]:
    """The statements of a cell, with the places of the text as it was written; none where it is no Python.

    Lines with magics count as ``pass``; of cell magics, those that run the cell itself are passed over.
    """
    lines = source.split("\n")
    if lines and lines[0].startswith("%%"):
        if not _TRANSPARENT.match(lines[0]):
            return []
        lines[0] = ""
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        pass
    lines = [_MAGIC_VALUE.sub(r"\1None", _MAGIC_LINE.sub(r"\1pass", line)) for line in lines]
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []


def place(cell: int, node: ast.expr) -> Place:
    """Where an expression stands."""
    return Place(cell, node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0)


NO_LITERAL = object()


def literal(node: ast.expr) -> Any:
    """The value of a literal of numbers, texts, booleans, ``None``, lists and tuples; else ``NO_LITERAL``."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return NO_LITERAL
    return value if _plain(value) and len(repr(value)) <= _LONGEST else NO_LITERAL


def _plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_plain(item) for item in value)
    return value is None or isinstance(value, (bool, int, float, str))


def written(value: Any) -> str:
    """A value as source text."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(written, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


def replaced(source: str, changes: Iterable[tuple[Place, str]]) -> str:
    """The source with other texts at some places; all else stays as it is."""
    lines = [line.encode(errors="surrogatepass") for line in source.split("\n")]
    for where, text in sorted(changes, key=lambda change: (change[0].line, change[0].column), reverse=True):
        before = lines[where.line - 1][: where.column]
        after = lines[where.end_line - 1][where.end_column :]
        lines[where.line - 1 : where.end_line] = [before + text.encode(errors="surrogatepass") + after]
    return b"\n".join(lines).decode(errors="surrogatepass")
