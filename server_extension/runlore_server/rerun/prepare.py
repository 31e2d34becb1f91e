"""From a recorded run to everything that a rerun of it starts from."""

from __future__ import annotations

import json
import re
import secrets
import time
from pathlib import Path

from runlore.capture.environment import ALLOWED_VARIABLES
from runlore.errors import ObjectMissing
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import CellRecord, RunRecord, SessionRecord
from runlore.replay import ReplayCell, ReplayPlan
from runlore_server.errors import RerunRefused
from runlore_server.extra import require_lab_extra
from runlore_server.rerun import kernels
from runlore_server.rerun.folder import Folder, Launch

_LOADING = re.compile(r"%?(re)?load_ext\s+runlore")


def prepare(
    home: Home,
    session_id: str,
    run_id: str,
    *,
    kernel: str | None = None,
    rerun_id: str | None = None,
) -> Folder:
    """Write plan, notebook and launch file for a rerun of a recorded run.

    Args:
        home: where the run is recorded and the rerun will be.
        session_id: the session of the original.
        run_id: the original.
        kernel: a kernelspec's name to use instead of the recorded kernel.
        rerun_id: the id of the run to make, for a further attempt at it; a new one by default.

    Raises:
        RerunRefused: it cannot be rerun (a script's run, a working directory that is gone, ...).
        KernelMissing: the kernel is not installed.
        LabExtraMissing: the packages for reruns are not installed.
        OSError: the home cannot be written.
    """
    require_lab_extra()
    from runlore_server.rerun import notebook

    session = reread(home, session_id)
    run = session.runs.get(run_id)
    if run is None or session.info is None:
        raise RerunRefused(f"the journal of session {session_id} does not hold run {run_id} (any more)")
    cells = replayed_cells(run, session)
    if not Path(session.info.cwd or "?").is_dir():
        raise RerunRefused(
            f"the working directory of the run, {session.info.cwd or '(unknown)'}, is gone; restore it to rerun"
        )
    chosen, variables = kernels.choose(session.info, kernel), _recorded_variables(home, run)
    plan = _plan(run, session, cells, chosen.name, rerun_id or secrets.token_hex(8))
    launch = Launch(
        session=session_id,
        status=run.status,
        kernel=chosen if variables is None else chosen.without(ALLOWED_VARIABLES),
        cwd=session.info.cwd,
        environ=variables,
    )
    folder = Folder(home.rerun(plan.run_id))
    # The ordinals that the cells carry are those of the original's session.
    marks = {"rerun_of": run.run_id, "run_id": plan.run_id, "session": session_id}
    folder.create(plan, launch)
    notebook.write(notebook.build(cells, chosen, marks), folder.notebook)
    return folder


def reread(home: Home, session_id: str) -> SessionRecord:
    """A session as its journal has it now, with its kernel's death concluded.

    Raises:
        JournalFormatError: a later Runlore wrote it.
    """
    session = SessionRecord(home, session_id)
    session.refresh()
    if session.info is not None and not session.closed:
        session.refresh()  # the first look learned whose process to ask after
    return session


def replayed_cells(run: RunRecord, session: SessionRecord) -> list[CellRecord]:
    """The executions that lead to a run and make it, in their order.

    Raises:
        RerunRefused: the run was made by a script, or its cells are not recorded.
    """
    if run.cell is None:
        raise RerunRefused(
            f"run {run.run_id} was recorded in a script: there are no cells to repeat; run the script again"
        )
    if run.cell not in session.cells:
        raise RerunRefused(f"the journal lacks cell {run.cell}, in which run {run.run_id} started")
    last = run.last_cell
    if last is None:
        last = run.cell if run.kind == "cell" else max(session.cells)
    return [
        cell
        for ordinal, cell in sorted(session.cells.items())
        if ordinal <= last and cell.source.strip() and not (ordinal < 0 and _only_loads_runlore(cell.source))
    ]


def _only_loads_runlore(source: str) -> bool:
    lines = [line.strip() for line in source.splitlines()]
    code = [line for line in lines if line and not line.startswith("#")]
    return len(code) == 1 and _LOADING.fullmatch(code[0]) is not None


def _recorded_variables(home: Home, run: RunRecord) -> dict[str, str] | None:
    """The environment variables that the run's environment object holds; ``None`` when it cannot be read."""
    try:
        variables = json.loads(ObjectStore(home.objects).get(run.environment or ""))["variables"]
        return {name: str(variables[name]) for name in ALLOWED_VARIABLES if name in variables}
    except (ObjectMissing, ValueError, TypeError, KeyError):
        return None


def _plan(
    run: RunRecord, session: SessionRecord, cells: list[CellRecord], kernel_name: str | None, rerun_id: str
) -> ReplayPlan:
    assert run.cell is not None  # noqa: S101 - replayed_cells refuses scripts
    assert session.info is not None  # noqa: S101 - prepare refuses a session without it
    return ReplayPlan(
        run_id=rerun_id,
        session_id=f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}",
        rerun_of=run.run_id,
        target_cell=run.cell,
        target_index=run.index,
        notebook=session.info.notebook,
        kernel_name=kernel_name,
        cells=[
            ReplayCell(
                ordinal=cell.ordinal,
                execution_count=cell.execution_count,
                rng=cell.rng,
                imported_rng=cell.imported_rng,
                # Stopped before the run's end by the user, so the replay must stop too; the cell that the
                # run ended in is let through: what would have come is what a rerun can add.
                interrupt_after=cell.duration if cell.outcome == "interrupted" and cell is not cells[-1] else None,
            )
            for cell in cells
        ],
    )
