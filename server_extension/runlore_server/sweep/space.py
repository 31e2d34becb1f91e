"""The space of a sweep: what its parameters may be, and which of their combinations are wanted."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runlore_server.errors import ParameterRefused, SpaceRefused
from runlore_server.rerun.overrides import checked
from runlore_server.rerun.parameters import Parameter
from runlore_server.sweep.constraint import Constraint
from runlore_server.sweep.dimension import Choice, Dimension
from runlore_server.sweep.notation import dimension

MOST_POINTS = 10_000
"""Points of a grid; what has more is no grid that anybody finishes."""

_DRAWS = 10_000
"""Points that are drawn in search of one that meets all conditions."""

Point = dict[str, Any]
"""Parameter to value, those of all dimensions."""


@dataclass(frozen=True)
class Space:
    """Dimensions, what is set to one value in all trials, and conditions.

    ``recorded`` are the values of the run's other parameters, of which conditions may speak too.
    """

    dimensions: tuple[Dimension, ...]
    fixed: Point
    constraints: tuple[Constraint, ...]
    recorded: Point

    @property
    def count(self) -> int | None:
        """How many points there are without conditions; ``None`` for endlessly many."""
        count = 1
        for one in self.dimensions:
            if one.count is None:
                return None
            count *= one.count
        return count

    def holds(self, point: Mapping[str, Any]) -> bool:
        """Whether a point meets all conditions."""
        values = {**self.recorded, **self.fixed, **point}
        return all(constraint.holds(values) for constraint in self.constraints)

    def draw(self, source: random.Random) -> Point:
        """Any point that meets all conditions.

        Raises:
            SpaceRefused: none was found.
        """
        for _ in range(_DRAWS if self.constraints else 1):
            point = {one.name: one.draw(source) for one in self.dimensions}
            if self.holds(point):
                return point
        raise SpaceRefused(
            f"of {_DRAWS:,} points of the space none meets all conditions", *self._first_constraint()
        )

    def grid(self) -> Iterator[Point]:
        """All points that meet all conditions, the last dimension changing first.

        Raises:
            SpaceRefused: there are endlessly many, or more than ``MOST_POINTS``.
        """
        for one in self.dimensions:
            if one.count is None:
                raise SpaceRefused(
                    f"a grid needs steps, and {one.name} has none: write {one.name}=A..B/5 for five points, "
                    f"{one.name}=A..B:0.1 for steps of 0.1, or choose another sampler",
                    "",
                    0,
                )
        count = self.count or 0
        if count > MOST_POINTS:
            sizes = " x ".join(f"{one.count:,} ({one.name})" for one in self.dimensions)
            raise SpaceRefused(
                f"the grid has {count:,} points, {sizes}; {MOST_POINTS:,} at the most: leave some out, or choose "
                "another sampler",
                "",
                0,
            )
        names = [one.name for one in self.dimensions]
        axes = [[one.at(index) for index in range(one.count or 0)] for one in self.dimensions]
        points = (dict(zip(names, values, strict=True)) for values in itertools.product(*axes))
        return (point for point in points if self.holds(point))

    def around(self, points: Sequence[Mapping[str, Any]], margin: float) -> Space:
        """The part of the space that these points span, a share of that wider on each side."""
        narrowed = [one.around([point[one.name] for point in points], margin) for one in self.dimensions]
        return replace(self, dimensions=tuple(narrowed))

    def contains(self, point: Mapping[str, Any]) -> bool:
        """Whether every value of a point is one that its dimension takes."""
        return all(
            point[one.name] in one.values if isinstance(one, Choice) else one.low <= point[one.name] <= one.high
            for one in self.dimensions
        )

    def stored(self, point: Mapping[str, Any]) -> Point:
        """What Optuna keeps for a point."""
        return {one.name: one.stored(point[one.name]) for one in self.dimensions}

    def point(self, stored: Mapping[str, Any]) -> Point:
        """A point from what Optuna keeps for it."""
        return {one.name: one.value(stored[one.name]) for one in self.dimensions}

    def _first_constraint(self) -> tuple[str, int]:
        return (self.constraints[0].text, 0) if self.constraints else ("", 0)


def space(known: Sequence[Parameter], asked: Mapping[str, Any], conditions: Sequence[str] = ()) -> Space:
    """The space that is asked for.

    Args:
        known: the parameters that a rerun of the run can set.
        asked: parameter to a text in the notation of ``notation``, or to a list of values. One single value sets
            the parameter in all trials.
        conditions: see ``Constraint``.

    Raises:
        ParameterRefused: the run has no such parameter.
        SpaceRefused: a text is no description of values, does not suit its parameter, or no point is left.
    """
    by_name = {parameter.name: parameter for parameter in reversed(known)}
    for name in asked:
        if name not in by_name:
            checked(known, {name: None})  # says which there are, and which may be meant
    found = [_dimension(by_name[name], values) for name, values in asked.items()]
    dimensions = tuple(one for one in found if one.count != 1)
    if not dimensions:
        raise ParameterRefused(
            "the space has no point to choose: give at least one parameter several values, such as "
            + _example(known)
        )
    made = Space(
        dimensions,
        {one.name: one.at(0) for one in found if one.count == 1},
        tuple(Constraint(text, by_name) for text in conditions),
        {parameter.name: parameter.value for parameter in by_name.values()},
    )
    if made.count is not None and made.count <= MOST_POINTS and made.constraints:
        if next(iter(made.grid()), None) is None:
            raise SpaceRefused("no point of the space meets all conditions", *made._first_constraint())
    else:
        made.draw(random.Random(0))  # noqa: S311 - nothing secret
    return made


def _dimension(parameter: Parameter, asked: Any) -> Dimension:
    try:
        return dimension(parameter, asked)
    except SpaceRefused as error:
        error.parameter = parameter.name
        raise


def _example(known: Sequence[Parameter]) -> str:
    for parameter in known:
        if (
            isinstance(parameter.value, (int, float))
            and not isinstance(parameter.value, bool)
            and parameter.value > 0
        ):
            low, high = parameter.value / 10, parameter.value * 10
            whole = isinstance(parameter.value, int)
            return f"{parameter.name}=" + (f"1..{parameter.value * 2}" if whole else f"log:{low:g}..{high:g}")
    return "lr=log:1e-5..1e-1"
