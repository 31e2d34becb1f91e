"""``runlore export``: a notebook that plain papermill executes where Runlore is not loaded."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest

from runlore_server.store.curves import read_points
from tests.rerun.conftest import Recorded, record

CELLS = [
    "%load_ext runlore\nimport random",
    "import numpy as np",
    "rate = 0.5  # how fast\nsteps = 4",
    "np.random.rand(1000).mean()",
    "config = {'net': {'width': 8}}\nmisspelled_",
    "%%track earlier\nimport runlore\nrunlore.log(a=1)",
    "scale = np.ones(3).sum()",
    "%%track 'my run' --seed 7 --watch loss\nfrom runlore import log\nimport runlore\nfor step in range(steps):\n"
    "    loss = rate * random.random() * scale + np.random.rand()\n    log({'loss': loss}, step=step)\n"
    "runlore.note('done')",
    "%%track drawn --watch loss\n# a first try\nwidth = 3\nopened = open('rows.csv').read()\n"
    "loss = np.random.rand() * width",
    "%track on spanning",
    "import runlore; runlore.log(b=rate)",
    "%track off",
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    directory = tmp_path_factory.mktemp("export")
    (directory / "work").mkdir()
    (directory / "work" / "rows.csv").write_text("a,b")
    return record(directory, CELLS)


def run_it(path: Path, **parameters: Any) -> str:
    """What executing the notebook prints."""
    out = path.with_suffix(".out.ipynb")
    papermill.execute_notebook(
        str(path), str(out), parameters=parameters, kernel_name="python3", progress_bar=False, cwd=str(path.parent)
    )
    cells = nbformat.read(out, as_version=4).cells
    return "".join(o.get("text", "") for cell in cells for o in cell.get("outputs", []))


def test_the_exported_notebook_runs_without_runlore_and_gives_the_same(recorded: Recorded, tmp_path: Path) -> None:
    run = recorded.runs["my run"]
    file = tmp_path / "out.ipynb"
    done = recorded.command("export", run.run_id, "-o", str(file), "--json")
    assert done.code == 0, done
    found = done.json
    assert found["left_out"] == [2, 3, 4]
    assert {cell["cell"]: cell["why"] for cell in found["cells"]}[5] == "cell 6 reads scale"
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "%%track" not in code
    assert "load_ext" not in code
    (top,) = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    assert top.source == "rate = 0.5  # how fast\nsteps = 4"
    heading = notebook.cells[0].source
    for text in ("# my run", "| loss | 3 |", "numpy", "Python 3."):
        assert text in heading
    values = [float(point["value"]) for point in read_points(run.metrics["loss"])]
    printed = [float(text) for text in re.findall(r"loss=(\S+)", run_it(file))]
    assert printed == values
    assert len(re.findall("loss=", run_it(file, steps=2))) == 2
    again = tmp_path / "again.ipynb"
    recorded.command("export", run.run_id, "-o", str(again))
    assert again.read_bytes() == file.read_bytes()


def test_what_was_drawn_without_a_seed_is_seeded_and_said_so(recorded: Recorded, tmp_path: Path) -> None:
    file = tmp_path / "drawn.ipynb"
    assert recorded.command("export", recorded.runs["drawn"].run_id, "-o", str(file)).code == 0
    notebook = nbformat.read(file, as_version=4)
    titles = [c.source.splitlines()[0] for c in notebook.cells if c.cell_type == "markdown"]
    assert titles == ["# drawn", "## Parameters", "## Preparation", "## The run"]
    assert "Data read: rows.csv (3 bytes)." in notebook.cells[0].source
    assert "seeds the generators instead" in notebook.cells[0].source
    assert not any(cell.id == "stand-in" for cell in notebook.cells)
    notebook.cells.append(nbformat.v4.new_code_cell("print(loss)"))
    nbformat.write(notebook, file)
    (recorded.cwd / "rows.csv").rename(tmp_path / "rows.csv")
    first = run_it(file)
    assert first == run_it(file)
    assert float(run_it(file, width=6)) == 2 * float(first)


def test_a_span_and_the_whole_history(recorded: Recorded, tmp_path: Path) -> None:
    run = recorded.runs["spanning"]
    done = recorded.command("export", run.run_id, "-o", "-", "--whole", "--json")
    notebook = nbformat.reads(done.json["notebook"], as_version=4)
    nbformat.validate(notebook)
    assert done.json["left_out"] == []
    assert not any("%track" in cell.source for cell in notebook.cells if cell.cell_type == "code")
    assert "no seed of its own" in notebook.cells[0].source
    sliced = tmp_path / "sliced.ipynb"
    assert recorded.command("export", run.run_id, "-o", str(sliced)).code == 0
    assert run_it(sliced, rate=0.125).strip().endswith("b=0.125")


def test_a_script_cannot_be_exported(recorded: Recorded) -> None:
    assert recorded.command("export", "no-such-run").code == 2
