"""A recorded run that several tests bundle, verify and export; whoever changes its home takes a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.rerun.conftest import Recorded, record

CELLS = [
    "%load_ext runlore\nimport os, random",
    "rows = [line.split(',') for line in open('rows.csv')]\nimport halving\nrate = 0.5",
    "%%track train\nimport runlore\nfor step in range(5):\n"
    "    runlore.log(loss=halving.half(random.random()) * rate + len(rows), acc=0.9 + step / 100)\n"
    "known = len(os.environ.get('TOKEN_OF_MINE', ''))\nprint('trained')",
    "%%track other\nrunlore.log(a=1)",
    "%%track noisy\nrunlore.log(x=1.0 + int.from_bytes(os.urandom(2), 'big') * 1e-6)",
]


def furnish(directory: Path) -> None:
    """What a repository with the notebook holds."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "rows.csv").write_text("1,2\n3,4\n")
    (directory / "halving.py").write_text("def half(x):\n    return x / 2\n")


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    directory = tmp_path_factory.mktemp("automation")
    furnish(directory / "work")
    return record(directory, CELLS, env={"TOKEN_OF_MINE": "sesame-open"})


@pytest.fixture(scope="session")
def bundle(recorded: Recorded, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run ``train`` as a file. What recorded it can no longer be read where it was."""
    file = tmp_path_factory.mktemp("bundle") / "train.runlore"
    done = recorded.command("bundle", recorded.runs["train"].run_id, "-o", str(file))
    assert done.code == 0, done
    return file


@pytest.fixture
def checkout(tmp_path: Path, bundle: Path) -> Path:
    """A folder as a CI machine has it: the repository with the bundle in ``runs/``."""
    directory = tmp_path / "checkout"
    furnish(directory)
    (directory / "runs").mkdir()
    shutil.copy(bundle, directory / "runs" / "train.runlore")
    return directory
