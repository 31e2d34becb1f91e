"""Who may ask: nobody without a login, nobody whom the authorizer refuses, nothing forged."""

import pytest
import requests

from runlore.home import Home
from runlore_server.api.openapi import document

OPERATIONS = [
    (method, path.replace("{run_id}", "aaaa000000000001"))
    for path, item in document()["paths"].items()
    for method in item
    if method != "parameters"
]

AUTHORIZER = """
from jupyter_server.auth import Authorizer

class EverythingButRunlore(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "runlore"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory, fake_kernel):
    home = Home(tmp_path_factory.mktemp("access") / "home")
    fake_kernel(home).run(run_id="aaaa000000000001")
    return home


@pytest.fixture(scope="module")
def server(home, start_server):
    return start_server(home)


@pytest.fixture(scope="module")
def strict_server(tmp_path_factory, start_server):
    module = tmp_path_factory.mktemp("authorizer") / "strictness.py"
    module.write_text(AUTHORIZER)
    return start_server(
        Home(module.parent / "home"),
        "--ServerApp.authorizer_class=strictness.EverythingButRunlore",
        env={"PYTHONPATH": str(module.parent)},
    )


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_without_a_login_there_is_nothing(server, method, path):
    response = server.call(method, path, json={"run_id": "aaaa000000000001"}, headers={})
    assert response.status_code in (401, 403)
    assert "aaaa" not in response.text


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_verb_asks_the_authorizer(strict_server, method, path):
    response = strict_server.call(method, path, json={"run_id": "aaaa000000000001"})
    assert response.status_code == 403
    assert "not authorized" in response.json()["message"]


def test_a_login_by_cookie_needs_the_xsrf_token_to_change_something(server):
    with requests.Session() as browser:
        browser.get(server.url + "/api/me", params={"token": server.token}, timeout=60)
        assert browser.get(server.url + "/runlore/runs", timeout=60).json()["total"] == 1
        body = {"run_id": "none-such"}
        forged = browser.post(server.url + "/runlore/jobs", json=body, timeout=60)
        assert forged.status_code == 403
        assert "_xsrf" in forged.json()["message"]
        browser.get(server.url + "/tree", timeout=60)
        headers = {"X-XSRFToken": browser.cookies["_xsrf"]}
        own = browser.post(server.url + "/runlore/jobs", json=body, headers=headers, timeout=60)
        assert own.json()["reason"] == "RunNotFound"


@pytest.mark.parametrize("method", ["put", "patch", "post", "delete"])
def test_verbs_that_are_not_documented_are_refused(server, method):
    assert server.call(method, "/runlore/curves").status_code == 405
