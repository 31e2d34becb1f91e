"""What a rerun proved about a recorded run, and the file that keeps it."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Literal

import msgspec

from runlore.home import Home
from runlore_server.document import read_if_there, write_document

Word = Literal[
    "BIT-EXACT",
    "NUMERICALLY CLOSE",
    "STATISTICALLY CONSISTENT",
    "STATISTICALLY EQUIVALENT",
    "DIVERGED",
    "FAILED",
    "UNVERIFIABLE",
]
"""The seven verdicts; ``docs/verdicts.md`` has the rule of each."""

_EXIT_CODES: dict[Word, int] = {
    "BIT-EXACT": 0,
    "NUMERICALLY CLOSE": 1,
    "STATISTICALLY CONSISTENT": 1,
    "STATISTICALLY EQUIVALENT": 1,
    "DIVERGED": 1,
    "FAILED": 1,
    "UNVERIFIABLE": 2,
}
GRANTED_WITH_SEEDS: frozenset[Word] = frozenset(("STATISTICALLY CONSISTENT", "STATISTICALLY EQUIVALENT"))
"""What counts as success where statistics were asked for."""

_FILE = "verdict.json"

LEAST_RUNS = 5
"""Runs on a side below which nothing statistical is said."""

Number = float | Literal["NaN", "Infinity", "-Infinity"]
"""A number as JSON can carry it."""

RungName = Literal[
    "code", "environment", "data", "random state", "threads and hardware", "variables", "uncontrolled"
]
RungStatus = Literal["same", "differs", "not recorded"]


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """The first point that differs; a value is ``None`` where that side has no such point."""

    metric: str
    step: int
    original: Number | None
    rerun: Number | None


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the why-ladder: what was compared, and what was seen, a sentence each.

    ``uncontrolled`` is ``differs`` where something was used that no replay gives back.
    """

    rung: RungName
    status: RungStatus
    evidence: list[str] = []


class Tolerance(msgspec.Struct, frozen=True, kw_only=True):
    """How far a metric was allowed to be off: |a - b| <= ``atol`` + ``rtol`` |a|, or ``spread``.

    ``spread`` is twice the largest difference of two reruns from the same states; ``None`` without two.
    ``largest`` is the largest difference found.
    """

    metric: str
    rtol: float
    atol: float
    spread: float | None = None
    largest: float = 0.0


class SeedTest(msgspec.Struct, frozen=True, kw_only=True):
    """One summary of one metric, over reruns with fresh seeds.

    Attributes:
        metric: its name.
        summary: the mean of the curve's last tenth, or the area under it divided by its length in steps.
        original: the original's value, or the mean of the original's group.
        mean, sd: of the reruns; ``sd`` with n - 1.
        low, high: the prediction interval for one more run, or the 90% interval of the difference of the means.
        iqm, iqm_low, iqm_high: interquartile mean of the reruns with its 95% bootstrap interval.
        passed: whether the test was passed.
        delta: the margin of equivalence, in the metric's unit; only for equivalence.
        power: the chance to pass were there no difference at all; only for equivalence.
        p: the larger p-value of the two one-sided tests; only for equivalence.
    """

    metric: str
    summary: Literal["final window", "area under the curve"]
    original: Number
    mean: Number
    sd: Number
    low: Number
    high: Number
    iqm: Number
    iqm_low: Number
    iqm_high: Number
    passed: bool
    delta: Number | None = None
    power: float | None = None
    p: float | None = None


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """What reruns with fresh seeds said. ``group`` are the runs on the original's side."""

    seeds: list[int]
    group: list[str]
    tests: list[SeedTest]


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one rerun.

    Attributes:
        verdict: the word.
        reason: one sentence or two.
        compared: points that both runs have.
        divergence: the first point of a metric that differs.
        causes: the differences that explain it, the first true cause first.
        ladder: the why-ladder; empty where everything is the same.
        differs: what else differs: outputs of cells, artifacts, files; a sentence each, in executed order.
        checked: what was compared besides the points, such as "outputs of 4 cells".
        masked: what differed in the outputs and was left aside, such as "3 timings".
        tolerances: those that were needed, by metric.
        statistics: of reruns with fresh seeds, where they were asked for.
        again: what a second rerun from the same states said.
        changed: the parameters that were given other values, so that nothing was expected to come out the same.
    """

    verdict: Word
    reason: str
    compared: int = 0
    divergence: Divergence | None = None
    causes: list[str] = []
    ladder: list[Rung] = []
    differs: list[str] = []
    checked: list[str] = []
    masked: list[str] = []
    tolerances: list[Tolerance] = []
    statistics: Statistics | None = None
    again: Literal["agrees", "differs"] | None = None
    changed: list[str] = []

    @property
    def exit_code(self) -> int:
        """What a command ends with: 0 reproduced, 1 not reproduced, 2 nothing proved either way.

        Where reruns with fresh seeds were asked for, passing their test is success too.
        """
        if self.statistics is not None and self.verdict in GRANTED_WITH_SEEDS:
            return 0
        return _EXIT_CODES[self.verdict]


def as_number(value: float) -> Number:
    """``value``, or the word for it where JSON has no number."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def verdict_file(home: Home, run_id: str) -> Path:
    """Where the verdict on a rerun is kept."""
    return home.rerun(run_id) / _FILE


def read_verdict(home: Home, run_id: str) -> Verdict | None:
    """The verdict on the rerun that made ``run_id``; ``None`` without one, or when its file cannot be read."""
    return read_if_there(verdict_file(home, run_id), Verdict)


def write_verdict(folder: Path, verdict: Verdict) -> None:
    """Keep the verdict in the folder of a rerun; a reader sees the earlier one or this one, never half of it.

    Raises:
        OSError: the file cannot be written.
    """
    write_document(folder / _FILE, verdict, for_people=True)


def drop_verdict(folder: Path) -> None:
    """Forget the verdict in the folder of a rerun, an earlier attempt's."""
    with contextlib.suppress(FileNotFoundError):
        (folder / _FILE).unlink()
