"""From the records of a run and of its rerun to the verdict; the rules stand in ``docs/verdicts.md``."""

from __future__ import annotations

from typing import Any, Literal

from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.replay import ReplayPlan
from runlore_server.rerun.folder import Launch
from runlore_server.rerun.outcome import Outcome
from runlore_server.rerun.prepare import reread
from runlore_server.verdict import tolerance, wording
from runlore_server.verdict.compare import Difference, Point, compare
from runlore_server.verdict.descent import no_rounding
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.failure import describe, failure, same_error
from runlore_server.verdict.findings import Findings, find
from runlore_server.verdict.gates import doubts, gaps, unusable
from runlore_server.verdict.ladder import NO_CAUSE, Ladder
from runlore_server.verdict.masks import told
from runlore_server.verdict.rungs.uncontrolled import used_by_libraries
from runlore_server.verdict.variables import compare_variables
from runlore_server.verdict.verdict import Divergence, Tolerance, Verdict, as_number


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
    if rerun_session.info is None and outcome.failure is None:
        return _nothing_proved(f"The journal of the rerun, session {plan.session_id}, was removed meanwhile.")
    evidence = Evidence(home, plan, launch, run, session, rerun_session.runs.get(plan.run_id), rerun_session)
    if (broke := failure(evidence, outcome)) is not None:
        ladder = Ladder(evidence)
        causes = ladder.causes()
        if outcome.failure is None and not ladder.explained and (lost := gaps(evidence)):
            return _inconclusive(broke, lost, {"causes": causes, "ladder": ladder.rungs})
        return Verdict(verdict="FAILED", reason=broke, causes=causes, ladder=ladder.rungs)
    if (why := unusable(evidence)) is not None:
        return _nothing_proved(why)
    return _Case(evidence, second).verdict()


def _nothing_proved(reason: str) -> Verdict:
    return Verdict(verdict="UNVERIFIABLE", reason=reason)


def _inconclusive(reason: str, lost: list[str], facts: dict[str, Any]) -> Verdict:
    """What the record lacks (``lost``) may be why; ``facts`` hold the other causes."""
    return Verdict(
        verdict="UNVERIFIABLE",
        reason=f"{reason} Nothing can be concluded from that: {lost[0]}",
        **{**facts, "causes": list(dict.fromkeys([*lost, *(one for one in facts["causes"] if one != NO_CAUSE)]))},
    )


class _Case:
    """A rerun that went through, and what it can be compared with."""

    def __init__(self, evidence: Evidence, second: ReplayPlan | None) -> None:
        self._evidence = evidence
        self._second = second
        self._again: Literal["agrees", "differs"] | None = None
        self._told_again: list[str] = []
        self._used_again: list[str] = []
        self._spreads: dict[str, float] | None = None

    def verdict(self) -> Verdict:
        evidence, run, rerun = self._evidence, self._evidence.run, self._evidence.rerun
        assert rerun is not None  # noqa: S101 - a rerun without its run has failed before
        # A run that was open when all cells were done ends with its kernel, however that is brought down.
        end = "finished" if rerun.status == "killed" else rerun.status
        between = run.status == "killed" and evidence.no_cell_was_running
        same_end = ("finished" if between else run.status) == end and same_error(run.error, rerun.error)
        cut_off = run.status in ("killed", "interrupted") and not same_end
        try:
            found = find(evidence, cut_off=cut_off)
            if between and not found.same:  # threads may have been at work still
                cut_off, same_end = True, False
                found = find(evidence, cut_off=True)
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
        but = None
        if not cut_off and same_end and (needed := self._close(found)) is not None:
            if ladder.used_uncontrolled:
                but = no_rounding(evidence, [one.metric for one in needed], found.judged)
            if but is None:
                return self._near(found, ladder, facts, needed)
        return self._apart(found, ladder, facts, but)

    def _facts(self, found: Findings, ladder: Ladder) -> dict[str, Any]:
        return {
            "compared": found.points.compared,
            "ladder": ladder.rungs,
            "checked": found.checked,
            "masked": told(found.masked),
            "differs": wording.differences(found),
            "again": self._again,
        }

    # -- everything came out the same ----------------------------------------------------------------------

    def _same(
        self, found: Findings, ladder: Ladder, facts: dict[str, Any], *, cut_off: bool, same_end: bool
    ) -> Verdict:
        run = self._evidence.run
        if cut_off:
            return Verdict(verdict="UNVERIFIABLE", reason=wording.as_far_as_it_went(run, found), **facts)
        if not same_end:
            reason = (
                f"Every point came out the same, but the original ended with {describe(run.error)} and the rerun "
                "did not."
            )
            return self._diverged(reason, ladder, facts | {"causes": ladder.causes(self._again, self._used_again)})
        what = wording.what_came_out(run, found)
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
        masked = f" Set aside: {', '.join(told(found.masked))}." if found.masked else ""
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
        allowed = "; ".join(tolerance.describe(one) for one in needed)
        named = f" ({allowed})" if allowed else ""
        if against := doubts(self._evidence, ladder):
            reason = f"Everything came out numerically close{named}, but that proves nothing: {against[0]}"
            return Verdict(verdict="UNVERIFIABLE", reason=reason, causes=against, **facts)
        first = found.points.first
        where = wording.where_they_part(first) if first is not None else found.judged[0].text
        return Verdict(
            verdict="NUMERICALLY CLOSE",
            reason=f"The same steps, and every number within its tolerance{named}. {where}",
            causes=[*self._told_again, *ladder.causes(self._again, self._used_again)],
            **facts,
        )

    def _apart(self, found: Findings, ladder: Ladder, facts: dict[str, Any], but: str | None) -> Verdict:
        first, run = found.points.first, self._evidence.run
        if first is not None:
            reason = wording.where_they_part(first)
        else:
            judged = found.judged
            rest = f" {len(judged) - 1} more differ." if len(judged) > 1 else ""
            equal = (
                f" {wording.points(run, found.points)} came out with the same bits."
                if found.points.recorded
                else ""
            )
            reason = f"{judged[0].text}{rest}{equal}"
        if but is not None:
            reason = f"{reason} {but}"
        causes = [*ladder.causes(self._again, self._used_again), *self._told_again]
        facts |= {"divergence": _divergence(first), "causes": causes}
        return self._diverged(reason, ladder, facts)

    def _diverged(self, reason: str, ladder: Ladder, facts: dict[str, Any]) -> Verdict:
        """``facts`` hold the causes; where none is certain and the record has gaps, nothing can be concluded."""
        lost = [] if ladder.explained or ladder.used_uncontrolled else gaps(self._evidence)
        if lost:
            return _inconclusive(reason, lost, facts)
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
            # A metric that one side lacks may bear another name in each execution.
            lacking = parted.metric not in first.original or parted.metric not in first.rerun
            one, other = (
                {name: points for name, points in side.items() if lacking or name == parted.metric}
                for side in (found.original, found.rerun)
            )
            agree = compare(one, other).first is None
        else:
            cells = {apart.cell for apart in first.judged}
            agree = not any(apart.cell in cells for apart in found.judged)
        self._again = "agrees" if agree else "differs"
        place = min((apart.cell for apart in found.judged), default=None)
        for pair in (pair for pair in both.pairs if pair.ordinal in evidence.needed):
            if names := compare_variables(evidence.objects, pair).different:
                named = ", ".join(names[:10])
                self._told_again = [
                    f"Between the two reruns, the first to differ after cell {pair.ordinal}: {named}."
                ]
                place = pair.ordinal if place is None else min(place, pair.ordinal)
                break
        if not agree and place is not None:
            self._used_again = [one.text for one in used_by_libraries(both) if one.cell == place]
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
