"""Stopping a rerun, and the death of those who run it: nothing of it may live on."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import nbformat

from tests.rerun.conftest import Recorded, alive, hanging_pids, wait_until


def test_ctrl_c_ends_the_whole_tree_and_keeps_the_notebook(hanging: Recorded) -> None:
    process = hanging.start("rerun", hanging.runs["hang"].run_id, "--json")
    pids = hanging_pids(hanging)
    assert all(map(alive, pids))
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert stdout.count("\n") == 1
    assert not any(map(alive, pids))
    [notebook] = hanging.home.reruns.glob("*/notebook.ipynb")
    [cell] = nbformat.read(notebook, as_version=4).cells
    assert cell.metadata.papermill.start_time


def test_sigkill_of_the_command_leaves_no_kernel(hanging: Recorded) -> None:
    process = hanging.start("rerun", hanging.runs["hang"].run_id)
    pids = hanging_pids(hanging)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(alive, pids)), within=20)


def test_sigkill_of_the_runner_leaves_no_kernel_and_has_failed(hanging: Recorded) -> None:
    process = hanging.start("rerun", hanging.runs["hang"].run_id)
    pids = hanging_pids(hanging)
    runner = int(Path(f"/proc/{pids[0]}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(runner, signal.SIGKILL)
    stdout, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "FAILED" in stdout
    assert not alive(pids[0])
