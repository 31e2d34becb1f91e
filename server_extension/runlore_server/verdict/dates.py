"""Dates in texts. One that names the day on which the cell ran is the clock's, any other one a result."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?[ ]+)?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_HOUR = r"\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?"
_FORMS = (
    rf"\d{{4}}[-/]\d\d[-/]\d\d(?:[T ,]+{_HOUR}(?:Z|[+-]\d\d:?\d\d)?)?",
    rf"{_WEEKDAY}\d\d?[ -]{_MONTH},?[ -]\d{{4}}",
    rf"{_WEEKDAY}{_MONTH}[ ]+\d\d?,?[ ]+(?:{_HOUR}[ ]+(?:[A-Z]{{3,5}}[ ]+)?)?\d{{4}}",
    r"\d\d?[./]\d\d?[./]\d{4}",
)
DATE = re.compile(rf"(?<![\w./:-])(?:{'|'.join(_FORMS)})(?![\w/-])")
"""A date as programs write it, with the time of day where that stands within or right behind it."""


def is_about(text: str, day: date) -> bool:
    """Whether a match of ``DATE`` names the day, or the one before or after: a clock may be in another zone."""
    return any(abs(found - day) <= timedelta(days=1) for found in _days(text))


def _days(text: str) -> Iterator[date]:
    text = re.sub(_HOUR, " ", text)
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    year = next((number for number in numbers if number > 999), 0)
    small = [number for number in numbers if number <= 31][:2]
    word = re.search(_MONTH, text)
    if word is not None:
        small = [_MONTHS.index(word[0][:3].lower()) + 1, *small[:1]]
    if len(small) == 2:
        # 11/12 is a day in November here and one in December there.
        for month, number in (small, small[::-1]):
            try:
                yield date(year, month, number)
            except ValueError:
                continue
