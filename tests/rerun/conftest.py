"""Recording in real kernels, and the command line that reruns what they recorded."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import SessionRecord, session_ids
from runlore_server.queue.queue import JobQueue
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import Verdict
from tests.conftest import Notebook
from tests.rerun.cases import SIDES, Told


@dataclass
class Command:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on standard output."""
        found = json.loads(self.stdout)
        assert isinstance(found, dict)
        return found


@dataclass
class Recorded:
    """A home with one recorded session; ``runs`` by their names."""

    home: Home
    cwd: Path
    session: SessionRecord
    runs: dict[str, RunRecord] = field(default_factory=dict)

    def start(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start ``runlore`` on this home."""
        return subprocess.Popen(
            [sys.executable, "-m", "runlore_server.cli", *arguments, "--home", str(self.home.path)],
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def command(self, *arguments: str, env: dict[str, str] | None = None) -> Command:
        """Run ``runlore`` on this home to its end."""
        process = self.start(*arguments, env=env)
        stdout, stderr = process.communicate(timeout=240)
        return Command(process.returncode, stdout, stderr)

    def verify(self, name: str, *arguments: str) -> Command:
        return self.command("verify", self.runs[name].run_id, "--json", *arguments)


def record(directory: Path, cells: Iterable[str], env: dict[str, str] | None = None) -> Recorded:
    """Execute the cells in a new kernel that works in ``directory``, end it, and read what was recorded."""
    home = Home(directory / "home")
    cwd = directory / "work"
    cwd.mkdir(exist_ok=True)
    notebook = Notebook(home.path, cwd, env)
    try:
        for cell in cells:
            notebook.run(cell)
    finally:
        notebook.close()
    session = SessionRecord(home, session_ids(home)[-1])
    session.refresh()
    session.refresh()
    return Recorded(home, cwd, session, {run.name: run for run in session.runs.values()})


@contextmanager
def queue_at_work(recorded: Recorded) -> Iterator[tuple[RunStore, JobQueue]]:
    """A queue of the home that carries jobs out here, and the store by which it finds runs."""
    store = RunStore(recorded.home)
    store.refresh()
    queue = JobQueue(recorded.home, store, lambda _: None)
    queue.start()
    try:
        yield store, queue
    finally:
        queue.shutdown()


def wait_until(condition: Callable[[], Any], within: float = 90.0) -> Any:
    """Wait for something to become true; return it."""
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
    return found


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


HANG = """%%track hang
import os, subprocess, time, runlore
from pathlib import Path
runlore.log(loss=1.0)
if Path("again").exists():
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True, env={})
    Path("pids.staged").write_text(f"{os.getpid()} {child.pid}")
    os.replace("pids.staged", "pids")
    while True:
        try:
            time.sleep(1000)
        except KeyboardInterrupt:
            pass
runlore.log(loss=0.5)
"""
"""Ends at once while there is no file ``again``; then it hangs, deaf to interrupts, with a child of its own."""


@pytest.fixture
def hanging(tmp_path: Path) -> Recorded:
    """A recorded run whose rerun will hang. The pids of its kernel and of that one's child come to ``pids``."""
    recorded = record(tmp_path, ["%load_ext runlore", HANG])
    (recorded.cwd / "again").touch()
    return recorded


def hanging_pids(recorded: Recorded) -> list[int]:
    """The pids of the hanging rerun's kernel and its child, once they are there."""
    file = recorded.cwd / "pids"
    wait_until(file.exists)
    pids = [int(word) for word in file.read_text().split()]
    file.unlink()
    return pids


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., Verdict]:
    """Judge two sides; each argument is a pair, of the original and of the rerun."""

    def judged(**pairs: Any) -> Verdict:
        case = Told(Home(tmp_path / secrets.token_hex(4)))
        for index, side in enumerate(SIDES):
            case.side(side, **{name: pair[index] for name, pair in pairs.items()})
        return case.verdict()

    return judged
