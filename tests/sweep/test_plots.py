"""What a sweep looks like."""

from __future__ import annotations

import math
from pathlib import Path

import optuna
import plotly.graph_objects as go
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, create_trial

from runlore.home import Home
from runlore_server.sweep.evaluator import MOST_BY_FOREST, evaluator
from runlore_server.sweep.parallel import as_lines
from runlore_server.sweep.plots import figures
from runlore_server.sweep.request import SweepRequest
from runlore_server.sweep.sweep import DATABASE, create

SPACE: dict[str, BaseDistribution] = {
    "lr": FloatDistribution(1e-5, 1e-1, log=True),
    "layers": IntDistribution(1, 8),
}


def tried(count: int) -> list[FrozenTrial]:
    """Trials that come to what their learning rate makes of them, and hardly anything else."""
    trials = []
    for number in range(count):
        point = {"lr": 10 ** -(1 + number % 17 / 4), "layers": 1 + number % 8}
        value = abs(math.log10(point["lr"]) + 3) + 0.01 * point["layers"]
        trials.append(create_trial(params=point, distributions=SPACE, value=value))
    return trials


def test_the_plot_of_importance_says_how_it_was_measured(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = create(home, SweepRequest(run_id="0" * 16, metric="val_loss", parameters={"lr": "log:1e-5..1e-1"}))
    study = optuna.create_study(storage=f"sqlite:///{home.path / DATABASE}", study_name=folder.sweep_id)
    study.add_trials(tried(20))
    figure = figures(home, folder)["importance"]
    assert figure.layout.meta["evaluator"] == "fANOVA"
    assert figure.layout.title.text == "Importance of the parameters (fANOVA)"
    assert list(figure.data[0].y) == ["layers", "lr"]


def test_all_plots_are_of_kinds_that_the_panel_draws(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = create(home, SweepRequest(run_id="0" * 16, metric="val_loss", parameters={"lr": "log:1e-5..1e-1"}))
    study = optuna.create_study(storage=f"sqlite:///{home.path / DATABASE}", study_name=folder.sweep_id)
    study.add_trials(tried(20))
    kinds = {trace.type for figure in figures(home, folder).values() for trace in figure.data}
    assert kinds <= {"scatter", "bar", "pie"}


def test_parallel_axes_of_an_older_optuna_are_lines_too() -> None:
    """Optuna before 5 draws them by a kind of trace that the plotly of the panel does not have."""
    older = go.Figure(
        go.Parcoords(
            dimensions=[
                {"label": "val_loss", "values": (0.5, 1.5), "range": (0.5, 1.5)},
                {
                    "label": "act",
                    "values": (1, 0),
                    "range": (0, 1),
                    "tickvals": [0, 1],
                    "ticktext": ["relu", "gelu"],
                },
                {"label": "layers", "values": (3, 3), "range": (3, 3)},
            ]
        )
    )
    figure = as_lines(older, [[0.0, "#000000"], [1.0, "#ffffff"]])
    best, worst, legend = figure.data
    assert (list(best.y), list(worst.y)) == ([0, 1, 0.5], [1, 0, 0.5])
    assert (best.line.color, worst.line.color) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)")
    assert legend.marker.colorbar.title.text == "val_loss"
    assert list(figure.layout.xaxis.ticktext) == ["val_loss", "act", "layers"]
    words = {annotation.text: annotation.y for annotation in figure.layout.annotations}
    assert (words["relu"], words["gelu"], words["3"]) == (0, 1, 0.5)


def test_many_trials_take_another_measure_which_agrees() -> None:
    study = optuna.create_study()
    study.add_trials(tried(5 * MOST_BY_FOREST))
    assert evaluator(MOST_BY_FOREST).name == "fANOVA"
    name, measure = evaluator(MOST_BY_FOREST + 1)
    weights = optuna.importance.get_param_importances(study, evaluator=measure)
    assert name == "PED-ANOVA"
    assert list(weights) == ["lr", "layers"]
    assert weights["lr"] > 0.7
