"""What of a notebook is recorded: its cells, as they were run, and the runs of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runlore.errors import JournalFormatError, RunNotFound
from runlore.record import CellRecord, RunRecord
from runlore_server.errors import AmbiguousRun
from runlore_server.filter.tree import And, Comparison, Field
from runlore_server.store.search import Query

if TYPE_CHECKING:
    from runlore_server.store.runs import RunStore

MOST_OF_A_CELL = 20
"""Runs told of a cell; how many more there are is counted."""

_MOST_RUNS = 2000
_MOST_SPANS = 5
"""Of the newest runs over several cells, every cell counts as recorded; of older ones that which opened them."""


@dataclass
class RecordedCell:
    """A cell of a notebook that was recorded.

    Attributes:
        cell_id: as the front-end named it; ``None`` where it did not.
        source: as it was last run in one of the runs; ``None`` where the journal no longer says.
        runs: those of it, the newest first; ``MOST_OF_A_CELL`` at the most.
        count: how many there are.
    """

    cell_id: str | None
    source: str | None
    runs: list[RunRecord] = field(default_factory=list)
    count: int = 0

    def add(self, run: RunRecord) -> None:
        self.count += 1
        if self.count <= MOST_OF_A_CELL:
            self.runs.append(run)


@dataclass
class RecordedNotebook:
    """The runs of a notebook, without reruns: how many, the newest, and its cells, the newest first."""

    total: int
    newest: RunRecord | None
    cells: list[RecordedCell]


def recorded_notebook(store: RunStore, names: Sequence[str], others: Iterable[str] = ()) -> RecordedNotebook:
    """What is recorded of a notebook.

    Args:
        store: where runs are.
        names: what journals may call the notebook.
        others: ids of runs that it shows cards of; they count wherever they were recorded, if they are known.
    """
    of_notebook = And((Comparison(Field("attribute", "notebook"), "in", tuple(names)), _ORIGINAL))
    page = store.search(Query(where=of_notebook, limit=_MOST_RUNS))
    cells: dict[str, RecordedCell] = {}
    spans = 0
    known = {run.run_id for run in page.runs}
    for run in (*page.runs, *_found(store, set(others) - known)):
        if run.kind == "span" and spans < _MOST_SPANS:
            spans += 1
            for cell in _cells_of(store, run):
                _entry(cells, cell.cell_id, run, cell.source).add(run)
        elif run.cell is not None:
            key = run.cell_id or run.run_id
            if key not in cells:
                opening = _cell(store, run, run.cell)
                _entry(cells, run.cell_id, run, None if opening is None else opening.source).add(run)
            else:
                cells[key].add(run)
    return RecordedNotebook(page.total, page.runs[0] if page.runs else None, list(cells.values()))


_ORIGINAL = Comparison(Field("attribute", "rerun_of"), "is null")


def _entry(
    cells: dict[str, RecordedCell], cell_id: str | None, run: RunRecord, source: str | None
) -> RecordedCell:
    return cells.setdefault(cell_id or run.run_id, RecordedCell(cell_id, source))


def _found(store: RunStore, run_ids: Iterable[str]) -> list[RunRecord]:
    found = []
    for run_id in sorted(run_ids):
        try:
            found.append(store.find(run_id))
        except (RunNotFound, AmbiguousRun):
            continue  # a notebook from elsewhere
    return found


def _cells_of(store: RunStore, run: RunRecord) -> list[CellRecord]:
    """The cells in which the run was open that a front-end named, each as it was last run."""
    if run.cell is None:
        return []
    try:
        cells = store.session(run).cells
    except (RunNotFound, JournalFormatError):
        return []
    last = max(cells, default=run.cell) if run.last_cell is None else run.last_cell
    inside = (cells[ordinal] for ordinal in sorted(cells) if run.cell <= ordinal <= last)
    return list({cell.cell_id: cell for cell in inside if cell.cell_id is not None}.values())


def _cell(store: RunStore, run: RunRecord, ordinal: int) -> CellRecord | None:
    try:
        return store.session(run).cells.get(ordinal)
    except (RunNotFound, JournalFormatError):
        return None
