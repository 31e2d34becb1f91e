"""The trials that run at the moment, each from its first job to its value."""

from __future__ import annotations

import contextlib
import math
import secrets
import statistics
from dataclasses import dataclass

import msgspec
from optuna.trial import FrozenTrial, TrialState

from runlore.errors import RunNotFound
from runlore.home import Home
from runlore_server.errors import JobNotFound, OptionsRefused
from runlore_server.queue.job import Job
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.rerun.resuming import required
from runlore_server.store.annotations import Change
from runlore_server.store.pruned import PRUNED_AT
from runlore_server.store.runs import RunStore
from runlore_server.sweep.coming import ComingTrials
from runlore_server.sweep.member import Member, member_of
from runlore_server.sweep.metric import Follower, Metric
from runlore_server.sweep.plan import Plan
from runlore_server.sweep.space import Point
from runlore_server.sweep.study import Study, pruned_at, runs_of, why
from runlore_server.sweep.summary import tried


@dataclass
class Ongoing:
    """A trial that runs: ``runs`` are its reruns so far, one a seed; ``pruned`` is the step at which it ends."""

    trial: FrozenTrial
    point: Point
    follower: Follower
    runs: list[str]
    pruned: int | None


class OngoingTrials:
    """All trials of a sweep that run.

    A point is tried with its first seed; what that logs is the trial's report, by which it is pruned. Those with
    the other seeds follow once it has come to its end. With a single seed a rerun starts from the recorded random
    states, so that trials differ in their parameters alone.
    """

    def __init__(  # noqa: PLR0917 - all of it is needed
        self, home: Home, store: RunStore, jobs: JobQueue, study: Study, plan: Plan, coming: ComingTrials
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._coming = coming
        self._study = study
        self._plan = plan
        self._sweep_id = coming.sweep_id
        self._metric = Metric(plan.request, plan.steps)
        self._ongoing: dict[int, Ongoing] = {}
        self._missing: str | None = None
        trials = study.trials()
        self._before = len(trials)
        for trial in trials:
            if trial.state == TrialState.RUNNING:
                self._take_up(trial)
        self._adopt(home, {run for trial in trials for run in runs_of(trial)})

    def all(self) -> list[Ongoing]:
        """Those that have not ended."""
        return list(self._ongoing.values())

    def begin(self, point: Point | None, member: Member | None = None) -> Ongoing:
        """Begin the trial of a point, or of the next one that was given back; ``advance`` does the first step."""
        return self._take_up(self._study.begin(point, member))

    def _take_up(self, trial: FrozenTrial) -> Ongoing:
        point, follower = self._plan.space.point(trial.params), self._metric.follow(trial.last_step)
        ongoing = Ongoing(trial, point, follower, runs_of(trial), pruned_at(trial))
        self._ongoing[trial.number] = ongoing
        return ongoing

    def _adopt(self, home: Home, known: set[str]) -> None:
        """Take up jobs that a driver submitted before it was killed, and could not note any more."""
        with contextlib.closing(Ledger(home.path / "jobs.sqlite")) as ledger:
            free = [row for row in ledger.all(sweep=self._sweep_id) if row.run_id not in known]
        for row in reversed(free):
            for ongoing in self.all():
                asked, found = self._asked(ongoing, None), row.request
                same = msgspec.to_builtins(asked.parameters) == found.parameters
                same = same and asked.resume_from == found.resume_from
                if same and len(ongoing.runs) < self._plan.request.seeds:
                    self._note(ongoing, [*ongoing.runs, row.run_id])
                    break

    def advance(self, ongoing: Ongoing) -> None:
        """Do the next step of a trial, if there is one to be done.

        Raises:
            RunloreError: the queue refuses its job, or what it logged cannot be read.
        """
        if not ongoing.runs:
            self._submit(ongoing, 1)
            return
        jobs = self._jobs_of(ongoing)
        if jobs is None:
            self.fail(ongoing, "the record of its job was deleted")
            return
        if not jobs[0].over or len(jobs) == 1:
            self._follow(ongoing, jobs[0])
        if not all(job.over for job in jobs):
            return
        self._store.refresh()  # a whole run may have come since the driver did that
        broken = next((job for job in jobs if job.state != "succeeded"), None)
        if broken is jobs[0] and ongoing.pruned is not None:  # else it had come to its end before it was stopped
            self._end(ongoing)
            self._study.prune(ongoing.trial, f"pruned at step {ongoing.pruned}")
        elif broken is not None:
            self.fail(ongoing, broken.error or "its rerun was stopped")
        elif len(jobs) < self._plan.request.seeds and self._value(jobs[0]) is not None:
            self._submit(ongoing, self._plan.request.seeds - len(jobs))
        else:
            self._conclude(ongoing, jobs)

    def give_back(self, ongoing: Ongoing) -> None:
        """Stop a trial; its point is tried again when the sweep goes on. To be called until it is gone."""
        jobs = self._jobs_of(ongoing) or []
        if jobs and all(job.state == "succeeded" for job in jobs):
            self.advance(ongoing)
            return
        going = [job for job in jobs if not job.over]
        for job in going:
            if job.state != "stopping":
                self._jobs.stop(job.run_id)
        if not going:
            self._end(ongoing)
            self._study.give_back(ongoing.trial)

    def fail(self, ongoing: Ongoing, reason: str) -> None:
        """End a trial of which nothing is learnt."""
        self._end(ongoing)
        for run in ongoing.runs:
            with contextlib.suppress(JobNotFound):
                if not self._jobs.get(run).over:
                    self._jobs.stop(run)
        self._study.fail(ongoing.trial, reason)

    def hopeless(self, failures: int) -> str | None:
        """Why nothing is to be expected of further trials: of those that ended none came to a value.

        Args:
            failures: how many must have failed since this driver began; one is enough where the metric is missing.
        """
        ended = [trial for trial in tried(self._study.trials()) if trial.state.is_finished()]
        if any(trial.state != TrialState.FAIL for trial in ended):
            return None
        if self._missing is not None:
            return self._missing
        new = [why(trial) for trial in ended if trial.number >= self._before]
        return (
            f"{len(new)} trials failed and none went well; the last one: {new[-1]}"
            if len(new) >= failures
            else None
        )

    # -- inside --------------------------------------------------------------------------------------------

    def _submit(self, ongoing: Ongoing, count: int) -> None:
        seeds = [secrets.randbits(32) if self._plan.request.seeds > 1 else None for _ in range(count)]
        asked = [self._asked(ongoing, seed) for seed in seeds]
        one = count == 1
        submitted = [self._jobs.submit(asked[0], self._coming.take())] if one else self._jobs.submit_many(asked)
        self._note(ongoing, [*ongoing.runs, *(job.run_id for job in submitted)])

    def _asked(self, ongoing: Ongoing, seed: int | None) -> Request:
        member = member_of(ongoing.trial)
        source = member.source if member is not None else None
        return self._plan.rerun(self._sweep_id, ongoing.point, seed, source)

    def _note(self, ongoing: Ongoing, runs: list[str]) -> None:
        ongoing.runs = runs
        self._study.put_runs(ongoing.trial, runs)

    def _jobs_of(self, ongoing: Ongoing) -> list[Job] | None:
        try:
            return [self._jobs.get(run) for run in ongoing.runs]
        except JobNotFound:
            return None

    def _follow(self, ongoing: Ongoing, job: Job) -> None:
        """Report what came since the last look; end the trial where that is bad enough."""
        for step, value in ongoing.follower.new(self._store, job.run_id):
            bad = self._study.report(ongoing.trial, step, value)
            if bad and ongoing.pruned is None and not job.over:
                ongoing.pruned = step
                self._study.put_pruned(ongoing.trial, step)
                self._store.annotations.change([job.run_id], Change(tags={PRUNED_AT: str(step)}))
                self._jobs.stop(job.run_id)
                return

    def _conclude(self, ongoing: Ongoing, jobs: list[Job]) -> None:
        values = [value for job in jobs if (value := self._value(job)) is not None]
        self._missing = self._unlogged(jobs[0].run_id) if len(values) < len(jobs) else self._without(ongoing)
        if self._missing is not None:
            self.fail(ongoing, self._missing)
            return
        center = statistics.median if self._plan.request.center == "median" else statistics.fmean
        value = center(values)
        self._end(ongoing)
        if math.isfinite(value):
            self._study.complete(ongoing.trial, value)
            return
        # A training that ran away is the worst that can be: samplers learn that from the last report.
        last = self._study.trials()[ongoing.trial.number].last_step
        self._study.report(ongoing.trial, (last if last is not None else 0) + 1, math.nan)
        self._study.prune(ongoing.trial, f"its {self._plan.request.metric} is {value}")

    def _value(self, job: Job) -> float | None:
        try:
            return self._metric.value(self._store.find(job.run_id))
        except RunNotFound:
            return None

    def _unlogged(self, run_id: str) -> str:
        name = self._plan.request.metric
        try:
            logged = ", ".join(sorted(self._store.find(run_id).metrics)) or "none"
        except RunNotFound:
            logged = "none, and its run is not recorded"
        return f"run {run_id} has ended without a value of {name!r}; metrics that it logged: {logged}"

    def _without(self, ongoing: Ongoing) -> str | None:
        """Why the next generation could not go on from a member's checkpoint; ``None`` where it can."""
        if member_of(ongoing.trial) is None:
            return None
        try:
            required(self._store.find(ongoing.runs[0]))
        except (RunNotFound, OptionsRefused) as error:
            return str(error)
        return None

    def _end(self, ongoing: Ongoing) -> None:
        self._ongoing.pop(ongoing.trial.number, None)
