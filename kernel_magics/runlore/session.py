"""One kernel's life: which cells ran, in what order, from which random states, and the runs among them."""

from __future__ import annotations

import atexit
import os
import secrets
import sys
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
from runlore.history import code_captures
from runlore.home import Home
from runlore.journal import JournalWriter
from runlore.loggers.listeners import LoggerListeners
from runlore.objects import ObjectStore
from runlore.origin import new_session_id, session_started
from runlore.outcome import describe_error
from runlore.randomness import Randomness
from runlore.run import Run
from runlore.warner import Warner

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


class Session:
    """The recorder of this process.

    What it cannot write it warns of once and does without: recording never stops the user's code.
    ``Session.current()`` is the one of this process, if there is one.
    """

    _current: Session | None = None

    def __init__(
        self, *, plan: ReplayPlan | None = None, notebook: str | None = None, cwd: str | None = None
    ) -> None:
        self.home = Home.default()
        self.objects = ObjectStore(self.home.objects)
        self.plan = plan
        self.session_id = plan.session_id if plan else new_session_id()
        self.notebook = plan.notebook if plan else notebook
        self.runs: list[Run] = []
        self.on_open: Callable[[Run], None] | None = None
        """Called with each run that is opened; a front-end may know more about it."""
        self.cell: ev.CellStarted | None = None
        """The cell that runs now."""
        self.users = UserVariables()
        self.captures: list[CellCapture] = []
        self._stack: list[Run] = []
        self._runs_of_cell = 0
        self._last_outcome: tuple[ev.RunOutcome, ev.ErrorInfo | None] | None = None
        self._journal: JournalWriter | None = None
        self._context = ContextCapture(self)
        self._warner = Warner()
        self._pid = os.getpid()
        try:
            self.home.session(self.session_id).mkdir(parents=True, mode=0o700)
            self._journal = JournalWriter(self.home.events(self.session_id))
        except OSError as error:
            self.cannot_write("this session", error)
        self.append(session_started(self.session_id, notebook=self.notebook, cwd=cwd, plan=plan))
        self.randomness = Randomness(self)
        self.captures += code_captures(self)
        self.captures.append(LoggerListeners(self))
        self.captures += _data_captures(self)
        atexit.register(self.end)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forked)

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
    def active_run(self) -> Run | None:
        """The innermost open run: the one that ``runlore.log`` writes to."""
        return self._stack[-1] if self._stack else None

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
        if request.params:
            run.record_params(request.params, "option" if kind != "script" else "user")
        if request.tags:
            run.set_tags(request.tags)
        if request.note:
            run.note(request.note)
        if request.seed is not None:
            for library in rng.loaded():
                rng.seed(library, request.seed)
        if not prefix:
            self._context.opened(run)
            if self.on_open is not None:
                self.on_open(run)
        return run

    def close_run(self, run: Run, status: ev.RunOutcome, duration: float) -> None:
        """Take a finished run off the stack and write its end."""
        if run in self._stack:
            self._stack.remove(run)
        if not run.info.prefix:
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

    # -- writing -------------------------------------------------------------------------------------------

    def append(self, event: ev.AnyEvent) -> None:
        """Write an event; without a journal, or in a forked child, do nothing."""
        if self._journal is not None and self._pid == os.getpid():
            try:
                self._journal.append(event)
            except OSError as error:
                self.cannot_write("the journal", error)

    def store(self, write: Callable[[], T], run_id: str | None = None) -> T | None:
        """The result of a write to the home, or ``None`` when it could not be made (which is then said)."""
        if self._journal is None or self._pid != os.getpid():
            return None
        try:
            return write()
        except OSError as error:
            self.cannot_write("an object", error, run_id)
            return None

    def cannot_write(self, what: str, error: OSError, run_id: str | None = None) -> None:
        """Say once that recording fails, and note it in the journal if that still works."""
        where = error.filename or self.home.path
        self.warn(
            f"cannot record {what}: {error.strerror or error} ({where}). Your code runs on unrecorded; "
            "free space there, or set RUNLORE_HOME to a writable directory.",
            key=f"errno {error.errno}",
        )
        if what != "the journal":
            self.not_captured(what, str(error.strerror or error), run_id)

    def not_captured(self, what: str, why: str, run_id: str | None = None) -> None:
        """Write down what the record lacks."""
        self.append(ev.NotCaptured(time=time.time(), what=what, why=why, run_id=run_id))

    def explain_silence(self) -> None:
        """Say once why a point was not recorded, where that was not said already."""
        if self._pid != os.getpid():
            self.warn("points logged from a forked process are not recorded; log from the parent process.")

    def warn(self, text: str, key: str | None = None) -> None:
        """Warn the user, once for each ``key``."""
        self._warner.warn(text, key or text)

    def end(self) -> None:
        """Finish what is open and write the session's end; called when the interpreter exits."""
        if self._pid != os.getpid() or self._journal is None:
            return
        status, error = self._last_outcome or _script_outcome()
        for run in reversed(self.open_runs):
            run.finish(status, error)
        for capture in self.captures:
            self._guarded(capture, capture.session_ended)
        self._context.wait()
        self.append(ev.SessionEnded(time=time.time()))
        self._journal.close()
        self._journal = None
        self.randomness.close()
        if Session._current is self:
            Session._current = None

    def _forked(self) -> None:
        # A forked worker shares the mapped curve files; two writers on one cursor would overwrite each other.
        for run in self._stack:
            run.curves.forget()


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
