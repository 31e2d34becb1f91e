"""Replaying a recorded session in a fresh kernel, with every random state as it was.

The rerun engine writes a plan, starts a kernel, and calls ``start`` in it before the first cell. From then on
the session recognises the cells of the plan as they come and restores, before each, the random states that
the original had at that moment.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from runlore.events import ErrorInfo, ModuleLoaded, Outcome, Snapshot

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

FORMAT = 1
LOADING_CELL = -1
"""The ordinal of the cell that loaded Runlore; it is replayed only when it did something else as well."""


class ReplayCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell to replay, as its original execution went (see ``events.CellStarted`` for the fields).

    ``snapshot`` holds the variables with which an interrupt left the original; they are put in place of running
    it, and ``outcome`` and ``error`` tell how it ended. ``interrupt_after`` is the time in seconds
    after which it is stopped where they cannot be.
    """

    ordinal: int
    execution_count: int | None = None
    rng: dict[str, str] = {}
    imported_rng: dict[str, str] = {}
    generators: dict[str, str] = {}
    entropy: str | None = None
    snapshot: Snapshot | None = None
    outcome: Outcome | None = None
    error: ErrorInfo | None = None
    interrupt_after: float | None = None


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint that a run goes on from: that of the run ``source``, the digests of its ``files`` by name."""

    source: str
    files: dict[str, str]


class ReplayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a replaying kernel must know.

    ``run_id`` and ``session_id`` are those that the replay will write; ``rerun_of`` is the original run, number
    ``target_index`` among the runs opened by cell ``target_cell`` of the session ``original``, whose state file
    holds the random states. ``left_out`` maps the number in ``In[n]`` of each cell that is not replayed to its
    source. ``modules`` are the loads of the user's modules up to the last cell, in their order.
    ``fingerprints`` says how thoroughly variables are looked at (see ``runlore.capture.variables``).
    ``reseed`` draws from fresh seeds instead of recorded states (see ``runlore.reseed``). ``helper`` marks a
    replay that only serves to judge another one; its run is listed nowhere. ``resumed`` is the checkpoint that the
    run finds in its folder, ``tags`` are set beside its own.
    """

    format: int = FORMAT
    run_id: str
    session_id: str
    rerun_of: str
    original: str
    target_cell: int
    target_index: int
    notebook: str | None
    kernel_name: str | None
    cells: list[ReplayCell]
    left_out: dict[int, str] = {}
    modules: list[ModuleLoaded] = []
    fingerprints: Literal["cheap", "full"] = "cheap"
    overrides: dict[str, Any] = {}
    reseed: int | None = None
    helper: bool = False
    resumed: Resumed | None = None
    tags: dict[str, str] = {}


def read_plan(path: Path) -> ReplayPlan:
    """The plan in a file.

    Raises:
        JournalFormatError: a later Runlore wrote it, or it is no plan.
    """
    from runlore.errors import JournalFormatError
    from runlore.untrusted import from_json, read_regular

    try:
        plan = from_json(read_regular(path), ReplayPlan)
    except msgspec.DecodeError as error:
        raise JournalFormatError(f"{path.name} is no replay plan: {error}") from error
    if plan.format > FORMAT:
        raise JournalFormatError(f"{path.name} has plan format {plan.format}; upgrade Runlore in the kernel")
    return plan


def import_ahead() -> None:
    """Import and look up what ``start`` needs, in a kernel whose turn has not come."""
    import IPython.core.magics.execution  # noqa: F401

    import runlore.magics  # noqa: F401
    from runlore.history import import_watchers
    from runlore.origin import installed_version

    import_watchers()
    installed_version()


def start(shell: InteractiveShell, plan_path: str) -> None:
    """Begin the session of the replaying kernel; called by the engine before the first cell."""
    from runlore.magics import connect

    plan = read_plan(Path(plan_path))
    connect(shell, plan=plan)
    extensions = shell.extension_manager
    if extensions is not None and all(cell.ordinal != LOADING_CELL for cell in plan.cells):
        extensions.loaded.add("runlore")  # a further %load_ext then says what it said to the user


def end_pools() -> None:
    """End the pools of processes that are still open, as the interpreter's exit does.

    A kernel that is shut down ends its children first, and a pool starts new ones, for longer than anybody waits.
    """
    util = sys.modules.get("multiprocessing.util")
    if util is not None:
        util._run_finalizers(0)  # of what has a priority, such as pools; a silent execution, so nothing is shown


def resume() -> Any:
    """End a cell as an interrupt had ended it; runs in its place."""
    from runlore.magics import resume as end_again

    return end_again()


def continue_counting(number: int) -> None:
    """Let the next cell be ``In[number]``; called by the engine where the record leaves a number out."""
    from runlore.magics import continue_counting as count_on

    count_on(number)
