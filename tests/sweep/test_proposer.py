"""What is tried next: each sampler on trials as Optuna's database has them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from runlore.home import Home
from runlore_server.rerun.literals import Place
from runlore_server.rerun.parameters import Parameter
from runlore_server.sweep.dimension import Range
from runlore_server.sweep.proposer import Proposer, coarse_trials, narrowed
from runlore_server.sweep.request import SweepRequest
from runlore_server.sweep.space import Point, Space, space
from runlore_server.sweep.study import Study
from runlore_server.sweep.sweep import Sweep

PLACE = Place(0, 1, 0, 1, 1)
KNOWN = [Parameter("lr", 0.05, PLACE), Parameter("layers", 3, PLACE), Parameter("sizes", (8, 8), PLACE)]
ASKED = {"lr": "log:1e-5..1", "layers": "1..8", "sizes": "[[8, 8], [16]]"}
Tried = Callable[..., list[Point]]


def loss(point: Point) -> float:
    """Least at lr = 0.01 and 5 layers."""
    return (math.log10(point.get("lr", 0.01)) + 2) ** 2 + 0.1 * (point["layers"] - 5) ** 2


def try_out(home: Home, made: Space, trials: int, sweep_id: str = "a" * 12, **asked: Any) -> list[Point]:
    """A sweep in which every value is known at once, each trial by a proposer that knows nothing of the last."""
    request = SweepRequest(run_id="r", parameters=ASKED, metric="loss", sampler_seed=3, trials=trials, **asked)
    study = Study(home, Sweep(sweep_id=sweep_id, request=request, created=0.0), made, None)
    points = []
    for _ in range(trials):
        found = Proposer(made, request).next(study.trials())
        if found is None:
            break
        point, _ = found
        points.append(point)
        study.complete(study.begin(*found), loss(point))
    study.close()
    return points


@pytest.mark.parametrize("sampler", ["random", "tpe", "gp", "coarse-to-fine"])
def test_points_meet_the_conditions_and_come_again_with_the_same_seed(tmp_path: Path, sampler: str) -> None:
    made = space(KNOWN, ASKED, ["layers * lr < 1", "layers != 4"])
    trials = 12  # the first ten are random
    once = try_out(Home(tmp_path), made, trials, sampler=sampler)
    assert once == try_out(Home(tmp_path), made, trials, "b" * 12, sampler=sampler)
    assert len(once) == trials
    for point in once:
        assert made.contains(point)
        assert point["layers"] * point["lr"] < 1
        assert point["layers"] != 4
        assert point["sizes"] in [(8, 8), (16,)]


@pytest.mark.parametrize("layers", ["0..9007199254740991", "log:1..9007199254740991"])
def test_a_gaussian_process_searches_a_range_of_any_length(tmp_path: Path, layers: str) -> None:
    made = space(KNOWN, {"layers": layers})
    points = try_out(Home(tmp_path), made, 12, sampler="gp")
    assert len(points) == 12
    assert all(made.contains(point) and isinstance(point["layers"], int) for point in points)


@pytest.mark.parametrize("sampler", ["tpe", "coarse-to-fine"])
@pytest.mark.thorough
def test_samplers_that_learn_end_up_near_the_best(tmp_path: Path, sampler: str) -> None:
    made = space(KNOWN, {"lr": ASKED["lr"], "layers": ASKED["layers"]})
    points = try_out(Home(tmp_path), made, 40, sampler=sampler)
    early, late = ([loss(point) for point in part] for part in (points[:10], points[-10:]))
    assert sorted(late)[5] < sorted(early)[5] / 2


def test_a_grid_is_tried_whole_each_point_once(tmp_path: Path) -> None:
    made = space(KNOWN, {"lr": "0.1,0.2", "layers": "1..3", "sizes": "[[8, 8], [16]]"}, ["layers != 2"])
    points = try_out(Home(tmp_path), made, 20, sampler="grid")
    assert points == list(made.grid())
    assert len(points) == 8


def test_a_point_that_was_given_back_is_tried_by_the_next_trial(tmp_path: Path) -> None:
    made = space(KNOWN, {"layers": "1..3"})
    request = SweepRequest(run_id="r", parameters=ASKED, metric="loss", sampler="grid")
    study = Study(Home(tmp_path), Sweep(sweep_id="a" * 12, request=request, created=0.0), made, None)
    trial = study.begin({"layers": 1})
    study.give_back(trial)
    assert [one.state for one in study.trials()] == [TrialState.FAIL, TrialState.WAITING]
    again = study.begin(None)
    assert (again.number, again.params) == (1, {"layers": 1})
    assert Proposer(made, request).next(study.trials()) == ({"layers": 2}, None)
    study.close()


def test_the_fine_phase_is_around_the_best_quarter_of_the_coarse_one(tmp_path: Path) -> None:
    made = space(KNOWN, ASKED)
    request = SweepRequest(run_id="r", parameters=ASKED, metric="loss", trials=40, sampler="coarse-to-fine")
    assert coarse_trials(request) == 20
    study = Study(Home(tmp_path), Sweep(sweep_id="a" * 12, request=request, created=0.0), made, None)
    for point in try_out(Home(tmp_path), made, 20, "b" * 12, sampler="random"):
        study.complete(study.begin(point), loss(point))
    trials = study.trials()
    best = sorted(trials, key=lambda trial: trial.value or 0.0)[:5]
    fine = narrowed(made, trials, "minimize")
    lr, layers, _ = fine.dimensions
    assert isinstance(lr, Range)
    assert isinstance(layers, Range)
    logs = [math.log10(trial.params["lr"]) for trial in best]
    room = 0.1 * (max(logs) - min(logs))
    assert math.log10(lr.low) == pytest.approx(min(logs) - room)
    assert math.log10(lr.high) == pytest.approx(max(logs) + room)
    assert layers.low <= min(trial.params["layers"] for trial in best)
    proposer = Proposer(made, request)
    found = proposer.next(trials)
    assert found is not None
    point, _ = found
    assert fine.contains(point)
    assert proposer.phase is not None
    assert "TPE within lr" in proposer.phase
    study.close()


def test_a_trial_that_came_to_nothing_finite_teaches_samplers_to_stay_away(tmp_path: Path) -> None:
    """With NaN for half of the space, TPE proposes from the other half."""
    made = space(KNOWN, {"lr": "0..1"})
    request = SweepRequest(run_id="r", parameters=ASKED, metric="loss", sampler_seed=1)
    study = Study(Home(tmp_path), Sweep(sweep_id="a" * 12, request=request, created=0.0), made, None)
    proposer = Proposer(made, request)
    points = []
    for _ in range(30):
        found = proposer.next(study.trials())
        assert found is not None
        point, _ = found
        points.append(point["lr"])
        trial = study.begin(point)
        if point["lr"] > 0.5:
            study.report(trial, 1, math.nan)
            study.prune(trial, "its loss is nan")
        else:
            study.complete(trial, 1.0 + point["lr"])
    study.close()
    assert sum(lr > 0.5 for lr in points[-15:]) <= 4
