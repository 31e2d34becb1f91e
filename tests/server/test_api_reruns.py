"""What a dialog for reruns and sweeps asks a real server: parameters, checks, how a job gets on, notebooks."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import nbformat
import pytest

from tests.rerun.conftest import Recorded, record
from tests.server.conftest import JupyterServer
from tests.server.contract import checked

CELLS = [
    "%load_ext runlore",
    'lr = 0.5\nlayers = [2, 3]\nact = "relu"\nfast = True\npause = 0.0',
    """%%track fit
import pathlib, time, runlore
rows = pathlib.Path("rows.csv").read_text().split()
for epoch in range(3):
    print("epoch", epoch)
    time.sleep(pause)
    runlore.log(loss=lr / (epoch + 1) + len(layers) + len(act) + fast)""",
]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    directory = tmp_path_factory.mktemp("reruns")
    (directory / "work").mkdir()
    (directory / "work" / "rows.csv").write_text("1 2")
    return record(directory, CELLS)


@pytest.fixture(scope="module")
def server(recorded: Recorded, start_server: Callable[..., JupyterServer]) -> JupyterServer:
    return start_server(recorded.home, f"--ServerApp.root_dir={recorded.cwd}", env={"RUNLORE_GPUS": "2xSIM:8GB"})


@pytest.fixture(scope="module")
def fetch(server: JupyterServer) -> Callable[..., Any]:
    return partial(checked, server)


@pytest.fixture(scope="module")
def run(recorded: Recorded) -> str:
    return f"/runlore/runs/{recorded.runs['fit'].run_id}"


def test_the_parameters_are_told_as_one_writes_them(fetch: Callable[..., Any], run: str) -> None:
    told = {one["name"]: one for one in fetch("get", f"{run}/parameters")["parameters"]}
    assert {name: (one["type"], one["text"], one["choices"]) for name, one in told.items()} == {
        "lr": ("float", "0.5", None),
        "layers": ("list", "[2, 3]", None),
        "pause": ("float", "0.0", None),
        "fast": ("bool", "True", ["True", "False"]),
        "act": ("str", "relu", None),
    }
    refused = fetch("post", "/runlore/jobs", status=400, json={"run_id": run[-16:], "parameters": {"lr": "much"}})
    assert (refused["reason"], refused["parameter"]) == ("ParameterRefused", "lr")


def test_the_checks_say_what_has_changed(fetch: Callable[..., Any], run: str, recorded: Recorded) -> None:
    found = {one["what"]: one for one in fetch("get", f"{run}/checks")["checks"]}
    assert {what: one["state"] for what, one in found.items()} == {
        "kernel": "ok",
        "environment": "ok",
        "data": "ok",
    }, found
    rows = recorded.cwd / "rows.csv"
    rows.write_text("1 2 3")
    changed = fetch("get", f"{run}/checks")["checks"][-1]
    assert changed["state"] == "differs"
    assert "rows.csv" in changed["details"][0]
    rows.rename(recorded.cwd / "away")
    assert fetch("get", f"{run}/checks")["checks"][-1]["state"] == "refused"
    rows.write_text("1 2")
    kernel = fetch("get", f"{run}/checks", params={"kernel": "no-such"})["checks"][0]
    assert kernel["state"] == "refused"
    assert "no-such" in kernel["sentence"]
    locked = {one["what"]: one for one in fetch("get", f"{run}/checks", params={"env": "locked"})["checks"]}
    assert "lock" in locked["environment"]["sentence"]
    fetch("get", f"{run}/checks", params={"env": "mine"}, status=400)


def test_the_checks_say_whether_such_gpus_are_there(fetch: Callable[..., Any], run: str) -> None:
    def told(**asked: Any) -> dict[str, Any]:
        (check,) = fetch("get", f"{run}/checks", params={"what": "gpus", **asked})["checks"]
        assert check["what"] == "gpus"
        return dict(check)

    assert fetch("get", f"{run}/checks", params={"what": "gpus"})["checks"] == [], "none is asked for"
    found = told(gpus=2, gpu_type="sim")
    assert (found["state"], found["sentence"]) == ("ok", "2 GPUs of type 'sim': free now.")
    assert found["details"] == ["0: SIM (8 GB), free", "1: SIM (8 GB), free"]
    assert "cannot be had; there are: 2 x SIM (8 GB)" in told(gpus=3)["sentence"]
    assert (told(gpus=3)["state"], told(gpus=1, gpu_memory="much")["state"]) == ("refused", "refused")
    fetch("get", f"{run}/checks", params={"what": "gpus", "gpus": "many"}, status=400)


def _shown(fetch: Callable[..., Any], run_id: str) -> Any:
    """What the last cell of a run shows, once there is anything of it."""
    if run_id not in {run["run_id"] for run in fetch("get", "/runlore/runs")["runs"]}:
        return None
    cell = fetch("get", f"/runlore/runs/{run_id}")["cell"]
    found = fetch("get", f"/runlore/runs/{run_id}/outputs/{cell}")
    return found if found["outputs"] else None


def test_a_job_is_followed_cell_by_cell_and_leaves_a_notebook(
    fetch: Callable[..., Any], run: str, eventually: Callable[..., Any]
) -> None:
    job = fetch("post", "/runlore/jobs", status=201, json={"run_id": run[-16:], "parameters": {"pause": 1.5}})
    place = f"/runlore/jobs/{job['run_id']}"

    def training() -> Any:
        told = fetch("get", f"{place}/pace")
        return told if told["cells"] and told["cells"][-1]["state"] == "running" else None

    told = eventually(training)
    last = told["cells"][-1]
    assert last["title"] == "%%track fit"
    assert last["expected"] < 1.5
    assert eventually(lambda: (fetch("get", f"{place}/pace")["sign"] or 0) > told["sign"])
    assert eventually(lambda: fetch("get", f"{place}/pace")["printed"]).startswith("epoch 0")
    shown = eventually(lambda: _shown(fetch, job["run_id"]))
    assert (shown["outputs"][0]["name"], shown["outputs"][0]["text"][:8]) == ("stdout", "epoch 0\n")
    assert "still runs" in shown["why"]
    notebook = f"/runlore/runs/{job['run_id']}/notebook"
    refused = fetch("get", notebook, params={"kind": "rerun"}, status=404)
    assert "still runs" in refused["message"]
    eventually(lambda: fetch("get", place)["verdict"])
    pace = fetch("get", f"{place}/pace")
    assert {cell["state"] for cell in pace["cells"]} == {"done"}
    assert pace["printed"] is None
    assert pace["elapsed"] > 4.5 > pace["expected"]
    produced = fetch("get", notebook, params={"kind": "rerun"})
    assert produced["name"].startswith("fit-rerun-")
    nbformat.validate(nbformat.reads(json.dumps(produced["notebook"]), as_version=4))
    assert any("pause = 1.5" in "".join(cell["source"]) for cell in produced["notebook"]["cells"])
    assert fetch("get", "/runlore/jobs", params={"job": job["run_id"]})["jobs"][0]["run_id"] == job["run_id"]
    assert fetch("get", "/runlore/jobs", params={"job": "none"})["jobs"] == []


def test_a_run_comes_as_a_clean_notebook(fetch: Callable[..., Any], run: str) -> None:
    clean = fetch("get", f"{run}/notebook", params={"kind": "clean"})
    nbformat.validate(nbformat.reads(json.dumps(clean["notebook"]), as_version=4))
    assert "# fit" in "".join(clean["notebook"]["cells"][0]["source"])
    assert fetch("get", f"{run}/notebook", params={"kind": "rerun"}, status=404)["reason"] == "NotebookMissing"
    fetch("get", f"{run}/notebook", status=400)


def test_a_sweep_is_looked_at_before_it_begins(fetch: Callable[..., Any], run: str) -> None:
    asked = {"run_id": run[-16:], "metric": "loss", "parameters": {"lr": "0.1..0.5/3", "pause": "0"}}
    assert fetch("post", "/runlore/sweep-checks", json=asked) == {
        "points": 3,
        "trials": 100,
        "steps": 3,
        "dimensions": ["lr"],
        "fixed": {"pause": "0.0"},
    }
    wrong = {**asked, "parameters": {"lr": "log:0..1"}}
    refused = fetch("post", "/runlore/sweep-checks", json=wrong, status=400)
    assert (refused["parameter"], refused["position"]) == ("lr", 7)
    unknown = fetch("post", "/runlore/sweep-checks", json={**asked, "parameters": {"width": "1..2"}}, status=400)
    assert unknown["parameter"] == "width"
    assert fetch("get", "/runlore/sweeps") == {"sweeps": []}
