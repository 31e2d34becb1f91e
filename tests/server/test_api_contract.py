"""Every response of a real server against the OpenAPI document, and the other way round."""

import re

import pytest

from runlore_server.api.openapi import document
from runlore_server.api.routes import ROUTES
from tests.server.contract import INF, NAN, fetch, home, real_run, server

__all__ = ["fetch", "home", "server"]
OPERATIONS = {
    operation["operationId"]: (method, path)
    for path, item in document()["paths"].items()
    for method, operation in item.items()
    if method != "parameters"
}


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


def test_the_kernels_that_can_be_chosen(fetch):
    found = fetch("get", "/runlore/kernels")
    assert any(
        kernel["usable"] and kernel["packages"].keys() == {"ipykernel", "runlore"} for kernel in found["kernels"]
    )
    assert found["gateway"] is None


def test_the_cells_of_a_notebook(fetch, home):
    found = fetch("get", "/runlore/cells", params={"path": "train.ipynb"})
    assert (found["total"], found["newest"]) == (1, "aaaa000000000001")
    (cell,) = found["cells"]
    assert (cell["source"], cell["count"], cell["runs"][0]["name"]) == ("train()", 1, "rich")
    assert found["notebook"].endswith("/train.ipynb")
    named = {"path": "deep/train.ipynb", "run": "aaaa000000000001"}
    assert fetch("get", "/runlore/cells", params=named)["cells"] == found["cells"]
    fetch("get", "/runlore/cells", params={"path": "/"}, status=400)


def test_the_list_holds_every_kind_of_run(fetch, eventually):
    page = fetch("get", "/runlore/runs")
    runs = {run["name"]: run for run in page["runs"]}
    assert runs.keys() == {"real", "rich", "poor", "killed"}
    assert (page["next"], page["total"]) == (None, 4)
    rich = runs["rich"]
    assert rich["metrics"].keys() == {"loss", "all nan"}
    assert rich["metrics"]["loss"] == {
        "last": 0.5,
        "min": 0.5,
        "max": 0.5,
        "best": 0.5,
        "count": 4,
        "step": 3,
    }
    assert rich["metrics"]["all nan"] == {
        "last": "NaN",
        "min": None,
        "max": None,
        "best": None,
        "count": 1,
        "step": 0,
    }
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


def test_what_the_user_says_of_a_run_is_kept_beside_what_was_recorded(fetch, eventually):
    path = "/runlore/runs/aaaa000000000002"
    said = {"name": "renamed", "color": 3, "starred": True, "tags": {"stage": "final"}, "notes": "*why*"}
    run = fetch("patch", path, json={**said, "hypothesis": "it helps"})
    assert said.items() <= run.items()
    assert run["hypothesis"] == "it helps"
    found = fetch("get", "/runlore/runs", params={"filter": "tags.stage = 'final' and starred = yes"})
    assert [run["name"] for run in found["runs"]] == ["renamed"]
    eventually(lambda: fetch("get", path)["mlflow_run_id"])
    fetch("patch", path, json={"name": None, "color": None, "starred": False, "tags": {"stage": None}})
    run = fetch("get", path)
    assert (run["name"], run["color"], run["starred"], run["tags"]) == ("poor", None, False, {})
    assert fetch("patch", path, json={"colour": 3}, status=400)["reason"] == "InvalidRequest"
    assert fetch("patch", path, json={"color": 10}, status=400)["reason"] == "InvalidRequest"
    assert fetch("patch", "/runlore/runs/none-such", json={}, status=404)["reason"] == "RunNotFound"


def test_several_runs_are_changed_at_once_or_none(fetch):
    def total(**params):
        return fetch("get", "/runlore/runs", params=params)["total"]

    everything, rich = total(), {"runs": ["aaaa000000000001"]}
    body = {"select": rich, "change": {"deleted": True, "pinned": True}}
    assert fetch("patch", "/runlore/runs", json=body) == {"changed": 1}
    assert (total(), total(filter="deleted = yes")) == (everything - 1, 1)
    assert fetch("get", "/runlore/runs")["pinned"] == 1
    select = {"filter": "deleted = yes", "except": []}
    body = {"select": select, "change": {"deleted": False, "pinned": False}}
    assert fetch("patch", "/runlore/runs", json=body) == {"changed": 1}
    assert total() == everything
    for select, status in (
        ({}, 400),
        ({"runs": [], "filter": ""}, 400),
        ({"runs": ["aaaa000000000001", "none-such"]}, 404),
        ({"filter": "stauts = 'x'"}, 400),
    ):
        fetch("patch", "/runlore/runs", json={"select": select, "change": {"pinned": True}}, status=status)
    assert fetch("get", "/runlore/runs")["pinned"] == 0


def test_runs_are_grouped_by_a_field(fetch):
    found = fetch("get", "/runlore/groups", params={"by": "experiment", "metric": "loss", "filter": "not real"})
    assert found["runs"] == sum(group["count"] for group in found["groups"])
    other = next(group for group in found["groups"] if group["value"] == "other")
    assert (other["count"], other["best"], other["filter"]) == (1, None, "experiment = 'other'")
    families = fetch("get", "/runlore/groups", params={"by": "rerun_of"})["groups"]
    assert ("aaaa000000000001", "rich", 2) in {
        (group["value"], group["label"], group["count"]) for group in families
    }
    for params in ({}, {"by": ""}, {"by": "name, experiment"}, {"by": "stauts"}):
        fetch("get", "/runlore/groups", params=params, status=400)


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
            "shows": None,
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


@pytest.mark.parametrize("nested", [b"{", b'"\xff"', b"[" * 100_000], ids=["cut", "no UTF-8", "deep"])
def test_a_body_that_cannot_be_read_is_refused(server, nested):
    response = server.call("POST", "/runlore/jobs", data=b'{"run_id": "aaaa", "parameters": {"a": ' + nested)
    assert (response.status_code, response.json()["reason"]) == (400, "InvalidRequest")


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
