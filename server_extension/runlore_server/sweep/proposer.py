"""Which point of a space is tried next: the samplers.

A proposer keeps nothing: it looks at the trials that there are. So a sweep goes on after any kill as if nothing
had happened. Optuna's samplers are asked through a study in memory, made for each question: its space may be
narrower than the sweep's, and points that conditions rule out leave no trace in the real one.
"""

from __future__ import annotations

import math
import random
import secrets
from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from runlore_server.rerun.literals import written
from runlore_server.sweep.dimension import Range
from runlore_server.sweep.member import Member
from runlore_server.sweep.plan import DEFAULT_TRIALS, MEMBERS
from runlore_server.sweep.population import Population
from runlore_server.sweep.request import SweepRequest
from runlore_server.sweep.space import Point, Space
from runlore_server.sweep.study import was_returned

_TRIES, _GP_TRIES = 50, 5
"""Proposals that a sampler makes in search of one that meets all conditions; then any point that does is drawn.
A Gaussian process takes long for each, and hardly changes its mind."""

_GP_MOST = 100_000
"""Whole numbers of a range that a Gaussian process takes one by one: Optuna makes a list of them."""

_COARSE_SHARE = 0.4
_LEAST_COARSE, _MOST_COARSE = 20, 50
_BEST_SHARE = 0.25
_LEAST_BEST = 3
_MARGIN = 0.1
"""The narrowed space spans the best quarter of the coarse trials, three at least, and a tenth of that more."""


class Proposer:
    """Proposes points as a request says.

    ``phase`` says in words what the last proposal was made from, where that changes in the course of a sweep.
    """

    def __init__(self, space: Space, request: SweepRequest) -> None:
        self._space = space
        self._request = request
        self._seed = secrets.randbits(32) if request.sampler_seed is None else request.sampler_seed
        self._coarse = coarse_trials(request)
        self.phase: str | None = None

    def next(self, trials: Sequence[FrozenTrial]) -> tuple[Point, Member | None] | None:
        """The next point, and who of a population tries it.

        ``None`` when all points of a grid were tried, or a generation has not ended.

        Raises:
            SpaceRefused: no point was found that meets all conditions.
            OptionsRefused: see ``Population.next``.
        """
        tried = [trial for trial in trials if not was_returned(trial)]
        if self._request.sampler == "population":
            members = self._request.population or MEMBERS
            population = Population(self._space, members, self._request.direction, self._seed)
            found = population.next(tried)
            if found is not None:
                self.phase = f"generation {found[1].generation + 1} of a population"
            return found
        point = self._next_point(tried, len(trials))
        return (point, None) if point is not None else None

    def _next_point(self, tried: Sequence[FrozenTrial], before: int) -> Point | None:
        if self._request.sampler == "grid":
            return self._grid(tried)
        source = random.Random(f"{self._seed}-{before}")  # noqa: S311 - nothing secret
        if self._request.sampler == "random":
            return self._space.draw(source)
        space = self._space
        if self._request.sampler == "coarse-to-fine":
            if len(tried) < self._coarse:
                self.phase = f"random trials in the whole space, {self._coarse} of them"
                return space.draw(source)
            space = narrowed(space, tried[: self._coarse], self._request.direction)
            self.phase = f"TPE within {_told(space)}" if space is not self._space else None
        return self._sampled(space, tried, source.getrandbits(32)) or space.draw(source)

    def _grid(self, tried: Sequence[FrozenTrial]) -> Point | None:
        seen = {_key(trial.params) for trial in tried}
        points = self._space.grid()
        return next((point for point in points if _key(self._space.stored(point)) not in seen), None)

    def _sampled(self, space: Space, tried: Sequence[FrozenTrial], seed: int) -> Point | None:
        """What Optuna's sampler proposes within a space; ``None`` where that never meets the conditions."""
        sampler: optuna.samplers.BaseSampler
        if self._request.sampler == "gp":
            sampler = optuna.samplers.GPSampler(seed=seed)
        else:
            startup = 0 if self._request.sampler == "coarse-to-fine" else 10
            sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True, n_startup_trials=startup)
        study = optuna.create_study(direction=self._request.direction, sampler=sampler)
        most = _GP_MOST if self._request.sampler == "gp" else None
        distributions = {one.name: one.distribution(most) for one in space.dimensions}
        study.add_trials(
            optuna.create_trial(
                state=trial.state,
                value=trial.value if trial.state == TrialState.COMPLETE else None,
                params=trial.params,
                distributions=distributions,
                intermediate_values=trial.intermediate_values,
            )
            for trial in tried
            if trial.state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)
            and space.contains(self._space.point(trial.params))
        )
        for _ in range(_GP_TRIES if self._request.sampler == "gp" else _TRIES):
            trial = study.ask(distributions)
            point = space.point(trial.params)
            if space.holds(point):
                return point
            study.tell(trial, state=TrialState.FAIL)
        return None


def coarse_trials(request: SweepRequest) -> int:
    """How many random trials come before the space is narrowed: two fifths, but 20 to 50, and half at the most."""
    trials = request.trials or DEFAULT_TRIALS
    wanted = min(max(math.ceil(_COARSE_SHARE * trials), _LEAST_COARSE), _MOST_COARSE)
    return min(wanted, math.ceil(trials / 2))


def narrowed(space: Space, coarse: Sequence[FrozenTrial], direction: str) -> Space:
    """The part of a space around the best of the coarse trials; all of it as long as too few have ended."""
    ended = [trial for trial in coarse if trial.state == TrialState.COMPLETE and trial.value is not None]
    if len(ended) < _LEAST_BEST:
        return space
    ended.sort(key=lambda trial: trial.value or 0.0, reverse=direction == "maximize")
    best = ended[: max(round(_BEST_SHARE * len(ended)), _LEAST_BEST)]
    return space.around([space.point(trial.params) for trial in best], _MARGIN)


def _told(space: Space) -> str:
    return ", ".join(
        f"{one.name} {one.low:.3g}..{one.high:.3g}"
        if isinstance(one, Range)
        else f"{one.name} {','.join(map(written, one.values))}"
        for one in space.dimensions
    )


def _key(stored: Point) -> str:
    return repr(sorted(stored.items()))
