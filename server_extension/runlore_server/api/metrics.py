"""The metrics of runs as the API shows them: all in full, or of runs with very many those that are asked for."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from runlore.errors import JournalFormatError
from runlore.record import RunRecord
from runlore_server.filter.tree import Field
from runlore_server.store.values import Summary, less_is_better, or_reported, statistic
from runlore_server.verdict.verdict import as_number

if TYPE_CHECKING:
    from runlore_server.services import Services

Statistic = Literal["last", "best", "min", "max"]
STATISTICS: tuple[Statistic, ...] = get_args(Statistic)

MANY = 50
"""Runs with more metrics are narrowed for those who ask for that: they are named, and summed up as asked for."""


@dataclass(frozen=True)
class Asked:
    """What a list tells of the metrics of runs that have more than ``MANY``; without either, everything.

    Attributes:
        metrics: of which the summaries are wanted.
        statistic: the number that is wanted of every metric.
    """

    metrics: frozenset[str] | None = None
    statistic: Statistic | None = None

    def narrows(self, run: RunRecord) -> bool:
        """Whether the run is not told in full."""
        return (self.metrics is not None or self.statistic is not None) and len(run.metrics) > MANY


class Metrics:
    """The metrics of the runs of one answer.

    Attributes:
        names: the lists of names that runs refer to: many runs have the same.
    """

    def __init__(self, services: Services, runs: Sequence[RunRecord], asked: Asked) -> None:
        self._services = services
        self._asked = asked
        narrowed = [run for run in runs if asked.narrows(run)]
        whole = [run for run in runs if not asked.narrows(run)]
        self._sums: Mapping[str, Mapping[str, Summary]] = services.store.sums(whole) | services.store.sums(
            narrowed, asked.metrics
        )
        self._places: dict[tuple[str, ...], int] = {}

    @property
    def names(self) -> list[dict[str, Any]]:
        return [{"metrics": names, "less": list(map(less_is_better, names))} for names in self._places]

    def of(self, run: RunRecord) -> dict[str, Any]:
        """What the schema ``Run`` says of the run's metrics."""
        if not self._asked.narrows(run):
            return {"metrics": run_metrics(self._services, run, self._sums.get(run.run_id))}
        known = self._sums.get(run.run_id)
        # Those of a run that is open, or is not summed up yet, are read.
        sums = _read(self._services, run, self._asked.metrics)[0] if known is None else known
        if self._asked.statistic is None:
            told = {name: _metric(name, sums[name]) for name in run.metrics if name in sums}
            return {"metrics": told, "names": self._place(tuple(run.metrics))}
        names = tuple(name for name in run.metrics if name in sums)
        values = [_number(statistic(Field("metric", name, self._asked.statistic), sums[name])) for name in names]
        return {"metrics": {}, "names": self._place(names), "values": _array(values)}

    def _place(self, names: tuple[str, ...]) -> int:
        return self._places.setdefault(names, len(self._places))


def run_metrics(services: Services, run: RunRecord, sums: Mapping[str, Summary] | None) -> dict[str, Any]:
    """The run's metrics by name, as the API shows them; ``sums`` are their summaries where they are known."""
    if sums is None:
        return all_metrics(services, run)[0]
    return {name: _metric(name, sums[name]) for name in run.metrics if name in sums}


def all_metrics(services: Services, run: RunRecord) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The summaries of the run's curves, and what is wrong with those that cannot be read."""
    found, lacking = _read(services, run)
    return {name: _metric(name, summary) for name, summary in found.items()}, lacking


def _read(
    services: Services, run: RunRecord, metrics: frozenset[str] | None = None
) -> tuple[dict[str, Summary], list[dict[str, str]]]:
    """Summaries of all curves of a run, or of these metrics, and what is wrong with those that cannot be read."""
    found: dict[str, Summary] = {}
    lacking = []
    for metric in run.metrics if metrics is None else metrics & run.metrics.keys():
        try:
            summary = or_reported(services.summaries.of(run.metrics[metric]), run, metric)
        except (JournalFormatError, OSError) as error:
            why = services.retrieval.missing(run, metric) or str(error)
            lacking.append({"what": f"metric {metric}", "why": why})
            continue
        if summary is not None:
            found[metric] = summary
        elif (lost := services.retrieval.missing(run, metric)) is not None:
            lacking.append({"what": f"metric {metric}", "why": lost})
    return found, lacking


def _metric(name: str, summary: Summary) -> dict[str, Any]:
    return {
        "best": statistic(Field("metric", name, "best"), summary),
        "last": as_number(summary.last),
        "min": summary.min,
        "max": summary.max,
        "count": summary.count,
        "step": summary.step,
    }


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _array(values: list[float]) -> dict[str, str]:
    """Numbers as the schema ``TypedArray`` has them."""
    return {"dtype": "f8", "bdata": base64.b64encode(struct.pack(f"<{len(values)}d", *values)).decode()}
