"""What differs between any two executions of the same code, and is set aside before outputs are compared.

A mask is used only on texts that differ, and what it hid is told with the verdict.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from runlore_server.verdict.dates import DATE, is_about

_UNIT = r"(?:ns|us|µs|μs|ms|s|secs?|seconds?|mins?|minutes?)"
_NUMBER = r"\d+(?:[.,]\d+)*(?:e[+-]?\d+)?"
_FIRST = r"(?<!\d[.,])\b"
"""Where a number begins, and no part of one: each start would read on to the end of a list."""


class _Mask(NamedTuple):
    """``least`` is how often a text must hold what is found, for it to be set aside."""

    name: str
    pattern: re.Pattern[str]
    least: int = 1


TRAINER_TIME = r"\b(?:train|eval|test|predict)_(?:runtime|(?:samples|steps|tokens)_per_second)\b"
"""Names under which Hugging Face's ``Trainer`` tells how long it took, without being asked."""

_MASKS = (
    _Mask("timing", re.compile(rf"{TRAINER_TIME}['\"]?[ ]*[:=][ ]*['\"]?{_NUMBER}")),
    _Mask("temporary path", re.compile(r"(?:/private)?(?:/tmp|/var/folders|/var/tmp|/dev/shm)/[^\s'\",:;)>\]]+")),
    _Mask("temporary path", re.compile(r"[A-Za-z]:\\[^\s'\"]{0,260}\\Temp\\[^\s'\"]+", re.IGNORECASE)),
    _Mask("address", re.compile(r"\b0x[0-9a-fA-F]{6,}\b")),
    _Mask("process id", re.compile(r"(?<=\bpid[ =:])[ ]*\d+|(?<=\bprocess[ =:])[ ]*\d+", re.IGNORECASE)),
    _Mask("progress bar", re.compile(r"\|[ #█▏▎▍▌▋▊▉\d]*\|(?=[ ]*\d+/)")),
    _Mask(
        "timing",
        re.compile(
            r"(?<!\d)\d+:\d\d(?::\d\d)?(?:<|&lt;)(?:\d+:\d\d(?::\d\d)?|\?)|\?it/s"
            rf"|{_FIRST}{_NUMBER}(?!\d)[ ]?\w*/{_UNIT}\b"
        ),
    ),
    _Mask("timing", re.compile(rf"{_FIRST}{_NUMBER}[ ]?{_UNIT}(?:/\w+)?\b(?: ± {_NUMBER} {_UNIT})?")),
    _Mask("timing", re.compile(r"(?<= of )\d+ runs?, [\d,]+ loops? each|\bmean ± std\. dev\.")),
    _Mask("time of day", re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b")),
)
_COLON = "\ue000"
"""Stands for the colons of a date that is a result, so that its hour is not taken for the clock's."""

DATED = "file's own date"
"""What ``runlore.undated`` leaves aside: when a file was made, and ids in it that are drawn anew."""

_PLURALS = {
    DATED: "files' own dates",
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

_MARKUP = (
    _Mask("id in markup", _MARKUP_IDS),
    # A uuid by which scripts find an element; one that nothing refers to may be a result.
    _Mask("id in markup", re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"), least=2),
)


def settled(text: str) -> str:
    """The text as a terminal leaves it: without colours, and of a line written over and over its last state."""
    lines = (_ESCAPES.sub("", line).rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
    return "\n".join(lines)


def mask(text: str, *, markup: bool = False, day: date | None = None) -> tuple[str, dict[str, list[str]]]:
    """The text with every address, process id, timing and temporary path replaced, and what was, by kind.

    ``markup`` also sets aside the ids that HTML needs to refer to itself. ``day`` is the one on which the text was
    shown: other dates stay.
    """
    found: dict[str, list[str]] = {}

    def hide_date(match: re.Match[str]) -> str:
        if day is not None and not is_about(match[0], day):
            return match[0].replace(":", _COLON)
        found.setdefault("time of day", []).append(match[0])
        return "‹time of day›"

    text = DATE.sub(hide_date, text)
    for name, pattern, least in (*_MARKUP, *_MASKS) if markup else _MASKS:
        counts = Counter(pattern.findall(text)) if least > 1 else None

        def hide(
            match: re.Match[str], name: str = name, counts: Counter[str] | None = counts, least: int = least
        ) -> str:
            if counts is not None and counts[match[0]] < least:
                return match[0]
            found.setdefault(name, []).append(match[0])
            return f"‹{name}›"

        text = pattern.sub(hide, text)
    return text.replace(_COLON, ":"), found


def told(kinds: Mapping[str, int]) -> list[str]:
    """``3 timings``, ``1 address``: for a person."""
    return [f"{count} {name if count == 1 else _PLURALS[name]}" for name, count in sorted(kinds.items())]
