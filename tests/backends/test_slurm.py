"""Reruns as jobs of Slurm: of a real one where it is installed, of submitit's processes everywhere."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.backends.conftest import SUBMITTER, Bench
from tests.backends.slurm import Slurm, available
from tests.rerun.conftest import wait_until


@pytest.fixture(scope="module")
def daemons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if not available():
        pytest.skip("Slurm is not installed, or this is not root; see install-slurm.sh")
    slurm = Slurm(tmp_path_factory.mktemp("slurm"))
    yield slurm
    slurm.stop()


@pytest.fixture
def slurm(daemons: Slurm, monkeypatch: pytest.MonkeyPatch) -> Slurm:
    """Slurm as the default backend."""
    monkeypatch.setenv("SLURM_CONF", str(daemons.conf))
    monkeypatch.setenv("RUNLORE_BACKEND", "slurm:partition=main,slots=3")
    return daemons


@pytest.mark.thorough
def test_slurm_gives_each_notebook_devices_of_its_own(slurm: Slurm, bench: Bench) -> None:
    queue = bench.open()
    jobs = [queue.submit(bench.request(gpus=count, gpu_type="h200")) for count in (2, 1, 1)]
    notebooks = {found.run_id: found for found in bench.waiting(3)}
    assert [len(notebooks[job.run_id].devices) for job in jobs] == [2, 1, 1]
    assert len({name for found in notebooks.values() for name in found.devices}) == 4
    bench.go()
    for job in jobs:
        bench.check_one_result(queue, job, attempts=1)
    refused = queue.submit(bench.request(gpus=1, gpu_type="toaster"))
    ended = wait_until(lambda: now if (now := queue.get(refused.run_id)).over else None, 20)
    assert ended.state == "failed"
    assert "Slurm refuses the job" in (ended.error or "")


@pytest.mark.thorough
def test_what_slurm_kills_runs_again_and_what_is_stopped_does_not(slurm: Slurm, bench: Bench) -> None:
    queue = bench.open()
    jobs = [queue.submit(bench.request()) for _ in range(2)]
    one, two = bench.waiting(2)
    queue.stop(one.run_id)
    assert wait_until(lambda: now if (now := queue.get(one.run_id)).over else None, 20).state == "cancelled"
    assert not one.alive
    running = ("squeue", "--noheader", "--states=running", "--format=%i")
    number = wait_until(lambda: now[0] if len(now := slurm.say(*running).split()) == 1 else None)
    slurm.say("scancel", "--signal=KILL", "--full", number)
    wait_until(lambda: not two.alive, 10)
    bench.go()
    (killed,) = (job for job in jobs if job.run_id == two.run_id)
    bench.check_one_result(queue, killed, attempts=2)


@pytest.mark.thorough
def test_an_attempt_that_still_waits_in_slurm_s_queue_is_taken_back(slurm: Slurm, bench: Bench) -> None:
    queue = bench.open()
    slurm.say("scontrol", "update", "PartitionName=main", "State=DOWN")
    try:
        job = queue.submit(bench.request())
        wait_until(lambda: slurm.say("squeue", "--noheader", "--states=pending"))
        queue.stop(job.run_id)
        assert wait_until(lambda: now if (now := queue.get(job.run_id)).over else None, 30).state == "cancelled"
        assert not slurm.say("squeue", "--noheader", "--states=pending,running")
    finally:
        slurm.say("scontrol", "update", "PartitionName=main", "State=UP")
    assert not bench.holders(job.run_id)


def test_submitit_s_own_processes_do_the_same(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNLORE_BACKENDS", "here=slurm:cluster=local,slots=2")
    queue = bench.open()
    jobs = [queue.submit(bench.request(backend="here")) for _ in range(2)]
    one, two = bench.waiting(2)
    queue.stop(one.run_id)
    assert wait_until(lambda: now if (now := queue.get(one.run_id)).over else None, 20).state == "cancelled"
    assert not one.alive
    bench.go()
    (other,) = (job for job in jobs if job.run_id == two.run_id)
    bench.check_one_result(queue, other, attempts=1)


@pytest.mark.thorough
def test_a_new_owner_finds_slurm_s_jobs(slurm: Slurm, bench: Bench) -> None:
    words = [sys.executable, "-c", SUBMITTER, str(bench.recorded.home.path), bench.recorded.runs["waiting"].run_id]
    owner = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    submitted = [owner.stdout.readline().strip() for _ in range(3)]
    notebooks = bench.waiting(3)
    owner.kill()
    owner.wait()
    bench.go(notebooks[0].run_id)  # it ends while there is nobody
    wait_until(lambda: not notebooks[0].alive)
    queue = bench.open()
    assert all(found.alive for found in notebooks[1:])
    bench.go()
    for run_id in submitted:
        bench.check_one_result(queue, queue.get(run_id), attempts=1)
