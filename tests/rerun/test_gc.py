"""After ``runlore gc``, all that real kernels recorded can be read and repeated as before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.objects import ObjectStore
from runlore_server.retention.notes import RetentionNotes, Retired
from tests.conftest import Notebook
from tests.rerun.conftest import Recorded, record
from tests.server.collecting import NOBODY_NEEDS, age, gc, objects

MODULE = "import random\n\ndef draw():\n    return random.random()\n"
TRAINING = """%%track train
import os, pickle, runlore
from pathlib import Path
import helper
values = [float(line) for line in Path("data.csv").read_text().split()]
for epoch in range(5):
    runlore.log(loss=helper.draw() + sum(values))
new = os.urandom(4) if Path("differ").exists() else b""
Path("model.pkl").write_bytes(pickle.dumps([epoch, helper.draw(), new]))
runlore.log_artifact("model.pkl")
print("trained", epoch)
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    directory = tmp_path_factory.mktemp("gc")
    (directory / "work").mkdir()
    (directory / "work" / "helper.py").write_text(MODULE)
    (directory / "work" / "data.csv").write_text("1\n2\n3\n")
    return record(directory, ["%load_ext runlore", TRAINING, TRAINING.replace("train", "again", 1)])


def test_a_run_is_repeated_bit_for_bit_after_everything_else_was_removed(recorded: Recorded) -> None:
    home = recorded.home
    needed = objects(home)
    assert len(needed) >= 6
    ObjectStore(home.objects).put(NOBODY_NEEDS)
    age(home)
    assert gc(home, "--older-than", "0")["removed"]["objects"]["count"] == 1
    assert objects(home) == needed
    (recorded.cwd / "helper.py").write_text("def draw():\n    return 4\n")  # what was recorded is what counts
    found = recorded.verify("train").json
    assert found["verdict"] == "BIT-EXACT", found
    age(home)
    gc(home, "--older-than", "0")
    found = recorded.verify("train").json
    assert found["verdict"] == "BIT-EXACT", found


def test_a_verdict_says_that_an_artifact_was_removed(recorded: Recorded) -> None:
    home, run = recorded.home, recorded.runs["again"]
    model = run.artifacts["model.pkl"]
    rule = Retired(
        run_id=run.run_id, path="model.pkl", digest=model.digest, size=model.size, time=1.7e9, rule="keep last 1"
    )
    RetentionNotes(home).retire([rule])
    (home.objects / model.digest).unlink()
    (recorded.cwd / "differ").touch()  # with equal hashes nobody would need the content
    found = recorded.verify("again").json
    assert found["verdict"] == "UNVERIFIABLE"
    assert "Artifact 'model.pkl' of the original was removed by retention on 2023-11-1" in found["reason"]
    assert "(keep last 1)" in found["reason"]


def test_a_living_kernel_goes_on_undisturbed(open_notebook: Callable[..., Notebook], tmp_path: Path) -> None:
    notebook = open_notebook().load()
    (tmp_path / "model.bin").write_bytes(b"weights")
    for number in range(3):
        assert notebook.run(f"%%track run{number}\nimport runlore\nrunlore.log_artifact('model.bin')").ok
        age(notebook.home)
        gc(notebook.home, "--older-than", "0")
    session = notebook.session()
    store = ObjectStore(notebook.home.objects)
    assert len(session.runs) == 3
    for run in session.runs.values():
        assert store.get(run.artifacts["model.bin"].digest) == b"weights"
    for cell in session.cells.values():
        assert cell.outputs is None or store.get(cell.outputs)
