"""Stopping a rerun, and the death of those who run it: nothing of it may live on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from runlore_server.queue.request import Request
from runlore_server.rerun.child import Child
from runlore_server.rerun.prepare import prepare_as_asked, reread
from tests.rerun.conftest import Recorded, alive, hanging_pids, record, wait_until


def test_ctrl_c_ends_the_whole_tree_and_keeps_the_notebook(hanging: Recorded) -> None:
    process = hanging.start("rerun", hanging.runs["hang"].run_id, "--json")
    pids = hanging_pids(hanging)
    assert all(map(alive, pids))
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stdout.count("\n") == 1
    assert not any(map(alive, pids))
    [notebook] = hanging.home.reruns.glob("*/notebook.ipynb")
    [cell] = nbformat.read(notebook, as_version=4).cells
    assert cell.metadata.papermill.start_time


DROPPED = """
import os, signal, sys, time
from runlore_server import cli, commands, interrupts
class Finalized:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
def command(config, options):
    Finalized()
    print("dropped", interrupts.came())
    return {}, "", 0
commands.COMMANDS["runs"] = command
sys.argv = ["runlore", "runs"]
sys.exit(cli.main())
"""


def test_ctrl_c_is_heard_where_python_drops_it(tmp_path: Path) -> None:
    environ = {**os.environ, "RUNLORE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", DROPPED], env=environ, capture_output=True, text=True, check=True)
    assert "dropped True" in done.stdout
    assert "KeyboardInterrupt" in done.stderr


def test_sigkill_of_the_command_leaves_no_kernel(hanging: Recorded) -> None:
    process = hanging.start("rerun", hanging.runs["hang"].run_id)
    pids = hanging_pids(hanging)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(alive, pids)))


def test_sigkill_of_the_runner_leaves_no_kernel_and_has_failed(hanging: Recorded) -> None:
    process = hanging.start("rerun", hanging.runs["hang"].run_id)
    pids = hanging_pids(hanging)
    runner = int(Path(f"/proc/{pids[0]}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(runner, signal.SIGKILL)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "FAILED" in stdout
    assert not alive(pids[0])


STUBBORN = """%%track stubborn
import ctypes, os, subprocess, sys, time, runlore
from pathlib import Path
runlore.log(loss=1.0)
DAEMON = '''
import os, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
open("daemon.staged", "w").write(str(os.getpid()))
os.replace("daemon.staged", "daemon")
time.sleep(1000)
'''
if Path("again").exists():
    print("so far", flush=True)
    subprocess.run([sys.executable, "-S", "-c", DAEMON], env={})
    while not Path("daemon").exists():
        time.sleep(0.01)
    time.sleep(0.5)  # what was printed is on its way
    Path("pids.staged").write_text(f"{os.getpid()} {Path('daemon').read_text()}")
    os.replace("pids.staged", "pids")
    ctypes.PyDLL(None).sleep(1000)  # in C, and nothing else of Python runs meanwhile
runlore.log(loss=0.5)
"""
"""Hangs, when told to, holding the interpreter's lock, beside a daemon without any trace of where it came from."""


@pytest.fixture
def stubborn(tmp_path: Path) -> Recorded:
    recorded = record(tmp_path, ["%load_ext runlore", STUBBORN])
    (recorded.cwd / "again").touch()
    return recorded


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_a_kernel_deaf_to_all_and_its_daemon_are_stopped_in_five_seconds(stubborn: Recorded) -> None:
    process = stubborn.start("rerun", stubborn.runs["stubborn"].run_id, "--json")
    pids = hanging_pids(stubborn)
    assert all(map(alive, pids))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert not any(map(alive, pids))
    [notebook] = stubborn.home.reruns.glob("*/notebook.ipynb")
    [cell] = nbformat.read(notebook, as_version=4).cells
    assert "so far" in "".join(output.text for output in cell.outputs if output.output_type == "stream")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_sigkill_of_the_runner_leaves_no_daemon(stubborn: Recorded) -> None:
    process = stubborn.start("rerun", stubborn.runs["stubborn"].run_id, "--json")
    kernel, daemon = hanging_pids(stubborn)
    os.kill(psutil.Process(kernel).ppid(), signal.SIGKILL)
    stdout, _ = process.communicate(timeout=60)
    assert json.loads(stdout)["verdict"] == "FAILED"
    assert not alive(kernel)
    assert not alive(daemon)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has keepers")
def test_sigkill_of_the_keeper_leaves_no_kernel(hanging: Recorded) -> None:
    process = hanging.start("rerun", hanging.runs["hang"].run_id, "--json")
    pids = hanging_pids(hanging)
    runner = psutil.Process(pids[0]).parent()
    assert runner is not None
    process.send_signal(signal.SIGSTOP)  # nobody helps, in time or at all
    os.kill(runner.ppid(), signal.SIGKILL)
    wait_until(lambda: not any(map(alive, [*pids, runner.pid])))
    process.send_signal(signal.SIGCONT)
    stdout, _ = process.communicate(timeout=60)
    assert json.loads(stdout)["verdict"] == "FAILED"


TRAINS = """%%track trains
import time, runlore
from pathlib import Path
for _ in range(600 if Path("again").exists() else 1):
    runlore.log(loss=1.0)
    time.sleep(0.05)
"""


def test_a_training_that_is_stopped_ends_its_session(tmp_path: Path) -> None:
    recorded = record(tmp_path, ["%load_ext runlore", TRAINS])
    (recorded.cwd / "again").touch()
    original = recorded.runs["trains"]
    request = Request(run_id=original.run_id)
    for _ in range(6):
        folder = prepare_as_asked(recorded.home, original, request, find=recorded.runs.__getitem__)
        plan = folder.plan()
        child = Child(recorded.home, folder, plan.run_id)
        try:
            child.begin()
            wait_until(lambda: plan.run_id in reread(recorded.home, plan.session_id).runs)  # noqa: B023 - at once
            asked = time.monotonic()
            os.kill(child.identity.pid, signal.SIGINT)
            assert child.wait(60), "it comes to its end by itself"
        finally:
            child.stop()
        took = time.monotonic() - asked
        # On a machine that is too busy, a farewell can take longer than it may.
        assert reread(recorded.home, plan.session_id).ended is not None or took > 2
