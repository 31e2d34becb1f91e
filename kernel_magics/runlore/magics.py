"""The IPython magics, and loading and unloading the extension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class

from runlore.session import Session
from runlore.shell import ShellRecorder
from runlore.tracking import parse_options

if TYPE_CHECKING:
    from runlore.replay import ReplayPlan
    from runlore.runtable import RunTable

_recorder: ShellRecorder | None = None
"""The recorder of this process's shell; a process has one shell and one session."""


@magics_class
class TrackMagics(Magics):
    """``%track`` and ``%%track``."""

    @line_cell_magic
    def track(self, line: str, cell: str | None = None) -> RunTable | None:
        """Record runs.

        ``%%track [NAME] [options]`` at the top of a cell records that cell as a run::

            --seed N            seed Python, NumPy and torch before the cell
            --experiment E      the experiment that the run belongs to (default: the notebook's name)
            --watch NAME ...    log a metric each time one of these variables is assigned
            -p NAME=VALUE ...   record parameters
            --tag K=V ...       set tags
            --note TEXT         say what the run is to find out

        ``%track on [NAME] [options]`` opens one run over the cells that follow, until ``%track off`` or the
        kernel's end. ``%track`` alone shows the runs of this session.
        """
        if cell is not None:
            # IPython comes here only when its input transformation was bypassed: run_cell_magic() by hand.
            if isinstance(self.shell, InteractiveShell):
                self.shell.run_cell(f"%%track {line}\n{cell}").raise_error()  # type: ignore[no-untyped-call]
            return None
        word, _, rest = line.strip().partition(" ")
        if not word:
            from runlore.runtable import RunTable

            return RunTable(Session.begin())
        if word == "on":
            self._open_span(rest)
        elif word == "off" and not rest.strip():
            self._close_span()
        else:
            raise UsageError(
                f"%track {line.strip()}: write %%track at the top of a cell to record it, "
                "%track on [NAME] or %track off around several, or %track alone to see the runs"
            )
        return None

    def _open_span(self, options: str) -> None:
        session = Session.begin()
        for run in session.open_runs:
            if run.info.kind == "span":
                raise UsageError(f"%track on: run {run.name!r} is open already; end it with %track off first")
        request = parse_options(options)
        if request.watch:
            raise UsageError("%track on: --watch belongs to %%track, because it rewrites the cell it stands in")
        session.open_run(request, "span")

    def _close_span(self) -> None:
        for run in reversed(Session.begin().open_runs):
            if run.info.kind == "span":
                run.finish()
                return
        raise UsageError("%track off: no run is open; %track on [NAME] opens one")


def connect(shell: InteractiveShell, plan: ReplayPlan | None = None) -> None:
    """Start recording this shell, or go on with it; when it is being recorded already, leave it at that."""
    global _recorder  # noqa: PLW0603 - one shell a process
    if _recorder is None:
        shell.register_magics(TrackMagics)
        _recorder = ShellRecorder(shell, plan)
    _recorder.attach()


def continue_counting(number: int) -> None:
    """Let the next cell of a replay be ``In[number]``."""
    if _recorder is not None:
        _recorder.continue_counting(number)


def resume() -> Any:
    """End a stopped cell of a replay as its original ended."""
    return _recorder.resume() if _recorder is not None else None


def disconnect() -> None:
    """Stop recording; the session and its open runs stay as they are."""
    if _recorder is not None:
        _recorder.detach()
