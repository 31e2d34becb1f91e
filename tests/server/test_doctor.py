"""``runlore doctor``: what is damaged is named, nothing is written unasked, and projections are made anew."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runlore import events as ev
from runlore.curve import RECORD_SIZE
from runlore.home import Home
from runlore.states import StateWriter
from runlore_server.cli import main
from runlore_server.queue.ledger import Ledger
from runlore_server.retention.notes import RetentionNotes, Retired
from runlore_server.store.archive import archive_run
from runlore_server.store.filters import SavedFilter, SavedFilters
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import Verdict, write_verdict
from tests.journals import FakeKernel


class Doctor:
    """The command on one home."""

    def __init__(self, home: Home, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys

    def __call__(self, *options: str) -> tuple[int, dict[str, Any]]:
        code = main(["doctor", "--json", "--home", str(self.home.path), *options])
        return code, json.loads(self._capsys.readouterr().out)

    def kinds(self, *options: str) -> dict[str, list[str]]:
        """The places of every finding, by its kind."""
        found = self(*options)[1]["findings"]
        return {one["kind"]: [place["where"] for place in one["places"]] for one in found}


@pytest.fixture
def doctor(home: Home, capsys: pytest.CaptureFixture[str]) -> Doctor:
    home.path.mkdir(mode=0o700)
    return Doctor(home, capsys)


@pytest.fixture
def recorded(home: Home, doctor: Doctor) -> tuple[FakeKernel, str, str]:
    """A home with everything in it; the session, a run of it and its rerun."""
    kernel = FakeKernel(home, dead=True)
    states = StateWriter(home.states(kernel.session_id))
    cell = kernel.cell("import random", rng={"python": states.put(b"state" * 100)})
    states.close()
    run_id = kernel.start_run(kind="cell", cell=cell)
    kernel.log(run_id, "loss", [(step, 1 / (step + 1)) for step in range(100)])
    kernel.params(run_id, lr=0.1)
    kernel.write(ev.TagsSet(time=1.0, run_id=run_id, tags={"team": "vision"}))
    kernel.artifact(run_id, "model.pt", b"weights" * 100)
    kernel.environment(run_id)
    kernel.finish_run(run_id, cell=cell)
    again = kernel.run("again", {"loss": [(0, 1.0)]}, rerun_of=run_id)
    kernel.end()
    home.rerun(again).mkdir(parents=True)
    write_verdict(home.rerun(again), Verdict(verdict="BIT-EXACT", reason="all points are the same"))
    Ledger(home.path / "jobs.sqlite").close()
    SavedFilters(home).put(SavedFilter(name="good", filter="metrics.loss < 0.1"))
    store = RunStore(home)
    store.refresh()
    store.sum_up()
    store.close()
    return kernel, run_id, again


def everything(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_mode, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_whole_home_is_in_order_and_nothing_is_written(doctor: Doctor, recorded: Any) -> None:
    before = everything(doctor.home.path)
    for options in ((), ("--deep",), (recorded[1][:8],)):
        code, found = doctor(*options)
        assert (code, found["findings"]) == (0, []), found
    assert doctor("--deep")[1]["seen"] == {
        "databases": 3, "sessions": 1, "runs": 2, "curves": 2, "reruns": 1, "objects": 2, "objects read": 2,
    }  # fmt: skip
    assert everything(doctor.home.path) == before


def test_no_index_is_made_where_there_is_none(doctor: Doctor, recorded: Any) -> None:
    for name in ("index.sqlite", "index.sqlite-wal", "index.sqlite-shm"):
        (doctor.home.path / name).unlink(missing_ok=True)
    before = everything(doctor.home.path)
    assert doctor()[0] == 0
    assert everything(doctor.home.path) == before


def test_runs_can_be_chosen_and_unknown_ones_are_said(doctor: Doctor, recorded: Any) -> None:
    assert doctor(recorded[1])[1]["seen"]["runs"] == 1
    code, found = doctor("no-such-run")
    assert (code, found["error"]["reason"]) == (2, "RunNotFound")
    shutil.rmtree(doctor.home.path)
    code, found = doctor()
    assert code == 2
    assert "nothing has been recorded" in found["error"]["message"]
    assert not doctor.home.path.exists()


def _lose(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 5)


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _misspell(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"params"', b'"params', 1))


def _ruin(path: Path) -> None:
    path.write_bytes(b"no such thing" * 500)


def _journal(kernel: FakeKernel, run_id: str, again: str) -> Path:
    return kernel.home.events(kernel.session_id)


def _curve(kernel: FakeKernel, run_id: str, again: str) -> Path:
    return kernel.home.curves(kernel.session_id, run_id) / "loss.curve"


def _object(kernel: FakeKernel, run_id: str, again: str) -> Path:
    return max(kernel.home.objects.iterdir(), key=lambda path: path.stat().st_size)


def _states(kernel: FakeKernel, run_id: str, again: str) -> Path:
    return kernel.home.states(kernel.session_id)


def _verdict(kernel: FakeKernel, run_id: str, again: str) -> Path:
    return kernel.home.rerun(again) / "verdict.json"


def _of_home(name: str) -> Callable[..., Path]:
    return lambda kernel, *_: kernel.home.path / name


@pytest.mark.parametrize(
    ("which", "how", "kind", "code"),
    [
        (_journal, _misspell, "damaged-line", 1),
        (_journal, _cut, "torn-line", 0),
        (_curve, _lose, "curve-missing", 1),
        (_curve, _ruin, "no-curve", 1),
        (_curve, _cut, "curve-cut", 1),
        (_object, _flip, "object-changed", 1),
        (_object, _cut, "object-changed", 1),
        (_object, _lose, "object-absent", 1),
        (_states, _lose, "states-lost", 1),
        (_states, _flip, "states-lost", 1),
        (_states, _cut, "states-lost", 1),
        (_verdict, _ruin, "verdict-damaged", 1),
        (_of_home("jobs.sqlite"), _ruin, "database-damaged", 1),
        (_of_home("filters.sqlite"), _ruin, "database-damaged", 1),
        (_of_home("index.sqlite"), _ruin, "projection-damaged", 1),
    ],
)
def test_damage_is_named_with_its_file(  # noqa: PLR0917
    doctor: Doctor,
    recorded: tuple[FakeKernel, str, str],
    which: Callable[..., Path],
    how: Callable[[Path], None],
    kind: str,
    code: int | None,
) -> None:
    path = which(*recorded)
    how(path)
    found, said = doctor("--deep")
    assert code is None or found == code, said
    places = doctor.kinds("--deep")
    assert kind in places, places
    named = {path, recorded[0].home.events(recorded[0].session_id)} if kind == "object-absent" else {path}
    assert set(places[kind]) <= {one.relative_to(doctor.home.path).as_posix() for one in named}
    # What was recorded is never touched by a repair.
    before = path.read_bytes() if path.exists() else None
    doctor("--repair", "--deep")
    if not path.name.startswith("index"):
        assert (path.read_bytes() if path.exists() else None) == before


def test_lines_that_make_no_sense_are_counted_by_kind(doctor: Doctor, kernel: Callable[..., FakeKernel]) -> None:
    session = kernel()
    run_id = session.start_run()
    path = doctor.home.events(session.session_id)
    with path.open("ab") as file:
        # Processes that were forked begin theirs with an empty line.
        file.write(b"\n" + b'{"type":"from_the_future","time":1}\n' * 3000 + b"nonsense\n" * 2)
    session.params("not-a-run", lr=1)
    session.finish_cell(7)
    session.end()
    code, found = doctor()
    kinds = {one["kind"]: one for one in found["findings"]}
    assert code == 1
    assert kinds["unknown-events"]["count"] == 1
    assert kinds["unknown-events"]["places"][0]["detail"] == "3000 of type from_the_future"
    assert [place["detail"].split(":")[0] for place in kinds["damaged-line"]["places"]] == [
        f"line {number}, byte {offset}"
        for number, offset in (
            (3004, path.read_bytes().index(b"nonsense")),
            (3005, path.read_bytes().rindex(b"nonsense")),
        )
    ]
    assert {place["detail"].split(" (")[0] for place in kinds["disorder"]["places"]} == {
        "events of runs that never started", "ends of cells that never started",
    }  # fmt: skip
    assert run_id in kinds["unended"]["places"][0]["detail"]


def test_files_of_a_later_format_ask_for_an_upgrade(doctor: Doctor, recorded: tuple[FakeKernel, str, str]) -> None:
    later = FakeKernel(doctor.home, version=99)
    verdict = _verdict(*recorded)
    verdict.write_text(json.dumps({**json.loads(verdict.read_text()), "format": 99}))
    curve = _curve(*recorded)
    content = bytearray(curve.read_bytes())
    content[8] = 99
    curve.write_bytes(content)
    states = bytearray(_states(*recorded).read_bytes())
    states[8] = 99
    _states(*recorded).write_bytes(states)
    for name in ("jobs.sqlite", "filters.sqlite"):
        with sqlite3.connect(doctor.home.path / name) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    code, found = doctor()
    (one,) = (one for one in found["findings"] if one["kind"] == "later-format")
    assert code == 1
    assert {Path(place["where"]).name for place in one["places"]} == {
        "events.jsonl", "verdict.json", "loss.curve", "states.bin", "jobs.sqlite", "filters.sqlite",
    }  # fmt: skip
    assert all("upgrade Runlore" in place["detail"] for place in one["places"])
    assert doctor.home.events(later.session_id).parent.name in str(one["places"])


def test_an_index_that_says_otherwise_is_built_again(
    doctor: Doctor, recorded: tuple[FakeKernel, str, str]
) -> None:
    with sqlite3.connect(doctor.home.path / "index.sqlite") as connection:
        connection.execute("UPDATE run SET name = 'forged'")
        connection.execute("UPDATE metric SET last = 12345.0")
        connection.execute("UPDATE param SET value = 'forged'")
    connection.close()
    code, found = doctor()
    assert code == 1
    (wrong,) = found["findings"]
    assert {place["detail"] for place in wrong["places"]} == {"run", "metrics", "parameters"}
    code, found = doctor("--repair")
    assert (code, len(found["repaired"])) == (0, 1)
    assert (doctor()[0], doctor("--repair")[1]["repaired"]) == (0, [])
    store = RunStore(doctor.home)
    store.refresh()
    assert store.find(recorded[1]).name == "train"
    store.close()


def test_repair_beside_a_server_and_a_live_kernel(
    doctor: Doctor,
    recorded: tuple[FakeKernel, str, str],
    start_server: Callable[..., Any],
    eventually: Callable[..., Any],
) -> None:
    live = FakeKernel(doctor.home)
    running = live.start_run("live")
    live.log(running, "loss", [(0, 1.0)])
    server = start_server(doctor.home)

    def names() -> set[str]:
        return {run["name"] for run in server.call("GET", "/runlore/runs").json()["runs"]}

    eventually(lambda: {"live", "train", "again"} <= names())
    with sqlite3.connect(doctor.home.path / "index.sqlite", timeout=30) as connection:
        connection.execute("UPDATE run SET name = 'forged'")
    connection.close()
    assert doctor("--repair")[0] == 0
    live.log(running, "loss", [(1, 0.5)])
    live.finish_run(running)
    live.end()
    eventually(
        lambda: (
            server.call("GET", f"/runlore/runs/{running}").json()["status"] == "finished"
            and {"live", "train", "again"} <= names()
        )
    )
    assert doctor("--deep")[1]["findings"] == []


def test_what_was_left_half_written_goes_when_it_is_old(doctor: Doctor, recorded: Any) -> None:
    old, fresh = (doctor.home.objects / f".staged-1-{name}" for name in ("old", "fresh"))
    staged = doctor.home.rerun(recorded[2]) / ".verdict.json.staged"
    for path in (old, fresh, staged):
        path.write_bytes(b"half")
    for path in (old, staged):
        os.utime(path, (1.0, 1.0))
    assert doctor.kinds() == {"leftover": [f"reruns/{recorded[2]}/.verdict.json.staged", "objects/.staged-1-old"]}
    assert doctor("--repair")[0] == 0
    assert (old.exists(), staged.exists(), fresh.exists()) == (False, False, True)


@pytest.mark.skipif(sys.platform == "win32", reason="it has other permissions")
def test_an_open_home_and_an_open_key_are_told(doctor: Doctor, recorded: Any) -> None:
    doctor.home.key.write_bytes(b"k" * 32)
    doctor.home.key.chmod(0o644)
    assert set(doctor.kinds()) == {"key-unusable"}
    doctor.home.key.chmod(0o600)
    doctor.home.objects.chmod(0o755)
    assert doctor()[0] == 0, "nobody can enter the home"
    doctor.home.path.chmod(0o755)
    assert "objects" in doctor.kinds()["readable-by-others"]


def test_holes_and_strays_among_curves(doctor: Doctor, recorded: tuple[FakeKernel, str, str]) -> None:
    from runlore.curve import HEADER, SENTINEL

    curve = _curve(*recorded)
    content = bytearray(curve.read_bytes())
    at = len(HEADER) + 10 * RECORD_SIZE
    content[at : at + RECORD_SIZE] = bytes(16) + SENTINEL
    curve.write_bytes(content)
    (curve.parent / "stray.curve").write_bytes(content)
    found = {one["kind"]: one["places"] for one in doctor()[1]["findings"]}
    assert found["curve-holes"][0]["detail"] == "1 places"
    assert found["curve-unannounced"][0]["where"].endswith("stray.curve")
    assert set(found) <= {"curve-holes", "curve-unannounced", "index-wrong"}


def test_what_retention_removed_is_not_missing(doctor: Doctor, recorded: tuple[FakeKernel, str, str]) -> None:
    model = recorded[0].objects.put(b"weights" * 100)
    (doctor.home.objects / model).unlink()
    assert set(doctor.kinds()) == {"object-absent"}
    retired = Retired(run_id=recorded[1], path="model.pt", digest=model, size=700, time=1.0, rule="keep last 1")
    RetentionNotes(doctor.home).retire([retired])
    assert doctor.kinds() == {}


def test_a_mirrored_run_that_cannot_be_read_is_fetched_again(doctor: Doctor, recorded: Any) -> None:
    folder = doctor.home.mirror / f"mlflow-abc-{'0' * 16}"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "events.jsonl").write_text("{}\n")
    assert doctor.kinds() == {"mirror-damaged": [f"mirror/{folder.name}/events.jsonl"]}
    assert doctor("--repair")[0] == 0
    assert not folder.exists()


def test_it_works_where_only_what_a_kernel_needs_is_installed(doctor: Doctor, recorded: Any) -> None:
    program = (
        "import sys\n"
        "for name in ('numpy', 'pyarrow', 'mlflow', 'pandas', 'jupyter_client', 'jupyter_server', 'papermill',"
        " 'nbformat', 'scipy'): sys.modules[name] = None\n"
        "from runlore_server.cli import main\n"
        f"sys.exit(main(['doctor', '--deep', '--home', {str(doctor.home.path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout[:24]) == (0, "Everything is in order: "), done.stderr


def test_archives_tell_of_curves_that_were_changed(doctor: Doctor, recorded: tuple[FakeKernel, str, str]) -> None:
    store = RunStore(doctor.home)
    store.refresh()
    archive = archive_run(store.find(recorded[1]))
    store.close()
    assert archive is not None
    assert doctor.kinds("--deep") == {}
    curve = _curve(*recorded)
    content = bytearray(curve.read_bytes())
    content[-8:] = bytes(8)
    curve.write_bytes(content)
    assert "curve-differs" in doctor.kinds("--deep")
    curve.unlink()
    assert doctor.kinds("--deep") == {}, "the archive has its points"
    archive.write_bytes(archive.read_bytes()[:-20])
    assert set(doctor.kinds("--deep")) >= {"archive-damaged", "curve-missing"}


def test_the_text_is_calm_and_grouped(
    doctor: Doctor, recorded: tuple[FakeKernel, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--home", str(doctor.home.path)]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("Everything is in order: 3 databases, 1 session, 2 runs, 2 curves")
    _lose(_curve(*recorded))
    assert main(["doctor", "--home", str(doctor.home.path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "errors"
    assert "curves that are announced and absent (1)" in lines[1]
    assert lines[-1].startswith("1 error, ")
