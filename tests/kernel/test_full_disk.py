"""A disk that fills while a run logs: the code runs on, and so does the curve once there is room."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.curve import points, read_records
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import SessionRecord, sessions
from tests.kernel.mounts import mounted

SCRIPT = """
import os, resource, sys, time, runlore

def full():
    if len(sys.argv) == 1:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4200, resource.RLIM_INFINITY))
        return
    for size in (65536, 512, 1):
        try:
            with open(sys.argv[1] + '/fill', 'ab', buffering=0) as file:
                while True: file.write(bytes(size))
        except OSError: pass

def room():
    if len(sys.argv) == 1:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    else:
        os.remove(sys.argv[1] + '/fill')
    time.sleep(1.1)

run = runlore.start_run('fills', note='x' * 5000)
for i in range(100): run.log(loss=i)
full()
for i in range(100, 3000): run.log(loss=i); run.log(new=i - 100)
run.note('said while it was full')
run.set_tags({'told': 'then'})
room()
for i in range(3000, 3100): run.log(loss=i); run.log(new=i - 100)
full()
for i in range(3100, 9000): run.log(loss=i)
room()
run.log(loss=9000)
run.finish()
"""


def only(home: Home) -> tuple[SessionRecord, RunRecord]:
    (session,) = sessions(home)
    (run,) = session.runs.values()
    return session, run


def steps(path: Path) -> list[int]:
    found = points(read_records(path))
    assert all(step == value for step, _, value in found)
    return [step for step, *_ in found]


def check(home: Home, said: str) -> None:
    session, run = only(home)
    assert said.count("cannot record") == 1
    assert session.damaged_lines == 0
    assert run.status == "finished"
    assert run.notes[1:] == ["said while it was full"]
    assert run.tags == {"told": "then"}
    loss = steps(run.metrics["loss"])
    assert loss == sorted(set(loss))
    assert {*range(100), *range(3000, 3100), 9000} <= set(loss)
    assert set(range(2900, 3000)) <= set(steps(run.metrics["new"]))
    lost = [note.what for note in run.not_captured if "'loss'" in note.what and "point(s)" in note.what]
    assert sum(int(what.split()[0]) for what in lost) == 9001 - len(loss)
    assert any("'new'" in note.what for note in run.not_captured)


def test_a_curve_goes_on_where_there_is_room_again(run_script: Callable[..., str], home: Home) -> None:
    check(home, run_script(SCRIPT))


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_real_disks_fill_and_are_emptied(kind: str, tmp_path: Path) -> None:
    with mounted(kind, tmp_path, "8M") as disk:
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(disk)], env={"RUNLORE_HOME": str(disk / "home"), "PATH": ""},
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        check(Home(disk / "home"), ran.stderr)
