"""A home that strangers have filled, behind the server and the command: an answer or a clear error, never more."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image, UnidentifiedImageError

from runlore import events as ev
from runlore.errors import JournalFormatError
from runlore.home import Home
from runlore.process import ProcessIdentity
from runlore.session_record import SessionRecord
from runlore_server.cli import main
from runlore_server.rerun.prepare import examine
from runlore_server.rerun.readiness import readiness
from runlore_server.rerun.requirements import extract
from runlore_server.retention.leftovers import leftovers
from runlore_server.retention.notes import RetentionNotes
from runlore_server.retention.rule import Rule
from runlore_server.store.held import HeldSession
from runlore_server.store.runs import RunStore
from runlore_server.verdict.pixels import pixels
from runlore_server.whole import write_whole
from tests.journals import FakeKernel
from tests.server.conftest import JupyterServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has neither pipes nor devices in folders")

BAD = "\x1b[31m\x9b2J\u202e\r\n| forged | line |\x07<script>alert(1)</script>"
TURNED = "a/\u202egnp\r\n\0.exe"
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _append(kernel: FakeKernel, **event: Any) -> None:
    with kernel.home.events(kernel.session_id).open("a") as file:
        file.write(json.dumps({"time": 1.0, **event}) + "\n")


def _steering(home: Home) -> str:
    """A run that says everything in words that steer terminals and forge lines."""
    kernel = FakeKernel(home, dead=True, kernel_name=BAD, executable=BAD, notebook=BAD, cwd=BAD)
    cell = kernel.cell(f"x = 1  # {BAD}")
    run_id = kernel.start_run(BAD, kind="cell", cell=cell, experiment=BAD)
    kernel.log(run_id, BAD, [(0, 1.0)])
    kernel.params(run_id, **{BAD: BAD})
    kernel.artifact(run_id, BAD, b"x", BAD)
    kernel.artifact(run_id, TURNED, b"x")
    for event in (
        ev.TagsSet(time=1.0, run_id=run_id, tags={BAD: BAD}),
        ev.NoteAdded(time=1.0, run_id=run_id, text=BAD),
        ev.GitCaptured(time=1.0, run_id=run_id, root=BAD, commit=BAD, branch=BAD, dirty=True),
        ev.NotCaptured(time=1.0, run_id=run_id, what=BAD, why=BAD),
        ev.FileRead(time=1.0, ordinal=cell, path=BAD, digest=BAD, size=1, seen_by=BAD, why=BAD),
        ev.ScriptRead(time=1.0, ordinal=cell, path=BAD, digest=BAD, size=1, seen_by=BAD, why=BAD),
    ):
        kernel.write(event)
    kernel.environment(run_id)
    kernel.finish_run(run_id, "failed", cell=cell, error=ev.ErrorInfo(name=BAD, message=BAD, traceback=BAD))
    home.rerun(run_id).mkdir(parents=True)
    verdict = {"verdict": "DIVERGED", "reason": BAD, "causes": [BAD], "differs": [BAD]}
    (home.rerun(run_id) / "verdict.json").write_text(json.dumps(verdict))
    return run_id


def _misplaced(home: Home) -> list[str]:
    """Runs whose curves, objects and verdicts are pipes, devices, holes and folders."""
    kernel = FakeKernel(home, dead=True)
    run_id = kernel.run("misplaced", {"loss": [(0, 1.0)]}, kind="cell", cell=kernel.cell("x = 1"))
    directory = home.curves(kernel.session_id, run_id)
    home.objects.mkdir(exist_ok=True)
    for number, make in enumerate((os.mkfifo, _endless, Path.mkdir)):
        make(directory / f"{number}.curve")
        _append(kernel, type="metric_started", run_id=run_id, metric=str(number), file=f"{number}.curve")
        digest = "a" * 63 + str(number)
        make(home.objects / digest)
        patch = {"root": "r", "commit": None, "branch": None, "dirty": True, "patch": digest}
        _append(kernel, type="git_captured", run_id=run_id, **patch)
        _append(kernel, type="environment_captured", run_id=run_id, digest=digest)
        _append(
            kernel, type="artifact_logged", run_id=run_id, path=f"{number}", digest=digest, size=0, media_type="x"
        )
    again = []
    contents = (b"{" * 200_000, b"\xff", b'{"verdict": "WON", "reason": ""}', b"[" * 200_000)
    makers: list[Callable[[Path], Any]] = [os.mkfifo, _endless, Path.mkdir]
    makers += [lambda path, content=content: path.write_bytes(content) for content in contents]
    for make in makers:
        again.append(kernel.run("again", kind="cell", cell=kernel.cell("x"), rerun_of=run_id))
        home.rerun(again[-1]).mkdir(parents=True)
        make(home.rerun(again[-1]) / "verdict.json")
        make(home.rerun(again[-1]) / "notebook.ipynb")
    (home.rerun(again[0]) / "plan.json").write_text("{")
    return [run_id, *again]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[str]]:
    home = Home(tmp_path_factory.mktemp("filled") / "home")
    runs = [_steering(home), *_misplaced(home)]
    FakeKernel(home, version=99).run()
    here = FakeKernel(home, dead=True)
    for pid in (-5, 2**70):
        FakeKernel(home, process=ProcessIdentity(pid=pid, started=1.0, host="h", boot="b")).run()
    runs.append(here.run("late", time=2.0**37))
    deep = "[" * 5000 + "]" * 5000
    with home.events(here.session_id).open("a") as file:
        file.write(
            f'{{"type":"params_logged","time":1,"run_id":"{runs[-1]}","source":"user","params":{{"a":{deep}}}}}\n'
        )
    environment = here.objects.put(f'{{"a": {"[" * 100_000}{"]" * 100_000}}}'.encode())
    _append(here, type="environment_captured", run_id=runs[-1], digest=environment)
    makers: list[Callable[[Path], Any]] = [os.mkfifo, _endless, Path.mkdir]
    for number, make in enumerate(makers):
        (home.sessions / f"odd-{number}").mkdir()
        make(home.sessions / f"odd-{number}" / "events.jsonl")
    (home.sessions / "loop").symlink_to("loop")
    (home.path / "mlflow").mkdir()
    for database in ("jobs.sqlite", "mlflow/exports.sqlite", "index.sqlite"):
        (home.path / database).write_bytes(b"no database" * 500)
    os.mkfifo(home.path / "annotations.sqlite")
    return home, runs


@pytest.fixture(scope="module")
def server(filled: tuple[Home, list[str]], start_server: Callable[..., JupyterServer]) -> JupyterServer:
    return start_server(filled[0])


def test_the_api_answers(server: JupyterServer, filled: tuple[Home, list[str]]) -> None:
    _, runs = filled
    listed = server.call("GET", "/runlore/runs?limit=1000")
    assert listed.status_code == 200, listed.text
    assert set(runs) <= {run["run_id"] for run in listed.json()["runs"]}
    for run_id in runs:
        found = server.call("GET", f"/runlore/runs/{run_id}")
        assert found.status_code == 200, found.text
        found = server.call("GET", f"/runlore/runs/{run_id}/diff/{runs[0]}")
        assert found.status_code == 200, found.text
        curves = server.call("GET", f"/runlore/curves?run={run_id}&metric=loss")
        assert curves.status_code in (200, 409), curves.text
    unread = server.call("GET", f"/runlore/curves?run={runs[1]}&metric=0")
    assert unread.status_code in (409, 503)
    assert "no regular file" in unread.json()["message"]
    saved = server.call("GET", f"/runlore/runs/{runs[0]}/artifacts/{quote(TURNED, safe='')}")
    assert saved.headers["Content-Disposition"] == "inline; filename*=UTF-8''gnp.exe"
    for path in ("/runlore/jobs", "/runlore/status"):
        assert server.call("GET", path).status_code == 200
    odd = quote("../../etc", safe="")
    assert server.call("GET", f"/runlore/runs/{odd}").status_code == 404
    text = re.sub("Traceback of a test", "", server.log.read_text())
    assert "Traceback" not in text, text


def test_a_notebook_that_is_none_is_not_served(server: JupyterServer, filled: tuple[Home, list[str]]) -> None:
    for run_id in filled[1][2:-1]:
        found = server.call("GET", f"/runlore/runs/{run_id}/notebook?kind=rerun")
        assert (found.status_code, found.json()["reason"]) == (404, "NotebookMissing"), found.text


@pytest.mark.parametrize("kernel_name", ["python3", None])
def test_looking_at_a_run_starts_nothing_that_its_record_names(home: Home, kernel_name: str | None) -> None:
    program = home.path.parent / "bin" / "python3"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\ntouch {program}.started\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    kernel = FakeKernel(home, dead=True, executable=str(program), kernel_name=kernel_name, cwd=str(home.path))
    cell = kernel.cell("x = 1", rng={"python": "0" * 64})
    run_id = kernel.run(kind="cell", cell=cell)
    record = SessionRecord(home, kernel.session_id)
    record.refresh()
    checks = {check.what: check.state for check in readiness(home, record.runs[run_id])}
    assert checks == {"kernel": "unknown", "environment": "unknown", "data": "ok"}
    assert not Path(f"{program}.started").exists()
    assert examine(home, kernel.session_id, run_id).kernel.argv[0] == str(program)
    assert Path(f"{program}.started").exists(), "whoever wants a rerun has it asked"


def test_nothing_is_written_or_removed_through_links(home: Home, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    kept = [mine / name for name in ("work.damaged", ".staged-1", "live.jsonl")]
    for file in kept:
        file.write_text("mine")
        os.utime(file, (0, 0))
    kernel = FakeKernel(home, dead=True)
    kernel.run()
    (home.session(kernel.session_id) / "runs").mkdir(exist_ok=True)
    home.reruns.mkdir()
    for link in (home.sessions / "a", home.reruns / "b", home.session(kernel.session_id) / "runs" / "c"):
        link.symlink_to(mine)
    assert list(leftovers(home, time.time())) == []
    (home.path / ".plan.json.staged").symlink_to(kept[0])
    write_whole(home.path / "plan.json", b"theirs")
    assert [file.read_text() for file in kept] == ["mine"] * 3


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE run SET run_id = '../../x'",
        "UPDATE run SET run_id = CAST(run_id AS BLOB)",
        "UPDATE run SET started = 'soon'",
        "UPDATE session SET session_id = 'a' || char(0)",
        "UPDATE session SET info = 1",
        "UPDATE record SET content = 1",
        """UPDATE record SET content = replace(CAST(content AS TEXT), '"run_id":"', '"run_id":"../../')""",
        "UPDATE record SET content = CAST(replace(CAST(content AS TEXT), 'loss.', '../loss.') AS BLOB)",
    ],
)
def test_an_index_that_leads_elsewhere_is_built_again(home: Home, change: str) -> None:
    kernel = FakeKernel(home, dead=True)
    run_id = kernel.run(metrics={"loss": [(0, 1.0)]})
    kernel.end()
    RunStore(home).refresh()
    with contextlib.closing(sqlite3.connect(home.path / "index.sqlite")) as connection, connection:
        assert connection.execute(change).rowcount
    store = RunStore(home)
    store.refresh()
    (run,) = store.all()
    assert (run.run_id, run.metrics["loss"].parent) == (run_id, home.curves(kernel.session_id, run_id))
    assert store.session_info(run) is not None


def test_a_folder_without_a_journal_is_looked_at_now_and_then(home: Home) -> None:
    kernel = FakeKernel(home, dead=True)
    run_id = kernel.run()
    journal = home.events(kernel.session_id)
    away = journal.rename(home.path / "away")
    held = HeldSession(home, kernel.session_id)
    for _ in range(100):
        assert held.look(now=1.0) == set()
    away.rename(journal)
    assert held.look(now=1.5) == set()
    assert held.look(now=1.0 + 60.0) == {run_id}


@pytest.mark.parametrize("content", [b"\xff", 1, "{", "[" * 100_000, None])
def test_rules_that_make_no_sense_are_told_with_their_file(home: Home, content: object) -> None:
    notes = RetentionNotes(home)
    notes.put(Rule(experiment="digits", keep_last=1))
    with contextlib.closing(sqlite3.connect(home.path / "retention.sqlite")) as connection, connection:
        connection.execute("DROP TABLE rule")
        connection.execute("CREATE TABLE rule (experiment, content)")
        connection.execute("INSERT INTO rule VALUES ('digits', ?)", (content,))
    with pytest.raises(JournalFormatError, match=r"retention.sqlite is damaged .* set the retention rules again"):
        notes.rules()


@pytest.mark.parametrize(
    "content", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", b"P6\n9000 9000\n255\n"]
)
def test_what_is_called_an_image_is_read_as_one_or_not_at_all(content: bytes) -> None:
    with pytest.raises(UnidentifiedImageError):
        pixels(io.BytesIO(content))


def test_an_image_that_claims_to_be_huge_is_not_unpacked() -> None:
    wide = io.BytesIO()
    Image.new("1", (9000, 9000)).save(wide, "PNG")
    with pytest.raises(ValueError, match="9000 x 9000 pixels"):
        pixels(wide)


def test_an_archive_that_unpacks_to_any_size_is_not_unpacked(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("package/__init__.py", "x")
        archive.filelist[0].file_size = 1 << 40
    with pytest.raises(ValueError, match="unpacks to 1,099,511,627,776 bytes"):
        extract(packed.getvalue(), tmp_path / "sources")
    assert list(tmp_path.iterdir()) == []


def test_a_reader_of_files_gets_no_more_memory_than_it_may() -> None:
    program = "from runlore_server.memory import limit_memory; limit_memory(1 << 29); bytearray(1 << 30)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "MemoryError" in done.stderr or sys.platform != "linux"


def test_the_command_neither_breaks_nor_steers_the_terminal(
    filled: tuple[Home, list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    home, runs = filled
    monkeypatch.setenv("RUNLORE_HOME", str(home.path))
    monkeypatch.chdir(tmp_path)
    commands = [["runs"], ["environments"], ["doctor"], ["doctor", "--deep"]]
    for run_id in (runs[0], runs[1], runs[2], runs[-1]):
        commands += [["show", run_id], ["diff", run_id, runs[1]], ["export", run_id, "-o", "-"]]
    for command in commands:
        for options in ([], ["--json"]):
            code = main([*command, *options])
            said = capsys.readouterr()
            assert code in (0, 1, 2), (command, said.err)
            assert "Traceback" not in said.err, (command, said.err)
            assert "unexpected" not in said.err, (command, said.err)
            assert not CONTROLS.search(said.out + said.err), (command, said.out)
            assert not re.search(r"^\| forged", said.out, re.MULTILINE) or command[0] == "export"
            if options:
                json.loads(said.out)


def test_an_exported_notebook_is_what_it_was_though_escaped(
    filled: tuple[Home, list[str]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("RUNLORE_HOME", str(filled[0].path))
    main(["export", filled[1][0], "-o", str(tmp_path / "run.ipynb")])
    capsys.readouterr()
    main(["export", filled[1][0], "-o", "-"])
    shown = json.loads(capsys.readouterr().out)
    assert shown == json.loads((tmp_path / "run.ipynb").read_text())
    told = ["".join(cell["source"]) for cell in shown["cells"] if cell["cell_type"] == "markdown"]
    assert any("forged" in text for text in told)
    assert not [text for text in told if re.search(r"(?<!\\)<script", text)]
