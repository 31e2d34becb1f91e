"""Reruns of a slice: shorter, as exact, and never the cause of a wrong verdict."""

from __future__ import annotations

import nbformat
import pytest

from runlore.session_record import session_ids
from runlore_server.rerun.folder import Folder
from tests.rerun.conftest import Recorded, record

CELLS = [
    "%load_ext runlore",
    "import random\nimport string",
    "rate = 0.5",  # 1
    "unneeded = [random.random() for _ in range(1000)]\nunneeded[0]",
    "data = [random.random() for _ in range(3)]",  # 3
    "%%track sliced\nimport runlore\nfor value in data:\n    runlore.log(loss=rate * value + random.random())",
    "import json",
    "class Unused(json.JSONEncoder):\n    pass",  # 6
    # What a library knows of classes derived from its own is nobody's variable.
    "%%track deceived\nimport runlore\nrunlore.log(subclasses=len(json.JSONEncoder.__subclasses__()))",
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("slice"), CELLS)


def replayed(notebook: str) -> list[int]:
    return [cell.metadata.runlore.cell for cell in nbformat.read(notebook, as_version=4).cells]


def test_a_slice_is_bit_exact_with_fewer_cells(recorded: Recorded) -> None:
    done = recorded.verify("sliced", "--slice")
    assert done.code == 0, done
    assert done.json["verdict"] == "BIT-EXACT"
    assert replayed(done.json["notebook"]) == [0, 1, 3, 4]
    folder = Folder(recorded.home.rerun(done.json["run_id"]))
    assert (folder.launch().scope, folder.launch().left_out) == ("slice", [2])
    # In[n] and Out[n] mean what they meant.
    counts = [cell.execution_count for cell in nbformat.read(done.json["notebook"], as_version=4).cells]
    assert counts == [recorded.session.cells[n].execution_count for n in (0, 1, 3, 4)]
    whole = recorded.verify("sliced")
    assert replayed(whole.json["notebook"]) == [0, 1, 2, 3, 4]


def test_what_a_slice_cannot_reproduce_is_replayed_as_a_whole(recorded: Recorded) -> None:
    done = recorded.verify("deceived", "--slice")
    assert done.code == 0, done
    found = done.json
    assert found["verdict"] == "BIT-EXACT"
    assert "All cells were executed" in found["reason"]
    assert replayed(found["notebook"]) == [*range(8)][: len(replayed(found["notebook"]))]
    folder = Folder(recorded.home.rerun(found["run_id"]))
    (aside,) = (folder.path / "attempts").iterdir()
    assert aside.name not in session_ids(recorded.home)  # one session only claims the run
