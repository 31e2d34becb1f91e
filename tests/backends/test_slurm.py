"""What is peculiar to Slurm: it gives the devices, and has a queue of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.conftest import Bench
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


@pytest.mark.thorough
def test_a_machine_without_the_home_is_told_with_what_to_do(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not available():
        pytest.skip("Slurm is not installed, or this is not root; see install-slurm.sh")
    slurm = Slurm(tmp_path / "slurm", hidden=bench.recorded.home.path)
    try:
        monkeypatch.setenv("SLURM_CONF", str(slurm.conf))
        monkeypatch.setenv("RUNLORE_BACKEND", "slurm:partition=main")
        queue = bench.open()
        job = queue.submit(bench.request())
        ended = wait_until(lambda: now if (now := queue.get(job.run_id)).over else None)
        assert (ended.state, ended.attempt) == ("failed", 1)
        assert f"could not write in {bench.recorded.home.path}" in (ended.error or "")
        assert "on storage that they share" in (ended.error or "")
        assert not bench.holders(job.run_id)
    finally:
        slurm.stop()
