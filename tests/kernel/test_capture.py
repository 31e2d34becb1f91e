"""What a run's record holds without being asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.capture import git
from runlore.capture.params import literal_params
from runlore.objects import ObjectStore
from runlore.states import StateFile
from tests.conftest import Notebook


def test_every_cell_in_order_with_its_outcome(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook()
    notebook.run("early = 1")
    notebook.run("import random\n%load_ext runlore\nlate = 2")
    notebook.run("x = 1")
    notebook.run("x +")
    notebook.run("1 / 0")
    notebook.run("")
    notebook.run("get_ipython().run_cell('nested = 1')")
    notebook.run("x = 1")
    cells = notebook.session().cells
    assert [(ordinal, cell.source, cell.outcome, cell.execution_count) for ordinal, cell in cells.items()] == [
        (-2, "early = 1", "unknown", 1),
        (-1, "import random\n%load_ext runlore\nlate = 2", "ok", 2),
        (0, "x = 1", "ok", 3),
        (1, "x +", "error", 4),
        (2, "1 / 0", "error", 5),
        (3, "get_ipython().run_cell('nested = 1')", "ok", 6),
        (4, "x = 1", "ok", cells[4].execution_count),
    ]
    assert cells[2].error is not None
    assert cells[2].error.name == "ZeroDivisionError"


def test_the_directory_is_the_one_that_the_first_cell_saw(
    open_notebook: Callable[..., Notebook], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    notebook = open_notebook()
    notebook.run("%cd elsewhere")
    notebook.load()
    info = notebook.session().info
    assert info is not None
    assert Path(info.cwd) == tmp_path


def test_random_states_are_those_before_the_cell(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.run("x = 1")
    notebook.run("import numpy as np\nfirst = np.random.random()")
    notebook.run("import torch\nsecond = np.random.random()")
    notebook.run("third = torch.rand(1)")
    notebook.run("x = 1")
    cells = notebook.session().cells
    assert set(cells[0].rng) == {"python"}
    assert set(cells[1].imported_rng) == {"numpy"}
    assert set(cells[2].imported_rng) == {"torch"}
    assert set(cells[3].rng) == {"python", "numpy", "torch"}
    assert cells[3].rng["torch"] != cells[4].rng["torch"]
    assert cells[3].rng["numpy"] == cells[4].rng["numpy"]
    assert cells[1].imported_rng["numpy"] != cells[2].rng["numpy"]
    states = StateFile(notebook.home.states(notebook.session().session_id))
    assert all(states.get(digest) for cell in cells.values() for digest in cell.rng.values())


def test_environment_packages_settings_and_no_secrets(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook(env={"AWS_SECRET_ACCESS_KEY": "hunter2", "OMP_NUM_THREADS": "1"}).load()
    notebook.run("%%track\nimport torch")
    run = notebook.last_run()
    assert run.environment is not None
    environment = json.loads(ObjectStore(notebook.home.objects).get(run.environment))
    assert environment["packages"]["ipykernel"]
    assert environment["packages"]["runlore"]
    assert environment["variables"]["OMP_NUM_THREADS"] == "1"
    assert environment["libraries"]["torch"]["threads"] == 1
    assert environment["hardware"]["memory_bytes"] > 0
    everything = b"".join(file.read_bytes() for file in notebook.home.path.rglob("*") if file.is_file())
    assert b"hunter2" not in everything


def test_a_git_that_is_terminated_at_its_start_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, folder, met = shutil.which("git"), tmp_path / "bin", tmp_path / "met"
    folder.mkdir()
    # As by a kernel that ends its children, once.
    (folder / "git").write_text(f'#!/bin/sh\n[ -e {met} ] || {{ : > {met}; kill -TERM $$; }}\nexec {real} "$@"\n')
    (folder / "git").chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert git.ask(tmp_path, "rev-parse", "--is-inside-work-tree") == b"true\n"
    assert met.exists()
    assert git.ask(tmp_path, "rev-parse", "--verify", "-q", "HEAD") is None


def test_git_commit_and_uncommitted_changes(open_notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    work = tmp_path / "project"
    work.mkdir()

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=trunk"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=work, check=True, capture_output=True, text=True
        ).stdout

    git("init")
    (work / "a.txt").write_text("one\n")
    git("add", ".")
    git("commit", "-m", "first")
    (work / "a.txt").write_text("two\n")
    # A repository may name programs to run when one looks at it; capturing must not run them.
    git("config", "core.fsmonitor", "touch fsmonitor-ran; false")
    git("config", "diff.external", "touch external-diff-ran; false")
    notebook = open_notebook(cwd=work).load()
    notebook.run("%%track\nx = 1")
    notebook.close()
    run = notebook.last_run()
    assert run.git is not None
    assert run.git.commit == git("rev-parse", "HEAD").strip()
    assert (run.git.branch, run.git.dirty) == ("trunk", True)
    assert run.git.patch is not None
    assert b"-one\n+two" in ObjectStore(notebook.home.objects).get(run.git.patch)
    assert not (work / "fsmonitor-ran").exists()
    assert not (work / "external-diff-ran").exists()


def test_parameters_are_literals_that_the_cell_reads(open_notebook: Callable[..., Notebook]) -> None:
    notebook = open_notebook().load()
    notebook.run("lr = 0.1\nunused = 3\nhidden: int = 4\nnames = ['a', 'b']")
    notebook.run("lr = 0.2")
    notebook.run("def train():\n    return lr, names\nmodel = [hidden]\nsteps = 3")
    notebook.run("steps += 1")
    notebook.run("%%track -p note=given\nbatch, drop = 32, None\n_ = train(), model, steps, batch")
    run = notebook.last_run()
    assert run.params == {"note": "given", "lr": 0.2, "hidden": 4, "names": ["a", "b"], "batch": 32}
    assert run.param_sources["note"] == "option"
    assert run.param_sources["lr"] == "literal"


@pytest.mark.parametrize(
    ("history", "tracked", "expected"),
    [
        ([], "lr = 1\nuse(lr)", {"lr": 1}),
        (["lr = 1"], "use(lr)\nlr = 2", {"lr": 2}),
        (["lr = 1", "lr = load()"], "use(lr)", {}),
        (["lr = 1", "def f(): return lr"], "def g(): return f()\ng()", {"lr": 1}),
        (["a = b = (1, 2.5)"], "use(a, b)", {"a": [1, 2.5], "b": [1, 2.5]}),
        (["not python ("], "use(lr)", {}),
        (["config = {'lr': 1, 'layers': [1, 2]}"], "use(config)", {"config": {"lr": 1, "layers": [1, 2]}}),
        (["data = " + repr(list(range(2000)))], "use(data)", {}),
        (["_private = 1"], "use(_private)", {}),
        (["for lr in [1, 2]: pass"], "use(lr)", {}),
    ],
)
def test_literal_params(history: list[str], tracked: str, expected: dict[str, object]) -> None:
    assert literal_params(history, tracked) == expected


def test_a_literal_that_was_changed_behind_the_back_is_no_parameter() -> None:
    assert literal_params(["lr = 1"], "use(lr)", {"lr": 2}) == {}
    assert literal_params(["lr = 1"], "use(lr)", {"lr": 1.0}) == {}
