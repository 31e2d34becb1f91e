"""How far a rerun has come, read from its own journal."""

from __future__ import annotations

from typing import NamedTuple

from runlore.home import Home
from runlore.replay import ReplayPlan
from runlore.session_record import SessionRecord


class Progress(NamedTuple):
    """``cell`` is the ordinal, in the original's session, of the cell that runs now."""

    done: int
    total: int
    cell: int | None


class ProgressReader:
    """Follows the journal of the rerun that a plan describes."""

    def __init__(self, home: Home, plan: ReplayPlan) -> None:
        self._session = SessionRecord(home, plan.session_id)
        self._total = len(plan.cells)

    def read(self) -> Progress:
        """Where the rerun is now."""
        self._session.refresh()
        replayed = [cell for cell in self._session.cells.values() if cell.replays is not None]
        running = [cell.replays for cell in replayed if cell.outcome is None]
        return Progress(len(replayed) - len(running), self._total, running[-1] if running else None)
