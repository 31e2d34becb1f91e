"""The cells that a run rests on."""

from __future__ import annotations

import re

import msgspec
from blake3 import blake3

from runlore.events import Outcome
from runlore.record import RunRecord
from runlore.session_record import SessionRecord

_NOTHING = str(blake3(b"[]").hexdigest())
"""The object with the outputs of a cell that showed nothing."""

_LOADING = re.compile(r"%?(re)?load_ext\s+runlore")


class ExecutedCell(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of one cell.

    ``of_run`` tells whether the run was open in it, ``shows`` whether it showed anything; ``None`` where that is
    not recorded, or not yet.
    """

    ordinal: int
    source: str
    outcome: Outcome | None
    duration: float | None
    of_run: bool
    cell_id: str | None
    shows: bool | None = None


def executed_cells(run: RunRecord, session: SessionRecord) -> list[ExecutedCell]:
    """Every cell executed in the run's session up to the end of the run, in executed order; none for a script."""
    if run.cell is None:
        return []
    last = max(session.cells, default=run.cell) if run.last_cell is None else run.last_cell
    return [
        ExecutedCell(
            ordinal=ordinal,
            source=cell.source,
            outcome=cell.outcome,
            duration=cell.duration,
            of_run=ordinal >= run.cell,
            cell_id=cell.cell_id,
            shows=None if cell.outputs is None else cell.outputs != _NOTHING,
        )
        for ordinal, cell in sorted(session.cells.items())
        if ordinal <= last
    ]


def only_loads_runlore(source: str) -> bool:
    """Whether a cell does nothing else."""
    lines = [line.strip() for line in source.splitlines()]
    code = [line for line in lines if line and not line.startswith("#")]
    return len(code) == 1 and _LOADING.fullmatch(code[0]) is not None
