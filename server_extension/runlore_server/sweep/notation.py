"""How the values of a parameter are written in a sweep: ``log:1e-5..1e-1``, ``int:2..8``, ``relu,gelu``."""

from __future__ import annotations

import math
import re
from typing import Any

from runlore.untrusted import from_json
from runlore_server.errors import ParameterRefused, SpaceRefused
from runlore_server.rerun.literals import written
from runlore_server.rerun.overrides import checked
from runlore_server.rerun.parameters import Parameter
from runlore_server.sweep.dimension import Choice, Dimension, Range

FORMS = (
    "write a range (0.1..0.9, with steps 16..256:16, so many points 0.1..0.9/5, by orders of magnitude "
    "log:1e-5..1e-1), values (relu,gelu), powers of two (log2:16..256), all that there are (*), or one value"
)
_MOST_VALUES = 1000
_MOST_STEPS = 1_000_000
"""Of a range; beyond, rounding moves what lies between two of them."""

_LARGEST_WHOLE = 2**53 - 1
"""Of a range: Optuna keeps numbers as doubles, which tell no greater ones from their neighbours."""

_LONGEST = 10_000
_KIND = re.compile(r"\s*(log2|log|int|float|choice)\s*:\s*")
_RANGE = re.compile(r"(?P<low>.*?)\.\.(?P<high>[^:/]*)(?:(?P<by>[:/])(?P<step>.*))?", re.DOTALL)
_WHOLE = re.compile(r"\s*[+-]?\d[\d_]*\s*", re.ASCII)


def dimension(parameter: Parameter, asked: Any) -> Dimension:
    """What a parameter may be, by a text in this notation or a list of values.

    Raises:
        SpaceRefused: it is neither, is empty, or the parameter cannot take such values.
    """
    if isinstance(asked, str):
        return _Reader(parameter, asked).dimension()
    values = list(asked) if isinstance(asked, (list, tuple)) else [asked]
    return _choice(parameter, values, "", 0)


def _choice(parameter: Parameter, asked: list[Any], text: str, position: int) -> Choice:
    """Values that a parameter may have, each once and of its type."""
    if not asked:
        raise SpaceRefused(f"parameter {parameter.name} has no values to choose from; {FORMS}", text, position)
    if len(asked) > _MOST_VALUES:
        raise SpaceRefused(f"parameter {parameter.name} has more than {_MOST_VALUES} values", text, position)
    found: dict[str, Any] = {}
    for one in asked:
        try:
            value = checked([parameter], {parameter.name: one})[parameter.name]
        except ParameterRefused as error:
            raise SpaceRefused(str(error), text, position) from None
        if isinstance(value, float) and not math.isfinite(value):
            raise SpaceRefused(f"parameter {parameter.name} cannot be {value} in a sweep", text, position)
        found.setdefault(written(value), value)
    return Choice(parameter.name, tuple(found.values()))


class _Reader:
    """Reads one text; ``parameter`` says what kind of values it is about."""

    def __init__(self, parameter: Parameter, text: str) -> None:
        self._parameter = parameter
        self._text = text
        if len(text) > _LONGEST:
            raise self._refused(f"these are more than {_LONGEST} characters", _LONGEST)

    def dimension(self) -> Dimension:
        text, value = self._text, self._parameter.value
        if not text.strip():
            raise self._refused(f"parameter {self._parameter.name} has no values; {FORMS}", 0)
        if text.strip() == "*":
            return self._all()
        kind = _KIND.match(text)
        if kind is not None and kind[1] != "choice" and isinstance(value, str):
            kind = None  # a text of the user's that begins so
        start = kind.end() if kind is not None else 0
        if kind is not None and kind[1] == "choice":
            return self._values(start)
        found = _RANGE.fullmatch(text, start) if not isinstance(value, (str, bool)) else None
        if kind is not None and found is None:
            raise self._refused(f"after '{kind[1]}:' there is a range, such as {kind[1]}:1..10", start)
        if found is not None:
            return self._range(kind[1] if kind is not None else "", found)
        return self._values(0)

    def _refused(self, message: str, position: int) -> SpaceRefused:
        return SpaceRefused(
            message, f"{self._parameter.name}={self._text}", len(self._parameter.name) + 1 + position
        )

    def _all(self) -> Choice:
        if self._parameter.choices is None:
            raise self._refused(
                f"what parameter {self._parameter.name} ({self._parameter.type}) may be is not known; {FORMS}", 0
            )
        return Choice(self._parameter.name, tuple(self._parameter.choices))

    def _values(self, start: int) -> Choice:
        """A list in JSON, or values between commas."""
        text = self._text[start:]
        recorded = self._parameter.value
        asked: list[Any] | None = None
        if text.lstrip().startswith("["):
            try:
                asked = from_json(text.encode())
            except ValueError as error:
                if not isinstance(recorded, (str, list, tuple)):
                    raise self._refused(f"this is no list in JSON: {error}", start) from None
            if isinstance(recorded, (list, tuple)) and asked and not isinstance(asked[0], list):
                asked = None  # one value, which is a list
        if asked is None:
            asked = [text] if isinstance(recorded, (list, tuple)) else _between_commas(text)
        at = len(self._parameter.name) + 1 + start
        return _choice(self._parameter, asked, f"{self._parameter.name}={self._text}", at)

    def _range(self, kind: str, found: re.Match[str]) -> Dimension:
        name = self._parameter.name
        low, high, whole = self._ends(kind, found)
        if kind == "log2":
            return self._powers(low, high, found)
        if found["by"] is None:
            return Range(name, low, high, whole, log=kind == "log")
        if found["by"] == "/":
            return self._points(kind, low, high, whole, found)
        if kind == "log":
            raise self._refused(
                "a range by orders of magnitude has no steps; so many points: log:A..B/5", found.start("by")
            )
        return Range(name, low, high, whole, step=self._step(low, high, whole, found))

    def _ends(self, kind: str, found: re.Match[str]) -> tuple[float, float, bool]:
        """Where a range begins and ends, and whether its values are whole numbers."""
        low, high = self._number(found, "low"), self._number(found, "high")
        whole = self._whole(kind, found)
        for part, value in (("low", low), ("high", high)):
            if whole and kind != "log2" and abs(value) > _LARGEST_WHOLE:
                raise self._refused(
                    f"whole numbers of a range lie within {_LARGEST_WHOLE} on either side of 0; greater ones can "
                    "be named one by one",
                    found.start(part),
                )
        if not low < high:
            text = "is the same as" if low == high else "is not below"
            raise self._refused(f"the range is empty: its start {text} its end", found.start("low"))
        if kind in ("log", "log2") and low <= 0:
            raise self._refused(f"orders of magnitude need a start above 0, not {low:g}", found.start("low"))
        return low, high, whole

    def _step(self, low: float, high: float, whole: bool, found: re.Match[str]) -> float:
        step = self._number(found, "step")
        if not 0 < step <= high - low or (whole and step != int(step)):
            kinds = "whole number" if whole else "number"
            raise self._refused(
                f"a step is a {kinds} above 0 and not above {high - low:g}, the length of the range",
                found.start("step"),
            )
        if (high - low) / step > _MOST_STEPS:
            raise self._refused(
                f"a range has at most {_MOST_STEPS:,} steps; without them it has every number between",
                found.start("step"),
            )
        return step

    def _number(self, found: re.Match[str], part: str) -> float:
        try:
            value = float(found[part])
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or abs(value) > 1e300:
            raise self._refused(f"{found[part].strip()!r:.40} is no number; {FORMS}", found.start(part))
        return value

    def _whole(self, kind: str, found: re.Match[str]) -> bool:
        """Whether the values are whole numbers: by the parameter's type, else by how the range is written."""
        recorded = self._parameter.value
        written_so = all(_WHOLE.fullmatch(found[part]) for part in ("low", "high"))
        if recorded is not None and not isinstance(recorded, (int, float)):
            raise self._refused(
                f"parameter {self._parameter.name} is {written(recorded)}, a {self._parameter.type}: it takes "
                "values between commas, no range",
                0,
            )
        if self._parameter.choices is not None:
            listed = ", ".join(map(written, self._parameter.choices))
            raise self._refused(
                f"parameter {self._parameter.name} is one of {listed}: name those, or * for all", 0
            )
        if isinstance(recorded, float):
            if kind == "int":
                raise self._refused(
                    f"parameter {self._parameter.name} is {written(recorded)}, a float; whole values of it: "
                    f"{found['low']}..{found['high']}:1",
                    0,
                )
            return False
        whole = isinstance(recorded, int) or kind == "int" or (kind != "float" and written_so)
        if isinstance(recorded, int) and kind == "float":
            raise self._refused(f"parameter {self._parameter.name} is {recorded}, an int", 0)
        if whole and not written_so:
            part = "low" if not _WHOLE.fullmatch(found["low"]) else "high"
            raise self._refused(
                f"parameter {self._parameter.name} takes whole numbers, and {found[part].strip()!r} is none",
                found.start(part),
            )
        return whole

    def _powers(self, low: float, high: float, found: re.Match[str]) -> Choice:
        if found["by"] is not None:
            raise self._refused("powers of two have no steps", found.start("by"))
        exponents = range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)
        values = [2**e if e >= 0 else 2.0**e for e in exponents]
        return _choice(self._parameter, values, f"{self._parameter.name}={self._text}", found.start("low"))

    def _points(self, kind: str, low: float, high: float, whole: bool, found: re.Match[str]) -> Dimension:
        """So many values at equal distances, or at equal ratios."""
        count = self._number(found, "step")
        if count != int(count) or not 2 <= count <= _MOST_VALUES:
            raise self._refused(f"a range has 2 to {_MOST_VALUES} points", found.start("step"))
        shares = [index / (int(count) - 1) for index in range(int(count))]
        if kind == "log":
            values = [math.exp(math.log(low) + share * (math.log(high) - math.log(low))) for share in shares]
        else:
            values = [low + share * (high - low) for share in shares]
        exact = [low, *(float(f"{value:.6g}") for value in values[1:-1]), high]
        asked = [round(value) if whole else value for value in exact]
        return _choice(self._parameter, asked, f"{self._parameter.name}={self._text}", found.start("low"))


def _between_commas(text: str) -> list[Any]:
    """Values between commas that are in no brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append("")
            continue
        parts[-1] += char
    return [_unquoted(part.strip()) for part in parts]


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
