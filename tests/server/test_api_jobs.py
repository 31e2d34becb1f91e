"""Reruns, sweeps and schedules over HTTP: every response of a real server against the OpenAPI document."""

import pytest

from runlore_server.automation.criteria import Criteria
from runlore_server.automation.notes import AutomationNotes
from runlore_server.config import Config
from tests.server.contract import fetch, home, real_run, server

__all__ = ["fetch", "home", "server"]


def test_a_sweep_is_asked_for_shown_changed_and_drawn(fetch, eventually):
    body = {"run_id": real_run(fetch)["run_id"], "metric": "loss", "parameters": {"lr": [0.1, 0.2]}, "trials": 1}
    sweep = fetch("post", "/runlore/sweeps", json={**body, "sampler": "grid"}, status=201)
    place = f"/runlore/sweeps/{sweep['sweep_id']}"
    found = eventually(lambda: now if (now := fetch("get", place))["state"] == "finished" else None, seconds=120)
    assert found["counts"] == {"complete": 1}
    assert found["trials"] == [found["best"]]
    (listed,) = fetch("get", "/runlore/sweeps")["sweeps"]
    assert listed == {name: value for name, value in found.items() if name != "trials"}
    assert "history" in fetch("get", f"{place}/plots")["plots"]
    assert fetch("patch", place, json={"wish": "stop"})["wish"] == "stop"
    for wrong in ({"wish": "maybe"}, {"trials": 0}, {"name": "x"}):
        assert fetch("patch", place, json=wrong, status=400)["reason"] == "InvalidRequest"
    assert (
        fetch("post", "/runlore/sweeps", json={**body, "metric": "los"}, status=400)["reason"] == "OptionsRefused"
    )
    assert fetch("get", "/runlore/sweeps/none-such", status=404)["reason"] == "SweepNotFound"


def test_a_rerun_is_queued_followed_and_judged(fetch, home, eventually):
    run = real_run(fetch)
    original = run["run_id"]
    AutomationNotes(home).put_criteria(run["experiment"], Criteria(conditions=["status = finished"]))
    job = fetch("post", "/runlore/jobs", json={"run_id": original[:12]}, status=201)
    assert (job["rerun_of"], job["criteria"]) == (original, None)
    name = job["run_id"]

    def ended():
        found = fetch("get", f"/runlore/jobs/{name}")
        return found if found["state"] in ("succeeded", "failed", "cancelled") else None

    job = eventually(ended, seconds=120)
    assert (job["state"], job["verdict"]["verdict"]) == ("succeeded", "BIT-EXACT")
    assert [found["criterion"] for found in job["criteria"]["findings"]] == ["verdict: exact", "status = finished"]
    AutomationNotes(home).remove_criteria(run["experiment"])
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


def test_the_queue_is_paused_and_its_jobs_are_changed(fetch):
    original = real_run(fetch)["run_id"]
    assert fetch("patch", "/runlore/queue", json={"paused": True, "slots": 3})["slots"] == 3
    asked = [{"run_id": original, "priority": number, "retries": 1, "timeout": 60} for number in range(3)]
    jobs = fetch("post", "/runlore/jobs", json=asked, status=201)["jobs"]
    assert [job["priority"] for job in jobs] == [0, 1, 2]
    first = jobs[0]["run_id"]
    changed = fetch("patch", f"/runlore/jobs/{first}", json={"priority": -5, "held": True})
    assert (changed["priority"], changed["held"], changed["state"]) == (-5, True, "queued")
    queue = fetch("get", "/runlore/queue")
    assert (queue["paused"], queue["owner"], queue["owned"]) == (True, True, True)
    assert (queue["running"], queue["waiting"], queue["held"]) == (0, 2, 1)
    assert [place["name"] for place in queue["backends"]] == ["local"]
    page = fetch("get", "/runlore/jobs", params={"state": "queued", "limit": 2})
    assert [job["run_id"] for job in page["jobs"]] == [jobs[2]["run_id"], jobs[1]["run_id"]]
    rest = fetch("get", "/runlore/jobs", params={"state": "queued", "limit": 2, "before": page["next"]})
    assert ([job["run_id"] for job in rest["jobs"]], rest["next"]) == ([first], None)
    for job in jobs:
        assert fetch("delete", f"/runlore/jobs/{job['run_id']}")["state"] == "cancelled"
    again = fetch("post", f"/runlore/jobs/{first}/retry")
    assert (again["state"], again["held"]) == ("queued", False)
    assert fetch("post", f"/runlore/jobs/{first}/retry", status=400)["reason"] == "OptionsRefused"
    fetch("delete", f"/runlore/jobs/{first}", params={"forget": "true"})
    assert fetch("get", f"/runlore/jobs/{first}", status=404)["reason"] == "JobNotFound"
    assert set(fetch("delete", "/runlore/jobs")["forgotten"]) >= {job["run_id"] for job in jobs[1:]}
    assert fetch("patch", "/runlore/queue", json={"paused": False, "slots": None})["paused"] is False


@pytest.mark.parametrize(
    ("verb", "path", "options"),
    [
        ("get", "/runlore/jobs", {"params": {"state": "asleep"}}),
        ("get", "/runlore/jobs", {"params": {"limit": 0}}),
        ("patch", "/runlore/queue", {"json": {"slots": 0}}),
        ("patch", "/runlore/queue", {"json": {"speed": 11}}),
        ("post", "/runlore/jobs", {"json": [{"run_id": 3}]}),
    ],
)
def test_what_the_queue_cannot_do_is_said(fetch, verb, path, options):
    assert fetch(verb, path, status=400, **options)["message"]


def tags_in_mlflow(home, run_id):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=Config.resolve(home.path).tracking_uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    found = client.search_runs(experiments, f"tags.\"runlore.run_id\" = '{run_id}'")
    return found[0].data.tags if found else {}


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


def test_schedules_are_made_paused_started_by_the_server_and_forgotten(fetch, home, eventually):
    file = home.path.parent / "watched.csv"
    file.write_text("1")
    run_id = real_run(fetch)["run_id"]
    body = {"request": {"run_id": run_id}, "cron": "0 6 1 1 *", "zone": "UTC", "on_change": [str(file)]}
    made = fetch("post", "/runlore/schedules", json=body, status=201)
    assert (made["cron"], made["on_change"], made["last"]) == ("0 6 1 1 *", [str(file)], None)
    assert made["next"] > made["created"]
    path = f"/runlore/schedules/{made['id']}"
    assert fetch("get", "/runlore/schedules") == {"schedules": [made]}
    assert fetch("patch", path, json={"paused": True})["next"] is None
    file.write_text("2")
    assert fetch("patch", path, json={"paused": False})["paused"] is False
    started = eventually(lambda: fetch("get", path)["last"])
    assert fetch("get", f"/runlore/jobs/{started}")["rerun_of"] == run_id
    assert str(file) in fetch("get", path)["note"]
    assert fetch("delete", path) == {}
    assert fetch("get", path, status=404)["reason"] == "ScheduleNotFound"
    eventually(lambda: fetch("get", f"/runlore/jobs/{started}")["state"] == "succeeded")
    for wrong in ({"cron": "never"}, {"cron": None, "on_change": None}, {"on_change": ["here.csv"]}, {"x": 1}):
        error = fetch("post", "/runlore/schedules", json={"request": {"run_id": run_id}, **wrong}, status=400)
        assert error["reason"] == "InvalidRequest"
