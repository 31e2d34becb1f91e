"""Attempts on machines that are cut off: they end, and what they write late is worth nothing."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from runlore_server.backends import node
from runlore_server.backends.node import Order
from runlore_server.backends.place import Place
from runlore_server.backends.remote import Held, Over, RemoteBackend
from runlore_server.backends.report import ReportReader
from runlore_server.errors import RerunRefused
from runlore_server.queue.backend import Attempt, Capacity, Ended
from runlore_server.queue.queue import JobQueue
from runlore_server.rerun.prepare import prepare_as_asked
from runlore_server.store.runs import RunStore
from tests.backends.conftest import Bench, Notebook
from tests.rerun.conftest import wait_until

_MACHINE = "import sys; from runlore_server.backends.node import carry_out; print(carry_out(sys.argv[1]))"


class Machines(RemoteBackend):
    """Two machines that cannot be reached once they have begun: processes of their own."""

    def __init__(self) -> None:
        super().__init__("machines")
        self.processes: list[subprocess.Popen[str]] = []

    def capacity(self) -> Capacity:
        return Capacity(2)

    def _send(self, order: Order) -> str:
        words = [sys.executable, "-c", _MACHINE, order.text()]
        self.processes.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
        return str(self.processes[-1].pid)

    def _over(self, held: Held) -> Over | None:  # noqa: ARG002 - nobody can ask
        return None

    def _stop(self, held: Held) -> None:
        """It reads that it is to stop."""

    def _kill(self, held: Held) -> None:
        """Nobody can."""

    def _forget(self, held: Held) -> None:
        """Nothing was kept."""


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    monkeypatch.setenv("RUNLORE_LEASE", "4")
    machines = Machines()
    yield machines
    for process in machines.processes:
        process.kill()
        process.wait()


@pytest.fixture
def queue(bench: Bench, machines: Machines) -> JobQueue:
    return bench.open(lambda *_: {"machines": machines})


def content(bench: Bench, run_id: str) -> dict[Path, bytes]:
    folder = bench.recorded.home.rerun(run_id)
    return {path: path.read_bytes() for path in folder.glob("*") if path.is_file()}


@contextlib.contextmanager
def asleep(notebook: Notebook, machine: subprocess.Popen[str]) -> Iterator[None]:
    """The machine does nothing for a while."""
    top = psutil.Process(machine.pid)
    slept = [top, *top.children(recursive=True), psutil.Process(notebook.child)]
    for process in slept:
        process.suspend()
    try:
        yield
    finally:
        for process in slept:
            with contextlib.suppress(psutil.NoSuchProcess):  # whoever woke before has ended it
                process.resume()


def test_a_machine_that_slept_ends_what_it_did_and_its_results_are_refused(
    bench: Bench, queue: JobQueue, machines: Machines
) -> None:
    job = queue.submit(bench.request())
    (late,) = bench.waiting(1)
    with asleep(late, machines.processes[0]):
        (again,) = bench.waiting(1, but=(late.kernel,))
        assert again.run_id == late.run_id
        bench.go()
        bench.check_one_result(queue, job, attempts=2)
        before = content(bench, job.run_id)
    said, _ = machines.processes[0].communicate(timeout=20)
    assert not late.alive
    assert said.startswith("given up")
    assert content(bench, job.run_id) == before
    assert len(bench.holders(job.run_id)) == 1
    assert queue.get(job.run_id).verdict is not None


def test_a_machine_that_cannot_reach_the_home_ends_what_it_does(
    bench: Bench, queue: JobQueue, machines: Machines
) -> None:
    job = queue.submit(bench.request())
    (cut_off,) = bench.waiting(1)
    folder = bench.recorded.home.rerun(job.run_id)
    os.replace(folder, folder.with_name("away"))
    try:
        wait_until(lambda: not cut_off.alive)
    finally:
        os.replace(folder.with_name("away"), folder)
    bench.go()
    bench.check_one_result(queue, job, attempts=2)


def test_an_attempt_that_is_stopped_keeps_what_it_logged(bench: Bench, queue: JobQueue) -> None:
    job = queue.submit(bench.request())
    (notebook,) = bench.waiting(1)
    queue.stop(job.run_id)
    assert wait_until(lambda: now if (now := queue.get(job.run_id)).over else None).state == "cancelled"
    assert not notebook.alive
    (session,) = bench.holders(job.run_id)
    assert bench.recorded.home.session(session).is_dir()


def attempt(bench: Bench, home: Path | None = None) -> Attempt:
    recorded = bench.recorded
    store = RunStore(recorded.home)
    store.refresh()
    request = bench.request()
    folder = prepare_as_asked(recorded.home, store.find(request.run_id), request, find=store.find)
    where = str(home or recorded.home.path)
    return Attempt(home=where, run_id=folder.plan().run_id, number=1, token="0123456789abcdef", request=request)


def test_a_machine_without_the_home_or_with_another_runlore_says_so(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(RerunRefused, match="must lie on storage that all machines have"):
        node.carry_out(Order(attempt=attempt(bench, tmp_path / "elsewhere"), patience=4).text())
    place = Place(attempt(bench))
    place.furnish()
    said = node.carry_out(Order(attempt=place.attempt, patience=4, runlore="0.0.1").text())
    assert "Runlore 0.0.1" in said
    (event,) = ReportReader(place.report, "handle").read()
    assert event == Ended("handle", error=said)
    # An engine that begins the same attempt once more is told so.
    assert node.carry_out(Order(attempt=place.attempt, patience=4).text()) == "begun elsewhere already"


def test_a_journal_that_a_lost_attempt_begins_late_is_put_aside_too(bench: Bench) -> None:
    place = Place(attempt(bench))
    place.furnish()
    session = place.home.session(place.folder.plan().session_id)
    for content in ("begun\n", "late\n"):
        session.mkdir()
        (session / "events.jsonl").write_text(content)
        place.set_aside()
        assert not session.exists()
    kept = {path.read_text() for path in place.whole.path.glob("attempts/**/events.jsonl")}
    assert kept == {"begun\n", "late\n"}
