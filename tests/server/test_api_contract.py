"""Every response of a real server against the OpenAPI document, and the other way round."""

import re

import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from runlore import events as ev
from runlore_server.api.openapi import document
from runlore_server.api.routes import ROUTES
from runlore_server.config import Config

NAN, INF = float("nan"), float("inf")
OPERATIONS = {
    operation["operationId"]: (method, path)
    for path, item in document()["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}


@pytest.fixture(scope="module")
def home(shared_notebook, fake_kernel):
    """A home with a run of a real kernel, which can be rerun, and runs with every peculiarity."""
    shared_notebook.run("import random")
    assert shared_notebook.run(
        "%%track real -p lr=0.1\nimport runlore\nfor _ in range(5): runlore.log(loss=random.random())"
    ).ok
    home = shared_notebook.home
    session = fake_kernel(home)
    cell = session.cell("train()", outcome=None, rng={"python": "0" * 64})
    run = session.start_run("rich", run_id="aaaa000000000001", cell=cell, kind="cell", seed=3)
    session.log(run, "loss", [(0, NAN), (1, INF), (2, -INF), (3, 0.5)])
    session.log(run, "all nan", [(0, NAN)])
    session.log(run, "empty", [])
    session.params(run, nested={"a": [1, None, True]}, text="x")
    session.write(ev.TagsSet(time=1.0, run_id=run, tags={"team": "vision"}))
    session.write(ev.NoteAdded(time=1.0, run_id=run, text="a <b>note</b>"))
    session.environment(run)
    patch = session.objects.put(b"--- a\n+++ b\n\xff")
    session.write(
        ev.GitCaptured(time=1.0, run_id=run, root="r", commit=None, branch=None, dirty=True, patch=patch)
    )
    session.artifact(run, "model.pt", b"weights")
    session.write(ev.NotCaptured(time=1.0, what="gpu", why="there is none", run_id=run))
    error = ev.ErrorInfo(name="ValueError", message="no", traceback="Traceback ...")
    session.finish_run(run, "failed", cell=cell, error=error)
    session.run("poor", run_id="aaaa000000000002", rerun_of=run, experiment="other")
    home.rerun("aaaa000000000002").mkdir(parents=True)
    (home.rerun("aaaa000000000002") / "verdict.json").write_text(
        '{"verdict": "DIVERGED", "reason": "loss differs", "compared": 4, "causes": ["code"],'
        ' "divergence": {"metric": "loss", "step": 1, "original": "NaN", "rerun": null}}'
    )
    dead = fake_kernel(home, dead=True, notebook=None, kernel_name=None, user=None)
    dead.start_run("killed")
    return home


@pytest.fixture(scope="module")
def server(home, start_server):
    return start_server(home)


@pytest.fixture(scope="module")
def fetch(server):
    """Makes a request and holds the response against the document."""
    contract = OpenAPI.from_dict(document())

    def call(method, path, *, params=None, json=None, status=200):
        response = server.call(method.upper(), path, params=params, json=json)
        assert response.status_code == status, response.text
        assert response.headers["Content-Type"] == "application/json"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        request = MockRequest(server.url, method, path, args=dict(params or {}))
        answer = MockResponse(response.content, response.status_code, response.headers, "application/json")
        contract.validate_response(request, answer)
        return response.json()

    return call


def real_run(fetch):
    return next(run for run in fetch("get", "/runlore/runs")["runs"] if run["name"] == "real")


def test_what_is_served_is_documented_and_the_other_way_round():
    served = {
        (verb, re.sub(r"\([^)]*\)", "{}", path))
        for path, handler in ROUTES.items()
        for verb in ("get", "head", "post", "delete", "patch", "put", "options")
        if verb in vars(handler)
    }
    assert served == {(verb, re.sub(r"\{[^}]*\}", "{}", path)) for verb, path in OPERATIONS.values()}


def test_the_document_is_a_valid_one_and_is_served(fetch):
    assert fetch("get", "/runlore/openapi") == document()


def test_the_status_tells_of_home_and_export(fetch, home):
    status = fetch("get", "/runlore/status")
    assert status["home"] == str(home.path)
    assert status["tracking_uri"].endswith("/mlflow/mlflow.db")
    assert status["export"]["owner"] is True


def test_the_list_holds_every_kind_of_run(fetch, eventually):
    page = fetch("get", "/runlore/runs")
    runs = {run["name"]: run for run in page["runs"]}
    assert runs.keys() == {"real", "rich", "poor", "killed"}
    assert (page["next"], page["total"]) == (None, 4)
    rich = runs["rich"]
    assert rich["metrics"].keys() == {"loss", "all nan"}
    assert rich["metrics"]["loss"] == {"last": 0.5, "min": 0.5, "max": 0.5, "count": 4, "step": 3}
    assert rich["metrics"]["all nan"] == {"last": "NaN", "min": None, "max": None, "count": 1, "step": 0}
    assert rich["params"] == {"nested": {"a": [1, None, True]}, "text": "x"}
    assert (rich["status"], rich["verdict"], rich["notebook"]) == ("failed", None, "train.ipynb")
    assert runs["poor"]["verdict"]["divergence"] == {
        "metric": "loss",
        "step": 1,
        "original": "NaN",
        "rerun": None,
    }
    assert (runs["killed"]["status"], runs["killed"]["notebook"]) == ("killed", None)
    assert (runs["real"]["status"], runs["real"]["params"]["lr"]) == ("finished", 0.1)
    eventually(lambda: not fetch("get", "/runlore/status")["export"]["pending"])
    assert all(run["mlflow_run_id"] for run in fetch("get", "/runlore/runs")["runs"])


def test_pages_follow_each_other_without_gap_or_overlap(fetch):
    everything = [run["run_id"] for run in fetch("get", "/runlore/runs")["runs"]]
    paged, before = [], None
    while True:
        params = {"limit": 3} | ({"before": before} if before else {})
        page = fetch("get", "/runlore/runs", params=params)
        paged += [run["run_id"] for run in page["runs"]]
        assert page["total"] == len(everything)
        if (before := page["next"]) is None:
            break
    assert paged == everything


def test_the_list_can_be_narrowed(fetch):
    names = [run["name"] for run in fetch("get", "/runlore/runs", params={"experiment": "other"})["runs"]]
    assert names == ["poor"]
    narrowed = fetch("get", "/runlore/runs", params={"notebook": "train.ipynb", "limit": 1})
    assert (len(narrowed["runs"]), narrowed["total"]) == (1, 2)


def test_the_list_can_be_filtered_and_ordered(fetch):
    def names(**params):
        return [run["name"] for run in fetch("get", "/runlore/runs", params=params)["runs"]]

    assert names(filter="metrics.loss = 0.5 and tags.team LIKE 'v%'") == ["rich"]
    assert names(filter="verdict = 'DIVERGED' or name = 'killed'", order_by="name") == ["killed", "poor"]
    assert set(names(order_by="metrics.loss ASC")[2:]) == {"poor", "killed"}
    everything = names(order_by="name DESC")
    assert names(order_by="name DESC", limit=2, offset=1) == everything[1:3]
    first = fetch("get", "/runlore/runs", params={"order_by": "name DESC", "limit": 2})
    assert names(order_by="name DESC", before=first["next"]) == everything[2:]


def test_a_filter_that_is_none_is_answered_with_the_place(fetch):
    params = {"filter": "name = 'a' and stauts = 'x'"}
    error = fetch("get", "/runlore/runs", params=params, status=400)
    assert (error["reason"], error["position"], error["text"]) == ("FilterError", 15, params["filter"])
    assert error["suggestions"] == ["status", "started"]


def test_filters_are_saved_replaced_and_forgotten(fetch):
    path = "/runlore/filters/my%20best"
    for order in ("metrics.loss", "metrics.loss DESC"):
        saved = fetch("put", path, json={"filter": "metrics.loss < 1", "order_by": order})
        assert saved == {"name": "my best", "filter": "metrics.loss < 1", "order_by": order}
    assert fetch("get", "/runlore/filters") == {"filters": [saved]}
    assert fetch("get", path) == saved
    assert fetch("put", path, json={"filter": "a and"}, status=400)["position"] == 5
    assert fetch("put", path, json={"where": "a"}, status=400)["reason"] == "InvalidRequest"
    assert fetch("get", path) == saved
    fetch("delete", path)
    assert fetch("get", "/runlore/filters") == {"filters": []}
    assert fetch("delete", path, status=404)["reason"] == "FilterNotFound"


def test_what_has_not_changed_is_not_sent_again(server):
    found = server.call("GET", "/runlore/runs", params={"filter": "name = 'rich'"})
    headers = {"Authorization": f"token {server.token}", "If-None-Match": found.headers["Etag"]}
    again = server.call("GET", "/runlore/runs", params={"filter": "name = 'rich'"}, headers=headers)
    assert (again.status_code, again.content) == (304, b"")


def test_a_run_in_full(fetch):
    run = fetch("get", "/runlore/runs/aaaa000000000001")
    assert run["cells"] == [
        {
            "ordinal": 0,
            "source": "train()",
            "outcome": None,
            "duration": None,
            "of_run": True,
            "cell_id": None,
        }
    ]
    assert run["rng"] == {"python": "0" * 64}
    assert run["git"]["patch"] == "--- a\n+++ b\n\ufffd"
    assert run["environment"]["packages"]["torch"] == "2.13.0"
    assert run["artifacts"][0]["path"] == "model.pt"
    assert run["error"]["name"] == "ValueError"
    assert run["not_captured"] == [{"what": "gpu", "why": "there is none"}]
    assert run["reruns"] == ["aaaa000000000002"]
    assert (run["seed"], run["note"], run["kernel"]) == (3, "a <b>note</b>", "python3")


def test_a_real_run_in_full_by_a_start_of_its_id_and_by_mlflows(fetch, eventually):
    eventually(lambda: not fetch("get", "/runlore/status")["export"]["pending"])
    run = real_run(fetch)
    full = fetch("get", f"/runlore/runs/{run['run_id']}")
    assert [cell["of_run"] for cell in full["cells"]][-1]
    assert "import random" in {cell["source"] for cell in full["cells"]}
    assert full["environment"]["packages"]["ipykernel"]
    assert {"python"} <= full["rng"].keys()
    for name in (run["run_id"][:10], run["mlflow_run_id"]):
        assert fetch("get", f"/runlore/runs/{name}") == full


def test_curves_come_as_typed_arrays(fetch):
    import base64

    import numpy as np

    curves = fetch("get", "/runlore/curves", params={"run": "aaaa000000000001", "metric": "loss"})["curves"]
    (curve,) = curves
    assert (curve["run_id"], curve["metric"], curve["count"]) == ("aaaa000000000001", "loss", 4)
    arrays = {name: np.frombuffer(base64.b64decode(curve[name]["bdata"]), "<f8") for name in ("step", "value")}
    assert arrays["step"].tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(arrays["value"], [NAN, INF, -INF, 0.5])


def test_curves_of_several_runs_and_metrics(fetch, server):
    ids = ["aaaa000000000001", "aaaa000000000002", real_run(fetch)["run_id"], "aaaa000000000001"]
    response = server.call("GET", "/runlore/curves", params={"run": ids, "points": 4})
    found = {(curve["run_id"], curve["metric"]) for curve in response.json()["curves"]}
    assert found == {(ids[0], "loss"), (ids[0], "all nan"), (ids[0], "empty"), (ids[2], "loss")}
    assert len(response.json()["curves"]) == len(found)


def test_a_rerun_is_queued_followed_and_judged(fetch, home, eventually):
    original = real_run(fetch)["run_id"]
    job = fetch("post", "/runlore/jobs", json={"run_id": original[:12]}, status=201)
    assert job["rerun_of"] == original
    name = job["run_id"]

    def ended():
        found = fetch("get", f"/runlore/jobs/{name}")
        return found if found["state"] in ("succeeded", "failed", "cancelled") else None

    job = eventually(ended, seconds=120)
    assert (job["state"], job["verdict"]["verdict"]) == ("succeeded", "BIT-EXACT")
    assert name in [found["run_id"] for found in fetch("get", "/runlore/jobs")["jobs"]]
    rerun = eventually(lambda: fetch("get", f"/runlore/runs/{original}")["reruns"])
    assert rerun == [name]
    assert fetch("get", f"/runlore/runs/{name}")["verdict"]["verdict"] == "BIT-EXACT"
    assert fetch("delete", f"/runlore/jobs/{name}")["state"] == "succeeded"
    # Not before the server has made its store: two makers would be in each other's way.
    eventually(lambda: fetch("get", f"/runlore/runs/{name}")["mlflow_run_id"])
    tags = eventually(lambda: (found := tags_in_mlflow(home, name)).get("runlore.verdict") and found)
    assert tags["runlore.verdict"] == "BIT-EXACT"
    assert tags["mlflow.parentRunId"] == fetch("get", f"/runlore/runs/{original}")["mlflow_run_id"]


def tags_in_mlflow(home, run_id):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=Config.resolve(home.path).tracking_uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    found = client.search_runs(experiments, f"tags.\"runlore.run_id\" = '{run_id}'")
    return found[0].data.tags if found else {}


REFUSED = [
    ("get", "/runlore/runs/none-such", {}, 404, "RunNotFound"),
    ("get", "/runlore/runs/aaaa", {}, 409, "AmbiguousRun"),
    ("get", "/runlore/runs/..%2F..%2Fetc", {}, 404, "RunNotFound"),
    ("get", "/runlore/runs", {"limit": "many"}, 400, "InvalidRequest"),
    ("get", "/runlore/runs", {"limit": "0"}, 400, "InvalidRequest"),
    ("get", "/runlore/runs", {"limit": "1001"}, 400, "InvalidRequest"),
    ("get", "/runlore/runs", {"before": "none-such"}, 400, "InvalidRequest"),
    ("get", "/runlore/curves", {}, 400, "InvalidRequest"),
    ("get", "/runlore/curves", {"run": "none-such"}, 404, "RunNotFound"),
    ("get", "/runlore/curves", {"run": "aaaa000000000001", "points": "3"}, 400, "InvalidRequest"),
    ("get", "/runlore/curves", {"run": "aaaa000000000001", "points": "1e9"}, 400, "InvalidRequest"),
    ("get", "/runlore/jobs/none-such", {}, 404, "JobNotFound"),
    ("delete", "/runlore/jobs/none-such", {}, 404, "JobNotFound"),
    ("delete", "/runlore/jobs/aaaa000000000001", {}, 404, "JobNotFound"),
]


@pytest.mark.parametrize(("method", "path", "params", "status", "reason"), REFUSED)
def test_what_cannot_be_answered_says_why(fetch, method, path, params, status, reason):  # noqa: PLR0917
    error = fetch(method, path, params=params, status=status)
    assert error["reason"] == reason
    assert len(error["message"]) > 20


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "run_id"),
        ({"run_id": 3}, "run_id"),
        ({"run_id": "x", "kernal": "y"}, "kernal"),
        ([], "object"),
        (None, "documents"),
    ],
)
def test_a_body_that_is_no_job_is_refused(fetch, body, said):
    error = fetch("post", "/runlore/jobs", json=body, status=400)
    assert said in error["message"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seeds": 4}, "needs 5 reruns"),
        ({"seeds": 5, "delta": -1}, "greater than 0"),
        ({"against": ["aaaa000000000001"]}, "say how many"),
        ({"env": "locked", "kernel": "python3"}, "kernel of its own"),
        ({"env": "mine"}, "env"),
        ({"scope": "half"}, "scope"),
        ({"parameters": {"depth": 2}}, "its parameters: lr = 0.1"),
        ({"parameters": {"lr": "fast"}}, "lr is 0.1, a float"),
    ],
)
def test_options_that_cannot_be_had_are_refused_with_what_can(fetch, options, said):
    body = {"run_id": real_run(fetch)["run_id"], **options}
    assert said in fetch("post", "/runlore/jobs", json=body, status=400)["message"]


def test_a_kernel_that_is_not_there_is_refused_with_those_that_are(fetch):
    body = {"run_id": real_run(fetch)["run_id"], "kernel": "cobol"}
    error = fetch("post", "/runlore/jobs", json=body, status=409)
    assert error["reason"] == "KernelMissing"
    assert "python3" in error["kernels"]


def test_a_run_of_unknown_id_cannot_be_rerun(fetch):
    assert fetch("post", "/runlore/jobs", json={"run_id": "none-such"}, status=404)["reason"] == "RunNotFound"


def test_what_was_damaged_is_named_and_hides_nothing_else(fetch, home, fake_kernel, eventually):
    session = fake_kernel(home)
    run = session.run("damaged", {"loss": [(0, 1.0)], "acc": [(0, 1.0)]})
    session.environment(run)
    (home.curves(session.session_id, run) / "loss.curve").write_bytes(b"something else entirely, long enough")
    for stored in home.objects.iterdir():
        if b'"Linux-6.1"' in stored.read_bytes():
            kept, stored_path = stored.read_bytes(), stored
            stored.write_bytes(b"{}")
    try:
        eventually(lambda: any(found["run_id"] == run for found in fetch("get", "/runlore/runs")["runs"]))
        full = eventually(lambda: (found := fetch("get", f"/runlore/runs/{run}"))["not_captured"] and found)
        assert {lack["what"] for lack in full["not_captured"]} == {"metric loss", "environment"}
        assert full["metrics"].keys() == {"acc"}
    finally:
        stored_path.write_bytes(kept)
    assert fetch("get", "/runlore/curves", params={"run": run}, status=409)["reason"] == "JournalFormatError"
