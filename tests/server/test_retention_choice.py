"""Which runs a retention rule keeps, and which artifacts it is about."""

from __future__ import annotations

import math

import pytest

from runlore.record import Artifact
from runlore_server.retention.choice import choose
from runlore_server.retention.rule import made
from runlore_server.retention.survey import SeenRun, survey


def _run(run_id, number=0, **fields):
    default = {
        "run_id": run_id,
        "session_id": "s",
        "experiment": "digits",
        "status": "finished",
        "started": 1000.0 + number,
        "ended": 2000.0 + number,
        "prefix": False,
        "pinned": False,
        "mlflow_ids": frozenset(),
        "artifacts": {"model.pt": Artifact("model.pt", run_id * 64, 1, "", 1.0)},
        "metrics": {},
    }
    return SeenRun(**{**default, **fields})


def _losing(runs, now=1e6, whole=(), **rule):
    lost = choose(runs, {"digits": made("digits", **rule)}, set(whole), set(), now)
    return "".join(sorted(one.run_id for one in lost))


def test_a_run_is_kept_when_any_part_of_the_rule_keeps_it():
    runs = [_run(name, number) for number, name in enumerate("abcd")]
    assert _losing(runs, keep_last=1) == "abc"
    assert _losing(runs, keep_for=100.0) == "abcd"
    assert _losing(runs, keep_for=1e6 - 2001.5) == "ab"
    assert _losing(runs, keep_last=1, keep_for=1e6 - 2001.5) == "ab"
    assert _losing(runs, keep_last=9) == ""


def test_who_is_pinned_needed_running_or_just_ended_loses_nothing():
    runs = [
        _run("a", pinned=True),
        _run("b"),
        _run("c", status="running", ended=None),
        _run("d", ended=1e6 - 60),
        _run("e"),
        _run("f", 1),
        _run("g", experiment="another"),
    ]
    assert _losing(runs, whole="b", keep_last=1) == "e"


def test_a_rerun_that_made_the_same_takes_no_place_and_loses_nothing():
    same = {"model.pt": Artifact("model.pt", "a" * 64, 1, "", 1.0)}
    runs = [_run("a", 3), _run("b", 2, artifacts=same), _run("c", 1), _run("d")]
    assert _losing(runs, keep_last=2) == "d"


def test_what_a_rerun_recorded_on_its_way_takes_no_place():
    runs = [_run("a", 9, prefix=True), _run("b", 1), _run("c")]
    assert _losing(runs, keep_last=1) == "ac"


def test_runs_without_matching_artifacts_take_no_place():
    runs = [
        _run("a", 9, artifacts={"log.txt": Artifact("log.txt", "9" * 64, 1, "", 1.0)}),
        _run("b", 1),
        _run("c"),
    ]
    assert _losing(runs, keep_last=1) == "c"


@pytest.fixture
def measured(home, kernel):
    """Runs with the values given, as a collector sees them; their names are letters in order of their start."""

    def make(*values, **curves):
        session = kernel()
        for number, value in enumerate(values):
            run = session.start_run(run_id="abcdefgh"[number], time=1e9 + number)
            if value is not None:
                session.log(run, "score", [(0, value)])
            session.artifact(run, "model.pt", f"weights {number}".encode())
            session.finish_run(run)
        session.end()
        return survey(home).runs

    return make


@pytest.mark.parametrize(
    ("best", "count", "lost"), [("max", 1, "abdefg"), ("max", 3, "befg"), ("min", 1, "acdefg"), ("min", 4, "efg")]
)
def test_the_best_by_value_and_the_worst_are_those_without_any(measured, best, count, lost):
    runs = measured(2.0, 1.0, 3.0, 2.5, math.nan, None, math.inf)
    assert _losing(runs, now=2e9, keep_best=count, metric="score", best=best) == lost


def test_of_equal_values_the_earlier_run_is_the_better(measured):
    runs = measured(1.0, 2.0, 2.0, 2.0)
    assert _losing(reversed(runs), now=2e9, keep_best=2, metric="score", best="max") == "ad"
    nothing = [_run(name, number) for number, name in enumerate("xyz")]
    assert _losing(nothing, keep_best=1, metric="score") == "yz"


def test_a_run_whose_curve_cannot_be_read_here_loses_nothing(measured, home):
    runs = measured(1.0, 2.0, 3.0)
    runs[0].metrics["score"].unlink()
    runs[1].metrics["score"].write_bytes(b"no curve")
    assert _losing(runs, now=2e9, keep_best=1, metric="score", best="max") == ""


def test_the_best_value_counts_not_the_last(home, kernel):
    session = kernel()
    for name, values in (("a", [0.9, 0.1]), ("b", [0.5, 0.6])):
        run = session.start_run(run_id=name, time=1e9)
        session.log(run, "accuracy", enumerate(values))
        session.artifact(run, "model.pt", name.encode())
        session.finish_run(run)
    session.end()
    assert _losing(survey(home).runs, now=2e9, keep_best=1, metric="accuracy") == "b"


def test_models_and_checkpoints_are_told_by_their_names():
    paths = {
        "model.pt": True,
        "deep/er/model.safetensors": True,
        "checkpoints/step-5/state": True,
        "run/checkpoints/log.txt": True,
        "my-checkpoints/log.txt": False,
        "classifier/MLmodel": True,
        "classifier/data/weights": True,
        "classifier.txt": False,
        "pt": False,
        "metrics.json": False,
        "figure.png": False,
    }
    assert made("e", keep_last=1).covers(paths) == {path for path, covered in paths.items() if covered}
    chosen = made("e", keep_last=1, artifacts=["*.json", "classifier/*"])
    assert chosen.covers(paths) == {"metrics.json", "classifier/MLmodel", "classifier/data/weights"}
    assert made("e", keep_last=1).covers(["MLmodel", "data", "a/b"]) == {"MLmodel", "data", "a/b"}
