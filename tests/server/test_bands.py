"""Several curves summed up: against plain arithmetic, and as the server tells it."""

from __future__ import annotations

import base64
import csv
import io
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runlore.home import Home
from runlore_server.store.bands import band

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


def curve(values, start=0, pace=1):
    return start + pace * np.arange(len(values), dtype=float), np.array(values, dtype=float)


def test_runs_of_the_same_steps_are_compared_step_by_step():
    found = band([curve([1, 2, 3]), curve([3, 4, 5]), curve([5, 9])], 100)
    assert found.x.tolist() == [0, 1, 2]
    assert found.mean.tolist() == [3, 5, 4]
    assert (found.low.tolist(), found.high.tolist()) == ([1, 2, 3], [5, 9, 5])
    np.testing.assert_allclose(found.sd, [2, np.std([2, 4, 9], ddof=1), np.std([3, 5], ddof=1)])
    assert found.count.tolist() == [3, 3, 2]


def test_one_run_alone_has_no_spread():
    found = band([curve([4, 5])], 100)
    assert (found.mean.tolist(), found.sd.tolist()) == ([4, 5], [0, 0])
    assert found.low.tolist() == found.high.tolist() == [4, 5]


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_what_steps_are_shared_is_what_numpy_says(runs):
    found = band([curve(values) for values in runs], 100)
    for at, x in enumerate(found.x.astype(int)):
        there = [values[x] for values in runs if len(values) > x]
        assert found.mean[at] == pytest.approx(np.mean(there), abs=1e-6)
        assert (found.low[at], found.high[at], found.count[at]) == (min(there), max(there), len(there))


@given(st.lists(VALUES, min_size=1, max_size=4), st.integers(2, 12), st.randoms(use_true_random=False))
def test_on_any_grid_nothing_leaves_the_band(runs, points, chance):
    curves = [curve(values, chance.uniform(0, 5), chance.uniform(0.1, 3)) for values in runs]
    found = band(curves, points)
    assert 0 < len(found.x) <= max(points, 2)
    assert (np.diff(found.x) > 0).all()
    assert found.low.min() == min(min(values) for values in runs)
    assert found.high.max() == max(max(values) for values in runs)
    wide = 1e-6 * (1 + np.abs(found.mean))
    assert ((found.low <= found.mean + wide) & (found.mean <= found.high + wide)).all()


def test_runs_logged_at_another_pace_do_not_make_the_mean_jump():
    # One every 7 steps and one every 10, of two lines that lie 2 apart: their mean is a line, too.
    slow, fast = (np.arange(0, 7000, pace, dtype=float) for pace in (10, 7))
    found = band([(slow, slow / 1000), (fast, fast / 1000 + 2)], 50)
    np.testing.assert_allclose(found.mean, found.x / 1000 + 1, atol=0.02)
    assert (found.count == 2).all()


def test_a_spike_of_one_step_in_twenty_thousand_stays():
    values = np.zeros(20_000)
    values[12_345] = 9.0
    found = band([(np.arange(20_000.0), values), (np.arange(20_000.0), np.zeros(20_000))], 500)
    assert found.high.max() == 9.0
    assert len(found.x) == 500


def test_what_is_no_number_does_not_count():
    found = band([curve([1, math.nan, 3]), curve([3, math.inf, 5])], 10)
    assert (found.x.tolist(), found.mean.tolist()) == ([0, 2], [2, 4])
    assert len(band([curve([math.nan])], 10).x) == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory, fake_kernel, start_server):
    home = Home(tmp_path_factory.mktemp("home"))
    session = fake_kernel(home)
    for seed in (1, 2):
        chance = random.Random(seed)
        points = {
            "loss": [(step, chance.random()) for step in range(2_000)],
            "epoch": [(step, step // 100) for step in range(0, 2_000, 100)],
        }
        session.run("=mlp", points, run_id=f"aaaa0000000{seed}")
    session.run("without", {"loss": [(0, 1.0)]}, run_id="aaaa00000003")
    return start_server(home)


def decoded(wire):
    return np.frombuffer(base64.b64decode(wire["bdata"]), "<f8")


def test_the_server_sums_up_groups_by_epoch(server):
    params = {"metric": "loss", "group": ["aaaa00000001,aaaa00000002", "aaaa00000003"], "x": "epoch"}
    response = server.call("GET", "/runlore/bands", params=params)
    assert response.ok, response.text
    (summed,) = response.json()["bands"]  # the third run tells of no epochs
    assert summed["runs"] == ["aaaa00000001", "aaaa00000002"]
    x, mean = decoded(summed["x"]), decoded(summed["mean"])
    assert (x[0] >= 0, x[-1] <= 20) == (True, True)
    both = [[chance.random() for _ in range(2_000)] for chance in map(random.Random, (1, 2))]
    assert mean.mean() == pytest.approx(np.mean(both), abs=0.001)
    window = server.call("GET", "/runlore/bands", params={**params, "x": "step", "from": 100, "to": 149})
    summed = window.json()["bands"][0]
    np.testing.assert_array_equal(decoded(summed["x"]), np.arange(100, 150))
    np.testing.assert_allclose(decoded(summed["mean"]), np.mean([run[100:150] for run in both], axis=0))


def test_curves_tell_their_epochs_and_are_windowed_by_them(server):
    params = {"run": "aaaa00000001", "metric": "loss", "points": 5000}
    (found,) = server.call("GET", "/runlore/curves", params=params).json()["curves"]
    step, epoch = decoded(found["step"]), decoded(found["epoch"])
    np.testing.assert_allclose(epoch, step / 100)
    (part,) = server.call("GET", "/runlore/curves", params={**params, "x": "epoch", "from": 3, "to": 4}).json()[
        "curves"
    ]
    inside = decoded(part["step"])
    assert (inside[0] <= 300, inside[-1] >= 400, len(inside) < 450) == (True, True, True)
    (other,) = server.call("GET", "/runlore/curves", params={"run": "aaaa00000003"}).json()["curves"]
    assert other["epoch"] is None


def test_the_table_has_every_point_and_no_formula(server):
    params = {"run": ["aaaa00000001", "aaaa00000003"], "metric": "loss"}
    response = server.call("GET", "/runlore/curves.csv", params=params)
    assert response.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert len(rows) == 2_001
    chance = random.Random(1)
    assert [float(row["value"]) for row in rows[:2_000]] == [chance.random() for _ in range(2_000)]
    assert {row["run"] for row in rows} == {"'=mlp", "without"}
    assert (rows[150]["epoch"], rows[-1]["epoch"]) == ("1.5", "")


REFUSED = [
    ("/runlore/bands", {"metric": "loss"}, 400, "'group'"),
    ("/runlore/bands", {"metric": "loss", "group": "aaaa00000001", "x": "wall"}, 400, "epoch"),
    ("/runlore/bands", {"metric": "loss", "group": "nobody"}, 404, "nobody"),
    ("/runlore/curves.csv", {}, 400, "'run'"),
    ("/runlore/curves.csv", {"run": "nobody"}, 404, "nobody"),
]


@pytest.mark.parametrize(("path", "params", "status", "said"), REFUSED)
def test_what_cannot_be_asked_for_is_refused(server, path, params, status, said):
    response = server.call("GET", path, params=params)
    assert response.status_code == status
    assert said in response.json()["message"]
