"""Lists of runs with very many metrics: what is asked for, and no more."""

import base64
import functools
import math
import struct

import pytest

from runlore.home import Home
from runlore_server.api.metrics import MANY
from tests.server.contract import INF, NAN, checked

NAMES = ["all nan", "never", "test loss", *(f"layer/{number}" for number in range(MANY))]
LOGGED = [name for name in NAMES if name != "never"]


@pytest.fixture(scope="module")
def fetch(tmp_path_factory, fake_kernel, start_server):
    """Asks a server with a run of many metrics in a session that is closed, and one in a session that is open."""
    home = Home(tmp_path_factory.mktemp("home"))
    for name in ("closed", "open"):
        session = fake_kernel(home)
        run = session.start_run(name)
        session.log(run, "all nan", [(0, NAN)])
        session.log(run, "never", [])
        for number, metric in enumerate(NAMES[2:]):
            session.log(run, metric, [(0, INF), (1, 7.0), (2, -number - 0.5)])
        if name == "closed":
            session.finish_run(run)
            session.end()
    few = fake_kernel(home)
    few.log(few.start_run("few"), "loss", [(0, 0.5)])
    return functools.partial(checked, start_server(home))


def listed(fetch, name, **params):
    """A run in the list, and the names of its metrics where they are told apart from it."""
    page = fetch("get", "/runlore/runs", params={"filter": f"name = '{name}'"} | params)
    (run,) = page["runs"]
    return run, page["names"][run["names"]]["metrics"] if "names" in run else None


@pytest.mark.parametrize("name", ["closed", "open"])
def test_metrics_that_are_asked_for_are_summed_up_and_all_are_named(fetch, name):
    whole, names = listed(fetch, name)
    assert (list(whole["metrics"]), names) == (LOGGED, None)
    asked = ["layer/7", "all nan", "no such"]
    some, names = listed(fetch, name, metric=asked)
    assert some["metrics"] == {metric: whole["metrics"][metric] for metric in asked[:2]}
    assert names == NAMES
    none, names = listed(fetch, name, metric="")
    assert (none["metrics"], names) == ({}, NAMES)
    assert none["params"] == whole["params"]


@pytest.mark.parametrize("name", ["closed", "open"])
@pytest.mark.parametrize("statistic", ["last", "best", "min", "max"])
def test_one_number_of_every_metric(fetch, name, statistic):
    whole, _ = listed(fetch, name)
    run, names = listed(fetch, name, statistic=statistic)
    assert (run["metrics"], names) == ({}, LOGGED)
    values = [value for (value,) in struct.iter_unpack("<d", base64.b64decode(run["values"]["bdata"]))]
    known = [whole["metrics"][metric][statistic] for metric in LOGGED]
    assert [None if math.isnan(value) else value for value in values] == [
        None if value == "NaN" else value for value in known
    ]


def test_runs_of_one_kind_share_their_names(fetch):
    page = fetch("get", "/runlore/runs", params={"metric": "", "filter": "name != 'few'"})
    assert [run["names"] for run in page["runs"]] == [0, 0]
    assert page["names"] == [{"metrics": NAMES, "less": [name == "test loss" for name in NAMES]}]


def test_a_run_with_few_metrics_is_told_in_full(fetch):
    whole, _ = listed(fetch, "few")
    assert listed(fetch, "few", metric="other") == (whole, None)
    assert listed(fetch, "few", statistic="min") == (whole, None)


def test_what_cannot_be_told_is_refused(fetch):
    def why(**params):
        return fetch("get", "/runlore/runs", params=params, status=400)["message"]

    assert "'statistic' is one of last, best, min, max" in why(statistic="mean")
    assert "not both" in why(statistic="last", metric="loss")
