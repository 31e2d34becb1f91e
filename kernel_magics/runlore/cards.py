"""The cards that a shell shows: one as a run opens, which becomes the run's outcome where it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from runlore import card

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from runlore.run import Run
    from runlore.session import Session


class Cards:
    """Shows a card below the cell that opens a run; a front-end may keep it up to date until the run ends.

    A run that ends in a later cell has its card there too. A terminal, which cannot change what it printed, gets
    cards of ended runs alone.

    Args:
        session: whose runs.
        shell: where they are shown.
        cleared: whether the running cell took the display of this id away again.
    """

    def __init__(self, session: Session, shell: InteractiveShell, cleared: Callable[[str], bool]) -> None:
        self._session = session
        self._publisher = shell.display_pub
        self._live = getattr(shell, "kernel", None) is not None
        self._cleared = cleared
        self._known = len(session.runs)
        self._uncarded: list[Run] = []
        """Runs whose card does not tell their outcome yet, because they are open."""
        self._cells: dict[str, int | None] = {}
        """The ordinals of the cells below which open runs have a card."""

    def opened(self, run: Run) -> None:
        """Show that the run is being recorded."""
        if self._live and not run.info.prefix:
            self._cells[run.run_id] = run.info.cell
            self._publish(run, update=False)

    def cell_ended(self, ordinal: int) -> None:
        """Show how those runs came out that ended with this cell or in it."""
        self._uncarded += self._session.runs[self._known :]
        self._known = len(self._session.runs)
        ended = [run for run in self._uncarded if run.status is not None]
        self._uncarded = [run for run in self._uncarded if run.status is None]
        for run in ended:
            if run.info.prefix:
                continue
            shown = run.run_id in self._cells
            here = self._cells.pop(run.run_id, None) == ordinal
            if shown:
                self._publish(run, update=True)
            if not shown or not here or self._cleared(_display_id(run)):
                self._publish(run, update=False)

    def _publish(self, run: Run, *, update: bool) -> None:
        transient = {"display_id": _display_id(run)} if self._live else None
        self._publisher.publish(card.bundle(run), transient=transient, update=update)


def _display_id(run: Run) -> str:
    return f"runlore-{run.run_id}"
