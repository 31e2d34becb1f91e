"""Which parameters matter for a metric: the answer, or why there is none."""

from __future__ import annotations

import logging
import math
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Literal

import msgspec

from runlore.decodable import decodable
from runlore.errors import PackageMissing
from runlore_server.companion.process import command_of
from runlore_server.errors import WeighingTooLong
from runlore_server.importance.table import Column, Table, differing
from runlore_server.importance.weights import Weighed

LEAST_RUNS = 10
"""With fewer, two runs at a time are what a forest is judged by."""

RUNS_A_PARAMETER = 2
"""What estimating coefficients takes at the least (Austin and Steyerberg, J. Clin. Epidemiol. 68, 2015)."""

LEAST_EXPLAINED = 0.1
"""Of the variance; a forest that predicts less has learned nothing whose parts are worth telling."""

_WEIGHING = 90.0
"""Seconds that it may take."""

_NEEDED = {"sklearn": "scikit-learn", "scipy": "scipy"}
_log = logging.getLogger(__name__)

Unsaid = Literal["too few runs", "no parameter differs", "all alike", "unexplained"]


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter in which the runs differ, and how much hangs on it; see ``forest.weighed``."""

    name: str
    together: list[str]
    importance: float
    spread: float
    direction: float | None
    chance: float | None


class Importance(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a metric hangs on which parameter, the greatest part first.

    Attributes:
        runs: how many it was concluded from.
        lacking: runs that have no finite value of the metric, and were left out.
        needed: runs that it takes to say anything, of so many parameters.
        unsaid: why no parameter is told; ``None`` where they are.
        explained: the part of the variance that the parameters predict; ``None`` where nothing was computed.
        evaluator: what computed it.
    """

    runs: int
    lacking: int
    needed: int
    unsaid: Unsaid | None
    explained: float | None
    evaluator: str
    parameters: list[Parameter]


def importance(runs: Sequence[tuple[Mapping[str, Any], float | None]]) -> Importance:
    """What hangs on which parameter.

    Args:
        runs: of each its parameters, and what it came to.

    Raises:
        PackageMissing: scikit-learn is not installed.
        WeighingTooLong: there are too many runs and parameters.
        OSError: the process that computes it broke.
    """
    counted = [(params, value) for params, value in runs if value is not None and math.isfinite(value)]
    columns = differing([params for params, _ in counted])
    outcomes = [value for _, value in counted]
    needed = max(LEAST_RUNS, RUNS_A_PARAMETER * len(columns))
    unsaid = _unsaid(columns, outcomes, needed)
    found = None
    if unsaid is None:
        found = _weighed(Table(columns, outcomes))
        unsaid = "unexplained" if found.explained < LEAST_EXPLAINED else None
    return Importance(
        runs=len(counted),
        lacking=len(runs) - len(counted),
        needed=needed,
        unsaid=unsaid,
        explained=found.explained if found is not None else None,
        evaluator="permutation importance of a random forest on held-out runs (scikit-learn)",
        parameters=_parameters(columns, found) if found is not None and unsaid is None else [],
    )


def _unsaid(columns: list[Column], outcomes: list[float], needed: int) -> Unsaid | None:
    if len(outcomes) < needed:
        return "too few runs"
    if not columns:
        return "no parameter differs"
    return "all alike" if len(set(outcomes)) < 2 else None


def _parameters(columns: list[Column], found: Weighed) -> list[Parameter]:
    parameters = [
        Parameter(
            name=column.name,
            together=column.together,
            importance=weight.importance,
            spread=weight.spread,
            direction=weight.direction,
            chance=weight.chance,
        )
        for column, weight in zip(columns, found.weights, strict=True)
    ]
    return sorted(parameters, key=lambda parameter: -parameter.importance)


def _weighed(table: Table) -> Weighed:
    """By a process of its own: scikit-learn is large, and the server's other threads go on meanwhile."""
    for module, package in _NEEDED.items():
        if find_spec(module) is None:
            raise PackageMissing(package, "measures which parameters matter")
    command = command_of("runlore_server.importance.forest")
    try:
        done = subprocess.run(  # noqa: S603 - ours
            command, input=msgspec.json.encode(table), capture_output=True, timeout=_WEIGHING, check=False
        )
    except subprocess.TimeoutExpired:
        raise WeighingTooLong(
            f"weighing {len(table.columns)} parameters by {len(table.outcomes)} runs takes more than "
            f"{_WEIGHING:.0f} seconds; compare fewer runs"
        ) from None
    if done.returncode != 0:
        _log.error("parameters could not be weighed: %s", done.stderr.decode(errors="replace"))
        raise OSError("parameters could not be weighed; the server's log says why")
    return msgspec.json.decode(done.stdout, type=decodable(Weighed))
