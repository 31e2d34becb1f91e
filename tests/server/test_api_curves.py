"""How curves travel: windows, what is new, and nothing twice."""

from __future__ import annotations

import base64
import gzip
import math

import numpy as np
import pytest

from runlore.home import Home


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def session(home, fake_kernel):
    session = fake_kernel(home)
    session.run("long", {"loss": [(step, math.sin(step / 50)) for step in range(20_000)]}, run_id="aaaa00000001")
    live = session.start_run("live", run_id="aaaa00000002")
    session.log(live, "acc:val", [(step, 0.5) for step in range(10)])
    return session


@pytest.fixture(scope="module")
def server(home, session, start_server):
    return start_server(home)


@pytest.fixture(scope="module")
def curve(server):
    """The answer to a request for one curve, decoded."""

    def fetch(**params):
        response = server.call("GET", "/runlore/curves", params=params)
        assert response.ok, response.text
        (found,) = response.json()["curves"]
        arrays = {
            name: np.frombuffer(base64.b64decode(found[name]["bdata"]), "<f8")
            for name in ("step", "time", "value")
        }
        return {**found, **arrays}

    return fetch


def test_a_window_is_sent_in_full(curve):
    window = curve(run="aaaa00000001", **{"from": 100, "to": 130})
    assert window["step"].tolist() == list(range(99, 132))
    assert window["count"] == 20_000
    np.testing.assert_allclose(window["value"], np.sin(window["step"] / 50))


def test_a_window_of_time_counts_from_the_start_of_the_run(server, curve):
    started = server.call("GET", "/runlore/runs/aaaa00000001").json()["started"]
    whole = curve(run="aaaa00000001", points=100_000)
    cut = float(whole["time"][5_000])
    for axis, end in (("time", cut), ("relative", cut - started)):
        window = curve(run="aaaa00000001", x=axis, to=repr(end), points=100_000)
        last = int(np.searchsorted(whole["time"], cut, side="right"))
        assert abs(window["step"][-1] - last) <= 3


def test_only_what_is_new_of_a_live_curve_is_sent(session, curve):
    first = curve(run="aaaa00000002")
    assert (first["since"], first["next"], len(first["step"])) == (0, 10, 10)
    session.log("aaaa00000002", "acc:val", [(10, 0.9), (11, math.nan)])
    more = curve(run="aaaa00000002", since=f"{first['next']}:aaaa00000002:acc:val")
    assert (more["since"], more["next"], more["step"].tolist()) == (10, 12, [10, 11])
    none = curve(run="aaaa00000002", since=f"{more['next']}:aaaa00000002:acc:val")
    assert (none["since"], none["count"], len(none["step"])) == (12, 12, 0)
    far = curve(run="aaaa00000002", since="99:aaaa00000002:acc:val")
    assert (far["since"], len(far["step"])) == (0, 12)


def test_what_has_not_changed_is_not_sent_again(server, session):
    params = {"run": ["aaaa00000001", "aaaa00000002"]}
    token = {"Authorization": f"token {server.token}"}
    first = server.call("GET", "/runlore/curves", params=params)
    again = {**token, "If-None-Match": f'"other", W/{first.headers["Etag"]}'}
    same = server.call("GET", "/runlore/curves", params=params, headers=again)
    assert (same.status_code, same.content) == (304, b"")
    other = server.call("GET", "/runlore/curves", params={**params, "points": 500}, headers=again)
    assert other.status_code == 200
    session.log("aaaa00000002", "acc:val", [(12, 0.1)])
    assert server.call("GET", "/runlore/curves", params=params, headers=again).status_code == 200


def test_a_long_answer_that_goes_far_is_compressed(server):
    params = {"run": "aaaa00000001", "points": 5000}
    near = server.call("GET", "/runlore/curves", params=params)
    assert "Content-Encoding" not in near.headers
    far = {"Authorization": f"token {server.token}", "X-Forwarded-For": "10.1.2.3"}
    sent = server.call("GET", "/runlore/curves", params=params, headers=far, stream=True)
    assert sent.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(sent.raw.read()) == near.content


REFUSED = [
    ({"x": "wall"}, "relative"),
    ({"from": "now"}, "'from' is a number"),
    ({"to": "nan"}, "'to' is a number"),
    ({"from": "3", "to": "2"}, "behind"),
    ({"since": "aaaa00000001"}, "COUNT:RUN:METRIC"),
    ({"since": "-1:aaaa00000001:loss"}, "COUNT:RUN:METRIC"),
    ({"since": "9" * 30 + ":aaaa00000001:loss"}, "COUNT:RUN:METRIC"),
]


@pytest.mark.parametrize(("params", "said"), REFUSED)
def test_what_cannot_be_asked_for_is_refused(server, params, said):
    response = server.call("GET", "/runlore/curves", params={"run": "aaaa00000001", **params})
    assert response.status_code == 400
    assert said in response.json()["message"]
