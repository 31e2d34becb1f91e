"""What somebody asks of a rerun, on a command line or through the API."""

from __future__ import annotations

import math
from typing import Annotated, Any

import msgspec

from runlore.record import RunRecord
from runlore_server.errors import OptionsRefused
from runlore_server.rerun.folder import Env, Scope
from runlore_server.rerun.gateway import PREFIX
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import LEAST_RUNS

_MOST_SEEDS = 1000


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rerun that is asked for.

    ``run_id`` is the original, by anything that ``RunStore.find`` takes. It happens in the kernel that recorded it
    or in the kernelspec ``kernel``; with ``env`` "locked" in the environment built from the run's lock. ``scope``
    says which of the cells that lead to the run are executed, ``parameters`` which of its parameters are set to
    other values (see ``rerun.overrides``). ``seeds`` asks for so many reruns with fresh seeds as well, ``against``
    for a test of equivalence of the original and these further runs with them, by a margin of ``delta`` standard
    deviations of the original's side.

    The rest is for the queue. Of the jobs that wait, those with the greatest ``priority`` go first. An attempt
    that takes longer than ``timeout`` seconds is stopped and has failed. After a failure of the work (never
    because of a verdict on it) up to ``retries`` further attempts are made. ``gpus`` is how many devices are
    leased, a part of one below 1, each of the type ``gpu_type`` ("h200") and with ``gpu_memory`` ("40GB") at
    least; by default a run that says which it used gets such ones (see ``gpus.recorded``). The jobs that make the
    runs ``after`` must have succeeded before. ``sweep`` is the id of the sweep that it is a trial of, ``backend``
    the name of the one that carries it out where that is not the default. ``resume_from`` is a run whose
    checkpoint it goes on from (see ``runlore.Run.checkpoint``), ``follow`` a metric that is wanted while it runs,
    also of a machine that does not see the home.
    """

    run_id: str
    kernel: str | None = None
    env: Env = "recorded"
    scope: Scope = "whole"
    parameters: dict[str, Any] = {}
    seeds: int | None = None
    against: list[str] = []
    delta: float = 1.0
    priority: int = 0
    retries: int = 0
    timeout: float | None = None
    gpus: float = 0
    gpu_type: str | None = None
    gpu_memory: str | None = None
    after: list[str] = []
    sweep: str | None = None
    backend: str | None = None
    reseed: Annotated[int, msgspec.Meta(ge=0, lt=2**32)] | None = None
    resume_from: str | None = None
    follow: str | None = None

    def runs(self, store: RunStore) -> tuple[RunRecord, list[RunRecord]]:
        """The original and the further runs of its group.

        Raises:
            RunNotFound, AmbiguousRun: see ``RunStore.find``.
            OptionsRefused: what is asked cannot be had together, or could not earn a statistical verdict.
        """
        run, group = store.find(self.run_id), [store.find(other) for other in self.against]
        if self.kernel is not None and self.env == "locked":
            raise OptionsRefused("an environment built from the lock has a kernel of its own: name no other one")
        if self.gpus and self.kernel is not None and self.kernel.startswith(PREFIX):
            raise OptionsRefused(
                "the GPUs of this machine are of no use to a gateway's kernel: choose them in its kernelspec"
            )
        if not (math.isfinite(self.delta) and self.delta > 0):
            raise OptionsRefused(f"delta is a number of standard deviations greater than 0, not {self.delta}")
        if group and self.seeds is None:
            raise OptionsRefused("a test of equivalence needs reruns with fresh seeds: say how many")
        if foreign := next((other for other in group if other.kind == "mlflow"), None):
            raise OptionsRefused(
                f"run {foreign.run_id} was logged to MLflow, without its code: nothing is proved by it"
            )
        if self.seeds is not None:
            self._check_seeds(self.seeds, [run, *group])
        return run, group

    def _check_seeds(self, seeds: int, runs: list[RunRecord]) -> None:
        if seeds < LEAST_RUNS:
            raise OptionsRefused(
                f"{seeds} seeds say too little: a statistical verdict needs {LEAST_RUNS} reruns at least"
            )
        if seeds > _MOST_SEEDS:
            raise OptionsRefused(f"{seeds} seeds are more than a rerun takes: {_MOST_SEEDS} at the most")
        if len({run.run_id for run in runs}) < len(runs):
            raise OptionsRefused("a run is named twice on the original's side; each counts once")
        if 1 < len(runs) < LEAST_RUNS:
            raise OptionsRefused(
                f"equivalence needs {LEAST_RUNS} runs on the original's side; there are {len(runs)}, so name "
                f"{LEAST_RUNS - len(runs)} more with --against"
            )
