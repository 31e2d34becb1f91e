"""Runners and kernels started ahead: quick, clean, and gone when nobody needs them."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import msgspec
import psutil
import pytest

from runlore.curve import last_point
from runlore_server.queue.request import Request
from runlore_server.rerun import tree
from runlore_server.rerun.execution import Watch, fulfil
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.prepare import prepare_as_asked, reread
from runlore_server.rerun.warm import WarmRunners
from tests.rerun.conftest import Recorded, alive, queue_at_work, record, wait_until

CELL = """%%track all
import random, runlore
runlore.log(loss=random.random())
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("warm"), ["%load_ext runlore", CELL])


@pytest.fixture
def warm(recorded: Recorded) -> Iterator[WarmRunners]:
    runners = WarmRunners(recorded.home, 2)
    runners.get_ready()
    yield runners
    runners.close()


def prepared(recorded: Recorded) -> Folder:
    run = recorded.runs["all"]
    return prepare_as_asked(recorded.home, run, Request(run_id=run.run_id), find=recorded.runs.__getitem__)


def carried_out(recorded: Recorded, folder: Folder, warm: WarmRunners) -> int:
    """Execute a prepared rerun as the queue does; the pid of its kernel."""
    request = Request(run_id=recorded.runs["all"].run_id)
    verdict = fulfil(recorded.home, folder, request, [], Watch(), warm.take(folder), warm.start)
    assert verdict is not None
    assert verdict.verdict == "BIT-EXACT", verdict.reason
    plan = folder.plan()
    assert not tree.members(plan.run_id)
    info = reread(recorded.home, plan.session_id).info
    assert info is not None
    return info.process.pid


def booted(folder: Folder) -> psutil.Process:
    """The kernel that was started ahead for a folder."""

    def kernel() -> psutil.Process | None:
        for one in tree.members(folder.mark()):
            with contextlib.suppress(psutil.NoSuchProcess):  # what it starts may have ended meanwhile
                if "ipykernel_launcher" in " ".join(one.cmdline()):
                    return one
        return None

    found = wait_until(kernel)
    assert isinstance(found, psutil.Process)
    return found


def wait_for(folder: Folder) -> Folder:
    """A folder, once it holds a prepared rerun."""
    wait_until(folder.launch_file.exists)
    return folder


def test_a_booted_kernel_serves_the_rerun_it_was_booted_for(recorded: Recorded, warm: WarmRunners) -> None:
    folder, other = prepared(recorded), prepared(recorded)
    assert warm.boot(folder)
    kernel = booted(folder)
    assert carried_out(recorded, other, warm) != kernel.pid
    assert carried_out(recorded, folder, warm) == kernel.pid


def test_a_kernel_booted_for_something_else_is_thrown_away(recorded: Recorded, warm: WarmRunners) -> None:
    folder = prepared(recorded)
    warm.boot(folder)
    kernel = booted(folder)
    folder.assign({"DEVICES": "GPU-1"})
    assert carried_out(recorded, folder, warm) != kernel.pid
    assert not alive(kernel.pid)


def test_what_a_lease_assigns_wins_over_the_kernelspec(recorded: Recorded, warm: WarmRunners) -> None:
    folder = prepared(recorded)
    launch = folder.launch()
    kernel = msgspec.structs.replace(launch.kernel, environ={"DEVICES": "all", "OTHER": "by the spec"})
    folder.create(folder.plan(), msgspec.structs.replace(launch, kernel=kernel, assigned={"DEVICES": "GPU-2"}))
    warm.boot(folder)
    environ = booted(folder).environ()
    assert environ["DEVICES"] == "GPU-2"
    assert environ["OTHER"] == "by the spec"


def test_what_died_or_is_not_needed_leaves_nothing(recorded: Recorded, warm: WarmRunners) -> None:
    folder, third, other = prepared(recorded), prepared(recorded), prepared(recorded)
    assert warm.boot(folder)
    assert warm.boot(third)
    assert not warm.boot(other)  # two are as many as may be
    kernel = booted(folder)
    kernel.kill()
    wait_until(lambda: not alive(kernel.pid))
    assert carried_out(recorded, folder, warm) != kernel.pid
    assert warm.boot(other)
    runner = booted(other).parent()
    assert runner is not None
    runner.kill()
    wait_until(lambda: not tree.members(other.mark()))
    if sys.platform == "linux":
        wait_until(lambda: not tree.sockets(other.mark()))  # elsewhere with the next attempt
    carried_out(recorded, other, warm)
    kernel = booted(third)
    warm.drop(third)
    assert not alive(kernel.pid)
    assert not tree.members(third.mark())
    assert not tree.sockets(third.mark()) + tree.sockets(other.mark())


BOOTS = """
import sys, time
from pathlib import Path
from runlore.home import Home
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.warm import WarmRunners
runners = WarmRunners(Home(Path(sys.argv[1])), 1)
runners.boot(Folder(Path(sys.argv[2])))
time.sleep(1000)
"""


def test_what_a_dead_owner_had_booted_is_in_nobodys_way(recorded: Recorded, warm: WarmRunners) -> None:
    folder = prepared(recorded)
    owner = subprocess.Popen([sys.executable, "-c", BOOTS, str(recorded.home.path), str(folder.path)])
    try:
        kernel = booted(folder)
        child = warm.take(folder)
        request = Request(run_id=recorded.runs["all"].run_id)
        dies = Watch(started=lambda _: owner.kill())  # so that one runner ends as the other begins
        verdict = fulfil(recorded.home, folder, request, [], dies, child, warm.start)
    finally:
        owner.kill()
        owner.wait()
    assert verdict is not None
    assert verdict.verdict == "BIT-EXACT", verdict.reason
    wait_until(lambda: not alive(kernel.pid) and not tree.sockets(folder.mark()))


@pytest.mark.skipif(sys.platform != "linux", reason="there are no nests elsewhere")
def test_the_death_of_a_nest_ends_no_rerun(recorded: Recorded, warm: WarmRunners) -> None:
    folder = prepared(recorded)
    warm.boot(folder)
    kernel = booted(folder)
    runner = kernel.parent()
    assert runner is not None
    keeper = runner.parent()
    assert keeper is not None
    nest = keeper.parent()
    assert nest is not None
    assert nest.ppid() == os.getpid()
    nest.send_signal(signal.SIGKILL)
    wait_until(lambda: keeper.ppid() != nest.pid)
    assert carried_out(recorded, folder, warm) == kernel.pid
    assert carried_out(recorded, prepared(recorded), warm) != kernel.pid


WAITS = """%%track waits
import time, runlore
from pathlib import Path
runlore.log(loss=1.0)
while Path("wait").exists():
    time.sleep(0.05)
"""


def test_the_queue_boots_what_is_next_and_takes_it_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNLORE_SLOTS", "1")
    recorded = record(tmp_path, ["%load_ext runlore", WAITS])
    (recorded.cwd / "wait").touch()
    with queue_at_work(recorded) as (_, queue):
        request = Request(run_id=recorded.runs["waits"].run_id)
        first, second, third = queue.submit_many([request] * 3)
        folder = Folder(recorded.home.rerun(second.run_id))
        kernel = booted(wait_for(folder))
        assert queue.get(second.run_id).state == "queued"
        queue.stop(second.run_id)
        other = booted(wait_for(Folder(recorded.home.rerun(third.run_id))))
        assert not alive(kernel.pid)
        assert not folder.path.exists()
        (recorded.cwd / "wait").unlink()
        queue.wait([first.run_id, third.run_id], timeout=120)
        assert queue.get(first.run_id).state == queue.get(third.run_id).state == "succeeded"
        plan = Folder(recorded.home.rerun(third.run_id)).plan()
        info = reread(recorded.home, plan.session_id).info
        assert info is not None
        assert info.process.pid == other.pid


SWEPT = """%%track waits
import time, runlore
from pathlib import Path
lr = 0.1
runlore.log(loss=lr)
while Path("wait").exists():
    time.sleep(0.05)
"""


def test_what_is_announced_boots_before_its_parameters_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNLORE_SLOTS", "1")
    recorded = record(tmp_path, ["%load_ext runlore", SWEPT])
    (recorded.cwd / "wait").touch()

    def asked(**more: Any) -> Request:
        return Request(run_id=recorded.runs["waits"].run_id, **more)

    def folder(run_id: str) -> Folder:
        return Folder(recorded.home.rerun(run_id))

    with queue_at_work(recorded) as (store, queue):
        first = queue.submit(asked())
        coming, other = secrets.token_hex(8), secrets.token_hex(8)
        queue.announce("who", *queue.check([asked()]), [coming, other])
        kernel = booted(wait_for(folder(coming)))
        assert [job.run_id for job in queue.jobs()] == [first.run_id]
        queue.announce("who", *queue.check([asked()]), [coming])
        second = queue.submit(asked(parameters={"lr": 0.3}, reseed=7), coming)
        queue.announce("who", *queue.check([asked()]), [other])
        (recorded.cwd / "wait").unlink()
        queue.wait([first.run_id, second.run_id], timeout=120)
        assert queue.get(second.run_id).state == "succeeded"
        store.refresh()
        run = store.find(coming)
        assert (run.status, last_point(run.metrics["loss"])) == ("finished", (0, ANY, 0.3))
        info = store.session(run).info
        assert info is not None
        assert info.process.pid == kernel.pid
        left = booted(wait_for(folder(other)))
        queue.announce("who", *queue.check([asked()]), [])
        wait_until(lambda: not alive(left.pid) and not folder(other).path.exists())


IMPORTED_LATE = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from runlore.replay import import_ahead
shell = InteractiveShell.instance()
import_ahead()
before = set(sys.modules)
from runlore.magics import connect
connect(shell)
print(*(name for name in sys.modules if name.startswith(("runlore", "IPython")) and name not in before))
"""


def test_nothing_is_left_to_import_when_the_turn_comes(tmp_path: Path) -> None:
    environ = {**os.environ, "RUNLORE_HOME": str(tmp_path / "home"), "IPYTHONDIR": str(tmp_path)}
    said = subprocess.run(
        [sys.executable, "-c", IMPORTED_LATE],
        env=environ,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.split() == []
