"""What a field of a search is for a run that is not in the index yet."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol, TypeVar

from runlore.events import SessionStarted
from runlore.record import RunRecord
from runlore_server.filter.tree import Field, Statistic
from runlore_server.store.entry import flat

Scalar = str | float | None
S = TypeVar("S", bound="Summary")


class Summary(Protocol):
    """A curve in a few numbers, as ``CurveSummary`` explains them.

    ``count``, ``min`` and ``max`` are ``None`` where only MLflow knows the points.
    """

    @property
    def last(self) -> float: ...
    @property
    def step(self) -> int: ...
    @property
    def time(self) -> float: ...
    @property
    def count(self) -> int | None: ...
    @property
    def min(self) -> float | None: ...
    @property
    def max(self) -> float | None: ...


class IndexedSummary(NamedTuple):
    """A summary as the index has it."""

    last: float
    step: int
    time: float
    count: int | None  # type: ignore[assignment]  # as the curves' own summary calls it; nobody counts in one
    min: float | None
    max: float | None


def or_reported(found: S | None, run: RunRecord, metric: str) -> S | IndexedSummary | None:
    """The summary that was found, or what MLflow says of the metric where that is news."""
    told = run.reported.get(metric)
    if told is None or not told.is_after(None if found is None else found.time):
        return found
    return IndexedSummary(float(told.value), told.step, told.time, None, None, None)


_SMALLER_IS_BETTER = re.compile(
    r"loss|error|(?<![a-z])(err|mae|mse|rmse|msle|mape|smape|nll|ppl|perplexity|wer|cer|eer|fid|cost|regret|brier)"
    r"(?![a-z])",
    re.IGNORECASE,
)


def value_of(
    field: Field,
    run: RunRecord,
    info: SessionStarted | None,
    sums: Callable[[str], Summary | None],
    load: Callable[[RunRecord], Mapping[str, float]],
) -> Scalar:
    """The field's value; ``None`` where the run has none. Verdicts are not the run's and are known elsewhere.

    Args:
        field: which.
        run: of which run.
        info: how its session began.
        sums: the summary of a metric of the run.
        load: what ``LOADS`` names of a run.
    """
    if field.entity == "metric":
        summary = sums(field.name) if field.name in run.metrics else None
        return None if summary is None else statistic(field, summary)
    if field.entity == "load":
        return load(run).get(field.name)
    if field.entity == "param":
        return flat(run.params).get(field.name)
    if field.entity == "tag":
        return run.tags.get(field.name)
    if field.name in ("notebook", "user"):
        return None if info is None else getattr(info, field.name)
    if field.name == "ended":
        return None if run.duration is None else run.started + run.duration
    found: Scalar = getattr(run, {"id": "run_id", "session": "session_id"}.get(field.name, field.name))
    return found


def statistic(field: Field, summary: Summary) -> float | None:
    """The statistic of a metric that the field names; the least and greatest of no finite value are ``None``."""
    found: float | None = getattr(summary, column_of(field))
    return found


def column_of(field: Field) -> Statistic:
    """The statistic to look up: ``best`` is the least value where the name says that less is better, else the
    greatest."""
    if field.statistic != "best":
        return field.statistic
    return "min" if less_is_better(field.name) else "max"


def less_is_better(metric: str) -> bool:
    """Whether the name of a metric says so."""
    return _SMALLER_IS_BETTER.search(metric) is not None
