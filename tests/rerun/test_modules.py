"""A rerun executes the modules that were executed then, whatever became of their files."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat

from runlore.session_record import SessionRecord, session_ids
from tests.rerun.conftest import Recorded, record


def _logged(session: SessionRecord) -> list[tuple[int, list[str]]]:
    cells = [(ordinal, cell) for ordinal, cell in session.cells.items() if ordinal >= 0]
    return [(ordinal, [load.digest for load in cell.facts.modules]) for ordinal, cell in cells]


def notebook(*sources: str) -> str:
    written = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    return str(nbformat.writes(written))


def test_changed_and_deleted_modules(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "helpers.py").write_text("import space.part\ndef f():\n    return 1.0 + space.part.P\n")
    (work / "space").mkdir()
    (work / "space" / "part.py").write_text("P = 0.5\n")
    (work / "script.py").write_text("S = 2.0\n")
    (work / "gone.py").write_text("G = 4.0\n")
    (work / "setup.ipynb").write_text(notebook("N = 8.0", "print('set up')"))
    edit = "import os\nif not os.environ.get('AGAIN'): open({0!r}, 'w').write({1!r}); os.utime({0!r}, ({2}, {2}))"
    cells = [
        "%load_ext runlore",
        "%load_ext autoreload\n%autoreload 2",
        "import helpers, runpy, inspect",
        "%run script.py",
        edit.format("helpers.py", "import space.part\ndef f():\n    return 10.0 + space.part.P\n", 2_000_000_000),
        "a = helpers.f()",
        edit.format("helpers.py", "import space.part\ndef f():\n    return 100.0 + space.part.P\n", 2_000_000_100),
        "import importlib; b = helpers.f(); importlib.reload(helpers); c = helpers.f()",
        "%run gone\n%run setup.ipynb",
        "%%track all\nimport runlore\nd = runpy.run_path('script.py')['S']\n"
        "runlore.log(a=a, b=b, c=c, d=d, S=S, G=G, N=N, n=len(inspect.getsource(helpers.f)))",
    ]
    recorded = record(tmp_path, cells)
    (work / "helpers.py").write_text("raise SystemError('edited since')\n")
    shutil.rmtree(work / "space")
    (work / "script.py").write_text("S = -1.0\n")
    (work / "gone.py").unlink()
    (work / "setup.ipynb").write_text(notebook("N = 9.0"))
    again = _rerun_with(recorded, "all")
    originals = dict(_logged(recorded.session))
    assert dict(_logged(again)) == originals
    assert len(originals[4]) == 1  # reloaded by %autoreload
    assert len(originals[7]) == 2  # a script and a notebook
    for ordinal in originals:
        assert again.cells[ordinal].outputs == recorded.session.cells[ordinal].outputs is not None
    assert (work / "helpers.py").read_text() == "raise SystemError('edited since')\n"
    assert not (work / "gone.py").exists()


def _rerun_with(recorded: Recorded, name: str) -> SessionRecord:
    done = recorded.command("verify", recorded.runs[name].run_id, "--json", env={"AGAIN": "1"})
    assert done.json["verdict"] == "BIT-EXACT", done.stdout + done.stderr
    sessions = [SessionRecord(recorded.home, one) for one in session_ids(recorded.home)]
    for session in sessions:
        session.refresh()
    (again,) = (session for session in sessions if session.info is not None and session.info.rerun_of)
    return again
