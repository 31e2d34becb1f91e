"""What counts as success of a rerun, declared once per experiment."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal, get_args

import msgspec

from runlore.errors import JournalFormatError
from runlore.events import SessionStarted
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.errors import InvalidRequest
from runlore_server.filter.parser import parse
from runlore_server.filter.tree import Field, Node
from runlore_server.store.values import Scalar, value_of
from runlore_server.verdict.verdict import Verdict, Word

Level = Literal["exact", "close", "any"]
"""Which verdicts are accepted; every level accepts those of the levels before it."""

_ACCEPTED: dict[Level, frozenset[Word]] = {
    "exact": frozenset(("BIT-EXACT",)),
    "close": frozenset(("BIT-EXACT", "NUMERICALLY CLOSE")),
    "any": frozenset(get_args(Word)) - {"FAILED"},
}
_WITHIN: frozenset[Word] = frozenset(("BIT-EXACT", "NUMERICALLY CLOSE", "DIVERGED"))
"""Verdicts that tolerances can speak about: both sides went through, and nothing casts doubt on the comparison."""


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a point may be off: |a - b| <= ``atol`` + ``rtol`` |a|, a being the recorded one."""

    rtol: float = 0.0
    atol: float = 0.0

    def __str__(self) -> str:
        return f"|a-b| <= {self.atol:g} + {self.rtol:g}|a|"


class Criteria(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The success criteria of an experiment: its reruns meet them if the verdict is accepted and conditions hold.

    Attributes:
        verdict: which verdicts are accepted: ``exact`` BIT-EXACT alone, ``close`` NUMERICALLY CLOSE too, ``any``
            all but FAILED. What ``--seeds`` grants is accepted by each.
        conditions: filters in the language of searches (``metrics.val_acc >= 0.97``), which hold for the rerun.
        tolerances: metric, or a pattern as of a shell, to how far its points may be off. A verdict of DIVERGED is
            accepted, too, if every metric has the same steps and is within its tolerance; one that none is about
            has the same bits. The first pattern that fits a metric counts.
    """

    verdict: Level = "exact"
    conditions: list[str] = []
    tolerances: dict[str, Limit] = {}

    def checked(self) -> Criteria:
        """The criteria themselves.

        Raises:
            InvalidRequest: a tolerance is no number that is allowed, or a condition asks for nothing.
            FilterError: a condition is no filter.
        """
        for metric, limit in self.tolerances.items():
            if not all(math.isfinite(value) and value >= 0 for value in (limit.rtol, limit.atol)):
                raise InvalidRequest(f"a tolerance is 0 or greater; that of {metric!r} is {limit}")
        for condition in self.conditions:
            if parse(condition) is None:
                raise InvalidRequest("a condition is empty; write one such as 'metrics.val_acc >= 0.97'")
        return self

    def described(self) -> list[str]:
        """A line for each thing that is asked."""
        lines = [f"verdict: {self.verdict}", *(f"holds: {condition}" for condition in self.conditions)]
        return [*lines, *(f"within: {metric}: {limit}" for metric, limit in self.tolerances.items())]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was asked, and whether it is so; ``told`` says what was found."""

    criterion: str
    met: bool
    told: str


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What criteria say of one rerun.

    ``exit_code`` is 0 where they are met, 2 where nothing could be proved either way (UNVERIFIABLE), else 1.
    """

    findings: list[Finding]
    exit_code: int

    @property
    def met(self) -> bool:
        """Whether all that was asked is so."""
        return self.exit_code == 0

    def described(self) -> list[str]:
        """A line for each criterion."""
        return [f"{'met' if one.met else 'NOT MET'}  {one.criterion} ({one.told})" for one in self.findings]


def judge(
    criteria: Criteria, verdict: Verdict, run: RunRecord, rerun: RunRecord | None, session: SessionRecord | None
) -> Judgement:
    """Hold a rerun against criteria.

    Args:
        criteria: what is asked.
        verdict: on the rerun.
        run: the original.
        rerun: what came out; ``None`` where it did not get as far as opening the run.
        session: the rerun's.
    """
    findings = [_accepted(criteria, verdict, run, rerun), *_conditions(criteria, verdict, rerun, session)]
    if all(one.met for one in findings):
        return Judgement(findings=findings, exit_code=0)
    unproved = verdict.verdict == "UNVERIFIABLE" and all(one.met for one in findings[1:])
    return Judgement(findings=findings, exit_code=2 if unproved else 1)


def _accepted(criteria: Criteria, verdict: Verdict, run: RunRecord, rerun: RunRecord | None) -> Finding:
    criterion, word = f"verdict: {criteria.verdict}", verdict.verdict
    if word in _ACCEPTED[criteria.verdict] or verdict.exit_code == 0:
        return Finding(criterion=criterion, met=True, told=word)
    if not criteria.tolerances or word not in _WITHIN or rerun is None:
        return Finding(criterion=criterion, met=False, told=f"{word}: {verdict.reason}")
    try:
        beyond = list(_beyond(criteria.tolerances, run, rerun))
    except JournalFormatError as error:
        beyond = [str(error)]
    if beyond:
        return Finding(
            criterion=criterion, met=False, told=f"{word}, and beyond its tolerance: {'; '.join(beyond)}"
        )
    return Finding(criterion=criterion, met=True, told=f"{word}, and every metric within its tolerance")


def _beyond(limits: Mapping[str, Limit], run: RunRecord, rerun: RunRecord) -> Iterable[str]:
    """A text for each metric that is further off than it may be."""
    import numpy as np

    from runlore_server.verdict.findings import curves
    from runlore_server.verdict.tolerance import distance

    original, again = curves(run), curves(rerun)
    for metric in dict.fromkeys([*original, *again]):
        one, other = original.get(metric), again.get(metric)
        if one is None or other is None or len(one) != len(other) or (one["step"] != other["step"]).any():
            yield f"{metric} was logged at other steps"
            continue
        limit = next((limits[pattern] for pattern in limits if fnmatchcase(metric, pattern)), Limit())
        off = distance(one["value"], other["value"])
        allowed = limit.atol + limit.rtol * np.where(np.isfinite(one["value"]), np.abs(one["value"]), 0.0)
        if (off > allowed).any():
            worst = int((off - allowed).argmax())
            yield f"{metric} by {off[worst]:g} at step {one['step'][worst]} ({limit})"


def _conditions(
    criteria: Criteria, verdict: Verdict, rerun: RunRecord | None, session: SessionRecord | None
) -> Iterable[Finding]:
    for condition in criteria.conditions:
        if rerun is None:
            yield Finding(criterion=condition, met=False, told="the rerun made no run")
            continue
        node = parse(condition)
        values = _Values(rerun, session.info if session is not None else None, verdict)
        met = node is None or values.satisfy(node)
        yield Finding(criterion=condition, met=met, told=values.told())


class _Values:
    """The fields of one rerun, as far as conditions name them."""

    def __init__(self, rerun: RunRecord, info: SessionStarted | None, verdict: Verdict) -> None:
        self._rerun = rerun
        self._info = info
        self._verdict = verdict
        self._seen: dict[str, Scalar] = {}

    def satisfy(self, node: Node) -> bool:
        """Whether the filter finds the rerun."""
        from runlore_server.store.search import select

        return bool(select(node, [0], self._column, time.time()))

    def told(self) -> str:
        """What the fields were."""
        return ", ".join(
            f"{name} is {'not there' if value is None else value}" for name, value in self._seen.items()
        )

    def _column(self, field: Field) -> Sequence[Scalar]:
        from runlore_server.store.summaries import CurveSummaries
        from runlore_server.store.system import load_of

        if field == Field("attribute", "verdict"):
            value: Scalar = self._verdict.verdict
        else:
            rerun, summaries = self._rerun, CurveSummaries()
            value = value_of(field, rerun, self._info, lambda name: summaries.of(rerun.metrics[name]), load_of)
        self._seen[str(field)] = value
        return [value]
