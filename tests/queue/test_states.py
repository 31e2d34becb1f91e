"""The documented states of a job, on the real ledger: each step is one of the diagram, and all of those happen."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from runlore.home import Home
from runlore_server.errors import OptionsRefused
from runlore_server.queue import announcing
from runlore_server.queue.backend import Ended, Lost, Progressed
from runlore_server.queue.dispatcher import Dispatcher
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.store.runs import RunStore
from tests.queue.backend import TestBackend, World
from tests.rerun.conftest import Recorded

PAGE = Path(__file__).parents[2] / "docs" / "queue.md"
EDGES = set(re.findall(r"^    (\w+) --> (\w+):", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
TWO_STEPS = {(a, d) for (a, b), (c, d) in itertools.product(EDGES, EDGES) if b == c}
"""One look at the queue may hear of an end, and start the job again."""


class Bench:
    """A home with one recorded run, a client of its queue, and owners that come and go."""

    def __init__(self, recorded: Recorded, place: Path) -> None:
        shutil.copytree(recorded.home.path, place)
        self.run_id = recorded.runs["quick"].run_id
        self.home = Home(place)
        self.store = RunStore(self.home)
        self.store.refresh()
        self.client = JobQueue(self.home, self.store, lambda _: None)
        self.world = World()
        self.owner: Dispatcher | None = None

    def start(self) -> None:
        self.backend: TestBackend = self.world.backend()
        self.ledger = Ledger(self.home.path / "jobs.sqlite")
        self.owner = Dispatcher(self.home, self.store, self.ledger, {"test": self.backend}, first_retry=0.0)
        self.owner.recover()

    def kill(self) -> None:
        self.owner = None
        self.ledger.close()

    def step(self) -> None:
        assert self.owner is not None
        self.owner.step()

    def submit(self, **options: Any) -> str:
        return self.client.submit(Request(run_id=self.run_id, **options)).run_id

    def handle(self, run_id: str) -> str:
        (found,) = [handle for handle, attempt in self.world.at_work.items() if attempt.run_id == run_id]
        return found

    def end(self, run_id: str, **how: Any) -> None:
        handle = self.handle(run_id)
        self.backend.end(handle, Ended(handle, **how))
        self.step()

    def close(self) -> None:
        if self.owner is not None:
            self.kill()
        self.client.shutdown()
        self.store.close()


@pytest.fixture
def bench(recorded_once: Recorded, tmp_path: Path) -> Any:
    found = Bench(recorded_once, tmp_path / "home")
    found.start()
    yield found
    found.close()


def test_every_documented_step_is_taken(bench: Bench) -> None:
    seen: set[tuple[str, str]] = set()
    states: dict[str, str] = {}

    def look() -> None:
        for job in bench.client.jobs():
            if states.get(job.run_id, job.state) != job.state:
                seen.add((states[job.run_id], job.state))
            states[job.run_id] = job.state

    def begun(**options: Any) -> str:
        job = bench.submit(**options)
        look()
        bench.step()
        look()
        return job

    good = begun()
    bench.end(good, verdict="DIVERGED")
    look()
    again = begun(retries=1)
    handle = bench.handle(again)
    bench.client.pause()  # the next attempt is not to be started at once
    bench.backend.end(handle, Ended(handle, error="no kernel"))
    bench.step()
    look()
    assert bench.client.get(again).error == "no kernel"
    bench.client.resume()
    bench.step()
    look()
    bench.end(again, error="no kernel")
    look()
    assert (bench.client.get(again).state, bench.client.get(again).attempt) == ("failed", 2)
    bench.client.retry(again)
    look()
    bench.client.stop(again)
    look()
    bench.client.retry(again)
    look()
    bench.step()
    look()
    bench.client.stop(again)
    look()
    bench.step()
    assert bench.handle(again) in bench.world.wished
    bench.end(again, stopped=True)
    look()
    late = begun()
    bench.client.stop(late)
    look()
    bench.end(late, verdict="BIT-EXACT")
    look()
    assert seen == EDGES


def test_what_a_late_attempt_tells_changes_nothing(bench: Bench) -> None:
    job = bench.submit()
    bench.step()
    lost = bench.handle(job)
    bench.backend.end(lost, Lost(lost, "the worker is gone"))
    bench.step()
    assert bench.handle(job) != lost
    before = bench.client.get(job)
    assert (before.state, before.attempt) == ("running", 2)
    bench.backend.events = [Progressed(lost, 1, 2, 1), Ended(lost, verdict="BIT-EXACT")]
    bench.step()
    assert bench.client.get(job) == before
    bench.end(job, verdict="DIVERGED")
    assert bench.client.get(job).state == "succeeded"


def test_who_announced_and_never_came_back_is_not_waited_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    (asked,) = bench.client.check([Request(run_id=bench.run_id)])
    bench.client.announce("a sweep", asked, ["a" * 16])
    bench.step()
    assert bench.owner is not None
    assert bench.owner.expectant
    monkeypatch.setattr(announcing, "_VALID", 0.1)
    bench.client.announce("a sweep", asked, ["b" * 16])
    bench.step()
    time.sleep(0.15)
    bench.step()
    assert not bench.owner.expectant


def test_an_attempt_may_take_so_long_and_no_longer(bench: Bench) -> None:
    job = bench.submit(timeout=1e-6)
    bench.step()
    bench.step()
    assert bench.handle(job) in bench.world.wished
    bench.end(job, stopped=True)
    found = bench.client.get(job)
    assert found.state == "failed"
    assert found.error is not None
    assert "longer than 1e-06 s" in found.error


class Queue(RuleBasedStateMachine):
    """Any order of what clients, owners, machines and disasters do."""

    recorded: Recorded
    jobs: Any = Bundle("jobs")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.bench = Bench(self.recorded, Path(self.folder) / "home")
        self.bench.start()
        self.states: dict[str, str] = {}
        self.paused = False
        self.slots = self.bench.world.slots

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            self.settle()
            self.bench.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def settle(self) -> None:
        """However it came about: once everything is let go, everything comes to an end."""
        if self.bench.owner is None:
            self.bench.start()
        self.bench.client.resume()
        for job in self.bench.client.jobs(states=["queued"]):
            self.bench.client.release(job.run_id)
        for _ in range(200):
            self.bench.step()
            self.look()
            for handle in list(self.bench.world.at_work):
                self.bench.backend.end(handle, Ended(handle, verdict="BIT-EXACT"))
            if all(job.over for job in self.bench.client.jobs()):
                return
        raise AssertionError([job for job in self.bench.client.jobs() if not job.over])

    # -- what users do -------------------------------------------------------------------------------------

    @rule(target=jobs, priority=st.integers(-2, 2), retries=st.integers(0, 2), after=st.none() | jobs)
    def submit(self, priority: int, retries: int, after: str | None) -> Any:
        try:
            return self.bench.submit(priority=priority, retries=retries, after=[after] if after else [])
        except OptionsRefused:
            assert after is not None
            assert self.bench.client.get(after).state in ("failed", "cancelled")
            return multiple()

    @rule(job=jobs)
    def stop(self, job: str) -> None:
        self.bench.client.stop(job)

    @rule(job=jobs)
    def retry(self, job: str) -> None:
        before = self.bench.client.get(job)
        try:
            self.bench.client.retry(job)
        except OptionsRefused:
            assert before.state not in ("failed", "cancelled") or before.after

    @rule(job=jobs, held=st.booleans())
    def hold(self, job: str, held: bool) -> None:
        try:
            (self.bench.client.hold if held else self.bench.client.release)(job)
        except OptionsRefused:
            assert self.bench.client.get(job).state != "queued"

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        self.paused = paused
        (self.bench.client.pause if paused else self.bench.client.resume)()

    @rule(slots=st.integers(1, 3))
    def set_slots(self, slots: int) -> None:
        self.slots = slots
        self.bench.client.set_slots(slots)

    # -- what the owner and the machines do ----------------------------------------------------------------

    @precondition(lambda self: self.bench.owner is not None)
    @rule()
    def step(self) -> None:
        before = len(self.bench.world.begun)
        slots = self.slots
        had = len(self.bench.world.at_work)
        held = {job.run_id for job in self.bench.client.jobs() if job.held}
        self.bench.step()
        begun = self.bench.world.begun[before:]
        assert not (self.paused and begun)
        assert len(self.bench.world.at_work) <= max(slots, had)
        for attempt in begun:
            job = self.bench.client.get(attempt.run_id)
            assert attempt.run_id not in held
            assert {self.bench.client.get(other).state for other in job.after} <= {"succeeded"}

    @precondition(lambda self: self.bench.world.at_work and self.bench.owner is not None)
    @rule(data=st.data(), how=st.sampled_from(["BIT-EXACT", "FAILED", "error", "stopped", "lost"]))
    def end(self, data: st.DataObject, how: str) -> None:
        handle = data.draw(st.sampled_from(sorted(self.bench.world.at_work)))
        if how == "lost":
            self.bench.backend.end(handle, Lost(handle, "the worker is gone"))
        elif how in ("error", "stopped"):
            options: dict[str, Any] = {"error": "broken"} if how == "error" else {"stopped": True}
            self.bench.backend.end(handle, Ended(handle, **options))
        else:
            self.bench.backend.end(handle, Ended(handle, verdict=how))

    @precondition(lambda self: self.bench.owner is not None)
    @rule(with_everything=st.booleans())
    def kill(self, with_everything: bool) -> None:
        self.bench.kill()
        if with_everything:
            self.bench.world.at_work.clear()

    @precondition(lambda self: self.bench.owner is not None)
    @rule()
    def leave(self) -> None:
        assert self.bench.owner is not None
        self.bench.owner.close()
        self.bench.kill()
        assert not self.bench.world.at_work

    @precondition(lambda self: self.bench.owner is None)
    @rule()
    def take_over(self) -> None:
        self.bench.start()

    # -- what holds whatever happens -----------------------------------------------------------------------

    @invariant()
    def look(self) -> None:
        if not hasattr(self, "bench"):
            return
        for job in self.bench.client.jobs():
            before = self.states.get(job.run_id, job.state)
            assert before == job.state or {(before, job.state)} & (EDGES | TWO_STEPS), (before, job)
            self.states[job.run_id] = job.state
        mine = [attempt.run_id for attempt in self.bench.world.at_work.values()]
        assert len(mine) == len(set(mine)), "two attempts at one job"


def test_any_order_of_events_keeps_to_the_diagram(recorded_once: Recorded) -> None:
    Queue.recorded = recorded_once
    Queue.TestCase.settings = settings(
        max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case = Queue.TestCase()
    case.runTest()
