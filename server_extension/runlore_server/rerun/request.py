"""What somebody asks of a rerun, on a command line or through the API."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from runlore.record import RunRecord
from runlore_server.errors import OptionsRefused
from runlore_server.rerun.folder import Env, Scope
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
    """

    run_id: str
    kernel: str | None = None
    env: Env = "recorded"
    scope: Scope = "whole"
    parameters: dict[str, Any] = {}
    seeds: int | None = None
    against: list[str] = []
    delta: float = 1.0

    def runs(self, store: RunStore) -> tuple[RunRecord, list[RunRecord]]:
        """The original and the further runs of its group.

        Raises:
            RunNotFound, AmbiguousRun: see ``RunStore.find``.
            OptionsRefused: what is asked cannot be had together, or could not earn a statistical verdict.
        """
        run, group = store.find(self.run_id), [store.find(other) for other in self.against]
        if self.kernel is not None and self.env == "locked":
            raise OptionsRefused("an environment built from the lock has a kernel of its own: name no other one")
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
