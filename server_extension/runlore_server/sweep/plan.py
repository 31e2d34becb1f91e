"""From what is asked of a sweep to everything that it starts from; what cannot be had is refused here."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from importlib.util import find_spec

import msgspec

from runlore.record import RunRecord
from runlore_server.errors import OptionsRefused, ParameterRefused
from runlore_server.queue.request import Request
from runlore_server.queue.status import QueueStatus
from runlore_server.rerun.prepare import replayed_cells
from runlore_server.rerun.resuming import required as checkpoint
from runlore_server.rerun.selection import settable
from runlore_server.store.runs import RunStore
from runlore_server.sweep.metric import required, steps
from runlore_server.sweep.request import SweepRequest
from runlore_server.sweep.space import Point, Space, space

DEFAULT_TRIALS = 100
MEMBERS, _GENERATIONS = 8, 10
"""Of a population, by default."""


@dataclass(frozen=True)
class Plan:
    """A sweep that can be had. ``steps`` are those of the metric in the original, ``None`` where it has none."""

    request: SweepRequest
    run: RunRecord
    space: Space
    steps: int | None

    @property
    def trials(self) -> int | None:
        """After how many trials none begins any more; ``None`` for no such limit."""
        if self.request.trials is not None or self.request.sampler == "grid" or self.request.seconds is not None:
            return self.request.trials
        if self.request.sampler == "population":
            return (self.request.population or MEMBERS) * _GENERATIONS
        return DEFAULT_TRIALS

    def asked_for(self, request: SweepRequest) -> Plan:
        """The same with another budget, which is all that changes in the course of a sweep."""
        return replace(self, request=msgspec.structs.replace(request, run_id=self.run.run_id))

    def together(self, queue: QueueStatus) -> int:
        """How many trials run at a time."""
        return self.request.jobs or queue.slots_of(self.request.backend)

    def at_once(self, tried: int, queue: QueueStatus) -> int:
        """How many more trials may begin together, where so many were tried."""
        left = [limit - tried for limit in (self.trials, self._points) if limit is not None]
        return max(min([self.together(queue), *left]), 0)

    @property
    def _points(self) -> int | None:
        return self.space.count if self.request.sampler == "grid" else None

    def example(self, sweep_id: str | None = None) -> Request:
        """What is asked of the queue for some point: where it can never be had, none of the trials can."""
        return self.rerun(sweep_id, self.space.draw(random.Random(0)), None)  # noqa: S311 - nothing secret

    def rerun(self, sweep_id: str | None, point: Point, reseed: int | None, source: str | None = None) -> Request:
        """What is asked of the queue for a point; ``source`` is the run whose checkpoint it goes on from."""
        asked = self.request
        return Request(
            run_id=self.run.run_id,
            kernel=asked.kernel,
            env=asked.env,
            scope=asked.scope,
            parameters={**self.space.fixed, **point},
            priority=asked.priority,
            retries=asked.retries,
            timeout=asked.timeout,
            gpus=asked.gpus,
            gpu_type=asked.gpu_type,
            gpu_memory=asked.gpu_memory,
            sweep=sweep_id,
            backend=asked.backend,
            reseed=reseed,
            resume_from=source,
            follow=asked.metric,
        )


def plan(store: RunStore, request: SweepRequest) -> Plan:
    """Look at everything that can be wrong with a sweep before anything starts.

    Raises:
        RunNotFound, AmbiguousRun: see ``RunStore.find``.
        RerunRefused: the run cannot be rerun.
        ParameterRefused, SpaceRefused: see ``space.space``.
        OptionsRefused: the run never logged the metric, or left no checkpoint where a population is to go on from
            it; a package or an option is missing.
    """
    if find_spec("optuna") is None:
        raise OptionsRefused("sweeps need Optuna beside the server: pip install 'runlore[lab]'")
    run = store.find(request.run_id)
    required(run, request.metric)
    try:
        known = settable(run, replayed_cells(run, store.session(run)))
    except RecursionError:
        raise ParameterRefused(
            f"the cells of run {run.run_id} are nested too deeply to look for parameters"
        ) from None
    made = space(known, request.parameters, request.conditions)
    if request.sampler == "grid":
        made.grid()
    if request.sampler == "gp" and find_spec("torch") is None:
        raise OptionsRefused("Gaussian processes need PyTorch beside the server: pip install torch; or use tpe")
    _check_population(run, request)
    if request.pruner == "none" and (request.least_steps or request.most_steps):
        raise OptionsRefused("steps say when a trial may be pruned: choose a pruner as well")
    if request.least_steps and request.most_steps and request.least_steps >= request.most_steps:
        raise OptionsRefused("the steps of a whole training are more than those before the first look")
    if request.env == "locked" and request.kernel is not None:
        raise OptionsRefused("an environment built from the lock has a kernel of its own: name no other one")
    asked = msgspec.structs.replace(request, run_id=run.run_id)
    return Plan(asked, run, made, steps(run, request.metric))


def _check_population(run: RunRecord, request: SweepRequest) -> None:
    if request.sampler != "population":
        if request.population is not None:
            raise OptionsRefused("only the sampler 'population' has members: leave their number out, or choose it")
        return
    checkpoint(run)
    if request.seeds > 1:
        raise OptionsRefused(
            "a member of a population goes on from one checkpoint, so it is trained with one seed a generation: "
            "sweep a seed of the notebook's as a parameter instead (-p seed=0..9)"
        )
    if request.pruner != "none":
        raise OptionsRefused("a population prunes by itself, after each generation: leave the pruner out")
