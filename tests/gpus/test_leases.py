"""Jobs of the real queue with four devices: disjoint while they run, and seen by their kernels."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runlore.session_record import sessions
from runlore_server.errors import OptionsRefused
from runlore_server.queue.job import Job
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.store.runs import RunStore
from tests.rerun.conftest import Recorded, record, wait_until

HOLD = """%%track hold
import os, time, runlore
from pathlib import Path
runlore.log(loss=1.0)
seen = [os.environ.get(name, "unset") for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER")]
runlore.log_params({"seen": seen})
if Path("again").exists():
    Path(f"staged-{os.getpid()}").write_text(seen[0])
    os.replace(f"staged-{os.getpid()}", f"seen-{os.getpid()}")
    while not Path("go").exists():
        time.sleep(0.05)
"""
"""Where there is a file ``again``, it goes on holding what it has until there is a file ``go``."""


OWN = """%%track own
import os, runlore
os.environ["CUDA_VISIBLE_DEVICES"] = "7"
runlore.log(loss=1.0)
"""


@pytest.fixture(scope="module")
def holding(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("leases"), ["%load_ext runlore", HOLD, OWN])


@pytest.fixture
def queue(holding: Recorded, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobQueue]:
    monkeypatch.setenv("RUNLORE_GPUS", "4xH200:141GB")
    monkeypatch.setenv("RUNLORE_SLOTS", "4")
    store = RunStore(holding.home)
    store.refresh()
    found = JobQueue(holding.home, store, lambda _: None)
    found.start()
    try:
        yield found
    finally:
        found.shutdown()
        store.close()


def seen_by(holding: Recorded, job: Job) -> list[str]:
    """What the kernel of a job found in its environment."""
    (run,) = (run for one in sessions(holding.home) for run in one.runs.values() if run.run_id == job.run_id)
    return list(run.params["seen"])


def test_two_one_and_one_of_four_are_disjoint(holding: Recorded, queue: JobQueue) -> None:
    original = holding.runs["hold"].run_id
    (holding.cwd / "again").touch()
    jobs = [queue.submit(Request(run_id=original, gpus=count)) for count in (2, 1, 1)]
    further = queue.submit(Request(run_id=original, gpus=0.5))
    files = wait_until(lambda: len(found := list(holding.cwd.glob("seen-*"))) == 3 and found)
    assert sorted(file.read_text() for file in files) == ["0,1", "2", "3"]
    assert queue.get(further.run_id).state == "queued", "there is a slot for it, and no device"
    assert [queue.get(job.run_id).gpus for job in (*jobs, further)] == [2, 1, 1, 0.5]

    told = json.loads(holding.command("gpus", "--json", env={"RUNLORE_GPUS": "4xH200:141GB"}).stdout)
    first, second, third = (job.run_id for job in jobs)
    assert [one["jobs"] for one in told["gpus"]] == [[first], [first], [second], [third]]

    (holding.cwd / "go").touch()
    done = queue.wait([*(job.run_id for job in jobs), further.run_id], timeout=120)
    assert {job.state for job in done} == {"succeeded"}, [job.error for job in done]
    assert [seen_by(holding, job) for job in done[:3]] == [[one, "PCI_BUS_ID"] for one in ("0,1", "2", "3")]
    assert seen_by(holding, done[3])[0] in {"0", "1", "2", "3"}


def test_a_job_that_asks_for_none_sees_what_was_recorded(holding: Recorded, queue: JobQueue) -> None:
    (holding.cwd / "go").touch()
    job = queue.submit(Request(run_id=holding.runs["hold"].run_id))
    queue.wait([job.run_id], timeout=120)
    assert seen_by(holding, job) == list(holding.runs["hold"].params["seen"])


def test_code_that_takes_other_devices_is_told(holding: Recorded, queue: JobQueue) -> None:
    (holding.cwd / "go").touch()
    job = queue.submit(Request(run_id=holding.runs["own"].run_id, gpus=1))
    (done,) = queue.wait([job.run_id], timeout=120)
    assert done.verdict is not None
    assert done.verdict.verdict == "BIT-EXACT"
    assert "The code set CUDA_VISIBLE_DEVICES to '7' itself" in done.verdict.reason


def test_a_kernelspec_does_not_choose_devices(
    holding: Recorded, queue: JobQueue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "kernels" / "pinned" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    environ = {"CUDA_VISIBLE_DEVICES": "3"}
    spec.write_text(json.dumps({"argv": argv, "display_name": "P", "language": "python", "env": environ}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    (holding.cwd / "go").touch()
    job = queue.submit(Request(run_id=holding.runs["hold"].run_id, kernel="pinned", gpus=1))
    (done,) = queue.wait([job.run_id], timeout=120)
    assert done.verdict is not None, done.error
    assert seen_by(holding, job)[0] == "0"
    assert "sets CUDA_VISIBLE_DEVICES to '3'; it got '0' instead" in done.verdict.reason


def test_what_no_machine_could_give_is_not_queued(holding: Recorded, queue: JobQueue) -> None:
    original = holding.runs["hold"].run_id
    before = len(queue.jobs())
    for wrong, said in (
        (Request(run_id=original, gpus=5), "4 x H200"),
        (Request(run_id=original, gpus=1, gpu_type="B300"), "b300"),
        (Request(run_id=original, gpus=1.5), "whole"),
    ):
        with pytest.raises(OptionsRefused, match=said):
            queue.submit(wrong)
    assert len(queue.jobs()) == before
