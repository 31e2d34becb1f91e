"""Numbers, durations and times as people write them."""

from __future__ import annotations

import math
import re
from datetime import datetime

from runlore_server.filter.tree import Ago

_SECONDS = {"ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_PART = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:ms|[smhdw])"
_DURATION = re.compile(rf"(?:{_PART})+", re.ASCII)
_PARTS = re.compile(r"([\d.]+(?:[eE][+-]?\d+)?)(ms|[smhdw])", re.ASCII)


def number(text: str) -> float | None:
    """The finite number that the text is; ``None`` for anything else."""
    if not _NUMBER.fullmatch(text):
        return None
    found = float(text)
    return found if math.isfinite(found) else None


def duration(text: str) -> float | None:
    """Seconds: ``90``, ``5m``, ``1h30m``, ``250ms``, ``1.5d``; ``None`` for anything else."""
    if not _DURATION.fullmatch(text):
        return number(text)
    total = sum(float(amount) * _SECONDS[unit] for amount, unit in _PARTS.findall(text))
    return total if math.isfinite(total) else None


def time(text: str) -> float | Ago | None:
    """Unix seconds, ``-7d`` before now, or a date with or without time as in ISO 8601; ``None`` for anything else.

    A date without a zone is one of the place where the search runs.
    """
    if text.startswith("-") and _DURATION.fullmatch(text[1:]):
        seconds = duration(text[1:])
        return None if seconds is None else Ago(seconds)
    if (seconds := number(text)) is not None:
        return seconds
    try:
        return datetime.fromisoformat(
            text.removesuffix("Z") + ("+00:00" if text.endswith("Z") else "")
        ).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
