"""The two statistical verdicts: the original, or a group of runs, against reruns with fresh seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
import numpy as np

from runlore_server.store.curves import Points
from runlore_server.verdict.statistics import (
    area,
    equivalence,
    final_window,
    interquartile_mean,
    prediction_interval,
)
from runlore_server.verdict.verdict import SeedTest, Statistics, Verdict, Word, as_number

_POWER = 0.8
_Summary = Literal["final window", "area under the curve"]
Curves = Mapping[str, Points]


@dataclass(frozen=True)
class Sample:
    """One summary of one metric: a number for each run on the original's side (it comes first), and each rerun."""

    metric: str
    summary: _Summary
    originals: list[float]
    reruns: list[float]


def with_seeds(
    exact: Verdict, originals: Sequence[Curves], reruns: Sequence[Curves], statistics: Statistics, delta: float
) -> Verdict:
    """The verdict after reruns with fresh seeds.

    Args:
        exact: the verdict on the rerun from the recorded states.
        originals: the curves of the original and, where equivalence is asked for, of the others of its group.
        reruns: the curves of each rerun with a fresh seed.
        statistics: with the seeds and the group; its tests are made here.
        delta: the margin of equivalence, in standard deviations of the original's group.
    """
    samples = list(_samples(originals, reruns))
    if exact.verdict == "FAILED":
        return exact
    if not samples:
        return _with(exact, "UNVERIFIABLE", "No metric is common to the original and its reruns.", statistics)
    if statistics.group:
        tests = [_equivalence(sample, delta) for sample in samples]
        word, said = _equivalent(tests, len(originals), len(reruns), delta)
        statistics = msgspec.structs.replace(statistics, tests=tests)
        return _with(exact, word, f"{said} The rerun from the recorded states: {exact.verdict}.", statistics)
    tests = [_consistency(sample, len(samples)) for sample in samples]
    statistics = msgspec.structs.replace(statistics, tests=tests)
    said = _consistent(tests, len(reruns))
    if all(len({value.hex() for value in sample.reruns}) == 1 for sample in samples):
        nothing = (
            f"{len(reruns)} fresh seeds made no difference: the code fixes its seeds where they cannot be reached "
            "(give the seed as a parameter)."
        )
        word = "UNVERIFIABLE" if exact.verdict == "DIVERGED" else exact.verdict
        return _with(exact, word, f"{nothing} {exact.reason}", statistics)
    if exact.verdict != "DIVERGED":
        return _with(exact, exact.verdict, f"{exact.reason} {said}", statistics)
    passed = all(test.passed for test in tests)
    return _with(exact, "STATISTICALLY CONSISTENT" if passed else "DIVERGED", f"{said} {exact.reason}", statistics)


def _with(exact: Verdict, word: Word, reason: str, statistics: Statistics) -> Verdict:
    return msgspec.structs.replace(exact, verdict=word, reason=reason, statistics=statistics)


def _samples(originals: Sequence[Curves], reruns: Sequence[Curves]) -> Iterator[Sample]:
    """What can be compared: metrics that every run has."""
    runs = [*originals, *reruns]
    for metric in originals[0]:
        curves = [run.get(metric) for run in runs]
        points = [curve for curve in curves if curve is not None and len(curve)]
        if len(points) < len(runs):
            continue
        ends, areas = [final_window(one) for one in points], [area(one) for one in points]
        yield Sample(metric, "final window", ends[: len(originals)], ends[len(originals) :])
        whole = [one for one in areas if one is not None]
        if len(whole) == len(runs):
            yield Sample(metric, "area under the curve", whole[: len(originals)], whole[len(originals) :])


# -- one original -------------------------------------------------------------------------------------------


def _consistency(sample: Sample, comparisons: int) -> SeedTest:
    original = sample.originals[0]
    if not np.isfinite([original, *sample.reruns]).all():
        # NaN is reproduced by NaN; there is no interval around it.
        alike = {repr(original)} == {repr(value) for value in sample.reruns}
        return _test(sample, original, (float("nan"), float("nan")), passed=alike)
    interval = prediction_interval(sample.reruns, comparisons)
    return _test(sample, original, interval, passed=original in interval)


def _consistent(tests: list[SeedTest], reruns: int) -> str:
    outside = [test for test in tests if not test.passed]
    if not outside:
        return (
            f"The original lies within the 95% prediction interval of {reruns} reruns with fresh seeds, in "
            f"{_all(tests)}."
        )
    first = outside[0]
    return (
        f"The original lies outside the 95% prediction interval of {reruns} reruns with fresh seeds: "
        f"{first.summary} of {first.metric!r} is {_number(first.original)}, the interval "
        f"{_number(first.low)} to {_number(first.high)}."
    )


# -- two groups ---------------------------------------------------------------------------------------------


def _equivalence(sample: Sample, sigmas: float) -> SeedTest:
    if not np.isfinite([*sample.originals, *sample.reruns]).all():
        return _test(sample, sample.originals[0], (float("nan"), float("nan")), passed=False, delta=0.0, power=0.0)
    delta = sigmas * float(np.std(sample.originals, ddof=1))
    found = equivalence(sample.originals, sample.reruns, delta)
    return _test(
        sample,
        float(np.mean(sample.originals)),
        found.difference,
        passed=found.p < 0.05,
        delta=delta,
        power=found.power,
        p=found.p,
    )


def _equivalent(tests: list[SeedTest], originals: int, reruns: int, sigmas: float) -> tuple[Word, str]:
    groups = f"{originals} original runs and {reruns} reruns with fresh seeds"
    margin = f"a margin of {sigmas:g} standard deviations"
    weakest = min(tests, key=lambda test: test.power or 0.0)
    power = f"power {weakest.power or 0.0:.0%} at least"
    if all(test.passed for test in tests):
        return "STATISTICALLY EQUIVALENT", f"{groups} are equivalent within {margin} in {_all(tests)} ({power})."
    failed = [test for test in tests if not test.passed]
    beyond = [test for test in failed if _beyond(test)]
    first = (beyond or failed)[0]
    what = (
        f"{first.summary} of {first.metric!r}: the means differ by {_number(first.low)} to {_number(first.high)} "
        f"(90%), the margin is {_number(first.delta)}"
    )
    if beyond:
        return "DIVERGED", f"{groups} differ by more than {margin}: {what}."
    if (weakest.power or 0.0) < _POWER:
        lowest = f"{weakest.power or 0.0:.0%}"
        return (
            "UNVERIFIABLE",
            f"{groups} are too few to decide on {margin}: the power is {lowest}, 80% are needed ({what}).",
        )
    return "DIVERGED", f"{groups} were not shown to be equivalent within {margin}, though the {power}: {what}."


def _beyond(test: SeedTest) -> bool:
    """Whether the whole interval of the difference lies outside the margin."""
    low, high, delta = test.low, test.high, test.delta
    if not (isinstance(low, float) and isinstance(high, float) and isinstance(delta, float)):
        return False
    return low > delta or high < -delta


def _test(
    sample: Sample,
    original: float,
    interval: tuple[float, float],
    *,
    passed: bool,
    delta: float | None = None,
    power: float | None = None,
    p: float | None = None,
) -> SeedTest:
    finite = bool(np.isfinite(sample.reruns).all())
    nan = float("nan")
    iqm, around = interquartile_mean(sample.reruns) if finite else (nan, (nan, nan))
    return SeedTest(
        metric=sample.metric,
        summary=sample.summary,
        original=as_number(original),
        mean=as_number(float(np.mean(sample.reruns)) if finite else nan),
        sd=as_number(float(np.std(sample.reruns, ddof=1)) if finite and len(sample.reruns) > 1 else nan),
        low=as_number(interval[0]),
        high=as_number(interval[1]),
        iqm=as_number(iqm),
        iqm_low=as_number(around[0]),
        iqm_high=as_number(around[1]),
        passed=passed,
        delta=None if delta is None else as_number(delta),
        power=power,
        p=p,
    )


def _all(tests: list[SeedTest]) -> str:
    metrics = list(dict.fromkeys(test.metric for test in tests))
    named = repr(metrics[0]) if len(metrics) == 1 else f"all {len(metrics)} metrics"
    return f"{' and '.join(dict.fromkeys(test.summary for test in tests))} of {named}"


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
