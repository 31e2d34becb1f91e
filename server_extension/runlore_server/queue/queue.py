"""The durable queue of reruns: several at once, through restarts and kills of whoever works it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import msgspec

from runlore.home import Home
from runlore_server.errors import OptionsRefused
from runlore_server.queue.admission import Admission, check_priority, job_id
from runlore_server.queue.announcing import announce
from runlore_server.queue.changes import Changes
from runlore_server.queue.dispatcher import PAUSED, SLOTS
from runlore_server.queue.job import WORKING, Job
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.listing import Listing
from runlore_server.queue.offering import Offering
from runlore_server.queue.owner import Backends, Owner, from_environment
from runlore_server.queue.request import Request
from runlore_server.queue.row import NewJob
from runlore_server.queue.status import QueueStatus, places
from runlore_server.store.runs import RunStore

_MOST_SLOTS = 1000


class JobQueue:
    """Reruns of one home, carried out by whichever process holds the queue's lock.

    Every process on the home may submit, list and stop jobs; one of them, the owner, carries them out. When the
    owner goes, another takes over. A job that was cut short with its owner is carried out once more.

    Args:
        home: where runs are recorded.
        store: finds the runs that are asked for.
        on_change: called from the queue's thread with a job's run id whenever something about the job changed,
            whichever process changed it; also when it was forgotten.
        backends: by which the owner carries jobs out; by default those that the environment names.
    """

    def __init__(
        self, home: Home, store: RunStore, on_change: Callable[[str], None], backends: Backends = from_environment
    ) -> None:
        self._on_change = on_change
        self._ledger = Ledger(home.path / "jobs.sqlite")
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._changes = Changes(self._ledger, self._closing)
        self._owner = Owner(home, store, backends, self._wake, self._closing)
        self._offering = Offering(self._ledger, self._owner)
        self._listing = Listing(store)
        self._admission = Admission(home, store, self._ledger, self._offering)
        self._threads: list[threading.Thread] = []

    # -- working -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to work. If the queue is free, what an earlier owner left is cleared up before this returns.

        Raises:
            SettingRefused: how many reruns go on at once, or which devices there are, cannot be understood.
        """
        self._owner.take_over()
        for name, task in (("work", self._owner.work), ("watch", partial(self._changes.tell, self._on_change))):
            thread = threading.Thread(target=task, name=f"runlore queue {name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def wind_down(self, timeout: float | None = None) -> bool:
        """Start no more jobs here and wait for those that ``shutdown`` would stop, which may be others'.

        Returns:
            Whether that came within ``timeout`` seconds. Others may own the queue after ``shutdown`` alone.
        """
        return not self._threads or self._owner.wind_down(timeout)

    def shutdown(self) -> None:
        """Stop what runs, with all its processes; the next start, here or elsewhere, runs it anew. Blocks."""
        self._closing.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._owner.give_up()
        self._ledger.close()

    @property
    def owner(self) -> bool:
        """Whether this is who carries the jobs out."""
        return self._owner.held

    # -- jobs ----------------------------------------------------------------------------------------------

    def submit(self, request: Request, run_id: str | None = None) -> Job:
        """Queue a rerun.

        Args:
            request: what is asked.
            run_id: of the run that the job makes, where that was noted elsewhere before; by default a new one.

        Raises:
            RunNotFound, AmbiguousRun: see ``RunStore.find``.
            JobNotFound: a job to wait for is none.
            OptionsRefused, ParameterRefused: it cannot be had so.
            RerunRefused, KernelMissing, DataMissing: it cannot be rerun (so). In each case nothing was queued.
        """
        admitted = self._admission.admit([request])
        if run_id is not None:
            admitted = [msgspec.structs.replace(admitted[0], run_id=run_id)]
        return self._queued(admitted)[0]

    def announce(self, by: str, request: Request, run_ids: Sequence[str]) -> None:
        """Say what ``by`` will soon submit: like this request, but for parameters, seed and checkpoint.

        A kernel may be booted for it meanwhile; nothing else comes of it. What was announced before is replaced.

        Args:
            by: whoever announces it, such as a sweep's id.
            request: what is announced, as ``check`` returned it.
            run_ids: those that ``submit`` will be given, the next one first; none where nothing comes any more.
        """
        announce(self._ledger, by, request, run_ids, time.time())
        self._wake.set()

    def check(self, requests: Sequence[Request]) -> list[Request]:
        """Look at requests as ``submit_many`` does, and return them as it would keep them; nothing is queued.

        Raises:
            see ``submit``.
        """
        return [admitted.request for admitted in self._admission.admit(requests)]

    def submit_many(self, requests: Sequence[Request]) -> list[Job]:
        """Queue reruns in this order; all of them, or none. A thousand take less than a second.

        Raises:
            see ``submit``.
        """
        return self._queued(self._admission.admit(requests))

    def _queued(self, admitted: Sequence[NewJob]) -> list[Job]:
        self._ledger.add(admitted, time.time())
        self._wake.set()
        found = {row.run_id: row for row in self._ledger.by_ids([job.run_id for job in admitted])}
        return self._listing.jobs([found[job.run_id] for job in admitted if job.run_id in found])

    def jobs(
        self,
        *,
        states: Sequence[str] = (),
        sweep: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> list[Job]:
        """The jobs, the one that was submitted last first.

        Args:
            states: only those in one of these, where any is given.
            sweep: only the trials of this.
            before: only those with a lower ``number``.
            limit: so many at the most.
        """
        return self._listing.jobs(self._ledger.all(states=states, sweep=sweep, before=before, limit=limit))

    def get(self, run_id: str) -> Job:
        """The job that makes this run, given by its id or the only start of one.

        Raises:
            JobNotFound: none does.
            AmbiguousRun: several ids start so.
        """
        row = self._ledger.get(job_id(self._ledger, run_id))
        return self._listing.jobs([row])[0] if row is not None else self.get(run_id)  # forgotten meanwhile

    def some(self, run_ids: Iterable[str]) -> list[Job]:
        """Those of these jobs that there are, by their whole ids, the one that was submitted last first."""
        return self._listing.jobs(sorted(self._ledger.by_ids(run_ids), key=lambda row: -row.number))

    def stop(self, run_id: str) -> Job:
        """Stop a job that waits or runs; return it as it is then, perhaps still stopping.

        Raises:
            JobNotFound, AmbiguousRun: see ``get``.
        """
        run_id = job_id(self._ledger, run_id)
        if not self._ledger.end(run_id, "cancelled", now=time.time(), among=("queued",)):
            self._ledger.update(run_id, among=("running",), state="stopping")
        return self._changed(run_id)

    def retry(self, run_id: str) -> Job:
        """Queue a job again that failed or was cancelled, as if it had not been tried.

        Raises:
            JobNotFound, AmbiguousRun: see ``get``.
            OptionsRefused: it has succeeded or is still at work; or what it waits for has failed.
        """
        job = self.get(run_id)
        if not self._ledger.again(job.run_id, job.after, among=("failed", "cancelled")):
            hint = "submit another one" if job.state == "succeeded" else "stop it first"
            raise OptionsRefused(f"the job {job.run_id} is {job.state}: {hint}")
        return self._changed(job.run_id)

    def hold(self, run_id: str) -> Job:
        """Keep a job that waits from being started.

        Raises:
            JobNotFound, AmbiguousRun: see ``get``.
            OptionsRefused: it does not wait.
        """
        return self._set(run_id, held=1)

    def release(self, run_id: str) -> Job:
        """Let a job that was held be started again.

        Raises:
            as ``hold``.
        """
        return self._set(run_id, held=0)

    def prioritize(self, run_id: str, priority: int) -> Job:
        """Give a job that waits another priority.

        Raises:
            as ``hold``; and OptionsRefused: that is no priority.
        """
        check_priority(priority)
        return self._set(run_id, priority=priority)

    def forget(self, run_ids: Iterable[str]) -> list[str]:
        """Take jobs that are over off the list; what they recorded stays. Returns the ids of those that were.

        Raises:
            JobNotFound, AmbiguousRun: see ``get``.
        """
        return self._ledger.forget([job_id(self._ledger, run_id) for run_id in run_ids])

    def wait(self, run_ids: Iterable[str], timeout: float | None = None) -> list[Job]:
        """Wait until all of these jobs are over, but no longer than ``timeout`` seconds; return them as they are.

        Raises:
            JobNotFound, AmbiguousRun: see ``get``.
        """
        ids = [job_id(self._ledger, run_id) for run_id in run_ids]
        self._changes.wait(lambda: not set(self._ledger.states(ids).values()) & set(WORKING), timeout)
        found = {row.run_id: row for row in self._ledger.by_ids(ids)}
        return self._listing.jobs([found[run_id] for run_id in ids if run_id in found])

    def wait_for_next(self, run_ids: Sequence[str], timeout: float) -> bool:
        """Wait until one more of these jobs is over, or gone, and hear of it at once.

        Returns:
            Whether one is, within ``timeout`` seconds.
        """

        def working() -> int:
            return sum(state in WORKING for state in self._ledger.states(run_ids).values())

        before = working()
        return before > 0 and self._changes.wait(lambda: working() < before, timeout)

    # -- the queue as a whole ------------------------------------------------------------------------------

    def pause(self) -> None:
        """Start no more jobs, whoever owns the queue; those that run go on."""
        self._ledger.put_setting(PAUSED, True)
        self._wake.set()

    def resume(self) -> None:
        """Start jobs again after ``pause``."""
        self._ledger.put_setting(PAUSED, None)
        self._wake.set()

    def set_slots(self, slots: int | None) -> None:
        """How many reruns go on at once by the default backend; ``None`` for what it offers by itself.

        Raises:
            OptionsRefused: it is no such number.
        """
        if slots is not None and not 1 <= slots <= _MOST_SLOTS:
            raise OptionsRefused(f"slots are 1 to {_MOST_SLOTS}, not {slots}; 'pause' starts no more")
        self._ledger.put_setting(SLOTS, slots)
        self._wake.set()

    def status(self) -> QueueStatus:
        """What the queue is at."""
        counts, offered = self._ledger.counts(), self._offering.all()
        working = self._ledger.in_state("running", "stopping")
        asked = self._ledger.setting(SLOTS)
        return QueueStatus(
            paused=bool(self._ledger.setting(PAUSED)),
            owner=self.owner,
            owned=self._owner.exists(),
            slots=asked if asked is not None else next(iter(offered.values())).slots,
            running=len(working),
            waiting=counts.get("queued", 0),
            held=counts.get("held", 0),
            backends=places(offered, working),
        )

    def drain(self, timeout: float | None = None) -> bool:
        """Wait until no job runs and none can be started; whether that came within ``timeout`` seconds.

        Those for which this machine has no devices, or this process no backend, can be started by others alone.
        """
        return self._changes.wait(self._is_drained, timeout)

    # -- inside --------------------------------------------------------------------------------------------

    def _set(self, run_id: str, **values: Any) -> Job:
        run_id = job_id(self._ledger, run_id)
        if not self._ledger.update(run_id, among=("queued",), **values):
            job = self.get(run_id)
            raise OptionsRefused(f"the job {run_id} does not wait: it is {job.state}")
        return self._changed(run_id)

    def _changed(self, run_id: str) -> Job:
        self._wake.set()
        return self.get(run_id)

    def _is_drained(self) -> bool:
        counts = self._ledger.counts()
        if counts.get("running") or counts.get("stopping"):
            return False
        if self._ledger.setting(PAUSED):
            return True
        return not any(self._offering.within_reach(row.request) for row in self._ledger.in_turn())
