"""The trials of a sweep in Runlore's words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from optuna.trial import FrozenTrial, TrialState

from runlore_server.sweep.member import member_of
from runlore_server.sweep.plan import Plan
from runlore_server.sweep.study import pruned_at, runs_of, was_returned, why
from runlore_server.sweep.sweep import Trial
from runlore_server.sweep.sweep import TrialState as State

_STATES: dict[TrialState, State] = {
    TrialState.WAITING: "waiting",
    TrialState.RUNNING: "running",
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
}

_PRUNABLE = (TrialState.RUNNING, TrialState.PRUNED)
"""One that was told to end may have come to its value before."""


def tried(trials: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """The trials that count: those that were begun, less those whose points are tried again."""
    return [trial for trial in trials if trial.state != TrialState.WAITING and not was_returned(trial)]


def best(trials: Sequence[FrozenTrial], direction: str) -> FrozenTrial | None:
    """The trial with the best value, the first of equal ones; ``None`` while there is none."""
    ended = [trial for trial in trials if trial.state == TrialState.COMPLETE and trial.value is not None]
    sign = -1.0 if direction == "maximize" else 1.0
    return min(ended, key=lambda trial: sign * (trial.value or 0.0), default=None)


def summary(trials: Sequence[FrozenTrial], plan: Plan) -> tuple[int | None, list[Trial]]:
    """The number of the best trial, and all that count."""
    counted = tried(trials)
    first = best(counted, plan.request.direction)
    return first.number if first is not None else None, [_told(trial, plan) for trial in counted]


def _told(trial: FrozenTrial, plan: Plan) -> Trial:
    step, member = trial.last_step, member_of(trial)
    return Trial(
        number=trial.number,
        state=_STATES[trial.state],
        parameters=plan.space.point(trial.params),
        value=trial.value if trial.state == TrialState.COMPLETE else None,
        runs=runs_of(trial),
        step=step,
        latest=trial.intermediate_values[step] if step is not None else None,
        started=_seconds(trial.datetime_start),
        ended=_seconds(trial.datetime_complete),
        why=why(trial),
        pruned_at=pruned_at(trial) if trial.state in _PRUNABLE else None,
        member=member.number if member is not None else None,
        generation=member.generation if member is not None else None,
        resumed_from=member.source if member is not None else None,
    )


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None
