"""Sweeps in a Jupyter server: asked for over HTTP, driven by a process of their own, through its death."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from runlore_server.queue.ledger import Ledger
from tests.rerun.conftest import alive, wait_until
from tests.server.conftest import JupyterServer, start_server  # noqa: F401 - a fixture
from tests.server.conftest import eventually as eventually  # noqa: PLC0414 - a fixture
from tests.sweep.conftest import Swept


def driver_of(server: JupyterServer) -> int | None:
    """The process that drives a sweep for a server."""
    for process in psutil.Process(server.process.pid).children():
        with contextlib.suppress(psutil.Error):
            if any("sweep.process" in word for word in process.cmdline()):
                return int(process.pid)
    return None


@pytest.mark.thorough
def test_a_sweep_outlives_the_server_that_was_killed(
    swept: Swept,
    start_server: Callable[..., JupyterServer],  # noqa: F811
) -> None:
    home = swept.recorded.home
    server = start_server(home)
    body = {"run_id": swept.run_id, "metric": "val_loss", "parameters": {"lr": [0.01, 1.0], "pause": "0.5"}}
    hopeless = server.call("POST", "/runlore/sweeps", json={**body, "backend": "moon"})
    assert hopeless.status_code == 400
    assert hopeless.json()["message"].startswith("No backend is called 'moon'")
    refused = server.call("POST", "/runlore/sweeps", json={**body, "parameters": {"lr": "log:0..1"}})
    assert (refused.status_code, refused.json()["reason"], refused.json()["position"]) == (400, "SpaceRefused", 7)
    begun = server.call("POST", "/runlore/sweeps", json={**body, "sampler": "grid", "jobs": 1, "name": "rates"})
    assert begun.status_code == 201, begun.text
    place = f"/runlore/sweeps/{begun.json()['sweep_id']}"

    def now(of: JupyterServer) -> dict[str, Any]:
        found: dict[str, Any] = of.call("GET", place).json()
        return found

    wait_until(lambda: now(server)["counts"].get("running"))
    driver = wait_until(lambda: driver_of(server))
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    wait_until(lambda: not alive(driver))
    again = start_server(home)
    wait_until(lambda: now(again)["state"] == "finished", 180)
    found = now(again)
    assert found["counts"] == {"complete": 2}
    assert found["best"]["parameters"] == {"lr": 0.01}
    with contextlib.closing(Ledger(home.path / "jobs.sqlite")) as ledger:
        assert len(ledger.all(sweep=found["sweep_id"])) == 2
    groups = again.call("GET", "/runlore/groups?by=sweep").json()["groups"]
    assert ("rates", 2) in [(group["label"], group["count"]) for group in groups]
    grouped = next(group for group in groups if group["label"] == "rates")
    assert grouped["value"] == found["sweep_id"]
    trials = again.call("GET", "/runlore/runs", params={"filter": grouped["filter"]}).json()["runs"]
    assert {run["rerun_of"] for run in trials} == {swept.run_id}
    plots = again.call("GET", f"{place}/plots").json()["plots"]
    assert {"history", "curves", "parallel", "slices"} <= plots.keys()
    extended = again.call("PATCH", place, json={"wish": "stop", "trials": 5}).json()
    assert (extended["wish"], extended["request"]["trials"]) == ("stop", 5)
    wait_until(lambda: now(again)["state"] == "stopped")
    assert again.call("PATCH", place, json={}).status_code == 400
    assert again.call("GET", "/runlore/sweeps/none-such").status_code == 404
    again.process.terminate()
    again.process.wait(60)
    assert "Fatal Python error" not in again.log.read_text()
