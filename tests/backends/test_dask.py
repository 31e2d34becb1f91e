"""What is peculiar to a Dask cluster: its scheduler, the devices of its machines, an address without one."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from runlore.errors import RunloreError
from runlore_server.queue.job import Job
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.status import Place
from tests.backends.cluster import Cluster
from tests.backends.conftest import Bench
from tests.rerun.conftest import wait_until


@pytest.mark.thorough
def test_the_death_of_the_scheduler_stops_all_and_a_new_one_goes_on(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(tmp_path / "dask")
    try:
        cluster.add_worker()
        monkeypatch.setenv("RUNLORE_BACKENDS", f"doomed=dask:{cluster.address}")
        queue = bench.open()
        jobs = [queue.submit(bench.request(backend="doomed")) for _ in range(2)]
        (notebook,) = bench.waiting(1)
        cluster.scheduler.kill()
        cluster.scheduler.wait()
        wait_until(lambda: not notebook.alive, 10)
        bench.go()
        assert wait_until(lambda: trouble(queue, "doomed"), 20)
        assert not any(queue.get(job.run_id).over for job in jobs)
        cluster.workers[0].wait(20)
        cluster.start_scheduler()
        cluster.add_worker()
        for job in jobs:
            bench.check_one_result(queue, job, attempts=1 + (job.run_id == notebook.run_id))
    finally:
        cluster.stop()


@pytest.mark.thorough
def test_notebooks_get_different_devices_of_a_machine(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster(tmp_path / "dask")
    try:
        cluster.add_worker(threads=3, RUNLORE_GPUS="4xH200:141GB")
        monkeypatch.setenv("RUNLORE_BACKENDS", f"gpus=dask:{cluster.address}")
        queue = bench.open()
        wait_until(lambda: len(place(queue, "gpus").devices or ()) == 4)
        jobs = [queue.submit(bench.request(backend="gpus", gpus=count)) for count in (2, 1, 1, 1)]
        notebooks = {found.run_id: found for found in bench.waiting(3)}
        assert [len(notebooks[job.run_id].devices) for job in jobs[:3]] == [2, 1, 1]
        assert len({name for found in notebooks.values() for name in found.devices}) == 4
        assert queue.get(jobs[3].run_id).state == "queued"
        with pytest.raises(RunloreError, match="H200"):
            queue.submit(bench.request(backend="gpus", gpus=8))
        bench.go()
        for job in jobs:
            bench.check_one_result(queue, job, attempts=1)
    finally:
        cluster.stop()


@pytest.mark.thorough
def test_an_address_that_nobody_answers_at_is_told_and_holds_nobody_up(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNLORE_BACKENDS", "away=dask:tcp://127.0.0.1:9")
    bench.go()
    queue = bench.open()
    waits = queue.submit(bench.request(backend="away"))
    bench.check_one_result(queue, queue.submit(bench.request()), attempts=1)
    assert queue.get(waits.run_id).state == "queued"
    wait_until(lambda: "cannot be reached" in (trouble(queue, "away") or ""), 30)


@pytest.mark.thorough
def test_a_worker_that_hangs_keeps_nobody_from_being_stopped(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks it for something waits for no answer: not the queue that knows it, nor one that comes later."""
    cluster = Cluster(tmp_path / "dask")
    try:
        hung = psutil.Process(cluster.add_worker(RUNLORE_GPUS="1xH200:141GB").pid)
        monkeypatch.setenv("RUNLORE_BACKENDS", f"hangs=dask:{cluster.address},slots=3")
        queue = bench.open()
        wait_until(lambda: place(queue, "hangs").devices)  # it has begun, and is known
        hung.suspend()
        jobs = [queue.submit(bench.request(backend="hangs")) for _ in range(3)]
        wait_until(lambda: queue.get(jobs[0].run_id).state == "running")
        for job in jobs:
            queue.stop(job.run_id)
        for job in jobs:
            assert wait_until(lambda job=job: over(queue, job), 40).state == "cancelled"
        queue.shutdown()
        bench.queues.remove(queue)
        cluster.add_worker()
        monkeypatch.setenv("RUNLORE_BACKENDS", f"hangs=dask:{cluster.address}")
        later = bench.open()
        assert wait_until(lambda: place(later, "hangs").slots, 60) == 1
        hung.resume()
        assert wait_until(lambda: place(later, "hangs").slots == 2, 60)
        bench.go()
        bench.check_one_result(later, later.submit(bench.request(backend="hangs")), attempts=1)
    finally:
        cluster.stop()


def over(queue: JobQueue, job: Job) -> Job | None:
    now = queue.get(job.run_id)
    return now if now.over else None


def place(queue: JobQueue, name: str) -> Place:
    (found,) = (place for place in queue.status().backends if place.name == name)
    return found


def trouble(queue: JobQueue, name: str) -> str | None:
    return place(queue, name).trouble
