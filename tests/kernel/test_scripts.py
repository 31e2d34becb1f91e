"""Which Python files other processes than the kernel read is in the record."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from blake3 import blake3

from runlore import events as ev
from runlore.objects import ObjectStore
from runlore.record import CellRecord
from tests.conftest import Notebook
from tests.kernel.accesses import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can watch directories")

WATCHERS = pytest.mark.parametrize("watcher", ["fanotify", "inotify"])


def scripts(cell: CellRecord) -> dict[str, ev.ScriptRead]:
    return {Path(read.path).name: read for read in cell.facts.scripts}


def digest(path: Path) -> str:
    return str(blake3(path.read_bytes()).hexdigest())


@pytest.fixture
def work(tmp_path: Path) -> Path:
    directory = tmp_path / "work"
    directory.mkdir()
    (directory / "marker").touch()
    (directory / "train.py").write_text("import helper\nprint(helper.x)\n")
    (directory / "helper.py").write_text("x = 1\n")
    (directory / "mine.py").write_text("def f(x):\n    import helper\n    return x + helper.x\n")
    (directory / "unread.py").write_text("y = 1\n")
    return directory


@WATCHERS
def test_what_children_of_all_kinds_read(
    open_notebook: Callable[..., Notebook], tmp_path: Path, work: Path, watcher: str
) -> None:
    # Bytecode is written and read again, whatever the one who runs the tests has set.
    env = {"RUNLORE_WATCH_FILES": watcher, "PYTHONDONTWRITEBYTECODE": ""}
    book = open_notebook(tmp_path / "home", work, env).load()
    imported = run(book, "import mine, subprocess, sys; open('train.py').read()")
    assert not imported.facts.scripts
    both = {"train.py": digest(work / "train.py"), "helper.py": digest(work / "helper.py")}
    for start in (
        "!python train.py",
        "subprocess.run([sys.executable, 'train.py'], check=True)",
        "subprocess.run([sys.executable, '-m', 'train'], check=True)",
        "%%bash\npython train.py",
    ):
        cell = run(book, start)
        assert {name: read.digest for name, read in scripts(cell).items()} == both, start
        assert not cell.facts.reads
        assert scripts(cell)["train.py"].seen_by == watcher
    assert (work / "__pycache__").is_dir()
    pool = run(
        book,
        "import multiprocessing\n"
        "with multiprocessing.get_context('spawn').Pool(1) as pool: assert pool.map(mine.f, [1]) == [2]",
    )
    assert set(scripts(pool)) == {"mine.py", "helper.py"}
    objects = ObjectStore(book.home.objects)
    assert objects.get(both["helper.py"]) == (work / "helper.py").read_bytes()
    assert not [note for note in book.session().not_captured if note.what.startswith("data")]


def test_scripts_and_modules_that_lie_elsewhere(
    open_notebook: Callable[..., Notebook], tmp_path: Path, work: Path
) -> None:
    for folder in ("tools/pkg", "src/installed/deep", "late"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "tools" / "start.py").write_text("import pkg.part\n")
    (tmp_path / "tools" / "pkg" / "part.py").write_text("y = 1\n")
    (tmp_path / "src" / "installed" / "deep" / "inner.py").write_text("z = 1\n")
    (tmp_path / "late" / "found.py").write_text("import sys\n")
    book = open_notebook(tmp_path / "home", work, {"PYTHONPATH": str(tmp_path / "src")}).load()
    cell = run(book, "!python ../tools/start.py")
    assert set(scripts(cell)) == {"start.py", "part.py"}
    cell = run(book, "!python -m installed.deep.inner")
    assert set(scripts(cell)) == {"inner.py"}
    run(book, "import importlib.util, os, sys\nwhere = os.sep.join(['..', 'late', 'found.py'])")
    run(book, "spec = importlib.util.spec_from_file_location('found', where); spec.loader.get_code('found')")
    cell = run(book, "import subprocess; subprocess.run([sys.executable, where], check=True)")
    assert set(scripts(cell)) == {"found.py"}


@WATCHERS
def test_what_cells_write_is_known_by_its_writer(
    open_notebook: Callable[..., Notebook], tmp_path: Path, work: Path, watcher: str
) -> None:
    book = open_notebook(tmp_path / "home", work, {"RUNLORE_WATCH_FILES": watcher}).load()
    written = run(book, "%%writefile made.py\nprint(1)")
    cell = run(book, "!python made.py train.py")
    assert {name: read.writer for name, read in scripts(cell).items()} == {"made.py": written.ordinal}
    cell = run(book, "!echo 'print(3)' > shell.py; python shell.py; python train.py")
    writers = {name: read.writer for name, read in scripts(cell).items()}
    assert writers == {"shell.py": cell.ordinal, "train.py": None, "helper.py": None}


def test_a_script_that_is_edited_while_it_runs_counts_as_it_was_read(
    open_notebook: Callable[..., Notebook], tmp_path: Path, work: Path
) -> None:
    script = work / "slow.py"
    script.write_text(
        "import os, time\nopen('started', 'w').close()\nwhile not os.path.exists('go'):\n    time.sleep(0.05)\n"
    )
    was = digest(script)
    book = open_notebook(tmp_path / "home", work).load()
    book.start("import subprocess, sys\nsubprocess.run([sys.executable, 'slow.py'], check=True)")
    deadline = time.monotonic() + 60
    while not (work / "started").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(1.0)  # it is seen and hashed meanwhile
    script.write_text("print('edited')\n")
    (work / "go").touch()
    run(book, "1")
    (read,) = (one for cell in book.session().cells.values() for one in cell.facts.scripts)
    assert (Path(read.path).name, read.digest) == ("slow.py", was)


def test_what_others_read_is_none_of_it(
    open_notebook: Callable[..., Notebook], tmp_path: Path, work: Path
) -> None:
    """Runlore's own git looks at changed files, and an editor's process that is older than the kernel at any."""
    git = ["git", "-C", str(work), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "all"], check=True)
    (work / "unread.py").write_text("y = 2\n")
    (work / "edited.py").write_text("z = 2\n")
    editor = subprocess.Popen(
        [sys.executable, "-c", "import time\nwhile True:\n    open('edited.py').close()\n    time.sleep(0.01)"],
        cwd=work,
    )
    try:
        book = open_notebook(tmp_path / "home", work, {"RUNLORE_WATCH_FILES": "fanotify"}).load()
        cell = run(book, "%%track t\nimport subprocess, sys\nfor _ in range(3): _ = !{sys.executable} train.py")
        deadline = time.monotonic() + 30
        while book.last_run().git is None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        editor.kill()
        editor.wait()
    assert set(scripts(cell)) == {"train.py", "helper.py"}
    assert scripts(cell)["train.py"].version["path"] == "train.py"
