"""What a cell showed, compared with what it showed in the rerun.

The form of recorded outputs is told in ``runlore.capture.outputs``. Texts that differ are compared again with
addresses, process ids, timings and temporary paths set aside (see ``masks``); images by their pixels.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from io import BytesIO
from itertools import zip_longest
from typing import Any

import msgspec

from runlore.errors import ObjectMissing
from runlore.objects import ObjectStore
from runlore.untrusted import from_json
from runlore_server.verdict.contents import IMAGE, compare_leaves
from runlore_server.verdict.masks import mask, settled
from runlore_server.verdict.pixels import pixels
from runlore_server.verdict.tolerance import of_dtype

_NUMBER = re.compile(r"(?<![\w.])[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,9})?(?![\w.])")
_LONGEST_SHOWN = 120
_PRINTED = 1e-4
"""Part of a number that its last printed digit may be worth, for a difference of one there to be close."""
_VIEW = "application/vnd.jupyter.widget-view+json"
_MARKUP = ("text/html", "image/svg+xml", "application/javascript", _VIEW)
_PIXELS = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp")

Entry = dict[str, Any]


class OutputDifference(msgspec.Struct, frozen=True, kw_only=True):
    """``close``: only numbers differ, and within the tolerance; ``what`` is a part of a sentence."""

    what: str
    close: bool = False


class OutputsCompared(msgspec.Struct, frozen=True, kw_only=True):
    """``masked`` counts what differed and was set aside."""

    differences: list[OutputDifference] = []
    masked: dict[str, int] = {}


def compare_outputs(
    objects: ObjectStore, original: str, rerun: str, days: tuple[date, date] | None = None
) -> OutputsCompared:
    """Compare two outputs objects; ``days`` are those on which they were shown.

    Raises:
        ObjectMissing: one of them is lost, or is none.
    """
    if original == rerun:
        return OutputsCompared()
    one, other = _entries(objects, original), _entries(objects, rerun)
    comparing = _Comparing(objects, days or (None, None))
    for ours, theirs in zip_longest(one, other):
        comparing.entry(ours, theirs)
    return OutputsCompared(differences=comparing.found, masked=dict(comparing.masked))


def _entries(objects: ObjectStore, digest: str) -> list[Entry]:
    try:
        found = from_json(objects.get(digest), list[Entry])
    except msgspec.DecodeError as error:
        raise ObjectMissing(f"object {digest} holds no outputs: {error}") from error
    # A stream that only drew progress, or was cleared, leaves nothing.
    return [entry for entry in found if entry.get("type") != "stream" or settled(str(entry.get("text"))).strip()]


class _Comparing:
    def __init__(self, objects: ObjectStore, days: tuple[date | None, date | None]) -> None:
        self._objects = objects
        self._days = days
        self.found: list[OutputDifference] = []
        self.masked: Counter[str] = Counter()

    def entry(self, one: Entry | None, other: Entry | None) -> None:
        if one is None or other is None:
            side = "the rerun" if one is None else "the original"
            self._differ(f"{side} alone shows {_describe(one or other or {})}")
        elif one.get("type") != other.get("type") or one.get("name") != other.get("name"):
            self._differ(f"{_describe(one)} originally, {_describe(other)} in the rerun")
        elif one.get("type") == "stream":
            self._stream(one, other)
        elif one.get("type") == "error":
            self._text(f"{one.get('ename')}: {one.get('evalue')}", f"{other.get('ename')}: {other.get('evalue')}")
        elif "data" in one:
            self._data(_mimes(one), _mimes(other))
        elif one != other:
            self._differ("what came after the first entries, of which only the hash was kept")

    def _differ(self, what: str, *, close: bool = False) -> None:
        self.found.append(OutputDifference(what=what, close=close))

    def _stream(self, one: Entry, other: Entry) -> None:
        before, masked = len(self.found), self.masked.total()
        self._text(settled(str(one.get("text"))), settled(str(other.get("text"))))
        if len(self.found) > before:
            return
        # What was set aside is in the hash of the whole too, which then says nothing of the part not kept.
        of_what = "blake3" if self.masked.total() == masked or "rest" not in one or "rest" not in other else "rest"
        if one.get(of_what) != other.get(of_what):
            self._differ("the part of a long text of which only the hash was kept")

    def _data(self, one: dict[str, Any], other: dict[str, Any]) -> None:
        # Beside a widget the text is its repr, which holds less than its recorded state.
        stands_in = {"text/plain"} if _VIEW in one and _VIEW in other else set()
        for mime in [*one, *(mime for mime in other if mime not in one)]:
            a, b = one.get(mime), other.get(mime)
            if a == b or mime in stands_in:
                continue
            if a is None or b is None:
                self._differ(f"{mime} is shown on one side only")
            elif mime in _PIXELS:
                self._pixels(mime, a, b)
            else:
                texts = self._read(a), self._read(b)
                if texts[0] is None or texts[1] is None:
                    self._differ(f"{mime} with another hash")
                else:
                    self._text(texts[0], texts[1], markup=mime in _MARKUP)

    def _read(self, value: Any) -> str | None:
        if isinstance(value, str):
            return value
        content = self._blob(value)
        return content.decode(errors="replace") if content is not None else None

    def _blob(self, value: Any) -> bytes | None:
        try:
            return self._objects.get(str(value["blake3"]))
        except (ObjectMissing, KeyError, TypeError):
            return None  # too large to be kept

    def _pixels(self, mime: str, one: Any, other: Any) -> None:
        contents = self._blob(one), self._blob(other)
        try:
            images = [pixels(BytesIO(content or b"")) for content in contents]
        except Exception:  # noqa: BLE001 - not stored, no image, or no reader: the hashes decide
            self._differ(f"{mime} with another hash")
            return
        found = compare_leaves(images[0], images[1], IMAGE)
        if not found.same:
            self._differ(f"a figure ({found.first})", close=found.close)

    def _text(self, one: str, other: str, *, markup: bool = False) -> None:
        if one == other:
            return
        (a, hidden), (b, also_hidden) = (
            mask(text, markup=markup, day=day) for text, day in zip((one, other), self._days, strict=True)
        )
        if a == b:
            self.masked.update(_changed(hidden, also_hidden))
            return
        lines = list(zip_longest(a.split("\n"), b.split("\n")))
        apart = [(x, y) for x, y in lines if x != y]
        close = all(x is not None and y is not None and numbers_close(x, y) for x, y in apart)
        first = next(((x, y) for x, y in apart if not close and not _close_pair(x, y)), apart[0])
        self._differ(f"{_shown(first[0])} originally, {_shown(first[1])} in the rerun", close=close)


def _changed(one: dict[str, list[str]], other: dict[str, list[str]]) -> dict[str, int]:
    """How many of each kind differ; the texts around them are the same, so they stand opposite each other."""
    counts = {kind: sum(a != b for a, b in zip(one[kind], other[kind], strict=True)) for kind in one}
    return {kind: count for kind, count in counts.items() if count}


def _close_pair(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and numbers_close(one, other)


def numbers_close(one: str, other: str) -> bool:
    """Whether two lines differ in numbers alone, each within float32's tolerance or one in the last digit."""
    if _NUMBER.sub("#", one) != _NUMBER.sub("#", other):
        return False
    limits = of_dtype("float32")
    for a, b in zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True):
        unit = max(_last_digit(a), _last_digit(b))
        # Of a number printed with few digits, one more in the last is no rounding error.
        allowed = max(limits.rtol * abs(float(a)) + limits.atol, unit if unit <= _PRINTED * abs(float(a)) else 0.0)
        if not abs(float(a) - float(b)) <= allowed * (1 + 1e-9):
            return False
    return True


def _last_digit(number: str) -> float:
    digits, _, exponent = number.lower().partition("e")
    decimals = len(digits.partition(".")[2])
    return float(f"1e{int(exponent or 0) - decimals}") if decimals or exponent else 1.0


def _mimes(entry: Entry) -> dict[str, Any]:
    data = entry.get("data")
    return data if isinstance(data, dict) else {}


def _describe(entry: Entry) -> str:
    kind = entry.get("type")
    if kind == "stream":
        return f"text on {entry.get('name')} ({_shown(settled(str(entry.get('text'))).strip())})"
    if kind == "error":
        return f"{entry.get('ename')}"
    return f"{', '.join(_mimes(entry)) or kind}"


def _shown(line: str | None) -> str:
    if line is None:
        return "nothing"
    text = " ".join(line.split())
    return repr(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "...")
