"""``runlore export --as``: scripts that run, and a DAG that compiles."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runlore.home import Home
from runlore_server.queue.queue import JobQueue
from runlore_server.queue.request import Request
from runlore_server.store.curves import read_points
from runlore_server.store.runs import RunStore
from tests.rerun.conftest import Recorded, record

ODD = "{{ 7 * 7 }} {% raw %} \" ' \\ \n \U0001f600"
CELLS = [
    "%load_ext runlore\nimport random",
    "rate = 0.5\nword = 'plain'",
    "undefined_name",
    "%%track seeded --seed 7\nimport runlore\nfor step in range(3):\n"
    "    runlore.log(loss=random.random() * rate)\nprint(ascii(word))",
    "%%track magical\nwhere = !echo here\nrunlore.log(n=len(where))",
    "import asyncio\nawait asyncio.sleep(0)",
    "%%track awaited\nawait asyncio.sleep(0)\nrunlore.log(rate=rate)",
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("forms"), CELLS)


def execute(file: Path, *arguments: str, module: str | None = None) -> str:
    python = [sys.executable, *(["-m", module] if module else []), str(file), *arguments]
    done = subprocess.run(python, capture_output=True, text=True, timeout=120, check=False, cwd=file.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout


def losses(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"loss=(\S+)", text)]


def test_a_script_gives_what_the_run_gave(recorded: Recorded, tmp_path: Path) -> None:
    run, file = recorded.runs["seeded"], tmp_path / "seeded.py"
    assert recorded.command("export", run.run_id, "--as", "script", "-o", str(file)).code == 0
    recorded_values = [float(point["value"]) for point in read_points(run.metrics["loss"])]
    assert losses(execute(file)) == recorded_values
    assert losses(execute(file, "rate=1.0")) == [2 * value for value in recorded_values]
    again = tmp_path / "again" / "seeded.py"
    again.parent.mkdir()
    assert recorded.command("export", run.run_id, "--as", "script", "-o", str(again)).code == 0
    assert again.read_bytes() == file.read_bytes()
    refused = subprocess.run([sys.executable, str(file), "rat=1"], capture_output=True, text=True, check=False)
    assert (refused.returncode, "there are: " in refused.stderr) == (1, True)
    whole = tmp_path / "whole.py"
    assert recorded.command("export", run.run_id, "--as", "script", "--whole", "-o", str(whole)).code == 0
    assert "NameError: name 'undefined_name' is not defined" in execute(whole)


def test_commands_of_ipython_need_it_and_awaiting_is_refused(recorded: Recorded, tmp_path: Path) -> None:
    file = tmp_path / "magical.py"
    assert recorded.command("export", recorded.runs["magical"].run_id, "--as", "script", "-o", str(file)).code == 0
    assert file.read_text().startswith("# It has commands of IPython")
    assert "n=1.0" in execute(file, module="IPython")
    run_id = recorded.runs["awaited"].run_id
    done = recorded.command("export", run_id, "--as", "script", "-o", str(tmp_path / "no.py"), "--json")
    assert (done.code, done.json["error"]["reason"]) == (2, "RerunRefused")
    assert not (tmp_path / "no.py").exists()


@pytest.fixture
def pipeline(recorded: Recorded, tmp_path: Path) -> Recorded:
    """The home with three jobs that wait for each other, and the trials of a sweep."""
    home = Home(tmp_path / "home")
    shutil.copytree(recorded.home.path, home.path)
    store = RunStore(home)
    store.refresh()
    queue = JobQueue(home, store, lambda _: None)
    run_id = recorded.runs["seeded"].run_id
    first = queue.submit(Request(run_id=run_id, parameters={"rate": 1.0}), "1" * 16)
    second = queue.submit(Request(run_id=run_id, parameters={"word": ODD}, after=[first.run_id]), "2" * 16)
    queue.submit(Request(run_id=run_id, after=[first.run_id, second.run_id]), "3" * 16)
    trials = [Request(run_id=run_id, parameters={"rate": rate}, sweep="sweep-1") for rate in (0.1, 0.2)]
    queue.submit_many(trials)
    queue.shutdown()
    store.close()
    return Recorded(home, recorded.cwd, recorded.session, recorded.runs)


def test_a_pipeline_runs_in_its_order(pipeline: Recorded, tmp_path: Path) -> None:
    folder = tmp_path / "steps"
    done = pipeline.command("export", "3" * 16, "--as", "script", "-o", str(folder), "--json")
    assert (done.code, done.json["steps"]) == (0, 3), done
    text = execute(folder / "run.py")
    plain = [float(point["value"]) for point in read_points(pipeline.runs["seeded"].metrics["loss"])]
    assert losses(text) == [*(2 * value for value in plain), *plain, *plain]
    assert [line for line in text.splitlines() if line[:1] in "'\""] == ["'plain'", ascii(ODD), "'plain'"]
    sweep = pipeline.command("export", "sweep-1", "--as", "script", "-o", str(tmp_path / "trials"), "--json")
    assert sweep.json["steps"] == 2
    assert len(losses(execute(tmp_path / "trials" / "run.py"))) == 6


def test_a_pipeline_as_a_dag(pipeline: Recorded, tmp_path: Path) -> None:
    from jinja2 import Environment

    folder = tmp_path / "dag"
    done = pipeline.command("export", "3" * 16, "--as", "airflow", "-o", str(folder), "--json")
    assert done.code == 0, done
    assert sorted(path.suffix for path in folder.iterdir()) == [".ipynb", ".py"]  # one notebook for all three
    [file] = folder.glob("*_dag.py")
    tree = ast.parse(file.read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    tasks = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "PapermillOperator"]
    given = [{word.arg: word.value for word in task.keywords} for task in tasks]
    assert [ast.literal_eval(one["task_id"])[-8:] for one in given] == ["1" * 8, "2" * 8, "3" * 8]
    parameters = [ast.literal_eval(one["parameters"]) for one in given]
    assert parameters[0] == {"rate": 1.0}
    # Airflow takes each text for a template: what comes out is what was asked for, and nothing was computed.
    assert Environment().from_string(parameters[1]["word"]).render() == ODD
    edges = [node for node in ast.walk(tree) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift)]
    assert len(edges) == 3
    again = tmp_path / "again"
    assert pipeline.command("export", "3" * 16, "--as", "airflow", "-o", str(again)).code == 0
    assert (again / file.name).read_bytes() == file.read_bytes()
