"""What one parameter of a sweep may be: a range of numbers, or one of several values."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runlore_server.rerun.literals import written

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_ROUNDING = 1e-9
"""Of a step: how far the end of a range may be from the last step on it."""


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both among them.

    ``whole`` ones are those of a parameter that is an ``int``. With ``log`` each order of magnitude counts alike,
    with ``step`` only every so many-th number is one of them; never both.
    """

    name: str
    low: float
    high: float
    whole: bool = False
    log: bool = False
    step: float | None = None

    @property
    def count(self) -> int | None:
        """How many values there are; ``None`` for all those between two numbers."""
        if self.step is not None:
            return math.floor((self.high - self.low) / self.step + _ROUNDING) + 1
        return int(self.high - self.low) + 1 if self.whole else None

    def at(self, index: int) -> float | int:
        """The value with this number, from 0."""
        value = self.low + index * (self.step or 1)
        return int(value) if self.whole else min(float(f"{value:.12g}"), self.high)

    def draw(self, source: random.Random) -> float | int:
        """Any of them, each alike or each order of magnitude alike."""
        if self.step is not None:
            return self.at(source.randrange(self.count or 1))
        if self.log:
            value = math.exp(source.uniform(math.log(self.low), math.log(self.high)))
            return round(value) if self.whole else min(max(value, self.low), self.high)
        return source.randint(int(self.low), int(self.high)) if self.whole else source.uniform(self.low, self.high)

    def nearby(self, value: float, factor: float) -> float | int:
        """The value times a factor, as far as the range goes; the next one at least where values are apart."""
        wanted = min(max(value * factor, self.low), self.high)
        apart = self.step or (1 if self.whole else None)
        if apart is None:
            return wanted
        here, there = round((value - self.low) / apart), round((wanted - self.low) / apart)
        if here == there:
            there += 1 if (value * factor > value if value else factor > 1) else -1
        return self.at(min(max(there, 0), (self.count or 1) - 1))

    def value(self, stored: Any) -> Any:
        """A value from what Optuna keeps for it."""
        return round(stored) if self.whole else float(stored)

    def stored(self, value: Any) -> Any:
        """What Optuna keeps for a value."""
        return value

    def around(self, values: Sequence[Any], margin: float) -> Range:
        """The part that these values span, wider by a share of that on each side; in log where the range is."""
        there, back = (math.log, math.exp) if self.log else (float, float)
        least, most = there(min(values)), there(max(values))
        room = margin * ((most - least) or (there(self.high) - there(self.low)))
        low, high = max(back(least - room), self.low), min(back(most + room), self.high)
        if self.step is not None:
            first = math.floor((low - self.low) / self.step + _ROUNDING)
            last = math.ceil((high - self.low) / self.step - _ROUNDING)
            low, high = float(self.at(first)), float(self.at(min(last, (self.count or 1) - 1)))
        elif self.whole:
            low, high = float(math.floor(low)), float(math.ceil(high))
        return Range(self.name, low, high, self.whole, self.log, self.step)

    def distribution(self, most: int | None = None) -> BaseDistribution:
        """The same in Optuna's words; whole numbers that are more than ``most`` as all numbers between."""
        from optuna.distributions import FloatDistribution, IntDistribution

        if self.whole and self.step is None and most is not None and (self.count or 0) > most:
            return FloatDistribution(self.low, self.high, self.log)
        if self.whole:
            step = int(self.step) if self.step is not None else 1
            return IntDistribution(int(self.low), int(self.at((self.count or 1) - 1)), self.log, step)
        high = self.high if self.step is None else float(self.at((self.count or 1) - 1))
        return FloatDistribution(self.low, high, self.log, self.step)


@dataclass(frozen=True)
class Choice:
    """One of several values, in no order that would mean anything."""

    name: str
    values: tuple[Any, ...]

    @property
    def count(self) -> int:
        """How many values there are."""
        return len(self.values)

    def at(self, index: int) -> Any:
        """The value with this number, from 0."""
        return self.values[index]

    def draw(self, source: random.Random) -> Any:
        """Any of them."""
        return source.choice(self.values)

    def nearby(self, value: Any, factor: float) -> Any:
        """The next number in the factor's direction where all are numbers; else the value itself."""
        if any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in self.values):
            return value
        ordered = sorted(self.values)
        at = ordered.index(value) + (1 if factor > 1 else -1)
        return ordered[min(max(at, 0), len(ordered) - 1)]

    def value(self, stored: Any) -> Any:
        """A value from what Optuna keeps for it."""
        return next(value for value in self.values if _same(self.stored(value), stored))

    def stored(self, value: Any) -> Any:
        """What Optuna keeps for a value: itself, or its source text where that is all that it could keep."""
        return value if value is None or isinstance(value, (bool, int, float, str)) else written(value)

    def around(self, values: Sequence[Any], margin: float) -> Choice:  # noqa: ARG002 - as for a range
        """Those of the values that are among these."""
        return Choice(self.name, tuple(one for one in self.values if any(_same(one, other) for other in values)))

    def distribution(self, most: int | None = None) -> BaseDistribution:  # noqa: ARG002 - as for a range
        """The same in Optuna's words."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution([self.stored(value) for value in self.values])


Dimension = Range | Choice


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other
