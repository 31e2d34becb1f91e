"""Recording what an IPython shell executes: the hooks before and after every cell."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from runlore import events as ev
from runlore.capture import rng
from runlore.capture.names import Variables
from runlore.capture.params import config_params, literal_params
from runlore.cards import Cards
from runlore.history import shell_captures
from runlore.interrupts import held_off
from runlore.outcome import outcome_of
from runlore.replay import LOADING_CELL, ReplayCell, ReplayPlan
from runlore.session import RUN_OUTCOMES, Session
from runlore.stopping import Stopping
from runlore.tracking import TrackedCellTransformer, rewrite_cell

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

    from runlore.run import Run


class _InnerCell(NamedTuple):
    """A cell that runs within the recorded one; ``runs_before`` counts the session's runs at its start."""

    info: ExecutionInfo
    runs_before: int


class ShellRecorder:
    """Connects one IPython shell to the session of its process.

    In a replay (``plan`` given) it also prepares each cell as its original found it: random states, the number
    in ``In[n]``, and the interrupt that stopped it.
    """

    def __init__(self, shell: InteractiveShell, plan: ReplayPlan | None = None) -> None:
        self._shell = shell
        # A cell before this one may have changed the directory; a rerun starts where the kernel did.
        self.session = Session.begin(plan=plan, notebook=_notebook_path(shell), cwd=shell.starting_dir)
        outputs, others = shell_captures(self.session, shell)
        self.session.captures += [outputs, *others]
        self._plan = plan
        self._replayed = 0
        self._info: ExecutionInfo | None = None
        self._inner: list[_InnerCell] = []
        self._started = 0.0
        self._next_ordinal = 0
        self._last_number = 0
        self._attached = False
        self._sources: list[str] = []
        self._stopping = Stopping(self.session, shell)
        self._cards = Cards(self.session, shell, outputs.cleared_card)
        self._transformer = TrackedCellTransformer()

    def attach(self) -> None:
        """Begin to record, or go on after ``detach``; cells that ran meanwhile are taken from the history."""
        if self._attached:
            self._loaded_again()
            return
        self._attached = True
        shell = self._shell
        shell.events.register("pre_run_cell", self._before_cell)
        shell.events.register("post_run_cell", self._after_cell)
        shell.input_transformers_cleanup.append(rewrite_cell)
        shell.ast_transformers += [self._transformer, self._stopping.replacer]
        self.session.on_open = self._run_opened
        if self._plan is None:
            self._catch_up()
        elif self._replayed == 0 and self._plan.cells and self._plan.cells[0].execution_count is not None:
            self.continue_counting(self._plan.cells[0].execution_count)

    def detach(self) -> None:
        """Stop recording; open runs stay open."""
        if not self._attached:
            return
        self._attached = False
        shell = self._shell
        shell.events.unregister("pre_run_cell", self._before_cell)
        shell.events.unregister("post_run_cell", self._after_cell)
        shell.input_transformers_cleanup.remove(rewrite_cell)
        for transformer in (self._transformer, self._stopping.replacer):
            if transformer in shell.ast_transformers:  # IPython drops a transformer that raised
                shell.ast_transformers.remove(transformer)
        self.session.on_open = None

    def _loaded_again(self) -> None:
        """``%load_ext runlore`` in a replayed cell: from here on the original drew from the recorded states."""
        cell = self.session.cell
        if cell is not None and cell.replays == LOADING_CELL:
            planned = self._planned_cell(LOADING_CELL)
            randomness = self.session.randomness
            randomness.restore({**planned.rng, **planned.imported_rng})
            for library in rng.loaded():
                randomness.note(library)  # so that a rerun of this rerun can do the same
            randomness.begin(planned.entropy)

    # -- hooks ---------------------------------------------------------------------------------------------

    def _before_cell(self, info: ExecutionInfo) -> None:
        with held_off() as came:
            self._begin_cell(info)
        if came:
            self._stopping.stop_at_once()

    def _begin_cell(self, info: ExecutionInfo) -> None:
        if self.session.cell is not None:
            # A cell run from within a cell (run_cell, another magic, a widget) is part of that one.
            self._inner.append(_InnerCell(info, len(self.session.runs)))
            return
        self._info = info
        replayed = self._next_replayed()
        if replayed is not None and replayed.ordinal != LOADING_CELL:
            self.session.randomness.restore(replayed.rng)
            self.session.randomness.restore_generators(replayed.generators, self._shell.user_ns)
        if replayed is not None:
            self._next_ordinal = replayed.ordinal
        variables = self._look()
        self._start_cell(
            variables,
            ordinal=self._next_ordinal,
            source=info.raw_cell or "",
            cell_id=getattr(info, "cell_id", None),
            execution_count=self._cell_number() if info.store_history else None,
            store_history=bool(info.store_history),
            replays=replayed.ordinal if replayed is not None else None,
            entropy=self.session.randomness.begin(replayed.entropy if replayed is not None else None),
        )
        self._next_ordinal += 1
        self._stopping.cell_started(replayed, variables)

    def _after_cell(self, result: ExecutionResult | None) -> None:
        with held_off():  # one that comes now comes after the cell
            self._end_cell(result)

    def _end_cell(self, result: ExecutionResult | None) -> None:
        cell = self.session.cell
        if cell is None:
            return  # a blank cell: nothing was started
        if result is not None and self._info is not None and not _ends(result, self._info):
            self._after_inner_cell(result)
            return
        self._info = None  # of the loading cell it is None from the start: it ran before anyone could note it
        self._inner.clear()
        duration = time.perf_counter() - self._started
        outcome, error = outcome_of(result)
        stopped = self._stopping.cell_ended(cell.source, outcome, *_ended(result))
        self._finish_tracked(self.session.open_runs, outcome, error)
        with self.session.users.shown(self._look()):
            self.session.finish_cell(outcome, duration, error, **stopped)
        self._cards.cell_ended(cell.ordinal)

    def _after_inner_cell(self, result: ExecutionResult) -> None:
        """The end of a cell run from within the recorded one, and of what it tracks."""
        for depth, inner in enumerate(self._inner):
            if _ends(result, inner.info):
                del self._inner[depth:]
                self._finish_tracked(self.session.runs[inner.runs_before :], *outcome_of(result))
                return

    def _finish_tracked(self, runs: list[Run], outcome: ev.Outcome, error: ev.ErrorInfo | None) -> None:
        for run in reversed(runs):
            if run.status is None and run.info.kind == "cell":
                self._record_params(run, partial(self._made_params, run))
                run.finish(RUN_OUTCOMES[outcome], error)

    def _look(self) -> Variables:
        return self.session.users.look(self._shell.user_ns, self._shell.user_ns_hidden)

    def _start_cell(
        self, variables: Variables | None, *, source: str, execution_count: int | None, **details: Any
    ) -> None:
        """``variables`` are the user's as the cell begins; ``None`` when it ran unseen."""
        self._started = time.perf_counter()
        self._sources.append(source)
        if execution_count is not None:
            self._last_number = execution_count
        if variables is not None:
            before = self._sources[-2] if len(self._sources) > 1 else ""
            details |= self.session.randomness.take(variables, before)
        with self.session.users.shown(variables):
            self.session.start_cell(
                ev.CellStarted(time=time.time(), source=source, execution_count=execution_count, **details)
            )

    def _run_opened(self, run: Run) -> None:
        self._cards.opened(run)
        self._describe_run(run)

    def _describe_run(self, run: Run) -> None:
        """A run was opened in the running cell: find its parameters in what the notebook assigned so far."""
        *history, tracked = [_as_python(self._shell, source) for source in self._sources] or [""]
        self._record_params(run, lambda: literal_params(history, tracked, self._shell.user_ns))

    def _made_params(self, run: Run) -> dict[str, Any]:
        """Those of the configurations that the running cell made, as far as the run does not know them yet."""
        found = config_params(_as_python(self._shell, self._sources[-1]), self._shell.user_ns)
        return {name: value for name, value in found.items() if name not in run.params}

    def _record_params(self, run: Run, find: Callable[[], dict[str, Any]]) -> None:
        try:
            run.record_params(find(), "literal")
        except Exception as error:  # noqa: BLE001 - it looks at objects of the user's, which may do anything
            self.session.not_captured("parameters", f"{type(error).__name__}: {error}", run.run_id)

    # -- replay --------------------------------------------------------------------------------------------

    def _next_replayed(self) -> ReplayCell | None:
        if self._plan is None or self._replayed >= len(self._plan.cells):
            return None
        self._replayed += 1
        return self._plan.cells[self._replayed - 1]

    def _planned_cell(self, ordinal: int) -> ReplayCell:
        assert self._plan is not None  # noqa: S101 - only asked for in a replay
        return next(cell for cell in self._plan.cells if cell.ordinal == ordinal)

    def resume(self) -> Any:
        """What runs in place of a stopped cell."""
        return self._stopping.resume()

    def continue_counting(self, number: int) -> None:
        """Let the next cell be ``In[number]``, as its original was, so that ``In`` and ``Out`` mean the same."""
        history = self._shell.history_manager
        if history is not None:
            left_out = self._plan.left_out if self._plan is not None else {}
            gap = [left_out.get(missing, "") for missing in range(len(history.input_hist_raw), number)]
            history.input_hist_parsed.extend(_as_python(self._shell, source) for source in gap)
            history.input_hist_raw.extend(gap)
        self._shell.execution_count = number

    def _cell_number(self) -> int | None:
        """The ``n`` of ``In[n]`` for the cell about to run: where the history will put it."""
        history = self._shell.history_manager
        return None if history is None else len(history.input_hist_raw)

    # -- history -------------------------------------------------------------------------------------------

    def _catch_up(self) -> None:
        """Record the cells that ran unseen, and the one that loads Runlore, as far as the history knows them."""
        history = self._shell.history_manager
        if history is None:
            return
        unseen = list(enumerate(history.input_hist_raw))[self._last_number + 1 :]
        if not unseen:
            return  # %reload_ext: the cell that is running is being recorded
        if self.session.cell is not None:  # the one that unloaded Runlore, and so was not seen to end
            self.session.finish_cell("unknown", 0.0, None)
        # Loaded from a configuration or by a front-end behind the scenes, no cell of the history is running.
        loading = unseen.pop() if "runlore" in unseen[-1][1] else None
        at_first = self._last_number == 0
        ordinal = LOADING_CELL - len(unseen) if at_first else self._next_ordinal
        for number, source in unseen:
            self._start_cell(None, ordinal=ordinal, source=source, execution_count=number)
            self.session.finish_cell("unknown", 0.0, None)
            ordinal += 1
        if loading is not None:
            self._info = None
            root = self.session.randomness.begin()
            self._start_cell(
                self._look(), ordinal=ordinal, source=loading[1], execution_count=loading[0], entropy=root
            )
            ordinal += 1
        self._next_ordinal = 0 if at_first else ordinal


def _ends(result: ExecutionResult, started: ExecutionInfo) -> bool:
    """Whether this is the end of the cell that was started so."""
    ended = result.info
    # Where showing an exception raises another one, IPython ends the cell with a new description of it.
    return ended is started or (ended is not None and ended.raw_cell is started.raw_cell)


def _ended(result: ExecutionResult | None) -> tuple[BaseException | None, Any]:
    """The exception that ended a cell, and the value that it showed."""
    if result is None:
        return sys.exc_info()[1], None
    return result.error_before_exec or result.error_in_exec, result.result


def _as_python(shell: InteractiveShell, source: str) -> str:
    """The cell with its magics translated; as it is when IPython cannot translate it."""
    transform: Callable[[str], str] = shell.transform_cell
    if not re.search(r"^\s*[%!?]|\?\s*$|=\s*[%!]", source, re.MULTILINE):
        return source
    try:
        return transform(source)
    except SyntaxError:
        return source


def _notebook_path(shell: InteractiveShell) -> str | None:
    """The notebook that this kernel serves, as far as its front-end says so."""
    for found in (os.environ.get("JPY_SESSION_NAME"), shell.user_ns.get("__vsc_ipynb_file__")):
        if found:
            return str(found)
    return None
