"""What contestants log: the same everywhere, and never twice the same in a curve."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from benchmarks.peers.peer import TEN

SPIKE = 1e6


def walk(count: int, seed: int = 0) -> list[float]:
    """A curve of ``count`` values as a noisy training leaves it."""
    chance, value, values = random.Random(seed), 0.0, []
    for _ in range(count):
        value += chance.gauss(0.0, 1.0)
        values.append(value)
    return values


def spiked(count: int, seed: int) -> list[float]:
    """Such a curve with one value, somewhere in the middle, that is far off."""
    values = walk(count, seed)
    values[spike_at(count, seed)] = SPIKE
    return values


def spike_at(count: int, seed: int) -> int:
    """The step of that value: an odd place for whoever takes each so-and-so-many-th."""
    return random.Random(-seed - 1).randrange(count // 8, count * 7 // 8) | 1


def rows(count: int) -> list[dict[str, float]]:
    """Rows of ten values, of which one curve each is made."""
    return [{name: value + number for number, name in enumerate(TEN)} for value in walk(count)]


def is_part(found: Iterable[float], logged: Sequence[float]) -> bool:
    """Whether what was found is what was logged, in that order, though some of it may be missing."""
    rest = iter(logged)
    return all(value in rest for value in found)
