"""The durable queue of reruns: one after the other, through restarts and kills of the server."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable

import msgspec

from runlore.home import Home
from runlore_server.errors import AmbiguousRun, JobNotFound
from runlore_server.ownership import Ownership
from runlore_server.rerun.job import Job
from runlore_server.rerun.ledger import Ledger, Row
from runlore_server.rerun.prepare import prepare_as_asked
from runlore_server.rerun.request import Request
from runlore_server.rerun.worker import Worker
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import read_verdict

_SHORTEST_PREFIX = 4
_INTERVAL = 0.25
"""Seconds between two looks at the ledger, which other processes may change."""

_log = logging.getLogger(__name__)


class JobQueue:
    """Reruns of one home, executed one at a time by whichever server holds the queue's lock.

    Every server on the home may submit, list and stop jobs; one of them, the owner, executes them. When the owner
    goes, another takes over. A job whose execution was cut short with its server is executed once more.

    Args:
        home: where runs are recorded.
        store: finds the runs that are asked for.
        on_change: called from the queue's thread with a job's run id whenever state, progress or verdict of the
            job changed, whichever process changed it.
    """

    def __init__(self, home: Home, store: RunStore, on_change: Callable[[str], None]) -> None:
        self._home = home
        self._store = store
        self._on_change = on_change
        self._ledger = Ledger(home.path / "jobs.sqlite")
        self._ownership = Ownership(home.path / "jobs.lock")
        self._announced = self._ledger.last_change()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._worker = Worker(home, store, self._ledger, self._closing)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to work. If the queue is free, what an earlier owner left is cleared up before this returns."""
        self._take_over()
        for task in (self._work, self._watch):
            thread = threading.Thread(target=task, name=f"runlore queue {task.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def shutdown(self) -> None:
        """Stop what runs, with all its processes; the next start, here or elsewhere, runs it anew. Blocks."""
        self._closing.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._ownership.release()
        self._ledger.close()

    def submit(self, request: Request) -> Job:
        """Queue a rerun.

        Raises:
            RunNotFound, AmbiguousRun: see ``RunStore.find``.
            OptionsRefused, ParameterRefused: it cannot be had so.
            RerunRefused, KernelMissing: it cannot be rerun (so). In each case nothing was queued.
        """
        run, group = request.runs(self._store)
        # Ids that will still be theirs when more runs have been recorded.
        against = [other.run_id for other in group]
        request = msgspec.structs.replace(request, run_id=run.run_id, against=against)
        folder = prepare_as_asked(self._home, run, request)
        plan = folder.plan()
        self._ledger.add(
            run_id=plan.run_id,
            rerun_of=run.run_id,
            name=run.name,
            request=request,
            cells=len(plan.cells),
            now=time.time(),
        )
        self._wake.set()
        return self.get(plan.run_id)

    def jobs(self) -> list[Job]:
        """Every job, newest first."""
        return [self._job(row) for row in self._ledger.all()]

    def get(self, run_id: str) -> Job:
        """The job that makes this run, given by its id or the only start of one.

        Raises:
            JobNotFound: none does.
            AmbiguousRun: several ids start so.
        """
        return self._job(self._row(run_id))

    def stop(self, run_id: str) -> Job:
        """Stop a job that waits or runs; return it as it is then, perhaps still stopping.

        Raises:
            JobNotFound, AmbiguousRun: see ``get``.
        """
        run_id = self._row(run_id).run_id
        if not self._ledger.update(run_id, among=("queued",), state="cancelled", ended=time.time()):
            self._ledger.update(run_id, among=("running",), state="stopping")
        self._wake.set()
        return self.get(run_id)

    def _row(self, text: str) -> Row:
        row = self._ledger.get(text)
        if row is not None:
            return row
        found = [
            row for row in self._ledger.all() if len(text) >= _SHORTEST_PREFIX and row.run_id.startswith(text)
        ]
        if len(found) > 1:
            raise AmbiguousRun(text, [row.run_id for row in found])
        if not found:
            raise JobNotFound(f"no rerun job makes the run {text!r}")
        return found[0]

    def _job(self, row: Row) -> Job:
        return Job(
            run_id=row.run_id,
            rerun_of=row.rerun_of,
            name=row.name,
            state=row.state,
            cells_done=row.cells_done,
            cells_total=row.cells_total,
            cell=row.cell,
            stage=row.stage,
            submitted=row.submitted,
            started=row.started,
            ended=row.ended,
            verdict=read_verdict(self._home, row.run_id) if row.state in ("succeeded", "failed") else None,
            error=row.error,
        )

    # -- the two threads -----------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Tell of every change of a job, whichever process made it."""
        while not self._closing.wait(_INTERVAL):
            try:
                for row in self._ledger.changed_since(self._announced):
                    self._announced = row.change
                    self._on_change(row.run_id)
            except Exception:  # noqa: BLE001 - neither a listener's trouble nor the disk's may end the watch
                _log.exception("a change of a rerun could not be told")

    def _work(self) -> None:
        while not self._closing.is_set():
            try:
                waiting = self._ledger.in_state("queued") if self._take_over() else []
                if waiting:
                    self._worker.carry_out(waiting[0])
                    continue
            except (OSError, sqlite3.Error):
                _log.exception("the queue cannot work at the moment; it is tried again")
                self._ownership.release()  # taking over again clears up what was left half done
            self._wake.wait(_INTERVAL)
            self._wake.clear()

    def _take_over(self) -> bool:
        """Whether this queue owns the work now; on becoming the owner, clear up after the one before."""
        if self._ownership.held:
            return True
        if not self._ownership.acquire():
            return False
        self._worker.recover()
        return True
