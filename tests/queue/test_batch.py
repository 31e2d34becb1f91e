"""Several jobs at once, and what becomes of them when their server, their original or their disk is gone."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from runlore_server.errors import OptionsRefused
from runlore_server.queue.request import Request
from runlore_server.rerun.folder import Folder
from tests.kernel.mounts import mounted
from tests.queue.conftest import OpenQueue, ended, in_new_home
from tests.queue.test_queue import SERVER
from tests.rerun.conftest import Recorded, alive, record, wait_until

WORK = """%%track work
import os, subprocess, time, runlore
from pathlib import Path
runlore.log(loss=1.0)
while hang and Path("hang").exists():
    if not list(Path().glob(f"pids-{os.getpid()}")):
        child = subprocess.Popen(["sleep", "1000"], start_new_session=True, env={})
        Path(f"pids-{os.getpid()}").write_text(f"{os.getpid()} {child.pid}")
    try:
        time.sleep(0.1)
    except KeyboardInterrupt:
        pass
"""
"""With ``hang`` it goes on while there is a file of that name, deaf to interrupts, with a child that left it."""


@pytest.fixture
def work(tmp_path: Path) -> Recorded:
    recorded = record(tmp_path, ["%load_ext runlore", "hang = 0", WORK])
    (recorded.cwd / "hang").touch()
    return recorded


def pids(recorded: Recorded, count: int) -> list[int]:
    """Of so many jobs that hang, kernel and child."""

    def found() -> list[int] | None:
        words = [file.read_text().split() for file in recorded.cwd.glob("pids-*")]
        return [int(word) for each in words for word in each] if sum(map(len, words)) == 2 * count else None

    return list(wait_until(found))


def test_a_server_is_killed_in_the_middle_of_a_batch(
    work: Recorded, open_queue: OpenQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNLORE_SLOTS", "2")
    client = open_queue(work, work=False)
    run_id = work.runs["work"].run_id
    hang: dict[str, Any] = {"parameters": {"hang": 1}}
    done, one, two, last, unwanted = client.submit_many(
        [
            Request(run_id=run_id, priority=9),
            *(Request(run_id=run_id, priority=5, **hang) for _ in range(2)),
            *(Request(run_id=run_id) for _ in range(2)),
        ]
    )
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(work.home.path)], stdout=subprocess.PIPE)
    try:
        before = pids(work, 2)
        assert ended(client, done.run_id).state == "succeeded"
        assert client.stop(unwanted.run_id).state == "cancelled"
        assert {client.get(job.run_id).state for job in (one, two)} == {"running"}
        assert (client.get(last.run_id).state, client.status().owned) == ("queued", True)
        sessions = {Folder(work.home.rerun(job.run_id)).plan().session_id for job in (one, two)}
    finally:
        server.kill()
        server.wait()
    # Nobody but the dead server's own processes ends them. Told to go on before that, they might still succeed.
    wait_until(lambda: not any(map(alive, before)))
    (work.cwd / "hang").unlink()
    queue = open_queue(work)
    after = {job.run_id: job for job in queue.wait([done.run_id, one.run_id, two.run_id, last.run_id], 90)}
    assert {job.state for job in after.values()} == {"succeeded"}
    assert [after[job.run_id].attempt for job in (done, one, two, last)] == [1, 2, 2, 1]
    assert queue.get(unwanted.run_id).state == "cancelled"
    assert not sessions & {path.name for path in work.home.sessions.iterdir()}
    for job in (done, one, two, last):  # each run is in one session
        assert len(list(work.home.sessions.glob(f"*/runs/{job.run_id}"))) == 1


@pytest.mark.parametrize("killed", [False, True])
def test_a_damaged_plan_costs_its_job_an_attempt(work: Recorded, open_queue: OpenQueue, killed: bool) -> None:
    client = open_queue(work, work=False)
    asked = Request(run_id=work.runs["work"].run_id, parameters={"hang": 1})
    job, other = client.submit(asked), client.submit(Request(run_id=asked.run_id))
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(work.home.path)], stdout=subprocess.PIPE)
    try:
        before = pids(work, 1)
        (work.home.rerun(job.run_id) / "plan.json").write_text("{")
        if killed:
            server.kill()
            server.wait()
            wait_until(lambda: not any(map(alive, before)))
            open_queue(work)
        (work.cwd / "hang").unlink()
        done = ended(client, other.run_id)
        assert (done.state, done.error) == ("succeeded", None)
        after = ended(client, job.run_id)
        if not killed:  # one that was interrupted is begun again without being asked
            assert (after.state, after.attempt) == ("failed", 1)
            assert "plan.json" in (after.error or "")
            client.retry(job.run_id)
            after = ended(client, job.run_id)
        assert (after.state, after.attempt, after.error) == ("succeeded", 2, None)
    finally:
        server.kill()
        server.wait()
    # The first attempt's journal was put away, though nothing said where it was.
    assert len(list(work.home.sessions.glob(f"*/runs/{job.run_id}"))) == 1


def test_a_hundred_are_stopped_at_once(
    work: Recorded, open_queue: OpenQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNLORE_SLOTS", "2")
    queue, other = open_queue(work), open_queue(work)
    assert (queue.owner, other.owner) == (True, False)
    request = Request(run_id=work.runs["work"].run_id, parameters={"hang": 1})
    jobs = queue.submit_many([request] * 100)
    assert len({job.run_id for job in jobs}) == 100
    before = pids(work, 2)
    # Nothing was made for those that wait, but for the few that come next.
    assert len(list(work.home.reruns.iterdir())) < 10
    threads = [
        threading.Thread(target=(queue, other)[number % 2].stop, args=[job.run_id])
        for number, job in enumerate(jobs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {job.state for job in queue.wait([job.run_id for job in jobs], 60)} == {"cancelled"}
    assert not any(map(alive, before))
    assert (queue.status().running, queue.status().waiting) == (0, 0)
    assert len(other.forget([job.run_id for job in jobs])) == 100
    assert queue.jobs() == []


def test_a_job_whose_original_is_gone_says_so(quick: Recorded, open_queue: OpenQueue) -> None:
    client = open_queue(quick, work=False)
    request = Request(run_id=quick.runs["quick"].run_id)
    job = client.submit(request)
    waits = client.submit(Request(run_id=job.rerun_of, after=[job.run_id]))
    waits_too = client.submit(Request(run_id=job.rerun_of, after=[waits.run_id[:8]]))
    shutil.rmtree(quick.home.session(quick.session.session_id))
    queue = open_queue(quick)
    failed = ended(queue, job.run_id)
    assert (failed.state, failed.attempt) == ("failed", 1)
    assert failed.error is not None
    assert job.rerun_of in failed.error
    for dependent in (waits, waits_too):
        found = ended(queue, dependent.run_id)
        assert (found.state, found.attempt) == ("cancelled", 0)
        assert found.error is not None
    with pytest.raises(OptionsRefused, match="retry it first"):
        queue.retry(waits.run_id)


def test_a_clock_that_jumps_changes_neither_the_order_nor_who_is_alive(
    quick: Recorded, open_queue: OpenQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, ahead = time.time, iter((86_400.0, -86_400.0, 0.0))
    queue = open_queue(quick)
    queue.pause()
    submitted = []
    for seconds in ahead:
        monkeypatch.setattr(time, "time", lambda seconds=seconds: real() + seconds)
        submitted.append(queue.submit(Request(run_id=quick.runs["quick"].run_id, retries=1)).run_id)
    monkeypatch.setattr(time, "time", lambda: real() - 86_400.0)  # of the owner alone
    begun: list[str] = []

    def note() -> bool:
        begun.extend(job.run_id for job in queue.jobs() if job.attempt and job.run_id not in begun)
        return all(queue.get(run_id).over for run_id in submitted)

    queue.resume()
    wait_until(note)
    assert begun == submitted
    assert {(queue.get(run_id).state, queue.get(run_id).attempt) for run_id in submitted} == {("succeeded", 1)}


def test_held_paused_and_prioritized_jobs(quick: Recorded, open_queue: OpenQueue) -> None:
    queue = open_queue(quick)
    queue.pause()
    low, high, held = (queue.submit(Request(run_id=quick.runs["quick"].run_id)).run_id for _ in range(3))
    queue.hold(held)
    queue.prioritize(high, 3)
    assert (queue.status().paused, queue.status().waiting, queue.status().held) == (True, 2, 1)
    queue.resume()
    after = {job.run_id: job for job in queue.wait([low, high], 60)}
    assert (after[high].started or 0) < (after[low].started or 0)
    assert (queue.get(held).state, queue.get(held).held) == ("queued", True)
    assert queue.drain(10)
    queue.release(held)
    assert ended(queue, held).state == "succeeded"
    for refused in (queue.hold, queue.release, queue.retry):
        with pytest.raises(OptionsRefused, match="succeeded"):
            refused(held)


def fill(path: Path) -> None:
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(file, bytes(4096))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    finally:
        os.close(file)


def test_a_full_disk_loses_no_job(work: Recorded, open_queue: OpenQueue, tmp_path: Path) -> None:
    with mounted("tmpfs", tmp_path, "40m") as disk:
        small = in_new_home(work, disk / "home")
        queue = open_queue(small)
        running = queue.submit(Request(run_id=work.runs["work"].run_id, parameters={"hang": 1}))
        waiting = queue.submit(Request(run_id=running.rerun_of))
        pids(work, 1)
        fill(disk / "filler")
        (work.cwd / "hang").unlink()  # it comes to its end, which cannot be written down
        time.sleep(3)
        assert {job.run_id for job in queue.jobs()} == {running.run_id, waiting.run_id}
        (disk / "filler").unlink()
        first, second = queue.wait([running.run_id, waiting.run_id], 90)
        assert first.over
        assert second.state == "succeeded"
        queue.shutdown()
