"""Replaying a recorded session in a fresh kernel, with every random state as it was.

The rerun engine writes a plan, starts a kernel, and calls ``start`` in it before the first cell. From then on
the session recognises the cells of the plan as they come and restores, before each, the random states that
the original had at that moment.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

FORMAT = 1
LOADING_CELL = -1
"""The ordinal of the cell that loaded Runlore; it is replayed only when it did something else as well."""


class ReplayCell(msgspec.Struct, frozen=True, kw_only=True):
    """One cell to replay, as its original execution went (see ``events.CellStarted`` for the fields).

    ``interrupt_after`` is the time in seconds after which the user had stopped the original.
    """

    ordinal: int
    execution_count: int | None = None
    rng: dict[str, str] = {}
    imported_rng: dict[str, str] = {}
    interrupt_after: float | None = None


class ReplayPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What a replaying kernel must know.

    ``run_id`` and ``session_id`` are those that the replay will write; ``rerun_of`` is the original run, number
    ``target_index`` among the runs opened by cell ``target_cell``.
    """

    format: int = FORMAT
    run_id: str
    session_id: str
    rerun_of: str
    target_cell: int
    target_index: int
    notebook: str | None
    kernel_name: str | None
    cells: list[ReplayCell]


def read_plan(path: Path) -> ReplayPlan:
    """The plan in a file.

    Raises:
        JournalFormatError: a later Runlore wrote it, or it is no plan.
    """
    from runlore.errors import JournalFormatError

    try:
        plan = msgspec.json.decode(path.read_bytes(), type=ReplayPlan)
    except msgspec.DecodeError as error:
        raise JournalFormatError(f"{path.name} is no replay plan: {error}") from error
    if plan.format > FORMAT:
        raise JournalFormatError(f"{path.name} has plan format {plan.format}; upgrade Runlore in the kernel")
    return plan


def write_plan(plan: ReplayPlan, path: Path) -> None:
    """Write the plan for the kernel to read."""
    path.write_bytes(msgspec.json.encode(plan))


def start(shell: InteractiveShell, plan_path: str) -> None:
    """Begin the session of the replaying kernel; called by the engine before the first cell."""
    from runlore.magics import connect

    plan = read_plan(Path(plan_path))
    connect(shell, plan=plan)
    extensions = shell.extension_manager
    if extensions is not None and all(cell.ordinal != LOADING_CELL for cell in plan.cells):
        extensions.loaded.add("runlore")  # a further %load_ext then says what it said to the user


def continue_counting(number: int) -> None:
    """Let the next cell be ``In[number]``; called by the engine where the record leaves a number out."""
    from runlore.magics import continue_counting as count_on

    count_on(number)
