"""From records to notebooks: which cells, in which order, for which kernel; and what is refused."""

from __future__ import annotations

import json
import shutil
import sys
import venv
from pathlib import Path

import nbformat
import pytest

from runlore import events as ev
from runlore.home import Home
from runlore.process import ProcessIdentity
from runlore_server.errors import KernelMissing, RerunRefused
from runlore_server.rerun.kernels import choose
from runlore_server.rerun.prepare import prepare
from tests.journals import FakeKernel

Kernels = type(lambda: None)


def session_started(**fields: object) -> ev.SessionStarted:
    process = ProcessIdentity(pid=1, started=0.0, host="h", boot="b")
    common = {"time": 0.0, "format": 1, "session_id": "s", "process": process, "runlore": "0", "python": "3.11"}
    return ev.SessionStarted(
        **{**common, "executable": sys.executable, "cwd": "/", "kernel_name": "python3", **fields}
    )  # type: ignore[arg-type]


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    return FakeKernel(Home(tmp_path / "home"), cwd=str(tmp_path), executable=sys.executable)


def started(
    kernel: FakeKernel, ordinal: int, source: str, outcome: ev.Outcome | None = "ok", **fields: object
) -> None:
    kernel.write(ev.CellStarted(time=1.0, ordinal=ordinal, source=source, **fields))  # type: ignore[arg-type]
    if outcome is not None:
        kernel.write(ev.CellFinished(time=2.0, ordinal=ordinal, outcome=outcome, duration=2.5))


def test_the_notebook_is_what_was_executed(kernel: FakeKernel) -> None:
    started(kernel, -2, "import os", "unknown")
    started(kernel, -1, "# recording\n\n%load_ext runlore\n")
    started(kernel, 0, "a = 1\n", cell_id="one")
    started(kernel, 1, "while True: pass", "interrupted", rng={"python": "0" * 64}, execution_count=7)
    started(kernel, 2, "a = 2", cell_id="one")
    started(kernel, 3, "   ")
    started(kernel, 4, "1/0", "error", cell_id="not a valid id: " + "x" * 80)
    started(kernel, 5, "%%track\n" + "\u2028'\ud7ff'\r\n\f", cell_id="one", store_history=False)
    run_id = kernel.run(cell=5, kind="cell")
    started(kernel, 6, "later = True")
    folder = prepare(kernel.home, kernel.session_id, run_id)
    notebook = nbformat.read(folder.notebook, as_version=4)
    nbformat.validate(notebook)
    assert [cell.metadata.runlore.cell for cell in notebook.cells] == [-2, 0, 1, 2, 4, 5]
    assert [cell.source for cell in notebook.cells] == [
        "import os",
        "a = 1\n",
        "while True: pass",
        "a = 2",
        "1/0",
        "%%track\n" + "\u2028'\ud7ff'\r\n\f",
    ]
    tagged = [
        cell.metadata.runlore.cell
        for cell in notebook.cells
        if "raises-exception" in cell.metadata.get("tags", [])
    ]
    assert tagged == [-2, 1, 4]
    plan = folder.plan()
    assert [cell.ordinal for cell in plan.cells] == [-2, 0, 1, 2, 4, 5]
    assert plan.cells[2].interrupt_after == 2.5
    assert plan.cells[2].rng == {"python": "0" * 64}
    assert plan.cells[2].execution_count == 7
    assert notebook.metadata.runlore == {"rerun_of": run_id, "run_id": plan.run_id, "session": kernel.session_id}
    assert notebook.nbformat_minor == 5
    again = prepare(kernel.home, kernel.session_id, run_id, rerun_id=plan.run_id).plan()
    assert again.run_id == plan.run_id
    assert again.session_id != plan.session_id


def test_a_loading_cell_with_more_in_it_is_repeated(kernel: FakeKernel) -> None:
    started(kernel, -1, "import numpy\n%load_ext runlore")
    started(kernel, 0, "%%track")
    folder = prepare(kernel.home, kernel.session_id, kernel.run(cell=0, kind="cell"))
    assert [cell.ordinal for cell in folder.plan().cells] == [-1, 0]


def test_a_run_that_never_ended_is_repeated_up_to_its_last_cell(kernel: FakeKernel) -> None:
    started(kernel, 0, "%track on")
    run_id = kernel.start_run(cell=0, kind="span")
    started(kernel, 1, "work()")
    started(kernel, 2, "more()", "interrupted")
    plan = prepare(kernel.home, kernel.session_id, run_id).plan()
    assert [cell.ordinal for cell in plan.cells] == [0, 1, 2]
    assert plan.cells[2].interrupt_after is None  # what would have come next is what the rerun can tell


def test_what_cannot_be_rerun_is_refused(kernel: FakeKernel, tmp_path: Path) -> None:
    with pytest.raises(RerunRefused, match="script"):
        prepare(kernel.home, kernel.session_id, kernel.run())
    gone = tmp_path / "gone"
    gone.mkdir()
    other = FakeKernel(kernel.home, cwd=str(gone), executable=sys.executable)
    started(other, 0, "%%track")
    run_id = other.run(cell=0, kind="cell")
    prepare(kernel.home, other.session_id, run_id)
    with pytest.raises(KernelMissing):
        prepare(kernel.home, other.session_id, run_id, kernel="fortran")
    shutil.rmtree(gone)
    with pytest.raises(RerunRefused, match="working directory"):
        prepare(kernel.home, other.session_id, run_id)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Install a kernelspec for this test alone."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))

    def add(name: str, argv: list[str], language: str = "python", **fields: object) -> None:
        spec = tmp_path / "jupyter" / "kernels" / name
        spec.mkdir(parents=True)
        content = {"argv": argv, "display_name": name, "language": language, **fields}
        (spec / "kernel.json").write_text(json.dumps(content))

    return add


def environment(place: Path, *, sees_ours: bool) -> Path:
    """The interpreter of a new virtual environment: an empty one, or with what is installed for the tests."""
    venv.create(place, with_pip=False, symlinks=True)
    if sees_ours:
        (site,) = place.glob("lib/python*/site-packages")
        (site / "ours.pth").write_text("\n".join(path for path in sys.path if Path(path).is_dir()))
    return place / "bin" / "python"


def test_the_recorded_interpreter_wins_over_a_name_that_leads_elsewhere(tmp_path: Path, install) -> None:  # type: ignore[no-untyped-def]
    elsewhere = environment(tmp_path / "env", sees_ours=True)
    install("mine", [str(elsewhere), "-m", "ipykernel_launcher", "-f", "{connection_file}"], env={"A": "1"})
    recorded = choose(session_started(kernel_name="mine"))
    assert recorded.argv[0] == sys.executable
    assert recorded.argv[1:3] == ["-m", "ipykernel_launcher"]
    assert recorded.environ == {"A": "1"}
    # Asked for by name, it is what was asked for; and the recorded interpreter may be gone.
    assert choose(session_started(kernel_name="python3"), "mine").argv[0] == str(elsewhere)
    gone = session_started(kernel_name="mine", executable=str(tmp_path / "no" / "python"))
    assert choose(gone).argv[0] == str(elsewhere)
    # A launcher that is no interpreter is left alone.
    install("wrapped", ["/usr/bin/env", "X=1", "python3", "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    assert choose(session_started(kernel_name="wrapped")).argv[0] == "/usr/bin/env"


def test_missing_and_foreign_kernels(install) -> None:  # type: ignore[no-untyped-def]
    install("ir", ["R", "-f", "{connection_file}"], language="R")
    with pytest.raises(KernelMissing, match="recorded the run") as missing:
        choose(session_started(kernel_name="gone"))
    assert {"ir", "python3"} <= set(missing.value.kernels)
    with pytest.raises(RerunRefused, match="runs R"):
        choose(session_started(), "ir")


def test_a_terminal_session_is_replayed_by_its_own_interpreter(tmp_path: Path) -> None:
    own = choose(session_started(kernel_name=None))
    assert own.name is None
    assert own.argv[0] == sys.executable
    with pytest.raises(RerunRefused, match="gone"):
        choose(session_started(kernel_name=None, executable=str(tmp_path / "python")))
