"""Reruns on a Dask cluster: whoever dies, each has exactly one result, and nothing is left behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runlore.errors import RunloreError
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.status import Place
from tests.backends.cluster import Cluster
from tests.backends.conftest import SUBMITTER, Bench, Notebook
from tests.rerun.conftest import wait_until

_LEASE = "4"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster with two workers of one thread each."""
    cluster = Cluster(tmp_path_factory.mktemp("dask"))
    cluster.add_worker()
    cluster.add_worker()
    yield cluster
    cluster.stop()


@pytest.fixture
def cluster(shared: Cluster, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster as the default backend."""
    monkeypatch.setenv("RUNLORE_BACKEND", f"dask:{shared.address}")
    monkeypatch.setenv("RUNLORE_LEASE", _LEASE)
    while sum(worker.poll() is None for worker in shared.workers) < 2:
        shared.add_worker()
    return shared


def worker_of(cluster: Cluster, notebook: Notebook) -> subprocess.Popen[bytes]:
    above = {process.pid for process in notebook.ancestors()}
    (worker,) = (worker for worker in cluster.workers if worker.pid in above)
    return worker


def test_a_killed_worker_s_notebook_runs_again_elsewhere(cluster: Cluster, bench: Bench) -> None:
    queue = bench.open()
    jobs = [queue.submit(bench.request()) for _ in range(6)]
    victim, other = bench.waiting(2)
    worker = worker_of(cluster, victim)
    worker.kill()
    wait_until(lambda: not victim.alive, 5)
    cluster.add_worker()
    assert other.alive
    bench.go()
    for job in jobs:
        bench.check_one_result(queue, job, attempts=1 + (job.run_id == victim.run_id))
    assert not other.alive


@pytest.mark.thorough
def test_a_stopped_notebook_leaves_nothing_and_gives_its_slot_back(cluster: Cluster, bench: Bench) -> None:
    queue = bench.open()
    jobs = [queue.submit(bench.request()) for _ in range(3)]
    one, two = bench.waiting(2)
    waits = next(job for job in jobs if job.run_id not in (one.run_id, two.run_id))
    queue.stop(one.run_id)
    assert wait_until(lambda: now if (now := queue.get(one.run_id)).over else None, 10).state == "cancelled"
    assert not one.alive
    assert two.alive
    (three,) = (found for found in bench.waiting(2) if found.kernel != two.kernel)
    assert three.run_id == waits.run_id
    bench.go()
    for job in (waits, queue.get(two.run_id)):
        bench.check_one_result(queue, job, attempts=1)
    assert bench.holders(one.run_id)  # what it had logged by then stays


@pytest.mark.thorough
def test_a_new_owner_finds_what_a_killed_one_began(cluster: Cluster, bench: Bench) -> None:
    words = [sys.executable, "-c", SUBMITTER, str(bench.recorded.home.path), bench.recorded.runs["waiting"].run_id]
    owner = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    submitted = [owner.stdout.readline().strip() for _ in range(3)]
    notebooks = bench.waiting(2)
    owner.kill()
    owner.wait()
    bench.go(notebooks[0].run_id)  # it ends while there is nobody
    wait_until(lambda: not notebooks[0].alive)
    queue = bench.open()
    assert notebooks[1].alive
    bench.go()
    for run_id in submitted:
        bench.check_one_result(queue, queue.get(run_id), attempts=1)


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
    shared: Cluster, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = shared.add_worker(threads=3, RUNLORE_GPUS="4xH200:141GB")
    try:
        monkeypatch.setenv("RUNLORE_BACKENDS", f"gpus=dask:{shared.address}")
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
        worker.kill()
        worker.wait()


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


def place(queue: JobQueue, name: str) -> Place:
    (found,) = (place for place in queue.status().backends if place.name == name)
    return found


def trouble(queue: JobQueue, name: str) -> str | None:
    return place(queue, name).trouble
