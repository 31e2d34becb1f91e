"""Cells that the user stopped: how they left the variables is kept, and put back instead of running them again."""

from __future__ import annotations

import ast
import builtins
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from runlore import events as ev
from runlore import snapshot
from runlore.deadline import deadline
from runlore.errors import ObjectMissing
from runlore.interrupts import InterruptWatch
from runlore.keeping import TooLarge
from runlore.key import HomeKey

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from runlore.capture.names import Variables
    from runlore.replay import ReplayCell
    from runlore.session import Session

_RESUME = "__import__('runlore.replay', fromlist=['resume']).resume()"


class Stopping:
    """Watches one shell's cells for interrupts; in a replay, puts the cells in the state that one left.

    A snapshot is signed for its session and cell with the home's key; without the right signature none is read.
    """

    def __init__(self, session: Session, shell: InteractiveShell) -> None:
        self._session = session
        self._shell = shell
        self._watch = InterruptWatch()
        self._key = HomeKey(session.home.key)
        self._before: Iterable[tuple[str, int]] = ()
        self._runs_before = 0
        self._timer: threading.Timer | None = None
        self._replayed: ReplayCell | None = None
        self._resumed: snapshot.Resumed | None = None
        self._at_once = False
        self.replacer = _Replacer()
        """IPython AST transformer, that replaces the cell where its end is put back."""

    def cell_started(self, replayed: ReplayCell | None, variables: Variables) -> None:
        """A cell is about to run; ``replayed`` is its original, ``variables`` those of the user's."""
        self._before = zip(variables.names, variables.addresses, strict=True)
        self._runs_before = len(self._session.runs)
        self._replayed, self._resumed = replayed, None
        self._at_once = self.replacer.stop = False
        if replayed is not None and replayed.snapshot is not None:
            try:
                self._resumed = self._load(replayed, replayed.snapshot)
                self.replacer.active = True
            except (snapshot.SnapshotError, ObjectMissing) as error:
                what = f"variables as the interrupt of cell {replayed.ordinal} left them"
                self._session.not_captured(what, f"they could not be put back, so the cell ran again: {error}")
        if self._resumed is None and replayed is not None and replayed.interrupt_after is not None:
            self._timer = threading.Timer(replayed.interrupt_after, os.kill, (os.getpid(), signal.SIGINT))
            self._timer.daemon = True
            self._timer.start()
        self._watch.arm()

    def stop_at_once(self) -> None:
        """An interrupt came while the cell was about to begin: nothing of it is to run."""
        self._at_once = self.replacer.stop = True

    def resume(self) -> Any:
        """What runs in place of a stopped cell: its variables appear, and it ends as it ended.

        Raises:
            BaseException: the one with which the original ended.
        """
        assert self._resumed is not None  # noqa: S101 - only called by what the replacer put there
        assert self._replayed is not None  # noqa: S101 - as above
        self._resumed.apply(self._shell.user_ns, self._shell.user_ns_hidden)
        if self._replayed.outcome == "ok":
            return self._resumed.result
        error = self._replayed.error
        raise _error(error.name, error.message) if error is not None else KeyboardInterrupt

    def cell_ended(
        self, source: str, outcome: ev.Outcome, error: BaseException | None, result: Any
    ) -> dict[str, Any]:
        """The cell has ended; returns the fields of its ``CellFinished`` that tell of interrupts."""
        came = self._watch.disarm()
        came = True if self._at_once else came
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.replacer.active = self.replacer.stop = False
        if self._resumed is not None and self._replayed is not None and self._replayed.snapshot is not None:
            self._resumed = None
            return {"interrupted": True, "snapshot": self._signed_again(self._replayed.snapshot)}
        if came or (came is None and outcome == "interrupted"):
            self._note_half_import(error)
            return {"interrupted": came, "snapshot": self._keep(source, result)}
        return {"interrupted": came}

    # -- keeping -------------------------------------------------------------------------------------------

    def _keep(self, source: str, result: Any) -> ev.Snapshot | None:
        if any(run.info.kind != "cell" for run in self._session.runs[self._runs_before :]):
            self._not_kept("the cell opened a run over several cells")
            return None
        try:
            with deadline(snapshot.LONGEST + 1.0):
                kept = snapshot.take(self._shell.user_ns, self._shell.user_ns_hidden, self._before, source, result)
        except KeyboardInterrupt:  # of the deadline
            self._not_kept(f"keeping them takes more than {snapshot.LONGEST:.0f} seconds")
            return None
        except TooLarge as error:
            self._not_kept(str(error))
            return None
        except Exception as error:  # noqa: BLE001 - it looks into objects of the user's
            self._not_kept(f"{type(error).__name__}: {error}")
            return None
        digest = self._session.store(lambda: self._session.objects.put(kept.content))
        return None if digest is None else self._signed(digest, kept.missing)

    def _signed(self, digest: str, missing: dict[str, str]) -> ev.Snapshot | None:
        assert self._session.cell is not None  # noqa: S101 - called as a cell ends
        words = (digest, self._session.session_id, str(self._session.cell.ordinal))
        signature = self._session.store(lambda: self._key.sign(*words))
        return None if signature is None else ev.Snapshot(digest=digest, signature=signature, missing=missing)

    def _signed_again(self, taken: ev.Snapshot) -> ev.Snapshot | None:
        """The snapshot that was put back, as this session's own, so that a rerun of this rerun can do the same."""
        return self._signed(taken.digest, taken.missing)

    def _not_kept(self, why: str) -> None:
        ordinal = self._session.cell.ordinal if self._session.cell is not None else None
        self._session.not_captured(f"variables as the interrupt of cell {ordinal} left them", why)

    # -- putting back --------------------------------------------------------------------------------------

    def _load(self, replayed: ReplayCell, taken: ev.Snapshot) -> snapshot.Resumed:
        plan = self._session.plan
        assert plan is not None  # noqa: S101 - only a replay has replayed cells
        if not self._key.verifies(taken.signature, taken.digest, plan.original, str(replayed.ordinal)):
            raise snapshot.SnapshotError("this home's key has not signed them")
        return snapshot.load(self._session.objects.get(taken.digest), self._shell.user_ns)

    # -- imports -------------------------------------------------------------------------------------------

    def _note_half_import(self, error: BaseException | None) -> None:
        module = _importing(error)
        if module is not None:
            self._session.append(
                ev.NotCaptured(
                    time=time.time(),
                    what="interpreter state after interrupt",
                    why=f"the import of {module} was stopped half-way",
                )
            )


class _Replacer(ast.NodeTransformer):
    """``active`` puts the end of a cell in place of the cell, ``stop`` the interrupt that came before it."""

    active = False
    stop = False

    def visit(self, node: ast.AST) -> ast.AST:
        if self.stop and isinstance(node, ast.Module):
            self.active = self.stop = False
            return ast.parse("raise KeyboardInterrupt")
        if self.active and isinstance(node, ast.Module):
            self.active = False
            return ast.parse(_RESUME)
        return node


def _importing(error: BaseException | None) -> str | None:
    """The module whose import an interrupt has stopped, if it has."""
    while error is not None:
        trace: TracebackType | None = error.__traceback__
        while trace is not None:
            frame = trace.tb_frame
            name = frame.f_globals.get("__name__")
            if frame.f_code.co_name == "<module>" and frame.f_globals.get("__spec__") and name != "__main__":
                return str(name)
            trace = trace.tb_next
        error = error.__cause__ or error.__context__
    elsewhere = set(_imported_by_threads())
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__dict__", {}).get("__spec__")
        if getattr(spec, "_initializing", False) and name not in elsewhere:
            return name
    return None


def _imported_by_threads() -> Iterator[str]:
    """The modules that other threads import, Runlore's among them: an interrupt stops the main one alone."""
    for thread, frame in sys._current_frames().items():
        place: FrameType | None = frame if thread != threading.get_ident() else None
        while place is not None:
            if place.f_code.co_name == "_load_unlocked":  # importlib's; within it a module counts as half-way
                yield str(getattr(place.f_locals.get("spec"), "name", ""))
            place = place.f_back


def _error(name: str, message: str) -> BaseException:
    known: Any = getattr(builtins, name, None)
    if not isinstance(known, type) or not issubclass(known, (Exception, KeyboardInterrupt)):
        known = type(name, (Exception,), {"__module__": "builtins"})
    error: BaseException = known(message) if message else known()
    return error
