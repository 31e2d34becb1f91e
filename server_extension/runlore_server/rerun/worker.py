"""What the owner of the queue does with one job after the other."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from typing import Any

import psutil

from runlore.errors import RunloreError
from runlore.home import Home
from runlore.process import is_alive
from runlore_server.rerun import tree
from runlore_server.rerun.conclusion import conclude, is_final
from runlore_server.rerun.execution import Watch, fulfil
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.ledger import Ledger, Row
from runlore_server.rerun.prepare import prepare_as_asked
from runlore_server.rerun.progress import Progress
from runlore_server.rerun.repeat import put_leftovers_away
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import Verdict

_MOST_CUTS = 2
"""A job that its server's death cut short so often may be what kills the server."""

_log = logging.getLogger(__name__)


class Worker:
    """Carries out jobs; used by one thread at a time. Once ``closing`` is set it stops what runs and leaves it
    queued."""

    def __init__(self, home: Home, store: RunStore, ledger: Ledger, closing: threading.Event) -> None:
        self._home = home
        self._store = store
        self._ledger = ledger
        self._closing = closing

    def carry_out(self, row: Row) -> None:
        """Execute a queued job to its end."""
        try:
            folder = self._folder(row)
            plan = folder.plan()
            if not self._ledger.update(
                row.run_id,
                among=("queued",),
                state="running",
                attempt=row.attempt + 1,
                started=time.time(),
                cells_total=len(plan.cells),
            ):
                return  # stopped meanwhile
            watch = Watch(
                stage=lambda text: self._update(row, stage=text),
                started=lambda process: self._update(row, process=process),
                progress=lambda now: self._progress(row, now),
                should_stop=lambda: self._closing.is_set() or self._state(row) == "stopping",
            )
            group = [self._store.find(other) for other in row.request.against]
            verdict = fulfil(self._home, folder, row.request, group, watch)
        except (RunloreError, OSError) as error:
            self._end(row, "failed", error=str(error))
            return
        except sqlite3.Error:
            raise  # the queue's own trouble, not the job's
        except Exception:  # noqa: BLE001 - a defect of ours must not end the queue
            _log.exception("rerun %s could not be carried out", row.run_id)
            self._end(row, "failed", error="an internal error; the server's log has the details")
            return
        if verdict is not None:
            self._finish(row, verdict)
        elif self._closing.is_set() and self._state(row) != "stopping":
            self._requeue(row, folder)
        else:
            self._end(row, "cancelled")

    def recover(self) -> None:
        """Clear up what an owner left that died: end its processes, then run its jobs again, each once."""
        for row in self._ledger.in_state("running", "stopping"):
            _log.info("rerun %s was cut short with its server", row.run_id)
            if row.process is not None and is_alive(row.process):
                with contextlib.suppress(psutil.Error):
                    psutil.Process(row.process.pid).kill()
            tree.kill(row.run_id)
            folder = Folder(self._home.rerun(row.run_id))
            try:
                self._resume(row, folder)
            except (RunloreError, OSError) as error:
                self._end(row, "failed", error=str(error))

    def _resume(self, row: Row, folder: Folder) -> None:
        put_leftovers_away(self._home, folder)
        outcome = folder.outcome() if row.request.seeds is None else None
        verdict = conclude(self._home, folder, outcome) if outcome is not None else None
        if verdict is not None and is_final(folder, verdict):
            self._finish(row, verdict)  # only the last line in the ledger was missing
        elif row.state == "stopping":
            self._end(row, "cancelled")
        elif row.cut_short + 1 >= _MOST_CUTS:
            self._end(row, "failed", error=f"the server died {_MOST_CUTS} times while this rerun ran")
        else:
            self._requeue(row, folder, cut_short=row.cut_short + 1)

    def _folder(self, row: Row) -> Folder:
        """The job's folder, prepared anew for a further attempt: it will write a session of its own."""
        if row.attempt == 0:
            return Folder(self._home.rerun(row.run_id))
        return prepare_as_asked(self._home, self._store.find(row.rerun_of), row.request, row.run_id)

    def _requeue(self, row: Row, folder: Folder, **values: int) -> None:
        folder.set_aside(self._home.session(folder.plan().session_id))
        self._update(row, state="queued", started=None, cells_done=0, cell=None, stage=None, **values)

    def _finish(self, row: Row, verdict: Verdict) -> None:
        if verdict.verdict == "FAILED":
            self._end(row, "failed", error=verdict.reason)
        else:
            self._end(row, "succeeded")

    def _end(self, row: Row, state: str, error: str | None = None) -> None:
        self._update(row, state=state, ended=time.time(), cell=None, stage=None, error=error)

    def _progress(self, row: Row, now: Progress) -> None:
        self._update(row, cells_done=now.done, cells_total=now.total, cell=now.cell)

    def _update(self, row: Row, **values: Any) -> None:
        self._ledger.update(row.run_id, **values)

    def _state(self, row: Row) -> str | None:
        now = self._ledger.get(row.run_id)
        return now.state if now is not None else None
