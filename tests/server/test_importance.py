"""Which parameters matter for a metric: by runs that real kernels' journals tell of, as the API serves it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from runlore.home import Home
from tests.journals import FakeKernel
from tests.server.conftest import JupyterServer
from tests.server.contract import fetch

__all__ = ["fetch"]

RUNS = 60


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, fake_kernel: type[FakeKernel]) -> Home:
    """Runs whose loss hangs on the rate, and a little on the optimizer; on nothing else."""
    home, chance = Home(tmp_path_factory.mktemp("home")), random.Random(1)
    kernel = fake_kernel(home, dead=True)
    for number in range(RUNS):
        rate, optimizer = 10 ** chance.uniform(-4, -1), chance.choice(["adam", "sgd"])
        loss = 3 + 2 * rate**0.5 + (0.05 if optimizer == "sgd" else 0.0)
        metrics = {"loss": [(0, 9.0), (1, loss)], "noise": [(0, chance.random())], "same": [(0, 1.0)]}
        run = kernel.start_run("train")
        kernel.params(run, net={"lr": rate, "on": True}, warmup=rate * 2, optimizer=optimizer)
        kernel.params(run, idle=chance.random(), fixed=3, **({} if number % 2 else {"sometimes": 1}))
        for metric, points in metrics.items():
            kernel.log(run, metric, points)
        kernel.finish_run(run)
    kernel.run("lost", {"loss": [(0, float("nan"))]})
    kernel.run("other", {"accuracy": [(0, 0.5)]}, experiment="other")
    kernel.end()
    alive = fake_kernel(home)
    alive.log(alive.start_run("running"), "loss", [(0, 1.0)])
    return home


@pytest.fixture(scope="module")
def server(home: Home, start_server: Callable[..., JupyterServer]) -> JupyterServer:
    return start_server(home)


def weighed(fetch: Any, metric: str, where: str = "", **more: Any) -> Any:
    return fetch("post", "/runlore/importance", json={"select": {"filter": where}, "metric": metric, **more})


def test_what_drives_the_metric_stands_first_and_what_does_nothing_last(fetch: Any) -> None:
    found = weighed(fetch, "loss", "experiment = 'digits'")
    assert (found["runs"], found["lacking"], found["running"], found["unsaid"]) == (RUNS, 1, 1, None)
    assert found["explained"] > 0.9
    assert "held-out" in found["evaluator"]
    by_name = {parameter["name"]: parameter for parameter in found["parameters"]}
    assert by_name.keys() == {"net.lr", "optimizer", "idle", "sometimes"}
    rate, optimizer, idle = (by_name[name] for name in ("net.lr", "optimizer", "idle"))
    assert found["parameters"][0] == rate
    assert rate["together"] == ["warmup"]
    assert rate["importance"] > 0.8
    assert 0.2 > optimizer["importance"] > idle["importance"]
    assert idle["importance"] < 0.02
    assert (rate["direction"] > 0.9, rate["chance"] < 0.01) == (True, True)
    assert optimizer["direction"] is None
    assert weighed(fetch, "loss", "experiment = 'digits'") == found


def test_another_number_of_the_metric_gives_another_answer(fetch: Any) -> None:
    assert weighed(fetch, "loss", statistic="max")["unsaid"] == "all alike"


def test_noise_is_said_to_be_explained_by_nothing(fetch: Any) -> None:
    found = weighed(fetch, "noise")
    assert (found["unsaid"], found["parameters"]) == ("unexplained", [])
    assert found["explained"] < 0.1


def test_nothing_is_said_of_too_few_runs_or_of_what_does_not_differ(fetch: Any) -> None:
    runs = [run["run_id"] for run in fetch("get", "/runlore/runs", params={"filter": "name = 'train'"})["runs"]]
    few = fetch("post", "/runlore/importance", json={"select": {"runs": runs[:9]}, "metric": "loss"})
    assert (few["runs"], few["needed"], few["unsaid"]) == (9, 10, "too few runs")
    assert weighed(fetch, "accuracy")["unsaid"] == "too few runs"
    assert weighed(fetch, "same")["unsaid"] == "all alike"


def test_what_is_asked_wrongly_is_refused(fetch: Any) -> None:
    for body in ({"metric": "loss"}, {"select": {"filter": ""}}, {"select": {}, "metric": "loss"}):
        fetch("post", "/runlore/importance", json=body, status=400)
    fetch("post", "/runlore/importance", json={"select": {"runs": ["gone"]}, "metric": "loss"}, status=404)
