"""Which artifacts the rules let go."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from runlore_server.retention.notes import Retired
from runlore_server.retention.rule import Rule
from runlore_server.retention.survey import SeenRun
from runlore_server.store.summing import closed_summary

SETTLED = 600.0
"""Seconds since a run's end from which on its artifacts can go: whoever stored the same has named it by then."""


def choose(
    runs: Iterable[SeenRun],
    rules: Mapping[str, Rule],
    whole: Collection[str],
    known: Collection[tuple[str, str]],
    now: float,
) -> list[Retired]:
    """What the rules remove now, of what they have not removed before.

    Args:
        runs: every run with artifacts.
        rules: by experiment.
        whole: ids of runs that lose nothing, beside those that are pinned or still run.
        known: id and path of what was removed before.
        now: in Unix seconds.
    """
    by_experiment: dict[str, list[tuple[SeenRun, set[str]]]] = defaultdict(list)
    for run in runs:
        rule = rules.get(run.experiment)
        if rule is None or run.ended is None or now - run.ended < SETTLED:
            continue
        paths = {path for path in rule.covers(run.artifacts) if (run.run_id, path) not in known}
        if paths:
            by_experiment[run.experiment].append((run, paths))
    found = []
    for experiment, candidates in by_experiment.items():
        rule = rules[experiment]
        kept = _kept(rule, candidates, now)
        for run, paths in candidates:
            if run.run_id in kept or run.run_id in whole or run.pinned:
                continue
            for path in sorted(paths):
                artifact = run.artifacts[path]
                found.append(
                    Retired(
                        run_id=run.run_id,
                        path=path,
                        digest=artifact.digest,
                        size=artifact.size,
                        time=now,
                        rule=str(rule),
                    )
                )
    return found


def _kept(rule: Rule, candidates: Sequence[tuple[SeenRun, set[str]]], now: float) -> set[str]:
    """The ids of the runs that the rule keeps."""
    own = [(run, paths) for run, paths in candidates if not run.prefix]
    kept: set[str] = set()
    if rule.keep_for is not None:
        kept |= {run.run_id for run, _ in candidates if run.ended is not None and now - run.ended < rule.keep_for}
    if rule.keep_last is not None:
        kept |= _first(sorted(own, key=lambda one: (-one[0].started, one[0].run_id)), rule.keep_last)
    if rule.keep_best is not None:
        values = {run.run_id: best_value(run, rule) for run, _ in own}
        kept |= {run_id for run_id, value in values.items() if value is None}
        told = [(run, paths) for run, paths in own if values[run.run_id] is not None]

        def place(one: tuple[SeenRun, set[str]]) -> tuple[bool, float, float, str]:
            run, value = one[0], values[one[0].run_id]
            amount = math.nan if value is None else value
            lacking = math.isnan(amount)
            ordered = 0.0 if lacking else amount if rule.best == "min" else -amount
            return lacking, ordered, run.started, run.run_id

        kept |= _first(sorted(told, key=place), rule.keep_best)
    return kept


def _first(ordered: Iterable[tuple[SeenRun, set[str]]], count: int) -> set[str]:
    """The first runs; one whose artifacts are all those of runs before it (a rerun's) takes no place."""
    kept: set[str] = set()
    digests: set[str] = set()
    for run, paths in ordered:
        own = {run.artifacts[path].digest for path in paths}
        if own <= digests:
            kept.add(run.run_id)
        elif count > 0:
            count -= 1
            kept.add(run.run_id)
            digests |= own
    return kept


def best_value(run: SeenRun, rule: Rule) -> float | None:
    """The best value that the rule's metric had in an ended run, infinite ones aside.

    NaN where the run has no such metric, or no finite value of it; ``None`` where its curve cannot be read here.
    """
    path = run.metrics.get(rule.metric or "")
    if path is None:
        return math.nan
    summary = closed_summary(path)
    if summary is None:
        return None
    value = summary.min if rule.best == "min" else summary.max
    return math.nan if value is None else value
