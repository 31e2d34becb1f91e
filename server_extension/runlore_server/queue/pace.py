"""How a job that runs is getting on beside its original: each cell's time, and the last sign of life."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import msgspec

from runlore.curve import last_point
from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.live_output import FILE, read_live
from runlore.record import CellRecord, RunRecord
from runlore.session_record import SessionRecord
from runlore_server.queue.job import Job
from runlore_server.rerun.folder import Folder

_LONGEST_TITLE = 80
_LONGEST_PRINTED = 4000

_State = Literal["done", "running", "waiting", "failed", "interrupted"]
_ENDED: dict[str, _State] = {"error": "failed", "interrupted": "interrupted"}
"""What cells come to that do not go through."""


class CellPace(msgspec.Struct, frozen=True, kw_only=True):
    """One cell of a rerun; ``ordinal`` is that of its original, whose time was ``expected`` seconds.

    ``elapsed`` is its own time so far; ``None`` before it began. ``title`` is the first line of its code.
    """

    ordinal: int
    title: str
    state: _State
    elapsed: float | None = None
    expected: float | None = None


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an attempt: its cells in their order, and the seconds that the original took for them.

    ``elapsed`` counts from the first cell's start. ``sign`` is the Unix time of the last thing that its kernel
    wrote, a cell's beginning or end or a point of a metric; ``None`` before the first. What the kernel tells of
    the machine's load is no such sign: a cell that hangs does that too. ``printed`` is the end of what the running
    cell printed so far; ``None`` where nobody here hears that.
    """

    cells: list[CellPace]
    elapsed: float | None = None
    expected: float | None = None
    sign: float | None = None
    printed: str | None = None


def pace(home: Home, job: Job, now: float | None = None) -> Pace:
    """How a job is getting on; without cells where it was not prepared yet, or nothing of it is left.

    Args:
        home: where it is recorded.
        job: the job.
        now: Unix seconds; the present by default.

    Raises:
        JournalFormatError, OSError: what was recorded of it cannot be read.
    """
    folder, now = Folder(home.rerun(job.run_id)), time.time() if now is None else now
    try:
        plan, launch = folder.plan(), folder.launch()
    except FileNotFoundError:
        return Pace(cells=[])
    original, session = SessionRecord(home, launch.session), SessionRecord(home, plan.session_id)
    original.refresh()
    session.refresh()
    replayed = {cell.replays: cell for cell in session.cells.values() if cell.replays is not None}
    cells = [
        _cell(original.cells.get(one.ordinal), one.ordinal, replayed.get(one.ordinal), job, now)
        for one in plan.cells
    ]
    known = [cell.expected for cell in cells]
    begun = min((cell.started for cell in replayed.values()), default=None)
    return Pace(
        cells=cells,
        elapsed=None if begun is None else max((job.ended or now) - begun, 0.0),
        expected=sum(seconds for seconds in known if seconds is not None) if None not in known else None,
        sign=_sign(session.runs.get(job.run_id), replayed.values()),
        printed=_printed(folder.path / FILE, [cell.ordinal for cell in cells if cell.state == "running"]),
    )


def _cell(recorded: CellRecord | None, ordinal: int, own: CellRecord | None, job: Job, now: float) -> CellPace:
    source = recorded.source if recorded is not None else ""
    title = next((line.strip() for line in source.splitlines() if line.strip()), "")
    expected = recorded.duration if recorded is not None else None
    told = CellPace(ordinal=ordinal, title=title[:_LONGEST_TITLE], state="waiting", expected=expected)
    if own is None:
        return told
    if own.outcome is None:
        elapsed = max((job.ended or now) - own.started, 0.0)
        return msgspec.structs.replace(told, state="running", elapsed=elapsed)
    return msgspec.structs.replace(told, state=_ENDED.get(own.outcome, "done"), elapsed=own.duration)


def _printed(path: Path, running: list[int]) -> str | None:
    live = read_live(path) if running else None
    if live is None or live.cell not in running:
        return None
    return "".join(one.text for one in live.texts)[-_LONGEST_PRINTED:]


def _sign(run: RunRecord | None, cells: Iterable[CellRecord]) -> float | None:
    """When something was written last."""
    signs = [cell.started + (cell.duration or 0.0) for cell in cells]
    for path in run.metrics.values() if run is not None else ():
        with contextlib.suppress(JournalFormatError, OSError):
            last = last_point(path)
            if last is not None:
                signs.append(last[1])
    return max(signs, default=None)
