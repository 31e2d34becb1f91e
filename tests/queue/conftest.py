"""A recorded run for the queue to repeat, and queues on its home."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runlore.home import Home
from runlore_server.queue.job import Job
from runlore_server.queue.queue import JobQueue
from runlore_server.store.runs import RunStore
from tests.rerun.conftest import Recorded, hanging, record, wait_until

__all__ = ["hanging"]

OpenQueue = Callable[..., JobQueue]
QUICK = [
    "%load_ext runlore",
    "import random, time\nshift = 0\npause = 0.0",
    "%%track quick\nimport runlore\n"
    "time.sleep(pause)\nfor _ in range(9): runlore.log(loss=random.random() + shift)",
]


@pytest.fixture(scope="package")
def recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("queue"), QUICK)


@pytest.fixture
def quick(recorded_once: Recorded, tmp_path: Path) -> Recorded:
    """A home of one's own with the recorded run ``quick``, whose parameters are ``shift`` and ``pause``."""
    return in_new_home(recorded_once, tmp_path / "own")


def in_new_home(recorded: Recorded, place: Path) -> Recorded:
    shutil.copytree(recorded.home.path, place)
    return Recorded(Home(place), recorded.cwd, recorded.session, recorded.runs)


@pytest.fixture
def open_queue() -> Iterator[OpenQueue]:
    opened: list[JobQueue] = []

    def start(
        recorded: Recorded, on_change: Callable[[str], None] = lambda _: None, *, work: bool = True
    ) -> JobQueue:
        store = RunStore(recorded.home)
        store.refresh()
        queue = JobQueue(recorded.home, store, on_change)
        opened.append(queue)
        if work:
            queue.start()
        return queue

    yield start
    for queue in opened:
        queue.shutdown()


def ended(queue: JobQueue, run_id: str) -> Job:
    found = wait_until(lambda: job if (job := queue.get(run_id)).over else None)
    assert isinstance(found, Job)
    return found
