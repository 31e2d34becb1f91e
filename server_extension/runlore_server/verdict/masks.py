"""What differs between any two executions of the same code, and is set aside before outputs are compared.

A mask is used only on texts that differ, and what it hid is told with the verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_DAY = r"\d{4}-\d\d-\d\d"
_HOUR = r"\d\d:\d\d"
_CLOCK = rf"{_DAY}(?:[T ,]+{_HOUR}(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?|\b{_HOUR}:\d\d(?:[.,]\d+)?\b"
_UNIT = r"(?:ns|us|µs|μs|ms|s|secs?|seconds?|mins?|minutes?)"
_NUMBER = r"\d+(?:[.,]\d+)*(?:e[+-]?\d+)?"


class _Mask(NamedTuple):
    name: str
    pattern: re.Pattern[str]


_MASKS = (
    _Mask("temporary path", re.compile(r"(?:/private)?(?:/tmp|/var/folders|/var/tmp|/dev/shm)/[^\s'\",:;)>\]]+")),
    _Mask("temporary path", re.compile(r"[A-Za-z]:\\[^\s'\"]*\\Temp\\[^\s'\"]+", re.IGNORECASE)),
    _Mask("address", re.compile(r"\b0x[0-9a-fA-F]{6,}\b")),
    _Mask("process id", re.compile(r"(?<=\bpid[ =:])[ ]*\d+|(?<=\bprocess[ =:])[ ]*\d+", re.IGNORECASE)),
    _Mask("progress bar", re.compile(r"\|[ #█▏▎▍▌▋▊▉\d]*\|(?=[ ]*\d+/)")),
    _Mask(
        "timing",
        re.compile(rf"\d+:\d\d(?::\d\d)?(?:<|&lt;)(?:\d+:\d\d(?::\d\d)?|\?)|\b{_NUMBER}[ ]?\w*/{_UNIT}\b|\?it/s"),
    ),
    _Mask("timing", re.compile(rf"\b{_NUMBER}[ ]?{_UNIT}(?:/\w+)?\b(?: ± {_NUMBER} {_UNIT})?")),
    _Mask("timing", re.compile(r"(?<= of )\d+ runs?, [\d,]+ loops? each|\bmean ± std\. dev\.")),
    _Mask("time of day", re.compile(_CLOCK)),
)
_PLURALS = {
    "address": "addresses",
    "id in markup": "ids in markup",
    "process id": "process ids",
    "progress bar": "progress bars",
    "temporary path": "temporary paths",
    "time of day": "times of day",
    "timing": "timings",
}
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_MARKUP_IDS = re.compile(
    r"(?<![\w-])(?:id|for|class|data-[\w-]+)=(\"[^\"]*\"|'[^']*')|\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"
    r"|#?T_[0-9a-f]{5}[\w-]*|href=\"#[^\"]*\"|url\(#[^)]*\)"
)


def settled(text: str) -> str:
    """The text as a terminal leaves it: without colours, and of a line written over and over its last state."""
    lines = (_ESCAPES.sub("", line).rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
    return "\n".join(lines)


def mask(text: str, *, markup: bool = False) -> tuple[str, dict[str, list[str]]]:
    """The text with every address, process id, timing and temporary path replaced, and what was, by kind.

    ``markup`` also sets aside the ids that HTML needs to refer to itself.
    """
    found: dict[str, list[str]] = {}
    masks = (_Mask("id in markup", _MARKUP_IDS), *_MASKS) if markup else _MASKS
    for name, pattern in masks:

        def hide(match: re.Match[str], name: str = name) -> str:
            found.setdefault(name, []).append(match[0])
            return f"‹{name}›"

        text = pattern.sub(hide, text)
    return text, found


def told(kinds: Mapping[str, int]) -> list[str]:
    """``3 timings``, ``1 address``: for a person."""
    return [f"{count} {name if count == 1 else _PLURALS[name]}" for name, count in sorted(kinds.items())]
