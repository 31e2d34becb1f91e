"""Runs whose points come from forked processes, repeated."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runlore_server.rerun.folder import Folder
from runlore_server.rerun.prepare import reread
from tests.rerun.conftest import Recorded, record

CELLS = [
    "%load_ext runlore",
    "import multiprocessing, random, time, runlore\nfork = multiprocessing.get_context('fork')\n"
    "def fold(k):\n"
    "    draws = random.Random(k)\n"
    "    for _ in range(50): runlore.log(loss=draws.random())\n"
    "def task(k):\n    time.sleep(random.SystemRandom().random() / 20)\n    runlore.log(score=k / 7)\n",
    "%%track folds\n"
    "folds = [fork.Process(target=fold, args=(k,)) for k in range(3)]\n"
    "for process in folds: process.start()\n"
    "for process in folds: process.join()",
    "%%track tasks\nwith fork.Pool(3) as pool: pool.map(task, range(12), chunksize=1)",
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    if not hasattr(os, "fork"):
        pytest.skip("the system has no fork")
    directory: Path = tmp_path_factory.mktemp("forks")
    return record(directory, CELLS)


def test_a_pool_that_nobody_closes_keeps_no_session_from_its_end(tmp_path: Path) -> None:
    opened = "%%track left\nimport multiprocessing, runlore\npool = multiprocessing.get_context('fork').Pool(2)\n"
    recorded = record(tmp_path, ["%load_ext runlore", opened + "runlore.log(loss=sum(pool.map(abs, [-1, 2])))"])
    done = recorded.verify("left")
    assert done.json["verdict"] == "BIT-EXACT", done.stdout
    plan = Folder(recorded.home.rerun(done.json["run_id"])).plan()
    assert reread(recorded.home, plan.session_id).ended is not None


@pytest.mark.parametrize("name", ["folds", "tasks"])
def test_processes_that_take_their_turns_otherwise_reproduce(recorded: Recorded, name: str) -> None:
    done = recorded.verify(name)
    assert (done.code, done.json["verdict"]) == (0, "BIT-EXACT"), done.stdout
