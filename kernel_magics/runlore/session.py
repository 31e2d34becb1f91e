"""One kernel's life: which cells ran, in what order, from which random states, and the runs among them."""

from __future__ import annotations

import atexit
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from runlore import events as ev
from runlore.capture import rng
from runlore.capture.context import ContextCapture
from runlore.capture.names import UserVariables
from runlore.capture.system import SystemMetrics
from runlore.history import code_captures
from runlore.home import Home
from runlore.loggers.listeners import LoggerListeners
from runlore.metrics import Metrics
from runlore.origin import new_session_id, session_started
from runlore.outcome import describe_error
from runlore.randomness import Randomness
from runlore.recorder import Recorder
from runlore.run import Run

if TYPE_CHECKING:
    from runlore.replay import ReplayPlan

T = TypeVar("T")

RUN_OUTCOMES: dict[ev.Outcome, ev.RunOutcome] = {
    "ok": "finished",
    "unknown": "finished",
    "error": "failed",
    "interrupted": "interrupted",
}
"""How a run ends that ends with a cell."""


@dataclass
class RunRequest:
    """What is asked of a new run; everything is optional."""

    name: str | None = None
    experiment: str | None = None
    seed: int | None = None
    watch: list[str] = field(default_factory=list)
    params: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    note: str | None = None


class CellCapture(Protocol):
    """What watches the user's code cell by cell; ``Session.captures`` holds those at work.

    What one of them raises is written down as not captured and stops nothing.
    """

    def cell_started(self, ordinal: int) -> None:
        """A cell begins; its ``CellStarted`` has been written."""

    def cell_finished(self, ordinal: int) -> dict[str, Any]:
        """A cell has ended; return the fields of its ``CellFinished`` that this capture knows."""

    def session_ended(self) -> None:
        """The session ends; write what is left and let go of every hook."""


class Session(Recorder):
    """The recorder of this process; ``Session.current()`` is the one there is, if any."""

    _current: Session | None = None

    def __init__(
        self, *, plan: ReplayPlan | None = None, notebook: str | None = None, cwd: str | None = None
    ) -> None:
        super().__init__(Home.default(), plan.session_id if plan else new_session_id())
        self.plan = plan
        self.notebook = plan.notebook if plan else notebook
        self.runs: list[Run] = []
        self.on_open: Callable[[Run], None] | None = None
        """Called with each run that is opened; a front-end may know more about it."""
        self.cell: ev.CellStarted | None = None
        """The cell that runs now."""
        self.users = UserVariables()
        self.captures: list[CellCapture] = []
        self._stack: list[Run] = []
        self.active_run: Run | None = None
        """The innermost open run: the one that ``runlore.log`` writes to."""
        self._runs_of_cell = 0
        self._last_outcome: tuple[ev.RunOutcome, ev.ErrorInfo | None] | None = None
        self._context = ContextCapture(self)
        self._system = SystemMetrics(self)
        self._forking = threading.RLock()
        self._ends_with = os.getpid()
        self.append(session_started(self.session_id, notebook=self.notebook, cwd=cwd, plan=plan))
        self.randomness = Randomness(self)
        self.captures += code_captures(self)
        self.captures.append(LoggerListeners(self))
        self.captures += _data_captures(self)
        atexit.register(self.end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._before_fork, after_in_parent=self._after_fork, after_in_child=self._in_child
            )

    @classmethod
    def current(cls) -> Session | None:
        """The recorder of this process, or ``None`` before it was started."""
        return cls._current

    @classmethod
    def begin(
        cls, *, plan: ReplayPlan | None = None, notebook: str | None = None, cwd: str | None = None
    ) -> Session:
        """The recorder of this process, started now if there is none yet.

        Args:
            plan: what this process replays, if it does.
            notebook: the path of the notebook that it serves, if any.
            cwd: the directory in which its first cell ran; the present one by default.
        """
        if cls._current is None:
            cls._current = cls(plan=plan, notebook=notebook, cwd=cwd)
        return cls._current

    # -- cells ---------------------------------------------------------------------------------------------

    def start_cell(self, cell: ev.CellStarted) -> None:
        self.cell = cell
        self._runs_of_cell = 0
        self.append(cell)
        for capture in self.captures:
            self._guarded(capture, partial(capture.cell_started, cell.ordinal))

    def finish_cell(
        self, outcome: ev.Outcome, duration: float, error: ev.ErrorInfo | None, **details: Any
    ) -> None:
        """The running cell has ended; ``details`` are further fields of its ``CellFinished``."""
        if self.cell is not None:
            ordinal = self.cell.ordinal
            for capture in self.captures:
                details.update(self._guarded(capture, partial(capture.cell_finished, ordinal)) or {})
            self.cell = None
            self._last_outcome = (RUN_OUTCOMES[outcome], error)
            now = time.time()
            self.append(
                ev.CellFinished(
                    time=now, ordinal=ordinal, outcome=outcome, duration=duration, error=error, **details
                )
            )

    def _guarded(self, capture: CellCapture, call: Callable[[], T]) -> T | None:
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - it looks at objects of the user's, which may do anything
            self.not_captured(type(capture).__name__, f"{type(error).__name__}: {error}")
            return None

    # -- runs ----------------------------------------------------------------------------------------------

    @property
    def open_runs(self) -> list[Run]:
        """All open runs, the innermost last."""
        return list(self._stack)

    def open_run(self, request: RunRequest, kind: ev.RunKind) -> Run:
        """Open a run inside whatever is open."""
        run_id, rerun_of, prefix = secrets.token_hex(8), None, False
        if self.plan is not None and self.cell is not None:
            here = (self.cell.replays, self._runs_of_cell)
            prefix = here != (self.plan.target_cell, self.plan.target_index)
            if not prefix:
                run_id, rerun_of, prefix = self.plan.run_id, self.plan.rerun_of, self.plan.helper
        default = Path(self.notebook).stem if self.notebook else None
        started = ev.RunStarted(
            time=time.time(),
            run_id=run_id,
            name=request.name or default or "run",
            experiment=request.experiment or default or "default",
            kind=kind,
            cell=self.cell.ordinal if self.cell else None,
            index=self._runs_of_cell,
            seed=request.seed,
            watch=request.watch,
            rerun_of=rerun_of,
            prefix=prefix,
        )
        self._runs_of_cell += 1
        self.append(started)
        run = Run(self, started)
        self.runs.append(run)
        self._stack.append(run)
        self._activate_innermost()
        if request.params:
            run.record_params(request.params, "option" if kind != "script" else "user")
        tags = {**request.tags, **(self.plan.tags if self.plan is not None and rerun_of is not None else {})}
        if tags:
            run.set_tags(tags)
        if request.note:
            run.note(request.note)
        if request.seed is not None:
            for library in rng.loaded():
                rng.seed(library, request.seed)
        if not prefix:
            self._context.opened(run)
            self._system.opened(run)
            if self.on_open is not None:
                self.on_open(run)
        return run

    def close_run(self, run: Run, status: ev.RunOutcome, duration: float) -> None:
        """Take a finished run off the stack and write its end."""
        if run in self._stack:
            self._stack.remove(run)
            self._activate_innermost()
        if not run.info.prefix:
            self._system.closing(run)
            self._context.closing(run)
        self.append(
            ev.RunFinished(
                time=time.time(),
                run_id=run.run_id,
                status=status,
                duration=duration,
                cell=self.cell.ordinal if self.cell else None,
                error=run.error,
            )
        )

    def _activate_innermost(self) -> None:
        self.active_run = self._stack[-1] if self._stack else None
        Metrics.active = None if self.active_run is None else self.active_run.curves

    # -- the end, and processes that begin ----------------------------------------------------------------------

    def end(self) -> None:
        """Finish what is open and write the session's end; called when the interpreter exits."""
        if self._worker == os.getpid():
            for run in self._stack:
                run.curves.close(completed=False)
        if self._pid != os.getpid() or self._journal is None:
            return
        status, error = self._last_outcome or _script_outcome()
        for run in reversed(self.open_runs):
            run.finish(status, error)
        for capture in self.captures:
            self._guarded(capture, capture.session_ended)
        self._context.wait()
        for run in self.runs:
            run.let_go()
        self.append(ev.SessionEnded(time=time.time()))
        self._journal.close()
        self._journal = None
        self.randomness.close()
        if Session._current is self:
            Session._current = None

    def end_with_process(self) -> None:
        """Have ``end`` called in this forked process too, where it is one of multiprocessing's."""
        if self._ends_with != os.getpid() and (util := sys.modules.get("multiprocessing.util")) is not None:
            self._ends_with = os.getpid()
            util.Finalize(None, self.end, exitpriority=0)

    def _before_fork(self) -> None:
        self._forking.acquire()  # so that each process gets a number of its own
        if self._stack:
            self.share()
        for run in self._stack:
            run.curves.forks.prepare()
        self._system.before_fork()

    def _after_fork(self) -> None:
        self._system.after_fork()
        self._forking.release()

    def _in_child(self) -> None:
        self._forking = threading.RLock()
        self._system.in_child()
        self.forked(run.run_id for run in self._stack)
        for run in self._stack:
            run.curves.forked()


def _data_captures(session: Session) -> list[CellCapture]:
    from runlore.capture.data.data import DataCapture  # 30 ms that a process pays only when it records

    try:
        return [DataCapture(session)]
    except Exception as error:  # noqa: BLE001 - it asks the system for much; without it, the rest is recorded
        session.not_captured("data", f"the capture could not start: {type(error).__name__}: {error}")
        return []


def _script_outcome() -> tuple[ev.RunOutcome, ev.ErrorInfo | None]:
    """How a script ends, for runs still open at exit: failed when an exception got through to the top."""
    error = getattr(sys, "last_value", None)
    return describe_error(error) if isinstance(error, BaseException) else ("finished", None)
