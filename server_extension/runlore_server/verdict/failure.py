"""Whether a rerun broke where the original had not."""

from __future__ import annotations

from runlore.events import ErrorInfo
from runlore.record import CellRecord
from runlore_server.rerun.outcome import Outcome
from runlore_server.verdict.evidence import Evidence
from runlore_server.verdict.masks import mask


def failure(evidence: Evidence, outcome: Outcome) -> str | None:
    """A sentence on how the rerun broke; ``None`` when it did not."""
    run, rerun = evidence.run, evidence.rerun
    if outcome.failure is not None and not _ended_by_its_last_cell(evidence, outcome):
        return f"{_died_in(evidence, outcome)}."
    if rerun is not None and rerun.error is not None and not same_error(run.error, rerun.error):
        theirs = f"the original {describe(run.error)}" if run.error else "the original did not"
        cell = f" in cell {_replayed(evidence, rerun.last_cell)}" if rerun.last_cell is not None else ""
        return f"The rerun raised {describe(rerun.error)}{cell}; {theirs}."
    if (broken := _broken_cell(evidence)) is not None:
        return f"{_raised(broken)}, which the original did not."
    if rerun is None:
        return "The rerun went through the cells, but none of them opened the run again."
    return None


def describe(error: ErrorInfo | None) -> str:
    """The error in a few words."""
    if error is None:
        return "nothing"
    if error.name == "StdinNotImplementedError":
        return "StdinNotImplementedError: the cell asks for input, which nobody is there to give in a rerun"
    first = error.message.strip().splitlines()
    return f"{error.name}: {first[0][:200].rstrip('.')}" if first else error.name


def same_error(one: ErrorInfo | None, other: ErrorInfo | None) -> bool:
    """Whether name and message agree, with what no two executions share (see ``masks``) set aside."""
    if one is None or other is None:
        return one is other
    return one.name == other.name and mask(one.message)[0] == mask(other.message)[0]


def _ended_by_its_last_cell(evidence: Evidence, outcome: Outcome) -> bool:
    """Whether the kernel is gone because every cell was done, the last being an ``exit()``."""
    done = [cell for cell in evidence.rerun_session.cells.values() if cell.replays is not None and cell.outcome]
    return outcome.failure == "kernel died" and len(done) == len(evidence.plan.cells)


def _died_in(evidence: Evidence, outcome: Outcome) -> str:
    text = outcome.message or outcome.failure or "the rerun could not be executed"
    if outcome.failure == "kernel died":
        running = [cell for cell in evidence.rerun_session.cells.values() if cell.outcome is None]
        text = text.replace("a cell ran", f"cell {running[-1].replays} ran") if running else text
    return text[0].upper() + text[1:].rstrip(".")


def _broken_cell(evidence: Evidence) -> CellRecord | None:
    """The cell at which papermill stopped: it raised, and its original had not."""
    for cell in evidence.rerun_session.cells.values():
        original = evidence.session.cells.get(cell.replays) if cell.replays is not None else None
        if original is not None and original.outcome == "ok" and cell.outcome in ("error", "interrupted"):
            return cell
    return None


def _raised(cell: CellRecord) -> str:
    what = describe(cell.error) if cell.error else "an interrupt"
    return f"Cell {cell.replays} raised {what} in the rerun"


def _replayed(evidence: Evidence, ordinal: int | None) -> int | None:
    cell = evidence.rerun_session.cells.get(ordinal) if ordinal is not None else None
    return cell.replays if cell is not None and cell.replays is not None else ordinal
