"""The sources of the user's own modules are in the record, as they were executed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from runlore.objects import ObjectStore
from runlore.session_record import SessionRecord, session_ids
from tests.conftest import Notebook

AUTORELOAD = "%load_ext autoreload\n%autoreload 2"


def write(path: Path, source: str, age: float = 0.0) -> None:
    """Write a module; a later one must have a later time, which some file systems count in seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    at = time.time() - age
    os.utime(path, (at, at))


def loaded(notebook: Notebook, ordinal: int | None = None) -> list[tuple[str, str]]:
    """Modules of a cell, by default the last, with the sources in the store."""
    session = notebook.session()
    facts = session.cells[max(session.cells) if ordinal is None else ordinal].facts
    objects = ObjectStore(notebook.home.objects)
    return [(load.module, objects.get(load.digest).decode()) for load in facts.modules]


def test_imports_reloads_and_scripts(open_notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    notebook = open_notebook().load()
    write(tmp_path / "helpers.py", "A = 1\n", age=100)
    write(tmp_path / "pkg" / "__init__.py", "from pkg.inner import B\n")
    write(tmp_path / "pkg" / "inner.py", "B = 2\n")
    notebook.run("import helpers, json, pkg, wave")
    assert loaded(notebook) == [
        ("helpers", "A = 1\n"),
        ("pkg", "from pkg.inner import B\n"),
        ("pkg.inner", "B = 2\n"),
    ]
    notebook.run("import helpers, pkg")
    assert loaded(notebook) == []
    write(tmp_path / "helpers.py", "A = 22\n", age=50)
    notebook.run("import importlib; importlib.reload(helpers); importlib.reload(helpers)")
    assert loaded(notebook) == [("helpers", "A = 22\n")] * 2
    write(tmp_path / "script.py", "C = 3\n")
    notebook.run("%run script.py")
    notebook.run("%run -n script.py\nimport runpy; runpy.run_path('script.py')")
    assert loaded(notebook, 3) == [("__main__", "C = 3\n")]
    assert [source for _, source in loaded(notebook)] == ["C = 3\n"] * 2
    notebook.run(AUTORELOAD)
    write(tmp_path / "helpers.py", "A = 333\n", age=0)
    assert notebook.run("print(helpers.A)").text.strip() == "333"
    assert loaded(notebook) == [("helpers", "A = 333\n")]


def test_the_source_that_ran_is_kept_not_what_the_file_says_later(
    open_notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    notebook = open_notebook().load()
    write(tmp_path / "cached.py", "V = 'first'\n", age=100)
    notebook.run("import pathlib\nimport cached\npathlib.Path('cached.py').write_text('V = 9\\n')")
    assert loaded(notebook) == [("cached", "V = 'first'\n")]
    write(tmp_path / "cached.py", "V = 'first'\n", age=100)
    # From the bytecode that the first import left.
    notebook.run("import sys; del sys.modules['cached']\nimport cached\npathlib.Path('cached.py').unlink()")
    assert loaded(notebook) == [("cached", "V = 'first'\n")]
    write(tmp_path / "broken.py", "def f(:\n")
    result = notebook.run("import broken")
    assert not result.ok
    assert "runlore" not in "".join(result.reply["traceback"])
    assert loaded(notebook) == [("broken", "def f(:\n")]
    write(tmp_path / "fails.py", "1/0\n")
    assert "runlore" not in "".join(notebook.run("import fails").reply["traceback"])
    assert loaded(notebook) == [("fails", "1/0\n")]


def test_modules_imported_before_runlore_was_loaded(
    open_notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    notebook = open_notebook(env={"PYTHONDONTWRITEBYTECODE": ""})  # by its bytecode an edited module is told
    write(tmp_path / "early.py", "E = 1\n", age=100)
    write(tmp_path / "edited.py", "E = 2\n", age=100)
    notebook.run("import early, edited")
    write(tmp_path / "edited.py", "E = 'now'\n")
    notebook.load()
    session = notebook.session()
    assert {load.module for load in session.outside.modules} == {"early", "edited"}
    assert [note.what for note in session.not_captured if "module" in note.what] == ["source of module edited"]


def test_a_script_keeps_itself_and_what_it_imports(run_script: Callable[..., str], tmp_path: Path) -> None:
    write(tmp_path / "lib.py", "L = 1\n")
    write(
        tmp_path / "main.py",
        "import runlore\nwith runlore.start_run('s'):\n    import lib\n    runlore.log(l=lib.L)\n",
    )
    run_script("import subprocess, sys; subprocess.run([sys.executable, 'main.py'], check=True)")
    from runlore.home import Home

    home = Home(tmp_path / "home")
    session = SessionRecord(home, session_ids(home)[-1])
    session.refresh()
    assert [load.module for load in session.outside.modules] == ["__main__", "lib"]
