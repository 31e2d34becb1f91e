"""The statistics behind the statistical verdicts, by their properties in simulation."""

from __future__ import annotations

import numpy as np
import pytest

from runlore_server.store.curves import POINT, Points
from runlore_server.verdict.seeds import with_seeds
from runlore_server.verdict.statistics import (
    area,
    equivalence,
    equivalence_power,
    final_window,
    interquartile_mean,
    prediction_interval,
)
from runlore_server.verdict.verdict import Statistics, Verdict

DRAWS = 600


def curve(values: list[float], steps: list[int] | None = None) -> Points:
    return np.array([(s, 0.0, v) for s, v in zip(steps or range(len(values)), values, strict=True)], dtype=POINT)


@pytest.mark.parametrize(("runs", "comparisons"), [(5, 1), (10, 1), (5, 4)])
def test_the_prediction_interval_covers_one_more_run_as_often_as_it_says(runs: int, comparisons: int) -> None:
    draws = np.random.default_rng(runs).normal(3.0, 0.5, size=(DRAWS, runs + 1))
    inside = np.mean([float(row[-1]) in prediction_interval(row[:-1].tolist(), comparisons) for row in draws])
    assert inside == pytest.approx(1 - 0.05 / comparisons, abs=0.025)


def test_the_interval_of_five_reruns_has_the_published_width() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    low, high = prediction_interval(values)
    assert (high - low) / 2 / np.std(values, ddof=1) == pytest.approx(3.04, abs=0.01)  # SD, at K = 5


def test_reruns_that_are_all_the_same_leave_no_room() -> None:
    interval = prediction_interval([0.1 + 0.2] * 5)
    assert 0.3 in interval
    assert 0.301 not in interval


def test_equivalence_is_wrongly_found_in_at_most_one_of_twenty() -> None:
    random = np.random.default_rng(1)
    for shift in (1.0, -1.0):  # exactly at the margin, where the error is largest
        one, other = random.normal(0, 1, (DRAWS, 10)), random.normal(shift, 1, (DRAWS, 10))
        found = np.mean(
            [equivalence(a.tolist(), b.tolist(), 1.0).p < 0.05 for a, b in zip(one, other, strict=True)]
        )
        assert found < 0.05 + 0.025


@pytest.mark.parametrize(
    ("runs", "delta", "power"), [(5, 1.0, 0.06), (5, 2.0, 0.76), (10, 1.5, 0.89), (20, 1.0, 0.85)]
)
def test_the_power_is_that_of_simulation(runs: int, delta: float, power: float) -> None:
    assert equivalence_power(runs, runs, delta) == pytest.approx(power, abs=0.025)
    random = np.random.default_rng(2)
    one, other = random.normal(0, 1, (DRAWS, runs)), random.normal(0, 1, (DRAWS, runs))
    found = np.mean([equivalence(a.tolist(), b.tolist(), delta).p < 0.05 for a, b in zip(one, other, strict=True)])
    assert found == pytest.approx(power, abs=0.06)


def test_the_test_agrees_with_its_interval() -> None:
    random = np.random.default_rng(3)
    for _ in range(200):
        a, b = random.normal(0, 1, 8).tolist(), random.normal(0.5, 2, 6).tolist()
        found = equivalence(a, b, 1.5)
        assert (found.p < 0.05) == (found.difference.low > -1.5 and found.difference.high < 1.5)


def test_the_interquartile_mean_forgets_outliers_and_its_interval_holds_it() -> None:
    mean, around = interquartile_mean([1.0, 2.0, 3.0, 4.0, 1000.0])
    assert mean == pytest.approx(3.0)
    assert mean in around


def test_summaries_of_a_curve() -> None:
    assert final_window(curve([0.0] * 18 + [1.0, 3.0])) == 2.0
    assert final_window(curve([7.0])) == 7.0
    assert area(curve([7.0])) is None
    assert area(curve([0.0, 1.0, 1.0], steps=[0, 2, 3])) == pytest.approx((1.0 + 1.0) / 3)
    assert area(curve([1.0, 0.0, 1.0], steps=[3, 0, 2])) == pytest.approx((1.0 + 1.0) / 3)  # in order of steps


DIVERGED = Verdict(verdict="DIVERGED", reason="Metric 'loss' differs.")


def judged(originals: list[float], reruns: list[float], exact: Verdict = DIVERGED, delta: float = 1.0) -> Verdict:
    group = [f"run{n}" for n in range(len(originals) - 1)]
    statistics = Statistics(seeds=list(range(len(reruns))), group=group, tests=[])
    sides = ([{"loss": curve([1.0, value])} for value in values] for values in (originals, reruns))
    return with_seeds(exact, *sides, statistics, delta)


SPREAD = [1.0, 1.1, 0.9, 1.05, 0.95]


def test_an_original_among_its_reruns_is_consistent() -> None:
    found = judged([1.02], SPREAD)
    assert (found.verdict, found.exit_code) == ("STATISTICALLY CONSISTENT", 0)
    assert found.statistics is not None
    assert [test.summary for test in found.statistics.tests] == ["final window", "area under the curve"]
    assert "95% prediction interval of 5 reruns" in found.reason


def test_an_original_outside_has_diverged() -> None:
    found = judged([3.0], SPREAD)
    assert (found.verdict, found.exit_code) == ("DIVERGED", 1)
    assert "final window of 'loss' is 3" in found.reason


def test_a_bit_exact_rerun_stays_so_and_tells_what_the_seeds_said() -> None:
    exact = Verdict(verdict="BIT-EXACT", reason="All points came out.")
    assert judged([1.02], SPREAD, exact).verdict == "BIT-EXACT"
    lucky = judged([3.0], SPREAD, exact)
    assert lucky.verdict == "BIT-EXACT"
    assert "outside the 95% prediction interval" in lucky.reason


def test_seeds_without_effect_prove_nothing() -> None:
    found = judged([1.02], [1.0] * 5)
    assert (found.verdict, found.exit_code) == ("UNVERIFIABLE", 2)
    assert "made no difference" in found.reason


def test_two_groups_of_twenty_can_be_equivalent_or_not() -> None:
    random = np.random.default_rng(4)
    one = random.normal(1, 0.1, 20).tolist()
    same = judged(one, random.normal(1, 0.1, 20).tolist(), delta=1.2)
    assert same.verdict == "STATISTICALLY EQUIVALENT"
    assert same.statistics is not None
    assert all(test.power is not None and test.power > 0.8 for test in same.statistics.tests)
    assert judged(one, random.normal(2, 0.1, 20).tolist()).verdict == "DIVERGED"


def test_two_small_groups_decide_nothing() -> None:
    found = judged([1.0, 1.1, 0.9, 1.05, 0.95], [1.02, 1.08, 0.93, 1.01, 0.98])
    assert found.verdict == "UNVERIFIABLE"
    assert "80% are needed" in found.reason


def test_nan_is_reproduced_by_nan_alone() -> None:
    nan = float("nan")
    assert judged([nan], SPREAD).verdict == "DIVERGED"
    assert "Infinity" not in judged([nan], [*SPREAD[:4], nan]).reason
