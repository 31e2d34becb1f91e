"""A run and its rerun side by side, as everything that judges them looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from runlore.events import NotCaptured
from runlore.home import Home
from runlore.objects import ObjectStore
from runlore.record import CellRecord, RunRecord
from runlore.replay import ReplayPlan
from runlore.session_record import SessionRecord
from runlore_server.rerun.folder import Launch
from runlore_server.rerun.selection import slice_of


class CellPair(NamedTuple):
    """One replayed cell: as it ran originally, and in the rerun."""

    original: CellRecord
    rerun: CellRecord

    @property
    def ordinal(self) -> int:
        return self.original.ordinal

    @property
    def put_back(self) -> bool:
        """Whether what an interrupt left was put back in place of running the cell again."""
        taken, put = self.original.snapshot, self.rerun.snapshot
        return taken is not None and put is not None and taken.digest == put.digest


@dataclass(frozen=True)
class Evidence:
    """``rerun`` is ``None`` when the rerun did not get as far as opening the run."""

    home: Home
    plan: ReplayPlan
    launch: Launch
    run: RunRecord
    session: SessionRecord
    rerun: RunRecord | None
    rerun_session: SessionRecord

    @cached_property
    def objects(self) -> ObjectStore:
        return ObjectStore(self.home.objects)

    @cached_property
    def pairs(self) -> list[CellPair]:
        """The replayed cells in executed order."""
        again = {cell.replays: cell for cell in self.rerun_session.cells.values() if cell.replays is not None}
        cells = self.session.cells
        return [CellPair(cells[ordinal], again[ordinal]) for ordinal in sorted(cells) if ordinal in again]

    @cached_property
    def needed(self) -> frozenset[int]:
        """The cells that the run rests on, itself among them; all where that cannot be told."""
        everything = frozenset(pair.ordinal for pair in self.pairs)
        try:
            return frozenset(
                cell.ordinal for cell in slice_of(self.run, [pair.original for pair in self.pairs]).cells
            )
        except Exception:  # noqa: BLE001 - it reads code that may hold anything; all cells are always right
            return everything

    @property
    def no_cell_was_running(self) -> bool:
        """Whether each of the run's cells had ended when the original's kernel was brought down, if it was."""
        first = self.run.cell if self.run.cell is not None else 0
        return all(cell.outcome is not None for cell in self.session.cells.values() if cell.ordinal >= first)

    def not_captured(self) -> list[NotCaptured]:
        """What the record of the original lacks."""
        return [*self.session.not_captured, *self.run.not_captured]

    def not_captured_again(self) -> list[NotCaptured]:
        """What the record of the rerun lacks."""
        return [*self.rerun_session.not_captured, *(self.rerun.not_captured if self.rerun else [])]
