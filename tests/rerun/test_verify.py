"""Rerunning real recorded runs from the command line, to the verdict and the exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import psutil
import pytest

from runlore.curve import read_records
from runlore.home import Home
from runlore.session_record import SessionRecord, sessions
from runlore_server.rerun.folder import Folder
from tests.conftest import Notebook
from tests.rerun.conftest import Recorded, record

TRAINING = """%%track training
import random, runlore, torch
import numpy as np
torch.manual_seed  # only named: nothing here is seeded
data = torch.randn(64, 8)
target = (data.sum(1, keepdim=True) > 0).float()
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Dropout(0.5), torch.nn.ReLU(), torch.nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=rate)
for epoch in range(10):
    order = np.random.permutation(64)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(model(data[order]), target[order])
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    runlore.log(loss=loss, jitter=random.random(), noise=np.random.rand())
"""

CELLS = [
    "import random, os\nbefore = random.random()",
    "%load_ext runlore",
    "rate = 0.5",  # 0
    "import numpy as np\nwarmup = np.random.rand(3)",
    TRAINING,
    "undefined_name",  # 3: fails, and must fail again without harm
    "rate = rate / 2  # executed twice",
    "rate = rate / 2  # executed twice",
    "%%track in-order\nimport runlore\nrunlore.log(rate=rate, draw=random.random())",  # 6
    "%%track entropy\nfor step in range(3):\n    runlore.log(steady=step, entropy=int(os.urandom(6).hex(), 16))",
    "%%track silent\nx = 1",
    "%%track failing\nrunlore.log(loss=random.random())\nraise ValueError(f'diverged at {object.__repr__(os)}')",
    "%track on spanning",  # 10
    "runlore.log(loss=np.random.rand())",
    "%track off",
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("verify"), CELLS)


def test_unseeded_training_reproduces_bit_for_bit(recorded: Recorded) -> None:
    done = recorded.verify("training")
    assert done.code == 0, done
    found = done.json
    assert found["verdict"] == "BIT-EXACT"
    assert found["compared"] == 30
    assert found["rerun_of"] == recorded.runs["training"].run_id
    assert found["divergence"] is None
    # The produced notebook holds the executed cells, in order, and nothing else.
    notebook = nbformat.read(found["notebook"], as_version=4)
    nbformat.validate(notebook)
    assert [cell.metadata.runlore.cell for cell in notebook.cells] == [-2, 0, 1, 2]
    assert [cell.source for cell in notebook.cells] == [CELLS[0], *CELLS[2:5]]
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.runlore.run_id == found["run_id"]
    assert notebook.cells[-1].outputs
    assert done.stderr == ""  # no terminal, so nothing but the object is said


def test_cells_run_again_in_executed_order_and_old_failures_are_no_failure(recorded: Recorded) -> None:
    done = recorded.verify("in-order")
    assert (done.code, done.json["verdict"]) == (0, "BIT-EXACT")
    notebook = nbformat.read(done.json["notebook"], as_version=4)
    assert [cell.metadata.runlore.cell for cell in notebook.cells] == [-2, *range(7)]
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    failed = notebook.cells[4]
    assert failed.outputs[0].ename == "NameError"
    assert "raises-exception" in failed.metadata.tags
    prefix = SessionRecord(recorded.home, Folder(Path(done.json["notebook"]).parent).plan().session_id)
    prefix.refresh()
    assert prefix.runs[done.json["run_id"]].rerun_of == recorded.runs["in-order"].run_id


def test_uncontrolled_randomness_is_found_with_both_values(recorded: Recorded) -> None:
    done = recorded.verify("entropy")
    assert done.code == 1
    found = done.json
    assert found["verdict"] == "DIVERGED"
    divergence = found["divergence"]
    assert (divergence["metric"], divergence["step"]) == ("entropy", 0)
    assert divergence["original"] != divergence["rerun"]
    assert all(isinstance(divergence[side], float) for side in ("original", "rerun"))
    assert found["causes"]


def test_a_run_without_metrics_cannot_be_verified(recorded: Recorded) -> None:
    done = recorded.verify("silent")
    assert (done.code, done.json["verdict"]) == (2, "UNVERIFIABLE")
    assert Path(done.json["notebook"]).is_file()


def test_the_same_exception_again_is_no_failure(recorded: Recorded) -> None:
    done = recorded.verify("failing")
    assert (done.code, done.json["verdict"]) == (0, "BIT-EXACT"), done
    assert "ValueError" in done.json["reason"]
    notebook = nbformat.read(done.json["notebook"], as_version=4)
    assert all("runlore" in cell.metadata for cell in notebook.cells)


def test_a_run_over_several_cells(recorded: Recorded) -> None:
    done = recorded.verify("spanning")
    assert (done.code, done.json["verdict"]) == (0, "BIT-EXACT"), done


def test_what_the_terminal_shows(recorded: Recorded) -> None:
    listed = recorded.command("runs")
    assert listed.code == 0
    for name, run in recorded.runs.items():
        assert any(line.split()[:2] == [run.run_id[:8], name] for line in listed.stdout.splitlines())
    objects = recorded.command("runs", "--json").json["runs"]
    assert {run["run_id"] for run in objects} >= {run.run_id for run in recorded.runs.values()}
    shown = recorded.command("show", recorded.runs["failing"].run_id[:10])
    assert "ValueError" in shown.stdout
    detail = recorded.command("show", recorded.runs["training"].run_id, "--json").json
    assert [cell["ordinal"] for cell in detail["cells"]] == [-2, -1, 0, 1, 2]


def test_mlflow_s_id_does_as_well(recorded: Recorded) -> None:
    assert recorded.command("ingest", "--json").json["pending"] == 0
    run_id = recorded.runs["silent"].run_id
    [known] = [run for run in recorded.command("--json", "runs").json["runs"] if run["run_id"] == run_id]
    shown = recorded.command("show", known["mlflow_run_id"], "--json")
    assert shown.json["run_id"] == known["run_id"] == recorded.runs["silent"].run_id


def test_interrupted_cells_are_stopped_again_and_a_killed_run_proves_no_more_than_it_has(
    tmp_path: Path,
) -> None:
    notebook = Notebook(tmp_path / "home", tmp_path).load()
    notebook.start("import time\nprint('waiting', flush=True)\nwhile True:\n    time.sleep(0.05)")
    notebook.wait_for_output("waiting")
    notebook.interrupt()
    notebook.run("import random, runlore")
    notebook.start(
        "%%track killed\nfor step in range(60):\n    runlore.log(loss=random.random())\n"
        "    if step == 4:\n        print('far enough', flush=True)\n    time.sleep(0.05)"
    )
    notebook.wait_for_output("far enough")
    notebook.kill()
    run = notebook.last_run()
    points = len(read_records(run.metrics["loss"])) // 24
    recorded = Recorded(notebook.home, tmp_path, notebook.session(), {run.name: run})
    done = recorded.verify("killed")
    assert (done.code, done.json["verdict"], done.json["compared"]) == (2, "UNVERIFIABLE", points), done
    assert f"killed after step {points - 1}" in done.json["reason"]
    produced = nbformat.read(done.json["notebook"], as_version=4)
    assert [output.ename for output in produced.cells[0].outputs if output.output_type == "error"] == [
        "KeyboardInterrupt"
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["show", "ffffffffffff"], "RunNotFound"),
        (["verify", "ffffffffffff"], "RunNotFound"),
        (["verify"], "Usage"),
        (["nonsense"], "Usage"),
        (["runs", "--limit", "-1"], "Usage"),
        (["runs", "--hom", "x"], "Usage"),
        (["verify", "RUN", "--kernel", "fortran"], "KernelMissing"),
    ],
)
def test_errors_are_one_object_too(recorded: Recorded, arguments: list[str], reason: str) -> None:
    run_id = recorded.runs["silent"].run_id
    reruns = set(recorded.home.reruns.glob("*"))
    done = recorded.command(*(run_id if word == "RUN" else word for word in arguments), "--json")
    assert set(recorded.home.reruns.glob("*")) == reruns  # what was started ahead has left nothing
    assert done.code == 2
    assert done.json["error"]["reason"] == reason
    assert done.json["error"]["message"] in done.stderr
    if reason == "KernelMissing":
        assert "python3" in done.json["error"]["kernels"]
        assert "--kernel" in done.json["error"]["message"]


@pytest.mark.parametrize(("stdout", "code"), [("| true", 0), (">/dev/full", 2)])
def test_an_answer_that_cannot_be_written_is_no_traceback(recorded: Recorded, stdout: str, code: int) -> None:
    command = f"{sys.executable} -m runlore_server.cli runs --home {recorded.home.path} {stdout}"
    command += "; exit ${PIPESTATUS[0]}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_journal_without_its_first_line_hides_no_other_run(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    recorded = record(tmp_path, ["%load_ext runlore", "%%track a\nimport runlore\nrunlore.log(x=1)"])
    kept = record(tmp_path, ["%load_ext runlore", "%%track b\nimport runlore\nrunlore.log(x=1)"])
    journal = recorded.home.events(recorded.session.session_id)
    journal.write_bytes(b"#" + journal.read_bytes())
    shown = kept.command("runs", "--json")
    assert shown.code == 0
    assert {run["name"] for run in shown.json["runs"]} == {"a", "b"}
    assert kept.command("show", recorded.runs["a"].run_id, "--json").json["notebook"] is None
    assert kept.command("verify", recorded.runs["a"].run_id, "--json").code == 2


def test_a_cell_run_from_within_one_does_not_call_its_interrupt_off(tmp_path: Path) -> None:
    stopped = (
        "import os, signal, time\n"
        "get_ipython().run_cell('within = 1')\n"
        "time.sleep(600 if os.path.exists('again') else 0)\n"
        "os.kill(os.getpid(), signal.SIGINT)"
    )
    cells = ["%load_ext runlore", stopped, "%%track after\nimport runlore\nrunlore.log(x=within)"]
    recorded = record(tmp_path, cells)
    (recorded.cwd / "again").touch()
    assert recorded.verify("after").json["verdict"] == "BIT-EXACT"


def test_loading_runlore_twice_says_the_same_again(tmp_path: Path) -> None:
    cells = ["%load_ext runlore", "%load_ext runlore", "%%track a\nimport runlore\nrunlore.log(x=1)"]
    done = record(tmp_path, cells).verify("a")
    assert done.json["verdict"] == "BIT-EXACT"
    assert "already loaded" in nbformat.read(done.json["notebook"], as_version=4).cells[0].outputs[0].text


def test_a_rerun_that_breaks_has_failed(tmp_path: Path) -> None:
    recorded = record(
        tmp_path,
        [
            "%load_ext runlore",
            "from pathlib import Path\nassert not Path('used').exists(), 'used already'\nPath('used').touch()",
            "%%track short\nimport runlore\nrunlore.log(loss=1.0)",
            "%%track dying\nimport os, signal\nrunlore.log(loss=1.0)\nif os.path.exists('die'):\n"
            "    os.kill(os.getpid(), signal.SIGKILL)",
        ],
    )
    broken = recorded.verify("short")
    assert (broken.code, broken.json["verdict"]) == (1, "FAILED")
    assert "AssertionError: used already" in broken.json["reason"]
    assert "Cell 0" in broken.json["reason"]
    (recorded.cwd / "used").unlink()
    (recorded.cwd / "die").touch()
    died = recorded.verify("dying")
    assert (died.code, died.json["verdict"]) == (1, "FAILED")
    assert "kernel died while cell 2" in died.json["reason"]


def test_in_and_out_have_their_numbers_again(tmp_path: Path) -> None:
    recorded = record(
        tmp_path,
        [
            "3 * 7",
            "%load_ext runlore",
            "first = Out[1], len(In)",
            "%%track numbers\nimport runlore\nrunlore.log(out=Out[1], length=len(In))\nIn[3]",
        ],
    )
    verified = recorded.verify("numbers").json
    assert verified["verdict"] == "BIT-EXACT", verified["reason"]
    cells = nbformat.read(verified["notebook"], as_version=4).cells
    assert [cell.execution_count for cell in cells] == [1, 3, 4]
    (shown,) = (output for output in cells[-1].outputs if output.output_type == "execute_result")
    assert shown["data"]["text/plain"] == "'first = Out[1], len(In)'"


def test_a_terminal_session_and_its_exit(tmp_path: Path) -> None:
    lines = "%load_ext runlore\nimport random, runlore\n%track on term\nrunlore.log(a=random.random())\nexit\n"
    home = Home(tmp_path / "home")
    subprocess.run(
        [sys.executable, "-m", "IPython", "--simple-prompt"],
        input=lines,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "RUNLORE_HOME": str(home.path), "IPYTHONDIR": str(tmp_path / "ipython")},
        capture_output=True,
        check=True,
    )
    [session] = sessions(home)
    recorded = Recorded(home, tmp_path, session, {run.name: run for run in session.runs.values()})
    done = recorded.verify("term")
    assert (done.code, done.json["verdict"], done.json["compared"]) == (0, "BIT-EXACT", 1), done
    again = recorded.command("verify", done.json["run_id"], "--json")  # a rerun can be rerun like any run
    assert (again.code, again.json["rerun_of"]) == (0, done.json["run_id"]), again


def test_an_environment_without_runlore_is_said_to_lack_it(tmp_path: Path) -> None:
    recorded = record(tmp_path, ["%load_ext runlore", "%%track t\nimport runlore\nrunlore.log(loss=1.0)"])
    spec = tmp_path / "kernels" / "bare"
    spec.mkdir(parents=True)
    # A finder in front of all others that knows no runlore: what an environment without it looks like.
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text(
        "import sys\nclass Hide:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'runlore':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hide())\n"
    )
    (spec / "kernel.json").write_text(
        '{"argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], "display_name": "Bare", '
        f'"language": "python", "env": {{"PYTHONPATH": "{tmp_path / "hide"}"}}}}'
    )
    run_id = recorded.runs["t"].run_id
    done = recorded.command("rerun", run_id, "--kernel", "bare", "--json", env={"JUPYTER_PATH": str(tmp_path)})
    assert (done.code, done.json["error"]["reason"]) == (2, "KernelRefused"), done
    assert "pip install" in done.json["error"]["message"]
    assert not list(recorded.home.reruns.glob("*"))
    assert not [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])]
