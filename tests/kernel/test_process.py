"""Whether the kernel of a session still lives: only who can see it may say that it is dead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from runlore import events as ev
from runlore import journal
from runlore.home import Home
from runlore.journal import JournalWriter
from runlore.process import ProcessIdentity, current_process, is_alive
from runlore.session_record import SessionRecord

HERE = current_process()


def _session(home: Home, process: ProcessIdentity) -> tuple[SessionRecord, JournalWriter]:
    """A session with an open run, written by this process in the name of another one."""
    home.session("s").mkdir(parents=True)
    writer = JournalWriter(home.events("s"))
    writer.append(
        ev.SessionStarted(
            time=1.0,
            format=ev.FORMAT,
            session_id="s",
            process=process,
            runlore="0.1.0",
            python="3.12",
            executable="python",
            cwd="somewhere",
        )
    )
    writer.append(ev.RunStarted(time=2.0, run_id="r", name="train", experiment="e", kind="script"))
    return SessionRecord(home, "s"), writer


def _status(record: SessionRecord) -> str:
    record.refresh()
    record.refresh()
    return record.runs["r"].status


ELSEWHERE = {
    "another host": {"host": "another"},
    "another host after a restart": {"host": "another", "boot": "another"},
    "another machine of the same name": {"machine": "another", "boot": "another"},
    "a container whose lock is held": {"namespace": "pid:[1]"},
}


@pytest.mark.skipif(HERE.machine is None, reason="this machine has no id")
@pytest.mark.parametrize("where", ELSEWHERE)
@pytest.mark.parametrize("pid", [HERE.pid, 2**22 + 1], ids=["a living one", "none here"])
def test_a_kernel_elsewhere_is_never_concluded_dead(home: Home, where: str, pid: int) -> None:
    record, writer = _session(home, msgspec.structs.replace(HERE, pid=pid, started=0.0, **ELSEWHERE[where]))
    assert _status(record) == "running"
    writer.append(ev.RunFinished(time=3.0, run_id="r", status="finished", duration=1.0))
    record.refresh()
    assert record.runs["r"].status == "finished"
    writer.close()


def test_a_kernel_here_is_concluded_dead_when_it_is(home: Home) -> None:
    assert is_alive(HERE) is True
    assert _status(_session(home, msgspec.structs.replace(HERE, started=HERE.started - 1000.0))[0]) == "killed"


def test_records_of_before_there_were_machines_are_judged_as_they_were() -> None:
    old = msgspec.structs.replace(HERE, machine=None, namespace=None)
    assert is_alive(old) is True
    assert is_alive(msgspec.structs.replace(old, boot="another")) is False


@pytest.mark.skipif(sys.platform != "linux", reason="containers are Linux'")
def test_a_kernel_in_another_container_is_judged_by_its_lock(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    record, writer = _session(home, msgspec.structs.replace(HERE, pid=1, namespace="pid:[1]"))
    writer.close()
    program = (
        "import os, sys, time\nfrom runlore import journal\n"
        f"fd = os.open({str(home.events('s'))!r}, os.O_WRONLY | os.O_APPEND)\n"
        "assert journal._lock(fd, 'LOCK_EX')\nprint('held', flush=True)\ntime.sleep(100)\n"
    )
    kernel = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert kernel.stdout is not None
    assert kernel.stdout.readline() == "held\n"
    assert journal.is_held(home.events("s")) is True
    assert _status(record) == "running"
    kernel.kill()
    kernel.wait()
    assert journal.is_held(home.events("s")) is False
    assert _status(record) == "killed"


def test_nobody_can_tell_of_a_journal_that_cannot_be_opened(tmp_path: Path) -> None:
    assert journal.is_held(tmp_path / "none") is None
