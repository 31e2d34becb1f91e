"""The durable queue: what it refuses, how it reports, and that it survives the death of its server."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from runlore.errors import RunNotFound
from runlore_server.errors import JobNotFound, KernelMissing, OptionsRefused, ParameterRefused
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.rerun.folder import Folder
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import read_verdict
from tests.queue.conftest import OpenQueue, ended
from tests.rerun.conftest import Recorded, alive, hanging_pids, wait_until

SERVER = """
import sys, time
from runlore.home import Home
from runlore_server.queue.queue import JobQueue
from runlore_server.store.runs import RunStore
home = Home(sys.argv[1])
store = RunStore(home)
store.refresh()
queue = JobQueue(home, store, lambda run_id: None)
queue.start()
print("started", flush=True)
time.sleep(1000)
"""


def test_jobs_run_one_after_the_other_and_tell_of_it(quick: Recorded, open_queue: OpenQueue) -> None:
    told: dict[str, set[tuple[str, int]]] = {}
    ready = threading.Event()

    def on_change(run_id: str) -> None:
        ready.wait(60)
        job = queue.get(run_id)
        told.setdefault(run_id, set()).add((job.state, job.cells_done))

    queue = open_queue(quick, on_change)
    ready.set()
    first = queue.submit(Request(run_id=quick.runs["quick"].run_id[:12]))
    second = queue.submit(Request(run_id=quick.runs["quick"].run_id))
    assert first.state in ("queued", "running")
    assert (first.cells_total, first.name, first.rerun_of) == (2, "quick", quick.runs["quick"].run_id)
    assert [job.run_id for job in queue.jobs()] == [second.run_id, first.run_id]
    assert queue.get(first.run_id[:12]).run_id == first.run_id
    one, two = ended(queue, first.run_id), ended(queue, second.run_id)
    for job in (one, two):
        assert (job.state, job.cells_done, job.cell, job.error) == ("succeeded", 2, None, None)
        assert job.verdict is not None
        assert job.verdict.verdict == "BIT-EXACT"
        assert job.verdict == read_verdict(quick.home, job.run_id)
    assert one.ended is not None
    assert two.started is not None
    assert one.ended <= two.started
    wait_until(lambda: ("succeeded", 2) in told[first.run_id] and ("succeeded", 2) in told[second.run_id])


def test_what_cannot_run_is_refused_before_it_is_queued(quick: Recorded, open_queue: OpenQueue) -> None:
    queue = open_queue(quick)
    before = len(queue.jobs())
    with pytest.raises(RunNotFound):
        queue.submit(Request(run_id="ffffffffffff"))
    with pytest.raises(KernelMissing) as refused:
        queue.submit(Request(run_id=quick.runs["quick"].run_id, kernel="fortran"))
    assert "python3" in refused.value.kernels
    run_id = quick.runs["quick"].run_id
    others = {"seeds": 5, "against": ["ffffffffffff"]}
    for refused_with, error, said in (
        ({"seeds": 4}, OptionsRefused, "needs 5 reruns"),
        ({"seeds": 10**9}, OptionsRefused, "1000 at the most"),
        ({"against": [run_id]}, OptionsRefused, "say how many"),
        ({"seeds": 5, "against": [run_id] * 4}, OptionsRefused, "twice"),
        ({"seeds": 5, "delta": 0.0}, OptionsRefused, "greater than 0"),
        ({"kernel": "python3", "env": "locked"}, OptionsRefused, "kernel of its own"),
        ({"parameters": {"depth": 3}}, ParameterRefused, "'depth'; its parameters: shift = 0"),
        (others, RunNotFound, "ffff"),
    ):
        with pytest.raises(error, match=said):
            queue.submit(Request(run_id=run_id, **refused_with))
    assert len(queue.jobs()) == before
    for use in (queue.get, queue.stop):
        with pytest.raises(JobNotFound):
            use("ffffffffffffffff")


def test_all_that_can_be_asked_of_a_rerun_is_done(quick: Recorded, open_queue: OpenQueue) -> None:
    stages: set[str | None] = set()
    queue = open_queue(quick, lambda run_id: stages.add(queue.get(run_id).stage))
    asked = Request(run_id=quick.runs["quick"].run_id, scope="slice", parameters={"shift": 1}, seeds=5, delta=2.0)
    job = ended(queue, queue.submit(asked).run_id)
    assert (job.state, job.stage, job.error) == ("succeeded", None, None)
    assert {f"fresh seed {number} of 5" for number in range(1, 6)} < stages
    assert job.verdict is not None
    assert job.verdict.verdict == "DIVERGED"  # that was the point of another shift
    assert job.verdict.statistics is not None
    assert all(1 < test.mean < 2 for test in job.verdict.statistics.tests if test.summary == "final window")
    left = {path.name for path in quick.home.sessions.iterdir()}
    assert not {Folder(path.parent).plan().session_id for path in quick.home.reruns.glob("*/*/plan.json")} & left


def test_stopping_a_running_and_a_waiting_job(hanging: Recorded, open_queue: OpenQueue) -> None:
    queue = open_queue(hanging)
    other = open_queue(hanging)  # a second server on the same home: not the one that executes
    running = queue.submit(Request(run_id=hanging.runs["hang"].run_id))
    waiting = other.submit(Request(run_id=running.rerun_of))
    pids = hanging_pids(hanging)
    job = wait_until(lambda: job if (job := queue.get(running.run_id)).cell is not None else None)
    assert (job.state, job.cells_done, job.cell) == ("running", 0, 0)
    assert other.get(waiting.run_id).state == "queued"
    assert other.stop(waiting.run_id).state == "cancelled"
    other.stop(running.run_id)
    assert ended(queue, running.run_id).state == "cancelled"
    assert not any(map(alive, pids))
    assert queue.stop(running.run_id).state == "cancelled"  # once more: it stays as it is
    stopped_in = Folder(hanging.home.rerun(running.run_id)).plan().session_id
    (hanging.cwd / "again").unlink()
    other.retry(running.run_id)
    assert ended(queue, running.run_id).state == "succeeded"
    [holder] = hanging.home.sessions.glob(f"*/runs/{running.run_id}")
    assert holder.parts[-3] != stopped_in
    assert (hanging.home.rerun(running.run_id) / "attempts" / stopped_in).is_dir()


def test_shutdown_leaves_the_job_to_the_next_start(hanging: Recorded, open_queue: OpenQueue) -> None:
    queue = open_queue(hanging)
    job = queue.submit(Request(run_id=hanging.runs["hang"].run_id))
    pids = hanging_pids(hanging)
    queue.shutdown()
    assert not any(map(alive, pids))
    (hanging.cwd / "again").unlink()
    queue = open_queue(hanging)
    after = ended(queue, job.run_id)
    assert after.state == "succeeded"
    assert after.verdict is not None
    assert after.verdict.verdict == "BIT-EXACT"


def test_a_killed_server_s_job_runs_again_once(hanging: Recorded, open_queue: OpenQueue) -> None:
    run_id = hanging.runs["hang"].run_id

    def start_server() -> subprocess.Popen[str]:
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(hanging.home.path)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        assert server.stdout is not None
        assert server.stdout.readline() == "started\n"
        return server

    server = start_server()
    bystander = open_queue(hanging)
    job = bystander.submit(Request(run_id=run_id))
    doomed = bystander.submit(Request(run_id=run_id))
    pids = hanging_pids(hanging)
    first_session = Folder(hanging.home.rerun(job.run_id)).plan().session_id
    (hanging.cwd / "again").unlink()
    server.kill()
    server.wait()
    # The bystander notices, takes over, and runs the job again in a session of its own.
    after = ended(bystander, job.run_id)
    assert (after.state, after.error) == ("succeeded", None)
    assert not any(map(alive, pids))
    assert Folder(hanging.home.rerun(job.run_id)).plan().session_id != first_session
    holders = list(hanging.home.sessions.glob(f"*/runs/{job.run_id}"))
    assert len(holders) == 1
    after = ended(bystander, doomed.run_id)
    assert (after.state, after.error) == ("succeeded", None)


def test_a_job_that_takes_its_server_down_twice_is_given_up(hanging: Recorded, open_queue: OpenQueue) -> None:
    job_id = None
    for _ in range(2):
        server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(hanging.home.path)], stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None
        server.stdout.readline()
        if job_id is None:
            store = RunStore(hanging.home)
            store.refresh()
            client = JobQueue(hanging.home, store, lambda _: None)
            job_id = client.submit(Request(run_id=hanging.runs["hang"].run_id)).run_id
            client.shutdown()
        pids = hanging_pids(hanging)
        server.kill()
        server.wait()
        wait_until(lambda pids=pids: not any(map(alive, pids)))
    job = open_queue(hanging).get(job_id)
    assert job.state == "failed"
    assert job.error is not None
    assert "2 times" in job.error
