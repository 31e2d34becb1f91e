"""From the records of a run and of its rerun to the verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runlore.curve import HEADER, RECORD_SIZE
from runlore.errors import JournalFormatError, ObjectMissing
from runlore.events import ErrorInfo
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import CellRecord, RunRecord, SessionRecord
from runlore.replay import ReplayPlan
from runlore_server.rerun.folder import Launch
from runlore_server.rerun.outcome import Outcome
from runlore_server.rerun.prepare import reread
from runlore_server.store.curves import Points, read_points
from runlore_server.verdict.causes import NO_CAUSE, known_causes
from runlore_server.verdict.compare import Comparison, Difference, Point, compare
from runlore_server.verdict.verdict import Divergence, Verdict, as_number

_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


@dataclass(frozen=True)
class _Evidence:
    home: Home
    plan: ReplayPlan
    launch: Launch
    run: RunRecord
    session: SessionRecord
    rerun: RunRecord | None
    rerun_session: SessionRecord

    def causes(self, unexplained: str | None = None) -> list[str]:
        sides = (self.run, self.session), (self.rerun, self.rerun_session)
        return known_causes(self.home, *sides, unexplained=unexplained)


def judge(home: Home, plan: ReplayPlan, launch: Launch, outcome: Outcome) -> Verdict:
    """The verdict on a rerun whose processes have ended.

    BIT-EXACT is given only when the runs have the same metrics with the same steps in the same order, every
    value has the same bits, at least one was compared, both ended in the same way, and nothing that the rerun
    had to start from was missing.

    Args:
        home: where both runs are recorded.
        plan: what was replayed.
        launch: how the rerun was started.
        outcome: what the runner said at its end.
    """
    session, rerun_session = reread(home, launch.session), reread(home, plan.session_id)
    run = session.runs.get(plan.rerun_of)
    if run is None:
        reason = f"The journal of the original, session {launch.session}, no longer holds it."
        return Verdict(verdict="UNVERIFIABLE", reason=reason)
    evidence = _Evidence(home, plan, launch, run, session, rerun_session.runs.get(plan.run_id), rerun_session)
    return _failed(evidence, outcome) or _unverifiable(evidence) or _compared(evidence)


# -- did the rerun break ----------------------------------------------------------------------------------


def _failed(evidence: _Evidence, outcome: Outcome) -> Verdict | None:
    """FAILED, when the rerun broke where the original had not."""
    run, rerun = evidence.run, evidence.rerun
    if outcome.failure is not None and not _ended_by_its_last_cell(evidence, outcome):
        return _failure(evidence, f"{_died_in(evidence, outcome)}.")
    if rerun is not None and rerun.error is not None and not _same_error(run.error, rerun.error):
        theirs = f"the original {_describe(run.error)}" if run.error else "the original did not"
        cell = f" in cell {_replayed(evidence, rerun.last_cell)}" if rerun.last_cell is not None else ""
        return _failure(evidence, f"The rerun raised {_describe(rerun.error)}{cell}; {theirs}.")
    if (broken := _broken_cell(evidence)) is not None:
        return _failure(evidence, f"{_raised(broken)}, which the original did not.")
    if rerun is None:
        return _failure(evidence, "The rerun went through the cells, but none of them opened the run again.")
    return None


def _ended_by_its_last_cell(evidence: _Evidence, outcome: Outcome) -> bool:
    """Whether the kernel is gone because every cell was done, the last being an ``exit()``."""
    done = [cell for cell in evidence.rerun_session.cells.values() if cell.replays is not None and cell.outcome]
    return outcome.failure == "kernel died" and len(done) == len(evidence.plan.cells)


def _failure(evidence: _Evidence, reason: str) -> Verdict:
    return Verdict(verdict="FAILED", reason=reason, causes=evidence.causes())


def _died_in(evidence: _Evidence, outcome: Outcome) -> str:
    text = outcome.message or outcome.failure or "the rerun could not be executed"
    if outcome.failure == "kernel died":
        running = [cell for cell in evidence.rerun_session.cells.values() if cell.outcome is None]
        text = f"the kernel died while cell {running[-1].replays} ran" if running else text
    return text[0].upper() + text[1:].rstrip(".")


def _broken_cell(evidence: _Evidence) -> CellRecord | None:
    """The cell at which papermill stopped: it raised, and its original had not."""
    for cell in evidence.rerun_session.cells.values():
        original = evidence.session.cells.get(cell.replays) if cell.replays is not None else None
        if original is not None and original.outcome == "ok" and cell.outcome in ("error", "interrupted"):
            return cell
    return None


def _raised(cell: CellRecord) -> str:
    what = _describe(cell.error) if cell.error else "an interrupt"
    return f"Cell {cell.replays} raised {what} in the rerun"


def _replayed(evidence: _Evidence, ordinal: int | None) -> int | None:
    cell = evidence.rerun_session.cells.get(ordinal) if ordinal is not None else None
    return cell.replays if cell is not None and cell.replays is not None else ordinal


def _describe(error: ErrorInfo | None) -> str:
    if error is None:
        return "nothing"
    first = error.message.strip().splitlines()
    return f"{error.name}: {first[0][:200].rstrip('.')}" if first else error.name


def _same_error(one: ErrorInfo | None, other: ErrorInfo | None) -> bool:
    """Whether name and message agree; addresses of objects, which no two processes share, aside."""
    if one is None or other is None:
        return one is other
    messages = [_ADDRESS.sub("0x", error.message) for error in (one, other)]
    return one.name == other.name and messages[0] == messages[1]


# -- can it be verified at all ----------------------------------------------------------------------------


def _unverifiable(evidence: _Evidence) -> Verdict | None:
    """UNVERIFIABLE, when the record lacks what a comparison needs."""
    if evidence.launch.status == "running":
        return _nothing_proved("The original was still running when the rerun began; verify it once it has ended.")
    for title, session in (("original", evidence.session), ("rerun", evidence.rerun_session)):
        if session.damaged_lines:
            return _nothing_proved(
                f"The journal of the {title}, session {session.session_id}, has {session.damaged_lines} damaged "
                "line(s); what they said is unknown."
            )
    lacking = _missing_objects(evidence)
    return _nothing_proved(f"The record of the original is incomplete: {lacking}.") if lacking else None


def _nothing_proved(reason: str, compared: int = 0) -> Verdict:
    return Verdict(verdict="UNVERIFIABLE", reason=reason, compared=compared)


def _missing_objects(evidence: _Evidence) -> str | None:
    """The first object that the rerun had to start from and could not."""
    objects = ObjectStore(evidence.home.objects)
    needed: dict[str, str] = {}
    for cell in evidence.plan.cells:
        for library, digest in [*cell.rng.items(), *cell.imported_rng.items()]:
            needed.setdefault(digest, f"the random state of {library} in cell {cell.ordinal}")
    if evidence.run.environment is not None:
        needed[evidence.run.environment] = "the environment"
    for digest, what in needed.items():
        if problem := _problem(objects, digest):
            return f"{what} is lost ({problem})"
    return None


def _problem(objects: ObjectStore, digest: str) -> ObjectMissing | None:
    try:
        objects.get(digest)
    except ObjectMissing as error:
        return error
    return None


def _curves(run: RunRecord) -> dict[str, Points]:
    """The run's curves.

    Raises:
        JournalFormatError: one is damaged or missing; the text says which.
    """
    found = {}
    for metric, path in run.metrics.items():
        if run.status != "killed":
            # A kernel that ended in order has cut its files to whole records.
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                raise JournalFormatError(f"the curve of metric {metric!r} is missing") from None
            if size < len(HEADER) or (size - len(HEADER)) % RECORD_SIZE:
                raise JournalFormatError(f"the curve of metric {metric!r} is damaged: its last point is torn")
        try:
            found[metric] = read_points(path)
        except JournalFormatError as error:
            raise JournalFormatError(f"the curve of metric {metric!r} is damaged: {error}") from error
    return found


# -- the comparison ---------------------------------------------------------------------------------------


def _compared(evidence: _Evidence) -> Verdict:
    run, rerun = evidence.run, evidence.rerun
    assert rerun is not None  # noqa: S101 - a rerun without its run has failed before
    whose = "original"
    try:
        theirs = _curves(run)
        whose = "rerun"
        ours = _curves(rerun)
    except (JournalFormatError, OSError) as error:
        return _nothing_proved(f"In the record of the {whose}, {error}.")
    # A run that was open when all cells were done ends with its kernel, however that is brought down.
    end = "finished" if rerun.status == "killed" else rerun.status
    same_end = run.status == end and _same_error(run.error, rerun.error)
    cut_off = run.status in ("killed", "interrupted") and not same_end
    result = compare(theirs, ours, cut_off=cut_off)
    if result.first is not None:
        return _diverged(evidence, result, result.first)
    if result.recorded == 0:
        return _nothing_proved("The original logged no metric, so there is nothing to compare.")
    if cut_off:
        return _nothing_proved(_as_far_as_it_went(run, result), result.compared)
    if not same_end:
        return Verdict(
            verdict="DIVERGED",
            reason=f"Every point came out the same, but the original ended with {_describe(run.error)} and the "
            "rerun did not.",
            compared=result.compared,
            causes=evidence.causes(unexplained=NO_CAUSE),
        )
    points = "1 point" if result.compared == 1 else f"All {result.compared} points"
    ending = f", up to the same {run.error.name}" if run.error else ""
    return Verdict(
        verdict="BIT-EXACT",
        reason=f"{points} of {_named(list(run.metrics))} came out with the same bits{ending}.",
        compared=result.compared,
    )


def _as_far_as_it_went(run: RunRecord, result: Comparison) -> str:
    how = "killed" if run.status == "killed" else "interrupted"
    points = "its 1 point was" if result.recorded == 1 else f"its {result.recorded} points were"
    return (
        f"The original was {how}{_last_step(run)}; {points} reproduced bit for bit, nothing says what would have "
        "come after."
    )


def _last_step(run: RunRecord) -> str:
    last = [int(records["step"][-1]) for records in _curves(run).values() if len(records)]
    return f" after step {max(last)}" if last else ""


def _diverged(evidence: _Evidence, result: Comparison, first: Difference) -> Verdict:
    step = (first.original or first.rerun or Point(0, 0.0)).step
    # At another step the rerun's value is no counterpart of the original's.
    counterpart = first.rerun if first.rerun and first.rerun.step == step else None
    return Verdict(
        verdict="DIVERGED",
        reason=_where_they_part(first),
        compared=result.compared,
        divergence=Divergence(
            metric=first.metric,
            step=step,
            original=as_number(first.original.value) if first.original else None,
            rerun=as_number(counterpart.value) if counterpart else None,
        ),
        causes=evidence.causes(unexplained=NO_CAUSE),
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


def _named(metrics: list[str]) -> str:
    return repr(metrics[0]) if len(metrics) == 1 else f"{len(metrics)} metrics"
