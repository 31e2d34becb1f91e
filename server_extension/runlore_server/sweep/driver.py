"""What carries a sweep out: proposes points, has the queue rerun them, follows their metric and prunes.

All that it knows is in Optuna's database, in the queue's and in the runs. It may be killed at any moment: the next
driver finds the trials that run by the ids of their jobs and goes on.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable

import msgspec
from optuna.trial import TrialState

from runlore.errors import RunloreError
from runlore.home import Home
from runlore_server.queue.queue import JobQueue
from runlore_server.store.runs import RunStore
from runlore_server.sweep.coming import ComingTrials
from runlore_server.sweep.ongoing import Ongoing, OngoingTrials
from runlore_server.sweep.plan import Plan
from runlore_server.sweep.proposer import Proposer
from runlore_server.sweep.study import Study
from runlore_server.sweep.summary import summary, tried
from runlore_server.sweep.sweep import Progress, Sweep, SweepFolder, SweepState

_INTERVAL = 0.25
"""Seconds between two looks at everything."""

_TROUBLED = 2.0
"""Seconds until the next try where the disk or a database is in trouble."""

_FAILURES = 3
"""So many trials that fail, where none has ever gone well, end the sweep."""

_log = logging.getLogger(__name__)


class Driver:
    """Drives one sweep; whoever makes one holds the lock of its folder.

    Args:
        home: where everything is.
        store: of its runs; refreshed here.
        jobs: the queue; it need not be the one that works.
        coming: by which the queue is told of further trials.
        folder: the sweep's.
        leave: ends the driving at once, and leaves everything as it is for the next driver.
        told: called with each change of the progress.
    """

    def __init__(
        self,
        home: Home,
        store: RunStore,
        jobs: JobQueue,
        coming: ComingTrials,
        folder: SweepFolder,
        *,
        leave: threading.Event,
        told: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._home = home
        self._store = store
        self._jobs = jobs
        self._coming = coming
        self._folder = folder
        self._leave = leave
        self._told = told
        self._spent = folder.progress().spent
        self._since = time.monotonic()
        self._written: Progress | None = None
        self._error: str | None = None

    def drive(self, planned: Plan) -> Progress:
        """Go on with the sweep until it has ended, is stopped, or this driver is to leave."""
        sweep = self._folder.sweep()
        study = Study(self._home, sweep, planned.space, planned.steps)
        try:
            return self._loop(planned, study)
        finally:
            study.close()
            with contextlib.suppress(OSError, sqlite3.Error):  # what was told lapses by itself
                self._coming.tell_of_none()

    def _loop(self, planned: Plan, study: Study) -> Progress:
        trials = OngoingTrials(self._home, self._store, self._jobs, study, planned, self._coming)
        proposer = Proposer(planned.space, planned.request)
        self._since = time.monotonic()  # what was given is time for trials
        while True:
            try:
                sweep = self._folder.sweep()
                planned = planned.asked_for(sweep.request)
                self._store.refresh()
                over = self._look(sweep, planned, study, trials, proposer)
                self._tell(sweep, planned, study, proposer, over)
                left = over is not None or self._left(trials)
            except (OSError, sqlite3.Error):
                _log.exception("sweep %s cannot go on at the moment; it is tried again", self._folder.sweep_id)
                left = self._leave.wait(_TROUBLED)
            if left:
                return self._folder.progress()

    def _left(self, trials: OngoingTrials) -> bool:
        """Wait for the next look, which is due at once when a job of a trial is over; whether to leave instead."""
        runs = [run for ongoing in trials.all() for run in ongoing.runs]
        begun = time.monotonic()
        if self._jobs.wait_for_next(runs, _INTERVAL):
            return self._leave.is_set()
        return self._leave.wait(max(_INTERVAL - (time.monotonic() - begun), 0.0))

    def _look(
        self, sweep: Sweep, planned: Plan, study: Study, trials: OngoingTrials, proposer: Proposer
    ) -> SweepState | None:
        """Do what there is to be done; the state in which the sweep has ended, if it has."""
        if self._error is None and sweep.wish == "run":
            for ongoing in trials.all():
                self._advance(trials, ongoing)
            self._error = self._error or trials.hopeless(_FAILURES)
        if self._error is not None or sweep.wish == "stop":
            self._coming.tell_of_none()
            for ongoing in trials.all():
                trials.give_back(ongoing)
            return None if trials.all() else "stopped" if self._error is None else "failed"
        while self._error is None and self._may_begin(planned, study, trials):
            known = study.trials()
            given_back = any(trial.state == TrialState.WAITING for trial in known)
            proposal = None if given_back else proposer.next(known)
            if proposal is None and not given_back:
                break
            self._advance(trials, trials.begin(*(proposal or (None, None))))
        if self._late(planned):
            self._coming.tell_of_none()
        else:
            self._coming.tell(planned, len(tried(study.trials())))
        return None if trials.all() or self._error is not None or self._leave.is_set() else "finished"

    def _advance(self, trials: OngoingTrials, ongoing: Ongoing) -> None:
        try:
            trials.advance(ongoing)
        except RunloreError as error:  # the queue refuses its job, or what it logged cannot be read
            self._error = str(error)
            trials.fail(ongoing, self._error)

    def _may_begin(self, planned: Plan, study: Study, trials: OngoingTrials) -> bool:
        if self._leave.is_set() or self._late(planned):
            return False
        if len(trials.all()) >= planned.together(self._jobs.status()):
            return False
        return planned.trials is None or len(tried(study.trials())) < planned.trials

    def _late(self, planned: Plan) -> bool:
        """Whether the time that was given is over."""
        return planned.request.seconds is not None and self._seconds() >= planned.request.seconds

    def _seconds(self) -> float:
        return self._spent + time.monotonic() - self._since

    def _tell(
        self, sweep: Sweep, planned: Plan, study: Study, proposer: Proposer, over: SweepState | None
    ) -> None:
        best, trials = summary(study.trials(), planned)
        phase = proposer.phase if over is None else None
        progress = Progress(
            state=over or "running", trials=trials, best=best, error=self._error, phase=phase, change=sweep.change
        )
        if progress != self._written:
            self._written = progress
            progress = msgspec.structs.replace(progress, spent=self._seconds())
            self._folder.write(progress)
            self._told(progress)
