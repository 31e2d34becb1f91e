"""What a runner bears: notebooks that show too much, ask for input, or take away what they stand on."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

from runlore.home import Home
from tests.rerun.conftest import Recorded, alive, record

CELLS = {
    "loud": """%%track loud
import runlore
from pathlib import Path
again = Path("again").read_text() if Path("again").exists() else ""
runlore.log(loss=1.0)
for _ in range(40):
    print("x" * 1_000_000)
""",
    "below": """%%track below
import os, runlore
runlore.log(loss=1.0)
for _ in range(64 if again == "below" else 0):
    os.write(1, bytes(1 << 20))
""",
    "shown": """%%track shown
import runlore
from IPython.display import HTML, clear_output, display
runlore.log(loss=1.0)
handle = display("0", display_id=True)
for number in range(100):
    handle.update(HTML("y" * 100_000))
for number in range(100):
    clear_output(wait=True)
    display(HTML("z" * 100_000))
display({"text/plain": "odd", "text/x-odd": {"no": "text"}}, raw=True)
print("still here")
""",
    "asks": """%%track asks
import runlore
runlore.log(loss=1.0)
if again == "asks":
    input("how many? ")
""",
    "ends": """%%track ends
import os, runlore
runlore.log(loss=1.0)
if again == "ends":
    os._exit(0)
""",
    "kills": """%%track kills
import os, signal, runlore
runlore.log(loss=1.0)
if again == "kills":
    Path("pid").write_text(str(os.getpid()))
    os.kill(os.getppid(), signal.SIGKILL)
""",
    "moves": """%%track moves
import os, shutil, runlore
os.makedirs("elsewhere", exist_ok=True)
os.chdir("elsewhere")
shutil.rmtree(os.getcwd())
runlore.log(loss=0.25)
""",
    "wipes": """%%track wipes
import os, shutil, runlore
runlore.log(loss=1.0)
if again == "wipes":
    shutil.rmtree(os.environ["RUNLORE_HOME"])
""",
    "forgets": """%%track forgets
import os, shutil, runlore
from pathlib import Path
runlore.log(loss=1.0)
if again == "forgets":
    shutil.rmtree(max(Path(os.environ["RUNLORE_HOME"], "sessions").iterdir()))
""",
}
"""Harmless unless a file ``again`` names them."""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("runner"), ["%load_ext runlore", *CELLS.values()])


def again(recorded: Recorded, name: str, **env: str) -> dict[str, Any]:
    """Rerun a run whose cell now does its worst; the verdict."""
    (recorded.cwd / "again").write_text(name)
    return recorded.command("rerun", recorded.runs[name].run_id, "--json", env=env).json


def outputs(recorded: Recorded, verdict: dict[str, Any]) -> list[Any]:
    """What the rerun's notebook shows of its last cell."""
    notebook = recorded.home.rerun(verdict["run_id"]) / "notebook.ipynb"
    return list(nbformat.read(notebook, as_version=4).cells[-1].outputs)


def test_a_cell_that_shows_too_much_goes_on_and_says_so(recorded: Recorded) -> None:
    told = again(recorded, "loud", RUNLORE_CELL_OUTPUT="2M")
    shown = outputs(recorded, told)
    [note] = [output.text for output in shown if output.get("name") == "stderr"]
    kept = sum(len(output.text) for output in shown if output.get("name") == "stdout")
    assert (2 << 20) - 1000 < kept <= 2 << 20  # the card of the run counts, too
    assert "more bytes of output are left out here" in note
    assert "RUNLORE_CELL_OUTPUT" in note
    outcome = json.loads((recorded.home.rerun(told["run_id"]) / "outcome.json").read_bytes())
    [missing] = outcome["left_out"].values()
    assert missing >= 40 * 1_000_001 - (2 << 20)
    assert told["verdict"] == "BIT-EXACT"  # compared is what the journals have, whatever the notebook keeps


def test_what_is_written_past_python_fills_no_disk(recorded: Recorded) -> None:
    told = again(recorded, "below")
    for log in recorded.home.rerun(told["run_id"]).rglob("runner.log"):
        assert log.stat().st_size <= 8 << 20
        assert log.read_text().startswith("20")  # the first line of the log, with its time
        assert "all cells executed" in log.read_text()[-1000:]


def test_what_is_shown_in_one_place_again_and_again_counts_once(recorded: Recorded) -> None:
    told = again(recorded, "shown", RUNLORE_CELL_OUTPUT="1M", RUNLORE_NOTEBOOK_OUTPUT="3M")
    shown = outputs(recorded, told)
    assert not any("left out" in output.get("text", "") for output in shown)
    assert any(output.get("text") == "still here\n" for output in shown)
    assert told["verdict"] == "BIT-EXACT"  # though no notebook can hold one of the outputs


def test_a_cell_that_asks_for_input_fails_at_once(recorded: Recorded) -> None:
    told = again(recorded, "asks")
    assert told["verdict"] == "FAILED"
    assert "asks for input" in told["reason"]


def test_a_cell_that_ends_its_kernel_has_failed(recorded: Recorded) -> None:
    told = again(recorded, "ends")
    assert told["verdict"] == "FAILED"
    assert re.search(r"kernel died while cell \d+ ran \(it exited with status 0\)", told["reason"])


def test_a_cell_that_kills_its_runner_has_failed(recorded: Recorded) -> None:
    told = again(recorded, "kills")
    assert told["verdict"] == "FAILED"
    assert not alive(int((recorded.cwd / "pid").read_text()))


def test_a_cell_that_removes_its_directory_is_repeated(recorded: Recorded) -> None:
    told = again(recorded, "moves")
    assert told["verdict"] == "BIT-EXACT", told["reason"]


def test_a_cell_that_removes_what_is_recorded_of_it_is_told_of(recorded: Recorded, tmp_path: Path) -> None:
    own = Recorded(Home(tmp_path / "own"), recorded.cwd, recorded.session, recorded.runs)
    shutil.copytree(recorded.home.path, own.home.path)
    forgot = again(own, "forgets")
    assert forgot["verdict"] == "UNVERIFIABLE"
    assert "was removed" in forgot["reason"]
    error = again(own, "wipes")["error"]
    assert error["reason"] == "RerunGone"
    assert "plan.json is gone" in error["message"]
