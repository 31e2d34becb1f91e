"""Population-based training: members train generation by generation; bad ones go on from good ones' checkpoints.

After Jaderberg et al. 2017, Population Based Training of Neural Networks, arXiv:1711.09846: truncation selection
(the worst quarter takes over checkpoint and parameters of one of the best quarter) and perturbation by 0.8 or 1.2.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from optuna.trial import FrozenTrial, TrialState

from runlore_server.errors import OptionsRefused
from runlore_server.sweep.member import Member, member_of
from runlore_server.sweep.space import Point, Space
from runlore_server.sweep.study import runs_of

_SHARE = 0.25
"""Of the members that take over, and of those that are taken over from."""

_RESAMPLED = 0.25
"""How often a parameter that is explored gets any value of its dimension instead of one nearby."""

_FACTORS = (0.8, 1.2)
_TRIES = 50
"""Explored points in search of one that meets all conditions; then the parameters stay as they are taken over."""


class Population:
    """Says which member trains next, and from where; a function of the seed and the trials that there are.

    Args:
        space: of the parameters.
        size: how many members there are, 2 or more.
        direction: whether greater values are better.
        seed: of all that is drawn.
    """

    def __init__(self, space: Space, size: int, direction: str, seed: int) -> None:
        self._space = space
        self._size = size
        self._sign = -1.0 if direction == "maximize" else 1.0
        self._seed = seed
        self._share = max(round(_SHARE * size), 1)

    def next(self, trials: Sequence[FrozenTrial]) -> tuple[Point, Member] | None:
        """The next member to train; ``None`` while the generation before its own has not ended.

        Args:
            trials: all that count.

        Raises:
            OptionsRefused: no member of a generation came to a value, so nothing can be gone on from.
        """
        begun: dict[int, dict[int, FrozenTrial]] = {}
        for trial in trials:
            if (member := member_of(trial)) is not None:
                begun.setdefault(member.generation, {})[member.number] = trial
        generation = max(begun, default=0)
        here = begun.get(generation, {})
        if len(here) >= self._size:
            if not all(trial.state.is_finished() for trial in here.values()):
                return None
            generation, here = generation + 1, {}
        number = next(number for number in range(self._size) if number not in here)
        source = random.Random(f"{self._seed}-{generation}-{number}")  # noqa: S311 - nothing secret
        if generation == 0:
            return self._space.draw(source), Member(number, 0)
        return self._successor(begun[generation - 1], number, generation, source)

    def _successor(
        self, before: Mapping[int, FrozenTrial], number: int, generation: int, source: random.Random
    ) -> tuple[Point, Member]:
        ranked = sorted(
            (trial for trial in before.values() if trial.state == TrialState.COMPLETE),
            key=lambda trial: (self._sign * (trial.value or 0.0), trial.number),
        )
        if not ranked:
            raise OptionsRefused(
                f"no member of generation {generation} came to a value, so there is nothing to go on from"
            )
        lost = self._size - len(ranked)  # failed, or ran away: they are the worst
        worst = ranked[max(len(ranked) - max(self._share - lost, 0), 1) :]
        own = before[number]
        if own.state == TrialState.COMPLETE and own not in worst:
            return self._space.point(own.params), Member(number, generation, runs_of(own)[0])
        chosen = source.choice(ranked[: self._share])
        point = self._explored(self._space.point(chosen.params), source)
        return point, Member(number, generation, runs_of(chosen)[0])

    def _explored(self, point: Point, source: random.Random) -> Point:
        for _ in range(_TRIES):
            tried = {
                one.name: one.draw(source)
                if source.random() < _RESAMPLED
                else one.nearby(point[one.name], source.choice(_FACTORS))
                for one in self._space.dimensions
            }
            if self._space.holds(tried):
                return tried
        return point
