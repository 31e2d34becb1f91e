"""What a verdict makes of Python files that processes of the cells read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from runlore import events as ev
from runlore.home import Home
from runlore_server.verdict.verdict import Verdict
from tests.rerun.cases import LOSS, OTHER, Told
from tests.rerun.conftest import record

OLD, NEW = b"print(1)\n", b"print(2)\n"


def digest(content: bytes) -> str:
    return str(blake3(content).hexdigest())


class Scripts:
    """Two sides whose cell 0 has a process read ``train.py``, which lies in a folder of its own."""

    def __init__(self, directory: Path) -> None:
        self.file = directory / "train.py"
        self._directory = directory

    def read(self, content: bytes | None = OLD, **known: Any) -> ev.ScriptRead:
        told = {"path": str(self.file), "seen_by": "fanotify", "digest": digest(content) if content else None}
        return ev.ScriptRead(time=1.0, ordinal=0, size=9, **{**told, **known})

    def judge(
        self, one: list[ev.AnyEvent], other: list[ev.AnyEvent], curves: Any = LOSS, unwatched: str = ""
    ) -> Verdict:
        case = Told(Home(self._directory / secrets.token_hex(4)))
        case.kernels["original"].objects.put(OLD)
        if unwatched:
            case.kernels["original"].write(ev.NotCaptured(time=1.0, what="data", why=unwatched))
        case.side("original", facts=one)
        case.side("rerun", curves, facts=other)
        return case.verdict()


@pytest.fixture
def scripts(tmp_path: Path) -> Scripts:
    return Scripts(tmp_path)


def test_a_script_is_its_content(scripts: Scripts) -> None:
    scripts.file.write_bytes(OLD)
    os.utime(scripts.file, (9e9, 9e9))
    assert scripts.judge([scripts.read()], [scripts.read()]).verdict == "BIT-EXACT"
    assert scripts.judge([scripts.read()], []).verdict == "BIT-EXACT"  # it may have been too quick to be seen
    found = scripts.judge([scripts.read()], [scripts.read(NEW)])
    assert found.verdict == "UNVERIFIABLE"
    for part in (
        "train.py, which a process of cell 0 read",
        digest(OLD)[:8],
        digest(NEW)[:8],
        "to get it back: cp ",
    ):
        assert part in found.causes[0]
    found = scripts.judge([scripts.read()], [scripts.read(NEW)], OTHER)
    assert found.verdict == "DIVERGED"
    assert "train.py" in found.causes[0]
    assert [rung.status for rung in found.ladder if rung.rung == "code"] == ["differs"]


def test_where_the_rerun_saw_nothing_the_file_itself_tells(scripts: Scripts) -> None:
    scripts.file.write_bytes(NEW)
    found = scripts.judge([scripts.read()], [])
    assert found.verdict == "UNVERIFIABLE"
    assert digest(NEW)[:8] in found.causes[0]
    scripts.file.unlink()
    assert "is gone" in scripts.judge([scripts.read()], []).causes[0]


def test_what_the_run_writes_itself_is_replayed(scripts: Scripts) -> None:
    mine, changed = scripts.read(writer=0), scripts.read(NEW, writer=0)
    assert scripts.judge([mine], [changed]).verdict == "BIT-EXACT"
    assert scripts.judge([mine], []).verdict == "BIT-EXACT"
    found = scripts.judge([mine], [scripts.read(NEW)])  # the rerun's cell did not write it
    assert found.verdict == "UNVERIFIABLE"
    assert "train.py" in found.causes[0]


def test_what_only_the_rerun_read_is_code_where_it_is_newer_than_the_run(scripts: Scripts) -> None:
    scripts.file.write_bytes(NEW)
    assert "was not read by the original's" in scripts.judge([], [scripts.read(NEW)]).causes[0]
    os.utime(scripts.file, (0, 0))  # the told cells run in 1970
    assert scripts.judge([], [scripts.read(NEW)]).verdict == "BIT-EXACT"


def test_a_script_that_could_not_be_hashed_proves_nothing(scripts: Scripts) -> None:
    found = scripts.judge([scripts.read(None, why="changed while it was read")], [scripts.read()])
    assert found.verdict == "UNVERIFIABLE"
    assert "train.py, which could not be verified (changed while it was read)" in found.causes[0]


def test_without_a_watch_it_is_a_guess_and_says_so(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "train.py").write_bytes(OLD)
    tracked = "%%track t\nimport runlore\n!python train.py\nrunlore.log(a=1)"
    recorded = record(tmp_path, ["%load_ext runlore", tracked], {"RUNLORE_WATCH_FILES": "off"})
    (work / "train.py").write_bytes(OLD + b"# edited")
    found = recorded.verify("t").json
    assert found["verdict"] == "UNVERIFIABLE"
    assert "may have gone unseen" in found["reason"]
    (code,) = (rung for rung in found["ladder"] if rung["rung"] == "code")
    assert code["evidence"] == ["train.py, which a process of cell 0 may run, may have changed."]
    assert code["status"] == "same"
