"""From the records of a run and of its rerun to the verdict; the rules stand in ``docs/verdicts.md``."""

from __future__ import annotations

from typing import Any, Literal

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.record import RunRecord
from runlore.replay import ReplayPlan
from runlore_server.rerun.folder import Launch
from runlore_server.rerun.outcome import Outcome
from runlore_server.rerun.prepare import reread
from runlore_server.verdict import tolerance
from runlore_server.verdict.compare import Comparison, Difference, Point, compare
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.failure import describe, failure, same_error
from runlore_server.verdict.findings import Findings, find
from runlore_server.verdict.gates import doubts, gaps, unusable
from runlore_server.verdict.ladder import Ladder
from runlore_server.verdict.masks import told
from runlore_server.verdict.variables import compare_variables
from runlore_server.verdict.verdict import Divergence, Tolerance, Verdict, as_number

_MOST_TOLD = 20
"""Differences that a verdict lists."""


def judge(
    home: Home, plan: ReplayPlan, launch: Launch, outcome: Outcome, second: ReplayPlan | None = None
) -> Verdict:
    """The verdict on a rerun whose processes have ended.

    Args:
        home: where both runs are recorded.
        plan: what was replayed.
        launch: how the rerun was started.
        outcome: what the runner said at its end.
        second: what a second rerun from the same states replayed, if there was one.
    """
    session, rerun_session = reread(home, launch.session), reread(home, plan.session_id)
    run = session.runs.get(plan.rerun_of)
    if run is None:
        return _nothing_proved(f"The journal of the original, session {launch.session}, no longer holds it.")
    evidence = Evidence(home, plan, launch, run, session, rerun_session.runs.get(plan.run_id), rerun_session)
    if (broke := failure(evidence, outcome)) is not None:
        ladder = Ladder(evidence)
        return Verdict(verdict="FAILED", reason=broke, causes=ladder.causes(), ladder=ladder.rungs)
    if (why := unusable(evidence)) is not None:
        return _nothing_proved(why)
    return _Case(evidence, second).verdict()


def _nothing_proved(reason: str) -> Verdict:
    return Verdict(verdict="UNVERIFIABLE", reason=reason)


class _Case:
    """A rerun that went through, and what it can be compared with."""

    def __init__(self, evidence: Evidence, second: ReplayPlan | None) -> None:
        self._evidence = evidence
        self._second = second
        self._again: Literal["agrees", "differs"] | None = None
        self._told_again: list[str] = []
        self._spreads: dict[str, float] | None = None

    def verdict(self) -> Verdict:
        evidence, run, rerun = self._evidence, self._evidence.run, self._evidence.rerun
        assert rerun is not None  # noqa: S101 - a rerun without its run has failed before
        # A run that was open when all cells were done ends with its kernel, however that is brought down.
        end = "finished" if rerun.status == "killed" else rerun.status
        same_end = run.status == end and same_error(run.error, rerun.error)
        cut_off = run.status in ("killed", "interrupted") and not same_end
        try:
            found = find(evidence, cut_off=cut_off)
            ladder = Ladder(evidence, _parted(evidence, found))
            self._hear_second(found, ladder)
        except JournalFormatError as error:
            return _nothing_proved(str(error))
        facts = self._facts(found, ladder)
        if found.own == 0 and found.same:
            return Verdict(
                verdict="UNVERIFIABLE",
                reason="The original logged no metric, kept no artifact and showed nothing to compare.",
                **facts,
            )
        if found.same:
            return self._same(found, ladder, facts, cut_off=cut_off, same_end=same_end)
        if not cut_off and same_end and (needed := self._close(found)) is not None:
            return self._near(found, ladder, facts, needed)
        return self._apart(found, ladder, facts)

    def _facts(self, found: Findings, ladder: Ladder) -> dict[str, Any]:
        return {
            "compared": found.points.compared,
            "ladder": ladder.rungs,
            "checked": found.checked,
            "masked": told(found.masked),
            "differs": _texts(found),
            "again": self._again,
        }

    # -- everything came out the same ----------------------------------------------------------------------

    def _same(
        self, found: Findings, ladder: Ladder, facts: dict[str, Any], *, cut_off: bool, same_end: bool
    ) -> Verdict:
        run = self._evidence.run
        if cut_off:
            return Verdict(verdict="UNVERIFIABLE", reason=_as_far_as_it_went(run, found), **facts)
        if not same_end:
            return Verdict(
                verdict="DIVERGED",
                reason=f"Every point came out the same, but the original ended with {describe(run.error)} and the "
                "rerun did not.",
                causes=ladder.causes(self._again),
                **facts,
            )
        what = _what_came_out(run, found)
        ending = f", up to the same {run.error.name}" if run.error else ""
        if against := doubts(self._evidence, ladder):
            return Verdict(
                verdict="UNVERIFIABLE",
                reason=f"{what} came out with the same bits{ending}, but that proves nothing: {against[0]}",
                causes=against,
                **facts,
            )
        environment = next(rung for rung in ladder.rungs if rung.rung == "environment")
        aside = f" In another environment: {environment.evidence[0]}" if environment.status == "differs" else ""
        masked = f" Set aside in outputs: {', '.join(told(found.masked))}." if found.masked else ""
        return Verdict(
            verdict="BIT-EXACT",
            reason=f"{what} came out with the same bits{ending}.{aside}{masked}",
            **facts,
        )

    # -- something differs ---------------------------------------------------------------------------------

    def _close(self, found: Findings) -> list[Tolerance] | None:
        if not all(apart.close for apart in found.judged):
            return None
        return tolerance.close(found.original, found.rerun, self._spreads)

    def _near(self, found: Findings, ladder: Ladder, facts: dict[str, Any], needed: list[Tolerance]) -> Verdict:
        facts |= {"tolerances": needed, "divergence": _divergence(found.points.first)}
        allowed = "; ".join(_describe_tolerance(one) for one in needed)
        named = f" ({allowed})" if allowed else ""
        if against := doubts(self._evidence, ladder):
            reason = f"Everything came out numerically close{named}, but that proves nothing: {against[0]}"
            return Verdict(verdict="UNVERIFIABLE", reason=reason, causes=against, **facts)
        first = found.points.first
        where = _where_they_part(first) if first is not None else found.judged[0].text
        return Verdict(
            verdict="NUMERICALLY CLOSE",
            reason=f"The same steps, and every number within its tolerance{named}. {where}",
            causes=[*self._told_again, *ladder.causes(self._again)],
            **facts,
        )

    def _apart(self, found: Findings, ladder: Ladder, facts: dict[str, Any]) -> Verdict:
        first, run = found.points.first, self._evidence.run
        if first is not None:
            reason = _where_they_part(first)
        else:
            judged = found.judged
            rest = f" {len(judged) - 1} more differ." if len(judged) > 1 else ""
            equal = f" {_points(run, found.points)} came out with the same bits." if found.points.recorded else ""
            reason = f"{judged[0].text}{rest}{equal}"
        causes = [*ladder.causes(self._again), *self._told_again]
        facts |= {"divergence": _divergence(first), "causes": causes}
        lost = [] if ladder.explained or ladder.used_uncontrolled else gaps(self._evidence)
        if lost:
            return Verdict(
                verdict="UNVERIFIABLE",
                reason=f"{reason} Nothing can be concluded from that: {lost[0]}",
                **{**facts, "causes": list(dict.fromkeys([*lost, *causes]))},
            )
        return Verdict(verdict="DIVERGED", reason=reason, **facts)

    # -- a second rerun ------------------------------------------------------------------------------------

    def _hear_second(self, first: Findings, ladder: Ladder) -> None:
        """Compare the rerun with a second one from the same states."""
        evidence, plan = self._evidence, self._second
        if plan is None or evidence.rerun is None:
            return
        session = reread(evidence.home, plan.session_id)
        run = session.runs.get(plan.run_id)
        if run is None or run.status != evidence.rerun.status:
            return
        both = Evidence(evidence.home, plan, evidence.launch, evidence.rerun, evidence.rerun_session, run, session)
        found = find(both, cut_off=False)
        # Whether they agree on what is to be explained; that something else differs explains nothing.
        if (parted := first.points.first) is not None:
            metric = parted.metric
            one, other = (
                {metric: side[metric]} if metric in side else {} for side in (found.original, found.rerun)
            )
            agree = compare(one, other).first is None
        else:
            cells = {apart.cell for apart in first.judged}
            agree = not any(apart.cell in cells for apart in found.judged)
        self._again = "agrees" if agree else "differs"
        for pair in (pair for pair in both.pairs if pair.ordinal in evidence.needed):
            if names := compare_variables(evidence.objects, pair).different:
                named = ", ".join(names[:10])
                self._told_again = [
                    f"Between the two reruns, the first to differ after cell {pair.ordinal}: {named}."
                ]
                break
        if not ladder.used_uncontrolled:
            self._spreads = tolerance.spread(found.original, found.rerun)


def _parted(evidence: Evidence, found: Findings) -> int | None:
    """The cell in which the difference that is reported was made."""
    first, run = found.points.first, evidence.run
    if first is None or run.cell is None:
        return min((apart.cell for apart in found.judged), default=None)
    last = run.last_cell if run.last_cell is not None else run.cell
    points = found.original.get(first.metric)
    if points is None or first.index >= len(points):
        return last
    logged = float(points["time"][first.index])
    begun = [ordinal for ordinal, cell in evidence.session.cells.items() if cell.started <= logged]
    return max((ordinal for ordinal in begun if run.cell <= ordinal <= last), default=run.cell)


def _texts(found: Findings) -> list[str]:
    texts = [apart.text for apart in found.judged]
    texts += [f"{apart.text} (The run does not rest on that cell.)" for apart in found.apart if apart.aside]
    more = len(texts) - _MOST_TOLD
    return texts if more <= 0 else [*texts[:_MOST_TOLD], f"And {more} more."]


def _what_came_out(run: RunRecord, found: Findings) -> str:
    parts = [_points(run, found.points)] if found.points.recorded else []
    parts += found.checked
    text = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
    return text[0].upper() + text[1:]


def _points(run: RunRecord, result: Comparison) -> str:
    points = "1 point" if result.compared == 1 else f"All {result.compared} points"
    return f"{points} of {_named(list(run.metrics))}"


def _named(metrics: list[str]) -> str:
    return repr(metrics[0]) if len(metrics) == 1 else f"{len(metrics)} metrics"


def _as_far_as_it_went(run: RunRecord, found: Findings) -> str:
    how = "killed" if run.status == "killed" else "interrupted"
    recorded = found.points.recorded
    points = "its 1 point was" if recorded == 1 else f"its {recorded} points were"
    last = [int(records["step"][-1]) for records in found.original.values() if len(records)]
    after = f" after step {max(last)}" if last else ""
    return (
        f"The original was {how}{after}; {points} reproduced bit for bit, nothing says what would have come after."
    )


def _describe_tolerance(one: Tolerance) -> str:
    allowed = f"|a-b| <= {one.atol:g} + {one.rtol:g}|a|"
    if one.spread is not None:
        allowed += f" or {one.spread:.3g}, twice the spread of two reruns from the same states"
    return f"{one.metric}: {allowed}; largest {one.largest:.3g}"


def _divergence(first: Difference | None) -> Divergence | None:
    if first is None:
        return None
    step = (first.original or first.rerun or Point(0, 0.0)).step
    # At another step the rerun's value is no counterpart of the original's.
    counterpart = first.rerun if first.rerun and first.rerun.step == step else None
    return Divergence(
        metric=first.metric,
        step=step,
        original=as_number(first.original.value) if first.original else None,
        rerun=as_number(counterpart.value) if counterpart else None,
    )


def _where_they_part(first: Difference) -> str:
    metric, one, other = f"Metric {first.metric!r}", first.original, first.rerun
    if one is None:
        assert other is not None  # noqa: S101 - a difference has at least one side
        return f"{metric} has a point at step {other.step} in the rerun ({other.value!r}) that the original lacks."
    if other is None:
        return f"{metric} has a point at step {one.step} ({one.value!r}) that the rerun lacks."
    if one.step != other.step:
        return f"{metric} has step {one.step} as point {first.index + 1}; the rerun has step {other.step} there."
    return f"{metric} differs first at step {one.step}: {one.value!r} originally, {other.value!r} in the rerun."
