"""Patterns for texts; each is matched in time linear in the text, whatever was asked."""

from __future__ import annotations

import re
from collections.abc import Callable

from runlore.errors import PackageMissing

_MEMORY = 8 << 20
"""Bytes that a compiled regular expression may take."""


def like(pattern: str, *, ignore_case: bool) -> Callable[[str], bool]:
    """What SQL's ``LIKE`` tells of a text: ``%`` stands for any characters, ``_`` for one."""
    if ignore_case:
        exact = like(pattern.lower(), ignore_case=False)
        return lambda text: exact(text.lower())
    segments = pattern.split("%")
    lengths = [len(segment) for segment in segments]
    compiled = [re.compile(re.escape(segment).replace("_", "."), re.DOTALL) for segment in segments]
    if len(segments) == 1:
        return lambda text: compiled[0].fullmatch(text) is not None
    first, *middle, last = compiled

    def matches(text: str) -> bool:
        end = len(text) - lengths[-1]
        if end < lengths[0] or first.match(text) is None or last.match(text, end) is None:
            return False
        at = lengths[0]
        # Segments have a fixed length, so the leftmost place of each is as good as any other.
        for segment in middle:
            found = segment.search(text, at, end)
            if found is None:
                return False
            at = found.end()
        return True

    return matches


def regular(pattern: str) -> Callable[[str], bool]:
    """Whether a regular expression (RE2's, without backtracking) is found in a text.

    Raises:
        PackageMissing: RE2 is not installed.
        ValueError: it is no regular expression, or too large a one; the text says why.
    """
    try:
        import re2
    except ImportError:
        raise PackageMissing("google-re2", "matches regular expressions in filters") from None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeError) as error:
        reason = error.args[0] if error.args else "it cannot be read"
        raise ValueError(reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)) from None
    return lambda text: compiled.search(text) is not None
