"""Notebooks whose reruns tell where they are, and wait to be let go; queues and clusters to carry them out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from runlore.session_record import sessions
from runlore_server.queue.job import Job
from runlore_server.queue.owner import Backends, from_environment
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.store.runs import RunStore
from tests.rerun.conftest import Recorded, alive, record, wait_until

WAITING = """%%track waiting
import os, subprocess, time, runlore
from pathlib import Path
runlore.log(loss=1.0)
if Path("again").exists():
    # With another environment, in a session of its own, and deaf to what becomes of its parent.
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True, env={})
    told = f"{os.getpid()} {child.pid} {os.environ['RUNLORE_RERUN']} {os.environ.get('CUDA_VISIBLE_DEVICES', '')}"
    Path(f"staged-{os.getpid()}").write_text(told)
    os.replace(f"staged-{os.getpid()}", f"at-{os.getpid()}")
    while not (Path("go").exists() or Path(f"go-{os.environ['RUNLORE_RERUN'][:16]}").exists()):
        time.sleep(0.05)
    child.kill()
    child.wait()
runlore.log(loss=0.5)
"""
"""Its reruns write ``at-PID`` and wait for a file ``go``, or one for their run alone."""


SUBMITTER = """
import sys, time
from runlore.home import Home
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.store.runs import RunStore
store = RunStore(Home(sys.argv[1]))
store.refresh()
queue = JobQueue(store.home, store, lambda run_id: None)
queue.start()
for _ in range(3):
    print(queue.submit(Request(run_id=sys.argv[2])).run_id, flush=True)
time.sleep(1000)
"""
"""A process that owns the queue of a home, submits three reruns of a run, and waits."""


class Notebook(NamedTuple):
    """A rerun that waits: its kernel, what that started, the run that it makes, and the devices that it sees."""

    kernel: int
    child: int
    run_id: str
    devices: list[str]

    @property
    def alive(self) -> bool:
        return alive(self.kernel) or alive(self.child)

    def ancestors(self) -> list[psutil.Process]:
        return psutil.Process(self.kernel).parents()


@dataclass
class Bench:
    """A home with the run that is repeated."""

    recorded: Recorded
    queues: list[JobQueue] = field(default_factory=list)

    def open(self, backends: Backends = from_environment) -> JobQueue:
        """A queue of this process, which owns the home unless another one does."""
        store = RunStore(self.recorded.home)
        store.refresh()
        queue = JobQueue(self.recorded.home, store, lambda _: None, backends)
        queue.start()
        self.queues.append(queue)
        return queue

    def request(self, **asked: object) -> Request:
        return Request(run_id=self.recorded.runs["waiting"].run_id, **asked)  # type: ignore[arg-type]

    def waiting(self, count: int, but: tuple[int, ...] = ()) -> list[Notebook]:
        """So many reruns that wait, once they are there; without the kernels given."""

        def look() -> list[Notebook] | None:
            found = [self._read(path) for path in self.recorded.cwd.glob("at-*")]
            found = [one for one in found if one.kernel not in but and alive(one.kernel)]
            return found if len(found) >= count else None

        found: list[Notebook] = wait_until(look)
        return found

    @staticmethod
    def _read(path: Path) -> Notebook:
        kernel, child, mark, *devices = path.read_text().split()
        return Notebook(int(kernel), int(child), mark[:16], devices[0].split(",") if devices else [])

    def go(self, run_id: str = "") -> None:
        """Let all reruns go on, or that which makes the run."""
        (self.recorded.cwd / (f"go-{run_id}" if run_id else "go")).touch()

    def hold(self) -> None:
        """Let further reruns wait."""
        for path in (*self.recorded.cwd.glob("go*"), *self.recorded.cwd.glob("at-*")):
            path.unlink()

    def holders(self, run_id: str) -> list[str]:
        """The sessions among those of the home that claim to hold a run."""
        return [session.session_id for session in sessions(self.recorded.home) if run_id in session.runs]

    def check_one_result(self, queue: JobQueue, job: Job, *, attempts: int) -> None:
        """Of the job there is exactly one result, and it was accepted at the given attempt."""
        ended: Job = wait_until(lambda: now if (now := queue.get(job.run_id)).over else None)
        assert (ended.state, ended.error, ended.attempt) == ("succeeded", None, attempts)
        assert ended.verdict is not None
        assert ended.verdict.verdict == "BIT-EXACT"
        assert len(self.holders(job.run_id)) == 1


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    recorded = record(tmp_path_factory.mktemp("backends"), ["%load_ext runlore", WAITING])
    (recorded.cwd / "again").touch()
    return recorded


@pytest.fixture
def bench(played: Recorded, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setenv("RUNLORE_HOME", str(played.home.path))
    bench = Bench(played)
    bench.hold()
    yield bench
    bench.go()
    for queue in bench.queues:
        for job in queue.jobs():
            if not job.over:
                queue.stop(job.run_id)
        wait_until(lambda queue=queue: all(job.over for job in queue.jobs()))
        queue.shutdown()
