"""A home with every kind of run, a server on it, and responses held against the OpenAPI document."""

import functools
from typing import Any

import pytest
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from runlore import events as ev
from runlore_server.api.openapi import document
from tests.server.conftest import JupyterServer

NAN, INF = float("nan"), float("inf")


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
    return functools.partial(checked, server)


def checked(
    server: JupyterServer,
    method: str,
    path: str,
    *,
    params: dict[str, Any] | None = None,
    json: Any = None,
    status: int = 200,
) -> Any:
    """Make a request and hold the response against the document; what it says."""
    response = server.call(method.upper(), path, params=params, json=json)
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    asked = {name: str(value) for name, value in (params or {}).items()}
    answer = MockResponse(response.content, response.status_code, response.headers, "application/json")
    _contract().validate_response(MockRequest(server.url, method, path, args=asked), answer)
    return response.json()


@functools.cache
def _contract() -> OpenAPI:
    return OpenAPI.from_dict(document())


def real_run(fetch):
    return next(run for run in fetch("get", "/runlore/runs")["runs"] if run["name"] == "real")
