"""From a recorded run to everything that a rerun of it starts from."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from runlore.capture.environment import ALLOWED_VARIABLES
from runlore.events import ModuleLoaded, SessionStarted
from runlore.home import Home
from runlore.record import CellRecord, RunRecord
from runlore.replay import ReplayCell, ReplayPlan, Resumed
from runlore.session_record import SessionRecord
from runlore_server.errors import RerunRefused
from runlore_server.extra import require_lab_extra
from runlore_server.rerun import data, kernels, notebook, resuming
from runlore_server.rerun.environs import recorded_variables
from runlore_server.rerun.folder import Env, Folder, Launch, Scope
from runlore_server.rerun.selection import Selection, Selector, select
from runlore_server.store.cells import only_loads_runlore

if TYPE_CHECKING:
    from runlore_server.queue.request import Request
    from runlore_server.rerun.building import Tell
    from runlore_server.rerun.uv import Beat


_SWEEP, _RESUMED = "runlore.sweep", "runlore.resumed_from"
"""Tags of a run that is a trial, and of one that went on from the checkpoint of another."""


@dataclass(frozen=True)
class Original:
    """A recorded run that can be repeated here: what all reruns of it in one kernel have in common."""

    run: RunRecord
    session: SessionRecord
    info: SessionStarted
    kernel: kernels.Kernel
    selector: Selector

    def select(self, scope: Scope, asked: Mapping[str, Any]) -> Selection:
        """See ``Selector.select``."""
        return self.selector.select(scope, asked)


def examine(
    home: Home,
    session_id: str,
    run_id: str,
    *,
    kernel: str | None = None,
    env: Env = "recorded",
    trusting: bool = True,
) -> Original:
    """Find out whether a run can be repeated, and what its reruns start from; nothing is written.

    Args:
        trusting: see ``kernels.choose``.

    Raises:
        as ``prepare``, but for what parameters and data have to do with.
        KernelUnasked: as ``kernels.choose``.
    """
    require_lab_extra()
    session = reread(home, session_id)
    run = session.runs.get(run_id)
    if run is None or session.info is None:
        raise RerunRefused(f"the journal of session {session_id} does not hold run {run_id} (any more)")
    history = replayed_cells(run, session)
    if not Path(session.info.cwd or "?").is_dir():
        raise RerunRefused(
            f"the working directory of the run, {session.info.cwd or '(unknown)'}, is gone; restore it to rerun"
        )
    if env == "locked":
        from runlore_server.rerun import environment

        chosen = kernels.in_environment(session.info, environment.of_run(home, run).python)
    else:
        chosen = kernels.choose(session.info, kernel, trusting=trusting)
    return Original(run, session, session.info, chosen, Selector(run, history))


def prepare(
    home: Home,
    session_id: str,
    run_id: str,
    *,
    kernel: str | None = None,
    rerun_id: str | None = None,
    scope: Scope = "whole",
    overrides: Mapping[str, Any] | None = None,
    env: Env = "recorded",
    reseed: int | None = None,
    source: Resumed | None = None,
    sweep: str | None = None,
) -> Folder:
    """Write plan, notebook and launch file for a rerun of a recorded run.

    Args:
        home: where the run is recorded and the rerun will be.
        session_id: the session of the original.
        run_id: the original.
        kernel: a kernelspec's name to use instead of the recorded kernel.
        rerun_id: the id of the run to make, for a further attempt at it; a new one by default.
        scope: which of the cells that lead to the run are executed.
        overrides: parameters to set to other values (see ``runlore_server.rerun.overrides.checked``).
        env: "locked" for a rerun in the environment of the run's lock, which ``build_environment`` builds.
        reseed: a fresh seed to draw from in place of the recorded random states.
        source: the checkpoint that it goes on from; by default the one that the original went on from.
        sweep: the id of the sweep that it is a trial of.

    Raises:
        ParameterRefused: a parameter cannot be set so.
        RerunRefused: it cannot be rerun (a script's run, a working directory that is gone, no lock, ...).
        DataMissing: a file that the cells read, or one of the checkpoint, is gone.
        KernelMissing: the kernel is not installed.
        LabExtraMissing: the packages for reruns are not installed.
        OSError: the home cannot be written.
    """
    original = examine(home, session_id, run_id, kernel=kernel, env=env)
    run, session, chosen = original.run, original.session, original.kernel
    selected = original.select(scope, overrides or {})
    cells = selected.cells
    if not selected.overrides:  # another path may be among them
        data.require(home, cells)
    variables = recorded_variables(home, run)
    plan = _plan(run, session, selected, chosen.name, rerun_id or secrets.token_hex(8))
    before = resuming.resumed(home, run, source)
    tags = {_SWEEP: sweep} if sweep is not None else {}
    tags |= {_RESUMED: before.source} if before is not None else {}
    plan = msgspec.structs.replace(plan, reseed=reseed, resumed=before, tags=tags)
    launch = Launch(
        session=session_id,
        status=run.status,
        kernel=chosen if variables is None else chosen.without(ALLOWED_VARIABLES),
        cwd=original.info.cwd,
        environ=variables,
        hash_seed=original.info.hash_seed or "0",
        env=env,
        scope=scope,
        left_out=selected.left_out,
    )
    folder = Folder(home.rerun(plan.run_id))
    _write(folder, plan, launch, cells)
    return folder


def prepare_as_asked(
    home: Home,
    run: RunRecord,
    request: Request,
    rerun_id: str | None = None,
    *,
    find: Callable[[str], RunRecord],
) -> Folder:
    """``prepare`` with what a request says of it; ``find`` finds another run that it names.

    Raises:
        OptionsRefused: the run to go on from left no checkpoint.
        as ``prepare``.
    """
    return prepare(
        home,
        run.session_id,
        run.run_id,
        kernel=request.kernel,
        rerun_id=rerun_id,
        env=request.env,
        scope=request.scope,
        overrides=request.parameters,
        reseed=request.reseed,
        source=resuming.required(find(request.resume_from)) if request.resume_from is not None else None,
        sweep=request.sweep,
    )


def build_environment(home: Home, folder: Folder, tell: Tell, beat: Beat) -> None:
    """Build the environment for a rerun that was prepared for a locked one, unless it is there.

    Args:
        home: where it is recorded.
        folder: the rerun's.
        tell: told what is being done.
        beat: called some times a second; what it raises ends the building.

    Raises:
        EnvironmentNotRebuildable: it cannot be had again: which packages, and why.
        RerunRefused: the original or its lock is no longer recorded, or uv is missing.
        OSError: the home cannot be written.
    """
    from runlore_server.rerun import environment

    environment.of_run(home, original_of(home, folder)[0]).build(tell, beat)


def widen(home: Home, folder: Folder) -> None:
    """Prepare a rerun of a slice anew, as one of the whole session; the attempt before is set aside.

    Raises:
        RerunRefused: the original is no longer recorded.
        OSError: the home cannot be written.
    """
    plan, launch = folder.plan(), folder.launch()
    folder.set_aside(home.session(plan.session_id))
    run, session = original_of(home, folder)
    selected = select(run, replayed_cells(run, session), "whole", plan.overrides)
    again = _plan(run, session, selected, plan.kernel_name, plan.run_id)
    again = msgspec.structs.replace(again, reseed=plan.reseed, resumed=plan.resumed, tags=plan.tags)
    launch = msgspec.structs.replace(launch, scope="whole", left_out=[], widened=True)
    _write(folder, again, launch, selected.cells)


def original_of(home: Home, folder: Folder) -> tuple[RunRecord, SessionRecord]:
    """What a prepared rerun repeats.

    Raises:
        RerunRefused: it is no longer recorded.
        JournalFormatError: plan or launch file is damaged.
    """
    plan, launch = folder.plan(), folder.launch()
    session = reread(home, launch.session)
    run = session.runs.get(plan.rerun_of)
    if run is None:
        raise RerunRefused(f"the journal of session {launch.session} does not hold run {plan.rerun_of} (any more)")
    return run, session


def _write(folder: Folder, plan: ReplayPlan, launch: Launch, cells: list[CellRecord]) -> None:
    # The ordinals that the cells carry are those of the original's session.
    marks = {"rerun_of": plan.rerun_of, "run_id": plan.run_id, "session": launch.session}
    folder.create(plan, launch)
    notebook.write(notebook.build(cells, launch.kernel, marks), folder.notebook)


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
        RerunRefused: the run was made by a script or without Runlore, or its cells are not recorded.
    """
    if run.kind == "mlflow":
        raise RerunRefused(f"run {run.run_id} was logged to MLflow, without its code: there is nothing to repeat")
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
        if ordinal <= last and cell.source.strip() and not (ordinal < 0 and only_loads_runlore(cell.source))
    ]


def _plan(
    run: RunRecord, session: SessionRecord, selected: Selection, kernel_name: str | None, rerun_id: str
) -> ReplayPlan:
    cells = selected.cells
    assert run.cell is not None  # noqa: S101 - replayed_cells refuses scripts
    assert session.info is not None  # noqa: S101 - prepare refuses a session without it
    return ReplayPlan(
        run_id=rerun_id,
        session_id=f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}",
        rerun_of=run.run_id,
        original=session.session_id,
        target_cell=run.cell,
        target_index=run.index,
        notebook=session.info.notebook,
        kernel_name=kernel_name,
        left_out=_left_out(session, cells),
        overrides=selected.overrides,
        modules=_loaded_modules(session, cells),
        cells=[
            ReplayCell(
                ordinal=cell.ordinal,
                execution_count=cell.execution_count,
                rng=cell.rng,
                imported_rng=cell.imported_rng,
                generators=cell.generators,
                entropy=cell.entropy,
                # The cell that the run ended in is let through: what would have come is what a rerun can add.
                **(_end(cell) if cell is not cells[-1] and _was_stopped(cell) else {}),
            )
            for cell in cells
        ],
    )


def _left_out(session: SessionRecord, cells: list[CellRecord]) -> dict[int, str]:
    replayed = {cell.ordinal for cell in cells}
    return {
        cell.execution_count: cell.source
        for cell in session.cells.values()
        if cell.execution_count is not None and cell.ordinal not in replayed
    }


def _was_stopped(cell: CellRecord) -> bool:
    return cell.outcome == "interrupted" if cell.interrupted is None else cell.interrupted


def _end(cell: CellRecord) -> dict[str, Any]:
    """How the user's interrupt left a cell, as fields of ``ReplayCell``."""
    return {
        "snapshot": cell.snapshot,
        "outcome": cell.outcome,
        "error": cell.error,
        "interrupt_after": cell.duration,
    }


def _loaded_modules(session: SessionRecord, cells: list[CellRecord]) -> list[ModuleLoaded]:
    """What was loaded of the user's modules up to the last of the cells, also by cells that are left out."""
    before = [cell for ordinal, cell in sorted(session.cells.items()) if ordinal <= cells[-1].ordinal]
    return [*session.outside.modules, *(module for cell in before for module in cell.facts.modules)]
