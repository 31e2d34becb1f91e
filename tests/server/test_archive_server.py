"""A real server that has no room for curve files: what it shows comes from archives, and those from MLflow."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from runlore.archive import FILE
from runlore.home import Home
from runlore_server.store.archive import archive_run
from runlore_server.store.runs import RunStore

CURVE = [(step, 1 / (step + 1)) for step in range(3000)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def session(home, fake_kernel):
    session = fake_kernel(home)
    session.run("ended", {"loss": CURVE, "acc": [(0, 0.5)]}, run_id="aaaa00000001")
    return session


@pytest.fixture(scope="module")
def server(home, session, start_server):
    return start_server(home, env={"RUNLORE_CURVE_CACHE": "0K"})


@pytest.fixture(scope="module")
def folder(home, session):
    return home.curves(session.session_id, "aaaa00000001")


def curve(server, run_id="aaaa00000001"):
    answer = server.call("GET", "/runlore/curves", params={"run": run_id, "metric": "loss"})
    assert answer.ok, answer.text
    return answer.json()["curves"][0]


def values(curve):
    return np.frombuffer(base64.b64decode(curve["value"]["bdata"]), "<f8").tolist()


def test_its_curves_are_served_from_the_archive(server, folder, eventually):
    whole = curve(server)
    eventually(lambda: not (folder / "loss.curve").exists())
    again = curve(server)
    assert (again["count"], again["missing"]) == (3000, None)
    assert values(again) == values(whole)
    listed = server.call("GET", "/runlore/runs", params={"filter": "metrics.acc = 0.5"}).json()["runs"]
    assert listed[0]["metrics"]["loss"]["last"] == CURVE[-1][1]


def test_mlflow_gets_the_same_file(server, home, folder, eventually):
    eventually(lambda: not server.call("GET", "/runlore/status").json()["export"]["pending"])
    (copy,) = home.path.glob("mlflow/artifacts/**/artifacts/runlore/curves.parquet")
    assert copy.read_bytes() == (folder / FILE).read_bytes()


def test_an_archive_that_is_gone_comes_back_from_mlflow(server, folder, eventually):
    eventually(lambda: not server.call("GET", "/runlore/status").json()["export"]["pending"])
    content = (folder / FILE).read_bytes()
    (folder / FILE).unlink()
    first = curve(server)
    assert first["count"] == 0
    assert "on its way from MLflow" in first["missing"]
    eventually((folder / FILE).exists)
    assert (folder / FILE).read_bytes() == content
    found = curve(server)
    assert (found["count"], found["missing"]) == (3000, None)
    assert [entry.name for entry in folder.iterdir()] == [FILE]


def in_mlflow(server, home, run_id):
    """MLflow's copy of a run's archive; ``None`` while there is more to export."""
    answer = server.call("GET", f"/runlore/runs/{run_id}")
    key = answer.json().get("mlflow_run_id") if answer.ok else None
    if key is None or server.call("GET", "/runlore/status").json()["export"]["pending"]:
        return None
    return next(home.path.glob(f"mlflow/artifacts/**/{key}/artifacts/runlore/curves.parquet"), None)


def test_what_mlflow_has_in_its_place_is_not_taken(server, home, session, eventually):
    session.run("lost", {"loss": CURVE}, run_id="aaaa00000002")
    copy = eventually(lambda: in_mlflow(server, home, "aaaa00000002"))
    copy.write_bytes(b"PAR1 of somebody else")
    folder = home.curves(session.session_id, "aaaa00000002")
    eventually(lambda: sorted(path.name for path in folder.iterdir()) == [FILE, "loss.curve"])
    for path in folder.iterdir():
        path.unlink()
    eventually(lambda: "no archive of curves" in curve(server, "aaaa00000002")["missing"])
    assert "did not come from MLflow" in curve(server, "aaaa00000002")["missing"]
    assert list(folder.iterdir()) == []
    lacking = server.call("GET", "/runlore/runs/aaaa00000002").json()["not_captured"]
    assert [entry["what"] for entry in lacking] == ["metric loss"]


def test_what_is_still_here_is_not_given_up_for_what_mlflow_has(server, home, session, eventually):
    session.run("half", {"loss": CURVE, "late": CURVE[:5]}, run_id="aaaa00000003")
    session.run("other", {"loss": CURVE[5:], "late": CURVE[:5]}, run_id="aaaa00000004")
    copy = eventually(lambda: in_mlflow(server, home, "aaaa00000003"))
    copy.write_bytes(eventually(lambda: in_mlflow(server, home, "aaaa00000004")).read_bytes())
    store = RunStore(home)
    store.refresh()
    half = store.find("aaaa00000003")
    for path in (half.directory / FILE, half.metrics.pop("late")):
        eventually(path.exists)
        path.unlink()
    kept = archive_run(half).read_bytes()
    half.metrics["loss"].unlink()
    params = {"run": "aaaa00000003", "metric": "late"}

    def refused():
        (late,) = server.call("GET", "/runlore/curves", params=params).json()["curves"]
        return "other ones than those that are still here" in late["missing"]

    eventually(refused)
    assert (half.directory / FILE).read_bytes() == kept
    assert values(curve(server, "aaaa00000003"))[0] == CURVE[0][1]
