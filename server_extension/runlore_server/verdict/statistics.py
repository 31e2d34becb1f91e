"""The statistics of reruns with fresh seeds, on one number a run.

Sources: the prediction interval of one future observation, Hahn & Meeker, Statistical Intervals (1991), section
4.8; two one-sided tests, Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657, with Welch's degrees of freedom;
interquartile mean and stratified bootstrap, Agarwal et al., NeurIPS 2021 (rliable), with one stratum a metric.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from runlore_server.store.curves import Points

CONFIDENCE = 0.95
ALPHA = 0.05
WINDOW = 0.1
"""Part of a curve's points that make its final window; at least one point."""

_RESAMPLES = 2000
_QUANTILES = 2000
_SAME = 1e-12
"""Part of a number by which sums in another order may move it."""


class Interval(NamedTuple):
    low: float
    high: float

    def __contains__(self, value: object) -> bool:
        return isinstance(value, float) and self.low <= value <= self.high


class Equivalence(NamedTuple):
    """``p`` is the larger of the two one-sided p-values; ``difference`` the 90% interval of mean(b) - mean(a)."""

    p: float
    difference: Interval
    power: float


def final_window(points: Points) -> float:
    """The mean of the last tenth of a curve's values."""
    values = points["value"]
    return float(values[-max(1, round(len(values) * WINDOW)) :].mean())


def area(points: Points) -> float | None:
    """The area under a curve by trapezoids, divided by its length in steps; ``None`` for less than two steps."""
    steps, values = points["step"].astype(np.float64), points["value"]
    order = np.argsort(steps, kind="stable")
    steps, values = steps[order], values[order]
    length = steps[-1] - steps[0]
    if length <= 0:
        return None
    return float(((values[1:] + values[:-1]) / 2 * np.diff(steps)).sum() / length)


def prediction_interval(values: Sequence[float], comparisons: int = 1) -> Interval:
    """Where one more run lies with 95% confidence, over all ``comparisons`` together (Bonferroni).

    mean +- t(1 - alpha / 2m; n - 1) s sqrt(1 + 1/n). Values that are all the same give that value, give or take
    what rounding does.

    Raises:
        ValueError: less than two values.
    """
    found = np.asarray(values, dtype=np.float64)
    if len(found) < 2:
        raise ValueError("an interval needs two values at least")
    mean, sd = float(found.mean()), float(found.std(ddof=1))
    if sd <= _SAME * abs(mean):
        return Interval(mean - _SAME * abs(mean), mean + _SAME * abs(mean))
    quantile = float(stats.t.ppf(1 - (1 - CONFIDENCE) / (2 * comparisons), len(found) - 1))
    half = quantile * sd * float(np.sqrt(1 + 1 / len(found)))
    return Interval(mean - half, mean + half)


def equivalence(one: Sequence[float], other: Sequence[float], delta: float) -> Equivalence:
    """Whether the means of two groups lie within ``delta`` of each other: two one-sided Welch tests.

    The power is that of groups of these sizes and this pooled standard deviation whose means are the same.

    Raises:
        ValueError: a group has less than two values.
    """
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if min(len(a), len(b)) < 2:
        raise ValueError("a test needs two values in each group at least")
    parts = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    difference, error = float(b.mean() - a.mean()), float(np.sqrt(sum(parts)))
    if error <= _SAME * max(abs(float(a.mean())), abs(float(b.mean()))):
        same = abs(difference) <= max(delta, _SAME * abs(float(a.mean())))
        return Equivalence(0.0 if same else 1.0, Interval(difference, difference), 1.0)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (len(a) - 1) + parts[1] ** 2 / (len(b) - 1))
    below = float(stats.t.sf((difference + delta) / error, freedom))
    above = float(stats.t.cdf((difference - delta) / error, freedom))
    half = float(stats.t.ppf(1 - ALPHA, freedom)) * error
    pooled = np.sqrt((a.var(ddof=1) * (len(a) - 1) + b.var(ddof=1) * (len(b) - 1)) / (len(a) + len(b) - 2))
    power = equivalence_power(len(a), len(b), delta / float(pooled))
    return Equivalence(max(below, above), Interval(difference - half, difference + half), power)


def equivalence_power(n: int, m: int, delta: float) -> float:
    """The chance that two groups of ``n`` and ``m`` with equal means pass, for ``delta`` in standard deviations.

    Given the pooled variance s^2, the difference of the means must lie within delta - t s k, where
    k = sqrt(1/n + 1/m); that chance is averaged over the distribution of s^2.
    """
    freedom, k = n + m - 2, float(np.sqrt(1 / n + 1 / m))
    middles = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    s = np.sqrt(stats.chi2.ppf(middles, freedom) / freedom)
    room = delta - float(stats.t.ppf(1 - ALPHA, freedom)) * s * k
    return float(np.where(room > 0, 2 * stats.norm.cdf(np.maximum(room, 0) / k) - 1, 0.0).mean())


def interquartile_mean(values: Sequence[float]) -> tuple[float, Interval]:
    """The mean of the middle half, and its 95% percentile bootstrap interval (2000 resamples, fixed seed)."""
    found = np.asarray(values, dtype=np.float64)
    resamples = np.random.default_rng(0).choice(found, size=(_RESAMPLES, len(found)))
    means: npt.NDArray[np.float64] = np.asarray(stats.trim_mean(resamples, 0.25, axis=1))
    low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(stats.trim_mean(found, 0.25)), Interval(float(low), float(high))
