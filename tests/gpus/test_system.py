"""The machine's load beside a run: measured, kept apart from results, shown, and brought to MLflow."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runlore.curve import points, read_records
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import sessions
from runlore_server.store.archive import FILE, archive_run
from runlore_server.store.entry import pack, unpack
from tests.gpus.conftest import Driver
from tests.rerun.conftest import Recorded, record

Script = Callable[..., str]

UNMEASURED = """
import os, time, runlore
with runlore.start_run("train") as run:
    for step in range(26):
        runlore.log(loss=1 / (step + 1))
        time.sleep(0.05)
"""
TRAINING = f"""{UNMEASURED}
    from pathlib import Path
    while not list(Path(os.environ["RUNLORE_HOME"]).glob("sessions/*/runs/*/*!system.curve")):
        time.sleep(0.05)
"""
"""It goes on until it has been measured once."""


def only_run(home: Home) -> RunRecord:
    (session,) = sessions(home)
    (run,) = session.runs.values()
    return run


def values(run: RunRecord, metric: str) -> list[float]:
    return [value for _, _, value in points(read_records(run.system[f"system/{metric}"]))]


def runlore(home: Home, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "runlore_server.cli", *arguments, "--home", str(home.path)],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def test_a_run_is_measured_with_its_devices(run_script: Script, home: Home, driver: Driver) -> None:
    environ = {**driver("wwd"), "CUDA_VISIBLE_DEVICES": "1", "RUNLORE_SYSTEM_METRICS": "0.2"}
    run_script(TRAINING + "    time.sleep(1)\n", env=environ)
    run = only_run(home)
    assert list(run.metrics) == ["loss"]
    assert values(run, "gpu_0_utilization_percentage")[0] == 41, (
        "numbers count the devices that the process may use"
    )
    assert values(run, "gpu_0_power_usage_watts")[0] == 301
    assert values(run, "gpu_0_memory_usage_megabytes")[0] == 2000
    assert not any("gpu_1" in name for name in run.system)
    assert 0 <= values(run, "cpu_utilization_percentage")[0] <= 100
    assert values(run, "kernel_memory_usage_megabytes")[0] > 5
    assert len(values(run, "system_memory_usage_percentage")) > 1
    assert run.not_captured == []

    told = json.loads(runlore(home, "show", run.run_id, "--json"))
    assert told["system"]["system/gpu_0_utilization_percentage"]["max"] == 41
    assert "system/gpu_0_utilization_percentage" not in told["metrics"]
    assert told["devices"] == ["NVIDIA H200"]
    assert told["load"]["gpu_memory_usage_megabytes"] == 2000
    assert "gpu_0_power_usage_watts" in runlore(home, "show", run.run_id)
    wanted = "gpu ~ 'H200' and gpus = 1 and gpu_utilization_percentage = 41 and gpu_power_usage_watts.max > 300"
    found = json.loads(runlore(home, "runs", "--json", "--filter", wanted))
    assert [one["run_id"] for one in found["runs"]] == [run.run_id]
    assert "in order" in runlore(home, "doctor")

    again = unpack(pack(run), home)
    assert again.curves == run.curves
    archive = archive_run(run)
    assert archive is not None
    before = values(run, "gpu_0_power_usage_watts")
    for path in run.curves.values():
        path.unlink()
    assert values(run, "gpu_0_power_usage_watts") == before, f"it is in {FILE}"


def test_without_devices_the_rest_is_measured(run_script: Script, home: Home) -> None:
    run_script(TRAINING)
    assert {name.split("_")[0] for name in only_run(home).system} == {
        "system/cpu",
        "system/system",
        "system/kernel",
    }


def test_a_driver_that_cannot_be_asked_is_told(
    run_script: Script, home: Home, driver: Driver, tmp_path: Path
) -> None:
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "pynvml.py").write_text("raise ImportError('it is not installed')")
    run_script(TRAINING, env={**driver("w"), "PYTHONPATH": str(tmp_path / "absent")})
    (session,) = sessions(home)
    assert [(one.what, "runlore[gpu]" in one.why) for one in session.not_captured] == [("load of GPUs", True)]
    assert "system/cpu_utilization_percentage" in only_run(home).system


@pytest.mark.parametrize("setting", ["0", "off"])
def test_it_can_be_switched_off(run_script: Script, home: Home, setting: str) -> None:
    run_script(UNMEASURED, env={"RUNLORE_SYSTEM_METRICS": setting})
    assert only_run(home).system == {}


def test_a_wrong_setting_is_said_and_does_no_harm(run_script: Script, home: Home) -> None:
    said = run_script(TRAINING, env={"RUNLORE_SYSTEM_METRICS": "often"})
    assert "RUNLORE_SYSTEM_METRICS" in said
    assert only_run(home).system


def test_a_short_run_costs_nothing(run_script: Script, home: Home) -> None:
    run_script("import runlore\nwith runlore.start_run('short'): runlore.log(loss=1.0)")
    assert only_run(home).system == {}


def test_forked_processes_go_on_without_it(run_script: Script, home: Home, driver: Driver) -> None:
    run_script(
        "import os, time, runlore\n"
        "run = runlore.start_run('forking')\n"
        "for number in range(40):\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        runlore.log(inner=number)\n"
        "        grandchild = os.fork()\n"
        "        if grandchild: os.waitpid(grandchild, 0)\n"
        "        os._exit(0)\n"
        "    assert os.waitpid(pid, 0)[1] == 0\n"
        "    time.sleep(0.03)\n"
        "run.finish()\n",
        env={**driver("w"), "RUNLORE_SYSTEM_METRICS": "0.01"},
    )
    run = only_run(home)
    assert run.status == "finished"
    assert len(run.metrics) == 40
    assert len(values(run, "gpu_0_utilization_percentage")) > 1


def test_a_metric_of_the_users_may_have_such_a_name(run_script: Script, home: Home) -> None:
    name = "system/cpu_utilization_percentage"
    run_script(TRAINING.replace("loss=1 / (step + 1)", f"{{{name!r}: 7}}"))
    run = only_run(home)
    assert {value for _, _, value in points(read_records(run.metrics[name]))} == {7}
    assert run.system[name] != run.metrics[name]
    assert run.curves[f"machine/{name}"] == run.system[name]
    assert "in order" in runlore(home, "doctor")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    cell = "%%track train\nimport os, random, time, runlore\nfrom pathlib import Path\n"
    cell += "for step in range(26): runlore.log(loss=random.random())\n"
    cell += "runs = Path(os.environ['RUNLORE_HOME'], 'sessions')\n"
    cell += "while not all(list(run.glob('*!system.curve')) for run in runs.glob('*/runs/*')): time.sleep(0.05)"
    return record(tmp_path_factory.mktemp("measured"), ["%load_ext runlore", cell])


def test_a_verdict_does_not_compare_it(measured: Recorded) -> None:
    done = measured.verify("train")
    assert done.json["verdict"] == "BIT-EXACT", done.stdout
    rerun = next(run for one in sessions(measured.home) for run in one.runs.values() if run.rerun_of)
    assert rerun.system, "the rerun is measured as its original was"
    original = measured.runs["train"]
    assert values(original, "kernel_memory_usage_megabytes") != values(rerun, "kernel_memory_usage_megabytes")


def test_mlflow_gets_it_with_its_own_system_metrics(run_script: Script, home: Home, tmp_path: Path) -> None:
    run_script(TRAINING)
    runlore(home, "ingest")
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{home.path}/mlflow/mlflow.db")
    (found,) = client.search_runs([one.experiment_id for one in client.search_experiments()])
    assert found.data.metrics["system/system_memory_usage_megabytes"] > 0
    assert found.data.metrics["loss"] == 1 / 26
