"""Homes that a stranger has filled: reading them executes nothing, waits for nothing, loses only what is bad."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runlore import events as ev
from runlore.curve import HEADER, points, read_records
from runlore.errors import JournalFormatError, ObjectMissing
from runlore.frames import curves, runs
from runlore.home import Home
from runlore.journal import LONGEST, JournalWriter, read
from runlore.objects import ObjectStore
from runlore.process import ProcessIdentity, current_process, is_alive
from runlore.session_record import SessionRecord, sessions
from runlore.states import HEADER as STATES
from runlore.states import StateFile, StateWriter
from tests.journals import FakeKernel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has neither pipes nor devices in folders")


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(path.parent)  # the address may have no more than about a hundred bytes
        made.bind(path.name)
        os.chdir(before)


NO_FILES: dict[str, Callable[[Path], None]] = {
    "pipe": os.mkfifo,
    "device": _endless,
    "directory": Path.mkdir,
    "socket": _socket,
    "link to itself": lambda path: path.symlink_to(path.name),
}


def append(kernel: FakeKernel, **event: Any) -> None:
    """One line as a stranger writes it."""
    with kernel.home.events(kernel.session_id).open("a") as file:
        file.write(json.dumps({"time": 1.0, **event}) + "\n")


def reread(kernel: FakeKernel) -> SessionRecord:
    record = SessionRecord(kernel.home, kernel.session_id)
    record.refresh()
    return record


@pytest.mark.parametrize("make", NO_FILES.values(), ids=NO_FILES)
def test_what_is_no_file_is_never_read(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / ("a" * 64)
    make(path)
    for reader in (read, read_records):
        with pytest.raises(OSError, match=r"no regular file|directory|links|No such device"):
            reader(path)
    for take in (ObjectStore(tmp_path).get, StateFile(path).get):
        with pytest.raises(ObjectMissing):
            take(path.name)
    with pytest.raises(ObjectMissing):
        ObjectStore(tmp_path).verified(path.name, 0)


def test_holes_of_a_terabyte_are_stepped_over(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 64)
    path.touch()
    os.truncate(path, 1 << 40)
    reading = read(path)
    assert (reading.events, reading.damaged, reading.offset) == ([], 1, 1 << 40)
    path.write_bytes(HEADER)
    os.truncate(path, 1 << 40)
    with pytest.raises(JournalFormatError, match="more than can be read"):
        read_records(path)
    os.truncate(path, 1 << 28)
    with pytest.raises(ObjectMissing, match="another hash"):
        ObjectStore(tmp_path).get(path.name)
    with pytest.raises(ObjectMissing, match="another hash"):
        ObjectStore(tmp_path).verified(path.name, 1 << 28)
    os.truncate(path, 1 << 40)
    with pytest.raises(ObjectMissing, match="more than anything that is read whole"):
        ObjectStore(tmp_path).get(path.name)
    with pytest.raises(ObjectMissing, match="another size"):
        ObjectStore(tmp_path).verified(path.name, 5)
    path.write_bytes(STATES)
    os.truncate(path, 1 << 40)
    with pytest.raises(ObjectMissing, match="not in"):
        StateFile(path).get("b" * 64)


@given(flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), max_size=4))
@settings(max_examples=60, deadline=None)
def test_flipped_bytes_never_escape_as_anything_but_domain_errors(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[int, int]]
) -> None:
    home = Home(tmp_path_factory.mktemp("home"))
    kernel = FakeKernel(home, dead=True)
    run_id = kernel.run(metrics={"loss": [(0, 1.0), (1, 0.5)]}, kind="cell", cell=kernel.cell("x = 1"))
    writer = StateWriter(home.states(kernel.session_id))
    state = writer.put(b"a state")
    writer.close()
    for path in (home.events(kernel.session_id), home.states(kernel.session_id)):
        content = bytearray(path.read_bytes())
        for place, change in flips:
            content[place % len(content)] ^= change
        path.write_bytes(content)
    try:
        record = reread(kernel)
    except JournalFormatError:
        return  # the format's number was hit
    for run in record.runs.values():
        assert run.directory.parent.parent == home.session(kernel.session_id)
        for path in run.metrics.values():
            assert path.parent == run.directory
    assert set(record.runs) <= {run_id} or flips
    try:
        assert StateFile(home.states(kernel.session_id)).get(state) == b"a state"
    except ObjectMissing:
        assert flips


def test_lines_that_are_too_long_or_too_deep_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    last = ev.SessionEnded(time=5.0)
    note = b'{"type":"note_added","time":1,"run_id":"r","text":"%s"}\n'
    deep = b'{"type":"params_logged","time":1,"run_id":"r","source":"user","params":{"a":%s}}\n'
    unknown = b'{"type":"from the future","a":%s}\n'
    nested = b"[" * 100_000 + b"]" * 100_000
    with path.open("wb") as file:
        file.write(note % (b"x" * LONGEST))
        file.write(deep % nested + unknown % nested + nested + b"\n" + bytes(1000) + b"\n")
        file.write(ev.encode(last))
    reading = read(path)
    assert reading.events == [last]
    assert reading.damaged == 5
    assert reading.offset == path.stat().st_size
    writer = JournalWriter(tmp_path / "own.jsonl")
    with pytest.raises(OSError, match="too long"):
        writer.append(ev.NoteAdded(time=1.0, run_id="r", text="x" * LONGEST))
    writer.append(last)
    assert read(tmp_path / "own.jsonl").events == [last]


@pytest.mark.parametrize("run_id", ["../../x", "/etc", "", "..", "a\0b", "x" * 500, "\x1b[31m"])
def test_ids_and_files_that_lead_elsewhere_are_not_taken(home: Home, run_id: str) -> None:
    kernel = FakeKernel(home, dead=True)
    mine = kernel.run(metrics={"loss": [(0, 1.0)]})
    append(kernel, type="run_started", run_id=run_id, name="n", experiment="e", kind="script")
    append(kernel, type="metric_started", run_id=run_id, metric="m", file="m.curve")
    append(kernel, type="metric_started", run_id=mine, metric="m", file=f"{run_id}/m.curve")
    append(kernel, type="metric_started", run_id=mine, metric="n", file=run_id)
    append(kernel, type="run_started", run_id="other", name="n", experiment="e", kind="script", rerun_of=run_id)
    record = reread(kernel)
    assert set(record.runs) == {mine, "other"}
    assert list(record.runs[mine].metrics) == ["loss"]
    assert record.runs["other"].rerun_of is None


@pytest.mark.parametrize("pid", [-5, 0, 2**70])
def test_a_process_that_cannot_be_is_dead(pid: int) -> None:
    here = current_process()
    assert is_alive(ProcessIdentity(pid=pid, started=1.0, host=here.host, boot=here.boot)) is False


def test_frames_of_a_damaged_home(home: Home) -> None:
    good = FakeKernel(home, dead=True).run("good", {"loss": [(0, 1.0)]})
    kernel = FakeKernel(home, dead=True)
    bad = kernel.start_run("bad")
    kernel.log(bad, "fine", [(0, 2.0)])
    os.mkfifo(home.curves(kernel.session_id, bad) / "pipe.curve")
    append(kernel, type="metric_started", run_id=bad, metric="pipe", file="pipe.curve")
    append(kernel, type="run_started", run_id="late", name="n", experiment="e", kind="script", time=2**36)
    append(kernel, type="run_started", run_id="never", name="n", experiment="e", kind="script", time=1e300)
    for name, make in NO_FILES.items():
        (home.sessions / name).mkdir()
        make(home.sessions / name / "events.jsonl")
    (home.sessions / "loop").symlink_to("loop")
    found = runs(home)
    assert set(found.index) == {good, bad, "late"}
    assert found.loc[bad, "metrics.fine"] == 2.0
    assert found["started"].isna().sum() == 1
    assert {run for session in sessions(home) for run in session.runs} == set(found.index)
    with pytest.raises(OSError, match="no regular file"):
        curves(bad, home=home)
    assert points(read_records(home.curves(kernel.session_id, bad) / "fine.curve"))[0][2] == 2.0
