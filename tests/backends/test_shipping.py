"""Reruns on workers that see neither the home nor the notebook's folder: all is sent, and comes back."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.session_record import SessionRecord, sessions
from runlore_server.backends.followed import Followed, arrived
from runlore_server.backends.returned import target
from runlore_server.bundle.manifest import Member
from runlore_server.errors import RerunRefused
from runlore_server.queue.job import Job
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.rerun.folder import Folder
from runlore_server.store.curves import POINT, read_points
from tests.backends.cluster import Cluster
from tests.backends.conftest import SUBMITTER, Bench
from tests.rerun.conftest import Recorded, alive, record, wait_until
from tests.sweep.conftest import Swept
from tests.sweep.test_population import ASKED, SETTINGS, TRAINING, check_lineage

FAR = """%%track far
import os, random, subprocess, sys, time, runlore
from pathlib import Path
import mine
numbers = [float(line) for line in open("data/numbers.csv")]
told = subprocess.run([sys.executable, "-c", "import mine; print(mine.FACTOR)"], capture_output=True, text=True)
for step in range(3):
    runlore.log(loss=mine.FACTOR * sum(numbers) * random.random() + float(told.stdout), step=step)
Path("model.bin").write_bytes(random.randbytes(5_000_000))
runlore.log_artifact("model.bin")
if meeting := os.environ.get("MEETING"):
    Path(meeting, f"at-{os.getpid()}").write_text(os.getcwd())
    while not Path(meeting, "go").exists():
        time.sleep(0.05)
"""
"""Reads data, a module also in a process of its own, and random numbers; leaves an artifact that takes several
messages. Its reruns wait where the environment says so."""

ELSEWHERE = "%%track elsewhere\nimport runlore\nrunlore.log(loss=float(open({path!r}).read()))"


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("far")
    (folder / "work" / "data").mkdir(parents=True)
    (folder / "work" / "data" / "numbers.csv").write_text("1.5\n2.25\n")
    (folder / "work" / "mine.py").write_text("FACTOR = 3.0\n")
    (folder / "elsewhere.csv").write_text("1")
    elsewhere = ELSEWHERE.format(path=str(folder / "elsewhere.csv"))
    return record(folder, ["%load_ext runlore", FAR, elsewhere, SETTINGS, TRAINING])


@pytest.fixture(scope="module")
def cluster(far: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Workers for which there is nothing where the run was recorded, with a home and a folder of their own."""
    probe = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", str(far.cwd.parent)]
    if shutil.which("unshare") is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("a folder cannot be hidden from a process here")
    cluster = Cluster(tmp_path_factory.mktemp("dask"), hidden=far.cwd.parent)
    yield cluster
    cluster.stop()


@pytest.fixture
def meeting(tmp_path: Path) -> Path:
    folder = tmp_path / "meeting"
    folder.mkdir()
    return folder


@pytest.fixture
def bench(far: Recorded, cluster: Cluster, meeting: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("RUNLORE_HOME", str(far.home.path))
    monkeypatch.setenv("RUNLORE_BACKEND", f"dask:{cluster.address}")
    monkeypatch.setenv("RUNLORE_LEASE", "4")
    bench = Bench(far)
    yield bench
    (meeting / "go").touch()
    for worker in cluster.workers:
        worker.kill()
        worker.wait()
    cluster.workers.clear()
    for queue in bench.queues:
        queue.shutdown()


def submitted(bench: Bench, queue: JobQueue, name: str = "far") -> Job:
    return queue.submit(Request(run_id=bench.recorded.runs[name].run_id))


def waiting(meeting: Path, but: tuple[int, ...] = ()) -> int:
    """The kernel of a rerun that waits."""

    def look() -> int | None:
        found = [int(path.name.removeprefix("at-")) for path in meeting.glob("at-*")]
        return next((pid for pid in found if pid not in but and alive(pid)), None)

    return int(wait_until(look))


def made(bench: Bench, run_id: str) -> tuple[RunRecord, SessionRecord]:
    ((run, session),) = (
        (session.runs[run_id], session) for session in sessions(bench.recorded.home) if run_id in session.runs
    )
    return run, session


def test_a_worker_without_the_home_is_sent_what_it_needs_and_sends_back_what_it_made(
    bench: Bench, cluster: Cluster, tmp_path: Path
) -> None:
    worker = cluster.add_worker(RUNLORE_HOME=str(tmp_path / "other"))
    queue = bench.open()
    job = submitted(bench, queue)
    bench.check_one_result(queue, job, attempts=1)
    run, session = made(bench, job.run_id)
    # As if it had been made here: its folders, its curves, its artifact, its notebook.
    assert session.info is not None
    assert session.info.cwd == str(bench.recorded.cwd)
    assert [read.path for cell in session.cells.values() for read in cell.facts.reads] == [
        str(bench.recorded.cwd / "data" / "numbers.csv")
    ]
    (artifact,) = run.artifacts.values()
    assert len(ObjectStore(bench.recorded.home.objects).get(artifact.digest)) == 5_000_000
    assert all(path.is_file() for path in run.curves.values())
    folder = Folder(bench.recorded.home.rerun(job.run_id))
    assert folder.notebook.is_file()
    assert str(cluster.directory) not in "".join(path.read_text() for path in folder.path.glob("*.json"))
    # Nothing is left there, but the contents for the next one.
    (depot,) = cluster.directory.glob("dask-scratch-space/worker-*/runlore")
    wait_until(lambda: sorted(path.name for path in depot.iterdir()) == ["contents", "environments"])
    assert not (tmp_path / "other").exists()
    # What is neither below the folder nor there: refused before anything of it is executed.
    refused = submitted(bench, queue, "elsewhere")
    ended = wait_until(lambda: now if (now := queue.get(refused.run_id)).over else None)
    assert ended.state == "failed"
    assert "elsewhere.csv is missing" in (ended.error or "")
    assert "must be on every machine at the same path" in (ended.error or "")
    assert not bench.holders(refused.run_id)
    assert worker.poll() is None


@pytest.mark.thorough
def test_a_worker_that_dies_or_sleeps_gives_no_second_result(
    bench: Bench, cluster: Cluster, meeting: Path
) -> None:
    queue = bench.open()
    victim = cluster.add_worker(MEETING=str(meeting))
    job = submitted(bench, queue)
    first = waiting(meeting)
    victim.kill()
    wait_until(lambda: not alive(first))
    other = cluster.add_worker()
    bench.check_one_result(queue, job, attempts=2)
    other.kill()
    # A machine sleeps; it wakes when the rerun has come to its end elsewhere.
    sleeper = cluster.add_worker(MEETING=str(meeting))
    job = submitted(bench, queue)
    late = waiting(meeting, but=(first,))
    top = psutil.Process(sleeper.pid)
    asleep = [top, *top.children(recursive=True)]
    for process in asleep:
        process.suspend()
    cluster.add_worker()
    bench.check_one_result(queue, job, attempts=2)
    before = content(bench, job.run_id)
    for process in asleep:
        with contextlib.suppress(psutil.NoSuchProcess):  # whoever woke before has ended it
            process.resume()
    (meeting / "go").touch()
    wait_until(lambda: not alive(late))
    assert content(bench, job.run_id) == before
    assert len(bench.holders(job.run_id)) == 1


@pytest.mark.thorough
def test_a_new_owner_fetches_what_a_killed_one_had_sent(bench: Bench, cluster: Cluster, meeting: Path) -> None:
    cluster.add_worker(MEETING=str(meeting))
    words = [sys.executable, "-c", SUBMITTER, str(bench.recorded.home.path), bench.recorded.runs["far"].run_id]
    owner = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    submitted = [owner.stdout.readline().strip() for _ in range(3)]
    kernel = waiting(meeting)
    owner.kill()
    owner.wait()
    (meeting / "go").touch()
    wait_until(lambda: not alive(kernel))  # it ends while there is nobody
    queue = bench.open()
    for run_id in submitted:
        bench.check_one_result(queue, queue.get(run_id), attempts=1)


def content(bench: Bench, run_id: str) -> dict[str, int]:
    folder = bench.recorded.home.rerun(run_id)
    return {str(path): path.stat().st_mtime_ns for path in folder.glob("*") if path.is_file()}


@pytest.mark.thorough
def test_what_is_stopped_far_away_keeps_what_it_had_and_leaves_nothing(
    bench: Bench, cluster: Cluster, meeting: Path
) -> None:
    cluster.add_worker(MEETING=str(meeting))
    queue = bench.open()
    job = submitted(bench, queue)
    kernel = waiting(meeting)
    queue.stop(job.run_id)
    assert wait_until(lambda: now if (now := queue.get(job.run_id)).over else None).state == "cancelled"
    assert not alive(kernel)
    run, _ = made(bench, job.run_id)
    assert run.curves["loss"].is_file()


@pytest.mark.thorough
def test_checkpoints_travel_too(bench: Bench, cluster: Cluster) -> None:
    cluster.add_worker()
    swept = Swept(bench.recorded)
    sweep = swept.sweep(*ASKED, "--population", "2", "--trials", "4", "--jobs", "1")
    assert (sweep["state"], sweep["counts"]) == ("finished", {"complete": 4})
    check_lineage(swept, sweep, members=2)


@pytest.mark.thorough
def test_a_bad_trial_is_pruned_while_it_trains_far_away(bench: Bench, cluster: Cluster) -> None:
    cluster.add_worker()
    swept = Swept(bench.recorded)
    arguments = ["-p", "lr=0.5,0.001", "epochs=60", "pause=0.2", "--metric", "val_loss", "--sampler", "grid"]
    sweep = swept.sweep(*arguments, "--pruner", "halving", "--steps", "3..60", "--jobs", "1")
    assert [trial["state"] for trial in sweep["trials"]] == ["complete", "pruned"]
    run, _ = made(bench, sweep["trials"][1]["runs"][0])
    points = read_points(run.metrics["val_loss"])
    assert 3 <= len(points) < 60
    assert run.status != "finished"
    followed = arrived(bench.recorded.home, run.run_id)
    assert followed is not None
    assert set(followed.points.tolist()) <= set(points.tolist())


def test_what_is_followed_stays_small_and_keeps_every_extreme() -> None:
    curve = np.zeros(100_000, POINT)
    curve["step"] = np.arange(len(curve))
    curve["value"] = np.sin(curve["step"])
    curve["value"][12_345], curve["value"][54_321] = -7, 7
    followed = Followed(session="first", seen=10, records=curve[:10].tobytes())
    for start in range(0, len(curve), 10_000):
        part = curve[start : start + 10_000]
        followed = followed.joined(Followed(session="second", seen=start + 10_000, records=part.tobytes()))
    points = followed.points
    assert (followed.session, followed.seen) == ("second", 100_000)
    assert len(points) <= 1000
    assert {-7.0, 7.0} <= set(points["value"].tolist())
    assert (points["step"][0], points["step"][-1]) == (0, 99_999)


@pytest.mark.parametrize(
    "name",
    [
        "rerun/../../key",
        "rerun/tenure.json",
        "rerun/claim",
        "sessions/mlflow-1/events.jsonl",
        "sessions/x/../../key",
        "objects/" + "0" * 64,
        "/etc/passwd",
        "rerun//x",
        "key",
    ],
)
def test_what_comes_back_leads_nowhere_else(name: str, tmp_path: Path) -> None:
    with pytest.raises(RerunRefused, match="as no attempt makes"):
        target(tmp_path, Member(name=name, size=1, digest="1" * 64))
    assert target(tmp_path, Member(name="rerun/again/plan.json", size=1, digest="")) == (
        tmp_path / "rerun" / "again" / "plan.json"
    )
