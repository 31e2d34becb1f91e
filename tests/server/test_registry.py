"""Models of recorded runs in the model registry of a real MLflow, through a real server."""

from pathlib import Path

import mlflow
import pytest

from runlore_server.config import Config
from tests.server.contract import fetch, home, server
from tests.server.exporting import client

__all__ = ["fetch", "home", "server"]
RICH = "/runlore/runs/aaaa000000000001"


@pytest.fixture
def described(fetch, home, fake_kernel, eventually):
    """A run with a model that MLflow describes, beside another file; it is in MLflow."""
    session = fake_kernel(home)
    run = session.start_run("forest")
    session.artifact(run, "forest/MLmodel", b"flavors: {}")
    session.artifact(run, "forest/data/model.pkl", b"trees")
    session.artifact(run, "report.txt", b"words")
    session.finish_run(run)
    eventually(lambda: run in {one["run_id"] for one in fetch("get", "/runlore/runs")["runs"]})
    eventually(lambda: fetch("get", f"/runlore/runs/{run}/models")["export"] == "there")
    return f"/runlore/runs/{run}"


def test_a_single_file_is_registered_and_is_what_mlflow_gives_out(fetch, home, eventually, tmp_path):
    found = eventually(lambda: (told := fetch("get", f"{RICH}/models"))["export"] == "there" and told)
    assert found["models"] == [{"path": "model.pt", "kind": "file", "size": 7, "files": 1}]
    assert (found["registered"], found["names"], found["why"]) == ([], None, None)
    asked = {"path": "model.pt", "name": " Digits net ", "description": "the *first*"}
    made = fetch("post", f"{RICH}/models", json=asked, status=201)
    assert (made["name"], made["version"], made["path"]) == ("Digits net", "1", "model.pt")
    again = fetch("post", f"{RICH}/models", json=asked, status=201)
    assert again == made, "the same content under the same name is that version"
    assert fetch("get", RICH)["registered"] == [made]

    config = Config.resolve(home.path)
    there = client(config).get_model_version("Digits net", "1")
    assert there.description == "the *first*"
    assert client(config).get_run(there.run_id).data.tags["runlore.run_id"] == "aaaa000000000001"
    mlflow.set_tracking_uri(config.tracking_uri)
    fetched = mlflow.artifacts.download_artifacts("models:/Digits net/1", dst_path=str(tmp_path))
    assert [path.read_bytes() for path in Path(fetched).iterdir()] == [b"weights"]

    client(config).delete_model_version("Digits net", "1")
    looked = fetch("get", f"{RICH}/models", params={"look": 1})
    assert (looked["registered"], looked["names"]) == ([], ["Digits net"])


def test_a_folder_that_mlflow_describes_is_one_model_and_stands_in_the_lineage(fetch, described):
    (model,) = fetch("get", described)["models"]
    assert model == {"path": "forest", "kind": "mlflow", "size": 16, "files": 2}
    first = fetch("post", f"{described}/models", json={"path": "forest", "name": "a"}, status=201)
    other = fetch("post", f"{described}/models", json={"path": "forest", "name": "b"}, status=201)
    assert fetch("get", described)["registered"] == [other, first]
    graph = fetch("get", f"{described}/lineage")
    nodes = {(node["name"], node["version"]) for node in graph["nodes"] if node["kind"] == "model"}
    assert nodes == {("a", "1"), ("b", "1")}
    ties = [edge for edge in graph["edges"] if edge["tie"] == "registered"]
    assert {edge["source"] for edge in ties} == {graph["center"]}


def test_what_cannot_be_registered_is_refused_with_what_to_do(fetch, home, fake_kernel, eventually):
    def refused(path, name, status, words):
        body = {"path": path, "name": name}
        assert words in fetch("post", f"{RICH}/models", json=body, status=status)["message"]

    refused("model.pt", "a/b", 400, "has no / and no :")
    refused("model.pt", " ", 400, "from 1 to 250 characters")
    refused("model.pt", "a\u202eb", 400, "all of them visible")
    refused("../model.pt", "net", 400, "has no model")
    fetch("post", f"{RICH}/models", json={"path": "model.pt"}, status=400)
    session = fake_kernel(home)
    run = session.start_run("open")
    session.artifact(run, "net.onnx", b"x")
    eventually(lambda: run in {one["run_id"] for one in fetch("get", "/runlore/runs")["runs"]})
    told = fetch("get", f"/runlore/runs/{run}/models")
    assert (told["export"], "once it has ended" in told["why"]) == ("running", True)
    body = {"path": "net.onnx", "name": "net"}
    told = fetch("post", f"/runlore/runs/{run}/models", json=body, status=409)
    assert told["reason"] == "NotInMlflow"
