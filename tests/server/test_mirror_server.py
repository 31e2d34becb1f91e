"""The mirror of MLflow behind a Jupyter server; and an MLflow server that is away, comes, goes and comes again."""

import base64

import numpy as np
import pytest

from runlore.home import Home
from runlore_server.config import Config
from runlore_server.mirror.mirror import Mirror
from runlore_server.store.runs import RunStore
from tests.server.mlflow_server import MlflowServer

STEPS = 5_000
SPIKE = 77_777.0


def log(client, name, values, *, end=True):
    """A run of plain MLflow with one curve."""
    from mlflow.entities import Metric

    experiment = client.get_experiment_by_name("plain")
    experiment_id = experiment.experiment_id if experiment else client.create_experiment("plain")
    run_id = client.create_run(experiment_id, run_name=name).info.run_id
    points = [Metric("loss", value, 1_700_000_000_000 + step, step) for step, value in enumerate(values)]
    for start in range(0, len(points), 1000):
        client.log_batch(run_id, metrics=points[start : start + 1000])
    if end:
        client.set_terminated(run_id)
    return run_id


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="module")
def home(place):
    return Home(place / "home")


@pytest.fixture(scope="module")
def client(place):
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{place / 'mlflow.db'}")


@pytest.fixture(scope="module")
def theirs(client):
    values = np.cos(np.arange(STEPS) / 50)
    values[1234] = SPIKE
    return log(client, "theirs", values.tolist())


@pytest.fixture(scope="module")
def server(home, place, theirs, start_server):
    return start_server(home, env={"RUNLORE_TRACKING_URI": f"sqlite:///{place / 'mlflow.db'}"})


def test_a_run_of_plain_mlflow_is_in_the_list(server, theirs, eventually):
    def runs():
        return server.call("GET", "/runlore/runs").json()["runs"]

    (run,) = eventually(runs)
    assert (run["run_id"], run["name"], run["kind"], run["status"]) == (theirs, "theirs", "mlflow", "finished")
    assert run["mlflow_run_id"] == theirs
    loss = run["metrics"]["loss"]
    assert (loss["last"], loss["step"], loss["min"], loss["count"]) == (
        np.cos((STEPS - 1) / 50),
        STEPS - 1,
        None,
        None,
    )
    found = server.call("GET", "/runlore/runs", params={"filter": "metrics.loss < 0.9 and kind = mlflow"}).json()
    assert found["total"] == 1
    detail = server.call("GET", f"/runlore/runs/{theirs}").json()
    assert (detail["cells"], detail["environment"], detail["kernel"]) == ([], None, None)


def test_its_curve_comes_when_somebody_looks_and_stays(server, client, theirs, eventually):
    def curve():
        (found,) = server.call("GET", "/runlore/curves", params={"run": theirs}).json()["curves"]
        return found

    first = curve()
    assert (first["count"], first["missing"]) == (0, "it is on its way from MLflow")
    found = eventually(lambda: (here := curve()) and here["count"] and here)
    assert (found["count"], found["missing"]) == (STEPS, None)
    values = np.frombuffer(base64.b64decode(found["value"]["bdata"]))
    assert SPIKE in values
    assert 900 < len(values) <= 1000
    summary = eventually(
        lambda: (s := server.call("GET", f"/runlore/runs/{theirs}").json()["metrics"]["loss"])["max"] and s
    )
    assert (summary["max"], summary["count"]) == (SPIKE, STEPS)
    found = server.call("GET", "/runlore/runs", params={"filter": "metrics.loss.max > 70000"}).json()
    assert found["total"] == 1


def test_two_of_them_are_compared(server, client, theirs, eventually):
    other = log(client, "other", [1.0, 2.0])
    eventually(lambda: server.call("GET", f"/runlore/runs/{other}").ok)
    diff = server.call("GET", f"/runlore/runs/{theirs}/diff/{other}").json()
    assert diff["metrics"][0]["points"] == [STEPS, 2], "what the comparison needs was fetched for it"


def test_nobody_repeats_it_and_the_state_is_told(server, theirs):
    refused = server.call("POST", "/runlore/jobs", json={"run_id": theirs})
    assert refused.status_code == 409
    assert "without its code" in refused.json()["message"]
    status = server.call("GET", "/runlore/status").json()
    assert status["mirror"]["enabled"] is True
    assert status["mirror"]["error"] is None
    assert status["export"]["pending"] == 0, "what came from MLflow does not go back there"


@pytest.mark.thorough
def test_turned_off_nothing_of_it_is_left(server, home, place, start_server, eventually):
    server.close()
    env = {"RUNLORE_TRACKING_URI": f"sqlite:///{place / 'mlflow.db'}", "RUNLORE_MIRROR": "0"}
    off = start_server(home, env=env)
    eventually(lambda: not home.mirror.exists())
    eventually(lambda: off.call("GET", "/runlore/runs").json()["total"] == 0)
    assert off.call("GET", "/runlore/status").json()["mirror"]["enabled"] is False


@pytest.mark.thorough
def test_a_server_of_mlflow_that_goes_and_comes_again(tmp_path, eventually, caplog):
    from mlflow import MlflowClient

    away = MlflowServer(tmp_path)
    home = Home(tmp_path / "home")
    store = RunStore(home)
    mirror = Mirror(Config.resolve(home.path, away.uri), store, pace=0.5)
    mirror.looked()
    mirror.start()

    def shown():
        store.refresh()
        return {run.name: run for run in store.all()}

    try:
        eventually(lambda: mirror.status().error)
        assert f"no MLflow server answers at {away.uri}" in mirror.status().error
        away.start()
        away.wait()
        client = MlflowClient(tracking_uri=away.uri)
        live = log(client, "live", [1.0, 2.0], end=False)
        eventually(lambda: "live" in shown())
        assert mirror.curves.want(shown()["live"], ["loss"]) == {"loss"}
        eventually(lambda: not mirror.curves.waiting)
        assert mirror.curves.want(shown()["live"], ["loss"]) == set()

        client.log_metric(live, "loss", 3.0, step=2)
        client.set_terminated(live, "FAILED")
        away.kill()
        eventually(lambda: mirror.status().error)
        assert shown()["live"].status == "running", "it is shown as it was"
        done = store.find(live)
        done.reported["loss"] = type(done.reported["loss"])(step=9, time=2e9, value=0.0)
        mirror.curves.want(done, ["loss"])
        away.start()
        away.wait()
        eventually(lambda: shown()["live"].status == "failed")
        assert shown()["live"].reported["loss"].value == 3.0
        eventually(lambda: not mirror.curves.waiting)
        assert mirror.status().error is None
    finally:
        mirror.shutdown()
        store.close()
        away.kill()
    warnings = [record for record in caplog.records if "shown as they were" in record.message]
    assert len(warnings) == 2, "each trouble is said once"
