"""The data that a rerun starts from: verified before its first cell, and what is said of what is not as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from blake3 import blake3

from runlore import events as ev
from runlore.capture.data.manifest import Entry
from runlore.home import Home
from runlore.session_record import SessionRecord
from runlore_server.errors import DataMissing
from runlore_server.rerun import data
from runlore_server.rerun.data import DataCheck
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.prepare import prepare
from tests.journals import FakeKernel
from tests.rerun.conftest import Recorded, record


def digest(content: bytes) -> str:
    return str(blake3(content).hexdigest())


def checks(recorded: Recorded, rerun: str) -> dict[str, DataCheck]:
    found = data.read_checks(Folder(recorded.home.rerun(rerun)))
    assert found is not None
    return {Path(check.path).name: check for check in found}


def test_data_is_verified_before_the_first_cell(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    git = ["git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@b"]
    for name in ("in put.csv", "second.csv", "third.csv"):
        (work / name).write_text("1")
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "in put.csv"], check=True)
    subprocess.run([*git, "commit", "-qm", "data"], check=True)
    time.sleep(0.05)
    recorded = record(
        tmp_path,
        [
            "%load_ext runlore",
            "a = sum(len(open(name).read()) for name in ('in put.csv', 'second.csv', 'third.csv'))",
            "with open('middle.csv', 'w') as f: f.write(str(a))",
            "%%track sum\nimport runlore\nrunlore.log(a=float(open('middle.csv').read()))",
            "with open('second.csv', 'w') as f: f.write('3')",
        ],
    )
    # Changed: the rerun goes on, and it is said what changed, and how to get it back.
    (work / "in put.csv").write_text("5")
    (work / "middle.csv").unlink()
    rerun = recorded.verify("sum").json
    assert rerun["verdict"] != "BIT-EXACT"
    found = checks(recorded, rerun["run_id"])
    first, second = found["in put.csv"], found["second.csv"]
    assert {name: check.status for name, check in found.items()} == {
        "in put.csv": "changed",
        "second.csv": "changed",
        "third.csv": "same",
    }
    assert (first.cell, first.recorded, first.found) == (0, digest(b"1"), digest(b"5"))
    assert second.why == "cell 3 of the recorded session wrote over it"
    assert first.recover is not None
    assert first.recover in first.sentence()
    # Missing: refused, with the command that brings it back, which it does.
    (work / "in put.csv").unlink()
    refused = recorded.verify("sum")
    assert refused.code == 2
    assert "in put.csv" in refused.json["error"]["message"]
    assert first.recover in refused.json["error"]["message"]
    subprocess.run(first.recover, shell=True, check=True)
    assert (work / "in put.csv").read_text() == "1"


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    return FakeKernel(Home(tmp_path / "home"), cwd=str(tmp_path), executable=sys.executable)


def read(kernel: FakeKernel, path: Path | str, content: bytes | None, **fields: object) -> None:
    kernel.write(
        ev.FileRead(
            time=1.0,
            **{
                "ordinal": kernel.ordinal - 1,
                "path": str(path),
                "digest": None if content is None else digest(content),
                "size": None if content is None else len(content),
                "seen_by": "open",
                **fields,
            },  # type: ignore[arg-type]
        )
    )


def checked(kernel: FakeKernel) -> dict[str, DataCheck]:
    session = SessionRecord(kernel.home, kernel.session_id)
    session.refresh()
    found = data.check(kernel.home, list(session.cells.values()), session)
    return {Path(check.path).name: check for check in found}


def test_what_can_be_said_of_each_kind_of_data(kernel: FakeKernel, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    entries = [Entry(f"{number}.bin", 1, digest(b"%d" % number)) for number in range(3)]
    listed = kernel.objects.put(msgspec.json.encode(entries))
    for number in range(3):
        (many / f"{number}.bin").write_text(str(number))
    os.mkfifo(tmp_path / "pipe")
    kept = kernel.objects.put(b"kept")
    kernel.cell("read()")
    read(kernel, "s3://bucket/x", None, version={"etag": "1"})
    read(kernel, tmp_path / "pipe", b"was a file")
    read(kernel, tmp_path / "kept", b"kept")
    read(kernel, f"{many}{os.sep}", None, digest=listed, version={"files": "3"})
    read(kernel, tmp_path / "seen", None, why="changed while it was read")
    read(kernel, tmp_path / "forged", None, digest="../../etc/passwd")
    for name in ("seen", "forged"):
        (tmp_path / name).touch()
    found = checked(kernel)
    assert {name: check.status for name, check in found.items()} == {
        "x": "unverified",
        "pipe": "unverified",
        "kept": "missing",
        "many": "same",
        "seen": "unverified",
        "forged": "changed",
    }
    assert found["seen"].why == "changed while it was read"
    assert found["kept"].recover == f"cp {kernel.objects.path(kept)} {tmp_path / 'kept'}"
    (many / "1.bin").write_text("9")
    assert checked(kernel)["many"].status == "changed"
    assert "1.bin is changed" in (checked(kernel)["many"].why or "")
    (many / "2.bin").unlink()
    assert checked(kernel)["many"].status == "missing"
    kernel.objects.path(listed).write_bytes(b"[]")
    assert checked(kernel)["many"].status == "unverified"


def test_only_data_from_outside_must_be_there(kernel: FakeKernel, tmp_path: Path) -> None:
    kernel.cell("make()")
    kernel.write(
        ev.FileWritten(
            time=1.0, ordinal=0, path=str(tmp_path / "made"), digest=digest(b"a"), size=1, seen_by="open"
        )
    )
    stopped = kernel.cell("stopped()", None)
    read(kernel, tmp_path / "not needed", b"a")
    kept = ev.Snapshot(digest="0" * 64, signature="")
    kernel.write(ev.CellFinished(time=1.0, ordinal=stopped, outcome="interrupted", duration=1.0, snapshot=kept))
    kernel.cell("read()")
    read(kernel, tmp_path / "made", b"a", writer=0)
    read(kernel, tmp_path / "unseen", b"a", why="made while cell 0 ran, by what was not seen")
    run_id = kernel.run(cell=2, kind="cell")
    prepare(kernel.home, kernel.session_id, run_id)
    read(kernel, tmp_path / "input", b"a")
    with pytest.raises(DataMissing, match="input, read by cell 2, is missing") as refused:
        prepare(kernel.home, kernel.session_id, run_id)
    assert refused.value.paths == [str(tmp_path / "input")]


def test_show_lists_the_files_of_a_run(kernel: FakeKernel, tmp_path: Path) -> None:
    kernel.cell("read()")
    read(kernel, tmp_path / "in\x1b.csv", b"a")
    for number in range(25):
        kernel.write(
            ev.FileWritten(
                time=1.0, ordinal=0, path=f"/out/{number}", digest=None, size=3, seen_by="open", why="gone"
            )
        )
    run_id = kernel.run(cell=0, kind="cell")
    kernel.end()
    shown = Recorded(kernel.home, tmp_path, SessionRecord(kernel.home, kernel.session_id)).command("show", run_id)
    assert shown.code == 0
    assert f"{tmp_path}/in .csv  {digest(b'a')[:12]}  1 bytes" in shown.stdout
    assert "/out/0   no digest  3 bytes  gone" in shown.stdout
    assert "and 5 more" in shown.stdout
